"""Whose turn it is to write to a SQLite file.

SQLite lets one write at a time, and who waits looks again after pauses of up to a tenth of a
second. A process that writes again and again takes the lock back between two looks, so a
webhook can wait its five seconds beside transactions of a few milliseconds. Here whoever
waits for the lock keeps a gate shut behind it: who has just written queues up like everybody.
"""

import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

# While a lock is passed on nobody writes, but who looks all the time slows the writer down:
# at first very often, and after a while so that an eighth of the wait is lost at most.
_LOOK_EVERY_S: Final = 0.0002
_LOOK_AT_LEAST_EVERY_S: Final = 0.002


class WriteTurns:
    """The gate before one database file: for threads a lock, for processes a file beside it."""

    def __init__(self, database: str, timeout_s: float) -> None:
        """Let writers of this file wait so long in all."""
        self._gate = Path(f"{database}-turn")
        self._timeout_s = timeout_s
        self._thread_turn = threading.Lock()
        os.register_at_fork(after_in_child=self._begin_anew)

    def begin(self, connection: sqlite3.Connection) -> None:
        """Begin a transaction that writes. Raises sqlite3.OperationalError after the timeout."""
        deadline = time.monotonic() + self._timeout_s
        (timeout_ms,) = connection.execute("PRAGMA busy_timeout").fetchone()
        connection.execute("PRAGMA busy_timeout=0")
        try:
            with self._turn(deadline):
                waited = _Wait()
                while not _began(connection, is_last=time.monotonic() > deadline):
                    waited.a_little()
        finally:
            connection.execute(f"PRAGMA busy_timeout={timeout_ms}")

    @contextmanager
    def _turn(self, deadline: float) -> Iterator[None]:
        """Wait to be next, at most until the deadline: then the lock itself says no."""
        lock = self._thread_turn
        is_mine = lock.acquire(timeout=max(0.0, deadline - time.monotonic()))
        try:
            with self._gate.open("a") as gate:  # closing it opens the gate
                waited = _Wait()
                while not _shut(gate.fileno()) and time.monotonic() < deadline:
                    waited.a_little()
                yield
        finally:
            if is_mine:
                lock.release()

    def _begin_anew(self) -> None:
        """Forget a turn that a thread of the parent process had when this one was forked."""
        self._thread_turn = threading.Lock()


class _Wait:
    """Somebody who looks again and again, the longer it takes the less often."""

    def __init__(self) -> None:
        self._since = time.monotonic()

    def a_little(self) -> None:
        so_far = time.monotonic() - self._since
        time.sleep(min(max(_LOOK_EVERY_S, so_far / 8), _LOOK_AT_LEAST_EVERY_S))


def _shut(gate: int) -> bool:
    try:
        fcntl.flock(gate, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _began(connection: sqlite3.Connection, *, is_last: bool) -> bool:
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if is_last or error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True
