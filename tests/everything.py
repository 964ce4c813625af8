"""`python -m tests.everything`: all tests, one kind after another, and one summary at the end.

JavaScript under Node; the data layer on PostgreSQL; all on SQLite. pytest shares out the test files among as many
processes as there are cores, four at the most. Arguments are passed to pytest: `-n 0` runs all in one process.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MOST_PROCESSES = 4  # each holds a database, a Valkey, a Chromium and, in time, torch
# How pytest and Node's runner say what became of the tests.
_PYTEST_COUNTS = re.compile(r"^=* ?(.*\b(?:passed|failed|error|no tests ran).*) in [\d.]+s\b")
_NODE_COUNTS = re.compile(r"^(?:# |\W )((?:pass|fail) \d+)$")


def main(arguments: list[str]) -> int:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # else each process's torch and BLAS want every core
    processes = min(os.cpu_count() or 1, MOST_PROCESSES)
    # A file's tests stay together: what they share is made once.
    side_by_side = [f"--numprocesses={processes}", "--dist=loadfile", "--no-loadscope-reorder"]
    pytest = [sys.executable, "-m", "pytest", *side_by_side, *arguments]
    results = [
        ("JavaScript", _run_javascript()),
        ("Data layer on PostgreSQL", _run([*pytest, "--database", "postgresql"], counts=_PYTEST_COUNTS)),
        ("Python on SQLite", _run(pytest, counts=_PYTEST_COUNTS)),
    ]
    print("\n" + "\n".join(f"{name}: {result}" for name, result in results))  # noqa: T201 - the summary
    return 1 if any(result.startswith("FAILED") for _, result in results) else 0


def _run(command: list[str], *, counts: re.Pattern[str]) -> str:
    """Run it, let its output through, and say how it ended with its own counts."""
    began, counted = time.monotonic(), []
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, errors="replace") as process:
        assert process.stdout is not None
        for line in process.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            if found := counts.match(line):
                counted.append(found.group(1))
    verdict = "passed" if process.returncode == 0 else "FAILED"
    return f"{verdict} in {time.monotonic() - began:.0f} s ({', '.join(counted) or 'it counted nothing'})"


def _run_javascript() -> str:
    files = sorted(str(file.relative_to(ROOT)) for file in (ROOT / "tests" / "js").rglob("*.test.*js"))
    node = shutil.which("node")
    if node is None:
        required = "node" in os.environ.get("REALTALK_REQUIRE", "")
        return f"{'FAILED' if required else 'not run'}: there is no node here (20 or newer)"
    return _run([node, "--test", *files], counts=_NODE_COUNTS) if files else "FAILED: no tests/js/**/*.test.*js"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
