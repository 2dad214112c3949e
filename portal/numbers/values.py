"""What other slices see of numbers."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from portal.core.tenancy import Tenant
from portal.gateways.credentials import CarrierCredentials
from portal.gateways.numbers import NO_CAPABILITIES, Available, Capabilities, NumberSearch

__all__ = [
    "NO_CAPABILITIES",
    "Available",
    "Capabilities",
    "CarrierCredentials",
    "NumberSearch",
    "Order",
    "Purchase",
    "Result",
    "SenderRef",
    "SenderState",
    "Trouble",
]


class SenderState(StrEnum):
    """Where a number is in its life with us."""

    BUYING = "buying"
    READY = "ready"
    FAILED = "failed"
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class WebhookAccount:
    """Whose a sub-account at the carrier is, and the tokens its webhooks may be signed with.

    Two tokens while one is being changed, the newest first; else one.
    """

    organization_id: UUID
    tokens: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class SenderRef:
    """One number an account texts from, or is about to."""

    id: UUID
    account_id: UUID
    organization_id: UUID
    e164: str
    name: str
    state: SenderState
    carrier_sid: str | None
    service_sid: str | None
    segments_per_second: int
    is_registered: bool
    is_default: bool = False
    capabilities: Capabilities = NO_CAPABILITIES
    locality: str = ""
    region: str = ""
    ordered_at: datetime | None = None
    ready_at: datetime | None = None
    trouble: "Trouble | None" = None
    is_in_progress: bool = False  # somebody's purchase of it runs right now

    @property
    def tenant(self) -> Tenant:
        """Return whose it is."""
        return Tenant(self.organization_id, self.account_id)

    @property
    def is_ready(self) -> bool:
        """Say whether the number is bought and set up; it may still wait for registration."""
        return self.state is SenderState.READY

    @property
    def may_send(self) -> bool:
        """Say whether texts may leave from it (N-5)."""
        return self.is_ready and self.is_registered

    @property
    def may_retry(self) -> bool:
        """Say whether its purchase may be gone on with."""
        if self.is_in_progress:
            return False
        return self.state in (SenderState.BUYING, SenderState.FAILED)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What went wrong at the carrier, in words: the sentence of N-6, its cause, the code."""

    sentence: str
    cause: str = ""
    code: int | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """One purchase to carry out at the carrier, with all that it takes (N-1)."""

    sender_id: UUID
    organization_id: UUID
    account_id: UUID
    e164: str
    name: str
    lease: int  # which run of this order; an older run's outcome is not believed
    credentials: CarrierCredentials | None  # None: the sub-account is still to be opened
    service_sid: str | None
    is_ours: bool  # False: it is done, or another request carries it out
    may_be_bought: bool = False  # an earlier run never heard the carrier's answer


class Result(StrEnum):
    """How far a purchase came."""

    BOUGHT = "bought"
    NOT_BOUGHT = "not_bought"  # refused or never asked; nothing is owed
    UNCLEAR = "unclear"  # it may be ours: look before anything else
    UNFINISHED = "unfinished"  # it is ours, but not set up to text yet


@dataclass(frozen=True, slots=True)
class Purchase:
    """What the carrier answered to an order; what is None was not reached.

    `credentials` and `service_sid` are worth keeping whatever the result.
    """

    result: Result
    credentials: CarrierCredentials | None = None
    service_sid: str | None = None
    number_sid: str | None = None
    capabilities: Capabilities = NO_CAPABILITIES
    trouble: Trouble | None = None
    may_have_opened: bool = False  # the making of the sub-account or service went unanswered
