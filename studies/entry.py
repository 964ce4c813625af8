"""What is asked and said before the first trial: screener, groups, comprehension, age, a warning. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retrieval.tables import KEY

from .toml_text import TomlProblems, toml_file, toml_table

SCREENER, GROUP, COMPREHENSION = "screener", "group", "comprehension"
KINDS = (SCREENER, GROUP, COMPREHENSION)
TRIES = 2
# Reasons for a session's end that are no question's.
AGE, PRACTICE = "age", "practice"
FEWEST_OPTIONS, MOST_OPTIONS = 2, 12
MOST_QUESTIONS = 20
MOST_PLACES = 100_000
OLDEST = 120
LONGEST_KEY, LONGEST_QUESTION, LONGEST_OPTION, LONGEST_EXPLANATION = 50, 500, 200, 1000
LONGEST_TEXT = 10_000
KEY_RULE = f"use letters, digits, '.', '_' and '-', at most {LONGEST_KEY}, beginning with a letter or digit"
EXAMPLE = "docs/guide.md shows one"


class EntryError(TomlProblems):
    """What is wrong with a file of entry questions."""


@dataclass(frozen=True)
class EntryOption:
    """One answer to choose. places: sessions wanted of a group; None for any number."""

    key: str
    text: str
    places: int | None = None


@dataclass(frozen=True)
class EntryAsked:
    """One entry question of a kind in KINDS; `studies.models.EntryQuestion` says what the rest means."""

    kind: str
    key: str
    text: str
    options: tuple[EntryOption, ...]
    accepted: tuple[str, ...] = ()
    explanation: str = ""


@dataclass(frozen=True)
class Entry:
    """All that a study asks and says around its trials.

    least_age  in years; None asks nobody
    consent    empty for the default text of the study's language
    """

    questions: tuple[EntryAsked, ...] = ()
    least_age: int | None = None
    content_warning: str = ""
    support: str = ""
    debriefing: str = ""
    consent: str = ""


NOTHING_ASKED = Entry()


def entry_problems(entry: Entry) -> list[str]:
    """What keeps evaluators from being asked and told this: sentences, each with what to do."""
    problems = question_problems(entry.questions)
    if entry.least_age is not None and not 1 <= entry.least_age <= OLDEST:
        problems.append(f"The least age is {entry.least_age}: give years from 1 to {OLDEST}, or leave it out.")
    if entry.least_age is not None and entry.least_age < 18 and not entry.consent:
        problems.append(
            f"The default consent text says 18 years, and the least age is {entry.least_age}: bring a consent text."
        )
    for name in ("content_warning", "support", "debriefing", "consent"):
        length = len(getattr(entry, name))
        if length > LONGEST_TEXT:
            problems.append(f"The text '{name}' has {length} characters: at most {LONGEST_TEXT} fit.")
    return problems


def question_problems(questions: Sequence[EntryAsked]) -> list[str]:
    """As `entry_problems`, of the questions alone."""
    problems = []
    if len(questions) > MOST_QUESTIONS:
        problems.append(f"There are {len(questions)} entry questions: ask at most {MOST_QUESTIONS}.")
    keys = [question.key for question in questions]
    problems += [
        f"Entry question '{key}' is there {keys.count(key)} times: give each a key of its own."
        for key in dict.fromkeys(keys)
        if keys.count(key) > 1
    ]
    groups = [question.key for question in questions if question.kind == GROUP]
    if len(groups) > 1:
        problems.append(f"One question asks for the group, and these are {len(groups)}: {', '.join(groups)}. Keep one.")
    for question in questions:
        problems += [f"Entry question '{question.key}': {problem}" for problem in _problems_of(question)]
    return problems


def entry_sentences(
    asked: Iterable[tuple[str, str, Sequence[Mapping[str, Any]], Sequence[str]]], *, least_age: int | None
) -> tuple[str, ...]:
    """Who may take part and how many of whom, for a plan. asked: (kind, text, options, accepted) as rows have them."""
    said = [] if least_age is None else [f"Evaluators confirm that they are {least_age} or older."]
    for kind, text, options, accepted in asked:
        if kind == GROUP:
            wanted = ", ".join(f"{one['text']} ({one.get('places') or 'any number'})" for one in options)
            said.append(f'Sessions wanted by declared group ("{text}"): {wanted}.')
            continue
        right = "; ".join(one["text"] for one in options if one["key"] in accepted)
        tries = f", in {TRIES} tries" if kind == COMPREHENSION else ""
        said.append(f'Evaluators take part who answer "{text}" with: {right}{tries}.')
    return tuple(said)


def _problems_of(question: EntryAsked) -> list[str]:
    problems = []
    if not _is_key(question.key):
        problems.append(f"this cannot be its key: {KEY_RULE}.")
    elif question.key in (AGE, PRACTICE):
        problems.append(f"'{question.key}' is the name of another reason for which sessions end: choose another key.")
    if question.kind not in KINDS:
        problems.append(f"there is no kind '{question.kind}'; use one of {', '.join(KINDS)}.")
    for what, text, most in (
        ("text", question.text, LONGEST_QUESTION), ("explanation", question.explanation, LONGEST_EXPLANATION)
    ):  # fmt: skip
        if len(text) > most:
            problems.append(f"its {what} has {len(text)} characters; at most {most} fit.")
    if not question.text.strip():
        problems.append("its text is empty; write down what is asked.")
    return [*problems, *_option_problems(question.options), *_kind_problems(question)]


def _option_problems(options: Sequence[EntryOption]) -> list[str]:
    problems = []
    if not FEWEST_OPTIONS <= len(options) <= MOST_OPTIONS:
        problems.append(f"it has {len(options)} option(s); offer from {FEWEST_OPTIONS} to {MOST_OPTIONS}.")
    for what, values in (("key", [one.key for one in options]), ("text", [one.text.strip() for one in options])):
        double = [value for value in dict.fromkeys(values) if value and values.count(value) > 1]
        problems += [f"the options' {what} '{value}' is there twice; keep one." for value in double]
    for option in options:
        if not _is_key(option.key):
            problems.append(f"'{option.key}' cannot be the key of an option: {KEY_RULE}.")
        if not option.text.strip():
            problems.append(f"option '{option.key}' has no text; write down what evaluators read.")
        if len(option.text) > LONGEST_OPTION:
            problems.append(f"option '{option.key}' has {len(option.text)} characters; at most {LONGEST_OPTION} fit.")
        if option.places is not None and not 1 <= option.places <= MOST_PLACES:
            problems.append(
                f"option '{option.key}' has {option.places} places; give from 1 to {MOST_PLACES}, or leave the line "
                "out for any number. Whom the study does not want is asked by a screener."
            )
    return problems


def _kind_problems(question: EntryAsked) -> list[str]:
    """What only this kind has, or must have."""
    keys = [option.key for option in question.options]
    problems = [
        f"it accepts '{key}', which is none of its options ({', '.join(keys)})."
        for key in question.accepted
        if key not in keys
    ]
    if question.kind == GROUP:
        if question.accepted:
            problems.append("a group question accepts every answer: leave 'accepted' out.")
        return problems
    if any(option.places is not None for option in question.options):
        problems.append("only the options of a group question have places: leave them out.")
    if not question.accepted:
        problems.append("it accepts no answer: name the keys of the options with which one goes on.")
    elif keys and set(keys) <= set(question.accepted):
        problems.append("it accepts every answer: leave out of 'accepted' those with which one does not go on.")
    if not question.explanation.strip():
        why = "why others may not take part" if question.kind == SCREENER else "what the right answer is"
        problems.append(f"it has no explanation: write down {why}; evaluators are told.")
    return problems


def _is_key(text: str) -> bool:
    return len(text) <= LONGEST_KEY and KEY.fullmatch(text) is not None


def read_entry(path: Path | str) -> tuple[EntryAsked, ...]:
    """The entry questions in a TOML file. Raises EntryError with every problem; see `parse_entry`."""
    content, name = toml_file(path, of="entry questions", problems=EntryError)
    return parse_entry(content, name=name)


def parse_entry(content: bytes, *, name: str) -> tuple[EntryAsked, ...]:
    """The entry questions in the bytes of a TOML file: [[screener]], [[group]] and [[comprehension]] tables.

    name     the file's, for the sentences
    Returns  screener first, then the group's, then comprehension: the order in which they are asked
    Raises   EntryError with every problem that can be seen at once
    """
    table = toml_table(content, name=name, remedy=f"Mend it there; {EXAMPLE}.", problems=EntryError)
    problems, asked = _shape_problems(table), ()
    if not problems:
        asked = tuple(_asked(kind, one) for kind in KINDS for one in table.get(kind, []))
        problems = question_problems(asked)
        if not asked:
            problems.append(f"There is no question: it begins with the line [[screener]], for example; {EXAMPLE}.")
    if problems:
        raise EntryError([f"{name}: {problem}" for problem in problems])
    return asked


def _asked(kind: str, table: Mapping[str, Any]) -> EntryAsked:
    places = table.get("places", {})
    return EntryAsked(
        kind,
        table["key"],
        table["text"].strip(),
        tuple(EntryOption(key, text.strip(), places.get(key)) for key, text in table["options"].items()),
        tuple(table.get("accepted", ())),
        table.get("explanation", "").strip(),
    )


def _shape_problems(table: Mapping[str, Any]) -> list[str]:
    """Names and types alone: what the values say is looked at when they are of the right type."""
    problems = [
        f"the file has '{name}', which is not known; it may have {', '.join(KINDS)}."
        for name in table
        if name not in KINDS
    ]
    for kind in KINDS:
        questions = table.get(kind, [])
        if not isinstance(questions, list) or not all(isinstance(question, dict) for question in questions):
            problems.append(f"Each {kind} question begins with the line [[{kind}]]; {EXAMPLE}.")
            continue
        for number, question in enumerate(questions, start=1):
            known = question["key"] if isinstance(question.get("key"), str) else number
            problems += [f"{kind} question '{known}' {problem}" for problem in _table_problems(kind, question)]
    return problems


def _table_problems(kind: str, question: Mapping[str, Any]) -> list[str]:
    own = ("places",) if kind == GROUP else ("accepted", "explanation")
    known = ("key", "text", "options", *own)
    problems = [
        f"has '{name}', which is not known; it may have {', '.join(known)}." for name in question if name not in known
    ]
    problems += [f'has no {name}: add {name} = "...".' for name in ("key", "text") if name not in question]
    for name in ("key", "text", "explanation"):
        if not isinstance(question.get(name, ""), str):
            problems.append(f"needs quotation marks around its {name}: that is a text.")
    options = question.get("options")
    if not isinstance(options, dict) or not all(isinstance(text, str) for text in options.values()):
        problems.append(f'has no options: write lines of key = "text" below [{kind}.options]; {EXAMPLE}.')
        options = {}
    accepted = question.get("accepted", [])
    if not isinstance(accepted, list) or not all(isinstance(key, str) for key in accepted):
        problems.append('accepts a list of keys: accepted = ["first", "second"].')
    places = question.get("places", {})
    if not isinstance(places, dict) or not all(type(number) is int for number in places.values()):
        problems.append(f"has places as lines of key = number below [{kind}.places]; {EXAMPLE}.")
    elif options and (strange := sorted(set(places) - set(options))):
        problems.append(f"has places for {', '.join(strange)}, which it does not offer.")
    return problems

