"""The words of the doctor: promises, what breaks them, and what a look found."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID


class Invariant(StrEnum):
    """The promises that tables can contradict (PROMISES 2.8)."""

    I1 = "I1"
    I2 = "I2"
    I3 = "I3"
    I4 = "I4"
    I5 = "I5"
    I6 = "I6"
    I7 = "I7"
    I8 = "I8"
    I9 = "I9"
    I10 = "I10"
    I11 = "I11"
    I13 = "I13"
    I15 = "I15"
    I17 = "I17"


PROMISES: Mapping[Invariant, str] = {
    Invariant.I1: "No text was handed over twice",
    Invariant.I2: "Every confirmed text ends in time, with a reason",
    Invariant.I3: "Nothing left after a STOP",
    Invariant.I4: "Each text has one reserve and one end of it",
    Invariant.I5: "Every balance is the sum of its entries",
    Invariant.I6: "What was shown is what was charged",
    Invariant.I7: "No day passed its limits",
    Invariant.I8: "Each alert was told once",
    Invariant.I9: "One click had one effect",
    Invariant.I10: "Each report of the carrier had one effect",
    Invariant.I11: "One grant a month, each text in one month",
    Invariant.I13: "The audit log is whole",
    Invariant.I15: "Each text had what it must rest on when it left",
    Invariant.I17: "What was submitted goes to the carrier",
}


FAILED: Final = "failed"  # the subject of a check that could not be done


@dataclass(frozen=True, slots=True)
class Found:
    """One contradiction as a check sees it; `subject` is the row or the day it stands in.

    The sentence names rows by their ids, never people: administrators read it, who see no
    contacts and no texts (RULINGS 22).
    """

    subject: UUID | date | str
    sentence: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One contradiction: which promise, whose rows, and what to do about it."""

    invariant: Invariant
    check: str
    organization_id: UUID | None
    account_id: UUID | None
    subject: str
    sentence: str
    advice: str

    @property
    def promise(self) -> str:
        """Return the promise as a sentence."""
        return PROMISES[self.invariant]

    @property
    def key(self) -> str:
        """Return what stays the same while this contradiction lasts."""
        parts = (self.check, self.organization_id, self.account_id, self.subject)
        return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Scope:
    """What one look covers: an account, or else the audit log and events of an organization.

    Without either it is what belongs to the installation alone.
    """

    organization_id: UUID | None
    account_id: UUID | None = None

    @property
    def id(self) -> UUID:
        """Return the id its visits are kept under; the installation's is all zeros."""
        return self.account_id or self.organization_id or UUID(int=0)


@dataclass(frozen=True, slots=True)
class KeptFinding:
    """A finding that stood at the last visit."""

    id: UUID
    finding: Finding
    found_at: datetime
