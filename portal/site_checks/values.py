"""What is known of a checked page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from portal.core.tenancy import Tenant


class CheckState(StrEnum):
    """Where a check stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"  # the page was read and judged
    FAILED = "failed"  # the page could not be read


@dataclass(frozen=True, slots=True)
class Point:
    """One of the ten points in words: what it is, and how a page comes by it."""

    key: str
    title: str
    mend: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """One point of one page: whether it was found, in which words, or why a near miss is none."""

    point: Point
    is_found: bool
    matched: tuple[str, ...]
    remark: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The page as it was served, kept as evidence."""

    name: str  # where it lies
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class CheckRef:
    """One look at one page, and what it found."""

    id: UUID
    organization_id: UUID
    account_id: UUID
    page_id: UUID
    state: CheckState
    is_by_schedule: bool
    asked_by: str
    asked_at: datetime
    finished_at: datetime | None
    final_url: str
    hops: tuple[str, ...]
    problem: str
    verdicts: tuple[Verdict, ...]
    lost: tuple[Point, ...]  # found the time before, missing now
    snapshot: Snapshot | None

    @property
    def is_open(self) -> bool:
        """Say whether a worker has still to do it."""
        return self.finished_at is None

    @property
    def found(self) -> int:
        """Return how many of the ten points the page shows."""
        return sum(verdict.is_found for verdict in self.verdicts)

    @property
    def is_whole(self) -> bool:
        """Say whether the page shows every point."""
        return bool(self.verdicts) and self.found == len(self.verdicts)


@dataclass(frozen=True, slots=True)
class PageRef:
    """A page that was checked, and its newest check."""

    id: UUID
    url: str
    is_watched: bool
    next_check_at: datetime | None
    latest: CheckRef | None


@dataclass(frozen=True, slots=True)
class Claimed:
    """A check a worker took: which page, and since when it is at it."""

    check_id: UUID
    tenant: Tenant
    url: str
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Seen:
    """What a worker saw of a page."""

    final_url: str
    hops: tuple[str, ...]
    body: bytes
    findings: Mapping[str, Mapping[str, object]]
