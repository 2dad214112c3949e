"""I4, I5 and I6: what texts cost, and that the books say the same."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import aliased

from portal.billing import queries as billing
from portal.billing.models import (
    CreditAccount,
    CreditEntry,
    HouseEntry,
    LotHold,
)
from portal.billing.values import EntryKind, Slot
from portal.doctor.queries.looking import Check, Look
from portal.doctor.values import Found, Invariant
from portal.messaging.models import Campaign, Message, MessageEvent
from portal.messaging.values import ACCEPTED_FAMILY, IN_DOUBT, TERMINAL, WAITING, State

_MOVING: Final = WAITING | IN_DOUBT | {State.CLAIMED}
_ENDED: Final = ACCEPTED_FAMILY | TERMINAL
_ENDS: Final = (EntryKind.CAPTURE, EntryKind.RELEASE)
_FAULTS_SHOWN: Final = 5


def _has(kind: EntryKind) -> ColumnElement[bool]:
    entry = aliased(CreditEntry)
    return select(entry.id).where(entry.message_id == Message.id, entry.kind == kind).exists()


def _was_displaced() -> ColumnElement[bool]:
    """Say whether a text lost its name to a stronger claim, and is looked for anew."""
    return (
        select(MessageEvent.id)
        .where(MessageEvent.message_id == Message.id, MessageEvent.cause == "displaced")
        .exists()
    )


def not_reserved(look: Look) -> Iterable[Found]:
    """Find texts confirmed without a reserve, and refused ones with one."""
    is_confirmed = and_(Message.part > 0, Message.credits > 0)
    has = _has(EntryKind.RESERVE)
    rows = look.rows(
        select(Message.id, Message.part).where(
            look.texts, or_(and_(is_confirmed, ~has), and_(~is_confirmed, has))
        )
    )
    for row in rows:
        what = "has no reserve" if row.part else "was refused at once, yet has a reserve"
        yield Found(row.id, f"Text {row.id} {what}.")


def not_resolved(look: Look) -> Iterable[Found]:
    """Find texts that have ended and were neither charged nor given back."""
    rows = look.rows(
        select(Message.id, Message.state).where(
            look.texts,
            Message.state.in_(_ENDED),
            _has(EntryKind.RESERVE),
            ~_has(EntryKind.CAPTURE),
            ~_has(EntryKind.RELEASE),
        )
    )
    for row in rows:
        yield Found(row.id, f"Text {row.id} is {row.state}; its credits are still reserved.")


def resolved_early(look: Look) -> Iterable[Found]:
    """Find texts on their way whose credits are charged or given back already."""
    rows = look.rows(
        select(Message.id, Message.state).where(
            look.texts,
            Message.state.in_(_MOVING),
            or_(_has(EntryKind.CAPTURE), _has(EntryKind.RELEASE)),
            ~_was_displaced(),
        )
    )
    for row in rows:
        yield Found(row.id, f"Text {row.id} is {row.state}, yet its credits are settled.")


def charged_without_proof(look: Look) -> Iterable[Found]:
    """Find texts that did not leave and were charged for good."""
    rows = look.rows(
        select(Message.id, Message.state).where(
            look.texts,
            Message.state.in_(TERMINAL - ACCEPTED_FAMILY),
            _has(EntryKind.CAPTURE),
            ~_has(EntryKind.REFUND),
        )
    )
    for row in rows:
        yield Found(row.id, f"Text {row.id} is {row.state} and was charged.")


def sent_for_nothing(look: Look) -> Iterable[Found]:
    """Find texts that left although their credits came back, and the house did not pay."""
    paid = select(HouseEntry.message_id).where(HouseEntry.message_id == Message.id).exists()
    rows = look.rows(
        select(Message.id, Message.state).where(
            look.texts, Message.state.in_(ACCEPTED_FAMILY), _has(EntryKind.RELEASE), ~paid
        )
    )
    for row in rows:
        yield Found(row.id, f"Text {row.id} is {row.state}; its credits came back all the same.")


def entered_twice(look: Look) -> Iterable[Found]:
    """Find texts with two reserves, two ends, or two refunds."""
    what = (
        func.sum(_one_if(CreditEntry.kind == EntryKind.RESERVE)),
        func.sum(_one_if(CreditEntry.kind.in_(_ENDS))),
        func.sum(_one_if(CreditEntry.kind == EntryKind.REFUND)),
    )
    rows = look.rows(
        select(CreditEntry.message_id)
        .where(
            CreditEntry.account_id == look.account_id,
            CreditEntry.message_id.is_not(None),
            CreditEntry.kind.in_((*_ENDS, EntryKind.RESERVE, EntryKind.REFUND)),
        )
        .group_by(CreditEntry.message_id)
        .having(or_(*(count > 1 for count in what)))
    )
    for row in rows:
        yield Found(row.message_id, f"Text {row.message_id} stands in the ledger twice.")


def entry_without_text(look: Look) -> Iterable[Found]:
    """Find reserves for texts that don't exist."""
    rows = look.rows(
        select(CreditEntry.message_id, CreditEntry.position)
        .outerjoin(
            Message,
            and_(
                Message.id == CreditEntry.message_id,
                Message.account_id == CreditEntry.account_id,
            ),
        )
        .where(
            CreditEntry.account_id == look.account_id,
            CreditEntry.kind == EntryKind.RESERVE,
            Message.id.is_(None),
        )
    )
    for row in rows:
        yield Found(row.message_id, f"Entry {row.position} reserves for a text that isn't there.")


def books_differ(look: Look) -> Iterable[Found]:
    """Replay the account's entries and compare counters, months and lots with them."""
    faults = billing.check_books(look.account_id)
    if faults:
        more = len(faults) - _FAULTS_SHOWN
        said = "; ".join(faults[:_FAULTS_SHOWN]) + (f"; and {more} more" if more > 0 else "")
        yield Found("", f"The books contradict themselves: {said}.")


def reserved_differs(look: Look) -> Iterable[Found]:
    """Compare what is reserved with what the texts on their way cost."""
    cost = (
        select(func.coalesce(func.sum(Message.credits), 0))
        .where(
            look.texts,
            Message.state.in_(_MOVING),
            ~_has(EntryKind.CAPTURE),
            ~_has(EntryKind.RELEASE),
        )
        .scalar_subquery()
    )
    rows = look.rows(
        select(CreditAccount.reserved, cost.label("cost")).where(
            CreditAccount.account_id == look.account_id, CreditAccount.reserved != cost
        )
    )
    for row in rows:
        yield Found("", f"{row.reserved} credits are reserved; texts on their way cost {row.cost}.")


def charged_otherwise(look: Look) -> Iterable[Found]:
    """Find entries of another amount than the text's price as it was confirmed."""
    rows = look.rows(
        select(Message.id, Message.credits, CreditEntry.credits.label("charged"))
        .join(CreditEntry, CreditEntry.message_id == Message.id)
        .where(
            look.texts,
            CreditEntry.slot.in_((Slot.RESERVE, Slot.RESOLVE, Slot.REFUND)),
            CreditEntry.credits != Message.credits,
        )
    )
    for row in rows:
        yield Found(row.id, f"Text {row.id} costs {row.credits}; an entry says {row.charged}.")


def taken_otherwise(look: Look) -> Iterable[Found]:
    """Find texts that took another amount from their lots than they cost."""
    taken = func.sum(LotHold.credits)
    rows = look.rows(
        select(Message.id, Message.credits, taken.label("taken"))
        .join(LotHold, LotHold.message_id == Message.id)
        .where(look.texts)
        .group_by(Message.id, Message.credits)
        .having(taken != Message.credits)
    )
    for row in rows:
        yield Found(row.id, f"Text {row.id} costs {row.credits} and took {row.taken} from lots.")


def campaign_otherwise(look: Look) -> Iterable[Found]:
    """Find campaigns whose texts cost another amount than was shown at the confirm."""
    cost = func.coalesce(func.sum(Message.credits), 0)
    rows = look.rows(
        select(Campaign.id, Campaign.credits, cost.label("cost"))
        .outerjoin(Message, and_(Message.campaign_id == Campaign.id, Message.part > 0))
        .where(
            Campaign.organization_id == look.organization_id,
            Campaign.account_id == look.account_id,
        )
        .group_by(Campaign.id, Campaign.credits)
        .having(cost != Campaign.credits)
    )
    for row in rows:
        yield Found(
            row.id, f"Campaign {row.id} showed {row.credits} credits; its texts cost {row.cost}."
        )


def _one_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)


CORRECT = (
    "Don't edit the ledger: write a correction with a second person, and call support with the "
    "ids. Texts go on as before."
)

CHECKS: Final = (
    Check(Invariant.I4, not_reserved, CORRECT),
    Check(Invariant.I4, not_resolved, CORRECT),
    Check(Invariant.I4, resolved_early, CORRECT),
    Check(Invariant.I4, charged_without_proof, CORRECT),
    Check(Invariant.I4, sent_for_nothing, CORRECT),
    Check(Invariant.I4, entered_twice, CORRECT),
    Check(Invariant.I4, entry_without_text, CORRECT),
    Check(Invariant.I5, books_differ, CORRECT),
    Check(Invariant.I5, reserved_differs, CORRECT),
    Check(Invariant.I6, charged_otherwise, CORRECT),
    Check(Invariant.I6, taken_otherwise, CORRECT),
    Check(Invariant.I6, campaign_otherwise, CORRECT),
)
