"""What independent votes would say: the exact binomial, and the Wilson interval that the headline widens.

Votes of one study are not independent (docs/statistics.md), so these answer a narrow question: can anyone
tell the two apart on these very clips? The report labels them "protocol replication".
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri
from scipy.stats import binomtest

CONFIDENCE = 0.95
Z = float(ndtri((1 + CONFIDENCE) / 2))


@dataclass(frozen=True)
class BinomialTest:
    """Two-sided exact p against `null_share` and Clopper-Pearson's 95 % interval; None without votes."""

    p: float | None
    interval: tuple[float, float] | None


def exact_binomial(wins: int, n: int, *, null_share: float = 0.5) -> BinomialTest:
    """Exact binomial test of a share, with Clopper-Pearson's interval.

    wins, n     votes for the treatment, votes for either; ties are left out of both
    null_share  the share under the null hypothesis, in (0, 1)
    Returns     p two-sided by the method of small probabilities (as R's binom.test); shares, never percent;
                both None where n == 0: no votes is not a preference of one half
    Raises      ValueError unless 0 <= wins <= n
    Assumes     independent votes, which several votes a speaker or an evaluator are not
    Source      Clopper & Pearson (1934), Biometrika 26(4):404-413
    """
    if not 0 <= wins <= n:
        raise ValueError(f"{wins} wins of {n} votes: wins must lie between 0 and the number of votes.")
    if n == 0:
        return BinomialTest(p=None, interval=None)
    result = binomtest(wins, n, null_share)
    interval = result.proportion_ci(CONFIDENCE, method="exact")
    return BinomialTest(p=float(result.pvalue), interval=(float(interval.low), float(interval.high)))


def wilson_interval(share: ArrayLike, n: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's 95 % score interval, elementwise; `n` need not be whole, so it takes effective votes.

    share, n    float, shapes that broadcast; share in [0, 1], n > 0
    Returns     (low, high), shares within [0, 1]
    Source      Wilson (1927), JASA 22(158):209-212
    """
    share, n = np.asarray(share, dtype=float), np.asarray(n, dtype=float)
    shrink = 1 + Z**2 / n
    centre = (share + Z**2 / (2 * n)) / shrink
    half = Z / shrink * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    return np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1)
