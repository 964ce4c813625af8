"""Intervals and p for what is no share: a difference of two shares, a difference of two abilities.

Variance and degrees of freedom are the headline's two-way rule (`analysis/robust.py`) on their influence values; the
interval is Student's, not Wilson's.
"""

import numpy as np
from scipy.special import stdtr, stdtrit

from .binomial import CONFIDENCE

# What remains of a sum of squares that is 0 but for rounding, against the squares that it is made of.
ROUNDING = 1e-13


def sorted_squares(influence: np.ndarray) -> np.ndarray:
    """Sum of squares in an order that neither the order of votes nor the names of clusters changes: shape (1,).

    influence  float (clusters,)
    """
    # Without zeros: how many clusters stand aside would change how the rest is paired in adding up.
    return np.sum(np.sort(np.abs(influence[influence != 0])) ** 2, keepdims=True)


def t_interval(estimate: float, *, variance: float, df: float) -> tuple[float, float]:
    """Student's 95 % interval. Assumes  df >= 1"""
    half = float(stdtrit(df, (1 + CONFIDENCE) / 2)) * variance**0.5
    return estimate - half, estimate + half


def t_p(estimate: float, *, variance: float, df: float) -> float | None:
    """Two-sided p against 0, None where the variance is 0 and the estimate is not: nothing says how far it is."""
    if variance == 0:
        return 1.0 if estimate == 0 else None
    return min(1.0, 2 * float(stdtr(df, -abs(estimate) / variance**0.5)))
