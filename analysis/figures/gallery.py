"""Every figure of a report, in the order of its page."""

from collections.abc import Sequence

from analysis.report_parts import ContrastReport, Report

from .clarity import clarity_figure
from .drawing import Figure
from .forest import forest
from .moments import moments_figure
from .panels import evaluator_caterpillar, speaker_strip
from .patterns import vote_patterns_figure
from .ranking import ranking_matrix
from .response_times import response_times_figure
from .side_order import side_and_order

NAMES = (
    "forest", "speakers", "evaluators", "how-clear", "patterns", "ranking", "side-order", "moments", "response-times",
)  # fmt: skip
OF_CONTRASTS = (
    forest, speaker_strip, evaluator_caterpillar, clarity_figure, vote_patterns_figure, side_and_order,
    moments_figure, response_times_figure,
)  # fmt: skip


class NoFigure(Exception):
    """There is no such figure, or nothing to draw in it; the message says which there are."""


def figures_of(report: Report, *, contrast: str = "") -> tuple[Figure, ...]:
    """All figures for which there is something to draw.

    contrast  only this comparison group, as "treatment:control"; "" for all
    """
    chosen: Sequence[ContrastReport] = [row for row in report.contrasts if contrast in ("", row.key)]
    drawn = [maker(chosen) for maker in OF_CONTRASTS]
    figures = {figure.name: figure for figure in (*drawn, ranking_matrix(report)) if figure}
    return tuple(figures[name] for name in NAMES if name in figures)


def figure_named(report: Report, name: str, *, contrast: str = "") -> Figure:
    """Raises  NoFigure with the names that there are."""
    figures = figures_of(report, contrast=contrast)
    for figure in figures:
        if figure.name == name:
            return figure
    known = ", ".join(figure.name for figure in figures) or "none yet"
    raise NoFigure(f"This report has no figure '{name}'. Figures here: {known}.")
