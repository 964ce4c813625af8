"""What evaluators tell the researchers, tied to the trial they were at."""

from datetime import datetime

from studies.models import Note
from studies.queries import current_assignment

from .locks import locked_session
from .remarks import cleaned

LONGEST = 2000
MOST_OF_ONE = 20


class NothingSaid(Exception):
    """The note is empty."""


class TooManyNotes(Exception):
    """This session has told as much as it may."""


def write_note(session_id: int, text: str, *, at: datetime) -> Note:
    """Keep a note of the evaluator; what is longer than 2,000 characters is cut.

    Tied to the trial that the session is at, if it is at one. The same words sent twice are kept once.
    Raises  NothingSaid, TooManyNotes
    """
    text = cleaned(text)[:LONGEST].strip()
    if not text:
        raise NothingSaid
    with locked_session(session_id) as session:
        trial = current_assignment(session)
        if trial is not None and trial.began_at is None:
            trial = None
        if known := session.notes.filter(text=text, assignment=trial).first():
            return known
        if session.notes.count() >= MOST_OF_ONE:
            raise TooManyNotes
        return Note.objects.create(session=session, assignment=trial, text=text, at=at)


def mark_read(note_ids: list[int], *, at: datetime) -> int:
    """Mark notes as read; the first time stands. Returns how many were unread."""
    return Note.objects.filter(pk__in=note_ids, read_at__isnull=True).update(read_at=at)
