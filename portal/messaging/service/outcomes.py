"""T3: what the carrier answered is written down (PROMISES 2.3, 2.5).

Positive evidence is applied whatever the fence says. Everything else only touches a row
that is still this very attempt's: a worker that slept too long changes nothing.
"""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select, update

from portal.core import clock
from portal.core.db import database_now, db
from portal.core.tenancy import Tenant
from portal.gateways.sms import Outcome, Verdict
from portal.messaging.models import Message, MessageAttempt
from portal.messaging.queries.errors import error_meaning
from portal.messaging.service import evidence, lessons, outbox, trouble
from portal.messaging.service.evidence import Evidence, Source
from portal.messaging.service.gate import Submission
from portal.messaging.service.lessons import Lesson
from portal.messaging.values import State
from portal.numbers import queries as numbers
from portal.numbers import service as number_service

MOST_ATTEMPTS: Final = 5
_BACK_OFF_S: Final = (1.0, 5.0, 30.0, 120.0, 300.0)
FIRST_CHECK: Final = timedelta(seconds=30)
NUMBER_PAUSE_S: Final = 2.0  # after a 429 that names no time


def record(submission: Submission, outcome: Outcome) -> None:
    """Write one outcome down. Safe to do again: the second time finds nothing to do."""
    record_many([(submission, outcome)])


def record_many(answers: Sequence[tuple[Submission, Outcome]]) -> None:
    """Write down what has come back, in one transaction; each is judged for itself."""
    lessons.lock(taught(answers))  # before any text
    is_mixed = any(o.verdict is not Verdict.ACCEPTED for _, o in answers)
    ours = _still_ours([s for s, _ in answers]) if is_mixed else {}
    evidence.apply_many(
        [
            Evidence(s.message_id, o.sid, Source.HTTP, attempt=s.attempt)
            for s, o in answers
            if o.verdict is Verdict.ACCEPTED and o.sid is not None
        ]
    )
    for submission, outcome in answers:
        if outcome.verdict is not Verdict.ACCEPTED and submission.message_id in ours:
            _record_no(submission, outcome, ours[submission.message_id])


def taught(answers: Sequence[tuple[Submission, Outcome]]) -> list[Lesson]:
    """Return what refusals may teach beyond their texts."""
    return [
        Lesson(
            Tenant(s.organization_id, s.account_id),
            s.e164,
            o.code,
            stops_account=o.is_account_trouble,
        )
        for s, o in answers
        if o.verdict is Verdict.REJECTED
    ]


def _record_no(submission: Submission, outcome: Outcome, submitted_at: datetime | None) -> None:
    """Write down that a text was not accepted, or that nobody can say."""
    _note_attempt(submission, outcome)
    if outcome.verdict is Verdict.NOT_SENT:
        _try_again(submission, outcome)
    elif outcome.verdict is Verdict.REJECTED and outcome.is_account_trouble:
        _wait_for_the_account(submission, outcome)
    elif outcome.verdict is Verdict.REJECTED:
        _refuse(submission, outcome, submitted_at)
    else:
        outbox.move(
            _row(submission),
            State.UNKNOWN,
            cause="carrier",
            facts={"detail": outcome.detail[:200]},
            next_check_at=database_now() + FIRST_CHECK,
        )


def _try_again(submission: Submission, outcome: Outcome) -> None:
    """Queue the same row again: it is proven that the carrier did nothing (RULINGS 11)."""
    if submission.attempt >= MOST_ATTEMPTS:
        outbox.end_unsent(
            _row(submission),
            State.EXPIRED,
            cause="carrier",
            code="carrier_unreachable",
            sentence="The carrier could not be reached. Nothing was sent or charged.",
        )
        return
    pause = max(_BACK_OFF_S[submission.attempt - 1], outcome.retry_after_s or 0.0)
    pause *= random.uniform(1.0, 1.25)  # noqa: S311 (jitter, not a secret)
    again_at = database_now() + timedelta(seconds=pause)
    outbox.move(
        _row(submission),
        State.QUEUED,
        cause="not_sent",
        facts={"detail": outcome.detail[:200], "attempt": submission.attempt},
        not_before=again_at,
        owner=None,
        lease_until=None,
    )
    if outcome.status == 429:
        sender = numbers.sender_by_e164(
            submission.organization_id, submission.outgoing.from_number or ""
        )
        if sender is not None:
            # The number waits as long as the carrier asks, not as long as this row backs off.
            quiet = timedelta(seconds=outcome.retry_after_s or NUMBER_PAUSE_S)
            number_service.hold_back(sender.id, clock.utcnow() + quiet)


def _wait_for_the_account(submission: Submission, outcome: Outcome) -> None:
    """Put the text back: the carrier refuses the account, not this text (PROMISES 2.4)."""
    outbox.hold(
        _row(submission),
        "account_suspended" if outcome.code in trouble.SUSPENDED_CODES else "account_inactive",
        "The carrier does not take texts from this account now.",
        until=None,
        cause="carrier",
    )
    trouble.account_refused(submission.account_id, outcome.code, outcome.detail)


def _refuse(submission: Submission, outcome: Outcome, submitted_at: datetime | None) -> None:
    meaning = error_meaning(outcome.code)
    outbox.end_unsent(
        _row(submission),
        State.REJECTED,
        cause="carrier",
        code="carrier_refused",
        sentence=meaning.meaning if meaning else outcome.detail[:500],
        error_code=outcome.code,
    )
    tenant = Tenant(submission.organization_id, submission.account_id)
    lessons.note_number(Lesson(tenant, submission.e164, outcome.code, at=submitted_at))


def _still_ours(submissions: Sequence[Submission]) -> dict[UUID, datetime | None]:
    """Lock the texts in one order (RULINGS 6); return those that still are this very attempt's.

    Each with when it was submitted.
    """
    rows = db.session.execute(
        select(Message.id, Message.submitted_at, Message.state, Message.epoch, Message.attempt)
        .where(Message.id.in_([s.message_id for s in submissions]))
        .order_by(Message.id)
        .with_for_update()
    )
    fences = {s.message_id: (State.SUBMITTING, s.epoch, s.attempt) for s in submissions}
    return {id_: at for id_, at, *fence in rows if tuple(fence) == fences[id_]}


def _row(submission: Submission) -> ColumnElement[bool]:
    return and_(
        Message.id == submission.message_id,
        Message.state == State.SUBMITTING,
        Message.epoch == submission.epoch,
        Message.attempt == submission.attempt,
    )


def _note_attempt(submission: Submission, outcome: Outcome) -> None:
    db.session.execute(
        update(MessageAttempt)
        .where(
            MessageAttempt.message_id == submission.message_id,
            MessageAttempt.attempt == submission.attempt,
        )
        .values(
            verdict=outcome.verdict.value,
            sid=outcome.sid,
            code=outcome.code,
            detail=outcome.detail[:300],
            ended_at=clock.utcnow(),
        )
        .execution_options(synchronize_session=False)
    )
