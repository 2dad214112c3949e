"""I11: each month of a subscription is granted once, and each text counts towards one month."""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.orm import aliased

from portal.billing import rules
from portal.billing.models import (
    CreditEntry,
    CreditLot,
    Subscription,
    SubscriptionChange,
)
from portal.billing.values import EntryKind, SubscriptionState
from portal.doctor.queries.credits import CORRECT
from portal.doctor.queries.looking import READ, Check, Look
from portal.doctor.values import Found, Invariant
from portal.people import queries as people

_A_DAY: Final = timedelta(days=1)  # an organization's zone may have been mended since
_RENEWED_WITHIN: Final = timedelta(hours=1)  # the scheduler comes every minute


def month_changed(look: Look) -> Iterable[Found]:
    """Find texts whose entries count towards two months."""
    later = aliased(CreditEntry)
    rows = look.rows(
        select(CreditEntry.message_id)
        .join(later, later.message_id == CreditEntry.message_id)
        .where(
            CreditEntry.account_id == look.account_id,
            CreditEntry.kind == EntryKind.RESERVE,
            later.month != CreditEntry.month,
        )
        .distinct()
    )
    for row in rows:
        yield Found(row.message_id, f"Text {row.message_id} counts towards two months.")


def month_misplaced(look: Look) -> Iterable[Found]:
    """Find months with reserves from outside them."""
    organization = people.organization(look.organization_id)
    if organization is None:
        return
    rows = look.rows(
        select(
            CreditEntry.month,
            func.min(CreditEntry.at).label("first"),
            func.max(CreditEntry.at).label("last"),
        )
        .where(CreditEntry.account_id == look.account_id, CreditEntry.kind == EntryKind.RESERVE)
        .group_by(CreditEntry.month),
        READ,
    )
    for row in rows:
        noon = rules.day_start(row.month, organization.timezone) + _A_DAY / 2
        month = rules.month_of(noon, organization.timezone)
        if row.first < month.starts_at - _A_DAY or row.last > month.ends_at + _A_DAY:
            yield Found(row.month, f"Reserves of other days count towards {row.month:%B %Y}.")


def grants_differ(look: Look) -> Iterable[Found]:
    """Compare each subscription's grants with its terms then: one a month, of the size bought.

    What a plan change added or took off within a month must be what the change says (B-5, B-6).
    """
    subscriptions = look.rows(
        select(Subscription.id, Subscription.credits_per_month)
        .where(Subscription.account_id == look.account_id)
        .order_by(Subscription.started_at.desc()),
        READ,
    )
    changes = look.rows(
        select(
            SubscriptionChange.id,
            SubscriptionChange.subscription_id,
            SubscriptionChange.from_credits_per_month,
            SubscriptionChange.credits,
            SubscriptionChange.at,
        )
        .where(SubscriptionChange.account_id == look.account_id)
        .order_by(SubscriptionChange.at),
        READ,
    )
    moves = look.rows(
        select(
            CreditEntry.id,
            CreditEntry.reference,
            CreditEntry.credits,
            CreditEntry.month,
            CreditEntry.at,
        )
        .where(
            CreditEntry.account_id == look.account_id,
            CreditEntry.kind.in_((EntryKind.GRANT, EntryKind.ADJUST)),
            CreditEntry.reference.like("subscription:%"),
        )
        .order_by(CreditEntry.position.desc()),
        READ,
    )
    terms = {str(row.id): row.credits_per_month for row in subscriptions}
    grants = [row for row in moves if ":change:" not in row.reference]
    months = Counter(row.month for row in grants)
    known = set()
    for row in grants:
        subscription_id, _, period = row.reference.removeprefix("subscription:").partition(":")
        known.add(subscription_id)
        later = (
            change.from_credits_per_month
            for change in changes
            if str(change.subscription_id) == subscription_id and change.at > row.at
        )
        size = next(later, terms.get(subscription_id, row.credits))
        if len(terms) < READ and subscription_id not in terms:
            yield Found(row.id, f"Grant {row.id} is for a subscription that isn't there.")
        elif row.credits != size and len(changes) < READ:
            yield Found(row.id, f"Grant {row.id} is not of the size that was bought.")
        elif months[row.month] > 1 or period != rules.period(row.month):
            yield Found(row.id, f"Grant {row.id} is not the only one of its month.")
    if len(moves) < READ:
        for subscription_id in terms.keys() - known:
            yield Found(UUID(subscription_id), f"Subscription {subscription_id} granted nothing.")
        moved = {
            row.reference.rpartition(":")[2]: row.credits
            for row in moves
            if ":change:" in row.reference
        }
        for change in changes:
            if moved.get(str(change.id), 0) != change.credits:
                yield Found(
                    change.id, f"Plan change {change.id} says {change.credits} credits moved."
                )


def renewal_missed(look: Look) -> Iterable[Found]:
    """Find subscriptions whose 1st came an hour ago and that neither renewed nor ended (B-3)."""
    rows = look.rows(
        select(Subscription.id, Subscription.next_charge_at).where(
            Subscription.account_id == look.account_id,
            Subscription.state != SubscriptionState.ENDED,
            Subscription.next_charge_at < look.now - _RENEWED_WITHIN,
        )
    )
    for row in rows:
        yield Found(row.id, f"Subscription {row.id} was due on {row.next_charge_at:%d %B %Y}.")


def lot_differs(look: Look) -> Iterable[Found]:
    """Find grants without their lot, and lots that no entry granted."""
    is_pair = and_(
        CreditLot.account_id == CreditEntry.account_id,
        CreditLot.position == CreditEntry.position,
        CreditLot.credits == CreditEntry.credits,
        CreditEntry.kind == EntryKind.GRANT,
    )
    bare = look.rows(
        select(CreditEntry.id).where(
            CreditEntry.account_id == look.account_id,
            CreditEntry.kind == EntryKind.GRANT,
            ~select(CreditLot.id).where(is_pair).exists(),
        )
    )
    stray = look.rows(
        select(CreditLot.id).where(
            CreditLot.account_id == look.account_id,
            ~select(CreditEntry.id).where(is_pair).exists(),
        )
    )
    for row in bare:
        yield Found(row.id, f"Grant {row.id} has no lot of its size.")
    for row in stray:
        yield Found(row.id, f"Lot {row.id} was granted by no entry of its size.")


_RENEW = "See that the scheduler runs: it renews within a minute (docs/operations.md)."

CHECKS: Final = (
    Check(Invariant.I11, month_changed, CORRECT),
    Check(Invariant.I11, month_misplaced, CORRECT),
    Check(Invariant.I11, grants_differ, CORRECT),
    Check(Invariant.I11, lot_differs, CORRECT),
    Check(Invariant.I11, renewal_missed, _RENEW),
)
