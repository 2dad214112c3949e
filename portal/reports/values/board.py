"""What the officer's board shows."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from portal.compliance.rules.health import Band, Outcomes
from portal.texting_accounts.values import AccountRef


class Risk(IntEnum):
    """How soon an account wants a look; the gravest is the highest."""

    OVER = 0  # closed
    NONE = 1
    ASKED = 2  # somebody waits for an answer, or a page lost what carriers look for
    WATCH = 3
    BREACH = 4
    STOPPED = 5  # paused, wholly or in bulk
    SUSPENDED = 6  # by the carrier


@dataclass(frozen=True, slots=True)
class RiskLine:
    """One account on the officer's board: how grave, why in words, and its last 7 days."""

    account: AccountRef
    risk: Risk
    whys: tuple[str, ...]
    week: Outcomes
    opt_outs: Band
    errors: Band


@dataclass(frozen=True, slots=True)
class Change:
    """Something that happened to an account, as the timeline draws it."""

    at: datetime
    icon: str
    text: str
    kind: str | None  # ok, bad, accent
    detail: str | None


@dataclass(frozen=True, slots=True)
class Board:
    """Every account of an organization by risk, and what changed since yesterday."""

    window: str  # over how long each is judged, in words
    lines: tuple[RiskLine, ...]
    changes: tuple[Change, ...]  # the newest first
    waiting: int  # people whose words sounded like a revocation
    first_lapses_at: datetime | None  # when the first of them becomes an opt-out
    appeals: int  # that wait for an officer

    @property
    def stopped(self) -> int:
        """Return how many accounts send nothing."""
        return sum(not line.account.is_active for line in self.lines)
