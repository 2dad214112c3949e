"""What other slices and pages may hold of a notice."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID


class ByMail(StrEnum):
    """When a kind of notice also comes by e-mail (M-1)."""

    AT_ONCE = "at_once"
    DIGEST = "digest"
    NEVER = "never"


class MailStep(StrEnum):
    """How far the mail of one notice is."""

    DUE = "due"  # nobody looked yet what the person wants
    DIGEST = "digest"  # waits for the next daily digest
    DONE = "done"  # mailed, in a digest, or not wanted


class Words(StrEnum):
    """How much of a notice a mail may say: mail is read by more people than the portal is."""

    ALL = "all"
    TITLE = "title"
    KIND = "kind"  # the kind's own sentence alone: title and text name people who text


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of notice: what it is called, when it comes by mail, and what the mail says."""

    key: str
    label: str
    about: str
    by_mail: ByMail  # unless the person chose otherwise
    words: Words
    sentence: str  # for mails that name nobody; may hold {account}
    by_push: bool = False  # unless the person chose otherwise


KINDS: Final = {
    kind.key: kind
    for kind in (
        Kind(
            "credits",
            "Credits",
            "80, 85, 90, 95 and 100 % of the month's credits are used",
            ByMail.AT_ONCE,
            Words.ALL,
            "{account}: credits run low",
        ),
        Kind(
            "trouble",
            "Trouble with sending",
            "an account is stopped, a check failed, records and carrier disagree",
            ByMail.AT_ONCE,
            Words.TITLE,
            "{account}: something needs a person",
        ),
        Kind(
            "appeal",
            "Appeals",
            "an appeal moves, is due or late, or somebody names you in it",
            ByMail.AT_ONCE,
            Words.TITLE,
            "{account}: something about an appeal",
        ),
        Kind(
            "health",
            "Health of an account",
            "opt-outs or errors rise above what is good, or bulk texts are paused for it",
            ByMail.AT_ONCE,
            Words.ALL,
            "{account}: opt-outs or errors rise",
        ),
        Kind(
            "numbers",
            "Phone numbers",
            "a number was given back, or something about it changed",
            ByMail.AT_ONCE,
            Words.ALL,
            "{account}: a number changed",
        ),
        Kind(
            "lead",
            "New leads",
            "somebody unknown texted an account",
            ByMail.AT_ONCE,
            Words.KIND,
            "{account}: a new lead texted",
            by_push=True,
        ),
        Kind(
            "task",
            "Tasks",
            "something you or a SmartPlan wrote down is due",
            ByMail.DIGEST,
            Words.KIND,
            "{account}: a task is due",
        ),
        Kind(
            "reply",
            "Replies",
            "somebody answered, or signed up by keyword",
            ByMail.NEVER,
            Words.KIND,
            "{account}: somebody replied",
            by_push=True,
        ),
        Kind(
            "assigned",
            "Assigned to you",
            "somebody gave you a conversation to answer",
            ByMail.AT_ONCE,
            Words.KIND,
            "{account}: a conversation was given to you",
            by_push=True,
        ),
        Kind(
            "opt_out",
            "Opt-outs",
            "somebody does not want texts any more",
            ByMail.DIGEST,
            Words.KIND,
            "{account}: somebody opted out",
        ),
        Kind(
            "revocation",
            "Asked to stop",
            "somebody seems to want no more texts; sending waits for a look",
            ByMail.AT_ONCE,
            Words.KIND,
            "{account}: somebody may have asked for no more texts",
            by_push=True,
        ),
        Kind(
            "lint",
            "Blocked texts",
            "somebody asks to release a text, or an officer has decided",
            ByMail.AT_ONCE,
            Words.KIND,
            "{account}: a blocked text was asked about",
        ),
        Kind(
            "call_list",
            "Do-not-call lists",
            "a list is about to be too old, or is",
            ByMail.AT_ONCE,
            Words.ALL,
            "A do-not-call list runs out",
        ),
        Kind(
            "similar",
            "Similar texts",
            "nearly the same text went from many numbers of the organization",
            ByMail.AT_ONCE,
            Words.TITLE,
            "Nearly the same text went from many numbers",
        ),
        Kind(
            "approval",
            "Approvals",
            "somebody asks to text many people, or a second person has answered",
            ByMail.AT_ONCE,
            Words.KIND,
            "{account}: a large send was asked about",
        ),
        Kind(
            "page_check",
            "Opt-in pages",
            "a page lost a disclosure, or can't be read",
            ByMail.DIGEST,
            Words.ALL,
            "{account}: an opt-in page changed",
        ),
        Kind(
            "webhook",
            "Webhooks",
            "an event could not be delivered, an address is switched off",
            ByMail.DIGEST,
            Words.ALL,
            "{account}: a webhook failed",
        ),
        Kind(
            "dossier",
            "Exports for counsel",
            "what you asked for about an account is ready, or could not be made",
            ByMail.AT_ONCE,
            Words.ALL,
            "{account}: an export for counsel",
        ),
    )
}
DIGEST_HOUR: Final = 8  # unless the person chose another


@dataclass(frozen=True, slots=True)
class Preferences:
    """When one person gets which mail, and what is pushed to their devices."""

    by_mail: Mapping[str, ByMail]  # by kind, every kind
    by_push: Mapping[str, bool]  # by kind, every kind
    digest_hour: int | None  # None: no digest


@dataclass(frozen=True, slots=True)
class NoticeRef:
    """One notice to one person."""

    id: UUID
    organization_id: UUID | None
    account_id: UUID | None
    kind: str  # a word such as credits, lead, account
    title: str
    text: str
    url: str | None
    created_at: datetime
    read_at: datetime | None

    @property
    def is_unread(self) -> bool:
        """Say whether the person has not read it."""
        return self.read_at is None


@dataclass(frozen=True, slots=True)
class DeviceRef:
    """A browser that gets a person's pushes."""

    id: UUID
    browser: str
    created_at: datetime
    session_id: UUID | None


@dataclass(frozen=True, slots=True)
class Parcel:
    """One push, ready to be handed to its push service; `tries` counts this one."""

    id: UUID
    tries: int
    device_id: UUID
    endpoint: str
    headers: Mapping[str, str]
    body: bytes
