"""Giving numbers back to the carrier once their account's subscription has ended (B-7)."""

from uuid import UUID

from portal.billing import queries as billing
from portal.core import audit
from portal.core.audit import SYSTEM
from portal.core.db import db
from portal.gateways import numbers as gateways
from portal.notifications import service as notifications
from portal.numbers import queries
from portal.numbers.models import SenderNumber
from portal.numbers.values import SenderRef, SenderState
from portal.texting_accounts import queries as texting_accounts


def to_release() -> list[SenderRef]:
    """Return the numbers of accounts whose subscription ended and that bought no other."""
    held = queries.ready_senders()
    lapsed = billing.lapsed_accounts({sender.account_id for sender in held})
    return [sender for sender in held if sender.account_id in lapsed]


def give_back(sender: SenderRef) -> bool:
    """Release a number at the carrier; outside any unit of work. Raises GatewayError.

    Safe to repeat: a number that is gone there already is no error. Returns False, having
    asked nothing, where the account has subscribed again meanwhile.
    """
    if not billing.lapsed_accounts({sender.account_id}):
        return False
    credentials = queries.credentials(sender.organization_id)
    if credentials is not None and sender.carrier_sid is not None:
        gateways.current().release(credentials, sender.carrier_sid)
    return True


def note_released(sender_id: UUID) -> bool:
    """Write down that a number is the carrier's again, and tell the account's people once."""
    row = db.session.get(SenderNumber, sender_id, with_for_update=True, populate_existing=True)
    if row is None or row.state is not SenderState.READY:
        return False
    row.state = SenderState.RELEASED
    row.is_default = False
    audit.record(
        "numbers:number:release",
        actor=SYSTEM,
        organization_id=row.organization_id,
        account_id=row.account_id,
        subject_id=row.id,
        number=row.e164,
        reason="the subscription ended",
    )
    account = texting_accounts.account(row.account_id)
    assert account is not None  # the number's row names it
    notifications.notify(
        organization_id=row.organization_id,
        account_id=row.account_id,
        user_ids=texting_accounts.watchers(account),
        kind="numbers",
        title=f"The number {row.name} was given back",
        text="The account's subscription ended, so its number went back to the carrier. "
        "Buy a plan to set up a new one.",
        url=f"/accounts/{row.account_id}/marketplace",
        dedupe_key=f"number:released:{row.id}",
    )
    return True
