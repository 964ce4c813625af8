"""Leases: how slots come free again when an evaluator falls silent, leaves, or cannot play a video."""

from datetime import datetime

from django.db.models import Exists, OuterRef

from studies.models import Assignment, AssignmentState, Session, Side, Slot, Stimulus, Study
from studies.queries import SKIPPED, free_slots, lapsed_leases

from .locks import locked_session

FAILURES_TO_HOLD = 3
HELD = "stimulus held"  # the stimulus says why


class NotThisSessionsTrial(Exception):
    """The trial named is not one of this session's."""


def expire_leases(study: Study, *, at: datetime, rehearsal: bool = False) -> int:
    """End the live trials of silent sessions, so that their slots are free. Call under the study's lock.

    Returns  how many ended
    """
    ended = lapsed_leases(study, at=at, rehearsal=rehearsal).update(state=AssignmentState.EXPIRED, ended_at=at)
    if ended:
        close_held_slots(study, at=at)
    return ended


def end_leases(assignments, *, at: datetime) -> int:
    """End these live trials now; what is answered on them later is late. Call under the study's lock."""
    return assignments.filter(state=AssignmentState.LIVE).update(state=AssignmentState.EXPIRED, ended_at=at)


def return_session(session_id: int, *, at: datetime) -> Session:
    """The evaluator gave the session back: its live trials are returned and their slots free at once."""
    with locked_session(session_id) as session:
        session.assignments.filter(state=AssignmentState.LIVE).update(
            state=AssignmentState.RETURNED, ended_at=at
        )
        session.returned_at = at
        session.save(update_fields=["returned_at"])
        close_held_slots(session.study, at=at)
    return session


def skip_trial(session_id: int, key: str, *, at: datetime) -> Assignment:
    """The evaluator does not want to see this trial: its slot goes to others, and this session gets it no more.

    Costs nothing and says nothing about the video. Raises NotThisSessionsTrial; a trial that has ended, or was not
    begun, or is of a study without a content warning, is left as it is
    """
    with locked_session(session_id) as session:
        study = session.study
        assignment = session.assignments.filter(key=key).first()
        if assignment is None:
            raise NotThisSessionsTrial
        if study.content_warning and assignment.state == AssignmentState.LIVE and assignment.began_at is not None:
            assignment.state, assignment.ended_at = AssignmentState.RETURNED, at
            assignment.failure_reason = SKIPPED
            assignment.save(update_fields=["state", "ended_at", "failure_reason"])
            close_held_slots(study, at=at)
    return assignment


def fail_trial(session_id: int, key: str, *, part: str, reason: str, at: datetime) -> Assignment:
    """The videos of a trial could not be played: record why, free its slot, go on with the next.

    part    speaker, left or right: which video failed
    Raises  NotThisSessionsTrial; a trial that has ended or not begun is left as it is
    """
    with locked_session(session_id) as session:
        assignment = session.assignments.filter(key=key).first()
        if assignment is None:
            raise NotThisSessionsTrial
        session.last_active_at = max(at, session.last_active_at)
        session.save(update_fields=["last_active_at"])
        if assignment.state == AssignmentState.LIVE and assignment.began_at is not None:
            assignment.state = AssignmentState.FAILED
            assignment.ended_at = at
            assignment.failed_part = part
            assignment.failure_reason = reason[:200]
            assignment.save()
            _hold_failing_stimuli(assignment, at=at)
            close_held_slots(session.study, at=at)
    return assignment


def close_held_slots(study: Study, *, at: datetime) -> int:
    """Close the free slots of comparisons with a held stimulus. A live one is closed when it comes free."""
    closed = 0
    for rehearsal in (False, True):
        free = free_slots(study, rehearsal=rehearsal)
        held = free.filter(comparison__treatment__held_at__isnull=False) | free.filter(
            comparison__control__held_at__isnull=False
        )
        closed += Slot.objects.filter(pk__in=list(held.values_list("pk", flat=True))).update(
            closed_at=at, closed_reason=HELD
        )
    return closed


def _hold_failing_stimuli(assignment: Assignment, *, at: datetime) -> None:
    """Hold a stimulus that failed in three sessions. The speaker's failure counts against both sides.

    Only sessions that have played and answered something else are believed: a browser that plays nothing says
    nothing about a video.
    """
    shown = {Side.LEFT.value: assignment.left, Side.RIGHT.value: assignment.right}
    for side, stimulus in shown.items():
        if assignment.failed_part not in ("speaker", side):
            continue
        failed = Assignment.objects.filter(
            Exists(Assignment.objects.filter(session=OuterRef("session"), state=AssignmentState.ANSWERED)),
            session__study=assignment.session.study,
            state=AssignmentState.FAILED,
        )
        sessions = set()
        for own_side in Side.values:
            sessions |= set(
                failed.filter(**{own_side: stimulus}, failed_part__in=["speaker", own_side]).values_list(
                    "session", flat=True
                )
            )
        if len(sessions) >= FAILURES_TO_HOLD:
            Stimulus.objects.filter(pk=stimulus.pk, held_at__isnull=True).update(
                held_at=at,
                held_reason=f"It failed to play for {len(sessions)} evaluators; last: {assignment.failure_reason}",
            )
