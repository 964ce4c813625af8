"""Votes from a CSV file, whoever collected them: our export, triplets, pwcmp's columns, Mechanical Turk's. Pure.

    read = read_votes(Path("votes.csv"), Choices())
    compute_report(read.votes, ...)

One file is read whole or not at all: everything wrong with it is told together, with line, value and remedy.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from analysis.votes import Votes

from . import crowd, exported
from .assembling import votes_of
from .choices import Choices
from .columns import CROWD, FORMATS, PAIRS, ROLES, SCALING, STUDY, Recognised, recognise
from .judgements import FIRST, SECOND, WRONG, Judgements, judgements, outcome_of_words, tell_unknown
from .lookalikes import tell_lookalikes
from .problems import Problems, VoteFileError, listed
from .tables import Column, file_bytes, headers_of, read_columns

__all__ = ["FORMATS", "ROLES", "Choices", "VoteFile", "VoteFileError", "read_votes"]

SELECTED = {"1": FIRST, "true": FIRST, "0": SECOND, "false": SECOND, "0.5": 1}
NUMBERED = {"1": FIRST, "2": SECOND, "0": 1}


@dataclass(frozen=True)
class VoteFile:
    """What a file of votes was read as.

    name, sha256   of the file
    format     what it was recognised as, in words
    rows       rows read, blank ones and the header not among them
    votes      answers of the one question that is reported, set-aside ones among them
    study, question   "" where the file does not say
    rehearsal  the votes are simulated, and nobody's preference
    by_alphabet  contrasts, "treatment:control", whose treatment neither the file nor the user named
    notes      what the reader of the report should know of the reading, in sentences
    """

    name: str
    sha256: str
    format: str
    rows: int
    votes: Votes
    study: str
    question: str
    rehearsal: bool
    by_alphabet: tuple[str, ...]
    notes: tuple[str, ...]


def read_votes(path: Path, choices: Choices) -> VoteFile:
    """The votes of a CSV file in any of the known formats.

    Returns  the same votes for any order of the rows; contrasts by name
    Raises   VoteFileError with every problem, nothing half done
    """
    raw, sha256 = file_bytes(path, encoding=choices.encoding)
    found = recognise(headers_of(raw, delimiter=choices.delimiter), choices.columns, file=path.name)
    notes: list[str] = []
    problems = Problems(path.name, np.zeros(0, np.int32))
    roles: Mapping[str, int] = found.roles
    batch = None
    if found.format.name == CROWD:
        batch = crowd.batch_of(found, problems, notes)
        problems.raise_if_any()
        roles = {**batch.roles, **{f"option {name}": place for name, place in batch.options.items()}}
    wanted = list(roles.values())
    read, lines = read_columns(raw, found.header, wanted, file=path.name)
    del raw
    columns = dict(zip(roles, read, strict=True))
    rows = len(lines)
    if rows == 0:
        raise VoteFileError([f"{path.name} has a header and no rows: add one row for each vote."])
    problems, said = Problems(path.name, lines), {}
    if found.format.name == STUDY:
        kept, said = exported.votes_among(columns, choices, problems, notes)
        columns = {role: column.select(kept) for role, column in columns.items()}
        problems.of_remaining(lines[kept])
    judged = crowd.judged(columns, batch, choices, problems) if batch else _judged(columns, found, choices, problems)
    _tell_what_is_missing(found, judged, notes)
    tell_lookalikes(judged, problems, notes)
    votes = votes_of(judged, choices, problems, notes)
    by_alphabet = () if judged.directed else _without_treatment(votes, choices)
    if by_alphabet:
        notes.append(
            "The file does not say which of two is the treatment: the first by the alphabet is called so "
            f"({listed(by_alphabet)}). Choose with --treatment NAME."
        )
    return VoteFile(
        name=path.name,
        sha256=sha256,
        format=found.format.title,
        rows=rows,
        votes=votes,
        study=said.get("study", ""),
        question=said.get("question", ""),
        rehearsal="rehearsal" in said,
        by_alphabet=by_alphabet,
        notes=tuple(notes),
    )


def _judged(columns: Mapping[str, Column], found: Recognised, choices: Choices, problems: Problems) -> Judgements:
    if found.format.name == STUDY:
        return exported.judged(columns, choices, problems)
    if found.format.name == SCALING:
        pair, told = ("condition_a", "condition_b"), columns["selection"]
        meaning = NUMBERED if told.name.casefold() == "selection" else SELECTED
        allowed = "1, 2, or 0 for a tie" if meaning is NUMBERED else "1 (condition_A), 0 or 0.5 (a tie)"

        def selected(names: tuple[str, ...], first: np.ndarray, second: np.ndarray) -> np.ndarray:
            outcome = told.of_values(lambda value: meaning.get(value.casefold(), WRONG), np.int8)
            tell_unknown(told, outcome == WRONG, problems, allowed)
            return outcome

        return judgements(columns, pair, selected, choices, problems)
    left_right = found.format.name == PAIRS
    pair = ("left", "right") if left_right else ("model_a", "model_b")
    return judgements(
        columns,
        pair,
        lambda names, first, second: outcome_of_words(columns["winner"], names, first, second, problems),
        choices,
        problems,
        first_is_left=True if left_right else None,
    )


def _without_treatment(votes: Votes, choices: Choices) -> tuple[str, ...]:
    named = set(choices.treatments)
    return tuple(one.key for one in votes.contrasts if not named & {one.treatment, one.control})


def _tell_what_is_missing(found: Recognised, judged: Judgements, notes: list[str]) -> None:
    for role, column in (("item", judged.items), ("evaluator", judged.evaluators)):
        if column is None and found.format.name != CROWD:
            notes.append(
                f"No column says the {role}, so only the binomial can be given: add one, or say --columns {role}=NAME."
            )
        elif column is not None and column.name.casefold() != role and found.format.name != CROWD:
            notes.append(f"The {role} is taken from the column '{column.name}'.")
    if (judged.side < 0).all() and len(judged.side):
        notes.append("No column says on which side each was shown, so side bias cannot be told.")
