"""What other slices may hold of an appeal."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

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


class FileKind(StrEnum):
    """Where a file of a case comes from."""

    UPLOAD = "upload"  # handed in for a part or beside a comment
    MADE = "made"  # by the portal, such as the picture of the first text
    PDF = "pdf"  # what was sent to the carrier; frozen
    ZIP = "zip"
    REPLY = "reply"  # what the carrier sent


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

    @property
    def is_picture(self) -> bool:
        """Say whether a page may show it."""
        return self.media_type in ("image/png", "image/jpeg")


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
