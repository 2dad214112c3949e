"""The one text that answers a keyword, where the carrier does not answer it itself (Q-1, Q-6)."""

from datetime import datetime, timedelta
from typing import Final

from portal.contacts.values import ContactRef
from portal.core import clock
from portal.messaging.rules import hours
from portal.messaging.rules.gates import STOP_CONFIRMATION
from portal.messaging.service import system
from portal.messaging.service.incoming import GIVE_UP_AFTER, Word
from portal.messaging.values import Timing
from portal.people import queries as people
from portal.texting_accounts.values import AccountRef

# Whole texts that the carrier answers by itself (facts 2.1): we stay silent then.
_CARRIER_ANSWERS: Final = frozenset(
    {
        *("stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"),
        *("start", "yes", "unstop", "help", "info"),
    }
)
_ANSWERS_WITHIN: Final = timedelta(minutes=5)
# Who is signed up is told: the last look at a text's time may be a little late.
_REPLIES_WITHIN: Final = GIVE_UP_AFTER + timedelta(hours=1)


def answer(
    account: AccountRef,
    person: ContactRef,
    keyword: Word,
    reply: str | None,
    *,
    said: str,
    said_at: datetime,
    to: str,
    from_e164: str,
) -> None:
    """Confirm a keyword once: not at all when the carrier does it by itself (Q-1).

    `reply` is what somebody who signed up is told; no carrier says that for us (Q-6). A day after
    their text it keeps the hours of their state (P-3).
    """
    if reply is None and said.strip().casefold() in _CARRIER_ANSWERS:
        return
    within = _ANSWERS_WITHIN if reply is None else _REPLIES_WITHIN
    age = clock.utcnow() - said_at
    if age > within:
        return  # heard too late for the one text that may follow an opt-out (RULINGS 15)
    answers = {
        "stop": (system.STOP_REPLY, STOP_CONFIRMATION),
        "start": (system.START_REPLY, "start"),
        "help": (_help(account), "help"),
    }
    body, purpose = (reply, keyword) if reply is not None else answers[keyword]
    system.queue_text(
        account.tenant,
        to,
        body,
        purpose=purpose,
        timing=Timing.ANSWER if age < hours.ANSWERS_FOR else Timing.AUTOMATED,
        from_e164=from_e164,
        contact_id=person.id,
        name=person.full_name,
    )


def _help(account: AccountRef) -> str:
    sender = people.organization_settings(account.organization_id).sender_name
    return f"{sender}: {system.HELP_REPLY}"
