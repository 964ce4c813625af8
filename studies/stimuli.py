"""The stimulus manifest: which listener each condition shows beside each speaker. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from retrieval.tables import ManifestError, Problem, TableRow, in_order, key_problem, read_table

__all__ = ["ItemRow", "ManifestError", "StimulusTable", "read_stimuli"]

COLUMNS = ("item", "condition", "clip_key")
OPTIONAL = ("kind", "correct_condition")
KINDS = ("main", "practice", "catch", "attention")
# Trials with a right answer: without one they check nothing.
CHECKS = ("catch", "attention")


@dataclass(frozen=True)
class ItemRow:
    """One item of a study, gathered from its lines.

    line               of its first row
    speaker            key of the speaker's clip, which names the item
    kind               main, practice, catch or attention
    correct_condition  of a check, or of a practice item that has one; else empty
    conditions         clip key of the listener that each condition shows, in the order of the manifest
    """

    line: int
    speaker: str
    kind: str
    correct_condition: str
    conditions: Mapping[str, str]


@dataclass(frozen=True)
class StimulusTable:
    """A stimulus manifest without a problem: its items in the order of their first lines."""

    items: tuple[ItemRow, ...]


def read_stimuli(
    path: Path | str,
    *,
    speakers: Set[str],
    listeners: Mapping[str, str],
    contrasts: Sequence[tuple[str, str]],
    persons: Mapping[str, str] | None = None,
) -> StimulusTable:
    """What each condition shows for each item.

    speakers   keys of the corpus's speaker clips
    listeners  sha256 of each listener clip of the corpus, by key
    contrasts  (treatment, control) of the study; every main item needs both conditions of each
    persons    person key of clips where it is known, by clip key: nobody listens to themselves
    Raises     ManifestError with all problems at once, each with its line
    """
    path = Path(path)
    table, problems = read_table(path, required=COLUMNS, optional=OPTIONAL)
    by_item: dict[str, list[TableRow]] = {}
    for entry in table:
        problems += [(entry.line, p) for p in _row_problems(entry, speakers, listeners, persons or {})]
        by_item.setdefault(entry.cells["item"], []).append(entry)
    known = {entry.cells["condition"] for entry in table}
    wanted = dict.fromkeys(chain.from_iterable(contrasts)) if any(_kind(entry) == "main" for entry in table) else {}
    for unknown in [name for name in wanted if name not in known]:
        named = f"no line of {path.name} has the condition '{unknown}' (there are: {', '.join(sorted(known))})"
        problems.append((0, f"{named}: add lines for it, or check the contrasts"))
    items = []
    for speaker, entries in by_item.items():
        problems += _item_problems(speaker, entries)
        item = _gather(speaker, entries)
        items.append(item)
        problems += [
            (item.line, problem)
            for problem in _contents(item, listeners=listeners, contrasts=contrasts, known=known)
        ]
    if items and not any(item.kind == "main" for item in items):
        problems.append((0, f"{path.name} has no item of kind main: there is nothing to vote on"))
    if problems:
        raise ManifestError(in_order(problems))
    return StimulusTable(items=tuple(items))


def _row_problems(
    entry: TableRow, speakers: Set[str], listeners: Mapping[str, str], persons: Mapping[str, str]
) -> list[str]:
    item, condition, clip = (entry.cells[column] for column in COLUMNS)
    kind = entry.cells.get("kind", "")
    problems = []
    if not item:
        problems.append("item is empty: give the clip key of the speaker")
    elif item not in speakers:
        other = "a listener" if item in listeners else "no clip of the corpus"
        problems.append(f"item '{item}' is {other}: an item is the clip key of a speaker")
    wrong_key = key_problem("condition", condition)
    if wrong_key:
        problems.append(wrong_key)
    if not clip:
        problems.append("clip_key is empty: give the clip key of the listener shown")
    elif clip not in listeners:
        other = "a speaker" if clip in speakers else "no clip of the corpus"
        problems.append(f"clip_key '{clip}' is {other}: a condition shows a listener")
    elif persons.get(item) and persons.get(item) == persons.get(clip):
        problems.append(f"listener '{clip}' and speaker '{item}' are the same person: choose another listener")
    if kind and kind not in KINDS:
        problems.append(f"kind is {kind!r}: it must be {', '.join(KINDS)} or empty (main)")
    return problems


def _item_problems(speaker: str, entries: Sequence[TableRow]) -> list[Problem]:
    """Lines of one item that contradict an earlier one."""
    found = []
    first = entries[0]
    seen: dict[str, int] = {}
    answers = {entry.cells.get("correct_condition", "") for entry in entries} - {""}
    for entry in entries:
        condition = entry.cells["condition"]
        if condition and condition in seen:
            found.append(
                (
                    entry.line,
                    f"'{condition}' of item '{speaker}' is on line {seen[condition]} already: keep one",
                )
            )
        seen.setdefault(condition, entry.line)
        if _kind(entry) != _kind(first):
            here, before = _kind(entry), f"{_kind(first)} on line {first.line}"
            found.append((entry.line, f"item '{speaker}' is {here} here, but {before}: make them alike"))
    if len(answers) > 1:
        named = " and ".join(sorted(answers))
        found.append((first.line, f"item '{speaker}' has correct_condition {named}: keep one"))
    return found


def _gather(speaker: str, entries: Sequence[TableRow]) -> ItemRow:
    answers = [entry.cells.get("correct_condition", "") for entry in entries]
    conditions: dict[str, str] = {}
    for entry in entries:
        conditions.setdefault(entry.cells["condition"], entry.cells["clip_key"])
    return ItemRow(
        line=entries[0].line,
        speaker=speaker,
        kind=_kind(entries[0]),
        correct_condition=next((answer for answer in answers if answer), ""),
        conditions=conditions,
    )


def _kind(entry: TableRow) -> str:
    return entry.cells.get("kind", "") or "main"


def _contents(
    item: ItemRow, *, listeners: Mapping[str, str], contrasts: Sequence[tuple[str, str]], known: Set[str]
) -> list[str]:
    """What an item lacks for the trials that it is for."""
    problems = []
    answer = item.correct_condition
    if item.kind == "main":
        wanted = [name for name in dict.fromkeys(chain.from_iterable(contrasts)) if name in known]
        missing = [condition for condition in wanted if condition not in item.conditions]
        if missing:
            problems.append(f"item '{item.speaker}' has no line for {', '.join(missing)}: add one for each")
        pairs = contrasts
    else:
        if len(item.conditions) < 2:
            problems.append(f"{item.kind} item '{item.speaker}' has one listener: it needs two conditions")
        names = list(item.conditions)
        pairs = [(a, b) for at, a in enumerate(names) for b in names[at + 1 :]]
    for left, right in pairs:
        content = [listeners.get(item.conditions.get(condition, "")) for condition in (left, right)]
        if content[0] and content[0] == content[1]:
            problems.append(f"item '{item.speaker}' shows the same video for {left} and {right}: change one")
    if answer and item.kind == "main":
        problems.append(f"item '{item.speaker}' is main, which has no right answer: empty correct_condition")
    elif item.kind in CHECKS and not answer:
        problems.append(f"{item.kind} item '{item.speaker}' has no correct_condition: name the right one")
    elif answer and answer not in item.conditions:
        problems.append(
            f"correct_condition '{answer}' is no condition of item '{item.speaker}' "
            f"(it has {', '.join(item.conditions)})"
        )
    return problems
