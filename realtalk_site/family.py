"""Processes that end together."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

from realtalk_site import reaper


class Family:
    """Child processes, each in a group of its own, that a reaper ends when this process stops or dies."""

    def __init__(self) -> None:
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._reaper = subprocess.Popen(  # noqa: S603 - our own file
            [sys.executable, "-I", str(Path(reaper.__file__))], stdin=subprocess.PIPE, start_new_session=True
        )

    def start(
        self, name: str, command: list[str], *, environment: dict[str, str], stdout: int | None = None
    ) -> None:
        """Start one more; `name` is what messages call it, `stdout` as in subprocess.Popen."""
        child = subprocess.Popen(  # noqa: S603 - commands of the serve command
            command, env=environment, stdin=subprocess.DEVNULL, stdout=stdout, start_new_session=True
        )
        self.adopt(name, child)

    def adopt(self, name: str, child: subprocess.Popen[bytes]) -> None:
        """Take in a process that already runs and leads its group."""
        assert self._reaper.stdin is not None  # noqa: S101 - given PIPE above
        self._reaper.stdin.write(f"{child.pid}\n".encode())
        self._reaper.stdin.flush()
        self._children[name] = child

    def ended(self) -> str | None:
        """The name of a child that is no longer there, if any."""
        return next((name for name, child in self._children.items() if child.poll() is not None), None)

    def stop(self) -> None:
        """End all of them, the youngest first, and return when none is left."""
        assert self._reaper.stdin is not None  # noqa: S101 - given PIPE above
        self._reaper.stdin.close()
        while self._reaper.poll() is None:
            for child in self._children.values():
                child.poll()  # collects its exit: a group that only waits to be collected would seem alive
            time.sleep(0.02)
        for child in self._children.values():
            child.wait()


class Stopped(Exception):
    """Somebody asked this process to end: Ctrl-C, or SIGTERM, or its terminal closed."""


def stop_on_signals() -> None:
    """From now on SIGINT, SIGTERM and SIGHUP raise Stopped in the main thread; a second one is ignored."""

    def stop(number: int, frame: FrameType | None) -> None:
        for each in numbers:
            signal.signal(each, signal.SIG_IGN)
        raise Stopped

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for each in numbers:
        signal.signal(each, stop)
