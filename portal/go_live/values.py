"""The words of going live: how a check stands, and the facts it is judged by."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from portal.mail.values import MailState
from portal.registrations.values import State


class Standing(StrEnum):
    """How a check stands, the gravest first."""

    FAILING = "failing"
    TODO = "todo"
    GOOD = "good"


STANDING_WORDS: Final = {
    Standing.FAILING: "Failing",
    Standing.TODO: "To do",
    Standing.GOOD: "Good",
}


class Topic(StrEnum):
    """What a check is about; the page has a part for each."""

    CARRIER = "carrier"
    REACH = "reach"
    MAIL = "mail"
    BROKERAGES = "brokerages"
    MACHINE = "machine"


TOPIC_WORDS: Final = {
    Topic.CARRIER: "Carrier",
    Topic.REACH: "Address and webhooks",
    Topic.MAIL: "Mail",
    Topic.BROKERAGES: "Brokerages",
    Topic.MACHINE: "This installation",
}


class Place(StrEnum):
    """Where a check is mended, as far as that is a page."""

    WEBHOOKS = "webhooks"
    OUTBOX = "outbox"
    ORGANIZATIONS = "organizations"
    ORGANIZATION = "organization"
    HOME = "home"


@dataclass(frozen=True, slots=True)
class Check:
    """One check: how it stands, what is so, what mends it and where."""

    topic: Topic
    title: str
    standing: Standing
    sentence: str
    mend: str = ""
    looked_at: datetime | None = None  # None: the page itself looked
    place: Place | None = None
    organization_id: UUID | None = None  # whose page `place` is


@dataclass(frozen=True, slots=True)
class Answer:
    """What a look outside the database brought back; kept until the next look."""

    at: datetime
    status: str = ""  # of an account at the carrier: active, suspended or closed
    is_trial: bool = False
    problem: str = ""  # why there is no status, or what is wrong
    is_reached: bool = True  # somebody answered, if only to refuse
    strays: int = 0  # numbers that lead elsewhere at the carrier
    not_looked: str = ""  # why the numbers were not looked at
    about: str = ""  # which account or server, where the settings may name another by now

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self) | {"at": self.at.isoformat()}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Answer":
        """Return what was kept."""
        return cls(**{**stored, "at": datetime.fromisoformat(stored["at"])})


@dataclass(frozen=True, slots=True)
class Said:
    """What a person said or did, and when."""

    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Look:
    """The last look that somebody asked for, and all that looks brought back."""

    asked_at: datetime | None = None
    asked_by: str = ""
    is_open: bool = False  # a worker is at it, or is waited for
    is_left: bool = False  # nothing took it within minutes, or what did has died
    answers: Mapping[str, Answer] | None = None
    backup: Said | None = None
    mail_key: str = ""  # of the last test mail
    mail_to: str = ""

    def answer(self, name: str) -> Answer | None:
        """Return what was kept under a name."""
        return (self.answers or {}).get(name)

    def answer_about(self, name: str, about: str) -> Answer | None:
        """Return what was kept under a name, unless it is about another account or server."""
        found = self.answer(name)
        return None if found is not None and found.about not in ("", about) else found


@dataclass(frozen=True, slots=True)
class CarrierFacts:
    """Which carrier the settings name, and what it says of the installation's account."""

    is_sandbox: bool
    api_base: str | None  # None: the real service
    answer: Answer | None


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What the last test call of one kind showed."""

    at: datetime
    is_good: bool
    sentence: str
    mend: str


@dataclass(frozen=True, slots=True)
class ReachFacts:
    """Under which address the portal is reached, and whether a call to it came through."""

    public_url: str
    is_sandbox: bool
    calls: tuple[CallFacts, ...]


@dataclass(frozen=True, slots=True)
class TrialMail:
    """Where the last test mail is."""

    to: str
    state: MailState
    at: datetime
    error: str


@dataclass(frozen=True, slots=True)
class MailFacts:
    """Whether there is a mail server, what it says, and who mail comes from."""

    has_server: bool
    is_in_the_clear: bool  # SMTP_TLS says none
    sender: str
    support: str
    answer: Answer | None
    test: TrialMail | None


@dataclass(frozen=True, slots=True)
class BrokerageFacts:
    """What an organization needs at the carrier before its texts may leave."""

    id: UUID
    name: str
    is_sandbox: bool
    has_account: bool  # a sub-account of its own
    answer: Answer | None
    local: int = 0  # numbers that are bought, by kind
    toll_free: int = 0
    unverified: int = 0  # toll-free ones that may not send yet
    registration: State | None = None  # of brand and campaign
    trouble: str = ""  # what stands in its way, in words
    toll_free_trouble: str = ""  # what stands in the way of a toll-free number's


@dataclass(frozen=True, slots=True)
class MachineFacts:
    """What the installation itself runs on."""

    is_sandbox: bool
    is_demo: bool  # the demo brokerage is in the database
    has_demo_keys: bool  # the demo was made with the keys of this var/
    made_keys: tuple[str, ...]  # variables whose keys were made in var/keys
    is_weak: bool  # SECRET_KEY is no random one
    database: str  # sqlite or postgresql
    is_embedded_queue: bool
    queue_answers: bool
    workers: int
    hosts: int
    scheduler_at: datetime | None  # when it last finished something
    failed: tuple[str, ...]  # what it could not do the last time, by name
    is_signed: bool  # there is a checkpoint of the audit log
    log: Answer | None
    backup: Said | None


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the checks are judged by."""

    carrier: CarrierFacts
    reach: ReachFacts
    mail: MailFacts
    brokerages: tuple[BrokerageFacts, ...]
    machine: MachineFacts


@dataclass(frozen=True, slots=True)
class Summary:
    """How all checks stand together."""

    failing: int
    todo: int
    good: int

    @property
    def is_ready(self) -> bool:
        """Say whether nothing is left."""
        return not (self.failing or self.todo)
