"""Exact dealing of slots into session lists, and the best possible dealing of what is left over.

Pure: no database, no clock, no randomness but a seed. An item, a contrast and a list are small integers here.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import ceil, floor
from random import Random

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array


@dataclass(frozen=True)
class DealtSlot:
    """One wanted vote. `number` counts from 1 within its (item, contrast, treatment_left)."""

    list_number: int
    position: int
    item: int
    contrast: int
    treatment_left: bool
    number: int


@dataclass(frozen=True)
class FreeSlot:
    """A slot that nobody holds: what `best_deal` chooses from."""

    key: int
    item: int
    contrast: int
    treatment_left: bool


def extra_side_is_left(item: int) -> bool:
    """With an odd target the extra vote alternates over items, in step for all contrasts."""
    return item % 2 == 0


def deal_lists(
    *, items: int, contrasts: int, votes_per_comparison: int, trials_per_session: int, seed: int
) -> list[DealtSlot]:
    """All slots of a study, dealt into lists that a session takes whole.

    items, contrasts, votes_per_comparison  at least 1; slots = their product
    trials_per_session                      length of a list, at most `items`; the last list may be shorter
    seed                                    permutes items, lists and the order within a list
    Returns  slots in (list_number, position) order, both from 0. Each list meets an item at most once, and its
             numbers of trials a contrast, a side, and a side within a contrast are within one of each other.
             Each comparison has half its slots with the treatment left; an odd one alternates over items.
             With odd votes, an odd number of items and lists shorter than `items`, side balance within one
             cannot always be had (three items with one vote each: two of them are left); it is then the least
             possible imbalance.
    Raises   ValueError if a number is below 1 or lists are longer than there are items
    Source   the colours of de Werra (1971), balanced edge colourings of a bipartite graph, found as flows
    """
    if min(items, contrasts, votes_per_comparison, trials_per_session) < 1:
        raise ValueError("items, contrasts, votes and trials are at least 1")
    if trials_per_session > items:
        raise ValueError(f"a session of {trials_per_session} trials needs as many items; there are {items}")
    cells = [divmod(n, trials_per_session)[0] for n in range(items * contrasts * votes_per_comparison)]
    item_of = [n % items for n in range(len(cells))]
    contrast_of = _colour_contrasts(cells, item_of, contrasts)
    left = _choose_left(cells, item_of, contrast_of, votes_per_comparison)
    return _shuffled(cells, item_of, contrast_of, left, seed)


def deal_waves(
    waves: Sequence[int], *, contrasts: int, votes_per_comparison: int, trials_per_session: int, seed: int
) -> list[DealtSlot]:
    """All slots of a study that is collected wave after wave: each wave of items is dealt as a study of its own.

    waves    numbers of items, at least 1 each; the first wave has the first items. One wave gives `deal_lists`
    Returns  slots in (list_number, position) order; every list is of one wave, earlier waves have the lower numbers.
             All that `deal_lists` promises holds of each wave, and side balance of a contrast within one of all too
    Raises   ValueError as `deal_lists`, of any wave
    """
    slots: list[DealtSlot] = []
    first_item = first_list = 0
    for number, items in enumerate(waves):
        dealt = deal_lists(
            items=items,
            contrasts=contrasts,
            votes_per_comparison=votes_per_comparison,
            trials_per_session=trials_per_session,
            seed=seed + number,
        )
        # Mirrored after an odd number of items, or the extra sides of odd waves would all be left.
        mirrored = first_item % 2 == 1
        slots += [
            replace(
                slot,
                item=slot.item + first_item,
                list_number=slot.list_number + first_list,
                treatment_left=slot.treatment_left != mirrored,
            )
            for slot in dealt
        ]
        first_item, first_list = first_item + items, slots[-1].list_number + 1
    return slots


def best_deal(free: Sequence[FreeSlot], *, at_most: int) -> list[FreeSlot]:
    """The largest set of free slots on distinct items, least imbalanced over sides and contrasts.

    free     slots on items that the session has not met; several may be on one item
    at_most  trials the session still takes
    Returns  slots in the order of `free`; imbalance is (most - least over sides) + (most - least over the
             contrasts that are still free); among equals the one the solver finds first for this order
    """
    if not free or at_most < 1:
        return []
    size = min(at_most, len({slot.item for slot in free}))
    contrasts = sorted({slot.contrast for slot in free})
    n = len(free)
    # Four further variables hold the most and least of sides and contrasts; their differences are the cost.
    rows, lower, upper = [], [], []
    for item in sorted({slot.item for slot in free}):
        rows.append([float(slot.item == item) for slot in free] + [0.0] * 4)
        lower.append(0)
        upper.append(1)
    rows.append([1.0] * n + [0.0] * 4)
    lower.append(size)
    upper.append(size)
    groups = [([slot.treatment_left is side for slot in free], 0) for side in (True, False)]
    groups += [([slot.contrast == contrast for slot in free], 2) for contrast in contrasts]
    for members, offset in groups:
        for column, sign in ((offset, -1.0), (offset + 1, 1.0)):
            extremes = [0.0] * 4
            extremes[column] = -1.0
            rows.append([float(member) for member in members] + extremes)
            lower.append(-np.inf if sign < 0 else 0)
            upper.append(0 if sign < 0 else np.inf)
    result = milp(
        c=np.array([0.0] * n + [1.0, -1.0, 1.0, -1.0]),
        constraints=LinearConstraint(csr_array(np.array(rows)), lower, upper),
        bounds=Bounds(0, [1] * n + [size] * 4),
        integrality=[1] * (n + 4),
    )
    if result.x is None:
        raise RuntimeError(f"no deal found: {result.message}")
    return [slot for slot, chosen in zip(free, result.x[:n], strict=True) if chosen > 0.5]


def imbalance(slots: Iterable[FreeSlot], *, contrasts: Iterable[int]) -> tuple[int, int]:
    """(most - least over the two sides, most - least over `contrasts`) of a set of slots; (0, 0) if empty."""
    slots = list(slots)
    sides = [sum(slot.treatment_left is side for slot in slots) for side in (True, False)]
    counts = [sum(slot.contrast == contrast for slot in slots) for contrast in contrasts] or [0]
    return max(sides) - min(sides), max(counts) - min(counts)


def _colour_contrasts(list_of: list[int], item_of: list[int], contrasts: int) -> list[int]:
    """A contrast for each cell: equal numbers on every item, within one in every list."""
    contrast_of = [contrasts - 1] * len(list_of)
    left_over = list(range(len(list_of)))
    for contrast in range(contrasts - 1):
        share = 1 / (contrasts - contrast)
        groups = [*grouped(list_of[n] for n in left_over), *grouped(item_of[n] for n in left_over)]
        chosen = balanced_subset(len(left_over), [(g, share * len(g), share * len(g)) for g in groups])
        for n, taken in zip(left_over, chosen, strict=True):
            if taken:
                contrast_of[n] = contrast
        left_over = [n for n, taken in zip(left_over, chosen, strict=True) if not taken]
    return contrast_of


def _choose_left(
    list_of: list[int], item_of: list[int], contrast_of: list[int], votes: int
) -> list[bool]:
    """Which cells show the treatment left: exact for every comparison, within one in every list."""
    groups = []
    for group in grouped(zip(item_of, contrast_of, strict=True)):
        exact = votes // 2 + (votes % 2 and extra_side_is_left(item_of[group[0]]))
        groups.append((group, exact, exact))
    for group in [*grouped(list_of), *grouped(zip(list_of, contrast_of, strict=True))]:
        groups.append((group, len(group) / 2, len(group) / 2))
    return balanced_subset(len(list_of), groups)


def balanced_subset(n: int, groups: Sequence[tuple[list[int], float, float]]) -> list[bool]:
    """A subset of range(n) with between floor(low) and ceil(high) members of each group (members, low, high).

    Where groups nest on two sides (lists on one, items on the other) this is a flow, and a flow that may be
    fractional may be whole (Hoffman & Kruskal 1956). Where the wanted numbers contradict each other, the sum of
    what is missed is least; groups wanted exactly are never missed.
    """
    rows = np.concatenate([np.full(len(members), r) for r, (members, _, _) in enumerate(groups)])
    columns = np.concatenate([np.asarray(members) for members, _, _ in groups])
    low = np.array([floor(low + 1e-9) for _, low, _ in groups], dtype=float)
    high = np.array([ceil(high - 1e-9) for _, _, high in groups], dtype=float)
    soft = np.flatnonzero(low < high).tolist() + [
        r for r in np.flatnonzero(low == high) if not isinstance(groups[r][1], int)
    ]
    soft = sorted(set(soft))
    slack = np.arange(len(soft))
    matrix = csr_array(
        (
            np.concatenate([np.ones(len(rows)), np.ones(len(soft)), -np.ones(len(soft))]),
            (
                np.concatenate([rows, soft, soft]).astype(int),
                np.concatenate([columns, n + slack, n + len(soft) + slack]).astype(int),
            ),
        ),
        shape=(len(groups), n + 2 * len(soft)),
    )
    result = milp(
        c=np.concatenate([np.zeros(n), np.ones(2 * len(soft))]),
        constraints=LinearConstraint(matrix, low, high),
        bounds=Bounds(0, np.concatenate([np.ones(n), np.full(2 * len(soft), np.inf)])),
        integrality=np.concatenate([np.ones(n), np.zeros(2 * len(soft))]),
    )
    if result.x is None:
        raise RuntimeError(f"no dealing found: {result.message}")
    return [value > 0.5 for value in result.x[:n]]


def grouped(keys: Iterable[Hashable]) -> list[list[int]]:
    """Indices that share a key, in order of first appearance."""
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for index, key in enumerate(keys):
        groups[key].append(index)
    return list(groups.values())


def _shuffled(
    list_of: list[int], item_of: list[int], contrast_of: list[int], left: list[bool], seed: int
) -> list[DealtSlot]:
    rng = Random(seed)
    item_names = _permutation(rng, max(item_of) + 1)
    list_names = _permutation(rng, max(list_of) + 1)
    numbers: dict[tuple[int, int, bool], int] = defaultdict(int)
    slots = []
    for members in sorted(grouped(list_of), key=lambda group: list_names[list_of[group[0]]]):
        rng.shuffle(members)
        for position, n in enumerate(members):
            cell = (item_names[item_of[n]], contrast_of[n], left[n])
            numbers[cell] += 1
            slots.append(DealtSlot(list_names[list_of[n]], position, *cell, numbers[cell]))
    return slots


def _permutation(rng: Random, size: int) -> list[int]:
    names = list(range(size))
    rng.shuffle(names)
    return names
