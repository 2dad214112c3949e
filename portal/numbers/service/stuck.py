"""Purchases that were broken off, and that their account may no longer go on with (B-7, N-7).

Where the subscription ended they end, too: what was bought goes back. Where the account is stopped,
no number changes hands: what was bought waits, and is set up once the account may go on.

    found = stuck.look(sender)
    with unit_of_work():
        order = stuck.decide(sender.id, found)

An order that comes back is carried out and settled like any other (see `buying`).
"""

from dataclasses import dataclass
from uuid import UUID

from portal.billing import queries as billing
from portal.core import phone
from portal.core.audit import SYSTEM
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.leased import is_running, keep_trouble
from portal.core.settings import LIST_LAG
from portal.core.steps import Trouble
from portal.gateways import numbers as gateways
from portal.gateways.credentials import CarrierCredentials, of_installation
from portal.numbers import queries, rules
from portal.numbers.models import SenderNumber
from portal.numbers.service import opening
from portal.numbers.service.allowing import is_restricted, way_on
from portal.numbers.service.buying import retry_order
from portal.numbers.service.telling import record, tell
from portal.numbers.values import Order, SenderRef, SenderState
from portal.texting_accounts import queries as texting_accounts
from portal.texting_accounts.values import AccountRef


@dataclass(frozen=True, slots=True)
class Found:
    """What the carrier has of a purchase."""

    credentials: CarrierCredentials | None  # None: not even the sub-account was opened
    number_sid: str | None  # None: the number was not bought


def purchases() -> list[SenderRef]:
    """Return the broken-off purchases there is something to do about."""
    found = queries.open_purchases(utcnow() - LIST_LAG)
    lapsed = billing.lapsed_accounts({sender.account_id for sender in found})
    return [
        sender
        for sender in found
        if sender.account_id in lapsed or _is_stopped(sender.account_id) is not _waits(sender)
    ]


def look(sender: SenderRef) -> Found:
    """Ask the carrier what came of a purchase; outside any unit of work. Raises GatewayError."""
    gateway = gateways.current()
    own = queries.credentials(sender.organization_id) or gateway.find_subaccount(
        of_installation(), rules.subaccount_name(sender.organization_id)
    )
    owned = gateway.find_owned(own, sender.e164) if own else None
    if owned is None and own and sender.carrier_sid:
        owned = gateway.fetch_owned(own, sender.carrier_sid)
    return Found(own, owned.sid if owned else None)


def decide(sender_id: UUID, found: Found) -> Order | None:
    """End a purchase, let it wait, or return it to be gone on with, as the account stands now."""
    row = db.session.get(SenderNumber, sender_id, with_for_update=True, populate_existing=True)
    account = texting_accounts.account(row.account_id) if row else None
    if row is None or account is None or row.state is not SenderState.BUYING or is_running(row):
        return None
    opening.keep(row.organization_id, found.credentials, None, actor=SYSTEM, may_have_opened=True)
    row.carrier_sid = found.number_sid
    if billing.lapsed_accounts({account.id}):
        _end(row, "the subscription ended", f"/accounts/{account.id}/marketplace")
    elif is_restricted(account) and found.number_sid is None:
        _end(row, f"the account is {account.state_label.lower()}", way_on(account))
    elif is_restricted(account):
        _wait(row, account)
    elif row.trouble == rules.WAITS and billing.has_active_subscription(account.id):
        return retry_order(account, sender_id, actor=SYSTEM)
    return None


def _is_stopped(account_id: UUID) -> bool:
    account = texting_accounts.account(account_id)
    return account is not None and is_restricted(account)


def _waits(sender: SenderRef) -> bool:
    return sender.trouble is not None and sender.trouble.sentence == rules.WAITS


def _end(row: SenderNumber, why: str, url: str) -> None:
    """Let the carrier have what was bought, where it was; else there is nothing to undo."""
    name = phone.show(row.e164)
    if row.carrier_sid is None:
        row.state = SenderState.FAILED
        words = "It was not bought, and nothing is owed."
    else:
        row.state = SenderState.RELEASING
        words = "It was bought but never set up, so it goes back to the carrier."
    keep_trouble(row, Trouble(f"The purchase ended because {why}.", words))
    record(row, "numbers:number:abandon", SYSTEM, reason=why)
    title = f"The purchase of {name} ended because {why}"
    tell(row, f"abandoned:{row.lease}", title, words, url)


def _wait(row: SenderNumber, account: AccountRef) -> None:
    keep_trouble(row, Trouble(rules.WAITS, "It is set up by itself once that is lifted."))
    record(row, "numbers:number:wait", SYSTEM, reason=account.state.value)
    tell(
        row,
        f"waits:{row.lease}",
        f"{phone.show(row.e164)} is bought, but not set up",
        f"The account is {account.state_label.lower()}. Once that is lifted it is set up by itself.",
        way_on(account),
    )
