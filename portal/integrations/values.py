"""What other slices may hold of keys, webhook endpoints and deliveries."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from portal.core.access import Scope
from portal.core.audit import Actor
from portal.core.tenancy import Tenant

SCOPE_WORDS: Mapping[Scope, str] = {
    Scope.SEND_MESSAGES: "Send texts, and ask what became of them",
    Scope.READ_NUMBERS: "Ask whether a number may be texted",
    Scope.WRITE_CONTACTS: "Add contacts; plans that take in new leads or a tag text them",
    Scope.WRITE_CONSENTS: "Record that people agreed to be texted",
    Scope.READ_CONSENTS: "Read the consent history of a number",
}


class Event(StrEnum):
    """What an endpoint can be told."""

    MESSAGE_RECEIVED = "message.received"
    OPT_OUT = "opt_out"
    CONSENT = "consent"
    SUSPENSION = "suspension"
    TEST = "test"


# What one subscribes to; a test comes when a person asks for it.
EVENT_WORDS: Mapping[Event, str] = {
    Event.MESSAGE_RECEIVED: "A person texted the account",
    Event.OPT_OUT: "A person opted out",
    Event.CONSENT: "A person agreed to be texted or opted in again, or a consent ended",
    Event.SUSPENSION: "The carrier suspended the account, or that was lifted",
}


class EndpointState(StrEnum):
    """Whether an endpoint is told anything."""

    ON = "on"
    OFF = "off"


class DeliveryState(StrEnum):
    """Where one delivery stands."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


DELIVERY_LABELS: Mapping[DeliveryState, str] = {
    DeliveryState.WAITING: "Waiting",
    DeliveryState.DELIVERED: "Delivered",
    DeliveryState.GIVEN_UP: "Given up",
}


@dataclass(frozen=True, slots=True)
class KeyRef:
    """One API key, without its token, which nobody can read again."""

    id: UUID
    organization_id: UUID
    account_id: UUID
    name: str
    prefix: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    created_by: str
    last_used_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None

    @property
    def tenant(self) -> Tenant:
        """Return the account whose key it is."""
        return Tenant(self.organization_id, self.account_id)

    def opens_at(self, now: datetime) -> bool:
        """Say whether the key opens anything now."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def actor(self, origin: str | None) -> Actor:
        """Return the key as the audit log names it."""
        return Actor(self.id, f"API key {self.name} ({self.prefix})", origin)


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What was answered under an idempotency key; `status` is None while it is being made.

    Without a body it named somebody who was erased since.
    """

    request_sha256: str
    status: int | None
    body: str


@dataclass(frozen=True, slots=True)
class EndpointRef:
    """One address the account's events are posted to."""

    id: UUID
    organization_id: UUID
    account_id: UUID
    url: str
    events: tuple[Event, ...]
    state: EndpointState
    off_reason: str | None
    given_up: int  # deliveries given up since the last one that arrived
    created_at: datetime
    created_by: str
    old_secret_until: datetime | None
    edits: int  # how often the secret was renewed

    @property
    def tenant(self) -> Tenant:
        """Return whose it is."""
        return Tenant(self.organization_id, self.account_id)

    @property
    def is_on(self) -> bool:
        """Say whether events are posted there."""
        return self.state is EndpointState.ON

    def has_old_secrets(self, now: datetime) -> bool:
        """Say whether a secret before the newest signs, too, now."""
        return self.old_secret_until is not None and now < self.old_secret_until


@dataclass(frozen=True, slots=True)
class DeliveryRef:
    """One event on its way to one endpoint."""

    id: UUID
    endpoint_id: UUID
    event: Event
    state: DeliveryState
    tries: int
    created_at: datetime
    next_try_at: datetime
    last_tried_at: datetime | None
    last_status: int | None
    last_error: str | None

    @property
    def state_label(self) -> str:
        """Return the state in words."""
        return DELIVERY_LABELS[self.state]

    @property
    def answer(self) -> str | None:
        """Return what the last try met: an HTTP status, or why there was none."""
        return self.last_error or (f"HTTP {self.last_status}" if self.last_status else None)


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """Some deliveries, newest first, and the mark of the next page; None: there is none."""

    rows: tuple[DeliveryRef, ...]
    next_mark: UUID | None


@dataclass(frozen=True, slots=True)
class Parcel:
    """A delivery in a worker's hands: all it takes to post it once."""

    delivery_id: UUID
    endpoint_id: UUID
    url: str
    headers: Mapping[str, str]
    body: str
    tries: int


@dataclass(frozen=True, slots=True)
class Posted:
    """What a try came to: the status of the answer, or in words why there was none."""

    status: int | None = None
    error: str | None = None

    @property
    def has_arrived(self) -> bool:
        """Say whether the other side took it: any 2xx says so."""
        return self.status is not None and 200 <= self.status < 300
