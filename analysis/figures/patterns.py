"""Unanimity: how many items went 4:0, 3:1 and so on, beside what independent votes would give."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from analysis import wording
from analysis.report_parts import ContrastReport

from .drawing import Figure, Mark, Row, VotesOf, box, shortened, words

if TYPE_CHECKING:
    from analysis.patterns import Pattern

WIDTH, LEFT, BAR, HEAD, GAP = 720, 150, 38, 26, 22
MOST_DRAWN = 12
LETTER = 7.2
CAPTION = (
    "Items by their votes, treatment before control, and how many items there are of each: blue where more chose the "
    "treatment, orange where more chose the control, grey where as many. The upper bar is what was seen, the lower one "
    "what independent votes of the same share would give. More unanimous items than expected: the speakers’ clips "
    "differ."
)


def vote_patterns_figure(contrasts: Sequence[ContrastReport]) -> Figure | None:
    shown = [(contrast, contrast.patterns) for contrast in contrasts if contrast.patterns]
    if not shown:
        return None
    drawn = shown[:MOST_DRAWN]
    marks: list[Mark] = []
    top = 0.0
    for contrast, patterns in drawn:
        heading = f"{shortened(contrast.summary.treatment, 30)} over {shortened(contrast.summary.control, 30)}"
        marks.append(words(0, top + 14, heading, "label"))
        keys, lower = _ordered(patterns), top + HEAD + BAR + 6
        marks += _bar("seen", {key: patterns[key].observed for key in keys}, top + HEAD)
        marks += _bar("if independent", {key: patterns[key].expected for key in keys}, lower)
        top += HEAD + 2 * BAR + 6 + GAP
    more = f" Drawn are the first {len(drawn)} of {len(shown)} comparison groups." if len(shown) > len(drawn) else ""
    return Figure(
        name="patterns",
        title="How the votes on each item fell, and how independent votes would",
        description=" ".join(_described(contrast, patterns) for contrast, patterns in drawn),
        caption=CAPTION + more,
        width=WIDTH,
        height=top - GAP + 6,
        marks=tuple(marks),
        columns=("Comparison group", "Votes treatment : control", "Items", "If votes were independent"),
        rows=tuple(row for contrast, patterns in shown for row in _rows(contrast, patterns)),
    )


def kind_of(pattern: str) -> str:
    """Which colour: all, most, half, fewer or none of an item's votes were for the treatment."""
    treatment, control = map(int, pattern.split(":"))
    if treatment == control:
        return "even"
    side = "for" if treatment > control else "against"
    return f"{side}-{'all' if 0 in (treatment, control) else 'most'}"


def _ordered(patterns: "Mapping[str, Pattern]") -> list[str]:
    """From all for the treatment to all for the control, more votes first."""

    def place(pattern: str) -> tuple[float, int]:
        treatment, control = map(int, pattern.split(":"))
        return -treatment / max(1, treatment + control), -(treatment + control)

    return sorted(patterns, key=place)


def _bar(label: str, items: Mapping[str, float], y: float) -> list[Mark]:
    marks = [words(LEFT - 10, y + 24, label, "aside", anchor="end")]
    total, x = sum(items.values()), float(LEFT)
    for pattern, number in items.items():
        length = (WIDTH - LEFT) * number / total if total else 0.0
        if length < 0.05:
            continue
        kind = kind_of(pattern)
        marks.append(box(x, y, length, BAR, kind, hint=f"{pattern}: {_items(number)}"))
        texts = (pattern, _count(number))
        if max(map(len, texts)) * LETTER + 4 < length:
            lines = zip(texts, (y + 16, y + 31), strict=True)
            marks += [words(x + length / 2, at, text, f"on-{kind}", anchor="middle") for text, at in lines]
        x += length
    return marks


def _count(number: float) -> str:
    return str(int(number)) if number == int(number) else wording.number(number)


def _items(number: float) -> str:
    return f"{_count(number)} {'item' if number == 1 else 'items'}"


def _described(contrast: ContrastReport, patterns: "Mapping[str, Pattern]") -> str:
    told = ", ".join(
        f"{key} {_count(patterns[key].observed)} (expected {_count(patterns[key].expected)})"
        for key in _ordered(patterns)
    )
    return f"{contrast.summary.treatment} over {contrast.summary.control}: {told}."


def _rows(contrast: ContrastReport, patterns: "Mapping[str, Pattern]") -> list[Row]:
    name = f"{contrast.summary.treatment} : {contrast.summary.control}"
    return [
        Row((name, key, _count(patterns[key].observed), wording.number(patterns[key].expected)), VotesOf(contrast.key))
        for key in _ordered(patterns)
    ]
