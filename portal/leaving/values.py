"""What somebody who leaves holds, what is chosen for each of it, and what that comes to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from portal.people.values import MemberRow
from portal.texting_accounts.values import AccountRef

CLOSE: Final = "close"  # of the account: given to nobody


class PlanFate(StrEnum):
    """What becomes of the people in SmartPlans of an account that is given away."""

    PAUSE = "pause"
    GO_ON = "go_on"
    END = "end"


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who may get something: a person, or a team that shares it."""

    name: str
    user_id: UUID | None = None
    team_id: UUID | None = None

    @property
    def value(self) -> str:
        """Return what a form calls them."""
        return f"user:{self.user_id}" if self.user_id else f"team:{self.team_id}"


@dataclass(frozen=True, slots=True)
class HeldAccount:
    """An account of the person's own, in plain figures."""

    ref: AccountRef
    numbers: tuple[str, ...] = ()
    left: int = 0  # credits
    plan_name: str | None = None  # of the subscription
    ends_at: datetime | None = None  # when the subscription would end, were it given up now
    contacts: int = 0
    talks: int = 0
    unanswered: int = 0
    waiting: int = 0  # texts
    credits_back: int = 0
    in_plans: int = 0
    tasks: int = 0
    keys: int = 0
    webhooks: int = 0
    forwarded: tuple[str, ...] = ()  # numbers whose calls ring a phone
    forms: int = 0  # published
    appeals: int = 0  # not over


@dataclass(frozen=True, slots=True)
class SharedAccount:
    """An account of others the person works in, and what of it is theirs alone."""

    ref: AccountRef
    is_member: bool = True  # else they reach it as a lead, or did so once
    talks: int = 0
    tasks: int = 0
    waiting: int = 0
    receivers: tuple[Receiver, ...] = ()  # who else answers there, where one may choose


@dataclass(frozen=True, slots=True)
class Held:
    """Everything somebody holds in an organization."""

    person: MemberRow
    own: tuple[HeldAccount, ...] = ()
    shared: tuple[SharedAccount, ...] = ()
    closed: int = 0  # own accounts that are closed already
    sessions: int = 0
    keys: int = 0  # made by them in accounts that are not their own
    webhooks: int = 0  # added by them in accounts that are not their own
    saved: int = 0  # replies
    appeals: int = 0  # of others, that they work on

    @property
    def is_gone(self) -> bool:
        """Say whether nothing is left to be decided or done."""
        left = (self.own, self.shared, self.keys, self.webhooks, self.appeals)
        return not (self.person.is_active or any(left))


@dataclass(frozen=True, slots=True)
class Choice:
    """What becomes of one own account; to nobody: it is closed for good."""

    to: Receiver | None
    plans: PlanFate = PlanFate.PAUSE
    keeps_webhooks: bool = False


@dataclass(frozen=True, slots=True)
class Choices:
    """What was chosen, by account, and why the person leaves."""

    own: Mapping[UUID, Choice] = field(default_factory=dict)
    shared: Mapping[UUID, Receiver | None] = field(default_factory=dict)  # None: nobody
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Heading:
    """One thing a person held, and line by line what becomes of it."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeftRef:
    """That somebody was off-boarded: by whom, when, why, and what was done."""

    at: datetime
    by: str
    reason: str
    done: tuple[Heading, ...]
