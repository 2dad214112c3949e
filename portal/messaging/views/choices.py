"""The saved replies one may choose from where one writes (Q-5)."""

from dataclasses import dataclass
from typing import Final

from flask import g

from portal.core.access import me
from portal.core.typed import line
from portal.messaging.queries import saved as reads
from portal.messaging.queries.saved import SavedRef

_FIRST: Final = 5  # more are found by searching; without a script all stand there


@dataclass(frozen=True, slots=True)
class Choices:
    """What is listed, and what was searched for."""

    rows: tuple[SavedRef, ...]
    more: int  # that match and are not listed
    words: str


def choices(words: str = "", *, is_short: bool = False) -> Choices:
    """Return what this person may use in this account, by name: the first few, or all."""
    words = line(words)
    found = reads.saved(reads.reader(g.account, me()), words)
    rows = found[:_FIRST] if is_short else found
    return Choices(tuple(rows), len(found) - len(rows), words)
