"""Power by formula: how likely the headline is to find a preference, what that costs, and the cheapest design.

Pure. The formula is checked against simulation (analysis/power_simulation.py, bench/power.py); docs/power.md says
what is approximate. A *design* is one comparison group's share of a study that may have several of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import ceil

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtri, ndtr, ndtri, stdtrit

from .binomial import CONFIDENCE, Z
from .preference import FEWEST_EVALUATORS, FEWEST_SPEAKERS

LEVEL = 0.05
# Quantiles of the two clustered variances over which the power is averaged: 12 by 12 are within .003 of 200 by 200.
NODES = 12
CHUNK = 1000


class ImpossibleDesign(ValueError):
    """No study has this shape; `field` names the number to change and the message says why, in a sentence."""

    def __init__(self, field: str, message: str):
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Design:
    """The shape of a study: `evaluators` share all its slots evenly, `votes` are wanted a comparison.

    contrasts  comparison groups, each with `speakers` x `votes` votes; the power is that of one of them
    """

    speakers: int
    evaluators: int
    votes: int
    contrasts: int = 1

    @property
    def slots(self) -> int:
        return self.speakers * self.votes * self.contrasts

    @property
    def trials(self) -> int:
        """Trials a session, as the study's setting would have to be."""
        return ceil(self.slots / self.evaluators)

    @property
    def lists(self) -> int:
        """Whole lists that the slots are dealt into: the evaluators that fill the study if all finish."""
        return ceil(self.slots / self.trials)


@dataclass(frozen=True)
class Assumptions:
    """What is believed of evaluators and speakers. All are shares in [0, 1].

    preference     of the votes that choose a side and mind what is shown, those for the treatment
    icc_speaker, icc_evaluator  correlation of two votes (0 or 1, ties left out) on one speaker, or of one evaluator,
                   beyond what the sides they were shown on make of it
    ties           votes that choose neither
    left_share     of the votes that choose a side, those for the left one; .5 is no side bias
    dropout        evaluators who leave somewhere before their last trial; their slots go to others
    exclusions     evaluators whose votes a rule of the plan sets aside; their slots are opened again
    level          two-sided; divide .05 by the number of planned comparisons to be safe after Holm
    """

    preference: float
    icc_speaker: float = 0.1
    icc_evaluator: float = 0.05
    ties: float = 0.0
    left_share: float = 0.5
    dropout: float = 0.0
    exclusions: float = 0.0
    level: float = LEVEL

    @property
    def heedless(self) -> float:
        """Share of votes that go to one side whatever it shows, so that `left_share` comes out."""
        return 2 * abs(self.left_share - 0.5)

    @property
    def chosen_share(self) -> float:
        """Share for the treatment among votes that choose a side, side bias included."""
        return 0.5 + (1 - self.heedless) * (self.preference - 0.5)

    @property
    def share(self) -> float:
        """The headline's expected share: a tie counts one half."""
        return 0.5 + (1 - self.ties) * (self.chosen_share - 0.5)

    @property
    def vote_variance(self) -> float:
        """Variance of one vote that is 0, one half or 1."""
        return self.share * (1 - self.share) - self.ties / 4

    @property
    def balanced_part(self) -> float:
        """Of `vote_variance`, the part between votes with the treatment left and right: balanced sides cancel it."""
        between = ((1 - self.ties) * self.heedless / 2) ** 2
        return between / self.vote_variance if self.vote_variance > 0 else 0.0

    @property
    def icc_dilution(self) -> float:
        """What ties leave of a correlation among votes that choose a side."""
        chosen = self.chosen_share * (1 - self.chosen_share)
        return (1 - self.ties) ** 2 * chosen / self.vote_variance if self.vote_variance > 0 else 0.0


@dataclass(frozen=True)
class Losses:
    """What drop-out and exclusions make of sessions of so many trials. Arrays or numbers, element by element.

    recruits        evaluators who must come, at the least, so that every slot is filled
    evaluators      of those, the ones with votes that count
    per_evaluator   votes an evaluator has in one comparison group, weighted by votes (sum of squares / sum)
    trials_played   main trials played, the ones set aside included
    """

    recruits: np.ndarray
    evaluators: np.ndarray
    per_evaluator: np.ndarray
    trials_played: np.ndarray


@dataclass(frozen=True)
class Powers:
    """The formula's answer for designs, element by element: float arrays of one shape. NaN-free."""

    power: np.ndarray
    design_effect: np.ndarray
    df: np.ndarray


@dataclass(frozen=True)
class Power:
    """The formula's answer for one design; None, and a note, where the headline gives no p.

    share          the headline's expected share
    votes          that count, in one comparison group
    design_effect  1 + (K-1) icc_speaker + (M-1) icc_evaluator, less what balanced sides cancel of a side bias
    effective_votes  votes / design_effect; more than the votes where a strong side bias cancels
    """

    power: float | None
    share: float
    votes: int
    design_effect: float
    effective_votes: float
    df: float
    notes: tuple[str, ...]


def check_design(design: Design) -> None:
    """Raises  ImpossibleDesign where no study could be dealt so."""
    if min(design.speakers, design.evaluators, design.votes, design.contrasts) < 1:
        raise ImpossibleDesign("speakers", "Speakers, evaluators, votes and comparison groups are at least 1.")
    if design.speakers == 1:
        raise ImpossibleDesign("speakers", "Votes on one speaker say nothing about other speakers: plan for more.")
    wanted = design.votes * design.contrasts
    if design.evaluators < wanted:
        groups = "" if design.contrasts == 1 else f" in each of {design.contrasts} comparison groups"
        raise ImpossibleDesign(
            "evaluators",
            f"{design.votes} votes a comparison{groups} need at least {wanted} evaluators, because nobody votes on "
            "a speaker twice.",
        )


def losses(*, slots: ArrayLike, trials: ArrayLike, contrasts: int, assumptions: Assumptions) -> Losses:
    """Recruits and votes an evaluator, with those who leave and those who are set aside.

    slots, trials  of the whole study, of a session; whole numbers of shapes that broadcast
    Assumes        who leaves has answered 0 to trials - 1 trials, each number as likely; slots left or set aside
                   are taken by further recruits with as many trials (the last ones find fewer: a lower bound)
    """
    slots, trials = np.asarray(slots, dtype=float), np.asarray(trials, dtype=float)
    leave, kept = assumptions.dropout, 1 - assumptions.exclusions
    answered = (1 - leave) * trials + leave * (trials - 1) / 2
    squares = (1 - leave) * trials**2 + leave * (trials - 1) * (2 * trials - 1) / 6
    # A small amount off, so that 12.000000000000002 recruits are 12.
    recruits = np.ceil(slots / kept / answered - 1e-9)
    per_contrast = slots / contrasts
    evaluators = np.minimum(slots / answered * (1 - leave / trials), per_contrast)
    return Losses(
        recruits=recruits,
        evaluators=np.maximum(evaluators, 1),
        per_evaluator=np.maximum(squares / answered / contrasts, 1),
        trials_played=slots / kept,
    )


def powers(
    *, speakers: ArrayLike, votes: ArrayLike, evaluators: ArrayLike, per_evaluator: ArrayLike, assumptions: Assumptions
) -> Powers:
    """The power of the headline test, element by element.

    speakers, votes   speakers, and votes a speaker in this comparison group: at least 2, at least 1
    evaluators        with votes that count, at least 2
    per_evaluator     votes an evaluator, weighted by votes
    Returns           two-sided: at a preference of one half, about the level
    Method            noncentral t: the share is normal with variance vote_variance / n x design effect, which
                      leaves out the side bias that balanced sides cancel (an odd number leaves one side over). Its
                      estimated variance is the largest of three, as in the headline, so it is too large on average;
                      the power is averaged over what the two clustered variances may be (scaled chi-squares)
    Source            design effect: Kish (1965), Survey Sampling, 5.4, for two crossed clusterings
    """
    k, m = np.asarray(votes, dtype=float), np.asarray(per_evaluator, dtype=float)
    s, e, k, m = np.broadcast_arrays(np.asarray(speakers, dtype=float), np.asarray(evaluators, dtype=float), k, m)
    n, a = s * k, assumptions
    by_speaker = 1 + (k - 1) * a.icc_speaker * a.icc_dilution
    by_evaluator = 1 + (m - 1) * a.icc_evaluator * a.icc_dilution
    # Not all of it, where all votes heed only the side: then nothing else varies, and the share is one half.
    cancelled = min(a.balanced_part, 1 - 1e-9)
    effect = by_speaker + by_evaluator - 1 - cancelled
    by_speaker = by_speaker - cancelled * (1 - (k % 2 == 1) / k)
    by_evaluator = by_evaluator - cancelled * (1 - (np.round(m) % 2 == 1) / m)
    df = _degrees(effect, by_speaker, by_evaluator, s=s, e=e, cells=n)
    flat = [x.ravel() for x in (effect, by_speaker, by_evaluator, s, e, n)]
    chunks = [[x[i : i + CHUNK] for x in flat] for i in range(0, effect.size, CHUNK)]
    parts = [_mixed_power(of_all, v_s, v_e, s=s, e=e, n=n, a=a) for of_all, v_s, v_e, s, e, n in chunks]
    return Powers(np.concatenate(parts).reshape(effect.shape), effect, df)


def power_of(design: Design, assumptions: Assumptions) -> Power:
    """The power of one design, with what must be said about it. Raises  ImpossibleDesign."""
    check_design(design)
    lost = losses(slots=design.slots, trials=design.trials, contrasts=design.contrasts, assumptions=assumptions)
    evaluators = max(2.0, float(lost.evaluators))
    found = powers(
        speakers=design.speakers,
        votes=design.votes,
        evaluators=evaluators,
        per_evaluator=lost.per_evaluator,
        assumptions=assumptions,
    )
    votes = design.speakers * design.votes
    return Power(
        power=None if _without_p(design) else float(found.power),
        share=assumptions.share,
        votes=votes,
        design_effect=float(found.design_effect),
        effective_votes=votes / float(found.design_effect),
        df=float(found.df),
        notes=_notes(design),
    )


def _without_p(design: Design) -> bool:
    return design.speakers < FEWEST_SPEAKERS or design.lists < 2


def _notes(design: Design) -> tuple[str, ...]:
    notes = []
    if design.lists < 2:
        notes.append("One evaluator's votes say nothing about other evaluators: the report gives no interval and no p.")
    elif design.speakers < FEWEST_SPEAKERS:
        notes.append(
            f"With {design.speakers} speakers the report gives no interval and no p: under {FEWEST_SPEAKERS} none can "
            "be trusted. So there is no power to give either."
        )
    if 1 < design.lists < FEWEST_EVALUATORS:
        notes.append(
            f"{design.lists} evaluators are few: under {FEWEST_EVALUATORS} the report warns that the votes cannot "
            "generalise to other evaluators without a model."
        )
    if design.lists < design.evaluators:
        notes.append(
            f"With {design.trials} trials a session the slots make {design.lists} lists, so {design.lists} "
            f"evaluators fill the study, not {design.evaluators}."
        )
    return tuple(notes)


def _degrees(
    effect: np.ndarray,
    by_speaker: np.ndarray,
    by_evaluator: np.ndarray,
    *,
    s: np.ndarray,
    e: np.ndarray,
    cells: np.ndarray,
) -> np.ndarray:
    """The headline's df for variances in units of an independent vote's."""
    raw = effect**2 / (by_speaker**2 / (s - 1) + by_evaluator**2 / (e - 1) + 1 / (cells - 1))
    return np.clip(raw, np.minimum(s, e) - 1, s + e - 2)


def _mixed_power(
    effect: np.ndarray,
    by_speaker: np.ndarray,
    by_evaluator: np.ndarray,
    *,
    s: np.ndarray,
    e: np.ndarray,
    n: np.ndarray,
    a: Assumptions,
) -> np.ndarray:
    """Power averaged over the two clustered variances: NODES by NODES equally likely values of their chi-squares."""
    if a.vote_variance <= 0:
        return np.ones(s.shape)
    true_sd = np.sqrt(a.vote_variance / n * effect)[..., None, None]
    v_s = (by_speaker[..., None] * _chi_squares(s - 1))[..., :, None]
    v_e = (by_evaluator[..., None] * _chi_squares(e - 1))[..., None, :]
    s, e, n = (x[..., None, None] for x in (s, e, n))
    largest = np.maximum(v_s + v_e - 1, np.maximum(v_s, v_e))
    df = _degrees(largest, v_s, v_e, s=s, e=e, cells=n)
    # The headline's effective votes: capped at n, with t at 5 % whatever the level.
    shrink = (Z / _t_at((1 + CONFIDENCE) / 2)(df)) ** 2
    effective = np.minimum(n, n * shrink * a.share * (1 - a.share) / (a.vote_variance * largest))
    critical = _t_at(1 - a.level / 2)(df) * np.sqrt(shrink * 0.25 / effective)
    beyond = a.share - 0.5
    power = ndtr((beyond - critical) / true_sd) + ndtr((-beyond - critical) / true_sd)
    return power.mean(axis=(-2, -1))


def _chi_squares(df: np.ndarray) -> np.ndarray:
    """NODES equally likely values of a chi-square over its df: float (..., NODES); each df is computed once."""
    known, places = np.unique(np.round(df, 3), return_inverse=True)
    tails = 1 - (np.arange(NODES) + 0.5) / NODES
    return (chdtri(known[:, None], tails) / known[:, None])[places.reshape(df.shape)]


@lru_cache(maxsize=16)
def _t_at(quantile: float) -> Callable[[np.ndarray], np.ndarray]:
    """Student's t at this quantile as a function of df, from a table over 1 / df: within 1e-4 from 1 df on."""
    inverse = np.linspace(0, 1, 4001)
    table = np.concatenate([[ndtri(quantile)], stdtrit(1 / inverse[1:], quantile)])
    return lambda df: np.interp(1 / df, inverse, table)
