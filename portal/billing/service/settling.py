"""Everything that is due in an account happens before anything else is done with it.

Lots expire (B-4), subscriptions renew on the 1st (B-3) or end there (B-7), one after another in
the order of time, however long nobody looked. Each bears the moment at which it was due, so the
statement reads the same whether the scheduler came first, or a text.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select, update

from portal.billing import queries, rules
from portal.billing.models import CreditLot, Subscription
from portal.billing.service import invoicing, ledger
from portal.billing.service.invoicing import Due
from portal.billing.service.ledger import Books
from portal.billing.values import SubscriptionState
from portal.core import audit
from portal.core.audit import SYSTEM
from portal.core.db import db

ENDED_NOTE = "The subscription ended"


def settled(account_id: UUID, now: datetime) -> Books | None:
    """Lock the account's ledger and let everything that is due by now happen first.

    Returns None for an account without books. Safe in any number of processes at once: the
    lock lets one through, and the others find nothing due.
    """
    books = ledger.locked(account_id)
    if books is None or books.due_at is None or books.due_at > now:
        return books
    while (turning := _turning(account_id, now)) is not None:
        ledger.expire_due(books, turning.next_charge_at)
        if turning.state is SubscriptionState.CANCELING:
            _end(books, turning)
        else:
            _renew(books, turning)
        db.session.flush()  # the next look reads the subscription as it is now
    ledger.expire_due(books, now)
    ledger.note_due(account_id)
    return ledger.locked(account_id)


def _turning(account_id: UUID, now: datetime) -> Subscription | None:
    """Return the account's subscription if its 1st has come; the ledger's lock guards it."""
    return db.session.scalar(
        select(Subscription)
        .where(
            Subscription.account_id == account_id,
            Subscription.state != SubscriptionState.ENDED,
            Subscription.next_charge_at <= now,
        )
        .execution_options(populate_existing=True)
    )


def _renew(books: Books, subscription: Subscription) -> None:
    """Charge and grant the month that begins (B-3)."""
    turned_at = subscription.next_charge_at
    zone = queries.zone_of(books.organization_id)
    month = rules.month_of(turned_at, zone)
    subscription.next_charge_at = month.ends_at
    reference = rules.grant_reference(subscription.id, month.first_day)
    if ledger.is_posted(books.account_id, reference):
        return  # the organization moved west since: its 1st is still to come
    ledger.add_lot(
        books.organization_id,
        books.account_id,
        subscription.credits_per_month,
        at=turned_at,
        month=month.first_day,
        expires_at=rules.lot_expiry(turned_at, zone),
        reference=reference,
        note=f"{subscription.plan_name}, {month.first_day:%B %Y}",
    )
    invoicing.bill(
        Due(
            organization_id=books.organization_id,
            account_id=books.account_id,
            subscription_id=subscription.id,
            description=f"{subscription.plan_name}, "
            f"{subscription.credits_per_month:,} credits a month",
            amount_cents=subscription.price_cents,
            period_start=month.first_day,
            period_end=month.last_day,
            request_key=f"renewal:{subscription.id}:{rules.period(month.first_day)}",
        ),
        actor=SYSTEM,
    )
    _record(books, subscription, "renew", month=rules.period(month.first_day))


def _end(books: Books, subscription: Subscription) -> None:
    """End a canceled subscription: what is left lapses, nothing is refunded (B-7).

    What texts on their way still hold lapses once they give it back (RULINGS 7).
    """
    ended_at = subscription.next_charge_at
    subscription.state = SubscriptionState.ENDED
    subscription.ends_at = ended_at
    db.session.execute(
        update(CreditLot)
        .where(
            CreditLot.account_id == books.account_id,
            CreditLot.expires_at > ended_at,
            or_(CreditLot.remaining > 0, CreditLot.held > 0),
        )
        .values(expires_at=ended_at)
        .execution_options(synchronize_session=False)
    )
    lapsed = ledger.expire_due(books, ended_at, note=ENDED_NOTE)
    _record(books, subscription, "end", lapsed=lapsed)


def _record(books: Books, subscription: Subscription, verb: str, **facts: object) -> None:
    audit.record(
        f"billing:subscription:{verb}",
        actor=SYSTEM,
        organization_id=books.organization_id,
        account_id=books.account_id,
        subject_id=subscription.id,
        plan=subscription.plan_name,
        credits_per_month=subscription.credits_per_month,
        price_cents=subscription.price_cents,
        **facts,
    )
