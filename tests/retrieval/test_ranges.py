"""Byte ranges, checked against the plain meaning of RFC 9110."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.ranges import ByteRange, RangeNotSatisfiable, requested_range

SIZES = st.integers(0, 10_000)
NUMBERS = st.integers(0, 20_000)


def bytes_meant(first: int | None, last: int | None, size: int) -> list[int]:
    """Which bytes of a file a range means, one by one."""
    if first is None:
        return list(range(size))[-last:] if last else []
    return [at for at in range(size) if at >= first and (last is None or at <= last)]


@given(first=st.none() | NUMBERS, last=st.none() | NUMBERS, size=SIZES)
def test_the_bytes_sent_are_the_bytes_meant(first, last, size):
    header = f"bytes={'' if first is None else first}-{'' if last is None else last}"
    if (first is None and last is None) or (first is not None and last is not None and last < first):
        assert requested_range(header, size=size) is None
        return
    meant = bytes_meant(first, last, size)
    if not meant:
        with pytest.raises(RangeNotSatisfiable):
            requested_range(header, size=size)
        return
    part = requested_range(header, size=size)
    assert (part.first, part.last, part.length, part.size) == (meant[0], meant[-1], len(meant), size)
    assert part.content_range == f"bytes {meant[0]}-{meant[-1]}/{size}"


@given(cuts=st.lists(st.integers(1, 9_998), unique=True), size=st.just(9_999))
def test_neighbouring_ranges_make_the_whole_file(cuts, size):
    edges = [0, *sorted(cuts), size]
    parts = [requested_range(f"bytes={a}-{b - 1}", size=size) for a, b in itertools.pairwise(edges)]
    assert [at for part in parts for at in range(part.first, part.last + 1)] == list(range(size))


@given(header=st.text(max_size=30) | st.from_regex(r"bytes=[-, 0-9a-z]{0,20}", fullmatch=True), size=SIZES)
def test_no_header_breaks_it(header, size):
    try:
        part = requested_range(header, size=size)
    except RangeNotSatisfiable:
        return
    assert part is None or 0 <= part.first <= part.last < size


@pytest.mark.parametrize(
    "header",
    [None, "", "bytes", "bytes=", "bytes=-", "bytes=5-2", "bytes=0-1,4-5", "items=0-1", "bytes=a-b"],
)
def test_what_must_be_ignored_asks_for_the_whole_file(header):
    assert requested_range(header, size=10) is None


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-12", "bytes=-0"])
def test_what_no_byte_satisfies(header):
    with pytest.raises(RangeNotSatisfiable):
        requested_range(header, size=10)


def test_unit_is_case_insensitive_and_spaces_are_allowed():
    assert requested_range("Bytes = 2 - 4", size=10) == ByteRange(2, 4, 10)
