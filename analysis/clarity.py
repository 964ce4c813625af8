"""How clearly the treatment was preferred, where answers have a strength: how many of each, and their mean."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .preference import NO_IDS, why_no_interval
from .robust import cells_of, spread_of, two_way
from .robust_differences import t_interval, t_p
from .votes import TIE, dense

LARGEST = 2
NO_SPREAD = "All votes are equally clear, so nothing says how far another mean could be."


class Points(NamedTuple):
    """Votes at each of the five points, from clearly the treatment to clearly the control."""

    clearly_treatment: int
    slightly_treatment: int
    neither: int
    slightly_control: int
    clearly_control: int


@dataclass(frozen=True)
class Clarity:
    """One contrast's votes by how clear they are. What cannot be said is None, and `note` says why.

    points        their counts; together `votes`, those whose strength is known
    mean          from 2, all clearly for the treatment, to -2, all clearly for the control; a tie is 0
    interval, p   95 % two-way robust (Student's), and the level at which it touches 0
    df            degrees of freedom of both
    """

    points: Points
    votes: int
    mean: float | None = None
    interval: tuple[float, float] | None = None
    p: float | None = None
    df: float | None = None
    note: str | None = None


def clarity(
    halves: np.ndarray, strength: np.ndarray, items: np.ndarray | None, evaluators: np.ndarray | None
) -> Clarity:
    """The five counts of one contrast's votes, and their mean with the headline's clustering.

    halves             int (n,): 2 treatment, 1 tie, 0 control
    strength           int (n,): 1 slightly, 2 clearly, 0 unknown; of ties it is not looked at
    items, evaluators  whole numbers (n,), None where votes carry no ids
    Returns            votes that chose a side and have no strength are left out
    """
    known = (halves == TIE) | (strength > 0)
    scores = np.where(halves == TIE, 0, (halves.astype(np.int64) - TIE) * strength)[known]
    n, total = len(scores), int(scores.sum())
    points = Points(*(int(np.count_nonzero(scores == score)) for score in (2, 1, 0, -1, -2)))
    mean = total / n if n else None
    if mean is None or items is None or evaluators is None:
        return Clarity(points, n, mean, note=why_no_interval(0, 0, 0) if mean is None else NO_IDS)
    cells = cells_of(scores + LARGEST, dense(items[known]), dense(evaluators[known]))
    note = why_no_interval(n, len(np.unique(cells.speaker)), len(np.unique(cells.evaluator)))
    if note:
        return Clarity(points, n, mean, note=note)
    spread = spread_of(cells)
    found = two_way(speakers=spread.speakers, evaluators=spread.evaluators, cells=spread.cells)
    # The spread is of (score + 2) / 2, which a share would be: twice its deviation is that of the score.
    variance, df = 4 * float(found.variance[0]), float(found.df[0])
    if variance == 0:
        return Clarity(points, n, mean, note=NO_SPREAD)
    low, high = t_interval(mean, variance=variance, df=df)
    interval = max(-float(LARGEST), low), min(float(LARGEST), high)
    return Clarity(points, n, mean, interval, t_p(mean, variance=variance, df=df), df)
