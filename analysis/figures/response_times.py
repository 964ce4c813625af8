"""Response times: how long evaluators took, group by group."""

from collections.abc import Sequence
from math import ceil
from typing import TYPE_CHECKING

from analysis.report_parts import ContrastReport

from .drawing import Figure, Mark, Row, VotesOf, dot, line, shortened, words

if TYPE_CHECKING:
    from analysis.response_times import ResponseTimes

WIDTH, LEFT, LENGTH, ROW, TOP = 720, 190, 510, 44, 14
CAPTION = (
    "From the first frame of the slower listener to the confirming key. The dot is the median, the bar holds the "
    "middle half of the votes."
)


def response_times_figure(contrasts: Sequence[ContrastReport]) -> Figure | None:
    shown = [(contrast, contrast.rt) for contrast in contrasts if contrast.rt]
    if not shown:
        return None
    longest = max(1.0, *(times.quartiles_ms[1] / 1000 for _, times in shown))
    step = next(size for size in steps() if longest / size <= 8)
    longest = step * ceil(longest / step)
    bottom = TOP + ROW * len(shown)
    marks: list[Mark] = []
    for i in range(round(longest / step) + 1):
        x = LEFT + LENGTH * i * step / longest
        marks.append(line(x, TOP - 8, x, bottom, "grid"))
        marks.append(words(x, bottom + 18, f"{i * step:g} s", "tick", anchor="middle"))
    for i, (contrast, times) in enumerate(shown):
        marks += _row(contrast, times, TOP + ROW * i + ROW / 2, longest)
    return Figure(
        name="response-times",
        title="Response times in seconds, from zero",
        description=" ".join(_described(contrast, times) for contrast, times in shown),
        caption=CAPTION,
        width=WIDTH,
        height=bottom + 28,
        marks=tuple(marks),
        columns=("Comparison group", "Median", "Lower quartile", "Upper quartile"),
        rows=tuple(
            Row(
                (
                    f"{contrast.summary.treatment} : {contrast.summary.control}",
                    seconds(times.median_ms),
                    *map(seconds, times.quartiles_ms),
                ),
                VotesOf(contrast.key),
            )
            for contrast, times in shown
        ),
    )


def seconds(ms: float) -> str:
    return f"{ms / 1000:.1f} s"


def steps():
    """1, 2, 5, 10, 20, 50 … seconds: round numbers for an axis."""
    size = 1
    while True:
        yield from (size, 2 * size, 5 * size)
        size *= 10


def _row(contrast: ContrastReport, times: "ResponseTimes", y: float, longest: float) -> list[Mark]:
    def at(ms: float) -> float:
        return LEFT + LENGTH * ms / 1000 / longest

    low, high = times.quartiles_ms
    return [
        words(0, y - 2, shortened(contrast.summary.treatment, 22), "label"),
        words(0, y + 15, f"over {shortened(contrast.summary.control, 22)}", "aside"),
        line(at(low), y, at(high), y, "spread", hint=f"{seconds(low)} to {seconds(high)}"),
        dot(at(times.median_ms), y, 7, "point", hint=f"Median {seconds(times.median_ms)}"),
    ]


def _described(contrast: ContrastReport, times: "ResponseTimes") -> str:
    return (
        f"{contrast.summary.treatment} over {contrast.summary.control}: median {seconds(times.median_ms)}, middle half "
        f"{seconds(times.quartiles_ms[0])} to {seconds(times.quartiles_ms[1])}."
    )
