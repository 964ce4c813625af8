"""One byte length for the listeners of an item: an ISO `free` box at the end, which players skip. Pure."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

# Byte lengths are rounded up, so that they hardly tell how much the most moving listener moves.
PADDING_STEP = 4096
BOX_HEADER = 8


def padded_length(sizes: Iterable[int]) -> int:
    """The one byte length for files of these sizes: room for a padding box in each, in whole steps."""
    return -(-(max(sizes) + BOX_HEADER) // PADDING_STEP) * PADDING_STEP


def pad_file(path: Path, *, length: int) -> None:
    """Append an ISO `free` box, which players skip, so that the file has `length` bytes.

    The box holds bytes that no compression on the way can shorten, drawn from the content.
    Raises  ValueError if the file leaves no room for the box
    """
    content = path.read_bytes()
    room = length - len(content)
    if room < BOX_HEADER:
        raise ValueError(f"{len(content)} bytes leave no room for a box in {length}")
    filling = hashlib.shake_256(content).digest(room - BOX_HEADER)
    with path.open("ab") as file:
        file.write(room.to_bytes(4, "big") + b"free" + filling)
        file.flush()
        os.fsync(file.fileno())
