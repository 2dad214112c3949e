"""What is told of a consent, and what is handed out about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from portal.consent.rules import Completeness
from portal.consent.values import Basis, RecordRef, Standing
from portal.core.tenancy import Tenant
from portal.optin.values import PictureRef

MOST_NUMBERS: Final = 10_000  # in one bundle (C-6)
BUNDLE_DAYS: Final = 30  # a bundle is kept so long: it can be made again at any time


@dataclass(frozen=True, slots=True)
class LogPlace:
    """Where a record stands in the tamper-evident log, and whether it is what was logged."""

    chain: UUID
    position: int
    hash: str
    at: datetime
    covers: Mapping[str, str]  # the records the entry stands for: id as hex, and fingerprint
    is_intact: bool


@dataclass(frozen=True, slots=True)
class Texted:
    """The texts that rested on a record when they left."""

    texts: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Story:
    """Everything the portal knows of one consent record, as of one moment (C-1)."""

    record: RecordRef
    organization: str
    account: str
    zone: str
    contact_id: UUID | None
    contact_name: str
    complete: Completeness
    standing: Standing
    talk: Basis
    marketing: Basis
    history: tuple[RecordRef, ...]  # of the number, newest first
    texted: Texted | None
    place: LogPlace | None
    pictures: tuple[PictureRef, ...]  # of the form's page, where a form brought it
    read_at: datetime

    @property
    def who(self) -> str:
        """Return the name the record gives, else the one the address book does."""
        return self.record.name or self.contact_name

    @property
    def followed(self) -> tuple[RecordRef, ...]:
        """Return what was recorded for the number after this record, oldest first."""
        mine = (self.record.recorded_at, self.record.id.int)
        later = [r for r in self.history if (r.recorded_at, r.id.int) > mine]
        return tuple(reversed(later))


@dataclass(frozen=True, slots=True)
class Certificate:
    """That a record may be looked up by anybody who holds its token: no personal data (C-6)."""

    token: str
    record_id: UUID
    tenant: Tenant
    issued_at: datetime
    issued_by: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What the public page says of a certificate, worked out anew."""

    sha256: str
    form_name: str
    form_version: str
    method: str
    recorded_at: datetime
    position: int | None
    entry_hash: str
    logged_at: datetime | None
    is_erased: bool  # its personal data, on request; fingerprint and log stay (C-10)
    faults: tuple[str, ...]

    @property
    def is_valid(self) -> bool:
        """Say whether nothing is wrong."""
        return not self.faults


class Source(StrEnum):
    """Where the numbers of a bundle come from."""

    LIST = "list"
    FILE = "file"
    FILTER = "filter"
    CONTACT = "contact"


SOURCE_WORDS: Mapping[Source, str] = {
    Source.LIST: "Numbers pasted",
    Source.FILE: "Numbers of a file",
    Source.FILTER: "Contacts chosen",
    Source.CONTACT: "One contact",
}


class BundleState(StrEnum):
    """How far a bundle is."""

    WAITING = "waiting"
    READY = "ready"
    GONE = "gone"  # its file was deleted after its time, or for a person in it (C-10)


@dataclass(frozen=True, slots=True)
class Asked:
    """One number somebody wants proof for: as written, and as it was read."""

    written: str
    e164: str | None
    why: str = ""  # why it is no number


@dataclass(frozen=True, slots=True)
class BundleRef:
    """One bundle of proofs: how far it is, and what it holds (C-6)."""

    id: UUID
    organization_id: UUID
    account_id: UUID
    title: str
    source: Source
    state: BundleState
    numbers: int
    done: int
    proven: int
    created_at: datetime
    created_by: str
    finished_at: datetime | None
    size: int | None
    sha256: str | None

    @property
    def tenant(self) -> Tenant:
        """Return whose bundle this is."""
        return Tenant(self.organization_id, self.account_id)

    @property
    def is_moving(self) -> bool:
        """Say whether a worker has something to do."""
        return self.state is BundleState.WAITING

    @property
    def is_ready(self) -> bool:
        """Say whether it can be downloaded."""
        return self.state is BundleState.READY

    @property
    def is_gone(self) -> bool:
        """Say whether its file was deleted, after its time or for who was in it."""
        return self.state is BundleState.GONE

    @property
    def without_proof(self) -> int:
        """Return how many of the numbers looked at have no proof."""
        return self.done - self.proven

    @property
    def file_name(self) -> str:
        """Return the name it is saved under."""
        return f"proof-of-opt-in-{self.created_at:%Y-%m-%d}-{self.id.hex[:8]}.zip"


@dataclass(frozen=True, slots=True)
class Unproven:
    """One number of a bundle that has no proof, and why."""

    written: str
    why: str


@dataclass(frozen=True, slots=True)
class LinkRef:
    """A link that shows one record, bundle or appeal without a login (C-12)."""

    id: UUID
    organization_id: UUID
    account_id: UUID
    shared_with: str
    record_id: UUID | None
    bundle_id: UUID | None
    case_id: UUID | None
    expires_at: datetime
    revoked_at: datetime | None
    revoked_by: str
    created_at: datetime
    created_by: str
    visits: int
    last_visit_at: datetime | None

    @property
    def tenant(self) -> Tenant:
        """Return whose proof it shows."""
        return Tenant(self.organization_id, self.account_id)

    def is_open(self, now: datetime) -> bool:
        """Say whether it still shows anything."""
        return self.revoked_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True)
class Visit:
    """One time somebody opened a shared link."""

    at: datetime
    ip_address: str
    user_agent: str
    what: str
