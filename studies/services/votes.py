"""Votes: what an evaluator watched, what they answered and added, and which of it counts."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from studies.coverage import seen_in_full
from studies.entry_queries import trials_left_to_group
from studies.models import (
    Assignment,
    AssignmentState,
    Choice,
    Question,
    QuestionForm,
    Remark,
    Session,
    StudyState,
    TrialKind,
    Vote,
)
from studies.models.facts import HOLDS_SLOT
from studies.queries import timeline_s

from .exclusions import settle_replacements
from .leases import NotThisSessionsTrial
from .locks import locked_session
from .remarks import Added, CannotAdd, added_of, as_added
from .sessions import Place, place_of, touch

MAX_PAGES = 100
NOTHING = Added()


@dataclass(frozen=True)
class Answer:
    choice: Choice
    strength: int | None = None


@dataclass(frozen=True)
class View:
    """What one load of the page reports so far: seconds watched of each video, and how often it played.

    playback      how it played, as `studies.api.PlaybackReport` has it; None where the page did not tell
    shown_ago_ms  how long before this report the slower listener's first picture was shown, by the page's clock;
                  None if it was not
    """

    page: str
    watched: dict[str, list[list[float]]]
    plays: dict[str, int]
    playback: dict[str, Any] | None = None
    shown_ago_ms: int | None = None


class VoteRefused(Exception):
    """The answer was not stored; the message is for the evaluator."""


class AlreadyAnswered(VoteRefused):
    """Another answer to this trial stands."""


class TooEarly(VoteRefused):
    """Less time has passed since the trial began than its videos take."""


class NotSeen(VoteRefused):
    """The page has not reported the whole of all three videos as watched."""


class NotBegun(VoteRefused):
    """The trial was not shown yet."""


def record_view(session_id: int, key: UUID | str, view: View, *, at: datetime) -> Assignment:
    """Keep what a page reports as watched; renews the session's leases. Ended trials are left as they are.

    Raises  NotThisSessionsTrial
    """
    with locked_session(session_id) as session:
        assignment = _assignment(session, key)
        touch(session, at=at)
        if assignment.state in (AssignmentState.LIVE, AssignmentState.EXPIRED):
            _keep_view(assignment, view, at=at)
            assignment.save(update_fields=["views", "shown_at"])
    return assignment


def cast_vote(
    session_id: int,
    key: UUID | str,
    answers: dict[str, Answer],
    *,
    at: datetime,
    added: Added = NOTHING,
    rt_ms: int | None = None,
    view: View | None = None,
    must_be_seen: bool = False,
) -> Place:
    """Store the answers of one trial and what was added to them in one transaction, and begin the next.

    answers  by question key, one for every question of the study
    added    reasons, a comment, the moment that decided; kept as a Remark if there is any
    at       when the server accepted it; the next trial begins then
    must_be_seen  refuse where this view and earlier ones leave out more of a video than `seen_in_full` allows
    Returns  where the session is now. The same answers again give the same place and store nothing.
    Raises   NotThisSessionsTrial, AlreadyAnswered (the first stands), TooEarly, NotSeen, NotBegun, VoteRefused

    An answer on an expired lease counts if its slot is still free; else it is kept as late.
    """
    with locked_session(session_id) as session:
        study = session.study
        assignment = _assignment(session, key)
        questions = list(study.questions.order_by("position"))
        _check_answers(answers, questions)
        length_s = timeline_s(assignment.item)
        try:
            added = as_added(added, study=study, questions=questions, length_s=length_s)
        except CannotAdd as reason:
            raise VoteRefused(str(reason)) from None
        if assignment.state in (AssignmentState.ANSWERED, AssignmentState.LATE):
            _require_same(assignment, answers, added)
            touch(session, at=at)
            return place_of(session, at=at)
        if assignment.began_at is None:
            raise NotBegun(_("This trial has not begun. Reload the page to go on."))
        left_s = length_s - (at - assignment.began_at).total_seconds()
        if left_s > 0:
            early = _("Please watch the videos to their end first: %(seconds)d more seconds.")
            raise TooEarly(early % {"seconds": ceil(left_s)})
        if view:
            _keep_view(assignment, view, at=at)
        if must_be_seen and not seen_in_full(assignment.views, length_s=length_s):
            raise NotSeen(_("Part of the videos has not been seen yet. Please watch them once more to the end."))
        touch(session, at=at)
        assignment.state = _state_of_answer(assignment, study.state == StudyState.CLOSED)
        assignment.ended_at = at
        assignment.save()
        Vote.objects.bulk_create(
            Vote(
                assignment=assignment,
                question=question,
                choice=answers[question.key].choice,
                strength=answers[question.key].strength,
                rt_ms=rt_ms if len(assignment.views) < 2 else None,
                voted_at=at,
            )
            for question in questions
        )
        if added != NOTHING:
            Remark.objects.create(
                assignment=assignment, reasons=added.reasons, comment=added.comment, decided_s=added.decided_s
            )
        settle_replacements([assignment], at=at)
        return place_of(session, at=at)


def _assignment(session: Session, key: UUID | str) -> Assignment:
    try:
        return session.assignments.select_related("item__speaker", "slot").get(key=UUID(str(key)))
    except (ValueError, Assignment.DoesNotExist):
        raise NotThisSessionsTrial from None


def _state_of_answer(assignment: Assignment, study_is_closed: bool) -> AssignmentState:
    """Answered if the trial is live, or expired with its place still free; late otherwise, as from who has left."""
    if study_is_closed and not assignment.session.rehearsal:
        return AssignmentState.LATE
    if assignment.state == AssignmentState.LIVE:
        return AssignmentState.ANSWERED
    session = assignment.session
    has_left = session.returned_at or session.finished_at or session.screened_out_at
    if assignment.state != AssignmentState.EXPIRED or has_left:
        return AssignmentState.LATE
    if assignment.kind != TrialKind.MAIN:
        return AssignmentState.ANSWERED
    taken = Assignment.objects.filter(slot=assignment.slot, state__in=HOLDS_SLOT).exists()
    met_again = session.assignments.filter(
        item=assignment.item, kind=TrialKind.MAIN, state__in=HOLDS_SLOT
    ).exists()
    is_free = assignment.slot.closed_at is None and not taken and not met_again
    is_free = is_free and trials_left_to_group(session) != 0
    return AssignmentState.ANSWERED if is_free else AssignmentState.LATE


def _check_answers(answers: dict[str, Answer], questions: list[Question]) -> None:
    if set(answers) != {question.key for question in questions}:
        raise VoteRefused(_("Please answer every question."))
    for question in questions:
        answer = answers[question.key]
        if answer.choice == Choice.TIE and question.form == QuestionForm.FORCED:
            raise VoteRefused(_("Please choose left or right."))
        if (answer.strength is not None) != (question.form == QuestionForm.STRENGTH and answer.choice != Choice.TIE):
            raise VoteRefused(_("Please say how clear the difference is."))


def _require_same(assignment: Assignment, answers: dict[str, Answer], added: Added) -> None:
    stored = {v.question.key: Answer(Choice(v.choice), v.strength) for v in assignment.votes.select_related("question")}
    if (stored, added_of(assignment)) != (answers, added):
        raise AlreadyAnswered(_("This trial was answered already; the first answer stands."))


def _keep_view(assignment: Assignment, view: View, *, at: datetime) -> None:
    """The latest report of each page load stands for that load: reports are cumulative."""
    if view.page not in assignment.views and len(assignment.views) >= MAX_PAGES:
        return
    told = {} if view.playback is None else {"playback": view.playback}
    assignment.views[view.page] = {"watched": view.watched, "plays": view.plays} | told
    if assignment.shown_at is None and view.shown_ago_ms is not None:
        # The page's clock may be wrong about when, not about how long ago; nothing was shown before it began.
        shown_at = at - timedelta(milliseconds=view.shown_ago_ms)
        assignment.shown_at = max(shown_at, assignment.began_at or at)
