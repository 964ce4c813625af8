"""What evaluators added to their votes: reasons ticked, and where in the clip they pressed. Counts, no test."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import NamedTuple

from .votes import CONTROL, TIE, TREATMENT

BIN_MS = 500


class Press(NamedTuple):
    """One press: on which item, how long that plays, where in it, with a vote for whom (`halves`, as in Votes)."""

    item: str
    length_s: float
    at_s: float
    halves: int


@dataclass(frozen=True)
class Added:
    """What was added to the votes of one contrast that count.

    offered  reasons, (key, wording), in their order; None where none can be ticked
    ticked   how many votes ticked a reason, by (reason's key, halves)
    presses  None where none is asked for
    """

    offered: Sequence[tuple[str, str]] | None = None
    ticked: Mapping[tuple[str, int], int] = field(default_factory=dict)
    presses: Sequence[Press] | None = None


class Reason(NamedTuple):
    """How many votes for the treatment, for the control, and ties, ticked it; shares are of all such votes."""

    key: str
    text: str
    treatment: int
    control: int
    ties: int
    treatment_share: float | None
    control_share: float | None


class Bin(NamedTuple):
    """Presses in the half second from here on, by the vote that they came with."""

    from_s: float
    treatment: int
    control: int
    ties: int


@dataclass(frozen=True)
class Moments:
    """The presses on one item, by half seconds that have any; `length_s` is how long it plays."""

    item: str
    length_s: float
    bins: tuple[Bin, ...]


def reasons(added: Added, *, wins: int, ties: int, votes: int) -> tuple[Reason, ...] | None:
    """One row a reason, in the order offered; None where none can be ticked."""
    if added.offered is None:
        return None
    losses = votes - wins - ties
    found = []
    for key, text in added.offered:
        treatment, control, tied = (added.ticked.get((key, halves), 0) for halves in (TREATMENT, CONTROL, TIE))
        shares = treatment / wins if wins else None, control / losses if losses else None
        found.append(Reason(key, text, treatment, control, tied, *shares))
    return tuple(found)


def moments(added: Added) -> tuple[Moments, ...] | None:
    """Items with presses, by name; None where none is asked for. A press at the very end is in the last half second."""
    if added.presses is None:
        return None
    by_item: dict[str, list[Press]] = defaultdict(list)
    for press in added.presses:
        by_item[press.item].append(press)
    return tuple(Moments(item, its[0].length_s, _bins(its)) for item, its in sorted(by_item.items()))


def together(found: Sequence[Moments]) -> tuple[Moments, ...]:
    """Those of several comparison groups as one row an item, by name."""
    lengths = {one.item: one.length_s for one in found}
    counts: dict[str, dict[float, list[int]]] = {item: defaultdict(lambda: [0, 0, 0]) for item in lengths}
    for one in found:
        for start, *votes in one.bins:
            counts[one.item][start] = [a + b for a, b in zip(counts[one.item][start], votes, strict=True)]
    return tuple(
        Moments(item, lengths[item], tuple(Bin(start, *votes) for start, votes in sorted(counts[item].items())))
        for item in sorted(lengths)
    )


def _bins(presses: Sequence[Press]) -> tuple[Bin, ...]:
    counts = Counter((_place(press), press.halves) for press in presses)
    return tuple(
        Bin(place * BIN_MS / 1000, *(counts[place, halves] for halves in (TREATMENT, CONTROL, TIE)))
        for place in sorted({place for place, _ in counts})
    )


def _place(press: Press) -> int:
    # In whole milliseconds: 0.5 and its multiples begin a half second, whatever their floats are.
    last = max(0, ceil(round(1000 * press.length_s) / BIN_MS) - 1)
    return min(last, round(1000 * press.at_s) // BIN_MS)
