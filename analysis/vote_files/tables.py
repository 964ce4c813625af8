"""The bytes of a CSV file as columns of codes: fast where it is plain, exact about the line where it is not. Pure.

A million rows are read by pandas. pandas fills short rows and, told which columns to read, cuts long ones without a
word; so the cells of every line are counted here first, and a file with anything odd is read again by Python's
strict reader, slower, which names each line and what is wrong with it.
"""

import codecs
import csv
import hashlib
import io
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .problems import Problems, VoteFileError

DELIMITERS = (",", ";", "\t", "|")
LARGEST_CELL = 1_000_000
CHUNK = 1 << 18
ROWS_AT_ONCE = 100_000
# A file larger than this would not fit the memory that the report promises to do with; a vote needs some 30 bytes.
LARGEST_FILE = 2_000_000_000
NEWLINE, RETURN, QUOTE = 10, 13, 34
SEPARATOR = re.compile(r'"?sep=([,;\t|])"?\s*', re.IGNORECASE)


@dataclass(frozen=True)
class Column:
    """One column: `values` are its different cells, trimmed; `codes` int32 (n,) says which one each row has."""

    name: str
    values: tuple[str, ...]
    codes: np.ndarray

    def of_values(self, meaning: Callable[[str], float], dtype: type = np.int64) -> np.ndarray:
        """What each row's cell means, asked once a different value: (n,) of `dtype`."""
        table = np.array([meaning(value) for value in self.values], dtype=dtype)
        return table[self.codes] if len(table) else np.zeros(len(self.codes), dtype=dtype)

    def select(self, rows: np.ndarray) -> "Column":
        """The rows of a mask, without the values that none of them has."""
        codes = self.codes[rows]
        present = np.bincount(codes, minlength=len(self.values)) > 0
        number = np.cumsum(present, dtype=np.int32) - 1
        values = tuple(value for value, there in zip(self.values, present, strict=True) if there)
        return Column(self.name, values, number[codes] if len(number) else codes)


@dataclass(frozen=True)
class Header:
    """The first line that says something: its names, trimmed, their delimiter, and where the rows begin."""

    names: tuple[str, ...]
    delimiter: str
    line: int
    offset: int


def file_bytes(path: Path, *, encoding: str) -> tuple[bytes, str]:
    """The file as UTF-8 bytes without a byte order mark, and the sha256 of the file as it is.

    Raises  VoteFileError: no such file, not text in this encoding, too large; each with what to do
    """
    name = path.name
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise VoteFileError([f"{name} is larger than 2 GB: keep only the columns that are needed."])
        raw = path.read_bytes()
    except FileNotFoundError:
        raise VoteFileError([f"{path} does not exist: check its name and folder."]) from None
    except IsADirectoryError:
        raise VoteFileError([f"{path} is a folder: name the CSV file in it."]) from None
    except OSError as error:
        raise VoteFileError([f"{path} cannot be read ({error.strerror}): check its permissions."]) from None
    if raw.startswith(b"PK\x03\x04"):
        raise VoteFileError([f"{name} is a workbook or an archive: save its sheet as 'CSV UTF-8' and name that file."])
    sha256 = hashlib.sha256(raw).hexdigest()
    raw = _in_utf8(raw, name, encoding)
    if b"\0" in raw:
        raise VoteFileError([f"{name} is no CSV text (it contains zero bytes): save it as 'CSV UTF-8'."])
    return raw, sha256


def headers_of(raw: bytes, *, delimiter: str | None) -> list[Header]:
    """The header read with each delimiter that could be meant, the most names first; empty for an empty file.

    A first line `sep=;`, by which Excel knows the delimiter, is no header and says the same here.
    """
    offset, line = 0, 1
    while offset < len(raw):
        end = _end_of_line(raw, offset)
        text = raw[offset:end].decode("utf-8")
        if line == 1 and (said := SEPARATOR.fullmatch(text)):
            delimiter = delimiter or said[1]
        elif text.strip(" \t\r\n,;|\"'"):
            found = [_header(text, mark, line, end) for mark in ((delimiter,) if delimiter else DELIMITERS)]
            return sorted(found, key=lambda header: -len(header.names))
        line += 1
        offset = end
    return []


def read_columns(raw: bytes, header: Header, wanted: Sequence[int], *, file: str) -> tuple[list[Column], np.ndarray]:
    """The wanted columns, by their place in the header, and the line of each row: int32 (n,).

    Rows whose wanted cells are all empty are left out, as blank lines are.
    Raises  VoteFileError naming every line that is no row of this table
    """
    lines = _plain_lines(raw, header)
    coded = None if lines is None else _read_fast(raw, header, wanted, len(lines))
    if coded is None:
        coded, lines = _read_exactly(raw, header, wanted, file=file)
    columns = [_trimmed(header.names[place], *found) for place, found in zip(wanted, coded, strict=True)]
    filled = np.zeros(len(lines), dtype=bool)
    for column in columns:
        filled |= column.of_values(lambda value: value != "", bool)
    if not filled.all():
        columns = [column.select(filled) for column in columns]
        lines = lines[filled]
    return columns, lines


def _in_utf8(raw: bytes, name: str, encoding: str) -> bytes:
    try:
        known = codecs.lookup(encoding)
        if not known._is_text_encoding:
            raise LookupError
    except LookupError:
        known_ones = "utf-8, cp1252, latin-1, utf-16, mac-roman"
        raise VoteFileError([f"There is no text encoding {encoding!r}: use one such as {known_ones}."]) from None
    if known.name == "utf-8":
        if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
            remedy = "save it as 'CSV UTF-8', or give --encoding utf-16"
            raise VoteFileError([f"{name} is in UTF-16: {remedy}."])
        raw = raw.removeprefix(codecs.BOM_UTF8)
        if raw.isascii():
            return raw
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        byte = f"byte 0x{raw[error.start]:02x}" if error.start < len(raw) else "its end"
        told = f"{name}, line {line}: not {known.name} text ({byte}): save it as 'CSV UTF-8 (comma delimited)'"
        guess = ", or give --encoding cp1252 if Excel on Windows wrote it" if known.name == "utf-8" else ""
        raise VoteFileError([f"{told}{guess}."]) from None
    except UnicodeError:
        raise VoteFileError([f"{name} is not {known.name} text: save it as 'CSV UTF-8'."]) from None
    # What no UTF-8 can hold (half of a surrogate pair) came through some decoders; it is shown as a question mark.
    return raw if known.name == "utf-8" else text.removeprefix("\ufeff").encode("utf-8", errors="replace")


def _end_of_line(raw: bytes, start: int) -> int:
    ends = [place + 1 for place in (raw.find(b"\n", start), raw.find(b"\r", start)) if place >= 0]
    end = min(ends, default=len(raw))
    return end + 1 if raw[end - 1 : end + 1] == b"\r\n" else end


def _header(text: str, delimiter: str, line: int, end: int) -> Header:
    try:
        names = next(csv.reader([text.rstrip("\r\n")], delimiter=delimiter), [])
    except csv.Error:
        names = [text]
    return Header(tuple(name.strip() for name in names), delimiter, line, end)


def _plain_lines(raw: bytes, header: Header) -> np.ndarray | None:
    """The line of each row, where every row has as many cells as the header: int32 (n,). None where one may not.

    Quotes are taken to open and close in turn. That is so in every file that the strict reader accepts, but for
    quotes within an unquoted cell: they make a line look too short or long here, and the strict reader decides.
    """
    lines: list[np.ndarray] = []
    start, line, size = header.offset, header.line + 1, CHUNK
    while start < len(raw):
        end = len(raw) if start + size >= len(raw) else raw.rfind(b"\n", start, start + size) + 1
        chunk = np.frombuffer(raw, np.uint8, max(end - start, 0), start)
        quote = chunk == QUOTE
        quoted = bool(quote.any())
        if end <= start or (quoted and np.count_nonzero(quote) & 1):
            # The chunk ends within a line or a quoted cell: take more at once.
            if end == len(raw):
                return None
            size *= 2
            continue
        found = _rows_of(chunk, quote if quoted else None, ord(header.delimiter), len(header.names))
        if found is None:
            return None
        lines.append(line + found)
        line += int(np.count_nonzero(chunk == NEWLINE))
        start, size = end, CHUNK
    return np.concatenate(lines).astype(np.int32) if lines else np.zeros(0, np.int32)


def _rows_of(chunk: np.ndarray, quote: np.ndarray | None, delimiter: int, cells: int) -> np.ndarray | None:
    """Of whole lines: how many line ends lie before each row that is not blank; None where a row is odd."""
    is_return = np.flatnonzero(chunk == RETURN)
    if len(is_return) and (is_return[-1] + 1 == len(chunk) or (chunk[is_return + 1] != NEWLINE).any()):
        return None
    newline = chunk == NEWLINE
    marks = newline | (chunk == delimiter)
    if quote is not None:
        marks &= (np.cumsum(quote, dtype=np.int32) & 1) == 0
    places = np.flatnonzero(marks)
    which = np.flatnonzero(chunk[places] == NEWLINE)
    ends = places[which]
    if len(ends) == 0 or ends[-1] + 1 < len(chunk):
        # The file's last line has no line end.
        which, ends = np.append(which, len(places)), np.append(ends, len(chunk))
    between = np.diff(which, prepend=-1) - 1
    lengths = np.diff(ends, prepend=-1) - 1
    ends_crlf = (lengths > 0) & (chunk[np.maximum(ends - 1, 0)] == RETURN)
    full = lengths > ends_crlf
    if (between[full] != cells - 1).any():
        return None
    if quote is None:
        return np.flatnonzero(full)
    return np.concatenate([[0], np.cumsum(newline)[ends[:-1]]])[full]


def _read_fast(
    raw: bytes, header: Header, wanted: Sequence[int], rows: int
) -> list[tuple[list[str], np.ndarray]] | None:
    import pandas as pd

    if rows == 0:
        return [([], np.zeros(0, np.int32)) for _ in wanted]
    body = io.BytesIO(raw)
    body.seek(header.offset)
    known: list[dict[str, int]] = [{} for _ in wanted]
    found: list[list[np.ndarray]] = [[] for _ in wanted]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # As objects: dtype="category" takes cells for numbers where it can, and 007 is then the evaluator 7.
            parts = pd.read_csv(
                body, sep=header.delimiter, header=None, names=range(len(header.names)), index_col=False,
                usecols=sorted(set(wanted)), dtype=object, na_filter=False, encoding="utf-8", chunksize=ROWS_AT_ONCE,
            )  # fmt: skip
            for part in parts:
                for place, names, column in zip(wanted, known, found, strict=True):
                    codes, values = pd.factorize(part[place].to_numpy())
                    numbers = [names.setdefault(value, len(names)) for value in values]
                    column.append(np.array(numbers, np.int32)[codes])
    except (ValueError, pd.errors.ParserError, OverflowError):
        return None
    coded = [(list(names), np.concatenate(column)) for names, column in zip(known, found, strict=True)]
    return coded if all(len(codes) == rows for _, codes in coded) else None


def _read_exactly(
    raw: bytes, header: Header, wanted: Sequence[int], *, file: str
) -> tuple[list[tuple[list[str], np.ndarray]], np.ndarray]:
    csv.field_size_limit(LARGEST_CELL)
    body = io.BytesIO(raw)
    body.seek(header.offset)
    reader = csv.reader(io.TextIOWrapper(body, "utf-8", newline=""), delimiter=header.delimiter, strict=True)
    problems = Problems(file, np.zeros(0, np.int32))
    known: list[dict[str, int]] = [{} for _ in wanted]
    codes: list[list[int]] = [[] for _ in wanted]
    lines: list[int] = []
    line = header.line + 1
    try:
        for cells in reader:
            begun, line = line, header.line + reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header.names):
                many = f"{len(cells)} cells, but the header has {len(header.names)} columns"
                problems.of_line(begun, f"{many}: put a cell that contains {header.delimiter!r} in double quotes.")
                continue
            lines.append(begun)
            for place, names, column in zip(wanted, known, codes, strict=True):
                column.append(names.setdefault(cells[place], len(names)))
    except csv.Error as error:
        problems.of_line(line, f"cannot be read as CSV ({error}): check the double quotes from here on.")
    problems.raise_if_any()
    coded = [(list(names), np.array(column, np.int32)) for names, column in zip(known, codes, strict=True)]
    return coded, np.array(lines, np.int32)


def _trimmed(name: str, values: list[str], codes: np.ndarray) -> Column:
    """The column with its cells trimmed and its different values in order, whichever row came first."""
    cells = [value.strip() for value in values]
    different = sorted(set(cells))
    place = {value: number for number, value in enumerate(different)}
    table = np.array([place[value] for value in cells], np.int32)
    return Column(name, tuple(different), table[codes] if len(table) else codes)
