"""What other slices may hold of an appeal."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from portal.core.formats import date_words
from portal.core.tenancy import Tenant


class Kind(StrEnum):
    """Which template a case follows (A-2)."""

    SUSPENSION = "suspension"
    SIMILAR = "similar_messages"


KIND_LABELS: Final[Mapping[Kind, str]] = {
    Kind.SUSPENSION: "Suspension",
    Kind.SIMILAR: "Similar messages across numbers",
}


class State(StrEnum):
    """Where a case stands (A-5)."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    RETURNED = "returned"
    APPROVED = "approved"
    SUBMITTED = "submitted"
    INFORMATION_REQUESTED = "information_requested"
    REINSTATED = "reinstated"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"


STATE_LABELS: Final[Mapping[State, str]] = {
    State.DRAFT: "Draft",
    State.IN_REVIEW: "In review",
    State.RETURNED: "Returned",
    State.APPROVED: "Approved",
    State.SUBMITTED: "Submitted",
    State.INFORMATION_REQUESTED: "Information requested",
    State.REINSTATED: "Reinstated",
    State.DENIED: "Denied",
    State.WITHDRAWN: "Withdrawn",
}
OVER: Final = frozenset({State.REINSTATED, State.DENIED, State.WITHDRAWN})
WRITABLE: Final = frozenset({State.DRAFT, State.RETURNED})  # its parts may be changed


class Slot(StrEnum):
    """What a part of a case is about, whatever its heading says by now."""

    FIRST_TEXT = "first_text"
    WEB_ADDRESS = "web_address"
    CHECKBOX = "checkbox"
    CONSENT = "consent"
    CEASED = "ceased"
    PROOF = "proof"
    JUSTIFICATION = "justification"
    WORDINGS = "wordings"
    NUMBERS = "numbers"


class Answer(StrEnum):
    """How a part is answered."""

    OPEN = "open"
    GIVEN = "given"
    NOT_APPLICABLE = "not_applicable"


class Happening(StrEnum):
    """What a line of a case's history tells."""

    MOVED = "moved"  # to another state
    WRITTEN = "written"  # a part
    ATTACHED = "attached"
    REMOVED = "removed"
    ASSIGNED = "assigned"
    STOPPED = "stopped"  # the traffic (part 5)
    GATHERED = "gathered"  # proof for the numbers the carrier named (part 6)
    COMMENT = "comment"
    MAILED = "mailed"
    REPLIED = "replied"  # the carrier
    REMINDED = "reminded"
    ERASED = "erased"  # a person's number, at their wish (C-10)
    TICKET = "ticket"  # the carrier's number of the case was entered, changed or taken away


PART_WORDS: Final[Mapping[Happening, str]] = {  # of what happens to a part
    Happening.WRITTEN: "written",
    Happening.ATTACHED: "file added",
    Happening.REMOVED: "file removed",
    Happening.STOPPED: "traffic stopped",
    Happening.GATHERED: "numbers named",
}


class FileKind(StrEnum):
    """Where a file of a case comes from."""

    UPLOAD = "upload"  # handed in for a part or beside a comment
    MADE = "made"  # by the portal, such as the picture of the first text
    PDF = "pdf"  # what was sent to the carrier; frozen
    ZIP = "zip"
    REPLY = "reply"  # what the carrier sent
    NOTE = "note"  # beside a comment
    ANSWER = "answer"  # goes with the answer to what the carrier asked
    EARLIER = "earlier"  # what went in the round before; frozen


FROZEN: Final = frozenset({FileKind.PDF, FileKind.ZIP})  # what goes, or went, to the carrier
IN_PARTS: Final = frozenset({FileKind.UPLOAD, FileKind.MADE})  # what a part may show


@dataclass(frozen=True, slots=True)
class FileRef:
    """One file of a case; `part` is the number of the part it belongs to."""

    id: UUID
    case_id: UUID
    part: int | None
    kind: FileKind
    name: str
    media_type: str
    size: int
    sha256: str
    stored_as: str
    created_at: datetime
    created_by: str
    about_id: UUID | None = None  # the reply, answer or comment it came with

    @property
    def is_picture(self) -> bool:
        """Say whether a page may show it."""
        return self.media_type in ("image/png", "image/jpeg")


@dataclass(frozen=True, slots=True)
class Tally:
    """What was found for the numbers of a part when proof was last looked for (part 6)."""

    at: datetime
    proven: int
    lacking: int
    first: tuple[tuple[str, str], ...]  # of those without proof: the number, and what is missing

    @property
    def numbers(self) -> int:
        """Return how many were looked for."""
        return self.proven + self.lacking


@dataclass(frozen=True, slots=True)
class PartRef:
    """One part of a case: its answer, and the files it shows."""

    number: int
    slot: Slot
    answer: Answer
    text: str  # what was written, or why the part does not apply
    link: str  # web address of the first text, or of the data collection
    numbers: tuple[str, ...]  # E.164, as the carrier named them (part 6)
    confirmed_at: datetime | None  # the traffic has ceased (part 5)
    confirmed_by: str
    edits: int
    files: tuple[FileRef, ...] = ()
    tally: Tally | None = None  # None: proof was never looked for

    @property
    def is_given(self) -> bool:
        """Say whether it is answered."""
        return self.answer is Answer.GIVEN

    @property
    def is_set_aside(self) -> bool:
        """Say whether somebody wrote why it does not apply."""
        return self.answer is Answer.NOT_APPLICABLE


@dataclass(frozen=True, slots=True)
class HistoryRef:
    """One line of a case's history."""

    at: datetime
    kind: Happening
    state: State | None  # the one it moved to
    part: int | None
    text: str
    by_id: UUID | None
    by_name: str
    id: UUID | None = None


class SendingState(StrEnum):
    """How far something is that goes to the carrier."""

    WAITING = "waiting"  # its files are being made
    READY = "ready"  # made; to be sent by hand
    MAILED = "mailed"
    FAILED = "failed"  # the mail was refused: to be sent by hand
    BY_HAND = "by_hand"  # a person sent it
    BROKEN = "broken"  # its files can't be read or made: it waits until somebody mended that


SENDING_LABELS: Final[Mapping[SendingState, str]] = {
    SendingState.WAITING: "Waits to go out",
    SendingState.READY: "To be sent by hand",
    SendingState.MAILED: "Sent by e-mail",
    SendingState.FAILED: "The e-mail did not go",
    SendingState.BY_HAND: "Sent by hand",
    SendingState.BROKEN: "Could not go out",
}


@dataclass(frozen=True, slots=True)
class SendingRef:
    """One thing that goes, or went, to the carrier."""

    id: UUID
    organization_id: UUID
    account_id: UUID
    case_id: UUID
    number: int
    state: SendingState
    to_address: str
    words: str
    problem: str
    note: str
    asked_at: datetime
    asked_by_id: UUID | None
    asked_by: str
    moved_at: datetime
    sent_at: datetime | None
    sent_by: str

    @property
    def tenant(self) -> Tenant:
        """Return the account as a tenant."""
        return Tenant(self.organization_id, self.account_id)

    @property
    def is_answer(self) -> bool:
        """Say whether it answers what the carrier asked."""
        return self.number > 1

    @property
    def state_label(self) -> str:
        """Return how far it is, in words; a mail that no server took yet is only on its way."""
        if self.state is SendingState.MAILED and self.sent_at is None:
            return "Being mailed"
        return SENDING_LABELS[self.state]

    @property
    def is_broken(self) -> bool:
        """Say whether its files can't be read or made: it goes once somebody mended that."""
        return self.state is SendingState.BROKEN

    @property
    def waits_for_a_person(self) -> bool:
        """Say whether somebody has to send it by hand."""
        return self.state in (SendingState.READY, SendingState.FAILED)


class ReplyKind(StrEnum):
    """What came of it, as the carrier says, or as we say who withdraw."""

    INFORMATION = "information"
    REINSTATED = "reinstated"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"


REPLY_LABELS: Final[Mapping[ReplyKind, str]] = {
    ReplyKind.INFORMATION: "Information requested",
    ReplyKind.REINSTATED: "Reinstated",
    ReplyKind.DENIED: "Denied",
    ReplyKind.WITHDRAWN: "Withdrawn",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """What somebody keeps of the carrier's answer."""

    kind: ReplyKind
    received_on: date
    text: str = ""
    asked: str = ""
    due_on: date | None = None
    ticket: str = ""  # the carrier's number of the case, where the answer names it


@dataclass(frozen=True, slots=True)
class ReplyRef:
    """One answer of the carrier as it was kept."""

    id: UUID
    kind: ReplyKind
    received_on: date
    text: str
    asked: str
    due_on: date | None
    recorded_at: datetime
    recorded_by: str

    @property
    def kind_label(self) -> str:
        """Return what came of it, in words."""
        return REPLY_LABELS[self.kind]

    @property
    def received_words(self) -> str:
        """Return the day it came, in words."""
        return date_words(self.received_on)

    @property
    def due_words(self) -> str:
        """Return the day they want an answer by, in words; empty where they want none."""
        return date_words(self.due_on) if self.due_on else ""


class Urgency(StrEnum):
    """How near a due date is."""

    SOON = "soon"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class SettingsRef:
    """Where appeals go, and how many business days what is waited for may take."""

    support_address: str = ""
    answer_days: int = 5  # the carrier's answer
    round_days: int = 5  # the next round after a denial
    edits: int = 0
    set_at: datetime | None = None
    set_by: str = ""


@dataclass(frozen=True, slots=True)
class CaseRef:
    """One appeal of one suspension."""

    id: UUID
    organization_id: UUID
    account_id: UUID
    restriction_id: UUID
    round: int  # 2 and on follow a denial
    previous_id: UUID | None  # the case that was denied
    kind: Kind
    template_version: int
    state: State
    assignee_id: UUID | None
    assignee: str
    due_at: datetime | None  # of what the state waits for
    carrier_ticket: str
    created_at: datetime
    created_by_id: UUID | None
    created_by: str
    handed_in_at: datetime | None
    submitted_at: datetime | None
    decided_at: datetime | None
    edits: int

    @property
    def tenant(self) -> Tenant:
        """Return the account as a tenant."""
        return Tenant(self.organization_id, self.account_id)

    @property
    def state_label(self) -> str:
        """Return the state in words."""
        return STATE_LABELS[self.state]

    @property
    def kind_label(self) -> str:
        """Return what is appealed, in words."""
        return KIND_LABELS[self.kind]

    @property
    def is_over(self) -> bool:
        """Say whether nothing more happens to it."""
        return self.state in OVER

    @property
    def is_writable(self) -> bool:
        """Say whether its parts may be changed."""
        return self.state in WRITABLE
