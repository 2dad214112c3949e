"""What other slices may know of contacts, imports and selections."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from portal.core.phone import Kind
from portal.core.tenancy import Tenant


class Language(StrEnum):
    """The languages notices come in (S-3)."""

    EN = "en"
    ES = "es"


class Problem(StrEnum):
    """Why a number cannot be texted (K-3, RULINGS 19)."""

    EMPTY = "empty"
    NOT_A_NUMBER = "not_a_number"
    LETTER = "letter"
    ROUNDED = "rounded"
    SEVERAL = "several"
    SHORT = "short"
    NO_AREA_CODE = "no_area_code"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    NO_COUNTRY = "no_country"
    NO_SUCH_AREA = "no_such_area"
    TOLL_FREE = "toll_free"
    PREMIUM = "premium"
    UNREACHABLE = "unreachable"


PROBLEM_WORDS: Mapping[Problem, str] = {
    Problem.EMPTY: "There is no phone number.",
    Problem.NOT_A_NUMBER: "This is not a phone number.",
    Problem.LETTER: "A phone number has no letters.",
    Problem.ROUNDED: "A spreadsheet has rounded this number; its last digits are lost.",
    Problem.SEVERAL: "There is more than one number in one field.",
    Problem.SHORT: "Short numbers cannot be texted.",
    Problem.NO_AREA_CODE: "The area code is missing.",
    Problem.TOO_SHORT: "It has too few digits.",
    Problem.TOO_LONG: "It has too many digits.",
    Problem.NO_COUNTRY: "No country has this code.",
    Problem.NO_SUCH_AREA: "No area code or exchange begins with 0 or 1.",
    Problem.TOLL_FREE: "Toll-free numbers cannot be texted.",
    Problem.PREMIUM: "Premium-rate numbers cannot be texted.",
    Problem.UNREACHABLE: "The carrier says this number cannot be reached.",
}


@dataclass(frozen=True, slots=True)
class NumberRef:
    """One phone number of a contact; `e164` is None where none could be read from `raw`."""

    id: UUID
    e164: str | None
    raw: str
    label: str
    kind: Kind
    region: str | None
    is_preferred: bool
    problem: Problem | None
    is_verified: bool = True
    unreachable_code: int | None = None

    @property
    def is_textable(self) -> bool:
        """Whether a text may go to it as far as the number itself goes."""
        return self.e164 is not None and self.problem is None

    @property
    def is_international(self) -> bool:
        """Whether it lies outside country code 1 and costs the foreign rate (R-2)."""
        return self.e164 is not None and not self.e164.startswith("+1")

    @property
    def why(self) -> str:
        """Return why it cannot be texted, or nothing."""
        if self.problem is None:
            return ""
        if self.problem is Problem.UNREACHABLE and self.unreachable_code:
            return f"The carrier says this number cannot be reached ({self.unreachable_code})."
        return PROBLEM_WORDS[self.problem]


@dataclass(frozen=True, slots=True)
class ContactRef:
    """A person in an account's address book, numbers in order, the preferred one first."""

    id: UUID
    organization_id: UUID
    account_id: UUID
    first_name: str
    last_name: str
    email: str
    street: str
    city: str
    state: str
    zip: str
    language: Language
    lead_source: str
    known_since: date | None
    created_at: datetime
    tags: tuple[str, ...] = ()
    numbers: tuple[NumberRef, ...] = ()

    @property
    def tenant(self) -> Tenant:
        """Return whose contact this is."""
        return Tenant(self.organization_id, self.account_id)

    @property
    def full_name(self) -> str:
        """Return the name as one says it, or what else stands for the person."""
        name = f"{self.first_name} {self.last_name}".strip()
        if name:
            return name
        first = self.numbers[0] if self.numbers else None
        return self.email or (first.e164 or first.raw if first else "") or "No name"

    @property
    def preferred(self) -> NumberRef | None:
        """Return the number texts go to, whether or not it can be texted just now."""
        return next((n for n in self.numbers if n.is_preferred), None)

    def merge_values(self) -> dict[str, str]:
        """Return what merge fields may say about the person (S-9)."""
        return {
            "first_name": self.first_name,
            "last_name": self.last_name,
            "full_name": f"{self.first_name} {self.last_name}".strip(),
            "email": self.email,
            "street": self.street,
            "city": self.city,
            "state": self.state,
            "zip": self.zip,
        }


@dataclass(frozen=True, slots=True)
class Mark:
    """A sign beside a recipient, saying why on focus or hover (K-3).

    `tone` is one of ok, warn, bad, quiet; `icon` names a symbol of the sprite.
    """

    code: str
    icon: str
    label: str
    why: str
    tone: str = "quiet"


class Sort(StrEnum):
    """How the list is ordered."""

    NAME = "name"
    NEWEST = "newest"
    STATE = "state"


class Reach(StrEnum):
    """Whether the list keeps to people who can or cannot be texted, as far as numbers go."""

    TEXTABLE = "textable"
    NOT_TEXTABLE = "not_textable"
    INTERNATIONAL = "international"
    LISTED = "listed"  # on a do-not-call list, exempt or not


@dataclass(frozen=True, slots=True)
class ContactFilter:
    """What the list is narrowed to; empty fields narrow nothing."""

    text: str = ""
    tag: str = ""
    state: str = ""
    source: str = ""
    reach: Reach | None = None

    @property
    def is_empty(self) -> bool:
        """Say whether everybody matches."""
        return self == ContactFilter()

    def fields(self) -> dict[str, str]:
        """Return the filter as form fields and query arguments, empty ones left out."""
        named = {"q": self.text, "tag": self.tag, "state": self.state, "source": self.source}
        named["reach"] = self.reach.value if self.reach else ""
        return {name: value for name, value in named.items() if value}


@dataclass(frozen=True, slots=True)
class Selection:
    """Who a bulk action is for: everybody `matching` a filter, or the people in `ids` (K-4)."""

    ids: tuple[UUID, ...] = ()
    matching: ContactFilter | None = None

    @property
    def is_empty(self) -> bool:
        """Say whether nobody is selected for certain."""
        return self.matching is None and not self.ids

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON, for a draft or a job."""
        if self.matching is not None:
            return {"matching": self.matching.fields()}
        return {"ids": [str(id_) for id_ in self.ids]}


@dataclass(frozen=True, slots=True)
class NewNumber:
    """A number as somebody wrote it, with what they call it."""

    raw: str
    label: str = ""
    is_preferred: bool = False


@dataclass(frozen=True, slots=True)
class ContactDetails:
    """What a person may enter about a contact."""

    first_name: str = ""
    last_name: str = ""
    email: str = ""
    street: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""
    language: Language = Language.EN
    lead_source: str = ""
    known_since: date | None = None
    tags: tuple[str, ...] = ()
    numbers: tuple[NewNumber, ...] = ()


@dataclass(frozen=True, slots=True)
class NoteRef:
    """A note on a contact, for the timeline (K-5)."""

    id: UUID
    contact_id: UUID
    body: str
    author: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TagRef:
    """A tag of an account."""

    id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the list; `next` and `previous` are cursors or None."""

    contacts: tuple[ContactRef, ...]
    next: str | None
    previous: str | None


class ImportKind(StrEnum):
    """What a file holds."""

    CONTACTS = "contacts"
    CONSENTS = "consents"
    OPT_OUTS = "opt_outs"


class ImportState(StrEnum):
    """Where an import stands."""

    UPLOADED = "uploaded"  # stored; columns to be matched
    CHECKING = "checking"  # dry run under way
    CHECKED = "checked"  # dry run shown; waits for a person
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Weight(StrEnum):
    """What a finding about a row means for the row."""

    REJECTED = "rejected"  # the row is left out
    KEPT = "kept"  # the contact is kept, but its number cannot be texted
    NOTE = "note"  # kept; something was changed or looks odd


class ConsentSource(StrEnum):
    """Where the people of an import agreed to be texted, as the importer says (K-7)."""

    RECORDS_FOLLOW = "records_follow"
    RECORDED = "recorded"
    NONE_YET = "none_yet"
    BOUGHT_LIST = "bought_list"
    PUBLIC_RECORDS = "public_records"
    THIRD_PARTY = "third_party"

    @property
    def is_refused(self) -> bool:
        """Say whether nobody may be imported from there (C-7)."""
        return self in {self.BOUGHT_LIST, self.PUBLIC_RECORDS, self.THIRD_PARTY}


CONSENT_SOURCE_WORDS: Mapping[ConsentSource, str] = {
    ConsentSource.RECORDS_FOLLOW: "They agreed to be texted, and I will import the records next",
    ConsentSource.RECORDED: "They agreed to be texted, and that is recorded here already",
    ConsentSource.NONE_YET: "No consent yet: store the contacts only",
    ConsentSource.BOUGHT_LIST: "A bought or rented list",
    ConsentSource.PUBLIC_RECORDS: "Public records or scraped listings",
    ConsentSource.THIRD_PARTY: "Another company collected it",
}


@dataclass(frozen=True, slots=True)
class FindingRef:
    """What was found about one row of a file; `cells` are the row's own where it is rejected."""

    line: int
    position: int  # several things may be said of one row
    weight: Weight
    code: str
    column: str
    value: str
    reason: str
    cells: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """Numbers that follow each other, from first to last (K-7)."""

    first: str
    last: str
    count: int


@dataclass(frozen=True, slots=True)
class ImportRef:
    """An import: the file, how it is read, and how far it got."""

    id: UUID
    organization_id: UUID
    account_id: UUID
    kind: ImportKind
    state: ImportState
    file_name: str
    stored_name: str
    size: int
    sha256: str
    encoding: str
    delimiter: str
    has_header: bool
    columns: tuple[str, ...]
    samples: tuple[tuple[str, ...], ...]
    mapping: tuple[str, ...]  # a field name, or "", for each column
    options: Mapping[str, Any] = field(hash=False)
    consent_source: ConsentSource | None
    consent_note: str
    runs: tuple[Run, ...]
    total_rows: int
    rows_done: int
    imported: int
    merged: int
    rejected: int
    untextable: int
    noted: int
    error: str
    created_by_id: UUID | None
    created_by: str
    created_at: datetime
    finished_at: datetime | None

    @property
    def tenant(self) -> Tenant:
        """Return whose import this is."""
        return Tenant(self.organization_id, self.account_id)

    @property
    def is_moving(self) -> bool:
        """Say whether a job is at work on it."""
        return self.state in {ImportState.CHECKING, ImportState.RUNNING}

    @property
    def percent(self) -> int:
        """Return how much of the file has been read, in whole percent."""
        return 100 if not self.total_rows else self.rows_done * 100 // self.total_rows
