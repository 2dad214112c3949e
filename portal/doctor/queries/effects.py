"""I9 and I10: one effect for one click, and for one report of the carrier."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, case, func, literal, or_, select
from sqlalchemy.orm import aliased

from portal.billing.models import CreditEntry, Invoice, Subscription
from portal.billing.values import EntryKind
from portal.core.audit import AuditEntry
from portal.core.erasing import ERASED
from portal.doctor.queries.looking import Check, Look
from portal.doctor.values import Found, Invariant
from portal.messaging.models import (
    Campaign,
    InboundText,
    Message,
    MessageEvent,
    WebhookEvent,
)
from portal.messaging.rules.proofs import RANK, Source
from portal.messaging.service.statuses import STATES
from portal.messaging.values import State
from portal.retention.values import TERMS, Keeping

APPLIED_WITHIN: Final = timedelta(minutes=15)
# A callback this old may have been deleted (C-11); a day less, since it came before its step.
CALLBACK_KEPT: Final = timedelta(days=TERMS[Keeping.CALLBACKS].least - 1)
_BEYOND_ACCEPTED: Final = (State.SENT, State.FAILED, State.UNDELIVERED, State.DELIVERED)
_CONFIRM: Final = "messaging:campaign:confirm"


def nonce_used_twice(look: Look) -> Iterable[Found]:
    """Find forms that made two campaigns."""
    other = aliased(Campaign)
    rows = look.rows(
        select(Campaign.id)
        .join(
            other,
            and_(
                other.account_id == Campaign.account_id,
                other.nonce == Campaign.nonce,
                other.id != Campaign.id,
            ),
        )
        .where(
            Campaign.organization_id == look.organization_id,
            Campaign.account_id == look.account_id,
        )
    )
    for row in rows:
        yield Found(row.id, f"Campaign {row.id} and another came of one form.")


def campaign_incomplete(look: Look) -> Iterable[Found]:
    """Find campaigns that have not one text for each person they were confirmed for."""
    texts = func.count(Message.position.distinct())
    rows = look.rows(
        select(Campaign.id, Campaign.people, texts.label("texts"))
        .outerjoin(Message, Message.campaign_id == Campaign.id)
        .where(
            Campaign.organization_id == look.organization_id,
            Campaign.account_id == look.account_id,
        )
        .group_by(Campaign.id, Campaign.people)
        .having(texts != Campaign.people)
    )
    for row in rows:
        yield Found(
            row.id,
            f"Campaign {row.id} was confirmed for {row.people} people and has texts for "
            f"{row.texts}.",
        )


def confirm_not_logged_once(look: Look) -> Iterable[Found]:
    """Find campaigns whose confirm is not in the audit log exactly once."""
    times = (
        select(func.count())
        .where(
            AuditEntry.chain == Campaign.organization_id,
            AuditEntry.subject_id == Campaign.id,
            AuditEntry.event == _CONFIRM,
        )
        .scalar_subquery()
    )
    rows = look.rows(
        select(Campaign.id, times.label("times")).where(
            Campaign.organization_id == look.organization_id,
            Campaign.account_id == look.account_id,
            times != 1,
        )
    )
    for row in rows:
        yield Found(row.id, f"The audit log has {row.times} confirms of campaign {row.id}.")


def bought_otherwise(look: Look) -> Iterable[Found]:
    """Find subscriptions that one click bought and that were not billed by the same click."""
    billed = (
        select(func.count())
        .where(
            Invoice.subscription_id == Subscription.id,
            Invoice.request_key == Subscription.request_key,
        )
        .scalar_subquery()
    )
    rows = look.rows(
        select(Subscription.id, billed.label("billed")).where(
            Subscription.organization_id == look.organization_id,
            Subscription.account_id == look.account_id,
            billed != 1,
        )
    )
    for row in rows:
        yield Found(row.id, f"Subscription {row.id} was billed {row.billed} times by one click.")


def report_kept_twice(look: Look) -> Iterable[Found]:
    """Find callbacks of the carrier that are kept twice."""
    report = (Message.id, WebhookEvent.sid, WebhookEvent.status, WebhookEvent.error_code)
    rows = look.rows(
        select(Message.id)
        .join(WebhookEvent, WebhookEvent.message_id == Message.id)
        .where(look.texts, WebhookEvent.organization_id == look.organization_id)
        .group_by(*report)
        .having(func.count() > 1)
    )
    for row in rows:
        yield Found(row.id, f"One callback about text {row.id} is kept twice.")


def report_waits(look: Look) -> Iterable[Found]:
    """Find callbacks that nobody has applied for long."""
    rows = look.rows(
        select(WebhookEvent.id)
        .join(Message, Message.id == WebhookEvent.message_id)
        .where(
            look.texts,
            WebhookEvent.applied_at.is_(None),
            WebhookEvent.received_at < look.now - APPLIED_WITHIN,
        )
    )
    for row in rows:
        yield Found(row.id, f"Callback {row.id} has not been applied.")


def state_behind_reports(look: Look) -> Iterable[Found]:
    """Find texts that stand lower than a callback that was applied proves."""
    proven = func.max(_rank_of_report())
    rows = look.rows(
        select(Message.id, Message.state)
        .join(WebhookEvent, WebhookEvent.message_id == Message.id)
        .where(
            look.texts,
            WebhookEvent.organization_id == look.organization_id,
            WebhookEvent.outcome == "applied",
            or_(Message.sid.is_(None), WebhookEvent.sid == Message.sid),
        )
        .group_by(Message.id, Message.state)
        .having(proven > _rank_of_text())
    )
    for row in rows:
        yield Found(row.id, f"Text {row.id} is {row.state}; a callback has proven more.")


def state_beyond_reports(look: Look) -> Iterable[Found]:
    """Find texts that stand higher than anything the carrier has said.

    A step speaks for a callback only where retention or an erasure may have deleted that.
    """
    reported = (
        select(WebhookEvent.id)
        .where(
            WebhookEvent.message_id == Message.id,
            WebhookEvent.sid == Message.sid,
            _rank_of_report() == _rank_of_text(),
        )
        .exists()
    )
    written_down = (
        select(MessageEvent.id)
        .where(
            MessageEvent.message_id == Message.id,
            MessageEvent.state == Message.state,
            or_(
                MessageEvent.cause == Source.LIST.value,
                and_(
                    MessageEvent.cause == Source.CALLBACK.value,
                    or_(MessageEvent.at < look.now - CALLBACK_KEPT, Message.body == ERASED),
                ),
            ),
        )
        .exists()
    )
    rows = look.rows(
        select(Message.id, Message.state).where(
            look.texts, Message.state.in_(_BEYOND_ACCEPTED), ~reported, ~written_down
        )
    )
    for row in rows:
        yield Found(row.id, f"Text {row.id} is {row.state}, and the carrier never said so.")


def reply_charged_otherwise(look: Look) -> Iterable[Found]:
    """Find incoming texts that were not charged once, at their price."""
    entry = (
        select(CreditEntry.id)
        .where(
            CreditEntry.account_id == InboundText.account_id,
            CreditEntry.reference == literal("inbound:").concat(InboundText.sid),
            CreditEntry.kind == EntryKind.INBOUND,
            CreditEntry.credits == InboundText.credits,
        )
        .exists()
    )
    rows = look.rows(
        select(InboundText.id).where(
            InboundText.organization_id == look.organization_id,
            InboundText.account_id == look.account_id,
            InboundText.credits > 0,
            ~entry,
        )
    )
    for row in rows:
        yield Found(row.id, f"Incoming text {row.id} was not charged at its price.")


def charged_for_no_reply(look: Look) -> Iterable[Found]:
    """Find charges for incoming texts that are not there."""
    text = (
        select(InboundText.id)
        .where(InboundText.sid == func.substr(CreditEntry.reference, len("inbound:") + 1))
        .exists()
    )
    rows = look.rows(
        select(CreditEntry.id, CreditEntry.position).where(
            CreditEntry.account_id == look.account_id,
            CreditEntry.kind == EntryKind.INBOUND,
            ~text,
        )
    )
    for row in rows:
        yield Found(row.id, f"Entry {row.position} charges an incoming text that isn't there.")


def _rank_of_text() -> ColumnElement[int]:
    return case(*((Message.state == state, rank) for state, rank in RANK.items()), else_=0)


def _rank_of_report() -> ColumnElement[int]:
    return case(
        *((WebhookEvent.status == word, RANK[state]) for word, state in STATES.items()), else_=0
    )


_CLICK = "Compare the campaign with the audit log, and cancel what nobody asked for."
_REPORT = "See that the scheduler runs, then compare the text with the carrier's own log."

CHECKS: Final = (
    Check(Invariant.I9, nonce_used_twice, _CLICK),
    Check(Invariant.I9, campaign_incomplete, _CLICK),
    Check(Invariant.I9, confirm_not_logged_once, _CLICK),
    Check(Invariant.I9, bought_otherwise, "Compare the invoices with the subscription."),
    Check(Invariant.I10, report_kept_twice, _REPORT),
    Check(Invariant.I10, report_waits, _REPORT),
    Check(Invariant.I10, state_behind_reports, _REPORT),
    Check(Invariant.I10, state_beyond_reports, _REPORT),
    Check(Invariant.I10, reply_charged_otherwise, _REPORT),
    Check(Invariant.I10, charged_for_no_reply, _REPORT),
)
