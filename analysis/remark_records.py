"""What evaluators added to their votes, read from a study's rows."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from studies.models import Choice, Question, Remark, Study

from .records import headline_votes, timelines_s
from .remarks import Added, Press
from .votes import CONTROL, TIE, TREATMENT

CHUNK = 2000


def added_to(study: Study, question: Question, *, rehearsal: bool) -> dict[tuple[str, str], Added]:
    """What was added to the votes that count in shares, by (treatment, control); {} where nothing can be added."""
    if not question.reasons and not study.asks_when:  # a million votes need not be read for nothing
        return {}
    offered = tuple((reason["key"], reason["text"]) for reason in question.reasons) or None
    ticked: dict[tuple[str, str], Counter[tuple[str, int]]] = defaultdict(Counter)
    presses: dict[tuple[str, str], list[Press]] = defaultdict(list)
    lengths = timelines_s(study)
    for contrast, choice, side, item, speaker, reasons, decided_s in _remarks(study, question, rehearsal=rehearsal):
        halves = TIE if choice == Choice.TIE else TREATMENT if choice == side else CONTROL
        ticked[contrast].update((reason, halves) for reason in reasons.get(question.key, []))
        if decided_s is not None:
            presses[contrast].append(Press(speaker, lengths[item], decided_s, halves))
    groups = [(contrast.treatment, contrast.control) for contrast in study.contrasts.all()]
    return {
        group: Added(offered, ticked[group], presses[group] if study.asks_when else None) for group in groups
    }


def _remarks(study: Study, question: Question, *, rehearsal: bool) -> Iterator[tuple]:
    votes = headline_votes(study, question, rehearsal=rehearsal).filter(assignment__remark__isnull=False)
    fields = votes.order_by("pk").values_list(
        "assignment__slot__comparison__contrast__treatment",
        "assignment__slot__comparison__contrast__control",
        "choice",
        "assignment__slot__treatment_side",
        "assignment__item_id",
        "assignment__item__speaker__key",
        "assignment__remark__reasons",
        "assignment__remark__decided_s",
    )
    for treatment, control, *rest in fields.iterator(CHUNK):
        yield (treatment, control), *rest


class Comment(NamedTuple):
    """What somebody wrote after one trial."""

    evaluator: str
    trial_index: int
    kind: str
    item: str
    text: str


def comments_on(study: Study, *, rehearsal: bool, most: int) -> tuple[list[Comment], int]:
    """The first so many comments, session by session, and how many there are; whatever became of their votes."""
    written = Remark.objects.filter(
        assignment__session__study=study, assignment__session__rehearsal=rehearsal
    ).exclude(comment="")
    rows = written.order_by("assignment__session_id", "assignment__position").values_list(
        "assignment__session__pseudonym", "assignment__position", "assignment__kind", "assignment__item__speaker__key",
        "comment",
    )  # fmt: skip
    return [Comment(*row) for row in rows[:most]], written.count()
