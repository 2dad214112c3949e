"""The words of drips that other slices, workers and templates may hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from typing import Final
from uuid import UUID

from portal.core.tenancy import Tenant
from portal.messaging.values import MissingChoice

MOST_STEPS: Final = 50
LAST_DAY: Final = 730  # two years after somebody is enrolled
LONGEST_NAME: Final = 80
LONGEST_TITLE: Final = 150  # an e-mail's subject, or what a task asks for
LONGEST_TEXT: Final = 1_600  # what one text holds at most
LONGEST_LETTER: Final = 10_000


class StepKind(StrEnum):
    """What a step does."""

    TEXT = "text"
    EMAIL = "email"
    TASK = "task"  # reminds the account's people to do something by hand
    WAIT = "wait"  # nothing goes before its day; as the last step it keeps people in the plan


STEP_LABELS: Final[Mapping[StepKind, str]] = {
    StepKind.TEXT: "Text",
    StepKind.EMAIL: "E-mail",
    StepKind.TASK: "Task",
    StepKind.WAIT: "Wait",
}


class OnReply(StrEnum):
    """What a person's own text does to their place in a plan (P-1)."""

    PAUSE = "pause"  # until somebody resumes it
    END = "end"
    GO_ON = "go_on"


ON_REPLY_LABELS: Final[Mapping[OnReply, str]] = {
    OnReply.PAUSE: "Pause the plan for that person",
    OnReply.END: "End the plan for that person",
    OnReply.GO_ON: "Go on",
}


class DripState(StrEnum):
    """Whether a plan runs."""

    ACTIVE = "active"
    PAUSED = "paused"  # for everybody in it; nothing of it leaves
    ARCHIVED = "archived"  # out of use


class OverLimit(StrEnum):
    """What plan texts do beyond a daily limit, as an organization chooses (S-5)."""

    HOLD = "hold"  # to the next day
    WARN = "warn"  # go at the sender's risk; pages say so


class Shelf(StrEnum):
    """Who keeps a plan, and so who may enrol people in it."""

    ACCOUNT = "account"
    TEAM = "team"
    ORGANIZATION = "organization"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a plan is kept: with one account, with a team, or, with neither, for everybody."""

    team_id: UUID | None = None
    account_id: UUID | None = None

    @property
    def shelf(self) -> Shelf:
        """Return which of the three it is."""
        if self.account_id is not None:
            return Shelf.ACCOUNT
        return Shelf.TEAM if self.team_id is not None else Shelf.ORGANIZATION


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a plan. Its day counts from enrolment, its time is the account's own.

    `at` None is at once, and of day 0 alone. A text has a `body`, an e-mail a `title` (its subject)
    and a `body`, a task a `title` and maybe a `body`, a wait neither. All three may hold the merge
    fields of S-9; `missing` says what a text or an e-mail does where a value is missing.
    """

    kind: StepKind
    day: int = 0
    at: time | None = None
    title: str = ""
    body: str = ""
    missing: MissingChoice = "fallback"
    id: UUID | None = None  # None: not saved yet
    position: int = 0  # 1, 2, 3 and so on, once saved


@dataclass(frozen=True, slots=True)
class StepFault:
    """What is wrong with one step of a plan, as somebody wrote it."""

    position: int  # of the list, from 0; -1: of the plan as a whole
    field: str  # kind, day, at, title, body or missing
    message: str


@dataclass(frozen=True, slots=True)
class DripRef:
    """One plan of the library, with the steps people enrolled from now on get."""

    id: UUID
    organization_id: UUID
    team_id: UUID | None
    account_id: UUID | None
    name: str
    on_reply: OnReply
    state: DripState
    state_reason: str
    version_id: UUID
    version: int
    edits: int  # what a change says it has seen
    created_at: datetime
    changed_at: datetime
    changed_by: str
    steps: tuple[Step, ...] = ()

    @property
    def tenant(self) -> Tenant:
        """Return whose plan this is: the organization."""
        return Tenant(self.organization_id)

    @property
    def place(self) -> Place:
        """Return where it is kept."""
        return Place(self.team_id, self.account_id)

    @property
    def is_active(self) -> bool:
        """Say whether it runs."""
        return self.state is DripState.ACTIVE

    @property
    def texts(self) -> tuple[Step, ...]:
        """Return its text steps, in order."""
        return tuple(step for step in self.steps if step.kind is StepKind.TEXT)

    @property
    def first_text(self) -> Step | None:
        """Return the text that P-2 shows on a phone."""
        return next(iter(self.texts), None)

    @property
    def last_day(self) -> int:
        """Return how many days after enrolment it is over."""
        return max((step.day for step in self.steps), default=0)


@dataclass(frozen=True, slots=True)
class VersionRef:
    """One version of a plan's steps, as it was saved."""

    id: UUID
    drip_id: UUID
    number: int
    created_at: datetime
    created_by: str
    steps: tuple[Step, ...]
