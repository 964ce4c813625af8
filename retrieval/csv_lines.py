"""Rows to CSV lines that no spreadsheet runs."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence

# What Excel, LibreOffice and Sheets take for the beginning of a formula (OWASP, "CSV Injection"); the last
# four are the full-width twins that East Asian versions read alike.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def safe_cell(value: object) -> object:
    """A cell that a spreadsheet shows and does not run: dangerous text gets an apostrophe in front, and so does such
    text that has one already, so that `unquoted` gives every text back.

    Numbers stay numbers, negative ones too; None is an empty cell; True and False are 1 and 0.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int | float):
        return value
    text = str(value)
    return f"'{text}" if _runs(text) else text


def unquoted(cell: str) -> str:
    """The text that `safe_cell` made this cell of."""
    return cell[1:] if cell.startswith("'") and _runs(cell) else cell


def _runs(text: str) -> bool:
    return text.lstrip("'").startswith(FORMULA_STARTS)


def csv_lines(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> Iterator[str]:
    """The header, then one line a row, each ending in a line feed; nothing is held back, so it streams.

    Raises  KeyError where a row lacks a column
    """
    buffer = io.StringIO()
    # Written with "\r\n" so that a lone "\r" within a cell is quoted too: unquoted it would begin a new row, and
    # what follows it a new cell.
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        yield _taken(buffer)
        writer.writerow([safe_cell(row[column]) for column in columns])
    yield _taken(buffer)


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.removesuffix("\r\n") + "\n"
