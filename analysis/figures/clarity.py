"""How clear the preferences are: one bar a comparison group, parted at no preference."""

from collections.abc import Sequence
from math import ceil
from typing import TYPE_CHECKING

from analysis import wording
from analysis.report_parts import ContrastReport

from .drawing import Figure, Mark, Row, VotesOf, box, line, shortened, words

if TYPE_CHECKING:
    from analysis.clarity import Clarity

WIDTH, LEFT, ROW, BAR, TOP = 720, 190, 58, 34, 34
LETTER = 6.8
STEP = 0.25
# From the control's end to the treatment's, as the bar is drawn.
KINDS = (
    ("clearly_control", "against-all", "clearly control"),
    ("slightly_control", "against-most", "slightly control"),
    ("neither", "even", "neither"),
    ("slightly_treatment", "for-most", "slightly treatment"),
    ("clearly_treatment", "for-all", "clearly treatment"),
)
CAPTION = (
    "Votes by how clear they are, in per cent of the comparison group’s votes. The bar is parted where there is no "
    "preference, in the middle of its grey part: what lies right of the line leans to the treatment, what lies left of "
    "it to the control."
)


def clarity_figure(contrasts: Sequence[ContrastReport]) -> Figure | None:
    shown = [(contrast, contrast.clarity) for contrast in contrasts if contrast.clarity and contrast.clarity.votes]
    if not shown:
        return None
    reach = STEP * ceil(max(max(_reach(found)) for _, found in shown) / STEP - 1e-9)
    middle, unit = (LEFT + WIDTH) / 2, (WIDTH - LEFT) / 2 / reach
    bottom = TOP + ROW * len(shown)
    marks = [
        words(LEFT, TOP - 18, "← control", "aside"),
        words(WIDTH, TOP - 18, "treatment →", "aside", anchor="end"),
        # Beneath the bars, so that it strikes through no number.
        line(middle, TOP - 10, middle, bottom, "half"),
    ]
    for i, (contrast, found) in enumerate(shown):
        marks += _row(contrast, found, TOP + ROW * i, middle=middle, unit=unit)
    return Figure(
        name="how-clear",
        title="How clear the preferences are",
        description=" ".join(_described(contrast, found) for contrast, found in shown),
        caption=CAPTION,
        width=WIDTH,
        height=bottom + 34,
        marks=(*marks, *_legend(bottom + 14)),
        columns=("Comparison group", "Votes", *(label.capitalize() for _, _, label in reversed(KINDS))),
        rows=tuple(_table_row(contrast, found) for contrast, found in shown),
    )


def _reach(found: "Clarity") -> tuple[float, float]:
    """How far the bar reaches to the control's side and to the treatment's, as parts of all votes."""
    points, half = found.points, found.points.neither / 2
    return (
        (points.clearly_control + points.slightly_control + half) / found.votes,
        (points.clearly_treatment + points.slightly_treatment + half) / found.votes,
    )


def _row(contrast: ContrastReport, found: "Clarity", top: float, *, middle: float, unit: float) -> list[Mark]:
    summary = contrast.summary
    marks = [
        words(0, top + 22, shortened(summary.treatment, 22), "label"),
        words(0, top + 40, f"over {shortened(summary.control, 22)}", "aside"),
    ]
    x = middle - _reach(found)[0] * unit
    for name, kind, label in KINDS:
        votes = getattr(found.points, name)
        length = votes / found.votes * unit
        if not votes:
            continue
        marks.append(box(x, top + 12, length, BAR, kind, hint=f"{label}: {_votes(votes, found)}"))
        text = f"{100 * votes / found.votes:.0f} %"
        if len(text) * LETTER + 4 < length:
            marks.append(words(x + length / 2, top + 34, text, f"on-{kind}", anchor="middle"))
        x += length
    return marks


def _legend(y: float) -> list[Mark]:
    marks, x = [], 0.0
    for _, kind, label in KINDS:
        marks += [box(x, y, 14, 14, kind), words(x + 20, y + 12, label, "aside")]
        x += 44 + LETTER * len(label)
    return marks


def _votes(votes: int, found: "Clarity") -> str:
    return f"{votes} of {found.votes} ({wording.percent(votes / found.votes)})"


def _described(contrast: ContrastReport, found: "Clarity") -> str:
    told = ", ".join(f"{label} {getattr(found.points, name)}" for name, _, label in reversed(KINDS))
    return f"{contrast.summary.treatment} over {contrast.summary.control}, {found.votes} votes: {told}."


def _table_row(contrast: ContrastReport, found: "Clarity") -> Row:
    cells = (getattr(found.points, name) for name, _, _ in reversed(KINDS))
    texts = (f"{votes} ({wording.percent(votes / found.votes)})" for votes in cells)
    name = f"{contrast.summary.treatment} : {contrast.summary.control}"
    return Row((name, str(found.votes), *texts), VotesOf(contrast.key))
