"""Work that others take hours or days for, step by step: what stood in its way, when to look again.

Registrations, port-ins and transfers go this way (ADR 0010, 0011).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

_SOONEST: Final = timedelta(seconds=15)
_LATEST: Final = timedelta(hours=1)
_LOOK_SOONEST: Final = timedelta(seconds=5)

Part = tuple[str, frozenset[str]]  # what people call it, and the steps it is made of


@dataclass(frozen=True, slots=True)
class Trouble:
    """What went wrong at the carrier, in words: the sentence of N-6, its cause, the code."""

    sentence: str
    cause: str = ""
    code: int | None = None


def back_off(tries: int) -> timedelta:
    """Return how long to wait after something came to nothing so often in a row."""
    doubled: int = 2 ** min(tries, 12)
    return min(_SOONEST * doubled, _LATEST)


def next_look(waited: timedelta, *, at_most: timedelta) -> timedelta:
    """Return how long to wait before somebody else's part is looked at again: ever longer."""
    return min(max(waited / 4, _LOOK_SOONEST), at_most)


def milestones(
    parts: Sequence[Part], left: Iterable[str], *, is_begun: bool
) -> list[tuple[str, str]]:
    """Return how far it came: each part with "done", "current" or "todo"."""
    todo = frozenset(left)
    words = ["todo" if steps & todo else "done" for _, steps in parts]
    if is_begun and "todo" in words:
        words[words.index("todo")] = "current"
    return [(name, word) for (name, _), word in zip(parts, words, strict=True)]
