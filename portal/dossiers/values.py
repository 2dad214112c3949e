"""What a dossier is, what lies in one, and how far it is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from portal.core.formats import span_words
from portal.core.tenancy import Tenant

KEPT_FOR: Final = timedelta(days=30)  # like bundles of proofs; under a legal hold as long as that
LASTS: Final = timedelta(minutes=2)  # a lease; each batch begins it anew
MOST_TRIES: Final = 5

Opener = Callable[[Tenant, Mapping[str, Any]], bytes]  # the content of a file, by its row


def columns(names: str) -> tuple[str, ...]:
    """Return names of columns that are written with spaces between them."""
    return tuple(names.split())


class DossierState(StrEnum):
    """How far a dossier is."""

    WAITING = "waiting"
    READY = "ready"
    FAILED = "failed"
    GONE = "gone"  # its time is over, or somebody was erased (C-10)


class Whose(StrEnum):
    """Which rows of a table belong to an account."""

    ACCOUNT = "account"  # it names the account
    ITSELF = "itself"  # the account's own row
    NUMBERS = "numbers"  # the organization's rows about numbers the account knows
    ORGANIZATION = "organization"  # rules of the organization that hold in the account
    PEOPLE = "people"  # memberships of those who work in it or lead its team
    PLANS = "plans"  # plans of the account, and those it enrolled people in
    VERSIONS = "versions"  # of these plans
    STEPS = "steps"  # of these versions
    REPLIES = "replies"  # saved words its people may use
    LOG = "log"  # its entries of the audit log


@dataclass(frozen=True, slots=True)
class Joined:
    """A column of another table that stands beside the row's own: an outer join, same tenant."""

    heading: str
    table: str
    local: str
    column: str
    key: str = "id"


@dataclass(frozen=True, slots=True)
class Content:
    """One file of a dossier: a table's rows that belong to the account."""

    name: str
    table: str
    about: str
    columns: tuple[str, ...]
    at: str | None = None  # the period narrows the rows by this column
    order: tuple[str, ...] = ()  # unset: by `at`, then the primary key
    whose: Whose = Whose.ACCOUNT
    parent: tuple[str, str] | None = None  # (own column, name of the file it belongs to)
    joined: tuple[Joined, ...] = field(default=())
    silent: frozenset[str] = frozenset()  # events of the log whose content is left out

    @property
    def is_lines(self) -> bool:
        """Say whether it is written as JSON lines, for what a table can't hold."""
        return self.name.endswith(".jsonl")

    @property
    def headings(self) -> tuple[str, ...]:
        """Return what its columns are called."""
        return (*self.columns, *(one.heading for one in self.joined))


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where files behind rows come from; `kind` chooses what opens one."""

    kind: str
    table: str
    key: tuple[str, ...]
    sha256: str
    media_type: str
    name: str
    at: str | None = None  # the period narrows the rows by this column


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person asks for: whom it is for, why, and the days; None: from the beginning, until now."""

    counsel: str
    reason: str
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class DossierRef:
    """One dossier: who asked and why, how far it is, and what it holds."""

    id: UUID
    organization_id: UUID
    account_id: UUID
    counsel: str
    reason: str
    first: date | None
    last: date | None
    zone: str
    state: DossierState
    files: int
    done: int
    rows: int
    missing: int
    size: int | None
    sha256: str | None
    trouble: str
    created_at: datetime
    created_by_id: UUID | None
    created_by: str
    moved_at: datetime
    finished_at: datetime | None
    lease: int

    @property
    def tenant(self) -> Tenant:
        """Return whose dossier this is."""
        return Tenant(self.organization_id, self.account_id)

    @property
    def is_moving(self) -> bool:
        """Say whether a worker has something to do."""
        return self.state is DossierState.WAITING

    @property
    def is_ready(self) -> bool:
        """Say whether it can be downloaded."""
        return self.state is DossierState.READY

    @property
    def is_failed(self) -> bool:
        """Say whether it could not be made."""
        return self.state is DossierState.FAILED

    @property
    def ends_at(self) -> datetime | None:
        """Return when its file is deleted, unless a legal hold keeps it."""
        return None if self.finished_at is None else self.finished_at + KEPT_FOR

    @property
    def period(self) -> str:
        """Return the days it is about, in words."""
        if self.first is None and self.last is None:
            return "All days until it was asked for"
        if self.first is None:
            return f"Until {self.last}"
        if self.last is None:
            return f"From {self.first} on"
        return span_words(self.first, self.last)

    @property
    def file_name(self) -> str:
        """Return the name it is saved under."""
        return f"account-{self.created_at:%Y-%m-%d}-{self.id.hex[:8]}.zip"
