"""Replacing what a condition shows for an item after launch: a new version, new comparisons, and votes set aside."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from studies.models import (
    Assignment,
    AssignmentState,
    Comparison,
    Deviation,
    Exclusion,
    ItemKind,
    Rendition,
    Slot,
    Stimulus,
    Study,
    StudyState,
)
from studies.pictures import FPS
from studies.plans import plan_in_force
from studies.queries import current_wave
from studies.renditions import X264
from studies.stopping_rules import FIXED

from .exclusions import exclude_votes
from .further_listeners import CannotReplace, FurtherListener, newest_comparisons, prepare_listener, require_fit
from .leases import HELD, close_held_slots, end_leases
from .locks import locked_study
from .planning import write_deviation

RULE = Exclusion.STIMULUS_REPLACED
REPLACED = "stimulus replaced by a newer version"


@dataclass(frozen=True)
class Replacement:
    """What was done.

    slots   wanted anew, on `comparisons` new comparisons
    votes   answers to what was shown before, set aside
    ended   trials that were promised or being watched, and are no more
    """

    old: Stimulus
    new: Stimulus
    comparisons: int
    slots: int
    votes: int
    ended: int
    deviation: Deviation

    @property
    def sentence(self) -> str:
        return (
            f"{self.slots} slots wanted anew on {self.comparisons} new comparisons, {self.votes} answers set aside, "
            f"{self.ended} open trials ended."
        )


def replace_stimulus(
    study_id: int,
    *,
    item: str,
    condition: str,
    video: Path,
    reason: str,
    by: AbstractBaseUser | None,
    at: datetime,
    person: str = "",
) -> Replacement:
    """Show another video for a condition on an item of a paused study, from now on.

    item     clip key of its speaker
    video    becomes a listener of the study's corpus, unless its content is one; under the corpus's licence
    person   key of who is seen; empty where it is not known
    The file is made before the study is locked. All rows appear in one transaction, so a run that is killed leaves
    at most a file and a clip that nothing names, and is run again. Trials that show the old video end: what is still
    answered on them is late.
    Raises   CannotReplace; BeingPrepared; Study.DoesNotExist
    """
    study = Study.objects.select_related("corpus").get(pk=study_id)
    if not reason.strip():
        raise CannotReplace("A deviation says why: give a reason.")
    old = _replaceable(study, item, condition)
    prepared = prepare_listener(old, Path(video), person=person.strip(), at=at)
    with locked_study(study_id) as study:
        if _replaceable(study, item, condition) != old:
            raise CannotReplace(f"'{condition}' of item '{item}' was replaced meanwhile: look at what it shows now.")
        require_fit(old, prepared.clip)
        return _switch(study, old, prepared, reason=reason.strip(), by=by, at=at)


def replaceable_stimuli(study: Study) -> list[Stimulus]:
    """What the main items show now, in the order of items and conditions."""
    rows = Stimulus.objects.filter(study=study, item__kind=ItemKind.MAIN).select_related("item__speaker", "clip")
    newest = {(row.item_id, row.condition): row for row in rows.order_by("item__position", "condition", "version")}
    return list(newest.values())


def _replaceable(study: Study, item: str, condition: str) -> Stimulus:
    """The stimulus as it is shown now. Raises CannotReplace where it cannot be replaced, with what to do."""
    if study.state != StudyState.PAUSED:
        remedy = {
            StudyState.DRAFT: "nobody was shown anything; create it anew with another manifest",
            StudyState.OPEN: f"pause it first (pause_study {study.key}), so that nobody gets the old video meanwhile",
            StudyState.CLOSED: "it takes no further votes",
        }
        raise CannotReplace(f"Study '{study.key}' is {study.state}: {remedy[StudyState(study.state)]}.")
    rows = Stimulus.objects.filter(study=study, item__speaker__key=item)
    old = rows.filter(condition=condition).select_related("item__speaker", "clip", "ranking").last()
    if old is None:
        conditions = ", ".join(sorted(set(rows.values_list("condition", flat=True))))
        there = f"it shows {conditions}" if conditions else "the study has no such item; name the speaker's clip"
        raise CannotReplace(f"Item '{item}' has no condition '{condition}': {there}.")
    if old.item.kind != ItemKind.MAIN:
        raise CannotReplace(f"Item '{item}' is a {old.item.kind} item: only what is voted on is replaced.")
    plan = plan_in_force(study)
    if plan.adaptive_share:
        raise CannotReplace(
            "How many votes are adaptive is reckoned from the slots dealt: set the adaptive share to 0 first, as a "
            "deviation."
        )
    wave = current_wave(study)
    if plan.stopping_rule != FIXED and (wave is None or old.item.wave < wave):
        raise CannotReplace(
            f"Item '{item}' is of a wave that is full, and the stopping rule has looked: let the plan say 'fixed' "
            "first, as a deviation."
        )
    return old


def _switch(
    study: Study, old: Stimulus, prepared: FurtherListener, *, reason: str, by: AbstractBaseUser | None, at: datetime
) -> Replacement:
    """All rows of a replacement. Call under the study's lock."""
    comparisons = newest_comparisons(old)
    new = Stimulus.objects.create(
        study=study, item=old.item, condition=old.condition, version=old.version + 1, clip=prepared.clip,
        rendition=_rendition(old, prepared, at=at),
    )  # fmt: skip
    # Held, so that no later exclusion, release or batch gives the old one out again.
    Stimulus.objects.filter(pk=old.pk).update(
        held_at=old.held_at or at, held_reason=f"{old.held_reason} Replaced by version {new.version}: {reason}".strip()
    )
    ended = end_leases(Assignment.objects.filter(Q(left=old) | Q(right=old), session__rehearsal=False), at=at)
    slots = [slot for comparison in comparisons for slot in _move_slots(comparison, old, new, at=at)]
    close_held_slots(study, at=at)
    shown = Q(slot__comparison__in=comparisons) | Q(retest_of__slot__comparison__in=comparisons)
    answered = Assignment.objects.filter(shown, state=AssignmentState.ANSWERED, session__rehearsal=False)
    set_aside = exclude_votes(
        study.pk, rule=RULE, assignments=answered.select_related("session").order_by("pk"), by=by, at=at,
        reason=f"It showed version {old.version} of '{old.condition}', which was replaced: {reason}",
    )  # fmt: skip
    return Replacement(
        old=old, new=new, comparisons=len(comparisons), slots=len(slots), votes=len(set_aside), ended=ended,
        deviation=write_deviation(
            study, by=by, at=at,
            what=_told(old, new, prepared, slots=len(slots), votes=len(set_aside), reason=reason),
        ),
    )  # fmt: skip


def _rendition(old: Stimulus, prepared: FurtherListener, *, at: datetime) -> Rendition:
    made = prepared.made
    rendition, _ = Rendition.objects.get_or_create(
        item=old.item,
        clip=prepared.clip,
        defaults={
            "file": prepared.file, "sha256": made.sha256, "recipe": prepared.recipe, "size_bytes": made.size_bytes,
            "length_s": made.frames / FPS, "frames": made.frames, "fps": FPS, "width": made.width,
            "height": made.height, "has_audio": made.has_audio, "made_at": at,
        },
    )  # fmt: skip
    return rendition


def _move_slots(comparison: Comparison, old: Stimulus, new: Stimulus, *, at: datetime) -> list[Slot]:
    """Want all votes of a comparison anew, sides as they were; what was not answered on it is closed.

    A slot that nobody answered leaves its place in a list to the new one, so that a list nobody has taken stays whole.
    """
    treatment, control = (new if side == old else side for side in (comparison.treatment, comparison.control))
    anew = Comparison.objects.create(
        contrast=comparison.contrast, item=comparison.item, treatment=treatment, control=control,
        treatment_sha256=treatment.clip.sha256, control_sha256=control.clip.sha256,
    )  # fmt: skip
    filled = set(
        Assignment.objects.filter(slot__comparison=comparison, state=AssignmentState.ANSWERED)
        .values_list("slot", flat=True)
    )  # fmt: skip
    dealt = comparison.slots.filter(rehearsal=False, replaces__isnull=True, closed_reason__in=["", HELD])
    slots = Slot.objects.bulk_create(
        Slot(
            comparison=anew,
            treatment_side=slot.treatment_side,
            number=slot.number,
            adaptive=slot.adaptive,
            list_number=None if slot.pk in filled else slot.list_number,
            position=None if slot.pk in filled else slot.position,
        )
        for slot in dealt
    )
    comparison.slots.exclude(pk__in=filled).update(
        closed_at=Coalesce(F("closed_at"), at), closed_reason=REPLACED, list_number=None, position=None
    )
    return slots


def _told(old: Stimulus, new: Stimulus, prepared: FurtherListener, *, slots: int, votes: int, reason: str) -> str:
    """The deviation's words: what, with both hashes, and what became of slots and votes."""
    item, before, after = old.item.speaker.key, old.clip, prepared.clip
    told = [(
        f"Stimulus replaced: '{old.condition}' of item '{item}', version {old.version} (clip '{before.key}', SHA-256 "
        f"{before.sha256}) -> version {new.version} (clip '{after.key}', SHA-256 {after.sha256})."
        f" {slots} slots are wanted anew; {votes} answers to what was shown before are set aside."
    )]  # fmt: skip
    if old.ranking is not None:
        told.append(f"A ranking by {old.ranking.method} had chosen the old clip (rank {old.rank_used}), none the new.")
    if prepared.crf != X264["crf"]:
        told.append(f"Encoded at CRF {prepared.crf}, its rivals at {X264['crf']}, to have their byte length.")
    return " ".join([*told, f"Reason: {reason}"])
