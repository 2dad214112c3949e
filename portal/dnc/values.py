"""What other slices may know of do-not-call lists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

NATIONAL: Final = "US"  # every other list is named by its state
KEY_ROOM: Final = 10**10  # a number's key is its load's id times this, plus its ten digits
AREA_ROOM: Final = 10**7  # numbers of one area code


class FileKind(StrEnum):
    """What a file of numbers says."""

    FULL = "full"  # every number of the area codes it holds
    CHANGES = "changes"  # numbers added and removed since an earlier file


KIND_WORDS: Final[Mapping[FileKind, str]] = {
    FileKind.FULL: "Full list",
    FileKind.CHANGES: "Change list",
}


class ImportState(StrEnum):
    """How far an import is."""

    CHECKING = "checking"
    CHECKED = "checked"
    LOADING = "loading"
    DONE = "done"
    FAILED = "failed"
    CANCELED = "canceled"


STATE_WORDS: Final[Mapping[ImportState, str]] = {
    ImportState.CHECKING: "Being read",
    ImportState.CHECKED: "Waits for you",
    ImportState.LOADING: "Being loaded",
    ImportState.DONE: "In use",
    ImportState.FAILED: "Failed",
    ImportState.CANCELED: "Not loaded",
}


class Relation(StrEnum):
    """What makes an established business relationship (47 CFR 64.1200(f)(5))."""

    TRANSACTION = "transaction"
    INQUIRY = "inquiry"


RELATION_WORDS: Final[Mapping[Relation, str]] = {
    Relation.TRANSACTION: "A purchase, sale, lease or other transaction with us",
    Relation.INQUIRY: "An inquiry or application about what we offer",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One number of a file: ten digits, and in a change list what became of it."""

    number: int
    is_removal: bool | None = None  # None: the line says neither added nor removed
    on: date | None = None


@dataclass(frozen=True, slots=True)
class Reject:
    """A line that is not taken, and what to do about it."""

    line: int
    text: str
    reason: str
    part: str = ""  # the file inside an archive


@dataclass(frozen=True, slots=True)
class Batch:
    """What one piece of a file holds. Numbers are ten digits each, parted by commas."""

    numbers: bytes = b""
    changes: Sequence[Entry] = ()
    rejects: Sequence[Reject] = ()
    position: int = 0  # bytes of the stored file read by now


@dataclass(frozen=True, slots=True)
class ListRef:
    """One area code of one list as it is in use."""

    source: str
    area_code: str
    as_of: date  # the day it was downloaded
    numbers: int
    import_id: UUID | None
    load_id: int = field(repr=False)


@dataclass(frozen=True, slots=True)
class SourceRef:
    """One list with its area codes, the one that runs out first at the head."""

    source: str
    areas: tuple[ListRef, ...]
    days_left: int  # of the oldest part

    @property
    def numbers(self) -> int:
        """Return how many numbers it has."""
        return sum(area.numbers for area in self.areas)

    @property
    def as_of(self) -> date:
        """Return the day of its oldest part."""
        return self.areas[0].as_of


@dataclass(frozen=True, slots=True)
class OnList:
    """A list that a number stands on."""

    source: str
    as_of: date


@dataclass(frozen=True, slots=True)
class ExemptionRef:
    """A business relationship somebody wrote down."""

    id: UUID
    e164: str
    relation: Relation
    happened_on: date
    last_day: date
    evidence: str
    recorded_at: datetime
    recorded_by: str
    ended_at: datetime | None
    ended_by: str
    ended_because: str


@dataclass(frozen=True, slots=True)
class CheckRef:
    """A look by hand at the registry, which found the number not listed."""

    id: UUID
    e164: str
    checked_on: date
    last_day: date
    how: str
    recorded_at: datetime
    recorded_by: str


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that was written down of a number and do-not-call lists, for its timeline (K-5)."""

    at: datetime
    title: str
    actor: str
    body: str
    tone: str = ""  # bad where what exempted the number ends


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What is known of one number and do-not-call lists on one day."""

    listed: tuple[OnList, ...] = ()
    is_unread: bool = False  # no list, or one that is too old, covers it
    stale_of: date | None = None  # the day of the list that is too old; None: there is none
    exemptions: tuple[ExemptionRef, ...] = ()  # that run on that day
    check: CheckRef | None = None  # that still counts on that day


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a do-not-call list stands in the way; `code` is stable, `sentence` is for people."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class ListImportRef:
    """One import of a file as pages show it."""

    id: UUID
    organization_id: UUID
    source: str
    kind: FileKind
    as_of: date
    area_code: str
    file_name: str
    stored_name: str
    size: int
    sha256: str
    state: ImportState
    position: int  # bytes of the file read in this pass
    batches: int
    load_id: int | None
    added: int
    removed: int
    rejected: int
    areas: Mapping[str, Sequence[int]]  # area code: numbers added, numbers removed
    left_out: Mapping[str, str]  # area code: why it is not taken
    error: str
    created_at: datetime
    created_by_id: UUID | None
    created_by: str
    finished_at: datetime | None

    @property
    def is_moving(self) -> bool:
        """Say whether a worker has something to do."""
        return self.state in (ImportState.CHECKING, ImportState.LOADING)

    @property
    def percent(self) -> int:
        """Return how much of the file this pass has read."""
        return min(100, self.position * 100 // self.size) if self.size else 0
