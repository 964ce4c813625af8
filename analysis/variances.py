"""How much votes on one speaker, and votes of one evaluator, resemble each other: what a pilot study says of it.

Pure. The analysis of variance of crossed effects on votes of 0 and 1, which need not be balanced.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import fsum

import numpy as np
from scipy.special import stdtrit

from .binomial import CONFIDENCE
from .preference import FEWEST_EVALUATORS, FEWEST_SPEAKERS

FEW_VOTES = 100
FEWEST_DEGREES = 3


@dataclass(frozen=True)
class Correlation:
    """An intra-class correlation, in [0, 1]; None, and a note, where the votes cannot say.

    interval  95 %, jackknife over speakers and evaluators, cut off at 0 and 1; None with under four of either
    """

    value: float | None
    interval: tuple[float, float] | None
    note: str | None


@dataclass(frozen=True)
class Variances:
    """What the votes of one comparison group say of their own variance. Ties are left out and counted.

    votes  that chose a side;  share  of those for the treatment
    notes  sentences: what is too small here to plan with
    """

    votes: int
    ties: int
    speakers: int
    evaluators: int
    share: float | None
    speaker: Correlation
    evaluator: Correlation
    notes: tuple[str, ...]


def variances(
    preferred: Sequence[float],
    *,
    speakers: Sequence[Hashable],
    evaluators: Sequence[Hashable],
    treatment_left: Sequence[bool] | None = None,
) -> Variances:
    """Intra-class correlations of speaker and evaluator from the votes of one comparison group.

    preferred  1 treatment, 0 control, 0.5 tie; a tie is left out, because it chooses nothing
    speakers, evaluators  labels, one a vote, in any order
    treatment_left  of each vote; None where unknown. What the side explains is taken out first: balanced sides
               would make a side bias pass for votes that resemble each other less than chance
    Returns    an estimate below 0 is given as 0 with a note: the votes resemble each other no more than chance
    Raises     ValueError where lengths differ
    Source     Henderson (1953), Biometrics 9(2):226-252, method 1
    """
    treatment_left = [False] * len(preferred) if treatment_left is None else treatment_left
    chosen = [
        (value, speaker, evaluator, left)
        for value, speaker, evaluator, left in zip(preferred, speakers, evaluators, treatment_left, strict=True)
        if value != 0.5
    ]
    values = [value for value, _, _, _ in chosen]
    rest, between = _without_side(values, [left for _, _, _, left in chosen])
    table = _cells(rest, [s for _, s, _, _ in chosen], [e for _, _, e, _ in chosen])
    votes = len(chosen)
    why_not = _why_not(table, votes, sum(values))
    speaker, evaluator = ((Correlation(None, None, note)) for note in why_not)
    if not any(why_not):
        speaker, evaluator = _correlations(table, between)
    return Variances(
        votes=votes,
        ties=len(preferred) - votes,
        speakers=table.speakers,
        evaluators=table.evaluators,
        share=sum(values) / votes if votes else None,
        speaker=speaker,
        evaluator=evaluator,
        notes=_too_small(votes, table.speakers, table.evaluators),
    )


def pooled(found: Sequence[Variances]) -> Variances:
    """Several comparison groups as one: correlations weighted by votes, over the groups that have one.

    Returns  intervals are weighted alike, so they are those of a typical group; notes are the first group's that
             is too small, and correlations None where no group has one
    """
    votes = sum(each.votes for each in found)
    shares = [(each.share, each.votes) for each in found if each.share is not None]
    return Variances(
        votes=votes,
        ties=sum(each.ties for each in found),
        speakers=max((each.speakers for each in found), default=0),
        evaluators=max((each.evaluators for each in found), default=0),
        share=_weighted(shares),
        speaker=_pooled_correlation([(each.speaker, each.votes) for each in found]),
        evaluator=_pooled_correlation([(each.evaluator, each.votes) for each in found]),
        notes=next((each.notes for each in found if each.notes), ()),
    )


@dataclass(frozen=True)
class _Cells:
    """Votes, less their side's effect, by (speaker, evaluator): codes, counts, sums and sums of squares (cells,)."""

    speaker: np.ndarray
    evaluator: np.ndarray
    counts: np.ndarray
    wins: np.ndarray
    squares: np.ndarray
    speakers: int
    evaluators: int

    def swapped(self) -> "_Cells":
        return _Cells(
            self.evaluator, self.speaker, self.counts, self.wins, self.squares, self.evaluators, self.speakers
        )


def _without_side(values: Sequence[float], treatment_left: Sequence[bool]) -> tuple[list[float], float]:
    """Votes less what their side adds, with the mean they had, and the variance between the sides."""
    sides = [[value for value, left in zip(values, treatment_left, strict=True) if left == side] for side in (1, 0)]
    if not all(sides):
        return list(values), 0.0
    left, right = (sum(side) / len(side) for side in sides)
    mean = sum(values) / len(values)
    rest = [value - (left if is_left else right) + mean for value, is_left in zip(values, treatment_left, strict=True)]
    return rest, (left - right) ** 2 * len(sides[0]) * len(sides[1]) / len(values) ** 2


def _cells(preferred: Sequence[float], speakers: Sequence[Hashable], evaluators: Sequence[Hashable]) -> _Cells:
    sums: dict[tuple[Hashable, Hashable], list[float]] = {}
    for value, speaker, evaluator in zip(preferred, speakers, evaluators, strict=True):
        cell = sums.setdefault((speaker, evaluator), [0.0, 0.0, 0.0])
        cell[0] += 1
        cell[1] += value
        cell[2] += value**2
    speaker_codes = {label: code for code, label in enumerate(dict.fromkeys(speaker for speaker, _ in sums))}
    evaluator_codes = {label: code for code, label in enumerate(dict.fromkeys(evaluator for _, evaluator in sums))}
    totals = np.array(list(sums.values())).reshape(-1, 3)
    return _Cells(
        speaker=np.array([speaker_codes[speaker] for speaker, _ in sums], dtype=np.int64),
        evaluator=np.array([evaluator_codes[evaluator] for _, evaluator in sums], dtype=np.int64),
        counts=totals[:, 0],
        wins=totals[:, 1],
        squares=totals[:, 2],
        speakers=len(speaker_codes),
        evaluators=len(evaluator_codes),
    )


def _why_not(table: _Cells, votes: int, wins: float) -> tuple[str | None, str | None]:
    """Why there is no correlation of speakers, of evaluators; None where there is one."""
    if votes == 0:
        return ("No votes that choose a side.",) * 2
    if wins in (0, votes):
        return ("All votes agree, so nothing varies.",) * 2
    if table.speakers < 2 or table.evaluators < 2:
        return ("Votes on two speakers and of two evaluators are the least from which the two can be told apart.",) * 2
    if votes == table.speakers:
        return ("No speaker has two votes, so votes on one speaker cannot be compared.",) * 2
    if votes == table.evaluators:
        return ("No evaluator has two votes, so votes of one evaluator cannot be compared.",) * 2
    if not _solvable(_equations(table)[0]):
        return ("Speakers and evaluators cannot be told apart: too few evaluators share a speaker.",) * 2
    return None, None


def _correlations(table: _Cells, between: float) -> tuple[Correlation, Correlation]:
    components = _solved(*_equations(table))
    estimates = components[:2] / (components.sum() + between)
    # The larger of the two, not their sum: most of what varies is in both (coverage in docs/power.md).
    errors = np.maximum(_jackknife(table, between), _jackknife(table.swapped(), between)[::-1])
    df = min(table.speakers, table.evaluators) - 1
    half = stdtrit(df, (1 + CONFIDENCE) / 2) * np.sqrt(errors)
    kinds = ("speaker", "evaluator")
    few = df < FEWEST_DEGREES
    return tuple(
        _as_correlation(float(estimate), None if few else float(width), kind)
        for estimate, width, kind in zip(estimates, half, kinds, strict=True)
    )


def _as_correlation(estimate: float, half: float | None, kind: str) -> Correlation:
    # Rounded, so that neither the order of rows nor the names of ids reaches the last digit.
    low_high = None if half is None else tuple(round(min(1, max(0, estimate + d)), 9) for d in (-half, half))
    note = None
    if estimate < 0:
        note = f"The estimate is below 0: votes of one {kind} resemble each other no more than chance. Taken as 0."
    return Correlation(round(min(1, max(0, estimate)), 9) + 0.0, low_high, note)


def _equations(table: _Cells) -> tuple[np.ndarray, np.ndarray]:
    """Henderson's three equations: matrix (3, 3) and right side (3,) for speaker, evaluator and the rest."""
    n_s = np.bincount(table.speaker, table.counts)
    n_e = np.bincount(table.evaluator, table.counts)
    return _assembled(
        n=table.counts.sum(),
        wins=table.wins.sum(),
        squares=table.squares.sum(),
        speakers=table.speakers,
        evaluators=table.evaluators,
        t_s=fsum(np.bincount(table.speaker, table.wins) ** 2 / n_s),
        t_e=fsum(np.bincount(table.evaluator, table.wins) ** 2 / n_e),
        squares_s=(n_s**2).sum(),
        squares_e=(n_e**2).sum(),
        across_s=fsum(np.bincount(table.speaker, table.counts**2) / n_s),
        across_e=fsum(np.bincount(table.evaluator, table.counts**2) / n_e),
    )


def _assembled(
    *,
    n: np.ndarray,
    wins: np.ndarray,
    squares: np.ndarray,
    speakers: np.ndarray,
    evaluators: np.ndarray,
    t_s: np.ndarray,
    t_e: np.ndarray,
    squares_s: np.ndarray,
    squares_e: np.ndarray,
    across_s: np.ndarray,
    across_e: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Expected sums of squares about the mean: (..., 3, 3) and (..., 3)."""
    correction = wins**2 / n
    total = [n - squares_s / n, n - squares_e / n, n - 1]
    of_speakers = [n - squares_s / n, across_s - squares_e / n, speakers - 1]
    of_evaluators = [across_e - squares_s / n, n - squares_e / n, evaluators - 1]
    rows = [np.stack(np.broadcast_arrays(*row), axis=-1) for row in (total, of_speakers, of_evaluators)]
    right = np.stack(np.broadcast_arrays(squares - correction, t_s - correction, t_e - correction), axis=-1)
    return np.stack(rows, axis=-2).astype(float), right.astype(float)


def _solvable(matrix: np.ndarray) -> np.ndarray:
    """Whether the three unknowns are determined, for matrices (..., 3, 3)."""
    scale = np.abs(matrix).max(axis=(-2, -1))
    return np.abs(np.linalg.det(matrix / scale[..., None, None])) > 1e-9


def _solved(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.linalg.solve(matrix, right[..., None])[..., 0]


def _jackknife(table: _Cells, between: float) -> np.ndarray:
    """Variances of the two correlations from leaving each speaker out in turn: float (2,)."""
    i, j, count, wins = table.speaker, table.evaluator, table.counts, table.wins
    n_s, w_s = np.bincount(i, count), np.bincount(i, wins)
    n_e, w_e, q_e = np.bincount(j, count), np.bincount(j, wins), np.bincount(j, count**2)
    across_s = np.bincount(i, count**2) / n_s
    left = n_e[j] - count
    some = np.maximum(left, 1)

    def without(term: np.ndarray, less: np.ndarray) -> np.ndarray:
        """The sum over evaluators of `term` once each speaker's votes are gone: float (speakers,)."""
        return term.sum() - np.bincount(i, term[j] - np.where(left > 0, less, 0))

    matrix, right = _assembled(
        n=count.sum() - n_s,
        wins=wins.sum() - w_s,
        squares=table.squares.sum() - np.bincount(i, table.squares),
        speakers=np.full(table.speakers, table.speakers - 1),
        evaluators=table.evaluators - np.bincount(i, left == 0),
        t_s=(w_s**2 / n_s).sum() - w_s**2 / n_s,
        t_e=without(w_e**2 / n_e, (w_e[j] - wins) ** 2 / some),
        squares_s=(n_s**2).sum() - n_s**2,
        squares_e=without(n_e**2, left**2),
        across_s=across_s.sum() - across_s,
        across_e=without(q_e / n_e, (q_e[j] - count**2) / some),
    )
    matrix, right = matrix[_solvable(matrix)], right[_solvable(matrix)]
    components = _solved(matrix, right)
    totals = components.sum(axis=1, keepdims=True) + between
    each = components[totals[:, 0] > 0, :2] / totals[totals[:, 0] > 0]
    if len(each) < 2:
        return np.zeros(2)
    return (len(each) - 1) / len(each) * ((each - each.mean(axis=0)) ** 2).sum(axis=0)


def _too_small(votes: int, speakers: int, evaluators: int) -> tuple[str, ...]:
    if votes >= FEW_VOTES and speakers >= FEWEST_SPEAKERS and evaluators >= FEWEST_EVALUATORS:
        return ()
    note = (
        f"A small pilot: {votes} votes on {speakers} speakers by {evaluators} evaluators. Under {FEW_VOTES} votes, "
        f"{FEWEST_SPEAKERS} speakers or {FEWEST_EVALUATORS} evaluators the correlations are little more than a guess: "
        "plan with the upper end of their intervals too."
    )
    return (note,)


def _pooled_correlation(found: Sequence[tuple[Correlation, int]]) -> Correlation:
    known = [(each, votes) for each, votes in found if each.value is not None]
    if not known:
        return Correlation(None, None, next((each.note for each, _ in found if each.note), "No votes."))
    with_interval = [(each.interval, votes) for each, votes in known if each.interval is not None]
    ends = [_weighted([(interval[end], votes) for interval, votes in with_interval]) for end in (0, 1)]
    value = _weighted([(each.value, votes) for each, votes in known])
    note = None if value else next((each.note for each, _ in known if each.note), None)
    return Correlation(value, tuple(ends) if with_interval else None, note)


def _weighted(values: Sequence[tuple[float, int]]) -> float | None:
    total = sum(weight for _, weight in values)
    return fsum(value * weight for value, weight in values) / total if total else None
