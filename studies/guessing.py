"""Whether a condition can be guessed: from values, from times, from the order of what was dealt. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from math import comb

import numpy as np

TELLING_P = 0.001
TELLING_MS = 1.0
DRAWS = 4999
SAME_PLACE = 0.9


@dataclass(frozen=True)
class Finding:
    """One leak. `kind` is name, length, header, container, timing or order."""

    kind: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.where}: {self.what}."


@dataclass(frozen=True)
class Timed:
    """One fetch of a listener's video: milliseconds to its first byte and to its last."""

    group: str
    trial: int
    is_treatment: bool
    first_ms: float
    whole_ms: float


@dataclass(frozen=True)
class SidedSlot:
    """One dealt slot; `list_number` is None where it has lost its place in a list."""

    group: str
    list_number: int | None
    position: int | None
    treatment_left: bool


def chance_of_purity(values: Sequence[Hashable], labels: Sequence[str]) -> float:
    """How likely two labels, dealt at random in their numbers, go with the values as well as they do here.

    Returns  1 where a value goes with both labels or there is one label only; else the share of all dealings in
             which no value does
    """
    of_value = defaultdict(set)
    for value, label in zip(values, labels, strict=True):
        of_value[value].add(label)
    if len(set(labels)) != 2 or any(len(found) > 1 for found in of_value.values()):
        return 1.0
    ones = labels.count(labels[0])
    ways = Counter({0: 1})
    for size in Counter(values).values():
        ways = ways + Counter({total + size: n for total, n in ways.items() if total + size <= ones})
    return ways[ones] / comb(len(labels), ones)


@dataclass(frozen=True)
class TimeTold:
    """One comparison of times: medians in milliseconds of `n` fetches a side, and p by shuffling within trials."""

    group: str
    until: str
    n: int
    treatment_ms: float
    control_ms: float
    p: float

    @property
    def is_leak(self) -> bool:
        return self.p < TELLING_P and abs(self.treatment_ms - self.control_ms) > TELLING_MS

    def __str__(self) -> str:
        return (
            f"{self.group}, {self.until}: treatment {self.treatment_ms:.2f} ms, control {self.control_ms:.2f} ms "
            f"in the median of {self.n} fetches each, p {'< 0.001' if self.p < TELLING_P else f'= {self.p:.3f}'}"
        )


def times_told(times: Sequence[Timed], *, seed: int) -> list[TimeTold]:
    """Treatment against control, by comparison group, to the first byte and to the last.

    times  of repeated fetches in shuffled order; a trial without both sides is left out
    p      of the difference of medians, two-sided, from DRAWS shuffles of the labels within each trial
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    told = []
    for group in sorted({time.group for time in times}):
        for name, until in (("first_ms", "to the first byte"), ("whole_ms", "to the last byte")):
            trials: dict[int, dict[bool, list[float]]] = defaultdict(lambda: {True: [], False: []})
            for time in times:
                if time.group == group:
                    trials[time.trial][time.is_treatment].append(getattr(time, name))
            both = [sides for sides in trials.values() if sides[True] and sides[False]]
            if both:
                told.append(_time_told(group, until, both, rng))
    return told


def _time_told(group: str, until: str, trials: list[dict[bool, list[float]]], rng: np.random.Generator) -> TimeTold:
    mine = np.concatenate([sides[True] for sides in trials])
    other = np.concatenate([sides[False] for sides in trials])
    drawn_mine, drawn_other = [], []
    for sides in trials:
        drawn = rng.permuted(np.tile(sides[True] + sides[False], (DRAWS, 1)), axis=1)
        drawn_mine.append(drawn[:, : len(sides[True])])
        drawn_other.append(drawn[:, len(sides[True]) :])
    drawn = np.median(np.hstack(drawn_mine), axis=1) - np.median(np.hstack(drawn_other), axis=1)
    seen = np.median(mine) - np.median(other)
    p = (1 + np.count_nonzero(np.abs(drawn) >= abs(seen) - 1e-12)) / (DRAWS + 1)
    return TimeTold(group, until, min(len(mine), len(other)), float(np.median(mine)), float(np.median(other)), float(p))


def order_told(slots: Sequence[SidedSlot], *, seed: int, within_lists: bool) -> tuple[list[Finding], float]:
    """Whether the treatment's side can be guessed from the comparison group, the list, or the place in a list.

    within_lists  whether each list is to be balanced within one, as it can be with an even target
    Returns       findings, and p of sides going with places, by shuffling sides within lists
    """
    findings = _unbalanced("comparison group", slots, "group")
    dealt = [slot for slot in slots if slot.list_number is not None]
    if within_lists:
        findings += _unbalanced("list", dealt, "list_number")
    lists: dict[int, list[SidedSlot]] = defaultdict(list)
    for slot in dealt:
        lists[slot.list_number].append(slot)
    size = 1 + max((slot.position for slot in dealt), default=0)
    rng = np.random.Generator(np.random.PCG64(seed))
    # The first row is what was dealt: how far each place is from as many treatments left as right.
    sums = np.zeros((DRAWS + 1, size))
    for members in lists.values():
        sides = np.array([1.0 if slot.treatment_left else -1.0 for slot in members])
        drawn = rng.permuted(np.tile(sides, (DRAWS + 1, 1)), axis=1)
        drawn[0] = sides
        sums[:, [slot.position for slot in members]] += drawn
    odd = (sums**2).sum(axis=1)
    p = float(np.count_nonzero(odd >= odd[0] - 1e-9) / (DRAWS + 1))
    if p < TELLING_P:
        told = f"the treatment's side goes with the place in a list (p = {p:.4f})"
        findings.append(Finding("order", "the slots", told))
    return findings, p


def checks_told(sessions: Sequence[Sequence[bool]]) -> tuple[list[Finding], float]:
    """Whether evaluators who compare the numbers of their trials can tell checks by them.

    sessions  for each, whether each of its trials after practice is a check, in order
    Returns   a finding for each number that is a check in SAME_PLACE of the sessions or more, and the largest share
              of sessions that any number is a check in; 0 without sessions
    """
    shares = [sum(row) / len(sessions) for row in zip_longest(*sessions, fillvalue=False)]
    told = "is a check in {:.0%} of {} sessions, so evaluators who compare notes can tell it"
    findings = [
        Finding("order", f"trial {n} after practice", told.format(share, len(sessions)))
        for n, share in enumerate(shares, start=1)
        if share >= SAME_PLACE
    ]
    return findings, max(shares, default=0.0)


def _unbalanced(what: str, slots: Sequence[SidedSlot], by: str) -> list[Finding]:
    lefts, rights = Counter(), Counter()
    for slot in slots:
        (lefts if slot.treatment_left else rights)[getattr(slot, by)] += 1
    return [
        Finding("order", f"{what} {key}", f"the treatment is left {lefts[key]} times and right {rights[key]} times")
        for key in sorted(lefts | rights)
        if abs(lefts[key] - rights[key]) > 1
    ]
