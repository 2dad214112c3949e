"""What the gates look at: of an account, and of one text and the person it is for."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from portal.consent.values import Standing
from portal.dnc.values import CallFacts
from portal.messaging.rules.frequency import TooOften
from portal.messaging.rules.hours import Hours
from portal.messaging.values import Kind
from portal.numbers.values import SenderRef
from portal.texting_accounts.values import AccountState

CALL_LIST: Final = "call_list"  # among the facts stored with a text: what let it pass the lists


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """What is known about the account a text would leave from."""

    state: AccountState
    state_reason: str | None
    has_subscription: bool
    sender: SenderRef | None
    records_in_doubt: bool = False  # they may be older than what the carrier has seen (I14)
    bulk_pause: str | None = None  # why its bulk and plan texts wait (H-4)


@dataclass(frozen=True, slots=True)
class TextFacts:
    """What is known about one text and the person it is for."""

    kind: Kind
    now: datetime
    e164: str | None
    problem: str = ""  # why the number cannot be texted
    is_unreachable: bool = False  # the carrier said so
    is_duplicate: bool = False  # the number stands on the list already
    country_code: int = 1
    country_room: int | None = None  # texts left there today; None: not switched on
    standing: Standing | None = None
    missing: tuple[str, ...] = ()  # merge fields without a value
    purpose: str = ""  # of a system text
    is_catching_up: bool = False  # texts received in an outage are not all known yet
    actor_may_send: bool = True  # whoever confirmed it still may send from this account
    is_counted: bool = False  # it holds its place in today's limits already
    is_reply: bool = False
    takes_recipient: bool = True  # nobody texted this number from here today
    is_old_list_open: bool = False  # the old tool's opt-outs are neither here nor said to be none
    call_list: CallFacts | None = None  # None: nothing has to be known of do-not-call lists
    hours: Hours | None = None
    too_often: TooOften | None = None
    segments: int = 1
    recipients_left: int = 1
    segments_left: int = 1
    passes_limits: bool = False  # a plan's text, at the sender's risk (S-5)
    tomorrow: datetime | None = None
