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


class EnrolmentState(StrEnum):
    """How far somebody is in a plan."""

    ACTIVE = "active"
    PAUSED = "paused"  # until somebody resumes it
    DONE = "done"  # every step was taken
    ENDED = "ended"  # before the last step


class Because(StrEnum):
    """Why somebody's place in a plan was paused, or ended early."""

    REPLY = "reply"
    OPTED_OUT = "opted_out"
    BY_HAND = "by_hand"
    ARCHIVED = "archived"
    ACCOUNT_CLOSED = "account_closed"


BECAUSE_WORDS: Final[Mapping[Because, str]] = {
    Because.REPLY: "they replied",
    Because.OPTED_OUT: "they opted out",
    Because.BY_HAND: "somebody chose so",
    Because.ARCHIVED: "the plan was archived",
    Because.ACCOUNT_CLOSED: "the account was closed",
}


class Source(StrEnum):
    """How somebody came into a plan."""

    HAND = "hand"
    BULK = "bulk"
    TAG = "tag"
    LEAD = "lead"
    FORM = "form"
    API = "api"


class Outcome(StrEnum):
    """What became of a step for one person, as the engine left it."""

    QUEUED = "queued"  # the text is in the outbox; its own state says more
    BLOCKED = "blocked"  # a gate said no; the text's row says why
    NOT_SENT = "not_sent"  # no subscription or number (S-6)
    MAILED = "mailed"
    NOT_MAILED = "not_mailed"  # no address, a value is missing, or they unsubscribed
    REMINDED = "reminded"
    PASSED = "passed"  # a wait is over


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


@dataclass(frozen=True, slots=True)
class EnrolmentRef:
    """One person in one plan."""

    id: UUID
    organization_id: UUID
    account_id: UUID
    drip_id: UUID
    version_id: UUID
    contact_id: UUID
    e164: str | None
    state: EnrolmentState
    because: Because | None
    source: Source
    enrolled_by: str
    started_at: datetime
    next_step_id: UUID | None  # None: there is none left
    due_at: datetime | None  # of the next step; None while nothing is due
    waits_for: str  # the code of what keeps the next step waiting
    waits_words: str
    ended_at: datetime | None

    @property
    def tenant(self) -> Tenant:
        """Return whose enrolment this is."""
        return Tenant(self.organization_id, self.account_id)

    @property
    def is_live(self) -> bool:
        """Say whether they are in the plan, paused or not."""
        return self.state in LIVE


LIVE: Final = frozenset({EnrolmentState.ACTIVE, EnrolmentState.PAUSED})
MOST_AT_ONCE: Final = 5_000


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What became of people somebody wished to enrol."""

    enrolled: int
    already: int  # in this plan, or somebody else with the same number is
    opted_out: int


class IntakeState(StrEnum):
    """How far it has come with many people who are being enrolled."""

    MOVING = "moving"
    DONE = "done"
    STOPPED = "stopped"  # before the last of them; the words say why


@dataclass(frozen=True, slots=True)
class IntakeRef:
    """Many people being put into a plan by a worker."""

    id: UUID
    drip_id: UUID
    state: IntakeState
    people: int
    looked_at: int  # of them
    enrolled: int
    already: int
    opted_out: int
    fault: str
    begun_by: str
    begun_at: datetime

    @property
    def is_moving(self) -> bool:
        """Say whether somebody is left to be looked at."""
        return self.state is IntakeState.MOVING


@dataclass(frozen=True, slots=True)
class RunRef:
    """One step taken for one person."""

    id: UUID  # of a text it is the text's own
    enrolment_id: UUID
    step_id: UUID
    position: int
    kind: StepKind
    ran_at: datetime
    outcome: Outcome
    words: str


@dataclass(frozen=True, slots=True)
class TriggerRef:
    """What puts people of one account into a plan by itself."""

    id: UUID
    account_id: UUID
    drip_id: UUID
    source: Source  # a tag, new leads, or a form
    word: str  # the tag's key, or the form's id
    created_at: datetime
    created_by: str
