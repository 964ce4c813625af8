"""Take-downs: a person's clips leave candidates, stimuli and open studies at once, and a record stays."""

from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Q, QuerySet

from retrieval.models import Clip, Person
from retrieval.services.withholding import withhold_person
from studies.models import Assignment, AssignmentState, Rendition, Stimulus, Study, StudyState, TakeDown, TrialKind

from .leases import close_held_slots, end_leases
from .locks import locked_study
from .planning import write_deviation

TAKEN_DOWN = "Someone seen in it was taken down."
TAKEN_DOWN_HERE = "Someone seen in its videos was taken down"


class CannotTakeDown(ValueError):
    """Nothing was changed; the message says why and what to do."""


def take_down(person_id: int, *, reason: str, at: datetime, by: AbstractBaseUser | None = None) -> TakeDown:
    """End every showing of a person, as a speaker or a listener. It cannot be undone.

    In drafts their stimuli are problems; elsewhere the stimuli are held, trials that show them end, slots that nobody
    answered are closed, and a deviation says how many. Votes that were given stay: they show nobody.

    Raises  CannotTakeDown
    """
    person = Person.objects.select_related("corpus").get(pk=person_id)
    if not reason.strip():
        raise CannotTakeDown("Say why: the reason is kept in the record.")
    if TakeDown.objects.filter(corpus=person.corpus, person_key=person.key).exists():
        raise CannotTakeDown(f"'{person.key}' of corpus '{person.corpus.key}' was taken down before.")
    with transaction.atomic():
        withhold_person(person.pk, at=at)
        concerned = Study.objects.filter(pk__in=_shown(person).values("study")).order_by("pk")
        ended = closed = 0
        for study in concerned:
            trials, slots = _leave(study.pk, person, by=by, at=at)
            ended, closed = ended + trials, closed + slots
        return TakeDown.objects.create(
            corpus=person.corpus, person_key=person.key, reason=reason, clips=person.clips.count(),
            studies=[study.key for study in concerned], trials_ended=ended, slots_closed=closed, by=by, at=at,
        )  # fmt: skip


def delete_files(record_id: int, *, at: datetime) -> TakeDown:
    """Delete the videos of somebody who was taken down, their own and those prepared for studies; not in backups.

    A file that is a clip of somebody else too stays. Repeats harmlessly.
    """
    record = TakeDown.objects.get(pk=record_id)
    theirs = Clip.objects.filter(corpus=record.corpus, person__key=record.person_key)
    own, shared = theirs.values("file"), Clip.objects.exclude(pk__in=theirs.values("pk"))
    files = set(theirs.exclude(file__in=shared.filter(file__in=own).values("file")).values_list("file", flat=True))
    files |= set(Rendition.objects.filter(clip__in=theirs.values("pk")).values_list("file", flat=True))
    for file in files:
        (Path(settings.MEDIA_ROOT) / file).unlink(missing_ok=True)
    TakeDown.objects.filter(pk=record_id, files_deleted_at__isnull=True).update(files_deleted_at=at)
    return TakeDown.objects.get(pk=record_id)


def person_named(corpus: str, person: str) -> Person:
    """Raises CannotTakeDown where nobody is called so."""
    found = Person.objects.select_related("corpus").filter(corpus__key=corpus, key=person).first()
    if found is None:
        raise CannotTakeDown(f"Corpus '{corpus}' has nobody called '{person}': see People in the admin.")
    return found


def _shown(person: Person) -> QuerySet[Stimulus]:
    """Stimuli that cannot be shown without this person: their own, and those beside them as a speaker."""
    return Stimulus.objects.filter(Q(clip__person=person) | Q(item__speaker__person=person))


def _leave(study_id: int, person: Person, *, by: AbstractBaseUser | None, at: datetime) -> tuple[int, int]:
    """(trials ended, slots closed) in one study."""
    with locked_study(study_id) as study:
        stimuli = _shown(person).filter(study=study)
        if study.state == StudyState.DRAFT:
            stimuli.update(rendition=None, problem="shows someone who was taken down: choose another")
            return 0, 0
        held = list(stimuli.values_list("pk", flat=True))
        stimuli.filter(held_at__isnull=True).update(held_at=at, held_reason=TAKEN_DOWN)
        trials = Assignment.objects.filter(Q(left__in=held) | Q(right__in=held))
        ended = end_leases(trials.filter(kind=TrialKind.MAIN), at=at)
        # A check is given back for good: one that expired would come again beside other trials.
        live = [AssignmentState.LIVE, AssignmentState.EXPIRED]
        others = trials.exclude(kind=TrialKind.MAIN).filter(state__in=live)
        ended += others.update(state=AssignmentState.RETURNED, ended_at=at)
        closed = close_held_slots(study, at=at)
        if ended or closed:
            what = f"{TAKEN_DOWN_HERE}: {ended} trial(s) ended, {closed} slot(s) that nobody had answered closed."
            write_deviation(study, what=what, by=by, at=at)
        return ended, closed
