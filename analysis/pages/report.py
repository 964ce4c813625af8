"""What the report's template receives."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.safestring import SafeString, mark_safe

from analysis.figures.drawing import Figure, Row, VotesOf, svg_file, svg_in_page
from analysis.figures.forest import narrow_forest
from analysis.figures.gallery import figures_of
from analysis.methods_text import methods_paragraph
from analysis.report_parts import Report

from .additions import how_clear, why
from .looks import looks
from .results import Results, results
from .sections import Step, agreement, exclusions, fill, flow_steps, groups, plan, ranking, response_times
from .sensitivity import sensitivity, side_and_order
from .tables import Cell, Section, Table, kept_query, table, unbroken, votes_query


@dataclass(frozen=True)
class ShownFigure:
    """A figure with the table under it. `svg` is markup of our own making, its texts escaped.

    narrow  the same for a phone, "" where there is none and the figure scrolls sideways
    """

    name: str
    title: str
    caption: str
    svg: SafeString
    narrow: SafeString
    table: Table
    cut: str


@dataclass(frozen=True)
class ReportPage:
    """The report's page.

    query   what keeps a page on its question and on the rehearsal: "", "question=warm", "include-rehearsal=1" or both
    other   the same of the page of evaluators' votes where this is a rehearsal's, and the other way round
    linked  whether numbers open the votes behind them; not so in a file of its own
    """

    title: str
    study: str
    state: str
    question: str
    generated_at: datetime | None
    code_version: str
    rehearsal: bool
    linked: bool
    query: str
    other: str
    results: tuple[Results, ...]
    figures: tuple[ShownFigure, ...]
    checks: tuple[Section, ...]
    flow: tuple[Step, ...]
    exclusions: Section
    plan: Section
    fill: Section
    methods: str

    @property
    def also(self) -> str:
        """What stands before a further parameter of an address."""
        return f"{self.query}&" if self.query else ""


def report_page(report: Report) -> ReportPage:
    return _page(report, linked=True)


def report_file_page(report: Report) -> ReportPage:
    """The same for a file of its own: figures carry their colours, nothing is linked."""
    return _page(report, linked=False)


def _page(report: Report, *, linked: bool) -> ReportPage:
    question = "" if report.secondary_to is None else report.question
    parts = (looks, how_clear, why, sensitivity, side_and_order, agreement, ranking, response_times, groups)
    checks = [part(report) for part in parts]
    return ReportPage(
        title=report.title,
        study=report.study,
        state=report.state,
        question=report.question_text,
        generated_at=report.generated_at,
        code_version=report.code_version,
        rehearsal=report.rehearsal,
        linked=linked,
        query=kept_query(question, rehearsal=report.rehearsal),
        other=kept_query(question, rehearsal=not report.rehearsal),
        results=results(report),
        figures=tuple(_shown(figure, report, inline=linked) for figure in figures_of(report)),
        checks=tuple(section for section in checks if not section.is_empty) if report.contrasts else (),
        flow=flow_steps(report),
        exclusions=exclusions(report),
        plan=plan(report),
        fill=fill(report),
        methods=unbroken(methods_paragraph(report)),
    )


def _shown(figure: Figure, report: Report, *, inline: bool) -> ShownFigure:
    markup = svg_in_page(figure) if inline else svg_file(figure).partition("?>\n")[2]
    narrow = narrow_forest(report.contrasts) if inline and figure.name == "forest" else None
    return ShownFigure(
        name=figure.name,
        title=figure.title,
        caption=unbroken(figure.caption),
        svg=mark_safe(markup),  # noqa: S308 - drawing.py escapes every text
        narrow=mark_safe(svg_in_page(narrow) if narrow else ""),  # noqa: S308
        table=table(f"Numbers of the figure: {figure.title}", figure.columns, map(_cells, figure.rows)),
        cut=f"{figure.rows_left} further rows are in the numbers (JSON)." if figure.rows_left else "",
    )


def _cells(row: Row) -> tuple[Cell, ...]:
    """The first number opens the votes: it stands after the heading, and after the person where the row is of one."""
    of = row.of or VotesOf()
    place = 2 if of.speaker or of.evaluator else 1
    query = votes_query(of.contrast, speaker=of.speaker, evaluator=of.evaluator) if row.of else ""
    return tuple(Cell(text, query if i == place else "") for i, text in enumerate(row.cells))
