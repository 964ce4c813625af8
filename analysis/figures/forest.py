"""The forest plot: how often each treatment was preferred, with the headline's interval and the naive one."""

from collections.abc import Sequence
from dataclasses import replace

from analysis import wording
from analysis.binomial import wilson_interval
from analysis.report_parts import ContrastReport

from .axes import TICKS, ShareAxis
from .drawing import Figure, Mark, Row, VotesOf, dot, line, shortened, words

WIDTH, ROW, TOP = 720, 54, 34
AXIS = ShareAxis(190, 370)
NUMBERS = 582
NARROW, NARROW_ROW, NARROW_AXIS = 360, 84, ShareAxis(16, 320)
CAPTION = (
    "How often each treatment was preferred. Thick: the 95 % interval of the headline, for further speakers and "
    "evaluators. Thin: the interval if all votes were independent, which they are not. The dashed line is 50 %, "
    "no preference."
)


def forest(contrasts: Sequence[ContrastReport]) -> Figure | None:
    if not contrasts:
        return None
    bottom = TOP + ROW * len(contrasts)
    marks = [
        words(AXIS.at(0), TOP - 18, "control preferred", "aside"),
        words(AXIS.at(1), TOP - 18, "treatment preferred", "aside", anchor="end"),
        *AXIS.lying(TOP - 10, bottom),
        *(mark for i, row in enumerate(contrasts) for mark in _row(row, TOP + ROW * i + ROW / 2)),
        *_legend(bottom + 54, "95 % interval, clustered by speaker and evaluator"),
    ]
    return Figure(
        name="forest",
        title="Share of votes for the treatment, with 95 % intervals",
        description=" ".join(map(_described, contrasts)),
        caption=CAPTION,
        width=WIDTH,
        height=bottom + 66,
        marks=tuple(marks),
        columns=("Comparison group", "Share", "95 % interval", "If votes were independent"),
        rows=tuple(_table_row(contrast) for contrast in contrasts),
    )


def narrow_forest(contrasts: Sequence[ContrastReport]) -> Figure | None:
    """The same for a phone: names and numbers stand over the interval, and all of it is as wide as the screen."""
    wide = forest(contrasts)
    if wide is None:
        return None
    bottom = TOP + NARROW_ROW * len(contrasts)
    ticks = [words(NARROW_AXIS.at(tick / 100), bottom + 18, f"{tick} %", "tick", anchor="middle") for tick in TICKS]
    marks = [
        words(0, TOP - 18, "← control preferred", "aside"),
        words(NARROW, TOP - 18, "treatment preferred →", "aside", anchor="end"),
        *(mark for i, row in enumerate(contrasts) for mark in _narrow_row(row, TOP + NARROW_ROW * i)),
        *ticks,
        *_legend(bottom + 48, "95 % interval (the result)", second=(0, 22)),
    ]
    return replace(wide, name="forest-narrow", width=NARROW, height=bottom + 80, marks=tuple(marks))


def _narrow_row(contrast: ContrastReport, top: float) -> list[Mark]:
    summary, y = contrast.summary, top + 62
    names = f"{shortened(summary.treatment, 17)} over {shortened(summary.control, 17)}"
    grid = [
        line(NARROW_AXIS.at(tick / 100), y - 16, NARROW_AXIS.at(tick / 100), y + 20, "half" if tick == 50 else "grid")
        for tick in TICKS
    ]
    return [
        words(0, top + 16, names, "label"),
        words(0, top + 36, f"{wording.percent(summary.share)}, {_interval_text(contrast)}", "text"),
        *grid,
        *_intervals(contrast, NARROW_AXIS, y),
    ]


def naive_interval(contrast: ContrastReport) -> tuple[float, float] | None:
    """Wilson's interval as if votes were independent: the headline's own recipe without the clustering."""
    if contrast.summary.share is None:
        return None
    low, high = wilson_interval(contrast.summary.share, contrast.summary.votes)
    return float(low), float(high)


def _row(contrast: ContrastReport, y: float) -> list[Mark]:
    summary = contrast.summary
    return [
        words(0, y - 2, shortened(summary.treatment, 22), "label"),
        words(0, y + 16, f"over {shortened(summary.control, 22)}", "aside"),
        words(NUMBERS, y - 2, wording.percent(summary.share), "label"),
        words(NUMBERS, y + 16, _interval_text(contrast), "aside"),
        *_intervals(contrast, AXIS, y),
    ]


def _intervals(contrast: ContrastReport, axis: ShareAxis, y: float) -> list[Mark]:
    summary, naive = contrast.summary, naive_interval(contrast)
    marks = []
    if naive:
        marks.append(line(axis.at(naive[0]), y + 13, axis.at(naive[1]), y + 13, "naive"))
    if summary.interval:
        low, high = summary.interval
        marks.append(line(axis.at(low), y, axis.at(high), y, "headline"))
    if summary.share is not None:
        marks.append(dot(axis.at(summary.share), y, 7, "point" if summary.interval else "bare"))
    return marks


def _legend(y: float, result: str, *, second: tuple[float, float] = (390, 0)) -> list[Mark]:
    """Two signs and what they mean; `second` is how far the second stands from the first."""
    x, below = second
    return [
        line(0, y - 5, 34, y - 5, "headline"),
        words(44, y, result, "aside"),
        line(x, y + below - 5, x + 34, y + below - 5, "naive"),
        words(x + 44, y + below, "if votes were independent (not the result)", "aside"),
    ]


def _interval_text(contrast: ContrastReport) -> str:
    interval = contrast.summary.interval
    return wording.percent_range(interval) if interval else "no interval"


def _described(contrast: ContrastReport) -> str:
    summary = contrast.summary
    if summary.share is None:
        return f"{summary.treatment} over {summary.control}: no votes yet."
    interval = f"95 % interval {wording.percent_range(summary.interval)}" if summary.interval else "no interval"
    return f"{summary.treatment} over {summary.control}: {wording.percent(summary.share)}, {interval}."


def _table_row(contrast: ContrastReport) -> Row:
    summary = contrast.summary
    cells = (
        f"{summary.treatment} : {summary.control}",
        wording.percent(summary.share),
        wording.percent_range(summary.interval),
        wording.percent_range(naive_interval(contrast)),
    )
    return Row(cells, VotesOf(contrast.key))
