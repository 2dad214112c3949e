"""What is kept how long, and what others may know of erasures, holds and sweeps."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID


class Keeping(StrEnum):
    """A class of data with a period of its own (C-10, C-11, PROMISES 4 row 14)."""

    CONSENT = "consent"
    OPT_OUTS = "opt_outs"
    TEXTS = "texts"
    STEPS = "steps"
    CALLBACKS = "callbacks"
    VIEWS = "views"
    UPLOADS = "uploads"
    DRAFTS = "drafts"
    NOTICES = "notices"


@dataclass(frozen=True, slots=True)
class Term:
    """How long a class is kept by default, the least and the most that may be chosen, in days."""

    words: str
    what_goes: str
    default: int
    least: int
    most: int
    source: str


_YEAR: Final = 365
_MOST: Final = 30 * _YEAR

TERMS: Final = {
    Keeping.CONSENT: Term(
        "Consent evidence",
        "name, e-mail, addresses and files; the record and its hashes stay",
        5 * _YEAR + 2,
        5 * _YEAR + 2,
        _MOST,
        "counted from the last text or record of the number (C-10; 16 CFR 310.5)",
    ),
    Keeping.OPT_OUTS: Term(
        "Opt-out evidence",
        "name, e-mail, addresses and files; the opt-out itself is never taken away",
        10 * _YEAR + 3,
        10 * _YEAR + 3,
        _MOST,
        "C-11; Virginia asks 10 years",
    ),
    Keeping.TEXTS: Term(
        "Texts, both ways",
        "body, media and name; number, time, state and cost stay",
        5 * _YEAR + 2,
        2 * _YEAR,
        _MOST,
        "C-11",
    ),
    Keeping.STEPS: Term(
        "Steps of a text",
        "the facts each gate saw; that and when it decided stay",
        5 * _YEAR + 2,
        2 * _YEAR,
        _MOST,
        "C-11: metadata",
    ),
    Keeping.CALLBACKS: Term(
        "The carrier's raw callbacks", "their words", 90, 7, 2 * _YEAR, "house rule"
    ),
    Keeping.VIEWS: Term(
        "Who looked at whose data",
        "the content of the entry; who and when stay in the audit log",
        90,
        90,
        _MOST,
        "house rule",
    ),
    Keeping.UPLOADS: Term(
        "Uploaded import files",
        "the file and the rows shown of it; counts and its hash stay",
        90,
        1,
        5 * _YEAR,
        "house rule",
    ),
    Keeping.DRAFTS: Term(
        "Drafts nobody touches, archived saved replies",
        "everything",
        _YEAR,
        30,
        _MOST,
        "house rule",
    ),
    Keeping.NOTICES: Term("Notices to people here", "everything", _YEAR, 30, _MOST, "house rule"),
}


class ErasureState(StrEnum):
    """Where a request to be forgotten stands."""

    REPORTED = "reported"  # a dry run was made; nothing is gone
    DONE = "done"


@dataclass(frozen=True, slots=True)
class ErasureRef:
    """A request to erase what is known of a number, with its newest report."""

    id: UUID
    organization_id: UUID
    shown: str  # the number while it is open; afterwards its last two digits
    e164: str | None
    reason: str
    evidence: str
    state: ErasureState
    report: dict[str, int]
    requested_by: str
    requested_at: datetime
    erased_by: str
    erased_at: datetime | None


@dataclass(frozen=True, slots=True)
class HoldRef:
    """A legal hold: on one number, or on everything of the organization."""

    id: UUID
    e164: str | None
    reason: str
    set_by: str
    set_at: datetime
    release_reason: str
    release_asked_by_id: UUID | None
    release_asked_by: str
    release_asked_at: datetime | None
    released_by: str
    released_at: datetime | None


@dataclass(frozen=True, slots=True)
class Policy:
    """The terms that hold from a date on, in days."""

    valid_from: date | None  # None: the defaults
    days: dict[Keeping, int]
    set_by: str = ""


@dataclass(frozen=True, slots=True)
class SweepRef:
    """One sweep of what is kept too long, dry or done."""

    id: UUID
    is_dry: bool
    started_at: datetime
    finished_at: datetime | None
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class ReassignedRef:
    """One check of numbers against a list of reassigned numbers (C-13)."""

    id: UUID
    file_name: str
    checked: int
    hits: int
    no_data: int
    unknown: int
    by: str
    at: datetime


COUNT_WORDS: Final = {
    "contacts": "contacts removed, with notes and tags",
    "consent_records": "consent records redacted",
    "texts_sent": "texts sent, words erased",
    "campaigns": "sends to one person, words erased",
    "notices": "notices deleted",
    "mails": "mails deleted",
    "texts_received": "texts received, words erased",
    "conversations": "previews of conversations erased",
    "stray_texts": "texts found at the carrier, words erased",
    "blocked_texts": "blocked texts somebody asked about, words erased",
    "appeals": "words of appeals: the number taken out",
    "callbacks": "raw callbacks of the carrier emptied",
    "uploads": "uploaded files deleted",
    "bundles": "bundles of proofs deleted",
    "text_files": "files of texts and statements deleted",
    "dossiers": "exports for counsel deleted",
    "exemptions": "words of business relationships and of checks by hand erased",
    "tasks": "tasks about the person: deleted",
    "answers": "answers kept for programs that ask twice, blanked",
    "visits": "visits to forms: page and browser erased",
    "audit_entries": "entries of the audit log redacted",
    "steps": "steps of texts emptied",
    "views": "views of personal data redacted",
    "drafts": "drafts deleted",
    "opt_outs": "opt-out records redacted",
    "consent": "consent records redacted",
}
