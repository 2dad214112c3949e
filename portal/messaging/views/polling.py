"""How an open page that asks for news every two seconds learns cheaply that there is none (Q-5, G6)."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from portal.core import clock

_POLLS_EVERY: Final = 2  # seconds, as in _inbox_list.html and _thread.html
_SETTLED: Final = timedelta(seconds=10)  # by then what was begun before is committed


def is_settled(
    changed_at: Callable[[], datetime | None], marks: Sequence[str], *, every: int
) -> bool:
    """Say whether nothing changed since one of these marks, as far as one seek tells.

    A change younger than _SETTLED may have one before it that is not committed yet, and not all
    that is shown leaves a mark: one poll in so many seconds looks at everything.
    """
    now = clock.utcnow()
    if not any(marks) or int(now.timestamp()) % every < _POLLS_EVERY:
        return False
    changed = changed_at()
    return (changed is None or now - changed > _SETTLED) and mark_of(changed) in marks


def mark_of(changed: datetime | None) -> str:
    """Return what a page keeps to ask whether anything changed since."""
    return f"{changed:%Y%m%d%H%M%S%f}" if changed else "never"
