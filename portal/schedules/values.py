"""What pages and jobs may hold of a report that goes by mail."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from portal.exports.values import FileKind
from portal.reports.values import ReportName

MOST: Final = 30  # of one person in one organization
MOST_READERS: Final = 20


class Rhythm(StrEnum):
    """How often it goes."""

    WEEKLY = "weekly"  # on Monday, about the week before
    MONTHLY = "monthly"  # on the 1st, about the month before


RHYTHM_WORDS: Final[Mapping[Rhythm, str]] = {
    Rhythm.WEEKLY: "Every Monday, about the week before",
    Rhythm.MONTHLY: "On the 1st, about the month before",
}


@dataclass(frozen=True, slots=True)
class ScheduleRef:
    """One report that goes by mail."""

    id: UUID
    organization_id: UUID
    account_id: UUID | None  # None: all accounts each reader reaches
    owner_id: UUID
    report: ReportName
    rhythm: Rhythm
    file_kind: FileKind
    reader_ids: tuple[UUID, ...]
    next_at: datetime
