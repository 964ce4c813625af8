"""Whether the side or the place in the session moved votes: left against right, first half against second."""

from dataclasses import dataclass

import numpy as np

from .binomial import exact_binomial
from .preference import NO_IDS, why_no_interval
from .robust import Clusters, two_way
from .robust_differences import sorted_squares, t_interval, t_p
from .signflip import leanings, signflip_p
from .votes import CONTROL, LEFT, RIGHT, TIE, TREATMENT

NO_POSITIONS = "The votes carry no evaluator ids or no places in the session, so there is no first or second half."
NO_HALVES = "No evaluator has two votes with different places, so there is no first or second half."
NO_SPREAD = "Votes of each half are spread evenly over speakers and evaluators, so how far they differ has no scale."


@dataclass(frozen=True)
class SideBias:
    """How often the left side was chosen. Ties and unknown sides are left out.

    left_share             in [0, 1]; None where no side is known
    p                      exact binomial against one half, as if votes were independent
    signflip_evaluator_p   exact sign-flip over evaluators' left less right; None without ids or sides
    """

    left: int
    right: int
    left_share: float | None
    p: float | None
    signflip_evaluator_p: float | None


@dataclass(frozen=True)
class OrderEffect:
    """The share for the treatment in the first and in the second half of each evaluator's own votes.

    difference   second less first, in shares: [-1, 1]
    interval, p  of the difference: two-way robust, 95 %; None where `note` says why
    """

    first_half_share: float | None
    second_half_share: float | None
    difference: float | None
    interval: tuple[float, float] | None
    p: float | None
    note: str | None


def side_bias(side: np.ndarray, evaluators: np.ndarray | None) -> SideBias:
    """Whether one side was chosen more often than the other.

    side        int8 (n,): 0 left, 1 right, 2 tie, -1 unknown
    evaluators  whole numbers (n,), one an evaluator; None where votes carry no ids
    Assumes     the treatment is on the left as often as on the right, as dealt slots are; in votes from elsewhere
                that are not, a preference looks like a bias of side
    """
    left, right = int(np.count_nonzero(side == LEFT)), int(np.count_nonzero(side == RIGHT))
    chosen = left + right
    return SideBias(
        left=left,
        right=right,
        left_share=left / chosen if chosen else None,
        p=exact_binomial(left, chosen).p,
        signflip_evaluator_p=None if evaluators is None else signflip_p(leanings(_left_as_halves(side), evaluators)),
    )


def _left_as_halves(side: np.ndarray) -> np.ndarray:
    return np.where(side == LEFT, TREATMENT, np.where(side == RIGHT, CONTROL, TIE))


def order_effect(
    halves: np.ndarray, position: np.ndarray, items: np.ndarray | None, evaluators: np.ndarray | None
) -> OrderEffect:
    """Whether evaluators chose otherwise late than early: votes before and after the median of one's own places.

    halves      int (n,): 2 treatment, 1 tie, 0 control; a tie counts one half
    position    float (n,): the trial's place in its session; NaN where unknown, which leaves the vote out
    items, evaluators   codes from 0 (n,), one a speaker's clip and one an evaluator; None without ids
    Returns     a vote at the median place itself, the middle one of an odd number, is in neither half. Interval and p
                are None with a note: without ids, for fewer than ten speakers or two evaluators, without halves
    Source      influence of a difference of shares; the two-way rule of analysis/robust.py
    """
    if evaluators is None or not np.isfinite(position).any():
        return OrderEffect(None, None, None, None, None, note=NO_POSITIONS)
    half = _half_of_session(position, evaluators)
    first, second = half == -1, half == 1
    if not (first.any() and second.any()):
        return OrderEffect(None, None, None, None, None, note=NO_HALVES)
    shares = _share(halves[first]), _share(halves[second])
    difference = (shares[1] - shares[0]) or 0.0
    used = half != 0
    note = NO_IDS if items is None else why_no_interval(int(used.sum()), _many(items[used]), _many(evaluators[used]))
    if note or items is None:
        return OrderEffect(*shares, difference, None, None, note)
    variance, df = _two_way_of_difference(halves[used], second[used], items[used], evaluators[used])
    if variance == 0:
        return OrderEffect(*shares, difference, None, None, note=NO_SPREAD)
    low, high = t_interval(difference, variance=variance, df=df)
    return OrderEffect(
        *shares, difference, (max(-1.0, low), min(1.0, high)), t_p(difference, variance=variance, df=df), note=None
    )


def _half_of_session(position: np.ndarray, evaluators: np.ndarray) -> np.ndarray:
    """-1 before the median place of the evaluator's own votes, 1 after it, 0 at it or without a place: int8 (n,)."""
    half = np.zeros(len(position), dtype=np.int8)
    known = np.flatnonzero(np.isfinite(position))
    rows = known[np.lexsort((position[known], evaluators[known]))]
    place, evaluator = position[rows], evaluators[rows]
    starts = np.flatnonzero(np.diff(evaluator, prepend=evaluator[0] - 1))
    sizes = np.diff(starts, append=len(rows))
    medians = (place[starts + (sizes - 1) // 2] + place[starts + sizes // 2]) / 2
    half[rows] = np.sign(place - np.repeat(medians, sizes))
    return half


def _two_way_of_difference(
    halves: np.ndarray, second: np.ndarray, items: np.ndarray, evaluators: np.ndarray
) -> tuple[float, float]:
    cell = np.unique(items.astype(np.int64) * (int(evaluators.max()) + 1) + evaluators, return_inverse=True)[1]

    def clusters(codes: np.ndarray) -> Clusters:
        many = int(codes.max()) + 1
        used = np.count_nonzero(np.bincount(codes))
        late, early = (_influence(halves[part], codes[part], many) for part in (second, ~second))
        return Clusters(np.array([float(used)]), sorted_squares(late - early))

    variance, df = two_way(speakers=clusters(items), evaluators=clusters(evaluators), cells=clusters(cell))
    return float(variance[0]), float(df[0])


def _influence(halves: np.ndarray, codes: np.ndarray, count: int) -> np.ndarray:
    """Sums of (y - share) / n a cluster, from whole numbers, so that what is 0 is exactly 0: float (count,)."""
    n, total = len(halves), int(halves.sum())
    votes = np.bincount(codes, minlength=count)
    sums = np.bincount(codes, weights=halves, minlength=count).astype(np.int64)
    return (n * sums - total * votes) / (2.0 * n * n)


def _share(halves: np.ndarray) -> float:
    return int(halves.sum()) / (2 * len(halves))


def _many(codes: np.ndarray) -> int:
    return int(np.unique(codes).size)
