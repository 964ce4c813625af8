import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studies.coverage import coverage, viewing

PIECES = st.lists(st.tuples(st.floats(-5, 15), st.floats(-5, 15)).map(list), max_size=8)


@pytest.mark.parametrize(
    ("pieces", "share"),
    [
        ([], 0.0),
        ([[0, 6]], 1.0),
        ([[0, 3]], 0.5),
        ([[0, 2], [4, 6]], 2 / 3),
        ([[3, 6], [0, 4]], 1.0),
        ([[0, 6], [0, 6]], 1.0),
        ([[-2, 3], [5, 99]], 4 / 6),
        ([[4, 2]], 0.0),
        ([[0, float("nan")], ["0", "6"], [1], "06", None, [0, 3]], 0.5),
    ],
)
def test_coverage_is_the_share_seen_at_least_once(pieces, share):
    assert coverage(pieces, 6.0) == pytest.approx(share)


def test_a_video_without_length_is_not_covered():
    assert coverage([[0, 1]], 0.0) == 0.0


@settings(deadline=None, derandomize=True)
@given(PIECES, PIECES)
def test_more_pieces_never_cover_less_and_never_over_all(some, more):
    assert 0 <= coverage(some, 6.0) <= coverage(some + more, 6.0) <= 1


def test_page_loads_are_merged_and_a_second_load_is_a_reload():
    views = {
        "one": {"watched": {"speaker": [[0, 3]], "left": [[0, 6]]}, "plays": {"speaker": 0, "left": 1}},
        "two": {"watched": {"speaker": [[3, 6]], "right": [[0, 3]]}, "plays": {"speaker": 1, "right": 2}},
    }

    seen = viewing(views, length_s=6.0)

    assert seen.coverage == {"speaker": 1.0, "left": 1.0, "right": 0.5}
    assert seen.plays == {"speaker": 1, "left": 1, "right": 2}
    assert seen.reloads == 1


def test_nothing_reported_is_nothing_seen():
    seen = viewing({}, length_s=6.0)

    assert seen.coverage == {"speaker": 0.0, "left": 0.0, "right": 0.0}
    assert seen.plays == {"speaker": 0, "left": 0, "right": 0}
    assert seen.reloads == 0
