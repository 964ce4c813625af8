"""Our own export, or any file that names treatment and control: which rows are votes, and what they say. Pure."""

from collections.abc import Mapping

import numpy as np

from analysis.votes import TIED, UNKNOWN

from .choices import Choices
from .judgements import (
    SIDES,
    TREATMENT_BY_SIDE,
    WRONG,
    Judgements,
    numbers,
    paired,
    tell_unknown,
    who,
)
from .problems import Problems, listed, many, shown
from .tables import Column

HALVES = {1.0: 2, 0.5: 1, 0.0: 0}
STRENGTHS = {"": float("nan"), "1": 1.0, "2": 2.0, "1.0": 1.0, "2.0": 2.0}
FLAGS = {"": 0, "0": 0, "false": 0, "no": 0, "1": 1, "true": 1, "yes": 1}


def votes_among(
    columns: Mapping[str, Column], choices: Choices, problems: Problems, notes: list[str]
) -> tuple[np.ndarray, dict[str, str]]:
    """Which rows are answers to main trials of one question of one study: bool (n,), and what was chosen.

    Tells, as problems, where the file leaves open which study or question is meant.
    """
    rows = len(next(iter(columns.values())).codes)
    kept = np.ones(rows, bool)
    said: dict[str, str] = {}
    if "kind" in columns:
        main = columns["kind"].of_values(lambda kind: kind.casefold() == "main", bool)
        left_out = int((~main).sum())
        if left_out:
            notes.append(f"Left out: {many(left_out, 'row')} of practice, checks or retests.")
        kept &= main
    if "rehearsal" in columns:
        kept &= _of_rehearsal(columns["rehearsal"], kept, choices, problems, notes, said)
    for role, chosen in (("study", choices.study), ("question", choices.question)):
        if role in columns:
            kept &= _one_of(columns[role], role, kept, chosen, problems, said)
    return kept, said


def _of_rehearsal(
    column: Column, kept: np.ndarray, choices: Choices, problems: Problems, notes: list[str], said: dict[str, str]
) -> np.ndarray:
    flags = _flags(column, problems)
    simulated = flags == 1
    if choices.rehearsal:
        said["rehearsal"] = "1"
        return simulated
    if kept.any() and simulated[kept].all():
        problems.of_file(
            "all votes are a rehearsal's, simulated and nobody's preference: give --include-rehearsal to report them."
        )
    elif simulated.any():
        notes.append(f"Left out: {many(int(simulated.sum()), 'row')} of a rehearsal.")
    return ~simulated


def _one_of(
    column: Column, role: str, kept: np.ndarray, chosen: str | None, problems: Problems, said: dict[str, str]
) -> np.ndarray:
    there = [column.values[code] for code in np.unique(column.codes[kept])]
    if chosen is None:
        if len(there) > 1:
            problems.of_file(
                f"it holds {len(there)} different values of '{column.name}' ({listed(there)}): choose one with "
                f"--{role}" + (", or remove the column to pool them." if role == "study" else ".")
            )
            return np.ones(len(kept), bool)
        said[role] = there[0] if there else ""
        return np.ones(len(kept), bool)
    if chosen not in there:
        problems.of_file(f"no vote has {shown(chosen)} in '{column.name}': there is {listed(there) or 'nothing'}.")
    said[role] = chosen
    return column.of_values(lambda value: value == chosen, bool)


def judged(columns: Mapping[str, Column], choices: Choices, problems: Problems) -> Judgements:
    """The rows that are votes, with what the file itself sets aside."""
    names, treatment, control = paired(columns["treatment"], columns["control"], problems)
    preferred = columns["preferred_treatment"]
    halves = preferred.of_values(_halves, np.int8)
    tell_unknown(preferred, halves == WRONG, problems, "1 (treatment), 0 (control) or 0.5 (a tie)")
    rows = len(halves)
    side = _sides(columns.get("chosen_side"), halves, problems)
    counted, reason = _set_aside(columns, rows, problems)
    return Judgements(
        names=names,
        first=treatment,
        second=control,
        outcome=halves,
        side=side,
        directed=True,
        items=who(columns, "item", problems),
        evaluators=who(columns, "evaluator", problems),
        people=columns.get("person"),
        position=numbers(columns.get("trial_index"), rows, problems),
        rt_ms=numbers(columns.get("rt_ms"), rows, problems),
        counted=counted,
        reason=reason,
        adaptive=_flags(columns["adaptive"], problems) == 1 if "adaptive" in columns else None,
        strength=_strengths(columns["strength"], problems) if "strength" in columns else None,
    )


def _halves(text: str) -> int:
    try:
        return HALVES.get(float(text.replace(",", ".")), WRONG)
    except ValueError:
        return WRONG


def _strengths(column: Column, problems: Problems) -> np.ndarray:
    told = column.of_values(lambda value: STRENGTHS.get(value, WRONG), np.float64)
    tell_unknown(column, told == WRONG, problems, "1 (slightly) or 2 (clearly), or nothing")
    return told


def _flags(column: Column, problems: Problems) -> np.ndarray:
    flags = column.of_values(lambda value: FLAGS.get(value.casefold(), WRONG), np.int8)
    tell_unknown(column, flags == WRONG, problems, "0 or 1")
    return flags


def _sides(column: Column | None, halves: np.ndarray, problems: Problems) -> np.ndarray:
    if column is None:
        return np.full(len(halves), UNKNOWN, np.int8)
    sides = column.of_values(lambda value: SIDES.get(value.casefold(), UNKNOWN if value == "" else -2), np.int8)
    tell_unknown(column, sides == -2, problems, "left, right or tie, or nothing")
    possible = sides < 0
    for half, side in TREATMENT_BY_SIDE:
        possible |= (halves == half) & (sides == side)
    problems.of_rows(
        ~possible & (halves != WRONG),
        (sides == TIED).astype(np.int32),
        lambda tied: (
            "chosen_side is tie, but preferred_treatment is not 0.5: correct one of them."
            if tied
            else "preferred_treatment is 0.5, but chosen_side is no tie: correct one of them."
        ),
    )
    return sides


def _set_aside(
    columns: Mapping[str, Column], rows: int, problems: Problems
) -> tuple[np.ndarray, Column | None]:
    """What counts, and the first reason of what does not; a reason alone sets aside as well."""
    excluded, reasons = columns.get("excluded"), columns.get("exclusion_reason")
    if excluded is None and reasons is None:
        return np.ones(rows, bool), None
    if reasons is None:
        reasons = Column("exclusion_reason", ("",), np.zeros(rows, np.int32))
    if excluded is None:
        aside = reasons.of_values(lambda value: value != "", bool)
    else:
        aside = _flags(excluded, problems) == 1
    first = tuple(value.split(";")[0].strip() or "excluded" for value in reasons.values)
    names = tuple(sorted({"", *first}))
    number = {name: place for place, name in enumerate(names)}
    table = np.array([number[name] for name in first], np.int32)
    codes = np.where(aside, table[reasons.codes] if len(table) else 0, number[""]).astype(np.int32)
    return ~aside, Column("exclusion_reason", names, codes)
