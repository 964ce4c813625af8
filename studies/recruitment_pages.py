"""What the pages between us and a platform are given."""

from dataclasses import dataclass

from .ending import HandInForm
from .models import Session
from .queries import current_assignment
from .services.noting import LONGEST
from .texts import title_of


@dataclass(frozen=True)
class HandInPage:
    """fields: of the form, by name."""

    title: str
    action: str
    fields: dict[str, str]


def hand_in_page(session: Session, form: HandInForm) -> HandInPage:
    return HandInPage(title_of(session.study, session.language), form.action, form.fields)


@dataclass(frozen=True)
class NotePage:
    """is_at_trial: the note will be tied to the trial that the session is at."""

    title: str
    is_at_trial: bool
    is_sent: bool
    problem: str
    longest: int = LONGEST


def note_page(session: Session, *, is_sent: bool = False, problem: str = "") -> NotePage:
    trial = current_assignment(session)
    is_at_trial = trial is not None and trial.began_at is not None
    return NotePage(title_of(session.study, session.language), is_at_trial, is_sent, problem)
