"""The results of the page: sentences and one table row a comparison group, planned and exploratory apart."""

from dataclasses import dataclass

from analysis import wording
from analysis.report_parts import ContrastReport, Report

from .tables import Cell, Table, heading, table, tables, unbroken, votes_query

COLUMNS = (
    "Comparison group", "Votes", "For treatment", "Ties", "Share", "95 % interval", "p", "p, {adjusted}", "df",
    "Effective votes", "Design effect", "Speakers", "Evaluators",
)  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """What the numbers of one comparison group say: a headline, further sentences, warnings, notes."""

    sentence: str
    further: tuple[str, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Results:
    """Planned or exploratory comparison groups; `primary` is named by the plan and stands first."""

    key: str
    title: str
    about: str
    findings: tuple[Finding, ...]
    tables: tuple[Table, ...]


def results(report: Report) -> tuple[Results, ...]:
    """Planned comparison groups, then exploratory ones; whichever there are."""
    planned = sorted(report.planned, key=lambda contrast: contrast.key != report.plan.primary)
    found = []
    if planned:
        about = ""
        if len(planned) > 1:
            about = f"Holm’s p allows for testing {len(planned)} planned comparison groups; the p before it does not."
        found.append(_results("preference", "Preference", about, planned, primary=report.plan.primary))
    if report.exploratory:
        about = wording.SECONDARY if report.secondary_to is not None else (
            "Looked at because they were there: no plan named them. They suggest, and confirm nothing; their p are "
            "adjusted by Benjamini and Hochberg’s method."
        )
        title = "Exploratory comparison groups" if report.secondary_to is None else "Preference, exploratory"
        found.append(_results("exploratory", title, about, list(report.exploratory)))
    return tuple(found)


def _results(
    key: str, title: str, about: str, contrasts: list[ContrastReport], *, primary: str | None = None
) -> Results:
    adjusted = "Benjamini-Hochberg" if key == "exploratory" else "Holm"
    columns = [column.format(adjusted=adjusted) for column in COLUMNS]
    caption = "The headline, clustered by speaker and evaluator; a tie counts one half"
    return Results(
        key=key,
        title=title,
        about=about,
        findings=tuple(_finding(contrast, primary=contrast.key == primary) for contrast in contrasts),
        tables=tables(table(caption, columns, map(_row, contrasts))),
    )


def _finding(contrast: ContrastReport, *, primary: bool) -> Finding:
    sentences = [unbroken(sentence) for sentence in contrast.sentences] or [""]
    if primary:
        sentences[0] = f"Primary: {sentences[0]}"
    return Finding(
        sentence=sentences[0],
        further=tuple(sentence for sentence in sentences[1:] if sentence),
        warnings=tuple(map(unbroken, contrast.summary.warnings)),
        notes=tuple(map(unbroken, contrast.notes)),
    )


def _row(contrast: ContrastReport) -> tuple[Cell | str, ...]:
    summary, key = contrast.summary, contrast.key
    return (
        heading(contrast),
        Cell(str(summary.votes), votes_query(key)),
        Cell(str(summary.wins), votes_query(key, chosen="treatment")),
        Cell(str(summary.ties), votes_query(key, chosen="tie")),
        Cell(wording.percent(summary.share), votes_query(key)),
        wording.percent_range(summary.interval),
        wording.p_text(summary.p),
        wording.p_text(contrast.holm_p if contrast.planned else contrast.bh_p),
        wording.number(summary.df),
        wording.number(summary.effective_votes),
        wording.number(summary.design_effect, decimals=2),
        str(summary.speakers),
        str(summary.evaluators),
    )
