"""What finds texts that were left behind, and gives up on them only in writing (PROMISES 2.4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select, tuple_, update

from portal.billing import service as billing
from portal.core.db import Last, before_commit, database_now, db
from portal.core.tenancy import Tenant
from portal.gateways.sms import Listed
from portal.messaging.models import MOVING, Campaign, Message, TrafficStop
from portal.messaging.rules import gates
from portal.messaging.rules.whys import BULK_PAUSED
from portal.messaging.service import evidence, facts, lessons, outbox
from portal.messaging.service.evidence import Effect
from portal.messaging.service.placing import AFTER, BEFORE, OUTBOUND, proven
from portal.messaging.values import CampaignState, State
from portal.texting_accounts import queries as accounts

# When the carrier's list is looked at, counted from the submission.
CHECKS: Final = (
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=4),
    timedelta(hours=12),
    timedelta(hours=24),
)
GIVE_UP_AFTER: Final = timedelta(hours=24)  # ten hours in the carrier's queue, and its list's lag
UNSEEN_AFTER: Final = GIVE_UP_AFTER + timedelta(minutes=30)  # whose list nobody could read
TOLD_AFTER: Final = timedelta(hours=1)  # of a list that can't be read
SETTLED_AFTER: Final = timedelta(hours=72)  # then late callbacks flip no money (PROMISES 2.6)
UNREADABLE_PAUSE: Final = timedelta(minutes=1)
_OF_ACCOUNTS: Final = gates.ACCOUNT_CODES | {BULK_PAUSED}
_BATCH = 200


@dataclass(frozen=True, slots=True)
class Doubt:
    """One text in doubt, and what it takes to know it in the carrier's list."""

    message_id: UUID
    organization_id: UUID
    account_id: UUID
    check_at: datetime
    e164: str
    from_e164: str | None
    body: str
    submitted_at: datetime
    attempt: int


def reap() -> int:
    """Call submissions unknown whose answer is overdue; never queue them again."""
    now = database_now()
    overdue = and_(Message.state == State.SUBMITTING, Message.submit_deadline < now)
    # Found first: what locks in the order of the ids walks through all of them to find any.
    ids = db.session.scalars(select(Message.id).where(MOVING, overdue)).all()
    if not ids:
        return 0
    return len(
        outbox.move(
            and_(Message.id.in_(ids), overdue),
            State.UNKNOWN,
            cause="reaper",
            next_check_at=now + timedelta(seconds=5),
        )
    )


def doubts_due(after: Doubt | None = None, limit: int = 20) -> list[Doubt]:
    """Return some texts in doubt that are to be looked for at the carrier now.

    Those longest due first, and those after a given one.
    """
    m = Message
    wanted = select(m).where(
        MOVING,
        m.state == State.UNKNOWN,
        m.next_check_at <= database_now(),
        m.submitted_at.is_not(None),
        m.e164.is_not(None),
    )
    if after is not None:
        place = tuple_(after.check_at, after.message_id)
        wanted = wanted.where(tuple_(m.next_check_at, m.id) > place)
    rows = db.session.scalars(wanted.order_by(m.next_check_at, m.id).limit(limit)).all()
    return [
        Doubt(
            row.id,
            row.organization_id,
            row.account_id,
            row.next_check_at,
            row.e164,
            row.from_e164,
            row.body,
            row.submitted_at,
            row.attempt,
        )
        for row in rows
        if row.next_check_at and row.e164 and row.submitted_at  # as was asked for
    ]


def settle_doubt(doubt: Doubt, listed: Sequence[Listed]) -> bool:
    """Accept a text in doubt that the carrier's list proves; else look again later.

    Its twins bear the names of other texts: all are locked at once, in the order of the ids.
    """
    tenant = Tenant(doubt.organization_id, doubt.account_id)
    fitting = [
        proven(
            text,
            doubt.message_id,
            tenant,
            doubt.e164,
            attempt=doubt.attempt,
            at=doubt.submitted_at,
        )
        for text in listed
        if _matches(doubt, text)
    ]
    if fitting:
        lessons.lock([lesson for _, lesson in fitting])
        evidence.lock([proof for proof, _ in fitting])
    for proof, lesson in fitting:
        effect = evidence.apply(proof)
        if effect is Effect.APPLIED:  # as its callback would have taught (I10)
            lessons.learn([lesson], source="the carrier's list")
        if effect in (Effect.APPLIED, Effect.KNOWN):
            return True
    _check_later(doubt)
    return False


def postpone(doubt: Doubt) -> bool:
    """Try again in a minute: one account's list that can't be read must not delay another's.

    Says whether that has gone on for so long that people should be told.
    """
    now = database_now()
    db.session.execute(
        update(Message)
        .where(Message.id == doubt.message_id, Message.state == State.UNKNOWN)
        .values(next_check_at=now + UNREADABLE_PAUSE)
        .execution_options(synchronize_session=False)
    )
    return now - doubt.submitted_at >= TOLD_AFTER


def give_up() -> int:
    """End texts without any evidence for a day: shown as unconfirmed, not charged (I2).

    So do those that could not be looked for: a list that can't be read keeps nobody's credits for
    ever. They say so, and late proof lifts either (PROMISES 2.4).
    """
    now = database_now()
    seen = and_(
        Message.state == State.UNKNOWN,
        Message.submitted_at < now - GIVE_UP_AFTER,
        Message.checks >= len(CHECKS),
    )
    unseen = and_(
        Message.state == State.UNKNOWN,
        Message.submitted_at < now - UNSEEN_AFTER,
        Message.checks < len(CHECKS),
        Message.next_check_at > now,  # the look that was due just now failed
    )
    return _end_unconfirmed(
        seen, "no_evidence", "Nobody can say whether this text arrived. It was not charged."
    ) + _end_unconfirmed(
        unseen,
        "no_look",
        "The carrier's records could not be read for a day, so nobody can say whether this text "
        "left. It was not charged.",
    )


def _end_unconfirmed(which: ColumnElement[bool], cause: str, sentence: str) -> int:
    ended = outbox.end_unsent(
        which,
        State.UNCONFIRMED,
        cause=cause,
        code="unconfirmed",
        sentence=sentence,
        next_check_at=None,
    )
    for row in ended:  # charged by a list that was wrong about it (PROMISES 2.4)
        _refund(row.account_id, row.id, "unconfirmed")
    return len(ended)


def to_refund(after: UUID | None = None) -> list[UUID]:
    """Return some texts that failed before the phone, once nothing can change it, not refunded yet.

    By id, those after a given one.
    """
    wanted = select(Message.id).where(*_unrefunded())
    if after is not None:
        wanted = wanted.where(Message.id > after)
    return list(db.session.scalars(wanted.order_by(Message.id).limit(_BATCH)))


def refund_failed(message_ids: Sequence[UUID]) -> int:
    """Give back what those of these texts cost that failed and are not refunded yet."""
    rows = db.session.execute(
        select(Message.id, Message.account_id)
        .where(Message.id.in_(message_ids), *_unrefunded())
        .order_by(Message.id)
        .with_for_update(skip_locked=True)
    ).all()
    for message_id, account_id in rows:
        _refund(account_id, message_id, "failed")
    if rows:
        db.session.execute(
            update(Message)
            .where(Message.id.in_([row.id for row in rows]))
            .values(reason_code="refunded", reason="It failed on the way and was not charged.")
            .execution_options(synchronize_session=False)
        )
    return len(rows)


def _unrefunded() -> tuple[ColumnElement[bool], ...]:
    return (
        Message.state == State.FAILED,
        Message.credits > 0,
        Message.changed_at < database_now() - SETTLED_AFTER,
        Message.reason_code.is_(None),
    )


def _refund(account_id: UUID, message_id: UUID, reason: str) -> None:
    refund = partial(billing.refund, account_id, [message_id], reason=reason)
    before_commit(Last.CREDITS, account_id, refund)


def accounts_held() -> Sequence[UUID]:
    """Return the accounts with texts that wait until the account may send."""
    return db.session.scalars(
        select(Message.account_id)
        .where(MOVING, Message.state == State.HELD, Message.reason_code.in_(_OF_ACCOUNTS))
        .distinct()
    ).all()


def release_mended(account_id: UUID) -> int:
    """Queue again what waited for an account if it may send now (S-11)."""
    account = accounts.account(account_id)
    if account is None or gates.account_gate(facts.of_account(account)) is not None:
        return 0
    mended = _OF_ACCOUNTS if account.bulk_pause is None else gates.ACCOUNT_CODES
    return len(
        outbox.move(
            and_(
                Message.account_id == account_id,
                Message.state == State.HELD,
                Message.reason_code.in_(mended),
            ),
            State.QUEUED,
            cause="mended",
            reason_code=None,
            reason=None,
        )
    )


def release_resumed() -> int:
    """Queue again what a worker held for a pause that ended at that very moment (S-8).

    A worker that finds its campaign paused, or such traffic stopped, holds the text, and a resume that looks for held texts
    before that is written down does not see it. Nothing but this would ever free it.
    """
    running = select(Campaign.id).where(Campaign.state == CampaignState.RUNNING)
    stopped = select(TrafficStop.account_id).where(TrafficStop.lifted_at.is_(None))
    paused, held = gates.CAMPAIGN_PAUSED, gates.TRAFFIC_STOPPED
    resumed = select(Message.id).where(
        MOVING,
        Message.state == State.HELD,
        or_(
            and_(Message.reason_code == paused, Message.campaign_id.in_(running)),
            and_(Message.reason_code == held, Message.account_id.not_in(stopped)),
        ),
    )
    left = db.session.scalars(resumed).all()
    if not left:
        return 0
    freed = outbox.move(
        and_(
            Message.id.in_(left),
            Message.state == State.HELD,
            Message.reason_code.in_((paused, held)),
        ),
        State.QUEUED,
        cause="mended",
        reason_code=None,
        reason=None,
    )
    return len(freed)


def _matches(doubt: Doubt, text: Listed) -> bool:
    """Say whether a listed text can only be this one: to, words and time agree."""
    created = text.date_created
    return (
        text.direction in OUTBOUND
        and text.to == doubt.e164
        and text.body.strip() == doubt.body.strip()
        and (not text.from_number or doubt.from_e164 in (None, text.from_number))
        and created is not None
        and doubt.submitted_at - BEFORE <= created <= doubt.submitted_at + AFTER
    )


def _check_later(doubt: Doubt) -> None:
    """Set the next look; after the last one there is none."""
    now = database_now()
    done = sum(1 for after in CHECKS if doubt.submitted_at + after <= now)
    following = doubt.submitted_at + CHECKS[done] if done < len(CHECKS) else None
    db.session.execute(
        update(Message)
        .where(Message.id == doubt.message_id, Message.state == State.UNKNOWN)
        .values(checks=done, next_check_at=following)
        .execution_options(synchronize_session=False)
    )
