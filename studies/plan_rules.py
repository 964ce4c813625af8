"""The exclusion rules that a plan can name: their words, their one parameter, and how a plan writes them down.

Pure. What a rule finds is worked out in `analysis.exclusion_rules`; a plan has to name it before that can be.
"""

import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

RESERVED_RULES = ("surplus", "late")
BY_HAND = "by hand"
Entry = str | dict[str, Any]
# Nothing that a table of text, a list joined by semicolons or a spreadsheet would read as something else.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,99}")
NAMING = "is no name for a rule: letters (a to z), digits, spaces and _ . - , at most 100, the first a letter or digit"


@dataclass(frozen=True)
class Parameter:
    """The number that a rule needs: its name, what it is without being given, and its bounds, both allowed."""

    name: str
    default: float
    low: float
    high: float
    is_whole: bool = False


@dataclass(frozen=True)
class RuleKind:
    """A rule that the software can apply.

    sets_aside  "session" or "trial": what one finding takes out
    sentence    what the plan says, with {value} for the parameter's value
    """

    name: str
    sets_aside: str
    parameter: Parameter | None
    sentence: str


KINDS = {
    kind.name: kind
    for kind in (
        RuleKind(
            "failed_catch", "session", Parameter("more_than", 0, 0, 1000, is_whole=True),
            "a session is set aside that answers more than {value} catch trials wrongly",
        ),
        RuleKind(
            "failed_attention", "session", Parameter("more_than", 0, 0, 1000, is_whole=True),
            "a session is set aside that answers more than {value} attention checks wrongly",
        ),
        RuleKind(
            "coverage", "trial", Parameter("under", 0.9, 0, 1),
            "a trial is set aside of which less than {value} of any of its three videos was seen (1 is all of it)",
        ),
        RuleKind(
            "too_fast", "trial", Parameter("tolerance_ms", 250, 0, 60_000, is_whole=True),
            "a trial is set aside that was answered more than {value} ms before its videos could have ended",
        ),
        RuleKind(
            "hurried", "session", Parameter("median_under_ms", 300, 0, 60_000, is_whole=True),
            "a session is set aside whose answers come, in the median, less than {value} ms after the videos end",
        ),
        RuleKind(
            "one_sided", "session", Parameter("p_below", 0.001, 0, 1),
            "a session is set aside whose answers favour one side with an exact binomial p below {value}",
        ),
        RuleKind(
            "duplicate_person", "session", None,
            "a later session is set aside of someone who is known to have taken part before; the researcher names both",
        ),
    )
}  # fmt: skip


def rule_name(entry: Entry) -> str:
    return entry if isinstance(entry, str) else str(entry["rule"])


def rule_names(entries: Iterable[Entry]) -> list[str]:
    """Names in the plan's order."""
    return [rule_name(entry) for entry in entries]


def is_rule_name(name: str) -> bool:
    """Whether the name can be counted by wherever it is written: `NAMING` says what it is made of."""
    return _NAME.fullmatch(name) is not None


def rule_value(entry: Entry) -> float | None:
    """The parameter as the plan has it, else its default; None for a rule without one or one applied by hand."""
    kind = KINDS.get(rule_name(entry))
    if kind is None or kind.parameter is None:
        return None
    given = {} if isinstance(entry, str) else entry
    return given.get(kind.parameter.name, kind.parameter.default)


def rule_sentence(entry: Entry) -> str:
    """What the rule does, in words that go on after its name."""
    kind = KINDS.get(rule_name(entry))
    if kind is None:
        return "applied by hand, with a reason each time"
    value = rule_value(entry)
    return kind.sentence if value is None else kind.sentence.format(value=_number(value))


def rule_problems(entries: object) -> list[str]:
    """Why this is no list of rules; empty where it is one."""
    if not isinstance(entries, list) or not all(_has_name(entry) for entry in entries):
        return ["Rules are a list; each is a name, such as failed_catch, or a name with its number."]
    names = rule_names(entries)
    problems = [f"'{name}' is there twice: keep one." for name in sorted({n for n in names if names.count(n) > 1})]
    problems += [f"'{name}' {NAMING}." for name in names if not is_rule_name(name)]
    problems += [f"'{name}' is the system's own word; choose another rule." for name in RESERVED_RULES if name in names]
    return problems + [found for entry in entries if isinstance(entry, dict) for found in _parameter_problems(entry)]


def parse_rules(text: str) -> list[Entry]:
    """Rules as they are typed, one a line: `coverage under 0.9`, `failed_catch`, or `looked_tired by hand`.

    A text that begins with a bracket is read as the JSON that a plan keeps.
    Raises  ValueError with one sentence a line for every problem
    """
    if text.strip().startswith("["):
        try:
            entries, problems = json.loads(text), []
        except ValueError as reason:
            entries, problems = [], [f"This is no JSON list: {reason}."]
    else:
        entries, problems = [], []
        for line in filter(None, (" ".join(line.split()) for line in text.splitlines())):
            try:
                entries.append(_parse_line(line))
            except ValueError as reason:
                problems.append(str(reason))
    problems = problems or rule_problems(entries)
    if problems:
        raise ValueError("\n".join(problems))
    return [_complete(entry) for entry in entries]


def rules_as_text(entries: Sequence[Entry]) -> str:
    """One rule a line, as `parse_rules` reads them."""
    return "\n".join(_as_line(entry) for entry in entries)


def _as_line(entry: Entry) -> str:
    name = rule_name(entry)
    kind = KINDS.get(name)
    if kind is None:
        return f"{name} {BY_HAND}"
    return f"{name} {kind.parameter.name} {_number(rule_value(entry))}" if kind.parameter else name


def _parse_line(line: str) -> Entry:
    if line.endswith(f" {BY_HAND}"):
        name = line.removesuffix(BY_HAND).strip()
        if not is_rule_name(name):
            raise ValueError(f"'{name}' {NAMING}.")
        if name in KINDS:
            raise ValueError(f"'{line}': a rule applied by hand has a name of its own, such as looked_tired {BY_HAND}.")
        return name
    name, *rest = line.split()
    kind = KINDS.get(name)
    if kind is None:
        raise ValueError(
            f"'{line}': no rule is called '{name}'. There are {', '.join(KINDS)}; "
            f"a rule of your own is written 'my_rule {BY_HAND}'."
        )
    if not rest:
        return name
    if kind.parameter is None or len(rest) != 2 or rest[0] != kind.parameter.name:
        raise ValueError(f"'{line}': write it like this: {_as_line(name)}")
    try:
        value = float(rest[1])
    except ValueError:
        raise ValueError(f"'{line}': '{rest[1]}' is not a number.") from None
    return {"rule": name, kind.parameter.name: int(value) if value.is_integer() else value}


def _complete(entry: Entry) -> Entry:
    """With its number written out, so that a later default changes no plan."""
    kind = KINDS.get(rule_name(entry))
    if kind is None:
        return rule_name(entry)
    return {"rule": kind.name} | ({kind.parameter.name: rule_value(entry)} if kind.parameter else {})


def _has_name(entry: object) -> bool:
    name = entry.get("rule") if isinstance(entry, dict) else entry
    return isinstance(name, str) and name == name.strip() != ""


def _parameter_problems(entry: dict[str, Any]) -> list[str]:
    name = rule_name(entry)
    kind = KINDS.get(name)
    given = {key: value for key, value in entry.items() if key != "rule"}
    known = kind.parameter if kind else None
    if unknown := sorted(set(given) - ({known.name} if known else set())):
        return [f"'{name}' knows no {', '.join(map(str, unknown))}."]
    if known is None or known.name not in given:
        return []
    value = given[known.name]
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not is_number or not known.low <= value <= known.high or (known.is_whole and value != int(value)):
        kind_of = "a whole number" if known.is_whole else "a number"
        return [f"'{name}': {known.name} is {kind_of} from {_number(known.low)} to {_number(known.high)}."]
    return []


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(float(value))
