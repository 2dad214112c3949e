"""The only source of 'now' (RULINGS 20).

Real time plus an offset. The offset is zero in production. In sandbox mode it is
read from a file that every process watches, so that a demo or a test can move time
for web, workers and carrier at once; tests may also set it inside one process.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

_ZERO = timedelta()


class _Offset:
    """The offset in force, from this process or from the shared file."""

    def __init__(self) -> None:
        self.own = _ZERO
        self.file: Path | None = None
        self._stamp = -1
        self._from_file = _ZERO

    def current(self) -> timedelta:
        if self.file is None:
            return self.own
        try:
            stamp = self.file.stat().st_mtime_ns
        except FileNotFoundError:
            return self.own
        if stamp != self._stamp:
            text = self.file.read_text().strip()
            self._from_file = timedelta(seconds=float(text)) if text else _ZERO
            self._stamp = stamp
        return self.own + self._from_file


_offset = _Offset()


def utcnow() -> datetime:
    """Return the current time as an aware UTC datetime, offset included."""
    return datetime.now(UTC) + _offset.current()


def offset() -> timedelta:
    """Return how far 'now' is ahead of real time."""
    return _offset.current()


def watch(path: Path | None) -> None:
    """Read the offset, in seconds, from this file whenever it changes; None stops that."""
    _offset.file = path


def travel(by: timedelta) -> None:
    """Set this process's own offset to real time; for tests."""
    _offset.own = by


def write_offset(path: Path, by: timedelta) -> None:
    """Move time for every process that watches path."""
    fresh = path.with_suffix(".new")
    fresh.write_text(f"{by.total_seconds()}")
    fresh.replace(path)
