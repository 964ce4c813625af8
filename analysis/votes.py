"""The answers to one question as columns of numbers: what every statistic of the report is computed from."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import compress
from typing import NamedTuple, Self

import numpy as np

TREATMENT, TIE, CONTROL = 2, 1, 0
LEFT, RIGHT, TIED, UNKNOWN = 0, 1, 2, -1
SIDE_CODES = {"left": LEFT, "right": RIGHT, "tie": TIED}


class ContrastName(NamedTuple):
    """A treatment put against a control; planned before the first vote, or looked at because it was there."""

    treatment: str
    control: str
    planned: bool = True

    @property
    def key(self) -> str:
        return f"{self.treatment}:{self.control}"


@dataclass(frozen=True)
class Labels:
    """A column of names as numbers: vote i has the name names[codes[i]]. Names differ; some may be unused.

    codes  int32 (n,)
    """

    names: tuple[str, ...]
    codes: np.ndarray

    @classmethod
    def of(cls, values: Iterable[object]) -> Self:
        """Number the values in the order of their texts; two values with one text are one name."""
        texts = [str(value) for value in values]
        names = sorted(set(texts))
        number = {name: i for i, name in enumerate(names)}
        return cls(tuple(names), np.fromiter((number[text] for text in texts), dtype=np.int32, count=len(texts)))

    def __len__(self) -> int:
        return len(self.codes)

    def select(self, rows: np.ndarray) -> Self:
        """These rows (a mask, or their numbers in the order wanted), under the same names."""
        return type(self)(self.names, self.codes[rows])

    def used(self) -> Self:
        """Without names that no row has, in the same order."""
        present = np.bincount(self.codes, minlength=len(self.names)) > 0
        return type(self)(tuple(compress(self.names, present.tolist())), dense(self.codes))

    def in_order(self) -> Self:
        """The same with names in alphabetical order."""
        order = sorted(range(len(self.names)), key=self.names.__getitem__)
        place = np.empty(len(order), dtype=np.int32)
        place[order] = np.arange(len(order), dtype=np.int32)
        return type(self)(tuple(self.names[i] for i in order), place[self.codes])


def dense(codes: np.ndarray) -> np.ndarray:
    """Codes renumbered 0 to G - 1 in their order, so that each number is used: int32, same length."""
    present = np.bincount(codes) > 0
    return (np.cumsum(present) - 1).astype(np.int32)[codes]


@dataclass(frozen=True)
class ContrastVotes:
    """Votes of one contrast, column by column, in one order.

    halves      int8 (n,): 2 treatment chosen, 1 tie, 0 control chosen
    items       the item (one speaker's clip) that each vote is on; None where votes carry no such ids
    evaluators  who gave it; None where votes carry no such ids
    people      who speaks in the item, where known. For a warning only
    side        int8 (n,): the side chosen, 0 left, 1 right, 2 tie, -1 unknown
    """

    treatment: str
    control: str
    halves: np.ndarray
    items: Labels | None
    evaluators: Labels | None
    people: Labels | None
    side: np.ndarray

    def __len__(self) -> int:
        return len(self.halves)

    def select(self, rows: np.ndarray) -> "ContrastVotes":
        """These rows: a mask, or their numbers in the order wanted."""
        return ContrastVotes(
            treatment=self.treatment,
            control=self.control,
            halves=self.halves[rows],
            items=_selected(self.items, rows),
            evaluators=_selected(self.evaluators, rows),
            people=_selected(self.people, rows),
            side=self.side[rows],
        )


@dataclass(frozen=True)
class Votes:
    """Every answer to a main trial of one question, counted or set aside, column by column, in one order.

    contrast    int32 (n,), which of `contrasts`
    halves      int8 (n,): 2 treatment chosen, 1 tie, 0 control chosen
    items, evaluators, people   None where votes carry no such ids; people are those who speak
    side        int8 (n,): the side chosen, 0 left, 1 right, 2 tie, -1 unknown
    position    float64 (n,), the trial's place in its session; NaN where unknown
    rt_ms       float64 (n,), response time in milliseconds; NaN where unknown
    counted     bool (n,), False where set aside
    reason      the first rule that set it aside, "" where counted; None where nothing can be set aside
    adaptive    bool (n,), True where earlier votes chose its contrast; None where that was never so
    strength    int8 (n,): 1 slightly, 2 clearly, 0 a tie or unknown; None where no answer has one
    """

    contrasts: tuple[ContrastName, ...]
    contrast: np.ndarray
    halves: np.ndarray
    items: Labels | None
    evaluators: Labels | None
    people: Labels | None
    side: np.ndarray
    position: np.ndarray
    rt_ms: np.ndarray
    counted: np.ndarray
    reason: Labels | None = None
    adaptive: np.ndarray | None = None
    strength: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.halves)

    def select(self, rows: np.ndarray) -> "Votes":
        """These rows (a mask, or their numbers in the order wanted), of all the same contrasts."""
        return Votes(
            contrasts=self.contrasts,
            contrast=self.contrast[rows],
            halves=self.halves[rows],
            items=_selected(self.items, rows),
            evaluators=_selected(self.evaluators, rows),
            people=_selected(self.people, rows),
            side=self.side[rows],
            position=self.position[rows],
            rt_ms=self.rt_ms[rows],
            counted=self.counted[rows],
            reason=_selected(self.reason, rows),
            adaptive=None if self.adaptive is None else self.adaptive[rows],
            strength=None if self.strength is None else self.strength[rows],
        )

    def uniform(self) -> "Votes":
        """Those on contrasts that no vote chose: the only ones whose share is of what was asked of everybody."""
        return self if self.adaptive is None else self.select(~self.adaptive)

    def in_order(self) -> "Votes":
        """The same with names of items, evaluators and people in alphabetical order."""
        columns = {"items": self.items, "evaluators": self.evaluators, "people": self.people}
        return replace(self, **{name: labels and labels.in_order() for name, labels in columns.items()})

    def of(self, contrast: int) -> ContrastVotes:
        """All votes of one contrast, by its place in `contrasts`; counted or not."""
        return self.of_rows(np.flatnonzero(self.contrast == contrast), contrast)

    def of_rows(self, rows: np.ndarray, contrast: int) -> ContrastVotes:
        """These rows, all of one contrast: for who has found them already."""
        name = self.contrasts[contrast]
        return ContrastVotes(
            treatment=name.treatment,
            control=name.control,
            halves=self.halves[rows],
            items=_selected(self.items, rows),
            evaluators=_selected(self.evaluators, rows),
            people=_selected(self.people, rows),
            side=self.side[rows],
        )


def strengths(told: np.ndarray) -> np.ndarray | None:
    """As `Votes.strength` holds them, of numbers that are NaN where an answer has none."""
    known = np.isfinite(told)
    return np.where(known, told, 0).astype(np.int8) if known.any() else None


def _selected(labels: Labels | None, rows: np.ndarray) -> Labels | None:
    return None if labels is None else labels.select(rows)
