"""What the report's page is made of: texts, rounded and worded, so that no number is made in a template."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlencode

from analysis import wording
from analysis.report_parts import ContrastReport

# A range, a per cent or a p broken over two lines is misread.
UNBROKEN = {" %": "\u00a0%", "p = ": "p\u00a0=\u00a0", "p < ": "p\u00a0<\u00a0", "–": "\u2060–\u2060"}


class Cell(NamedTuple):
    """One cell; `votes` is the query that opens the votes behind it, "" where there are none."""

    text: str
    votes: str = ""


@dataclass(frozen=True)
class Table:
    """A table; the first cell of a row is its heading.

    words   whether its cells hold sentences, which may break over lines
    folded  whether only the caption shows until it is opened
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    words: bool = False
    folded: bool = False


@dataclass(frozen=True)
class Section:
    """One part of the page: a heading, paragraphs, notices, tables. Empty parts are left out by who makes the page."""

    key: str
    title: str
    paragraphs: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.paragraphs or self.notices or self.tables)


def votes_query(
    contrast: str = "", *, speaker: str = "", evaluator: str = "", chosen: str = "", rule: str = ""
) -> str:
    """The part of an address that names votes; parameters without a value are left out."""
    named = {"contrast": contrast, "speaker": speaker, "evaluator": evaluator, "chosen": chosen, "rule": rule}
    return urlencode({name: value for name, value in named.items() if value}) or "all=1"


def kept_query(question: str, *, rehearsal: bool) -> str:
    """The part of an address that keeps a page on a secondary question ("" is the primary one) and on a rehearsal."""
    return urlencode(({"question": question} if question else {}) | ({"include-rehearsal": 1} if rehearsal else {}))


def heading(contrast: ContrastReport) -> Cell:
    return Cell(f"{contrast.summary.treatment} : {contrast.summary.control}")


def table(caption: str, columns: Iterable[str], rows: Iterable[Iterable[Cell | str]], *, words: bool = False) -> Table:
    """Cells may be given as texts."""
    made = (tuple(cell if isinstance(cell, Cell) else Cell(cell) for cell in row) for row in rows)
    return Table(caption, tuple(columns), tuple(made), words)


def tables(*found: Table) -> tuple[Table, ...]:
    """Those that have rows."""
    return tuple(each for each in found if each.rows)


def unbroken(sentence: str) -> str:
    for broken, whole in UNBROKEN.items():
        sentence = sentence.replace(broken, whole)
    return sentence


def signed(value: float | None, *, decimals: int = 2) -> str:
    """A number that may be negative, with a minus sign in place of a hyphen."""
    return wording.number(value, decimals=decimals).replace("-", "−")


def signed_range(interval: tuple[float, float] | None, *, decimals: int = 2) -> str:
    if interval is None:
        return wording.NONE
    return " to ".join(signed(end, decimals=decimals) for end in interval)


def difference(share: float | None) -> str:
    """A difference of shares in per cent points, with its sign."""
    return wording.NONE if share is None else f"{100 * share:+.1f}".replace("-", "−")


def difference_range(interval: tuple[float, float] | None) -> str:
    return wording.NONE if interval is None else f"{difference(interval[0])} to {difference(interval[1])}"
