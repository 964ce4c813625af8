"""What a stopping rule reads of a study: the speakers that are complete, wave after wave, and how each one leans."""

from dataclasses import dataclass

import numpy as np

from studies.models import Item, Study
from studies.queries import current_wave, slots_of

from .records import primary_question
from .vote_records import votes_of
from .votes import TIE


@dataclass(frozen=True)
class Blocks:
    """Completed speakers of one comparison group, in the order of waves and positions.

    sums   votes for the treatment less votes for the control
    votes  votes that count, ties among them; 0 where all were set aside
    """

    sums: tuple[int, ...]
    votes: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.sums)


def completed_blocks(study: Study, contrast: str, *, rehearsal: bool = False) -> Blocks:
    """The speakers of every wave that is full, so that who is complete does not depend on how anybody answered.

    contrast  treatment:control; one that the study has not, has blocks without votes
    Raises    NoQuestion
    """
    wave = current_wave(study, rehearsal=rehearsal)
    dealt = slots_of(study, rehearsal=rehearsal).values("comparison__item")
    items = Item.objects.filter(pk__in=dealt).order_by("wave", "position")
    complete = list((items if wave is None else items.filter(wave__lt=wave)).values_list("speaker__key", flat=True))
    votes = votes_of(study, primary_question(study), rehearsal=rehearsal)
    names = [name.key for name in votes.contrasts]
    if contrast not in names or votes.items is None:
        return Blocks((0,) * len(complete), (0,) * len(complete))
    rows = np.flatnonzero(votes.counted & (votes.contrast == names.index(contrast)))
    codes, size = votes.items.codes[rows], len(votes.items.names)
    sums = np.bincount(codes, weights=votes.halves[rows].astype(float) - TIE, minlength=size)
    numbers = np.bincount(codes, minlength=size)
    place = {name: code for code, name in enumerate(votes.items.names)}
    return Blocks(
        tuple(int(sums[place[key]]) if key in place else 0 for key in complete),
        tuple(int(numbers[place[key]]) if key in place else 0 for key in complete),
    )
