"""Rows of any format as judgements: who of two was preferred, by whom, on what. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.votes import CONTROL, LEFT, RIGHT, TIE, TIED, TREATMENT, UNKNOWN
from retrieval.csv_lines import unquoted

from .choices import Choices
from .problems import Problems, shown
from .tables import Column

FIRST, SECOND, WRONG, ABSENT = 2, 0, -1, -2

FIRST_WORDS = frozenset({"model_a", "a", "x", "left", "first", "winner.x"})
SECOND_WORDS = frozenset({"model_b", "b", "y", "right", "second", "winner.y"})
TIE_WORDS = frozenset(
    {
        "tie", "tied", "draw", "winner.draw", "both", "equal", "same", "neither", "none", "no preference",
        "tie (bothbad)", "bothbad", "both_bad", "both bad", "tie (both bad)",
    }
)  # fmt: skip
SIDES = {"left": LEFT, "right": RIGHT, "tie": TIED}
TREATMENT_BY_SIDE = {(TREATMENT, LEFT), (TREATMENT, RIGHT), (CONTROL, LEFT), (CONTROL, RIGHT), (TIE, TIED)}


@dataclass(frozen=True)
class Judgements:
    """One row a vote, in the order of the file.

    names       the conditions, in order; `first` and `second` int32 (n,) are their numbers
    outcome     int8 (n,): 2 first preferred, 1 tie, 0 second preferred
    side        int8 (n,): the side chosen, as Votes.side
    directed    the file says which of the two is the treatment: it is `first`
    items, evaluators, people, reason   None where the file has no such column
    counted     bool (n,), False where the file itself sets the row aside
    adaptive    bool (n,), True where it says that earlier votes chose the pair; None where it has no such column
    strength    float64 (n,): 1 slightly, 2 clearly; NaN where it says none
    """

    names: tuple[str, ...]
    first: np.ndarray
    second: np.ndarray
    outcome: np.ndarray
    side: np.ndarray
    directed: bool
    items: Column | None
    evaluators: Column | None
    people: Column | None
    position: np.ndarray
    rt_ms: np.ndarray
    counted: np.ndarray
    reason: Column | None
    adaptive: np.ndarray | None = None
    strength: np.ndarray | None = None


def paired(first: Column, second: Column, problems: Problems) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    """The names in both columns, in order, and each row's two numbers; tells rows without two different names."""
    names = tuple(sorted({unquoted(name) for column in (first, second) for name in column.values}))
    number = {name: place for place, name in enumerate(names)}
    one, other = (column.of_values(lambda name: number[unquoted(name)], np.int32) for column in (first, second))
    for column in (first, second):
        tell_empty(column, problems, "name the condition")
    alike = (one == other) & first.of_values(lambda name: name != "", bool)
    problems.of_rows(
        alike,
        one,
        lambda place: f"{first.name} and {second.name} are both {shown(names[place])}: a vote needs two conditions.",
    )
    return names, one, other


def tell_empty(column: Column, problems: Problems, remedy: str) -> None:
    """A column that must say something says nothing in some row."""
    problems.of_rows(
        column.of_values(lambda value: value == "", bool),
        np.zeros(len(column.codes), np.int32),
        lambda _: f"{column.name} is empty: {remedy}, or leave the row out.",
    )


def tell_unknown(column: Column, wrong: np.ndarray, problems: Problems, allowed: str) -> None:
    """Cells that mean nothing: each value once, with what it may be."""
    problems.of_rows(
        wrong, column.codes, lambda code: f"{column.name} is {shown(column.values[code])}: write {allowed}."
    )


def outcome_of_words(
    answer: Column, names: Sequence[str], first: np.ndarray, second: np.ndarray, problems: Problems
) -> np.ndarray:
    """Who was preferred, where the answer is the name of one of the two or a word for it: int8 (n,).

    A name goes before a word, so that a condition may be called "a" or "left".
    """
    number = {name: place for place, name in enumerate(names)}
    named = answer.of_values(lambda value: number.get(unquoted(value), WRONG), np.int32)
    worded = answer.of_values(word_outcome, np.int8)
    outcome = np.select([named == first, named == second], [FIRST, SECOND], default=worded).astype(np.int8)
    allowed = "one of the row's two names, or model_a, model_b, left, right or tie"
    tell_unknown(answer, outcome == WRONG, problems, allowed)
    return outcome


def word_outcome(value: str) -> int:
    word = value.casefold()
    if word in TIE_WORDS:
        return TIE
    return FIRST if word in FIRST_WORDS else SECOND if word in SECOND_WORDS else WRONG


def side_of_first(outcome: np.ndarray, *, first_is_left: bool) -> np.ndarray:
    """The side chosen where the first of each pair is known to have been on the left; else unknown."""
    if not first_is_left:
        return np.full(len(outcome), UNKNOWN, np.int8)
    return np.select([outcome == FIRST, outcome == SECOND], [LEFT, RIGHT], default=TIED).astype(np.int8)


def numbers(column: Column | None, rows: int, problems: Problems) -> np.ndarray:
    """A column of numbers not below 0, NaN where empty or where there is no such column: float64 (n,)."""
    if column is None:
        return np.full(rows, np.nan)
    values = column.of_values(_number, np.float64)
    tell_unknown(column, values < 0, problems, "a number not below 0, or nothing")
    return values


def _number(text: str) -> float:
    if not text:
        return float("nan")
    try:
        value = float(text)
    except ValueError:
        return WRONG
    return value if 0 <= value < float("inf") else WRONG


def who(columns: Mapping[str, Column], role: str, problems: Problems) -> Column | None:
    """The column of items or evaluators, if the file has one: it must then say one in every row."""
    column = columns.get(role)
    if column is not None:
        tell_empty(column, problems, f"name the {role}, or remove the column")
    return column


def judgements(
    columns: Mapping[str, Column],
    pair: tuple[str, str],
    outcome: Callable[[tuple[str, ...], np.ndarray, np.ndarray], np.ndarray],
    choices: Choices,
    problems: Problems,
    *,
    first_is_left: bool | None = None,
) -> Judgements:
    """Judgements of a format that names two conditions and says who was preferred, and little else."""
    names, first, second = paired(columns[pair[0]], columns[pair[1]], problems)
    preferred = outcome(names, first, second)
    rows = len(preferred)
    left = choices.first_is_left if first_is_left is None else first_is_left
    return Judgements(
        names=names,
        first=first,
        second=second,
        outcome=preferred,
        side=side_of_first(preferred, first_is_left=left),
        directed=False,
        items=who(columns, "item", problems),
        evaluators=who(columns, "evaluator", problems),
        people=None,
        position=np.full(rows, np.nan),
        rt_ms=np.full(rows, np.nan),
        counted=np.ones(rows, bool),
        reason=None,
    )
