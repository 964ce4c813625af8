"""Equivalence: whether the preference lies within a margin that the plan states."""

from dataclasses import dataclass
from datetime import datetime

from . import wording
from .preference import NO_IDS, preference_of_cells
from .robust import Cells

CONFIDENCE = 0.90


@dataclass(frozen=True)
class Equivalence:
    """Two one-sided tests at 5 %, as the 90 % interval inside the margin.

    margin      in share points about one half, in (0, .5]
    interval90  two-way robust, as the headline's; None where there is none
    equivalent  None where there is no interval
    """

    margin: float
    interval90: tuple[float, float] | None
    equivalent: bool | None
    sentence: str


def equivalence(cells: Cells | None, *, margin: float, changed_at: datetime | None = None) -> Equivalence:
    """Whether the 90 % interval lies strictly inside one half plus and minus the margin.

    cells       votes added up by speaker and evaluator; None where votes carry no such ids
    margin      in share points, in (0, .5]
    changed_at  when it was changed after launch; None where it was stated before the votes were seen
    Raises      ValueError for another margin
    Source      Schuirmann (1987), J. Pharmacokinetics and Biopharmaceutics 15(6):657-680. The interval is
                the headline's recipe with z and t taken at 10 %
    """
    if not 0 < margin <= 0.5:
        raise ValueError(f"An equivalence margin lies between 0 and one half of a share, not at {margin}.")
    headline = None if cells is None else preference_of_cells(cells, confidence=CONFIDENCE)
    interval = headline.interval if headline else None
    if interval is None:
        note = headline.note if headline else NO_IDS
        return Equivalence(margin, None, None, f"Equivalence cannot be judged. {note}")
    equivalent = 0.5 - margin < interval[0] and interval[1] < 0.5 + margin
    sentence = wording.equivalence_sentence(margin, interval, equivalent, changed_at=changed_at)
    return Equivalence(margin, interval, equivalent, sentence)
