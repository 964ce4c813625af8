"""What checks and practice found of a session, by kind; each kind is read by itself."""

from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Count, F, Q

from .models import Assignment, AssignmentState, Choice, Session, Study, TrialKind, Vote


@dataclass(frozen=True)
class Found:
    """Checks of one kind that a session has answered, and how many of them otherwise than is known to be right."""

    shown: int
    failed: int


NOTHING = Found(0, 0)


def attention_of(session: Session) -> Found:
    return checks_of(session.study, session)[session.pk].get(TrialKind.ATTENTION, NOTHING)


def checks_of(study: Study, session: Session | None = None) -> dict[int, dict[str, Found]]:
    """What the answered checks of one or all sessions found, by session and kind: attention, catch and practice."""
    primary = study.questions.order_by("position").values("pk")[:1]
    kinds = [TrialKind.ATTENTION, TrialKind.CATCH, TrialKind.PRACTICE]
    known = F("assignment__item__correct_condition")
    is_right = Q(choice=Choice.LEFT, assignment__left__condition=known) | Q(
        choice=Choice.RIGHT, assignment__right__condition=known
    )
    votes = Vote.objects.filter(assignment__session__study=study, assignment__kind__in=kinds, question__in=primary)
    if session is not None:
        votes = votes.filter(assignment__session=session)
    counts = votes.exclude(assignment__item__correct_condition="").values("assignment__session", "assignment__kind")
    found: dict[int, dict[str, Found]] = defaultdict(dict)
    for row in counts.annotate(shown=Count("pk"), right=Count("pk", filter=is_right)):
        found[row["assignment__session"]][row["assignment__kind"]] = Found(row["shown"], row["shown"] - row["right"])
    return found


def was_found(trial: Assignment) -> bool | None:
    """Whether the answer to the primary question is the known one; None where none is known or it has no answer."""
    right = right_side(trial)
    vote = trial.votes.order_by("question__position").first()
    return None if right is None or vote is None else vote.choice == right


def feedback_on(trial: Assignment) -> bool | None:
    """Whether the known answer of a practice trial was found; None where there is none, or the study keeps it."""
    is_told = trial.kind == TrialKind.PRACTICE and trial.state == AssignmentState.ANSWERED
    return was_found(trial) if is_told and trial.session.study.gives_feedback else None


def right_side(trial: Assignment) -> str | None:
    """left or right: where the condition stands that is known to be the answer; None where none is known."""
    known = trial.item.correct_condition
    for side, shown in ((Choice.LEFT, trial.left), (Choice.RIGHT, trial.right)):
        if known and shown.condition == known:
            return side.value
    return None
