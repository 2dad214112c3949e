"""Handing texts to a carrier: what we need of any, the outcomes there are, and a fake.

An outcome decides whether a text may be handed over again (PROMISES 2.5), so each
gateway must prove `not_sent` and call everything it can't prove `unknown`.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from portal.core import clock
from portal.core.errors import GatewayError
from portal.gateways.credentials import CarrierCredentials


class Verdict(StrEnum):
    """What became of one submission."""

    ACCEPTED = "accepted"  # the carrier has it and named it
    NOT_SENT = "not_sent"  # proven: the carrier did nothing, so it may be handed over again
    REJECTED = "rejected"  # the carrier refused it, with its code
    UNKNOWN = "unknown"  # it may have been taken: never handed over again by a machine


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One text as it is handed over; `message_id` and `attempt` are for logs and callbacks."""

    message_id: str
    attempt: int
    to: str
    from_number: str | None
    service_sid: str | None
    body: str
    media_urls: tuple[str, ...]
    status_callback: str
    validity_period_s: int
    account_sid: str
    auth_token: str = field(repr=False)

    @property
    def credentials(self) -> CarrierCredentials:
        """Return the carrier account it is handed over for."""
        return CarrierCredentials(self.account_sid, self.auth_token)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The verdict on one submission, and what the carrier said.

    `is_account_trouble` means the refusal is about the account, not about this text:
    pause the account and put its texts back (PROMISES 2.4).
    """

    verdict: Verdict
    sid: str | None = None
    code: int | None = None
    detail: str = ""
    retry_after_s: float | None = None
    is_account_trouble: bool = False
    status: int | None = None  # the HTTP status, where there was one


@dataclass(frozen=True, slots=True)
class Listed:
    """One text as the carrier lists it, in either direction."""

    sid: str
    to: str
    from_number: str
    body: str
    direction: str
    status: str
    date_created: datetime | None
    error_code: int | None = None
    service_sid: str | None = None
    media_count: int = 0


class SmsGateway(Protocol):
    """A carrier that takes texts."""

    def connect(self, outgoing: Outgoing) -> Outcome | None:
        """Open a connection ahead of the text, so that send() loses no time on it.

        Returns None when one is open, else the not_sent outcome. Never raises.
        """

    def send(self, outgoing: Outgoing, deadline_monotonic: float) -> Outcome:
        """Hand the text over once.

        When time.monotonic() is past the deadline before the first byte is written,
        nothing is sent and the verdict is not_sent. Never raises.
        """

    def find(self, credentials: CarrierCredentials, to: str, since: datetime) -> list[Listed]:
        """Return texts to this number created since then, newest first.

        Being listed proves a text; not being listed proves nothing (PROMISES 1.3).
        Raises GatewayBusy or GatewayRejected.
        """

    def inbound_since(self, credentials: CarrierCredentials, since: datetime) -> list[Listed]:
        """Return every text received since then, newest first.

        Raises GatewayBusy when the carrier's list could not be read to its end, or
        GatewayRejected.
        """

    def listed_since(self, credentials: CarrierCredentials, since: datetime) -> list[Listed]:
        """Return every text since then in both directions, as inbound_since does."""

    def fetch(self, credentials: CarrierCredentials, sid: str) -> Listed | None:
        """Return one text, None when the carrier has none of that SID.

        Waits a few seconds at most. Raises GatewayBusy or GatewayRejected.
        """


class FakeSmsGateway:
    """Remembers instead of sending. Outcomes planned with `plan` come first, in order."""

    def __init__(self) -> None:
        """Start with nothing sent and nothing listed."""
        self.sent: list[Outgoing] = []
        self.listed: list[Listed] = []
        self.planned: deque[Outcome | Callable[[Outgoing], Outcome]] = deque()
        self.unreachable: Outcome | None = None
        self.unread: GatewayError | None = None

    def plan(self, *outcomes: Outcome | Callable[[Outgoing], Outcome]) -> None:
        """Answer the next texts with these outcomes, or with what these functions return."""
        self.planned.extend(outcomes)

    def connect(self, outgoing: Outgoing) -> Outcome | None:
        """Return what `unreachable` says."""
        return self.unreachable

    def send(self, outgoing: Outgoing, deadline_monotonic: float) -> Outcome:
        """Take the text and accept it, unless another outcome is planned."""
        if self.unreachable is not None:
            return self.unreachable
        self.sent.append(outgoing)
        planned = self.planned.popleft() if self.planned else None
        if callable(planned):
            return planned(outgoing)
        if planned is not None:
            return planned
        return Outcome(Verdict.ACCEPTED, sid=f"SM{len(self.sent):032x}", status=201)

    def find(self, credentials: CarrierCredentials, to: str, since: datetime) -> list[Listed]:
        """Return what `listed` holds for this number."""
        return [text for text in self._since(since) if text.to == to]

    def inbound_since(self, credentials: CarrierCredentials, since: datetime) -> list[Listed]:
        """Return what `listed` holds of inbound texts."""
        return [text for text in self._since(since) if text.direction == "inbound"]

    def listed_since(self, credentials: CarrierCredentials, since: datetime) -> list[Listed]:
        """Return what `listed` holds."""
        return self._since(since)

    def fetch(self, credentials: CarrierCredentials, sid: str) -> Listed | None:
        """Return the listed text of that SID; what nobody listed was received just now.

        Raises what `unread` holds.
        """
        if self.unread is not None:
            raise self.unread
        just_now = Listed(sid, "", "", "", "inbound", "received", clock.utcnow())
        return next((text for text in self.listed if text.sid == sid), just_now)

    def _since(self, since: datetime) -> list[Listed]:
        return [t for t in self.listed if t.date_created is None or t.date_created >= since]


_in_use: SmsGateway | None = None


def use(gateway: SmsGateway) -> None:
    """Say which gateway sends; the factory does this once, a test as it needs."""
    global _in_use  # noqa: PLW0603 (set once for the process)
    _in_use = gateway


def current() -> SmsGateway:
    """Return the gateway in use. Never a fake by default: a text must not vanish quietly."""
    if _in_use is None:
        raise RuntimeError("use() first")
    return _in_use
