"""The words of the check of webhooks."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID


class Route(StrEnum):
    """The webhooks the carrier posts to."""

    SMS = "sms"
    STATUS = "status"
    VOICE = "voice"
    CALL_STATUS = "call-status"
    PORTING = "porting"  # JSON, signed with the installation's own token


ROUTE_WORDS: Final = {
    Route.SMS: "Texts that come in",
    Route.STATUS: "News of texts sent",
    Route.VOICE: "Calls that come in",
    Route.CALL_STATUS: "News of calls",
    Route.PORTING: "News of numbers brought over",
}


class Reason(StrEnum):
    """Why a webhook was refused."""

    OTHER_SPELLING = "other_spelling"
    NOT_SIGNED = "not_signed"
    UNKNOWN_ACCOUNT = "unknown_account"
    OTHER_ADDRESS = "other_address"
    UNPROVEN = "unproven"
    OTHER_BODY = "other_body"
    FOREIGN_HOST = "foreign_host"


class Part(StrEnum):
    """A part of an address, as differences name it."""

    SCHEME = "scheme"
    HOST = "host"
    PORT = "port"
    PATH = "path"
    QUERY = "query"


@dataclass(frozen=True, slots=True)
class Difference:
    """One part in which the address that was seen is not the one that was signed."""

    part: Part
    signed: str
    seen: str
    mend: str  # the setting that mends it


@dataclass(frozen=True, slots=True)
class Mark:
    """The last webhook of a route that was believed, or that was refused."""

    organization_id: UUID | None  # None: it named no account of ours, or was the installation's
    route: Route
    is_genuine: bool
    at: datetime
    reason: Reason | None
    signed_url: str | None  # None: not known
    seen_url: str
    hops: int


@dataclass(frozen=True, slots=True)
class Stray:
    """A number of ours that does not lead here at the carrier."""

    e164: str
    name: str
    texts_go_to: str | None  # None: its texts lead here
    calls_go_to: str | None  # likewise; empty: nowhere
    is_missing: bool  # the carrier account does not have it


@dataclass(frozen=True, slots=True)
class Check:
    """One test call: what was signed, what arrived, and what it met."""

    id: UUID
    organization_id: UUID | None
    asked_at: datetime
    asked_by: str
    signed_url: str
    arrived_at: datetime | None
    seen_url: str
    hops: int
    refusal: str  # empty: it was believed, or did not arrive
    answer: int | None  # the HTTP status that came back
    no_answer: str  # why none came back
    strays: tuple[Stray, ...]
    not_looked: str  # why the carrier's numbers were not looked at
    is_settled: bool
    is_news: bool = False  # JSON, as news of numbers brought over comes; else a form

    @property
    def is_good(self) -> bool:
        """Say whether it arrived and was believed."""
        return self.arrived_at is not None and not self.refusal


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a test call shows: a sentence, what mends it, and how the two addresses differ."""

    is_good: bool
    sentence: str
    mend: str
    differences: tuple[Difference, ...]
