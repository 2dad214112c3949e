"""Commits once for all who have something to keep at the same moment (SPEED G7).

A commit waits for the disk, and one that keeps eight rows waits no longer than one that keeps
a single row. Whoever has the turn takes what the other threads brought meanwhile along.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from portal.core.db import bare_unit_of_work

T = TypeVar("T")
AT_MOST: Final = 100  # in one transaction: a writer elsewhere waits for it


class NotKept(Exception):
    """Somebody else's transaction was to keep this, and it failed."""


@dataclass(slots=True, eq=False)
class _Brought(Generic[T]):
    """Something to keep, and what became of it."""

    thing: T
    is_over: bool = False
    error: BaseException | None = None


class Together(Generic[T]):
    """Keeps things of one kind; each caller goes on once its own is committed."""

    def __init__(self, keep: Callable[[Connection, Sequence[T]], None]) -> None:
        """Say what writes several of them on a connection."""
        self._keep = keep
        self._waiting: deque[_Brought[T]] = deque()
        self._turn = threading.Lock()

    def keep(self, thing: T) -> None:
        """Return once this is committed. Raises NotKept when it isn't, from what went wrong."""
        mine = _Brought(thing)
        self._waiting.append(mine)
        with self._turn:
            while not mine.is_over:
                self._keep_waiting()
        if mine.error is not None:
            raise NotKept from mine.error

    def _keep_waiting(self) -> None:
        """Commit what waits. What is brought while the write lock is waited for comes along."""
        taken: list[_Brought[T]] = []
        error: BaseException | None = _Interrupted()
        try:
            with bare_unit_of_work() as connection:
                taken = self._take()
                self._keep(connection, [one.thing for one in taken])
            error = None
        except Exception as went_wrong:  # noqa: BLE001 (raised where each was brought)
            error = went_wrong
        finally:
            if len(taken) > 1 and _is_about_a_row(error):
                self._keep_each(taken)
            else:
                _end(taken or self._take(), error)

    def _keep_each(self, taken: Sequence[_Brought[T]]) -> None:
        """Commit one by one: the row to blame must not cost the others theirs."""
        for one in taken:
            error: BaseException | None = _Interrupted()
            try:
                with bare_unit_of_work() as connection:
                    self._keep(connection, [one.thing])
                error = None
            except Exception as went_wrong:  # noqa: BLE001 (raised where it was brought)
                error = went_wrong
            finally:
                _end([one], error)

    def _take(self) -> list[_Brought[T]]:
        """Return what waits, the first first; only who has the turn takes."""
        return [self._waiting.popleft() for _ in range(min(len(self._waiting), AT_MOST))]


class _Interrupted(Exception):
    """The thread that was to commit is being ended."""


def _is_about_a_row(error: BaseException | None) -> bool:
    return isinstance(error, SQLAlchemyError) and not isinstance(error, OperationalError)


def _end(taken: Sequence[_Brought[T]], error: BaseException | None) -> None:
    for one in taken:
        one.error, one.is_over = error, True
