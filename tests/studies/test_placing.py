"""Each session has its own places for its checks: never first, never side by side where it can be avoided."""

from collections import Counter
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from studies.placing import places_of_checks


def in_order(trials: int, attention: list[int], catch: list[int]) -> str:
    """m for a main trial, a for an attention check, c for a catch check."""
    return "".join("m" * (n > 0) + "a" * attention.count(n) + "c" * catch.count(n) for n in range(trials + 1))


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    trials=st.integers(1, 40), attention=st.integers(0, 5), catch=st.integers(0, 5), seed=st.integers(0, 10**6)
)
def test_checks_are_neither_first_nor_side_by_side_and_attention_checks_are_central(trials, attention, catch, seed):
    drawn = places_of_checks(trials, attention=attention, catch=catch, rng=Random(seed))
    assert drawn == places_of_checks(trials, attention=attention, catch=catch, rng=Random(seed))
    order = in_order(trials, *drawn)
    assert Counter(order) == Counter({"m": trials, "a": attention, "c": catch})
    assert order[0] == "m"
    if attention + catch <= trials:
        assert not {"aa", "ac", "ca", "cc"} & {order[n : n + 2] for n in range(len(order))}
    # From this many main trials on there are places enough in the middle.
    if trials >= 4 * (attention + catch) + 2:
        shares = [(n / len(order), (n + 1) / len(order)) for n, kind in enumerate(order) if kind == "a"]
        assert all(before >= 0.2 and after <= 0.8 for before, after in shares)


def test_places_are_spread_and_differ_between_sessions():
    sessions = [places_of_checks(30, attention=2, catch=2, rng=Random(f"7:{n}")) for n in range(200)]
    assert all(first < 15 <= second for (first, second), _ in sessions)
    caught = Counter(place for _, catch in sessions for place in catch)
    assert set(caught) == set(range(1, 31))
    assert max(caught.values()) < 3 * 400 / 30
    assert len({str(session) for session in sessions}) > 190
