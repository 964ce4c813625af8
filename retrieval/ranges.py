"""HTTP byte ranges (RFC 9110, section 14), as arithmetic. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

RANGE = re.compile(r"(\d*)\s*-\s*(\d*)")


class RangeNotSatisfiable(ValueError):
    """A valid range with no byte of the file in it: the answer is 416."""


@dataclass(frozen=True)
class ByteRange:
    """Bytes `first` to `last`, both included, of a file of `size` bytes; 0 <= first <= last < size."""

    first: int
    last: int
    size: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1

    @property
    def content_range(self) -> str:
        return f"bytes {self.first}-{self.last}/{self.size}"


def requested_range(header: str | None, *, size: int) -> ByteRange | None:
    """The part of a file that a Range header asks for; None means: send it whole.

    None    without a header, and where the header must be ignored: another unit, malformed, several ranges (a
            server may answer those whole, and no player asks for them)
    Raises  RangeNotSatisfiable where no byte of the range exists, `bytes=-0` included
    """
    unit, equals, wanted = (header or "").partition("=")
    if not equals or unit.strip().lower() != "bytes":
        return None
    match = RANGE.fullmatch(wanted.strip())
    if match is None or len(wanted) > 100:
        return None
    first, last = match.groups()
    if not first and not last:
        return None
    if first and last and int(last) < int(first):
        return None
    if not first:
        if int(last) == 0 or size == 0:
            raise RangeNotSatisfiable(header)
        return ByteRange(max(0, size - int(last)), size - 1, size)
    if int(first) >= size:
        raise RangeNotSatisfiable(header)
    return ByteRange(int(first), min(int(last), size - 1) if last else size - 1, size)
