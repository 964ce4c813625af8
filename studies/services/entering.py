"""Entering a study: what evaluators answer before their trials, and who cannot take part."""

from collections.abc import Mapping
from datetime import datetime

from studies.entry import TRIES, EntryAsked
from studies.entry_queries import is_accepted, questions_due, trials_left, tries_of
from studies.models import EntryKind, EntryQuestion, Session, Study

from .locks import locked_session
from .sessions import Place, Stage, resume, screen_out


class EntryIncomplete(Exception):
    """Some of the questions have no answer; `missing` are their keys. Nothing was kept."""

    def __init__(self, missing: list[str]):
        super().__init__(", ".join(missing))
        self.missing = missing


def answer_entry(session_id: int, answers: Mapping[str, str], *, tries: int, at: datetime) -> Place:
    """Keep one answer to each question that is due, and screen out whom the study cannot take.

    answers  option by question, by their keys
    tries    how often the questions were answered before, as the page knew: one that was sent twice, or that is
             left open in another tab, counts once
    Returns  where the session is now; of a group with places, its trials are promised to it
    Raises   EntryIncomplete
    """
    with locked_session(session_id) as session:
        place = resume(session_id, at=at)
        session.refresh_from_db()
        due = questions_due(session) if place.stage == Stage.ENTRY else []
        if not due or tries != len(tries_of(session, due[0])):
            return place
        missing = [row.key for row in due if answers.get(row.key) not in [one["key"] for one in row.options]]
        if missing:
            raise EntryIncomplete(missing)
        for row in due:
            session.entry_answers[row.key] = [*tries_of(session, row), answers[row.key]]
            if row.kind == EntryKind.GROUP:
                session.group = answers[row.key]
        session.save(update_fields=["entry_answers", "group"])
        if ended_by := next((row for row in due if _ends(session, row)), None):
            screen_out(session, why=ended_by.key, at=at)
        return resume(session_id, at=at)


def answer_rightly(session_id: int, *, at: datetime) -> Place:
    """Answer what is due as a simulated evaluator does: so as to go on, for the group that has the most room."""
    session = Session.objects.select_related("study").get(pk=session_id)
    due = questions_due(session)
    tries = len(tries_of(session, due[0])) if due else 0
    return answer_entry(session_id, right_answers(session), tries=tries, at=at)


def right_answers(session: Session) -> dict[str, str]:
    """An option that lets one go on, by question that is due."""
    return {
        row.key: _roomiest(session, row) if row.kind == EntryKind.GROUP else row.accepted[0]
        for row in questions_due(session)
    }


def _roomiest(session: Session, question: EntryQuestion) -> str:
    """The first of the groups with the most trials left."""

    def room(key: str) -> float:
        left = trials_left(session.study, key, rehearsal=session.rehearsal)
        return float("inf") if left is None else left

    return max((one["key"] for one in question.options), key=room)


def _ends(session: Session, question: EntryQuestion) -> bool:
    """A screener answer ends at once, comprehension after as many tries as there are."""
    if question.kind == EntryKind.GROUP or is_accepted(session, question):
        return False
    return question.kind == EntryKind.SCREENER or len(tries_of(session, question)) >= TRIES


def raise_places(study: Study, *, before: int, now: int) -> str:
    """Places of each group in step with the votes wanted a comparison, rounded up. Call under the study's lock.

    Returns  a sentence for the deviation; empty where no group has places
    """
    told = []
    for row in study.entry_questions.filter(kind=EntryKind.GROUP):
        for option in row.options:
            if option.get("places"):
                raised = -(-option["places"] * now // before)
                told.append(f"{option['key']} {option['places']} -> {raised}")
                option["places"] = raised
        row.save(update_fields=["options"])
    return f"Places by group: {', '.join(told)}. " if told else ""


def keep_entry_questions(study: Study, asked: tuple[EntryAsked, ...]) -> list[EntryQuestion]:
    """The questions of a draft, in this order. Call under the study's lock, or as it is made."""
    return EntryQuestion.objects.bulk_create(
        EntryQuestion(
            study=study,
            kind=one.kind,
            key=one.key,
            text=one.text,
            options=[
                {"key": option.key, "text": option.text, **({"places": option.places} if option.places else {})}
                for option in one.options
            ],
            accepted=list(one.accepted),
            explanation=one.explanation,
            position=position,
        )
        for position, one in enumerate(asked)
    )
