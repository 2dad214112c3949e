"""What other slices may know of consent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from portal.core.tenancy import Tenant


class MessageKind(StrEnum):
    """What a person may agree to get."""

    ONE_TO_ONE = "one_to_one"
    MARKETING = "marketing"  # bulk sends and plans


BOTH_KINDS = (MessageKind.ONE_TO_ONE, MessageKind.MARKETING)
TALK_ONLY = (MessageKind.ONE_TO_ONE,)
KIND_WORDS: Mapping[MessageKind, str] = {
    MessageKind.ONE_TO_ONE: "one-to-one texts",
    MessageKind.MARKETING: "marketing: bulk texts and plans",
}


class Method(StrEnum):
    """How a person agreed or refused, or is said to have (C-2, Q-7)."""

    HOSTED_FORM = "hosted_form"
    EMBED = "embed"
    API = "api"
    JOIN_KEYWORD = "join_keyword"
    DOUBLE_OPT_IN = "double_opt_in"
    WEB_FORM = "web_form"  # a form elsewhere; only an import can say so
    PAPER = "paper"
    VERBAL = "verbal"
    AGENT_STATED = "agent_stated"
    IMPORT = "import"  # a file that doesn't say how
    INQUIRY = "inquiry"
    PURCHASED_LIST = "purchased_list"
    PUBLIC_RECORDS = "public_records"
    THIRD_PARTY = "third_party"
    # how an opt-out or an opt-in came
    KEYWORD = "keyword"
    CARRIER = "carrier"
    CALL = "call"
    EMAIL = "email"
    VOICEMAIL = "voicemail"
    LETTER = "letter"
    IN_PERSON = "in_person"
    STAFF = "staff"
    LIST = "list"
    OWN_WORDS = "own_words"  # a text in plain words, which somebody or time confirmed


METHOD_WORDS: Mapping[Method, str] = {
    Method.HOSTED_FORM: "Hosted form",
    Method.EMBED: "Embedded form",
    Method.API: "API",
    Method.JOIN_KEYWORD: "Join keyword",
    Method.DOUBLE_OPT_IN: "Double opt-in",
    Method.WEB_FORM: "Web form",
    Method.PAPER: "Paper",
    Method.VERBAL: "Verbal",
    Method.AGENT_STATED: "Agent-stated",
    Method.IMPORT: "Import, method not named",
    Method.INQUIRY: "The person's own text",
    Method.PURCHASED_LIST: "Purchased list",
    Method.PUBLIC_RECORDS: "Public records",
    Method.THIRD_PARTY: "Third party",
    Method.KEYWORD: "Keyword",
    Method.CARRIER: "Told by the carrier",
    Method.CALL: "Phone call",
    Method.EMAIL: "E-mail",
    Method.VOICEMAIL: "Voicemail",
    Method.LETTER: "Letter",
    Method.IN_PERSON: "In person",
    Method.STAFF: "Entered by staff",
    Method.LIST: "Opt-out list",
    Method.OWN_WORDS: "In their own words",
}

NOT_VALID_METHODS = frozenset(
    {Method.PURCHASED_LIST, Method.PUBLIC_RECORDS, Method.THIRD_PARTY}  # C-7
)
OPT_OUT_METHODS = (
    Method.CALL, Method.EMAIL, Method.VOICEMAIL, Method.LETTER, Method.IN_PERSON, Method.STAFF,
)  # fmt: skip


class Strength(StrEnum):
    """How much a consent carries (C-8)."""

    EXPRESS_WRITTEN = "express_written"
    EXPRESS = "express"
    INQUIRY = "inquiry"
    NONE = "none"


STRENGTH_WORDS: Mapping[Strength, str] = {
    Strength.EXPRESS_WRITTEN: "Express written",
    Strength.EXPRESS: "Express",
    Strength.INQUIRY: "Inquiry",
    Strength.NONE: "Not valid",
}
STRENGTH_ALLOWS: Mapping[Strength, str] = {
    Strength.EXPRESS_WRITTEN: "Everything it names, plans and bulk texts included.",
    Strength.EXPRESS: "One-to-one texts. No bulk texts, no plans.",
    Strength.INQUIRY: "One-to-one answers for 90 days after the person's own text.",
    Strength.NONE: "Nothing. Texts to this number are blocked.",
}


class Checkbox(StrEnum):
    """The state of the form's checkbox (C-1)."""

    CHECKED = "checked"
    UNCHECKED = "unchecked"
    NOT_RECORDED = "not_recorded"


CHECKBOX_WORDS: Mapping[Checkbox, str] = {
    Checkbox.CHECKED: "Ticked by the person",
    Checkbox.UNCHECKED: "Not ticked",
    Checkbox.NOT_RECORDED: "Not recorded",
}


class Event(StrEnum):
    """What happened to a consent."""

    GIVEN = "given"
    ASKED = "asked"  # signed up on a form; a text asks the person to confirm it
    NOT_VALID = "not_valid"
    OPTED_OUT = "opted_out"
    OPTED_IN = "opted_in"
    ENDED = "ended"


EVENT_WORDS: Mapping[Event, str] = {
    Event.GIVEN: "Consent given",
    Event.ASKED: "Asked to confirm",
    Event.NOT_VALID: "Not valid consent",
    Event.OPTED_OUT: "Opted out",
    Event.OPTED_IN: "Opted in again",
    Event.ENDED: "Consent ended",
}


class Reach(StrEnum):
    """How far an opt-out reaches in the organization, beyond its own account (Q-7)."""

    ACCOUNT = "account"  # its own account alone
    MARKETING = "marketing"  # bulk texts and plans of every account: the default
    EVERYTHING = "everything"  # every text of every account


REACH_WORDS: Mapping[Reach, str] = {
    Reach.ACCOUNT: "Only the account it was said to",
    Reach.MARKETING: "Bulk texts and plans of every account",
    Reach.EVERYTHING: "Every text of every account",
}


class HoldState(StrEnum):
    """What became of a text that sounded like a revocation (Q-4)."""

    STANDING = "standing"
    OPTED_OUT = "opted_out"  # a person said so
    LAPSED = "lapsed"  # nobody looked in time: it is an opt-out
    RELEASED = "released"


class Told(StrEnum):
    """Whether the carrier knows what we know of a number (Q-8)."""

    WAITING = "waiting"
    TOLD = "told"
    REFUSED = "refused"  # the carrier would not take it


class OldOptOuts(StrEnum):
    """What became of the opt-outs of an account's old tool (Q-7)."""

    IMPORTED = "imported"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds for one number in one account now; what is None does not stand in the way."""

    e164: str
    strength: Strength = Strength.NONE
    record_id: UUID | None = None
    kinds: tuple[MessageKind, ...] = ()
    expires_at: datetime | None = None
    opted_out_at: datetime | None = None
    org_opted_out_at: datetime | None = None
    org_reach: Reach = Reach.MARKETING
    dnc_at: datetime | None = None
    not_valid_reason: str | None = None
    held_at: datetime | None = None  # they seem to have asked for no more texts
    held_reach: Reach = Reach.EVERYTHING  # marketing alone: it was said to another account
    refused_at: datetime | None = None  # when they last opted out, undone since or not

    @property
    def is_opted_out(self) -> bool:
        """Say whether this account may not text the number at all."""
        return self.opted_out_at is not None


@dataclass(frozen=True, slots=True)
class Basis:
    """Whether a text rests on consent; `code` is stable, `sentence` and `fix` are for people."""

    ok: bool
    code: str
    sentence: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A stored file behind a record: a scan, a page, a recording."""

    name: str  # where it lies
    sha256: str
    file_name: str
    media_type: str


@dataclass(frozen=True, slots=True)
class NewConsent:
    """What is known of a consent being recorded (C-1); its server time is never an input."""

    e164: str
    method: Method
    given_at: datetime | None = None  # as claimed; None: nobody noted it
    given_zone: str = ""  # the zone it was claimed in: "America/Chicago", "-0500"
    given_as_written: str = ""  # the local time as it stood in the source
    name: str = ""
    email: str = ""
    postal_address: str = ""
    ip_address: str = ""
    method_details: str = ""
    source_url: str = ""
    disclosure_text: str = ""
    checkbox: Checkbox = Checkbox.NOT_RECORDED
    form_name: str = ""
    form_version: str = ""
    user_agent: str = ""
    kinds: tuple[MessageKind, ...] | None = None  # None: all its strength allows
    evidence: Evidence | None = None
    idempotency_key: str = ""  # the same key records once for an account


@dataclass(frozen=True, slots=True)
class RecordRef:
    """One entry of a number's consent history (C-1)."""

    id: UUID
    organization_id: UUID
    account_id: UUID
    e164: str
    event: Event
    method: Method
    strength: Strength
    kinds: tuple[MessageKind, ...]
    is_imported: bool
    is_staff_entry: bool
    name: str
    email: str
    postal_address: str
    given_at: datetime | None
    given_zone: str
    given_as_written: str
    recorded_at: datetime
    expires_at: datetime | None
    ip_address: str
    method_details: str
    source_url: str
    disclosure_text: str
    checkbox: Checkbox
    form_name: str
    form_version: str
    user_agent: str
    collected_by: str
    evidence: Evidence | None
    import_id: UUID | None
    audit_subject_id: UUID
    sha256: str
    redacted_at: datetime | None = None  # personal data erased since then (C-10)

    @property
    def tenant(self) -> Tenant:
        """Return whose record this is."""
        return Tenant(self.organization_id, self.account_id)

    @property
    def method_label(self) -> str:
        """Return the method in words, saying when only an import claims it."""
        words = METHOD_WORDS[self.method]
        if self.is_imported and self.method is not Method.IMPORT:
            return f"{words} (imported)"
        return words

    @property
    def event_label(self) -> str:
        """Return what happened, in words."""
        return EVENT_WORDS[self.event]

    @property
    def strength_label(self) -> str:
        """Return the strength in words."""
        return STRENGTH_WORDS[self.strength]

    @property
    def happened_at(self) -> datetime:
        """Return when it happened as claimed, else when it was written down."""
        return self.given_at or self.recorded_at


@dataclass(frozen=True, slots=True)
class DncRef:
    """One number on the organization's own do-not-contact list."""

    e164: str
    reason: str
    added_at: datetime
    added_by: str


@dataclass(frozen=True, slots=True)
class RecordFilter:
    """What the list of records is narrowed to; empty fields narrow nothing."""

    text: str = ""  # a name or a number
    method: Method | None = None
    strength: Strength | None = None
    event: Event | None = None
    form: str = ""
    since: date | None = None  # first and last day it was recorded, in the account's zone
    until: date | None = None

    @property
    def is_empty(self) -> bool:
        """Say whether every record matches."""
        return self == RecordFilter()

    def fields(self) -> dict[str, str]:
        """Return the filter as query arguments, empty ones left out."""
        named = {
            "q": self.text,
            "method": self.method or "",
            "strength": self.strength or "",
            "event": self.event or "",
            "form": self.form,
            "since": self.since.isoformat() if self.since else "",
            "until": self.until.isoformat() if self.until else "",
        }
        return {name: str(value) for name, value in named.items() if value}


@dataclass(frozen=True, slots=True)
class RecordPage:
    """One page of records; `next` is the cursor of the page after it."""

    records: tuple[RecordRef, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One line of the audit log."""

    position: int
    event: str
    words: str
    at: datetime
    actor: str
    origin: str | None
    account_id: UUID | None
    subject_id: UUID | None
    facts: tuple[tuple[str, str], ...]
    hash: str
    previous: str


@dataclass(frozen=True, slots=True)
class AuditPage:
    """One page of the audit log, newest first."""

    rows: tuple[AuditRow, ...]
    next: int | None
    length: int  # entries in the whole chain
