"""I1, I2 and I6: no text left twice, none is lost in silence, none says something else."""

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import aliased

from portal.consent.rules import HELD as HOLD
from portal.core.db import db
from portal.doctor.queries.looking import MOST, Check, Look
from portal.doctor.values import Found, Invariant
from portal.gateways.sms import Verdict
from portal.messaging.models import (
    MOVING,
    Campaign,
    Message,
    MessageAttempt,
    MessageEvent,
    WebhookEvent,
)
from portal.messaging.rules.gates import (
    ACCOUNT_CODES,
    CAMPAIGN_PAUSED,
    CATCHING_UP,
    TRAFFIC_STOPPED,
)
from portal.messaging.rules.whys import BULK_PAUSED
from portal.messaging.service.following import PLAN_PAUSED
from portal.messaging.service.outbox import WAITS_FOR_PART
from portal.messaging.values import (
    ACCEPTED_FAMILY,
    CANCELABLE,
    TERMINAL,
    CampaignState,
    State,
)

SLACK: Final = timedelta(hours=1)  # sweeps, a restart, a busy number
_DAY: Final = timedelta(hours=24)
_STREAMED: Final = 500  # rows held at once
_PROVES_NOTHING_LEFT: Final = (Verdict.NOT_SENT.value, Verdict.REJECTED.value)
_MAY_HAVE_GONE: Final = or_(
    MessageAttempt.verdict.is_(None), MessageAttempt.verdict.not_in(_PROVES_NOTHING_LEFT)
)
_UNSENT_ENDS: Final = TERMINAL - ACCEPTED_FAMILY
# What keeps a text for as long as it stands; what ends it frees the text.
_MAY_LAST: Final = ACCOUNT_CODES | {
    *(BULK_PAUSED, CAMPAIGN_PAUSED, CATCHING_UP, HOLD, PLAN_PAUSED, TRAFFIC_STOPPED),
    WAITS_FOR_PART,
}
# Every other state is reached by a step that is written down.
_UNRECORDED: Final = (State.QUEUED, State.HELD, State.CLAIMED, State.BLOCKED)


def two_names(look: Look) -> Iterable[Found]:
    """Find texts that the carrier gave one name and their attempt another."""
    rows = look.rows(
        select(Message.id, Message.sid, MessageAttempt.sid.label("other"))
        .join(MessageAttempt, MessageAttempt.message_id == Message.id)
        .where(look.texts, MessageAttempt.sid != Message.sid)
    )
    for row in rows:
        yield Found(row.id, f"Text {row.id} has two names at the carrier: {row.sid}, {row.other}.")


def two_names_reported(look: Look) -> Iterable[Found]:
    """Find texts for which the carrier called back under a second name."""
    rows = look.rows(
        select(Message.id, Message.sid, WebhookEvent.sid.label("other"))
        .join(WebhookEvent, WebhookEvent.message_id == Message.id)
        .where(
            look.texts,
            WebhookEvent.organization_id == look.organization_id,
            WebhookEvent.sid != Message.sid,
        )
        .distinct()
    )
    for row in rows:
        yield Found(row.id, f"Text {row.id} is {row.sid}; a callback calls it {row.other}.")


def one_name_for_two(look: Look) -> Iterable[Found]:
    """Find a carrier's name that stands on one text and on another's attempt."""
    other = aliased(Message)
    rows = look.rows(
        select(Message.id, other.id.label("other_id"), MessageAttempt.sid)
        .join(MessageAttempt, MessageAttempt.message_id == Message.id)
        .join(other, and_(other.sid == MessageAttempt.sid, other.id != Message.id))
        .where(look.texts)
    )
    for row in rows:
        yield Found(row.id, f"{row.sid} is the name of text {row.id} and of text {row.other_id}.")


def handed_over_again(look: Look) -> Iterable[Found]:
    """Find texts handed over again although the earlier try may have been taken."""
    rows = look.rows(
        select(Message.id, MessageAttempt.attempt, MessageAttempt.verdict)
        .join(MessageAttempt, MessageAttempt.message_id == Message.id)
        .where(
            look.texts,
            MessageAttempt.attempt < Message.attempt,
            _MAY_HAVE_GONE,
        )
    )
    for row in rows:
        verdict = row.verdict or "without an answer"
        yield Found(
            row.id, f"Text {row.id} was handed over again after try {row.attempt} ({verdict})."
        )


def waits_after_a_try(look: Look) -> Iterable[Found]:
    """Find texts that will be handed over again although a try may have been taken."""
    rows = look.rows(
        select(Message.id, Message.state, MessageAttempt.attempt, MessageAttempt.verdict)
        .join(MessageAttempt, MessageAttempt.message_id == Message.id)
        .where(
            look.texts,
            MOVING,
            Message.state.in_(CANCELABLE),
            _MAY_HAVE_GONE,
        )
    )
    for row in rows:
        verdict = row.verdict or "without an answer"
        yield Found(
            row.id,
            f"Text {row.id} is {row.state} though try {row.attempt} may have gone ({verdict}).",
        )


def attempts_uncounted(look: Look) -> Iterable[Found]:
    """Find texts whose newest attempt is not the one they count."""
    attempt = aliased(MessageAttempt)
    has_counted = (
        select(attempt.message_id)
        .where(attempt.message_id == Message.id, attempt.attempt == Message.attempt)
        .exists()
    )
    has_later = (
        select(attempt.message_id)
        .where(attempt.message_id == Message.id, attempt.attempt > Message.attempt)
        .exists()
    )
    rows = look.rows(
        select(Message.id, Message.attempt).where(
            look.texts, or_(and_(Message.attempt > 0, ~has_counted), has_later)
        )
    )
    for row in rows:
        yield Found(row.id, f"Text {row.id} counts {row.attempt} tries; its attempts differ.")


def never_ends(look: Look) -> Iterable[Found]:
    """Find texts that should have ended, or gone on, long ago, or that nothing will ever end."""

    def before(age: timedelta) -> datetime:
        return look.now - age - SLACK

    rows = look.rows(
        select(Message.id, Message.state).where(
            look.texts,
            or_(
                and_(Message.state == State.QUEUED, Message.not_before < before(_DAY)),
                and_(Message.state == State.HELD, Message.held_until < before(_DAY)),
                and_(Message.state == State.CLAIMED, Message.lease_until < before(_DAY)),
                and_(Message.state == State.SUBMITTING, Message.submit_deadline < look.now - SLACK),
                and_(Message.state == State.UNKNOWN, Message.submitted_at < before(_DAY)),
                _has_no_end(),
            ),
        )
    )
    for row in rows:
        yield Found(row.id, f"Text {row.id} is {row.state} for more than a day, or for ever.")


def _has_no_end() -> ColumnElement[bool]:
    """Match texts without the time at which their state ends: no sweep ever sees them."""
    m = Message
    return or_(
        and_(m.state == State.CLAIMED, m.lease_until.is_(None)),
        and_(m.state == State.SUBMITTING, m.submit_deadline.is_(None)),
        and_(m.state == State.UNKNOWN, m.submitted_at.is_(None)),
        and_(m.state == State.HELD, m.held_until.is_(None), m.reason_code.not_in(_MAY_LAST)),
    )


def waits_for_nothing(look: Look) -> Iterable[Found]:
    """Find held texts that nothing will ever release."""
    earlier = aliased(Message)
    rows = look.rows(
        select(Message.id, Message.reason_code)
        .outerjoin(Campaign, Campaign.id == Message.campaign_id)
        .outerjoin(
            earlier,
            and_(
                earlier.campaign_id == Message.campaign_id,
                earlier.text_id == Message.text_id,
                earlier.part == Message.part - 1,
            ),
        )
        .where(
            look.texts,
            Message.state == State.HELD,
            Message.held_until.is_(None),
            or_(
                and_(
                    Message.reason_code == WAITS_FOR_PART,
                    earlier.state.in_(ACCEPTED_FAMILY | _UNSENT_ENDS),
                ),
                and_(
                    Message.reason_code == CAMPAIGN_PAUSED,
                    Campaign.state != CampaignState.PAUSED,
                ),
            ),
        )
    )
    for row in rows:
        yield Found(row.id, f"Text {row.id} is held ({row.reason_code}) though nothing holds it.")


def ends_without_reason(look: Look) -> Iterable[Found]:
    """Find texts that are kept back or did not go and don't say why."""
    rows = look.rows(
        select(Message.id, Message.state).where(
            look.texts,
            Message.state.in_({State.HELD, *_UNSENT_ENDS}),
            Message.reason_code.is_(None),
        )
    )
    for row in rows:
        yield Found(row.id, f"Text {row.id} is {row.state} without a reason.")


def name_without_acceptance(look: Look) -> Iterable[Found]:
    """Find texts the carrier has named that don't stand as accepted, and the reverse."""
    is_accepted = Message.state.in_(ACCEPTED_FAMILY)
    rows = look.rows(
        select(Message.id, Message.state, Message.sid).where(
            look.texts,
            or_(
                and_(Message.sid.is_not(None), ~is_accepted),
                and_(Message.sid.is_(None), is_accepted),
            ),
        )
    )
    for row in rows:
        has = f"the carrier calls it {row.sid}" if row.sid else "the carrier has no name for it"
        yield Found(row.id, f"Text {row.id} is {row.state}, yet {has}.")


def attempt_says_accepted(look: Look) -> Iterable[Found]:
    """Find texts that an attempt of theirs says the carrier took, and that stand as if it had not.

    What waits to be handed over again is waits_after_a_try's to find.
    """
    rows = look.rows(
        select(Message.id, Message.state, MessageAttempt.attempt)
        .join(MessageAttempt, MessageAttempt.message_id == Message.id)
        .where(
            look.texts,
            Message.state.not_in(ACCEPTED_FAMILY | CANCELABLE),
            or_(MessageAttempt.verdict == Verdict.ACCEPTED.value, MessageAttempt.sid.is_not(None)),
        )
    )
    for row in rows:
        yield Found(row.id, f"Text {row.id} is {row.state}; try {row.attempt} says it was taken.")


def step_unrecorded(look: Look) -> Iterable[Found]:
    """Find texts in a state that no step of theirs led to."""
    step = (
        select(MessageEvent.id)
        .where(MessageEvent.message_id == Message.id, MessageEvent.state == Message.state)
        .exists()
    )
    rows = look.rows(
        select(Message.id, Message.state).where(
            look.texts, Message.state.not_in(_UNRECORDED), ~step
        )
    )
    for row in rows:
        yield Found(row.id, f"Text {row.id} is {row.state}, and no recorded step says so.")


def words_changed(look: Look) -> Iterable[Found]:
    """Find waiting texts whose words are no longer those that were confirmed."""
    waiting = db.session.execute(
        select(Message.id, Message.body, Message.body_hash)
        .where(look.texts, Message.state.in_(CANCELABLE))
        .execution_options(yield_per=_STREAMED)
    )
    changed = (row.id for row in waiting if not _is_hash_of(row.body_hash, row.body))
    for id_ in islice(changed, MOST):
        yield Found(id_, f"Text {id_} does not say what was confirmed.")


def _is_hash_of(digest: str, body: str) -> bool:
    return hashlib.sha256(body.encode()).hexdigest() == digest


_DOUBLE = (
    "Pause the account, compare the text with the carrier's own log, and tell the person if it "
    "arrived twice. Call support with the two names."
)
_AGAIN = (
    "Cancel the text before it leaves, and find in the carrier's own log whether it has gone "
    "already."
)
_STUCK = (
    "See that a worker and the scheduler run and that the carrier can be reached. If they do, "
    "cancel the text or call support."
)
_CHANGED = "Somebody or something changed the row by hand. Compare it with the carrier's log."

CHECKS: Final = (
    Check(Invariant.I1, two_names, _DOUBLE),
    Check(Invariant.I1, two_names_reported, _DOUBLE),
    Check(Invariant.I1, one_name_for_two, _DOUBLE),
    Check(Invariant.I1, handed_over_again, _DOUBLE),
    Check(Invariant.I1, waits_after_a_try, _AGAIN),
    Check(Invariant.I1, attempts_uncounted, _CHANGED),
    Check(Invariant.I2, never_ends, _STUCK),
    Check(Invariant.I2, waits_for_nothing, "Pause and resume the campaign, or cancel the text."),
    Check(Invariant.I2, ends_without_reason, _CHANGED),
    Check(Invariant.I2, name_without_acceptance, _CHANGED),
    Check(Invariant.I2, attempt_says_accepted, _CHANGED),
    Check(Invariant.I2, step_unrecorded, _CHANGED),
    Check(Invariant.I6, words_changed, "Cancel the text before it leaves, and send it anew."),
)
