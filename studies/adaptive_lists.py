"""Votes beyond the uniform ones, on comparison groups that are chosen while a study runs: how many, and their lists.

Pure. Which groups are worth them is worked out in `analysis.adaptive`; a plan has to name their share before that.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from .dealing import DealtSlot, balanced_subset, grouped

MOST_SHARE = 0.8
FEWEST_CONDITIONS = FEWEST_CONTRASTS = 3
# More of them gain little and let more evaluators wait (bench/adaptive.py).
BATCHES = 5


@dataclass(frozen=True)
class Shown:
    """A comparison that further slots may be opened on: how many it has with the treatment left, and right."""

    item: int
    contrast: int
    left: int
    right: int


def adaptive_budget(uniform: int, share: float) -> int:
    """Slots beside so many uniform ones for which adaptive ones are this share of all, to the nearest whole number."""
    return math.floor(uniform * share / (1 - share) + 0.5)


def batch_size(budget: int, *, trials_per_session: int) -> int:
    """Slots of a batch: a fifth of the budget, rounded up to whole sessions."""
    return trials_per_session * max(1, math.ceil(budget / (BATCHES * trials_per_session)))


def share_problems(share: object, *, conditions: int, contrasts: int) -> list[str]:
    """Why a study of so many conditions and comparison groups cannot have this adaptive share; empty where it can."""
    if not isinstance(share, int | float) or isinstance(share, bool) or not 0 <= share <= MOST_SHARE:
        return [f"The adaptive share is a share of all votes from 0 to {MOST_SHARE:g}; 0 chooses nothing adaptively."]
    if share and (conditions < FEWEST_CONDITIONS or contrasts < FEWEST_CONTRASTS):
        needed = f"at least {FEWEST_CONDITIONS} conditions, compared in at least {FEWEST_CONTRASTS} groups"
        return [f"Adaptive votes rank {needed}; this study has {conditions} and {contrasts}: set their share to 0."]
    return []


def share_sentence(share: float) -> str:
    """What a plan with this share does, in words; "" where it chooses nothing adaptively."""
    if not share:
        return ""
    return (
        f"{100 * share:g} % of all votes are adaptive. When nearly all uniform votes are in, further slots open in "
        f"about {BATCHES} batches, on the comparison groups that tell most about the order of all conditions given the "
        "votes counted so far. These votes count in the ranking only: shares, intervals, p and agreement are of the "
        "uniform votes, which are on every comparison alike, whatever the votes say."
    )


def deal_batch(
    wanted: Mapping[int, int], shown: list[Shown], *, trials_per_session: int, seed: int
) -> list[DealtSlot]:
    """Slots for so many votes of each contrast, spread over its items and dealt into lists.

    wanted   by contrast; those without a comparison in `shown` get none
    Returns  slots in (list_number, position) order, lists from 0; `number` counts on within its comparison and side.
             The slots of a contrast's comparisons differ by at most one, and so do those of all items where each item
             is shown in each contrast; among such items those come first whose comparison has fewest slots already.
             The sides of a comparison, those there already counted, differ by at most one if they did before. A list
             meets an item at most once and its sides are as even as that leaves; its contrasts are drawn by the seed
    """
    rng = Random(seed)
    cells = _spread(wanted, shown, rng)
    if not cells:
        return []
    rng.shuffle(cells)
    cells.sort(key=lambda place: shown[place].item)
    loads = [len(members) for members in grouped(shown[place].item for place in cells)]
    lists = max(max(loads), math.ceil(len(cells) / trials_per_session))
    # An item's slots are neighbours and no more than lists: dealt round, no list meets it twice.
    list_of = [n % lists for n in range(len(cells))]
    left = _sides(list_of, cells, shown)
    slots, numbers = [], {}
    order = list(range(lists))
    rng.shuffle(order)
    for number, members in enumerate(sorted(grouped(list_of), key=lambda group: order[list_of[group[0]]])):
        rng.shuffle(members)
        for position, n in enumerate(members):
            row = shown[cells[n]]
            key = (cells[n], left[n])
            numbers[key] = numbers.get(key, 0) + 1
            slots.append(DealtSlot(number, position, row.item, row.contrast, left[n], numbers[key]))
    return slots


def _spread(wanted: Mapping[int, int], shown: list[Shown], rng: Random) -> list[int]:
    """The place in `shown` of each slot."""
    load = dict.fromkeys((row.item for row in shown), 0)
    places: list[int] = []
    for contrast in sorted(wanted):
        own = [place for place, row in enumerate(shown) if row.contrast == contrast]
        if not own:
            continue
        every, more = divmod(wanted[contrast], len(own))
        rng.shuffle(own)
        own.sort(key=lambda place: (load[shown[place].item], shown[place].left + shown[place].right))
        chosen = own * every + own[:more]
        for place in chosen:
            load[shown[place].item] += 1
        places += chosen
    return places


def _sides(list_of: list[int], cells: list[int], shown: list[Shown]) -> list[bool]:
    """Which slots show the treatment left: as each comparison needs it, and even in every list and contrast."""
    needed = [0.0] * len(cells)
    for group in grouped(cells):
        row = shown[cells[group[0]]]
        more_left = (row.left + row.right + len(group)) / 2 - row.left
        for n in group:
            needed[n] = min(max(more_left / len(group), 0.0), 1.0)
    # These shares meet every sum exactly, so that whole numbers next to each of them can be had together.
    groups = [*grouped(cells), *grouped(shown[place].contrast for place in cells), *grouped(list_of)]
    sums = [sum(needed[n] for n in group) for group in groups]
    return balanced_subset(len(cells), [(group, each, each) for group, each in zip(groups, sums, strict=True)])
