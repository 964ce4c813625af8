"""TOML that a researcher wrote: its table, or a sentence that names the file. Pure."""

import re
import tomllib
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

LARGEST_FILE_BYTES = 200_000
# Those that TOML itself takes in an escape alone; tab and line feed are none of them, a carriage return is.
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f]")


class TomlProblems(ValueError):
    """What is wrong with a file: sentences, each with the file's name and what to do."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(self.problems))


def toml_file(path: Path | str, *, of: str, problems: type[TomlProblems]) -> tuple[bytes, str]:
    """The bytes of a file and its name. Raises `problems` where it cannot be read or is too large.

    of  what it should hold: "questions", in plural
    """
    path = Path(path)
    try:
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise problems([f"{path.name} has over 200 kB: is it the right file? Questions take a few lines."])
        return path.read_bytes(), path.name
    except OSError as reason:
        why = reason.strerror or "it is not there"
        raise problems([f"{path} cannot be read ({why}): name a TOML file of {of}."]) from None


def toml_table(content: bytes, *, name: str, remedy: str, problems: type[TomlProblems]) -> dict[str, Any]:
    """The table in the bytes of a file. Raises `problems`, with `remedy` as the last words of what is no TOML."""
    try:
        table = tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise problems([f"{name} is not UTF-8 text: save it as UTF-8."]) from None
    except (ValueError, RecursionError) as reason:  # a number of thousands of digits is a bare ValueError
        raise problems([f"{name} is not TOML: {reason}. {remedy}"]) from None
    if found := _control_in(table):
        said = f"it has the control character U+{ord(found):04X}, which no page shows and not every database keeps"
        raise problems([f"{name}: {said}. Leave it out."])
    return table


def _control_in(table: Mapping[str, Any]) -> str | None:
    """The first control character in the texts and names of a table; None where there is none."""
    waiting: deque[Any] = deque([table])
    while waiting:  # no recursion: dotted keys nest deeper than Python calls
        match waiting.popleft():
            case str(text) if found := CONTROL.search(text):
                return found[0]
            case dict(inner):
                waiting += [*inner, *inner.values()]
            case list(inner):
                waiting += inner
    return None
