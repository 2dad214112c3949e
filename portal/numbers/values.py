"""What other slices see of numbers."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from portal.core.steps import Trouble
from portal.core.tenancy import Tenant
from portal.gateways.credentials import CarrierCredentials
from portal.gateways.numbers import (
    NO_CAPABILITIES,
    Available,
    Capabilities,
    NumberHooks,
    NumberSearch,
)

__all__ = [
    "NO_CAPABILITIES",
    "Arrival",
    "Available",
    "Capabilities",
    "CarrierCredentials",
    "NumberHooks",
    "NumberSearch",
    "Opening",
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
    RELEASING = "releasing"  # nothing leaves from it any more; the carrier is told (N-4)
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
    release_at: datetime | None = None  # when it goes back to the carrier, unless somebody objects
    release_asked_by: str = ""
    leaving_since: datetime | None = None  # since when it is being taken to another carrier

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


@dataclass(frozen=True, slots=True)
class Opening:
    """What an organization has at the carrier when somebody takes charge; None is to be opened."""

    organization_id: UUID
    credentials: CarrierCredentials | None = field(default=None, repr=False)
    service_sid: str | None = None


@dataclass(frozen=True, slots=True)
class Arrival:
    """A number that came into the organization's carrier account, and was not bought there."""

    e164: str
    name: str
    carrier_sid: str
    capabilities: Capabilities
    request_key: str  # the same arrival is taken in once


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
