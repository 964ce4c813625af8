"""What the report's template receives: texts, already rounded and worded, so that no number is made there."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.safestring import SafeString, mark_safe

from . import wording
from .binomial import wilson_interval
from .forest import ForestRow, forest_svg
from .preference import FEWEST_EVALUATORS
from .reports import ContrastReport, Report

NO_GENERALISING = "cannot generalise"
# A range, a per cent or a p broken over two lines is misread.
UNBROKEN = {" %": "\u00a0%", "p = ": "p\u00a0=\u00a0", "p < ": "p\u00a0<\u00a0", "–": "\u2060–\u2060"}


@dataclass(frozen=True)
class ContrastLine:
    """One contrast as the page shows it."""

    treatment: str
    control: str
    sentence: str
    further_sentences: tuple[str, ...]
    warnings: tuple[str, ...]
    without: tuple[dict[str, str], ...]
    votes: int
    wins: int
    losses: int
    ties: int
    share: str
    interval: str
    p: str
    df: str
    effective_votes: str
    design_effect: str
    signflip_speaker_p: str
    signflip_evaluator_p: str
    binomial_p: str
    clopper_pearson: str
    speakers: int
    evaluators: int
    left_share: str
    target: int
    valid: int
    live: int
    short_by: int


@dataclass(frozen=True)
class ReportPage:
    """The report's page. `forest` is markup of our own making, its texts escaped."""

    title: str
    study: str
    state: str
    question: str
    generated_at: datetime
    code_version: str
    rehearsal: bool
    sessions_needed: int
    set_aside: dict[str, int]
    lines: tuple[ContrastLine, ...]
    forest: SafeString

    @property
    def planned(self) -> int:
        return len(self.lines)

    @property
    def has_large_parts(self) -> bool:
        return any(line.without for line in self.lines)


def report_page(report: Report) -> ReportPage:
    rows = [
        ForestRow(c.summary.treatment, c.summary.control, c.summary.share, c.summary.interval, _naive(c))
        for c in report.contrasts
    ]
    return ReportPage(
        title=report.title,
        study=report.study,
        state=report.state,
        question=report.question_text,
        generated_at=report.generated_at,
        code_version=report.code_version,
        rehearsal=report.rehearsal,
        sessions_needed=report.sessions_needed,
        set_aside=report.set_aside,
        lines=tuple(_line(contrast) for contrast in report.contrasts),
        forest=mark_safe(forest_svg(rows, name="forest")),  # noqa: S308 - forest_svg escapes what it is given
    )


def _naive(contrast: ContrastReport) -> tuple[float, float] | None:
    """Wilson's interval as if votes were independent: the headline's own recipe, without the clustering."""
    summary = contrast.summary
    if summary.share is None:
        return None
    low, high = wilson_interval(summary.share, summary.votes)
    return float(low), float(high)


def _unbroken(sentence: str) -> str:
    for broken, whole in UNBROKEN.items():
        sentence = sentence.replace(broken, whole)
    return sentence


def _line(contrast: ContrastReport) -> ContrastLine:
    summary = contrast.summary
    enough = summary.evaluators >= FEWEST_EVALUATORS or summary.votes == 0
    return ContrastLine(
        treatment=summary.treatment,
        control=summary.control,
        sentence=_unbroken(contrast.sentences[0]),
        further_sentences=tuple(_unbroken(sentence) for sentence in contrast.sentences[1:]),
        warnings=summary.warnings,
        without=tuple(
            {
                "name": f"{row.kind} {row.name}",
                "votes": str(row.votes),
                "share": wording.percent(row.share),
                "interval": wording.percent_range(row.interval),
                "p": wording.p_text(row.p),
            }
            for row in summary.without
        ),
        votes=summary.votes,
        wins=summary.wins,
        losses=summary.votes - summary.wins - summary.ties,
        ties=summary.ties,
        share=wording.percent(summary.share),
        interval=wording.percent_range(summary.interval),
        p=wording.p_text(summary.p),
        df=wording.number(summary.df),
        effective_votes=wording.number(summary.effective_votes),
        design_effect=wording.number(summary.design_effect, decimals=2),
        signflip_speaker_p=wording.p_text(summary.signflip_speaker_p),
        signflip_evaluator_p=wording.p_text(summary.signflip_evaluator_p) if enough else NO_GENERALISING,
        binomial_p=wording.p_text(summary.binomial_p),
        clopper_pearson=wording.percent_range(summary.clopper_pearson),
        speakers=summary.speakers,
        evaluators=summary.evaluators,
        left_share=wording.percent(summary.left_share),
        target=contrast.target,
        valid=contrast.valid,
        live=contrast.live,
        short_by=contrast.short_by,
    )
