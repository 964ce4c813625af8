"""How simulated evaluators answer: what they prefer, how they differ, and who of them does not look. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

import numpy as np

CARELESS_LEFT = 0.9
CARELESS_CHECKS = 0.5
CARELESS_WATCHED = 0.4
ADDED_REASONS, ADDED_COMMENTS, ADDED_MOMENTS = 0.3, 0.1, 0.7
SIMULATED_COMMENT = "Written by a simulated evaluator."
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(41)


@dataclass(frozen=True)
class Crowd:
    """What a rehearsal's evaluators are like. Shares are in [0, 1].

    preference    for a condition, how often it is preferred to what it is shown against, on the average over
                  speakers and evaluators; where both conditions of a pair have one, the treatment's counts; else 0.5
    speaker_sd    how much speakers differ, and evaluators differ, in that preference: standard deviations on the
    evaluator_sd  logit scale, the same for every comparison group
    ties          share of ties, where a question offers one
    left_bias     share of answers that are left whatever was shown
    careless      share of evaluators who look at little, answer left nearly always and fail half of the checks
    dropout       share who leave somewhere before their last trial, below 1
    retests       pairs that each evaluator is shown again at the end, sides swapped
    """

    preference: Mapping[str, float] = field(default_factory=dict)
    speaker_sd: float = 0.0
    evaluator_sd: float = 0.0
    ties: float = 0.0
    left_bias: float = 0.0
    careless: float = 0.0
    dropout: float = 0.0
    retests: int = 0

    def problems(self, conditions: set[str]) -> list[str]:
        """What cannot be, in sentences: shares out of range, unknown conditions."""
        told = []
        for condition, share in self.preference.items():
            if condition not in conditions:
                told.append(f"The study has no condition '{condition}'; it has {', '.join(sorted(conditions))}.")
            if not 0 <= share <= 1:
                told.append(f"A preference is a share between 0 and 1; {condition} has {share}.")
        for name in ("ties", "left_bias", "careless"):
            if not 0 <= getattr(self, name) <= 1:
                told.append(f"{name} is a share between 0 and 1; it is {getattr(self, name)}.")
        if not 0 <= self.dropout < 1:
            told.append(f"Drop-out is a share from 0 to below 1; it is {self.dropout}.")
        for name in ("speaker_sd", "evaluator_sd"):
            if not 0 <= getattr(self, name) <= 10:
                told.append(f"{name} is a spread from 0 to 10 on the logit scale; it is {getattr(self, name)}.")
        if not 0 <= self.retests <= 1000:
            told.append(f"Retests are 0 or more; they are {self.retests}.")
        return told

    def share_for(self, treatment: str, control: str, *, speaker: float = 0.0, evaluator: float = 0.0) -> float:
        """How often this evaluator prefers the treatment for this speaker.

        speaker, evaluator  their places among others: draws from the standard normal
        """
        share = self.preference.get(treatment, 1 - self.preference.get(control, 0.5))
        spread = math.hypot(self.speaker_sd, self.evaluator_sd)
        if not spread:
            return share
        logit = conditional_logit(share, spread) + self.speaker_sd * speaker + self.evaluator_sd * evaluator
        return 1 / (1 + math.exp(-max(-700.0, min(700.0, logit))))


@cache
def conditional_logit(share: float, sd: float) -> float:
    """The logit whose average probability over a normal spread of this sd is the share.

    Returns  ±inf for a share of 0 or 1; by Gauss-Hermite quadrature and bisection, to 1e-9
    """
    if share in (0, 1):
        return math.inf if share else -math.inf
    low, high = -60.0, 60.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        if _average(middle, sd) < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _average(logit: float, sd: float) -> float:
    return float((_WEIGHTS / (1 + np.exp(-(logit + sd * _NODES)))).sum() / _WEIGHTS.sum())
