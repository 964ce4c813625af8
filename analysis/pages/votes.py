"""The page that lists the votes behind a number."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from urllib.parse import parse_qsl, urlencode

from django.core.paginator import Page, Paginator

from analysis.records import primary_question
from analysis.vote_lists import SetAsideVote, VotesWanted, adaptive_list, counted_list, set_aside_list
from studies.models import Choice, Question, Study, Vote

from .tables import Cell, Table, kept_query, table, votes_query

A_PAGE = 100
COLUMNS = ("Evaluator", "Trial", "Speaker", "Comparison group", "Chosen", "Side", "Response time", "Given")


@dataclass(frozen=True)
class Part:
    """Votes that count, or that do not: their number, the rows of one page, and addresses of its neighbours."""

    key: str
    title: str
    number: int
    table: Table
    place: str
    earlier: str
    later: str


@dataclass(frozen=True)
class VotesPage:
    """Votes of a study that were chosen by `filters`, each a name and a value."""

    study: str
    title: str
    question: str
    rehearsal: bool
    linked: bool
    query: str
    filters: tuple[tuple[str, str], ...]
    parts: tuple[Part, ...]

    @property
    def also(self) -> str:
        return f"{self.query}&" if self.query else ""


def votes_page(
    study: Study,
    question: Question,
    wanted: VotesWanted,
    *,
    rehearsal: bool,
    page: str,
    aside_page: str,
    ranked_page: str,
) -> VotesPage:
    """A hundred votes of each kind.

    page, aside_page, ranked_page  numbers as the address gives them; the first or last page where it is none
    """
    secondary = "" if question == primary_question(study) else question.key
    query = kept_query(secondary, rehearsal=rehearsal)
    kept = dict(parse_qsl(query)) | {name: value for name, value in vars(wanted).items() if value}
    counted = counted_list(study, question, wanted, rehearsal=rehearsal)
    ranked = Paginator(adaptive_list(study, question, wanted, rehearsal=rehearsal), A_PAGE)
    aside = set_aside_list(study, question, wanted, rehearsal=rehearsal)
    parts = []
    if not wanted.rule:
        parts.append(_part("page", "Votes that count", Paginator(counted, A_PAGE).get_page(page), kept, _row, ()))
        if ranked.count:
            title = "Adaptive votes, which count in the ranking only"
            parts.append(_part("ranked-page", title, ranked.get_page(ranked_page), kept, _row, ()))
    why = ("Why it does not count",)
    set_aside = Paginator(aside, A_PAGE).get_page(aside_page)
    parts.append(_part("aside-page", "Set aside", set_aside, kept, _aside_row, why))
    named = (
        ("Comparison group", wanted.contrast.replace(":", " : ")), ("Speaker", wanted.speaker),
        ("Evaluator", wanted.evaluator), ("Chosen", wanted.chosen), ("Set aside by", wanted.rule),
    )  # fmt: skip
    return VotesPage(
        study=study.key,
        title=study.title,
        question=question.text,
        rehearsal=rehearsal,
        linked=True,
        query=query,
        filters=tuple((name, value) for name, value in named if value),
        parts=tuple(parts),
    )


def _part(key: str, title: str, page: Page, kept: dict[str, str], row, further: Sequence[str]) -> Part:
    number = page.paginator.count
    rows = [row(vote) for vote in page.object_list]

    def address(there: bool, other: int) -> str:
        return urlencode(kept | {key: str(other)}) if there else ""

    place = f"Page {page.number} of {page.paginator.num_pages}" if page.paginator.num_pages > 1 else ""
    return Part(
        key=key,
        title=title,
        number=number,
        table=table(title, (*COLUMNS, *further), rows),
        place=place,
        earlier=address(page.has_previous(), page.number - 1),
        later=address(page.has_next(), page.number + 1),
    )


def _row(vote: Vote) -> tuple[Cell | str, ...]:
    trial = vote.assignment
    contrast = trial.slot.comparison.contrast
    condition = contrast.treatment if vote.choice == trial.slot.treatment_side else contrast.control
    group = f"{contrast.treatment}:{contrast.control}"
    return (
        Cell(trial.session.pseudonym, votes_query(evaluator=trial.session.pseudonym)),
        str(trial.position),
        Cell(trial.item.speaker.key, votes_query(speaker=trial.item.speaker.key)),
        Cell(f"{contrast.treatment} : {contrast.control}", votes_query(group)),
        "tie" if vote.choice == Choice.TIE else condition,
        vote.choice,
        "–" if vote.rt_ms is None else f"{vote.rt_ms / 1000:.1f} s",
        f"{vote.voted_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
    )


def _aside_row(row: SetAsideVote) -> tuple[Cell | str, ...]:
    why = "; ".join(f"{rule}: {reason}" if reason else rule for rule, reason in row.reasons)
    return (*_row(row.vote), why)
