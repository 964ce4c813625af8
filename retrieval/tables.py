"""Reading a manifest: a CSV table whose problems are found all at once, each with line and remedy. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
KEY_RULE = "use letters, digits, '.', '_' and '-', at most 100, beginning with a letter or digit"
# One cell may hold a long transcript, but not a video read as text.
LARGEST_CELL = 1_000_000


class ManifestError(ValueError):
    """Everything wrong with one manifest.

    problems  sentences, in line order, each naming the file or the line and the remedy
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(self.problems))


# The line where it is (0: the file as a whole) and a sentence.
Problem = tuple[int, str]


@dataclass(frozen=True)
class TableRow:
    """One row of a table: `line` is where it begins in the file (the header is line 1); cells are trimmed."""

    line: int
    cells: dict[str, str]


def read_table(
    path: Path | str, *, required: Sequence[str], optional: Sequence[str] = (), prefixes: Sequence[str] = ()
) -> tuple[list[TableRow], list[Problem]]:
    """The rows of a CSV file and the problems of its lines; rows with a problem of form are left out.

    required  columns that must be there; `optional` ones may, and any that begins with one of `prefixes`
    Raises    ManifestError when nothing can be read: no file, not UTF-8, another delimiter, wrong columns
    Assumes   comma-separated UTF-8, with or without a byte order mark; blank lines are skipped
    """
    path = Path(path)
    text = _text_of(path)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[TableRow] = []
    problems: list[Problem] = []
    columns: list[str] = []
    csv.field_size_limit(LARGEST_CELL)
    line = 1
    try:
        for cells in reader:
            begun, line = line, reader.line_num + 1
            cells = [cell.strip() for cell in cells]
            if not any(cells):
                continue
            if not columns:
                columns = cells
                wrong = _column_problems(columns, required, optional, prefixes)
                if wrong:
                    raise ManifestError([f"{path.name}, line {begun}: {problem}" for problem in wrong])
            elif len(cells) != len(columns):
                count = f"{len(cells)} cells, but the header has {len(columns)} columns"
                problems.append((begun, f"{count}: put a cell that contains a comma between double quotes"))
            else:
                rows.append(TableRow(line=begun, cells=dict(zip(columns, cells, strict=True))))
    except csv.Error as error:
        problems.append((line, f"cannot be read as CSV ({error}): check the double quotes from here on"))
    if not columns:
        raise ManifestError([f"{path.name} is empty: its first line must be {','.join(required)}"])
    if not rows and not problems:
        problems.append((0, f"{path.name} has a header and no rows: add one row for each entry"))
    return rows, problems


def in_order(problems: Iterable[Problem]) -> list[str]:
    """Problems as sentences that begin with their line, in the order of lines."""
    return [
        f"line {line}: {sentence}" if line else sentence
        for line, sentence in sorted(problems, key=lambda problem: problem[0])
    ]


def key_problem(column: str, value: str) -> str | None:
    """Why a key cannot be used, or None: keys stand in addresses, file names and exports."""
    if not value:
        return f"{column} is empty: give it a key"
    if not KEY.fullmatch(value):
        return f"{column} {value!r} cannot be a key: {KEY_RULE}"
    return None


def _text_of(path: Path) -> str:
    if not path.exists():
        raise ManifestError([f"{path} does not exist: check the manifest's name and folder"])
    if path.is_dir():
        raise ManifestError([f"{path} is a folder: name the manifest (a .csv file) in it"])
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ManifestError([f"{path} cannot be read ({error.strerror}): check its permissions"]) from error
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ManifestError([f"{path.name} is in UTF-16: save it as 'CSV UTF-8 (comma delimited)'"])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ManifestError(
            [f"{path.name}, line {line}: not UTF-8 text: save it as 'CSV UTF-8 (comma delimited)'"]
        ) from error
    if "\0" in text:
        raise ManifestError([f"{path.name} is no CSV text (it contains zero bytes): save it as 'CSV UTF-8'"])
    return text


def _column_problems(
    columns: list[str], required: Sequence[str], optional: Sequence[str], prefixes: Sequence[str]
) -> list[str]:
    if len(columns) == 1:
        for delimiter, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
            if delimiter in columns[0]:
                return [f"columns are separated by {name}: save it with commas (CSV, comma delimited)"]
    problems = []
    missing = [column for column in required if column not in columns]
    if missing:
        problems.append(f"missing column {', '.join(missing)}: the header must have {','.join(required)}")
    for column in columns:
        known = column in required or column in optional
        if not known and not any(column.startswith(p) and len(column) > len(p) for p in prefixes):
            allowed = [*required, *optional, *(f"{prefix}..." for prefix in prefixes)]
            problems.append(f"unknown column {column!r}: rename or remove it (known: {', '.join(allowed)})")
    for column in sorted({column for column in columns if columns.count(column) > 1}):
        problems.append(f"column {column!r} appears {columns.count(column)} times: keep one")
    return problems
