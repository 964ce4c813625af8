"""Which code computed a number: the released version, and the commit where it runs from a clone."""

import tomllib
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@cache
def code_version(root: Path = ROOT) -> str:
    """`0.1.0`, or `0.1.0+g1a2b3c4d5e6f` in a git clone. Read from files: git itself need not be installed."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    commit = _commit(root / ".git")
    return f"{project['version']}+g{commit[:12]}" if commit else str(project["version"])


def _commit(git: Path) -> str:
    head = git / "HEAD"
    if not head.is_file():
        return ""
    text = head.read_text(encoding="ascii").strip()
    if not text.startswith("ref: "):
        return text
    name = text.removeprefix("ref: ")
    if (git / name).is_file():
        return (git / name).read_text(encoding="ascii").strip()
    packed = git / "packed-refs"
    lines = packed.read_text(encoding="ascii").splitlines() if packed.is_file() else []
    return next((line.split()[0] for line in lines if line.endswith(f" {name}")), "")
