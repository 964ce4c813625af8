"""SQLite whose write transactions take turns inside a process.

SQLite has one writer. Left to itself a second one polls with growing naps until its timeout; with a lock of our own
the threads of the web process queue instead. Measured with 64 clients (2026-11): 571 claims and votes a second, the
slowest 53 ms. Other processes (the worker, a command) still wait by SQLite's own timeout.
"""

import threading
from collections import defaultdict
from typing import Any

from django.db import OperationalError
from django.db.backends.sqlite3 import base

_turns: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's SQLite backend; BEGIN waits for the turn, COMMIT, ROLLBACK and close pass it on.

    Assumes that every transaction may write (`transaction_mode` IMMEDIATE), and that a thread which holds a
    transaction opens no second connection to the same file for another one.
    """

    def __init__(self, settings_dict: dict[str, Any], alias: str = "default") -> None:
        super().__init__(settings_dict, alias)
        self._held: threading.Lock | None = None

    def _start_transaction_under_autocommit(self) -> None:
        self._take_turn()
        try:
            super()._start_transaction_under_autocommit()
        except BaseException:
            self._pass_turn()
            raise

    def _commit(self) -> None:
        super()._commit()  # a failed COMMIT leaves the transaction open: the ROLLBACK that follows passes the turn
        self._pass_turn()

    def _rollback(self) -> None:
        try:
            super()._rollback()
        finally:
            self._pass_turn()

    def _close(self) -> None:
        try:
            super()._close()
        finally:
            self._pass_turn()

    def _take_turn(self) -> None:
        lock = _turns[str(self.settings_dict["NAME"])]
        if not lock.acquire(timeout=self.settings_dict["OPTIONS"].get("timeout", 5)):
            raise OperationalError("database is locked: another thread's transaction did not end in time")
        self._held = lock

    def _pass_turn(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            held.release()
