"""A small process that ends others once its parent is gone, however the parent ended.

Run as a program, with nothing but the standard library. Each line of its input is the id of a process that leads a
group. When the input ends (the parent closed it, or died: the kernel closes it even after kill -9) the groups are
ended, the youngest first: asked, then after a while killed.
"""

import os
import signal
import sys
import time

GRACE_S = 5.0


def end_group(leader: int, *, grace_s: float) -> None:
    """Ask the leader to end, wait for its whole group, then kill what is left of it."""
    try:
        os.kill(leader, signal.SIGTERM)
    except ProcessLookupError:
        pass  # the leader is gone; its group may not be
    ends = time.monotonic() + grace_s
    while time.monotonic() < ends and _lives(leader):
        time.sleep(0.02)
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass  # nobody left; macOS says "not permitted" of a group of zombies


def _lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    leaders = [int(line) for line in sys.stdin]
    for leader in reversed(leaders):
        end_group(leader, grace_s=GRACE_S)


if __name__ == "__main__":
    main()
