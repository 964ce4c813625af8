"""What a stopping rule reads of a study: the speakers that are complete, wave after wave, and how each one leans."""

import numpy as np
from django.db.models import Max

from studies.models import Item, Study
from studies.plans import plan_at_launch, plan_in_force
from studies.queries import current_wave, slots_of
from studies.stopping_rules import FIXED, parse_stopping_rule

from .looks import Blocks, Look, PlannedLook, look_of
from .models import StopNotice
from .peeking import takes_votes
from .records import counted_votes, primary_question
from .vote_records import votes_of
from .votes import TIE, Votes


class NoLooks(ValueError):
    """The study's plan has no rule that looks; the message says what it has."""


def look_at(study: Study, *, rehearsal: bool = False) -> Look:
    """Ask the plan's rule what it says of the speakers whose waves are full; writes nothing.

    Raises  NoLooks where the plan collects to its target whatever the votes say; NoQuestion
    """
    return _look(study, votes_of(study, primary_question(study), rehearsal=rehearsal), rehearsal=rehearsal)


def planned_looks_of(study: Study, votes: Votes, *, rehearsal: bool) -> tuple[PlannedLook, ...] | None:
    """The plan's looks as `look_at` finds them, of votes that are read already.

    Returns  None where the plan names none, or a draft's rule does not fit its study yet
    """
    try:
        return _look(study, votes, rehearsal=rehearsal).planned
    except ValueError:
        return None


def standing_notice(study: Study) -> StopNotice | None:
    """What its rule last told the owner, while they can still act on it: votes are taken, and the plan still looks."""
    if not takes_votes(study) or plan_in_force(study).stopping_rule == FIXED:
        return None
    return StopNotice.objects.filter(study=study).order_by("-look").first()


def completed_blocks(study: Study, contrast: str, *, votes: Votes, rehearsal: bool) -> Blocks:
    """The speakers of every wave that is full, so that who is complete does not depend on how anybody answered.

    contrast  treatment:control; one that the study has not, has blocks without votes
    votes     the study's answers to its primary question
    Raises    NoQuestion
    """
    wave = current_wave(study, rehearsal=rehearsal)
    dealt = slots_of(study, rehearsal=rehearsal).values("comparison__item")
    items = Item.objects.filter(pk__in=dealt).order_by("wave", "position")
    complete = list((items if wave is None else items.filter(wave__lt=wave)).values_list("speaker__key", flat=True))
    names = [name.key for name in votes.contrasts]
    if contrast not in names or votes.items is None:
        return Blocks((0,) * len(complete), (0,) * len(complete), (None,) * len(complete))
    number = names.index(contrast)
    rows = np.flatnonzero(votes.counted & (votes.contrast == number))
    codes, size = votes.items.codes[rows], len(votes.items.names)
    sums = np.bincount(codes, weights=votes.halves[rows].astype(float) - TIE, minlength=size)
    numbers = np.bincount(codes, minlength=size)
    place = {name: code for code, name in enumerate(votes.items.names)}
    treatment, control, _ = votes.contrasts[number]
    counted = counted_votes(study, primary_question(study), rehearsal=rehearsal).filter(
        assignment__slot__comparison__contrast__treatment=treatment,
        assignment__slot__comparison__contrast__control=control,
    )
    voted_at = dict(counted.values_list("assignment__item__speaker__key").annotate(Max("voted_at")))
    return Blocks(
        tuple(int(sums[place[key]]) if key in place else 0 for key in complete),
        tuple(int(numbers[place[key]]) if key in place else 0 for key in complete),
        tuple(voted_at.get(key) for key in complete),
    )


def _look(study: Study, votes: Votes, *, rehearsal: bool) -> Look:
    """The rule is the one in force, the comparison group the one that was primary at launch: another one, chosen
    since, was not what the levels were shared out for.
    """
    rule = parse_stopping_rule(plan_in_force(study).stopping_rule)
    primary = plan_at_launch(study).primary
    if rule.kind == FIXED or primary is None:
        raise NoLooks(f"The plan of study '{study.key}' looks at nothing early: its stopping rule is 'fixed'.")
    return look_of(rule, primary, completed_blocks(study, primary, votes=votes, rehearsal=rehearsal))
