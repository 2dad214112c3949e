"""What the role homes show."""

from dataclasses import dataclass
from datetime import datetime

from portal.billing.values import Balance
from portal.doctor.values import KeptFinding
from portal.messaging.values import Counters
from portal.numbers.values import SenderRef
from portal.texting_accounts.values import AccountRef


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """What the home of one account stands on."""

    has_subscription: bool
    sender: SenderRef | None
    contacts: int
    has_old_opt_outs: bool  # imported, or said to be none
    has_consent: bool
    has_sent: bool
    has_delivered: bool
    balance: Balance
    counters: Counters
    unread: int


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the set-up checklist (X-7), as the checklist component draws it."""

    text: str
    state: str  # done or todo
    note: str | None
    url: str | None


@dataclass(frozen=True, slots=True)
class ChainState:
    """Whether an organization's audit log holds."""

    entries: int
    is_checked: bool
    fault: str | None


@dataclass(frozen=True, slots=True)
class OrganizationFacts:
    """What the compliance officer's home stands on."""

    accounts: tuple[AccountRef, ...]
    opted_out_week: int
    opted_out_day: int
    do_not_contact: int
    chain: ChainState
    findings: tuple[KeptFinding, ...]


@dataclass(frozen=True, slots=True)
class ProcessFacts:
    """Whether the background processes are alive."""

    queue_answers: bool
    workers: int
    oldest_beat: datetime | None
    waiting: tuple[tuple[str, int], ...]
