"""What the gates look at, read for one account and for up to 500 people at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Final, cast
from uuid import UUID

from sqlalchemy import Table, bindparam, select, union

from portal.billing import queries as billing
from portal.consent import queries as consent
from portal.consent.values import Standing
from portal.contacts import queries as contacts
from portal.core import phone
from portal.core.access import Permission, Scope
from portal.core.among import among
from portal.core.db import db
from portal.dnc import queries as dnc
from portal.dnc.values import CallFacts
from portal.integrations import queries as integrations
from portal.messaging.models import Conversation, FirstNotice, Message
from portal.messaging.queries import recovery as records
from portal.messaging.rules.gate_facts import AccountFacts
from portal.messaging.rules.hours import ANSWERS_FOR
from portal.messaging.values import ACCEPTED_FAMILY, IN_DOUBT
from portal.numbers import queries as numbers
from portal.numbers.values import SenderRef
from portal.people import queries as people
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef

CHUNK = 500  # SPEED 3b

# Made once: building a statement costs more than asking it.
_TALK = cast(Table, Conversation.__table__).c
_NOTICE = cast(Table, FirstNotice.__table__).c
_MESSAGE = cast(Table, Message.__table__).c
_TALKS: Final = select(_TALK.e164, _TALK.last_inbound_at, _TALK.our_e164).where(
    _TALK.account_id == bindparam("account"), among(_TALK.e164, "numbers")
)
# Numbers that had their first notice, or a text that has left already (S-3).
_TEXTED_BEFORE: Final = union(
    select(_NOTICE.e164).where(
        _NOTICE.account_id == bindparam("account"), among(_NOTICE.e164, "numbers")
    ),
    select(_MESSAGE.e164).where(
        _MESSAGE.account_id == bindparam("account"),
        among(_MESSAGE.e164, "numbers"),
        _MESSAGE.state.in_(ACCEPTED_FAMILY | IN_DOUBT),
        _MESSAGE.is_first,
    ),
)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of some numbers, by E.164."""

    standings: Mapping[str, Standing]
    wrote_at: Mapping[str, datetime]  # the person's own last text
    our_numbers: Mapping[str, str] = field(default_factory=dict)  # of the last exchange
    texted_before: frozenset[str] = frozenset()
    call_lists: Mapping[str, CallFacts] = field(default_factory=dict)  # of whoever needs one

    def is_reply(self, e164: str, now: datetime) -> bool:
        """Say whether a text now answers the person's own of the last 24 hours (S-5)."""
        wrote = self.wrote_at.get(e164)
        return wrote is not None and now - wrote < ANSWERS_FOR


def of_account(account: AccountRef, *, records_in_doubt: bool | None = None) -> AccountFacts:
    """Return what the account's gates look at; `records_in_doubt` where it was looked up already."""
    if records_in_doubt is None:
        records_in_doubt = records.sending_state(account.organization_id).fence is not None
    return AccountFacts(
        account.state,
        account.state_reason,
        billing.has_active_subscription(account.id),
        numbers.default_sender(account.id),
        records_in_doubt,
        account.bulk_pause,
    )


def is_old_list_open(account: AccountRef) -> bool:
    """Say whether contacts were imported, but nothing is known of the old tool's opt-outs (Q-7)."""
    return consent.old_opt_outs(account.tenant) is None and contacts.has_imported(account.tenant)


def may_still_send(account: AccountRef, actor_ids: Iterable[UUID]) -> dict[UUID, bool]:
    """Say of each of these people or keys whether they may send from the account now.

    What a key asked for still goes after its last day, but not once it was revoked: it may have
    been stolen (PROMISES 3.8).
    """
    return {
        actor_id: _may_send(account, actor_id) or _is_live_key(account, actor_id)
        for actor_id in set(actor_ids)
    }


def senders_by_number(account: AccountRef) -> dict[str, SenderRef]:
    """Return the account's numbers that may send, by E.164."""
    return {s.e164: s for s in numbers.senders(account.id) if s.may_send}


def of_people(
    account: AccountRef,
    e164s: Iterable[str],
    now: datetime,
    lists: dnc.Lists | None = None,
    *,
    for_gates: bool = False,
) -> Known:
    """Return what is known of at most 500 numbers, in a handful of SELECTs.

    `lists` are those of do-not-call, where somebody has read them already. `for_gates` leaves out
    who was texted before: no gate looks at that.
    """
    wanted = list(dict.fromkeys(e164s))
    if not wanted:
        return Known({}, {})
    asked = {"account": account.id, "numbers": wanted}
    talks = db.session.execute(_TALKS, asked).all()
    standings = consent.standings(account.tenant, wanted, now)
    return Known(
        standings,
        {row.e164: row.last_inbound_at for row in talks if row.last_inbound_at},
        {row.e164: row.our_e164 for row in talks if row.our_e164},
        frozenset() if for_gates else _texted_before(asked),
        call_lists(account, standings, now, lists),
    )


def _texted_before(asked: Mapping[str, object]) -> frozenset[str]:
    return frozenset(e164 for e164 in db.session.scalars(_TEXTED_BEFORE, asked) if e164)


class Memory:
    """What is known of people at one moment, read once however many texts ask."""

    def __init__(self, account: AccountRef, now: datetime) -> None:
        """Know nobody yet."""
        self._account, self._now = account, now
        self._known = Known({}, {})

    def of(self, e164s: Sequence[str]) -> Known:
        """Return what is known of at most 500 numbers, and of all asked for before."""
        new = [e164 for e164 in e164s if e164 not in self._known.standings]
        if new:
            had, more = self._known, of_people(self._account, new, self._now)
            self._known = Known(
                {**had.standings, **more.standings},
                {**had.wrote_at, **more.wrote_at},
                {**had.our_numbers, **more.our_numbers},
                had.texted_before | more.texted_before,
                {**had.call_lists, **more.call_lists},
            )
        return self._known


def call_lists(
    account: AccountRef,
    standings: Mapping[str, Standing],
    now: datetime,
    lists: dnc.Lists | None = None,
) -> dict[str, CallFacts]:
    """Return what do-not-call lists say of at most 500 numbers.

    Whoever agreed in writing is exempt from all of them and left out, so that a bulk send, which
    needs just that, asks for nothing (S-2, G4).
    """
    asked = {e164: one for e164, one in standings.items() if not dnc.is_written(one)}
    if not asked:
        return {}
    return (lists or dnc.read_lists(account.organization_id)).facts(account, asked, now)


def wrote_at(account: AccountRef, e164s: list[str]) -> dict[str, datetime]:
    """Return when each of at most 500 numbers texted the account last."""
    talks = db.session.execute(_TALKS, {"account": account.id, "numbers": e164s})
    return {row.e164: row.last_inbound_at for row in talks if row.last_inbound_at}


def merge_values(account: AccountRef, sender: SenderRef | None) -> dict[str, str]:
    """Return what merge fields may say about the sender (S-9)."""
    settings = people.organization_settings(account.organization_id)
    owner = people.user(account.owner_user_id) if account.owner_user_id else None
    name = owner.name if owner else account.name
    return {
        "agent_name": name,
        "agent_first_name": name.split()[0] if name.split() else "",
        "agent_phone": phone.show(sender.e164) if sender else "",
        "brokerage": settings.sender_name,
        "team": account.name,
    }


@lru_cache(maxsize=4096)
def country_code(e164: str) -> int:
    """Return the country code a number begins with."""
    return 1 if e164.startswith("+1") else phone.parse(e164).country_code


def _may_send(account: AccountRef, user_id: UUID) -> bool:
    person = people.person(user_id, account.organization_id)
    return (
        person is not None
        and person.may(Permission.SEND_TEXTS)
        and accounts.reaches(user_id, person.role, account)
    )


def _is_live_key(account: AccountRef, key_id: UUID) -> bool:
    key = integrations.find_key(account.tenant, key_id)
    return key is not None and key.revoked_at is None and Scope.SEND_MESSAGES in key.scopes
