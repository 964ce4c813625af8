"""`python -m tests.everything`: all tests, one kind after another, and one summary at the end.

On SQLite; the data layer again on PostgreSQL; JavaScript under Node. Arguments are passed to pytest.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main(arguments: list[str]) -> int:
    pytest = [sys.executable, "-m", "pytest", *arguments]
    results = [
        ("Python on SQLite", _run(pytest)),
        ("data layer on PostgreSQL", _run([*pytest, "--database", "postgresql"])),
        ("JavaScript", _run_javascript()),
    ]
    print("\n" + "\n".join(f"{name}: {result}" for name, result in results))  # noqa: T201 - the summary
    return 1 if any(result.startswith("FAILED") for _, result in results) else 0


def _run(command: list[str]) -> str:
    began = time.monotonic()
    code = subprocess.run(command, cwd=ROOT, check=False).returncode
    return f"{'passed' if code == 0 else 'FAILED'} in {time.monotonic() - began:.0f} s"


def _run_javascript() -> str:
    files = sorted(str(file.relative_to(ROOT)) for file in (ROOT / "tests" / "js").rglob("*.test.*js"))
    node = shutil.which("node")
    if node is None:
        required = "node" in os.environ.get("REALTALK_REQUIRE", "")
        return f"{'FAILED' if required else 'not run'}: there is no node here (20 or newer)"
    return _run([node, "--test", *files]) if files else "FAILED: no tests/js/**/*.test.*js"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
