"""What evaluators are asked about each pair: questions, their forms and reasons, and what they may add. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retrieval.tables import KEY, KEY_RULE

from .toml_text import TomlProblems, toml_file, toml_table

QUESTION = "Which listener reacts more appropriately to what the speaker says?"
QUESTION_KEY = "appropriate"
FORMS = ("2afc", "tie", "5-point")
FEWEST_REASONS, MOST_REASONS = 2, 12
MOST_QUESTIONS = 6
LONGEST_QUESTION, LONGEST_REASON = 500, 120
EXAMPLE = "docs/guide.md shows one"


class QuestionsError(TomlProblems):
    """What is wrong with a file of questions."""


@dataclass(frozen=True)
class AskedQuestion:
    """One question about each pair; `reasons` are (key, text) in the order in which they are offered."""

    key: str
    text: str
    form: str = FORMS[0]
    reasons: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Asking:
    """All that evaluators are asked about a pair, the primary question first."""

    questions: tuple[AskedQuestion, ...]
    asks_comment: bool = False
    asks_when: bool = False


def one_question(text: str = QUESTION) -> Asking:
    """The default: one question, a forced choice."""
    return Asking((AskedQuestion(QUESTION_KEY, text),))


def asking_problems(asking: Asking) -> list[str]:
    """What keeps evaluators from being asked this: sentences, each with what to do; empty when nothing does."""
    problems = []
    if not asking.questions:
        problems.append("There is no question: evaluators would not know what to choose by. Write at least one.")
    if len(asking.questions) > MOST_QUESTIONS:
        problems.append(f"There are {len(asking.questions)} questions: at most {MOST_QUESTIONS} fit below the videos.")
    keys = [question.key for question in asking.questions]
    problems += [
        f"Question '{key}' is there {keys.count(key)} times: give each question a key of its own."
        for key in dict.fromkeys(keys)
        if keys.count(key) > 1
    ]
    for question in asking.questions:
        problems += [f"Question '{question.key}': {problem}" for problem in question_problems(question)]
    return problems


def question_problems(question: AskedQuestion) -> list[str]:
    """What is wrong with one question, whatever the others are."""
    problems = []
    if not KEY.fullmatch(question.key):
        problems.append(f"this cannot be its key: {KEY_RULE}.")
    if not question.text.strip():
        problems.append("its text is empty; write down what evaluators are asked.")
    if len(question.text) > LONGEST_QUESTION:
        problems.append(f"its text has {len(question.text)} characters; at most {LONGEST_QUESTION} fit on the page.")
    if question.form not in FORMS:
        problems.append(f"there is no form '{question.form}'; use one of {', '.join(FORMS)}.")
    if question.reasons:
        problems += _reason_problems(question.reasons)
    return problems


def _reason_problems(reasons: Sequence[tuple[str, str]]) -> list[str]:
    problems = []
    if not FEWEST_REASONS <= len(reasons) <= MOST_REASONS:
        problems.append(f"it offers {len(reasons)} reason(s); offer from {FEWEST_REASONS} to {MOST_REASONS}, or none.")
    for what, values in (("key", [key for key, _ in reasons]), ("text", [text.strip() for _, text in reasons])):
        double = [value for value in dict.fromkeys(values) if values.count(value) > 1]
        problems += [f"the reasons' {what} '{value}' is there twice; keep one." for value in double]
    for key, text in reasons:
        if not KEY.fullmatch(key):
            problems.append(f"'{key}' cannot be the key of a reason: {KEY_RULE}.")
        if not text.strip():
            problems.append(f"reason '{key}' has no text; write down what evaluators read.")
        if len(text) > LONGEST_REASON:
            problems.append(f"reason '{key}' has {len(text)} characters; at most {LONGEST_REASON} fit.")
    return problems


def read_questions(path: Path | str) -> Asking:
    """The questions in a TOML file. Raises QuestionsError with every problem; see `parse_questions`."""
    content, name = toml_file(path, of="questions", problems=QuestionsError)
    return parse_questions(content, name=name)


def parse_questions(content: bytes, *, name: str) -> Asking:
    """The questions in the bytes of a TOML file: [[question]] tables, and asks_comment and asks_when above them.

    name    the file's, for the sentences
    Raises  QuestionsError with every problem that can be seen at once
    """
    table = toml_table(content, name=name, remedy=f"Mend it there; {EXAMPLE}.", problems=QuestionsError)
    problems = _shape_problems(table)
    asking = None
    if not problems:
        asking = Asking(
            tuple(_question(question) for question in table.get("question", [])),
            asks_comment=table.get("asks_comment", False),
            asks_when=table.get("asks_when", False),
        )
        problems = asking_problems(asking)
    if asking is None or problems:
        raise QuestionsError([f"{name}: {problem}" for problem in problems])
    return asking


def _question(table: Mapping[str, Any]) -> AskedQuestion:
    reasons = tuple((key, text.strip()) for key, text in table.get("reasons", {}).items())
    return AskedQuestion(table["key"], table["text"].strip(), table.get("form", FORMS[0]), reasons)


def _shape_problems(table: Mapping[str, Any]) -> list[str]:
    """Names and types alone: what the values say is looked at when they are of the right type."""
    problems = _unknown(table, ("question", "asks_comment", "asks_when"), "the file")
    for name in ("asks_comment", "asks_when"):
        if not isinstance(table.get(name, False), bool):
            problems.append(f"{name} is true or false, without quotation marks.")
    questions = table.get("question", [])
    if not isinstance(questions, list) or not all(isinstance(question, dict) for question in questions):
        return [*problems, f"Each question begins with the line [[question]]; {EXAMPLE}."]
    for number, question in enumerate(questions, start=1):
        where = f"Question '{question['key']}'" if isinstance(question.get("key"), str) else f"Question {number}"
        problems += _unknown(question, ("key", "text", "form", "reasons"), where)
        for name in ("key", "text"):
            if name not in question:
                problems.append(f'{where} has no {name}: add {name} = "...".')
        for name in ("key", "text", "form"):
            if not isinstance(question.get(name, ""), str):
                problems.append(f"{where}: its {name} is a text; put it in quotation marks.")
        reasons = question.get("reasons", {})
        if not isinstance(reasons, dict) or not all(isinstance(text, str) for text in reasons.values()):
            problems.append(f'{where}: reasons are lines of key = "text" below [question.reasons]; {EXAMPLE}.')
    return problems


def _unknown(table: Mapping[str, Any], known: Sequence[str], where: str) -> list[str]:
    return [
        f"{where} has '{name}', which is not known; it may have {', '.join(known)}."
        for name in table
        if name not in known
    ]
