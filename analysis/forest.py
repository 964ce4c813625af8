"""The forest plot, as one SVG string: how often each treatment was preferred.

Thick is the headline interval, thin the naive one. Colours come from classes in static/analysis/report.css,
because the pages' policy allows nothing inline.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from . import wording

WIDTH, LABELS, PLOT, ROW, TOP = 830, 215, 400, 54, 34
LONGEST_LABEL = 22


@dataclass(frozen=True)
class ForestRow:
    """One line of the plot. Shares 0 to 1; `headline` and `naive` are 95 % intervals or None."""

    treatment: str
    control: str
    share: float | None
    headline: tuple[float, float] | None
    naive: tuple[float, float] | None


def forest_svg(rows: Sequence[ForestRow], *, name: str) -> str:
    """An accessible SVG of all rows on one axis from 0 to 100 %, with the line at 50 %.

    name     prefix of the ids of title and description, unique on the page
    Returns  markup whose texts are escaped; without styles and scripts, so it stands under a strict policy
    """
    bottom = TOP + ROW * max(1, len(rows))
    height = bottom + 92
    marks = [_axis(bottom), *(_row(row, TOP + ROW * i + ROW / 2) for i, row in enumerate(rows))]
    description = " ".join(_described(row) for row in rows) or "No comparison groups."
    return (
        f'<svg class="forest" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-labelledby="{name}-title {name}-text" xmlns="http://www.w3.org/2000/svg">'
        f'<title id="{name}-title">Share of votes for the treatment, with 95 % intervals</title>'
        f'<desc id="{name}-text">{escape(description)}</desc>'
        f"{''.join(marks)}{_legend(bottom + 64)}</svg>"
    )


def _x(share: float) -> str:
    return f"{LABELS + PLOT * share:.1f}"


def _axis(bottom: float) -> str:
    ticks = "".join(
        f'<line class="{"half" if tick == 50 else "grid"}" x1="{_x(tick / 100)}" x2="{_x(tick / 100)}" '
        f'y1="{TOP - 10}" y2="{bottom}"/>'
        f'<text class="tick" x="{_x(tick / 100)}" y="{bottom + 20}" text-anchor="middle">{tick} %</text>'
        for tick in (0, 25, 50, 75, 100)
    )
    return (
        f"{ticks}"
        f'<text class="aside" x="{_x(0)}" y="{TOP - 18}">control preferred</text>'
        f'<text class="aside" x="{_x(1)}" y="{TOP - 18}" text-anchor="end">treatment preferred</text>'
    )


def _row(row: ForestRow, y: float) -> str:
    parts = [
        f'<text class="label" x="0" y="{y - 2:.1f}">{escape(_short(row.treatment))}</text>',
        f'<text class="aside" x="0" y="{y + 16:.1f}">over {escape(_short(row.control))}</text>',
        f'<text class="number" x="{LABELS + PLOT + 24}" y="{y - 2:.1f}">{wording.percent(row.share)}</text>',
        f'<text class="aside" x="{LABELS + PLOT + 24}" y="{y + 16:.1f}">{_interval_text(row)}</text>',
    ]
    if row.naive:
        parts.append(_interval("naive", row.naive, y + 13))
    if row.headline:
        parts.append(_interval("headline", row.headline, y))
    if row.share is not None:
        kind = "point" if row.headline else "point bare"
        parts.append(f'<circle class="{kind}" cx="{_x(row.share)}" cy="{y:.1f}" r="7"/>')
    return f"<g>{''.join(parts)}</g>"


def _interval(kind: str, interval: tuple[float, float], y: float) -> str:
    low, high = interval
    return f'<line class="{kind}" x1="{_x(low)}" x2="{_x(high)}" y1="{y:.1f}" y2="{y:.1f}"/>'


def _legend(y: float) -> str:
    return (
        f'<line class="headline" x1="0" x2="34" y1="{y - 5}" y2="{y - 5}"/>'
        f'<text class="aside" x="44" y="{y}">95 % interval, clustered by speaker and evaluator</text>'
        f'<line class="naive" x1="{WIDTH / 2}" x2="{WIDTH / 2 + 34}" y1="{y - 5}" y2="{y - 5}"/>'
        f'<text class="aside" x="{WIDTH / 2 + 44}" y="{y}">if votes were independent (not the result)</text>'
    )


def _interval_text(row: ForestRow) -> str:
    return wording.percent_range(row.headline) if row.headline else "no interval"


def _described(row: ForestRow) -> str:
    if row.share is None:
        return f"{row.treatment} over {row.control}: no votes yet."
    headline = f"95 % interval {wording.percent_range(row.headline)}" if row.headline else "no interval"
    return f"{row.treatment} over {row.control}: {wording.percent(row.share)}, {headline}."


def _short(label: str) -> str:
    return label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1]}…"
