"""When it decided: presses along each speaker's clip, those with a vote for the treatment above the line."""

from collections.abc import Sequence
from itertools import islice
from math import ceil

from analysis.remarks import BIN_MS, Moments, together
from analysis.report_parts import ContrastReport

from .drawing import Figure, Mark, Row, box, line, shortened, words
from .response_times import steps

WIDTH, LEFT, ROW, HALF, TOP = 720, 150, 36, 15, 30
MOST_DRAWN, MOST_ROWS = 30, 200
MOST_TICKS = 10
CAPTION = (
    "Where evaluators pressed that it decided, in half seconds along each speaker’s clip: blue, upwards, with a vote "
    "for the treatment; orange, downwards, with one for the control. The line is as long as the clip, and all bars "
    "have one scale. Presses with a tie are in the table alone."
)


def moments_figure(contrasts: Sequence[ContrastReport]) -> Figure | None:
    """One row an item with presses; of over 30, those with the most."""
    items = together([one for contrast in contrasts for one in contrast.moments or ()])
    if not items:
        return None
    drawn = sorted(sorted(items, key=_presses, reverse=True)[:MOST_DRAWN], key=lambda one: one.item)
    longest = max(one.length_s for one in drawn)
    step = next(size for size in steps() if longest / size <= MOST_TICKS)
    unit = (WIDTH - LEFT - 14) / (step * ceil(longest / step))
    highest = max((max(found.treatment, found.control) for one in drawn for found in one.bins), default=0)
    bottom = TOP + ROW * len(drawn)
    marks: list[Mark] = [words(LEFT, TOP - 16, "↑ treatment, ↓ control", "aside")]
    for i in range(ceil(longest / step) + 1):
        x = LEFT + step * i * unit
        marks += [line(x, TOP, x, bottom, "grid"), words(x, bottom + 18, f"{i * step:g} s", "tick", anchor="middle")]
    for i, one in enumerate(drawn):
        marks += _row(one, TOP + ROW * (i + 0.5), unit=unit, highest=max(1, highest))
    left_out = len(items) - len(drawn)
    more = f" Drawn are the {len(drawn)} of {len(items)} clips with the most presses." if left_out else ""
    return Figure(
        name="moments",
        title="When it decided: presses along each speaker’s clip",
        description=" ".join(map(_described, drawn)),
        caption=CAPTION + more,
        width=WIDTH,
        height=bottom + 28,
        marks=tuple(marks),
        columns=("Speaker", "Clip", "For treatment", "Most from", "For control", "Most from", "With a tie"),
        rows=tuple(islice(map(_table_row, items), MOST_ROWS)),
        rows_left=max(0, len(items) - MOST_ROWS),
    )


def _presses(one: Moments) -> int:
    return sum(found.treatment + found.control + found.ties for found in one.bins)


def _row(one: Moments, y: float, *, unit: float, highest: int) -> list[Mark]:
    end, width = LEFT + one.length_s * unit, BIN_MS / 1000 * unit
    marks = [words(LEFT - 10, y + 5, shortened(one.item, 18), "text", anchor="end")]
    for found in one.bins:
        x = LEFT + found.from_s * unit
        bars = (("for-all", found.treatment, -1, "treatment"), ("against-all", found.control, 0, "control"))
        for kind, votes, up, whom in bars:
            if votes:
                height = HALF * votes / highest
                hint = f"{one.item}, from {found.from_s:g} s: {votes} with a vote for the {whom}"
                marks.append(box(x, y + up * height, min(width, end - x), height, kind, hint=hint))
    marks.append(line(LEFT, y, end, y, "join"))
    return marks


def _counts(one: Moments) -> tuple[tuple[int, str], tuple[int, str]]:
    """Presses with a vote for the treatment, and for the control, each with the half second that has most of them."""
    found = []
    for whose in ("treatment", "control"):
        total = sum(getattr(found, whose) for found in one.bins)
        most = max(one.bins, key=lambda found: (getattr(found, whose), -found.from_s)) if total else None
        found.append((total, f"{most.from_s:g} s" if most else "–"))
    return found[0], found[1]


def _described(one: Moments) -> str:
    (treatment, most), (control, most_control) = _counts(one)
    return (
        f"{one.item}, {one.length_s:.1f} s: {treatment} for the treatment"
        + (f", most from {most}" if treatment else "")
        + f"; {control} for the control"
        + (f", most from {most_control}." if control else ".")
    )


def _table_row(one: Moments) -> Row:
    (treatment, most), (control, most_control) = _counts(one)
    ties = sum(found.ties for found in one.bins)
    return Row((one.item, f"{one.length_s:.1f} s", str(treatment), most, str(control), most_control, str(ties)))
