"""A text from a person as the carrier reports it, and what can be read off it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal
from uuid import UUID

from portal.contacts.rules.numbers import read
from portal.core import clock
from portal.messaging.rules import keywords, rates
from portal.messaging.rules.keywords import Keyword
from portal.messaging.rules.segments import analyze
from portal.messaging.service import facts
from portal.messaging.values import MediaRef

Word = Keyword | Literal["join"]

# How long a text waits for its time (I3); as far back as the carrier's list is read, too.
GIVE_UP_AFTER: Final = timedelta(hours=48)


class Received(StrEnum):
    """What became of an incoming text."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    NOT_OURS = "not_ours"


@dataclass(frozen=True, slots=True)
class Incoming:
    """One text as the carrier reports it, its signature checked."""

    organization_id: UUID
    sid: str
    from_number: str
    to: str
    body: str
    segments: int
    media: Sequence[MediaRef]
    opt_out_type: str | None  # the carrier has answered the keyword itself
    payload: Mapping[str, str]
    source: str = "webhook"
    sent_at: datetime | None = None  # as the carrier's record has it: a webhook says none
    is_undated: bool = False  # nobody could read that yet: it opens nothing before (I3)


def keyword_of(incoming: Incoming) -> Keyword | None:
    """Return the keyword: the carrier's own word for it first, then the text's."""
    named: dict[str, Keyword] = {"STOP": "stop", "START": "start", "HELP": "help"}
    return named.get(incoming.opt_out_type or "") or keywords.classify(incoming.body)


def is_yes(incoming: Incoming, keyword: Keyword | None) -> bool:
    """Say whether a text is the one opt-in word that people also say in talk (Q-1)."""
    return keyword == "start" and keywords.is_conversational_yes(incoming.body)


def said_at(incoming: Incoming) -> datetime:
    """Return when the text was sent, as far as that is known; never in the future."""
    now = clock.utcnow()
    return min(incoming.sent_at, now) if incoming.sent_at is not None else now


def segments(incoming: Incoming) -> int:
    """Return how many parts a text came in."""
    return analyze(incoming.body).segments if incoming.body else incoming.segments


def price(incoming: Incoming, keyword: Word | None) -> int:
    """Return what a text costs whoever got it (B-10)."""
    number = incoming.from_number
    code = facts.country_code(number) if is_phone_number(number) else 1
    return rates.inbound_credits(incoming.body, code, len(incoming.media), keyword=keyword)


def is_phone_number(number: str) -> bool:
    """Say whether somebody could be texted there: not at a short code, nor where no country is."""
    return read(number).e164 is not None
