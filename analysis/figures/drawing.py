"""What a figure is made of, and how it becomes SVG: in a page by classes, as a file by fixed light colours.

A page's policy allows nothing inline, so there the colours come from static/analysis/figures.css, light or dark. A
file goes into a paper: it carries its colours itself and knows no variables.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

# Arial's metrics first; the last one comes with typst, for a machine without any font.
FONTS = "Liberation Sans, Arimo, Arial, Helvetica, DejaVu Sans, Noto Sans, Libertinus Serif"
INK, MUTED, LINE, BLUE, ORANGE = "#1b2226", "#55606a", "#c9cdd0", "#0072b2", "#a34500"
MARGIN = 10
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# What each kind of mark looks like in a file; figures.css says the same for pages, and a test compares the names.
FILE_STYLES: dict[str, dict[str, str]] = {
    "label": {"fill": INK, "font-size": "15", "font-weight": "700"},
    "text": {"fill": INK, "font-size": "14"},
    "aside": {"fill": MUTED, "font-size": "13"},
    "tick": {"fill": MUTED, "font-size": "12"},
    "grid": {"stroke": LINE, "stroke-width": "1"},
    "half": {"stroke": MUTED, "stroke-width": "1.5", "stroke-dasharray": "5 4"},
    "headline": {"stroke": BLUE, "stroke-width": "7"},
    "naive": {"stroke": ORANGE, "stroke-width": "2"},
    "mean": {"stroke": BLUE, "stroke-width": "1.5"},
    "whisker": {"stroke": MUTED, "stroke-width": "1.5"},
    "spread": {"stroke": BLUE, "stroke-width": "7"},
    "point": {"fill": "#ffffff", "stroke": BLUE, "stroke-width": "4"},
    "bare": {"fill": "#ffffff", "stroke": MUTED, "stroke-width": "2"},
    "dot": {"fill": BLUE},
    "second": {"fill": ORANGE},
    "join": {"stroke": MUTED, "stroke-width": "1.5"},
    "for-all": {"fill": "#00558a", "stroke": "#ffffff", "stroke-width": "1"},
    "for-most": {"fill": "#9ccbe8", "stroke": "#ffffff", "stroke-width": "1"},
    "even": {"fill": "#dcdcdc", "stroke": "#ffffff", "stroke-width": "1"},
    "against-most": {"fill": "#f3bd92", "stroke": "#ffffff", "stroke-width": "1"},
    "against-all": {"fill": ORANGE, "stroke": "#ffffff", "stroke-width": "1"},
    "on-for-all": {"fill": "#ffffff", "font-size": "13"},
    "on-for-most": {"fill": INK, "font-size": "13"},
    "on-even": {"fill": INK, "font-size": "13"},
    "on-against-most": {"fill": INK, "font-size": "13"},
    "on-against-all": {"fill": "#ffffff", "font-size": "13"},
}


class VotesOf(NamedTuple):
    """Which votes a number was counted from; "" means any."""

    contrast: str = ""
    speaker: str = ""
    evaluator: str = ""


class Row(NamedTuple):
    """One row of the table under a figure: a heading, then texts; `of` names the votes behind them."""

    cells: tuple[str, ...]
    of: VotesOf | None = None


class Mark(NamedTuple):
    """One shape or text; `kind` decides how it looks, `hint` is what a pointer resting on it is told."""

    tag: str
    kind: str
    places: tuple[tuple[str, str], ...]
    text: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Figure:
    """A figure with its text alternative and the numbers that it shows.

    width, height  in units of the drawing, without the margin of a file
    description    for who cannot see it: what it shows, in sentences
    caption        what its signs mean
    rows           the table under it, first cell the row's heading
    rows_left      how many more rows there are in the report's numbers
    """

    name: str
    title: str
    description: str
    caption: str
    width: float
    height: float
    marks: tuple[Mark, ...]
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    rows_left: int = 0


def words(x: float, y: float, content: str, kind: str, *, anchor: str = "start", upright: bool = False) -> Mark:
    """A text whose baseline begins (or ends, or is centred) here; `upright` reads from bottom to top."""
    places = [("x", _number(x)), ("y", _number(y))]
    if anchor != "start":
        places.append(("text-anchor", anchor))
    if upright:
        places.append(("transform", f"rotate(-90 {_number(x)} {_number(y)})"))
    return Mark("text", kind, tuple(places), text=content)


def line(x1: float, y1: float, x2: float, y2: float, kind: str, *, hint: str = "") -> Mark:
    ends = zip(("x1", "y1", "x2", "y2"), map(_number, (x1, y1, x2, y2)), strict=True)
    return Mark("line", kind, tuple(ends), hint=hint)


def dot(x: float, y: float, radius: float, kind: str, *, hint: str = "") -> Mark:
    return Mark("circle", kind, (("cx", _number(x)), ("cy", _number(y)), ("r", _number(radius))), hint=hint)


def box(x: float, y: float, width: float, height: float, kind: str, *, hint: str = "") -> Mark:
    sides = zip(("x", "y", "width", "height"), map(_number, (x, y, width, height)), strict=True)
    return Mark("rect", kind, tuple(sides), hint=hint)


def shortened(label: str, longest: int) -> str:
    """Its beginning and its end: names that begin alike differ at the end."""
    if len(label) <= longest:
        return label
    end = (longest - 1) // 3
    return f"{label[: longest - 1 - end]}…{label[len(label) - end :]}"


def svg_in_page(figure: Figure) -> str:
    """Markup without styles, scripts or addresses; its texts escaped, its ids begin with the figure's name."""
    marks = (_painted(mark, f' class="{mark.kind}"') for mark in figure.marks)
    size = f'width="{_number(figure.width)}" height="{_number(figure.height)}"'
    return _document(figure, f' class="figure {figure.name}" {size}', marks)


def svg_file(figure: Figure) -> str:
    """A file of its own: fixed colours on white, text as text, MARGIN around it."""
    marks = (_painted(mark, _attributes(FILE_STYLES[mark.kind].items())) for mark in figure.marks)
    width, height = map(_number, file_size(figure))
    size = f' width="{width}" height="{height}" font-family={quoteattr(FONTS)}'
    ground = f'<rect x="-{MARGIN}" y="-{MARGIN}" width="{width}" height="{height}" fill="#ffffff"/>'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{_document(figure, size, (ground, *marks), margin=MARGIN)}\n'


def file_size(figure: Figure) -> tuple[float, float]:
    """Width and height of its file, in units of the drawing."""
    return figure.width + 2 * MARGIN, figure.height + 2 * MARGIN


def _document(figure: Figure, attributes: str, marks: Iterable[str], *, margin: int = 0) -> str:
    name, width, height = figure.name, figure.width + 2 * margin, figure.height + 2 * margin
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg"{attributes} '
        f'viewBox="{-margin} {-margin} {_number(width)} {_number(height)}" '
        f'role="img" aria-labelledby="{name}-title {name}-text">'
        f'<title id="{name}-title">{_escaped(figure.title)}</title>'
        f'<desc id="{name}-text">{_escaped(figure.description)}</desc>{"".join(marks)}</svg>'
    )


def _painted(mark: Mark, style: str) -> str:
    inside = f"<title>{_escaped(mark.hint)}</title>" if mark.hint else _escaped(mark.text)
    start = f"<{mark.tag}{style}{_attributes(mark.places)}"
    return f"{start}>{inside}</{mark.tag}>" if inside else f"{start}/>"


def _attributes(pairs: Iterable[tuple[str, str]]) -> str:
    return "".join(f' {name}="{value}"' for name, value in pairs)


def _escaped(text: str) -> str:
    return escape(NOT_XML.sub("\ufffd", text))


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
