"""What an MP4 says of itself: its boxes, the settings of its pictures, and words that somebody left in it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

INSIDE = {b"moov": 0, b"trak": 0, b"edts": 0, b"mdia": 0, b"minf": 0, b"stbl": 0, b"udta": 0, b"meta": 4, b"ilst": 0,
          b"stsd": 8, b"avc1": 78, b"mp4a": 28}  # fmt: skip
# Bytes of these are the same in rivals: length, time scale, size, codec and its settings, pictures a second.
ALIKE = {b"ftyp", b"mvhd", b"tkhd", b"elst", b"mdhd", b"hdlr", b"vmhd", b"dref", b"avcC", b"colr", b"stts", b"ctts"}
# A muxer writes an empty list of tags; whatever else lies there is somebody's.
TAG_FREE = {b"udta": {b"meta"}, b"meta": {b"hdlr", b"ilst"}, b"ilst": set()}
CODER = re.compile(rb"x264 - core[ -~]*|Lav[fc]\d[ -~]*")


class NoContainer(ValueError):
    """The bytes are not an MP4 whose boxes fill it."""


@dataclass(frozen=True)
class Container:
    """What one file says of itself: kinds of boxes in order, settings by kind, tags that no player needs."""

    size: int
    kinds: tuple[str, ...]
    settings: tuple[tuple[str, bytes], ...]
    tags: tuple[str, ...]


def container_of(content: bytes) -> Container:
    """Raises NoContainer."""
    kinds, settings, tags = [], [], []
    for parent, kind, body in boxes(content):
        kinds.append(_name(kind))
        if kind in ALIKE:
            settings.append((_name(kind), body))
        if kind == b"uuid" or (parent in TAG_FREE and kind not in TAG_FREE[parent]):
            tags.append(_name(kind))
    tags += [found.decode("ascii") for found in CODER.findall(content)]
    return Container(len(content), tuple(kinds), tuple(settings), tuple(tags))


def boxes(content: bytes) -> list[tuple[bytes, bytes, bytes]]:
    """(kind of the parent, kind, body) of every box, in the order of the file. Raises NoContainer."""
    return list(_walk(content, b""))


def beside_pictures(content: bytes) -> bytes:
    """The file without its pictures, its sound and its padding; all of it where it is no MP4."""
    try:
        top = [box for box in boxes(content) if box[0] == b""]
    except NoContainer:
        return content
    return b"\n".join(kind + body for _, kind, body in top if kind not in (b"mdat", b"free"))


def _walk(content: bytes, parent: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    at = 0
    while at < len(content):
        length, kind = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8]
        if length == 1:
            length = int.from_bytes(content[at + 8 : at + 16], "big")
        if length < 8 or at + length > len(content):
            raise NoContainer(f"the box at byte {at} of '{_name(parent) or 'the file'}' does not end in it")
        body = content[at + 8 : at + length]
        yield parent, kind, body
        if kind in INSIDE:
            yield from _walk(body[INSIDE[kind] :], kind)
        at += length


def differences(files: Iterable[tuple[str, Container]]) -> list[str]:
    """How files that should be alike differ from the first of them, each as the rest of a sentence; and their tags."""
    files = list(files)
    told = []
    for name, file in files:
        first_name, first = files[0]
        if file.tags:
            told.append(f"{name} holds metadata: {', '.join(file.tags)}")
        if file.kinds != first.kinds:
            told.append(f"{name} has other boxes than {first_name}: {_odd(file.kinds, first.kinds)}")
        elif file.settings != first.settings:
            odd = [kind for (kind, a), (_, b) in zip(file.settings, first.settings, strict=True) if a != b]
            told.append(f"{name} differs from {first_name} in length, rate, size or coding: {', '.join(odd)}")
    return told


def _odd(kinds: tuple[str, ...], others: tuple[str, ...]) -> str:
    return ", ".join(sorted(set(kinds) ^ set(others))) or "in another order or number"


def _name(kind: bytes) -> str:
    return kind.decode("latin-1")
