"""What a file is about, what kind it is, and how far it is."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from portal.core.formats import span_words
from portal.core.tenancy import Tenant

KEPT_FOR: Final = timedelta(days=7)
Cells = Sequence[object]  # of one row


class Subject(StrEnum):
    """What is in a file."""

    TEXTS = "texts"
    STATEMENT = "statement"


class FileKind(StrEnum):
    """What kind of file it is."""

    CSV = "csv"
    XLSX = "xlsx"


class ExportState(StrEnum):
    """How far a file is."""

    WAITING = "waiting"
    READY = "ready"
    GONE = "gone"  # its week is over, or somebody in it was erased


FILE_WORDS: Final[Mapping[FileKind, str]] = {FileKind.CSV: "CSV", FileKind.XLSX: "Excel"}
ROW_WORDS: Final[Mapping[Subject, str]] = {Subject.TEXTS: "text", Subject.STATEMENT: "line"}
_EVENTS: Final = {Subject.TEXTS: "messaging:texts", Subject.STATEMENT: "billing:statement"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asks for: a file about something, of some days."""

    subject: Subject
    kind: FileKind
    first: date
    last: date
    zone: str  # in which its days run
    narrowed: str = ""  # to one kind of row, by the subject's own word for it


@dataclass(frozen=True, slots=True)
class ExportRef:
    """One file as its page shows it."""

    id: UUID
    organization_id: UUID
    account_id: UUID
    subject: Subject
    first: date
    last: date
    zone: str
    narrowed: str
    kind: FileKind
    state: ExportState
    rows: int  # how many there were to be when it was asked for
    done: int
    size: int | None
    created_at: datetime
    created_by: str
    finished_at: datetime | None

    @property
    def tenant(self) -> Tenant:
        """Return whose rows they are."""
        return Tenant(self.organization_id, self.account_id)

    @property
    def is_moving(self) -> bool:
        """Say whether a worker is at it."""
        return self.state is ExportState.WAITING

    @property
    def is_ready(self) -> bool:
        """Say whether it can be downloaded."""
        return self.state is ExportState.READY

    @property
    def days(self) -> str:
        """Return its days in words."""
        return span_words(self.first, self.last)

    @property
    def file_name(self) -> str:
        """Return what a browser saves it as."""
        return f"{self.subject}-{self.first}-{self.last}.{self.kind}"

    @property
    def row_word(self) -> str:
        """Return what one of its rows is called."""
        return ROW_WORDS[self.subject]


@dataclass(frozen=True, slots=True)
class Source:
    """What the files about one subject are made of.

    `batches` gives the rows in the order of the file, some hundreds or thousands at a time;
    between two of them the session may be used for something else.
    """

    head: Callable[[ExportRef], Sequence[str]]
    batches: Callable[[ExportRef], Iterator[Sequence[Cells]]]


def event_of(subject: Subject, verb: str) -> str:
    """Return what the audit log calls it when something is done with a file."""
    return f"{_EVENTS[subject]}:{verb}"
