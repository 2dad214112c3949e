"""What other slices may know of tasks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID


class Source(StrEnum):
    """Where a task comes from."""

    HAND = "hand"
    PLAN = "plan"  # a step of a SmartPlan (P-1)
    TEXT = "text"  # a text of a SmartPlan that has to be sent by hand (S-6)


SOURCE_WORDS: Final[Mapping[Source, str]] = {
    Source.HAND: "Written by hand",
    Source.PLAN: "From a SmartPlan",
    Source.TEXT: "Text to send by hand",
}


class View(StrEnum):
    """Which tasks a list shows."""

    OPEN = "open"
    DUE = "due"  # today or earlier
    LATER = "later"
    DONE = "done"


VIEW_WORDS: Final[Mapping[View, str]] = {
    View.OPEN: "Open",
    View.DUE: "Due today",
    View.LATER: "Later",
    View.DONE: "Done",
}


class PutOff(StrEnum):
    """How far a task is put off with one click."""

    TOMORROW = "tomorrow"
    THREE_DAYS = "three_days"
    WEEK = "week"


PUT_OFF_WORDS: Final[Mapping[PutOff, str]] = {
    PutOff.TOMORROW: "Tomorrow",
    PutOff.THREE_DAYS: "In 3 days",
    PutOff.WEEK: "In a week",
}


@dataclass(frozen=True, slots=True)
class TaskRef:
    """One thing to do."""

    id: UUID
    contact_id: UUID | None
    for_id: UUID | None  # None: whoever works in the account
    title: str
    note: str
    due_at: datetime
    source: Source
    created_at: datetime
    created_by: str
    done_at: datetime | None
    done_by: str
    edits: int

    @property
    def is_done(self) -> bool:
        """Whether somebody finished it."""
        return self.done_at is not None

    @property
    def source_label(self) -> str:
        """Return where it comes from, in words."""
        return SOURCE_WORDS[self.source]


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened with a task, for a contact's timeline (K-5)."""

    at: datetime
    title: str
    actor: str
    body: str
    tone: str  # ok where it is done
