"""The clip manifest: which videos a corpus has, who is in them and in which role. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from .tables import ManifestError, Problem, TableRow, in_order, key_problem, read_table

__all__ = ["ClipRow", "ManifestError", "read_clip_manifest", "scan_clip_manifest"]

COLUMNS = ("clip_key", "file", "role", "person_key", "partner_key", "transcript", "split", "licence")
ATTRIBUTE = "attr_"
ROLES = ("speaker", "listener")
SPLITS = ("train", "test")


@dataclass(frozen=True)
class ClipRow:
    """One line of a clip manifest.

    path            of the video, absolute; it exists
    person_key      empty when it is not known who is seen
    partner_key     a speaker's listener who was really there, or empty; always empty for a listener
    permitted_uses  of the person, or empty
    attributes      of the person, as declared: {"age": "34"}; empty cells are left out
    """

    line: int
    clip_key: str
    path: Path
    role: str
    person_key: str = ""
    partner_key: str = ""
    transcript: str = ""
    split: str = ""
    licence: str = ""
    permitted_uses: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


def read_clip_manifest(path: Path | str, *, known: Mapping[str, str] | None = None) -> list[ClipRow]:
    """The clips that a manifest lists, in its order.

    Takes what `scan_clip_manifest` takes.
    Raises  ManifestError with every problem of every line; the videos themselves are not opened here
    """
    rows, problems = scan_clip_manifest(path, known=known)
    if problems:
        raise ManifestError(in_order(problems))
    return rows


def scan_clip_manifest(
    path: Path | str, *, known: Mapping[str, str] | None = None
) -> tuple[list[ClipRow], list[Problem]]:
    """The rows of a clip manifest as far as they can be read, and everything wrong with them.

    known   role of each clip that the corpus already has, by key: a partner may be one of them
    Raises  ManifestError where no row can be read at all
    Assumes `file` is relative to the manifest's folder, and stays in it, or absolute
    """
    path = Path(path)
    table, problems = read_table(path, required=COLUMNS, optional=("permitted_uses",), prefixes=(ATTRIBUTE,))
    rows: list[ClipRow] = []
    for entry in table:
        row, wrong = _read_row(entry, folder=path.parent)
        problems += [(entry.line, problem) for problem in wrong]
        rows.append(row)
    problems += _duplicates(rows)
    problems += _partner_problems(rows, known or {})
    problems += _person_problems(rows)
    # A listener's own partner_key only repeats the pair, which the speaker's row holds.
    return [row if row.role == "speaker" else replace(row, partner_key="") for row in rows], problems


def _read_row(entry: TableRow, *, folder: Path) -> tuple[ClipRow, list[str]]:
    cells = entry.cells
    problems = []
    wrong_key = key_problem("clip_key", cells["clip_key"])
    if wrong_key:
        problems.append(wrong_key)
    for column in ("person_key", "partner_key"):
        wrong_key = key_problem(column, cells[column]) if cells[column] else None
        if wrong_key:
            problems.append(wrong_key)
    if cells["role"] not in ROLES:
        given = f"role is {cells['role']!r}" if cells["role"] else "role is empty"
        problems.append(f"{given}: it must be speaker or listener")
    if cells["split"] and cells["split"] not in SPLITS:
        problems.append(f"split is {cells['split']!r}: it must be train, test or empty")
    declared = {name: text for name, text in cells.items() if name.startswith(ATTRIBUTE) and text}
    if not cells["person_key"] and (declared or cells.get("permitted_uses")):
        names = ", ".join([*declared, *(["permitted_uses"] if cells.get("permitted_uses") else [])])
        problems.append(f"{names} without a person_key: say whom it is about")
    video, wrong_file = _locate(cells["file"], folder)
    if wrong_file:
        problems.append(wrong_file)
    row = ClipRow(
        line=entry.line,
        path=video,
        permitted_uses=cells.get("permitted_uses", ""),
        attributes={name.removeprefix(ATTRIBUTE): text for name, text in declared.items()},
        **{column: cells[column] for column in COLUMNS if column != "file"},
    )
    return row, problems


def _locate(name: str, folder: Path) -> tuple[Path, str | None]:
    """Where a line's video is, and what is wrong with it; links are followed before the folder is checked."""
    if not name:
        return folder, "file is empty: name the video"
    if "\n" in name or "\r" in name:
        return folder, f"file {name!r} has a line break in it: put the name on one line"
    given = Path(name)
    try:
        home = folder.resolve()
        video = (home / given).resolve()
        if not given.is_absolute() and not video.is_relative_to(home):
            return video, (f"file '{name}' leaves the manifest's folder: move the video into it, or give its full path")
        if not video.exists():
            hint = "use '/' between folders" if "\\" in name else "check its name and folder"
            return video, f"file '{name}' does not exist: {hint}"
        if not video.is_file():
            return video, f"file '{name}' is not a file: name the video in it"
    except (OSError, RuntimeError, ValueError):  # a loop of links, a name too long
        return folder, f"file '{name}' cannot be looked up: check its name"
    return video, None


def _duplicates(rows: list[ClipRow]) -> list[Problem]:
    first: dict[str, int] = {}
    found = []
    for row in rows:
        key = row.clip_key
        if key and key in first:
            found.append((row.line, f"clip_key '{key}' is on line {first[key]} already: rename one"))
        first.setdefault(key, row.line)
    return found


def _partner_problems(rows: list[ClipRow], known: Mapping[str, str]) -> list[Problem]:
    by_key = {row.clip_key: row for row in reversed(rows)}  # of a key that is there twice, the first
    roles = {**known, **{key: row.role for key, row in by_key.items()}}
    return [
        (row.line, problem)
        for row in rows
        if row.partner_key and (problem := _partner_problem(row, by_key=by_key, roles=roles))
    ]


def _partner_problem(row: ClipRow, *, by_key: Mapping[str, ClipRow], roles: Mapping[str, str]) -> str | None:
    partner = row.partner_key
    if partner not in roles:
        return f"partner_key '{partner}' is no clip of this manifest or corpus: add it or empty the cell"
    if row.role == "speaker" and roles[partner] != "listener":
        return f"partner '{partner}' is not a listener: a speaker's partner is the listener who was there"
    if row.role == "listener" and not _repeats_the_pair(row, by_key):
        return f"speaker '{partner}' does not name this listener as its partner: do, or empty the cell"
    if row.person_key and partner in by_key and by_key[partner].person_key == row.person_key:
        return f"partner '{partner}' shows '{row.person_key}' too: nobody is their own listener"
    return None


def _repeats_the_pair(listener: ClipRow, by_key: Mapping[str, ClipRow]) -> bool:
    speaker = by_key.get(listener.partner_key)
    return speaker is not None and speaker.role == "speaker" and speaker.partner_key == listener.clip_key


def _person_problems(rows: list[ClipRow]) -> list[Problem]:
    """Lines that declare something else about a person than an earlier line."""
    declared: dict[tuple[str, str], tuple[int, str]] = {}
    found = []
    for row in rows:
        facts = {f"{ATTRIBUTE}{name}": text for name, text in row.attributes.items()}
        if row.permitted_uses:
            facts["permitted_uses"] = row.permitted_uses
        for column, text in facts.items():
            line, before = declared.setdefault((row.person_key, column), (row.line, text))
            if row.person_key and before != text:
                whose = f"{column} of person '{row.person_key}'"
                found.append((row.line, f"{whose} is {text!r}, but {before!r} on line {line}: make them alike"))
    return found
