"""How many adaptive slots a share comes to, and how a batch of them is dealt into lists."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studies.adaptive_lists import Shown, adaptive_budget, batch_size, deal_batch, share_problems


@pytest.mark.parametrize(
    ("uniform", "share", "budget"), [(0, 0.5, 0), (120, 0, 0), (120, 0.5, 120), (1800, 0.3, 771), (10, 0.8, 40)]
)
def test_the_budget_makes_the_share_of_all(uniform, share, budget):
    assert adaptive_budget(uniform, share) == budget


def test_a_batch_is_whole_sessions_and_five_hold_the_budget():
    assert [batch_size(budget, trials_per_session=30) for budget in (0, 1, 150, 151, 771)] == [30, 30, 30, 60, 180]


@pytest.mark.parametrize("share", [-0.1, 0.81, 1, float("nan"), "0.3", None, True])
def test_a_share_that_is_none_is_refused(share):
    (problem,) = share_problems(share, conditions=6, contrasts=15)
    assert problem.startswith("The adaptive share is a share of all votes from 0 to 0.8")


def test_two_conditions_or_two_groups_have_nothing_to_rank():
    assert "this study has 2 and 1" in share_problems(0.3, conditions=2, contrasts=1)[0]
    assert "this study has 3 and 2" in share_problems(0.3, conditions=3, contrasts=2)[0]
    assert share_problems(0.3, conditions=3, contrasts=3) == share_problems(0, conditions=2, contrasts=1) == []


@st.composite
def batches(draw):
    items, contrasts = draw(st.integers(1, 7)), draw(st.integers(1, 5))
    shown = []
    for item in range(items):
        for contrast in range(contrasts):
            if draw(st.integers(0, 9)):  # one in ten is held
                left = draw(st.integers(0, 4))
                shown.append(Shown(item, contrast, left, max(0, left + draw(st.integers(-1, 1)))))
    wanted = {contrast: draw(st.integers(0, 25)) for contrast in range(contrasts)}
    return wanted, shown, draw(st.integers(1, items)), draw(st.integers(0, 9))


@given(batches())
@settings(max_examples=25, deadline=None)
def test_a_batch_keeps_sides_in_balance_and_lists_without_an_item_twice(batch):
    wanted, shown, trials, seed = batch
    slots = deal_batch(wanted, shown, trials_per_session=trials, seed=seed)
    assert slots == deal_batch(wanted, shown, trials_per_session=trials, seed=seed)
    there = {row.contrast for row in shown}
    assert Counter(slot.contrast for slot in slots) == Counter({c: n for c, n in wanted.items() if n and c in there})
    per_comparison = Counter((slot.item, slot.contrast) for slot in slots)
    left = Counter((slot.item, slot.contrast) for slot in slots if slot.treatment_left)
    for row in shown:
        key = (row.item, row.contrast)
        on_left, on_right = row.left + left[key], row.right + per_comparison[key] - left[key]
        assert abs(on_left - on_right) <= 1
    for contrast in there:
        counts = [per_comparison[row.item, contrast] for row in shown if row.contrast == contrast]
        assert max(counts) - min(counts) <= 1
    for number in {slot.list_number for slot in slots}:
        members = [slot for slot in slots if slot.list_number == number]
        assert len({slot.item for slot in members}) == len(members) <= trials
        assert [slot.position for slot in members] == list(range(len(members)))
    numbered = Counter((slot.item, slot.contrast, slot.treatment_left, slot.number) for slot in slots)
    assert set(numbered.values()) <= {1}


def test_where_each_item_is_shown_in_each_group_lists_are_whole_and_even():
    shown = [Shown(item, contrast, 2, 2) for item in range(6) for contrast in range(3)]
    slots = deal_batch({0: 15, 1: 2, 2: 7}, shown, trials_per_session=6, seed=1)
    assert Counter(slot.list_number for slot in slots) == dict.fromkeys(range(4), 6)
    for number in range(4):
        assert sum(slot.treatment_left for slot in slots if slot.list_number == number) == 3
