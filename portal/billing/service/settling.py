"""Everything that is due in an account happens before anything else is done with it.

Lots expire (B-4), subscriptions renew on the 1st (B-3) or end there (B-7; that of a closed account
too), one after another in the order of time, however long nobody looked. Each bears the moment at which it was due, so the
statement reads the same whether the scheduler came first, or a text.
"""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select, update

from portal.billing import queries, rules
from portal.billing.models import CreditLot, Subscription
from portal.billing.service import dues, invoicing, ledger
from portal.billing.service.invoicing import Due
from portal.billing.service.ledger import Books
from portal.billing.values import SubscriptionState
from portal.core import audit
from portal.core.audit import SYSTEM
from portal.core.db import db
from portal.gateways import payments
from portal.texting_accounts import queries as accounts

ENDED_NOTE = "The subscription ended"


def settled(account_id: UUID, now: datetime) -> Books | None:
    """Lock the account's ledger and let everything that is due by now happen first.

    Returns None for an account without books. Safe in any number of processes at once: the
    lock lets one through, and the others find nothing due.
    """
    books = ledger.locked(account_id)
    if books is None or books.due_at is None or books.due_at > now:
        return books
    return _settled(books, now)


def placed(account_id: UUID, now: datetime) -> Books | None:
    """Settle an account whose organization may have moved to another time zone a moment ago.

    The 1st is then at another moment (B-3). `settled` sees by itself when it is later there, and
    a sweep looks every minute; what sells or changes a plan looks first, for its arithmetic.
    """
    books = ledger.locked(account_id)
    return _settled(books, now) if books is not None else None


def _settled(books: Books, now: datetime) -> Books | None:
    account_id = books.account_id
    _place(books)
    while (turning := _turning(account_id, now)) is not None:
        ledger.expire_due(books, turning.next_charge_at)
        if turning.state is SubscriptionState.CANCELING or accounts.is_closed(account_id):
            _end(books, turning)
        else:
            _renew(books, turning)
        db.session.flush()  # the next look reads the subscription as it is now
    ledger.expire_due(books, now)
    ledger.note_due(account_id)
    return ledger.locked(account_id)


def _place(books: Books) -> None:
    """Put the next 1st where the organization's time zone has it now.

    The same 1st, whichever way the organization moved: no month comes twice and none is left out.
    """
    subscription = _running(books.account_id)
    if subscription is None:
        return
    at = rules.first_at(subscription.next_charge_at, queries.zone_of(books.organization_id))
    if at != subscription.next_charge_at:
        subscription.next_charge_at = at
        subscription.ends_at = at if subscription.ends_at is not None else None
        db.session.flush()  # what is due is asked of the database


def _running(account_id: UUID) -> Subscription | None:
    """Return the account's subscription; the ledger's lock guards it."""
    return db.session.scalar(
        select(Subscription)
        .where(Subscription.account_id == account_id, Subscription.state != SubscriptionState.ENDED)
        .execution_options(populate_existing=True)
    )


def _turning(account_id: UUID, now: datetime) -> Subscription | None:
    """Return the account's subscription if its 1st has come."""
    subscription = _running(account_id)
    has_come = subscription is not None and subscription.next_charge_at <= now
    return subscription if has_come else None


def _renew(books: Books, subscription: Subscription) -> None:
    """Charge and grant the month that begins (B-3); a card is charged first, by a worker (B-12)."""
    turned_at = subscription.next_charge_at
    zone = queries.zone_of(books.organization_id)
    month = rules.month_of(turned_at, zone)
    subscription.next_charge_at = month.ends_at
    price, cards = subscription.price_cents, payments.cards()
    description = f"{subscription.plan_name}, {subscription.credits_per_month:,} credits a month"
    due = Due(
        organization_id=books.organization_id,
        account_id=books.account_id,
        subscription_id=subscription.id,
        description=description,
        amount_cents=price,
        period_start=month.first_day,
        period_end=month.last_day,
        request_key=dues.renewal_key(subscription.id, month),
    )
    if cards is not None and price >= max(1, cards.smallest_cents):
        dues.await_card(subscription, month, description=description)
        invoicing.bill(replace(due, provider=cards.name), actor=SYSTEM)
        _record(books, subscription, "ask", month=rules.period(month.first_day))
        return
    ledger.add_lot(
        books.organization_id,
        books.account_id,
        subscription.credits_per_month,
        at=turned_at,
        month=month.first_day,
        expires_at=rules.lot_expiry(turned_at, zone),
        reference=rules.grant_reference(subscription.id, month.first_day),
        note=f"{subscription.plan_name}, {month.first_day:%B %Y}",
    )
    invoicing.bill(due if cards is None else replace(due, amount_cents=0), actor=SYSTEM)
    _record(books, subscription, "renew", month=rules.period(month.first_day))


def _end(books: Books, subscription: Subscription) -> None:
    """End a subscription that was canceled, or whose account was closed: what is left lapses, nothing is refunded (B-7).

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
    unpaid = dues.let_go(books.account_id)
    _record(books, subscription, "end", lapsed=lapsed, unpaid_months=unpaid)


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
