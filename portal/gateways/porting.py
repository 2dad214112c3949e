"""Bringing numbers over from other carriers (N-3).

Every method raises GatewayRejected (refused, with its code), GatewayBusy (nothing was
done) or GatewayUnclear (it may have been done: look before asking again), and nothing else.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Protocol

from portal.gateways.credentials import CarrierCredentials

IN_PROGRESS_ALREADY = 22137  # another request for the number is open (error dictionary)


@dataclass(frozen=True, slots=True)
class Portability:
    """Whether a number can be brought over, and what that takes."""

    e164: str
    is_portable: bool
    reason: str = ""  # as the carrier writes it, such as MANUAL_PORTING_AVAILABLE
    code: int | None = None
    needs_pin: bool = False  # and the number of the account at the losing carrier
    number_type: str = ""


@dataclass(frozen=True, slots=True)
class Losing:
    """The account at the carrier that loses the number, as that carrier has it."""

    customer_type: str  # "Business" or "Individual"
    customer_name: str
    account_number: str = field(repr=False)
    account_phone: str
    street: str
    street_2: str
    city: str
    state: str
    postal_code: str
    representative: str
    email: str


@dataclass(frozen=True, slots=True)
class PortOrder:
    """One number to be brought over."""

    e164: str
    pin: str = field(repr=False)
    losing: Losing
    document_sid: str
    on: date  # not before


class PortStatus(StrEnum):
    """Where a request stands."""

    IN_REVIEW = "in_review"
    WAITING_FOR_SIGNATURE = "waiting_for_signature"
    IN_PROGRESS = "in_progress"
    ACTION_REQUIRED = "action_required"
    COMPLETED = "completed"
    CANCELED = "canceled"
    EXPIRED = "expired"  # nobody signed


ENDED = frozenset({PortStatus.COMPLETED, PortStatus.CANCELED, PortStatus.EXPIRED})


@dataclass(frozen=True, slots=True)
class PortNews:
    """What the carrier says of one number's request now."""

    status: PortStatus
    said: str  # the carrier's own word for it
    signature_url: str = ""
    port_date: date | None = None  # confirmed by the losing carrier
    reason: str = ""
    code: int | None = None


class PortingGateway(Protocol):
    """A carrier that takes numbers over."""

    def check(self, credentials: CarrierCredentials, e164: str) -> Portability:
        """Return whether a number can be brought over."""

    def upload(
        self,
        credentials: CarrierCredentials,
        *,
        file_name: str,
        media_type: str,
        content: bytes,
    ) -> str:
        """Hand a bill in and return its SID. Harmless to repeat: nothing hangs on a spare one."""

    def find(
        self,
        credentials: CarrierCredentials,
        e164: str,
        *,
        since: date,
        other_than: Collection[str],
    ) -> str | None:
        """Return the SID of a request for the number that is not over, if there is one."""

    def create(self, credentials: CarrierCredentials, order: PortOrder) -> str:
        """Ask for a number and return the SID. Not safe to repeat: look with find first."""

    def news(self, credentials: CarrierCredentials, sid: str, e164: str) -> PortNews:
        """Return how a request stands."""

    def cancel(self, credentials: CarrierCredentials, sid: str) -> None:
        """Call a request off; one that is gone already is no error."""

    def listen(self, parent: CarrierCredentials, url: str) -> None:
        """Let news of numbers that come and go be posted to url; safe to repeat.

        It holds for the account and all its sub-accounts.
        """


_in_use: PortingGateway | None = None


def use(gateway: PortingGateway) -> None:
    """Say which gateway takes numbers over; the factory does this once, a test as it needs."""
    global _in_use  # noqa: PLW0603 (set once for the process)
    _in_use = gateway


def current() -> PortingGateway:
    """Return the gateway in use."""
    if _in_use is None:
        raise RuntimeError("use() first")
    return _in_use
