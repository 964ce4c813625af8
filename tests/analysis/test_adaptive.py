"""The choice of comparison groups: whatever the votes say there is one, and names or order do not make it."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.adaptive import choose_groups

THREE = [("a", "b"), ("a", "c"), ("b", "c")]


@st.composite
def designs(draw):
    """Some pairs of up to six conditions, either way round, with votes on them."""
    names = "abcdef"[: draw(st.integers(2, 6))]
    pairs = draw(st.lists(st.sampled_from(list(combinations(names, 2))), min_size=1, max_size=8, unique=True))
    groups = [pair[::-1] if draw(st.booleans()) else pair for pair in pairs]
    outcomes = [draw(st.tuples(st.integers(0, 30), st.integers(0, 9), st.integers(0, 30))) for _ in groups]
    return groups, np.array(outcomes)


@given(designs(), st.integers(0, 120), st.integers(0, 5), st.data())
@settings(max_examples=25, deadline=None)
def test_all_votes_are_given_out_and_neither_order_nor_names_change_how(design, votes, seed, data):
    groups, outcomes = design
    may_ask = data.draw(st.lists(st.booleans(), min_size=len(groups), max_size=len(groups)))
    chosen = choose_groups(groups, outcomes, votes=votes, seed=seed, may_ask=may_ask)
    assert sum(chosen) == (votes if any(may_ask) else 0)
    assert all(n >= 0 and (allowed or n == 0) for n, allowed in zip(chosen, may_ask, strict=True))

    order = data.draw(st.permutations(range(len(groups))))
    turned = [groups[place][::-1] for place in order]
    other = choose_groups(
        turned, outcomes[order][:, ::-1], votes=votes, seed=seed, may_ask=[may_ask[place] for place in order]
    )
    assert other == [chosen[place] for place in order]

    renamed = [(f"x{one}", f"x{two}") for one, two in groups]
    assert choose_groups(renamed, outcomes, votes=votes, seed=seed, may_ask=may_ask) == chosen


def test_before_the_first_vote_all_get_alike_and_the_seed_decides_who_gets_one_more():
    groups = list(combinations("abcd", 2))
    nothing = np.zeros((6, 3), int)
    assert choose_groups(groups, nothing, votes=12, seed=0) == [2] * 6
    one_more = [choose_groups(groups, nothing, votes=7, seed=seed) for seed in range(20)]
    assert {tuple(sorted(chosen)) for chosen in one_more} == {(1, 1, 1, 1, 1, 2)}
    assert len(set(map(tuple, one_more))) > 1
    assert choose_groups(groups, nothing, votes=7, seed=3) == one_more[3]


def test_votes_go_where_the_order_is_open():
    clear, even = (2, 0, 38), (20, 0, 20)
    assert choose_groups(THREE, np.array([clear, clear, even]), votes=30, seed=0) == [0, 0, 30]
    found = choose_groups(THREE, np.array([even, (10, 0, 30), (10, 0, 30)]), votes=30, seed=0)
    assert found[0] > found[1] + found[2]
    assert choose_groups(THREE, np.array([clear, clear, even]), votes=9, seed=0, may_ask=[True, True, False])[2] == 0


def test_groups_that_nothing_connects_both_get_votes():
    groups = [("a", "b"), ("c", "d")]
    found = choose_groups(groups, np.array([(5, 0, 5), (5, 0, 5)]), votes=20, seed=1)
    assert found == [10, 10]


@pytest.mark.parametrize("votes", [10**6, 1])
def test_who_never_loses_is_no_hindrance(votes):
    found = choose_groups(THREE, np.array([(0, 0, votes)] * 3), votes=60, seed=0)
    assert sum(found) == 60


def test_nothing_to_choose_is_nothing_chosen():
    assert choose_groups([], np.zeros((0, 3), int), votes=9, seed=0) == []
    assert choose_groups(THREE, np.zeros((3, 3), int), votes=0, seed=0) == [0, 0, 0]
    assert choose_groups(THREE, np.zeros((3, 3), int), votes=9, seed=0, may_ask=[False] * 3) == [0, 0, 0]
