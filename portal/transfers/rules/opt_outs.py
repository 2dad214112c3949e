"""Who opted out by a text to the number before it was here (N-2, Q-4).

The newest word of each person counts: who texted START later is in again. A plain "yes" is talk.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from portal.contacts.rules.numbers import read
from portal.gateways.transfers import OldText
from portal.messaging.rules import keywords, revocation


@dataclass(frozen=True, slots=True)
class Stopped:
    """One person who opted out: their number, with what words, when, and in which text."""

    e164: str
    words: str
    at: datetime | None
    sid: str


def stopped(texts: Iterable[OldText]) -> list[Stopped]:
    """Return who opted out, from texts of one number's log, newest first."""
    found: dict[str, Stopped | None] = {}
    for text in texts:
        if text.from_number in found or read(text.from_number).e164 != text.from_number:
            continue
        if revocation.detect(text.body).is_revocation:
            words = " ".join(text.body.split())[:100]
            found[text.from_number] = Stopped(text.from_number, words, text.at, text.sid)
        elif _is_back(text.body):
            found[text.from_number] = None
    return [one for one in found.values() if one is not None]


def _is_back(body: str) -> bool:
    return keywords.classify(body) == "start" and not keywords.is_conversational_yes(body)
