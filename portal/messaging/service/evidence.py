"""Positive evidence: the carrier has a text. It is applied whatever else is believed.

It comes as the answer to our request, as a signed callback, or from the carrier's own list.
What it does to a text is a rule (`rules.proofs`): any order and any number of repeats end
the same (I10).
"""

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final, cast
from uuid import UUID, uuid4

from sqlalchemy import Table, and_, bindparam, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from portal.billing import service as billing
from portal.contacts import queries as contacts
from portal.core import clock, jobs
from portal.core.among import among
from portal.core.db import Last, before_commit, db, is_sqlite
from portal.core.jobs import Job, Lane
from portal.core.many_rows import insert_rows, update_each
from portal.core.tenancy import Tenant
from portal.gateways.sms import Verdict
from portal.messaging.models import FirstNotice, Message, MessageAttempt, MessageEvent
from portal.messaging.rules.proofs import Effect, Evidence, Known, Source, merge
from portal.messaging.rules.stages import Standing, standing
from portal.messaging.service import outbox, system, team_notices, trouble
from portal.messaging.service.counting import Tally
from portal.messaging.values import CANCELABLE, Kind, State, Timing
from portal.people import queries as people

logger = logging.getLogger(__name__)

_MESSAGES = cast(Table, Message.__table__)
_ATTEMPTS = cast(Table, MessageAttempt.__table__)
_EVENTS = cast(Table, MessageEvent.__table__)

__all__ = ["Effect", "Evidence", "Source", "apply", "apply_many", "lock"]


@dataclass(slots=True)
class Seen:
    """A text as it was locked, kept up to date while a batch of proofs is applied."""

    id: UUID
    account_id: UUID
    state: State
    sid: str | None
    sid_source: str | None
    error_code: int | None
    attempt: int
    credits: int
    e164: str | None
    from_e164: str | None
    contact_id: UUID | None
    recipient_name: str
    text_id: UUID
    part: int
    parts: int
    is_first: bool
    created_at: datetime
    organization_id: UUID
    kind: Kind
    campaign_id: UUID | None
    segments: int
    day: date | None
    created_by: UUID | None
    consent_record_id: UUID | None
    submitted_at: datetime | None

    @property
    def standing(self) -> Standing:
        """Return what reports count it as."""
        return standing(self.state, self.error_code)

    @property
    def known(self) -> Known:
        """Return what the rules need to know of it."""
        return Known(self.state, self.sid, self.sid_source, self.error_code)

    def learn(self, known: Known) -> None:
        """Become what is known now."""
        self.state, self.error_code = known.state, known.error_code
        self.sid, self.sid_source = known.sid, known.sid_source


_SEEN: Final = tuple(_MESSAGES.c[name] for name in Seen.__dataclass_fields__)
# Made once: building a statement costs more than asking it, and every text asks these.
_RAISE: Final = (
    update(_MESSAGES)
    .where(_MESSAGES.c.id == bindparam("this"))
    .values(
        state=bindparam("state_"),
        sid=bindparam("sid_"),
        sid_source=bindparam("source_"),
        error_code=bindparam("error_"),
        reason_code=None,
        reason=None,
        held_until=None,
        owner=None,
        lease_until=None,
        next_check_at=None,
        changed_at=bindparam("now"),
    )
)
_END_ATTEMPT: Final = (
    update(_ATTEMPTS)
    .where(_ATTEMPTS.c.message_id == bindparam("this"), _ATTEMPTS.c.attempt == bindparam("which"))
    .values(verdict="accepted", sid=bindparam("name"), ended_at=bindparam("now"))
)
_LOCKED: Final = (
    select(*_SEEN)
    .where(
        or_(
            among(_MESSAGES.c.id, "texts"),
            among(_MESSAGES.c.sid, "sids"),
        )
    )
    .order_by(_MESSAGES.c.id)
    .with_for_update()
)


def apply(proof: Evidence) -> Effect:
    """Raise one text to what the evidence proves; charge it at the first proof."""
    return apply_many([proof])[0]


def apply_many(proofs: Sequence[Evidence]) -> list[Effect]:
    """Apply proofs of as many texts in few statements, each as apply() would.

    One proof for each text: two of them for one text go in two calls.
    """
    if not proofs:
        return []
    by_id, by_sid = _locked(proofs)
    raised: list[tuple[Seen, Evidence]] = []  # each text as it becomes, with its proof
    proven: list[tuple[Seen, Evidence]] = []  # those proven for the first time
    named: list[tuple[Seen, Evidence]] = []  # those that bear another name than before
    unsent: list[Seen] = []  # those that had never left, as far as we knew
    effects = []
    tally = Tally()
    for proof in proofs:
        text = by_id.get(proof.message_id)
        before = text.sid if text is not None else None
        was_proven = text is not None and text.known.is_proven
        had_not_left = text is not None and _had_not_left(text, proof)
        was = text.standing if text is not None else None
        effect = Effect.NO_ROW if text is None else _take_in(proof, text, by_sid)
        effects.append(effect)
        if text is not None and effect is Effect.APPLIED:
            raised.append((text, proof))
            if was is not None:
                tally.move(text, was, text.standing)
            if text.sid != before:
                named.append((text, proof))
            if not was_proven:
                proven.append((text, proof))
            if had_not_left and not was_proven:
                unsent.append(text)
    _write(raised)
    tally.keep()
    _note_attempts(named)
    _follow_first_proofs(proven)
    for text in unsent:  # a backup was restored (I14)
        trouble.evidence_of_the_unsent(text.organization_id, text.id, text.created_at)
    return effects


def lock(proofs: Sequence[Evidence]) -> None:
    """Lock all that these may touch, for who applies them one after the other (RULINGS 6)."""
    _locked(proofs)


def _locked(proofs: Sequence[Evidence]) -> tuple[dict[UUID, Seen], dict[str, Seen]]:
    """Lock the texts that are meant, and those that hold the names given."""
    rows = db.session.execute(
        _LOCKED, {"texts": [p.message_id for p in proofs], "sids": [p.sid for p in proofs]}
    )
    seen = [Seen(*row) for row in rows]
    return {s.id: s for s in seen}, {s.sid: s for s in seen if s.sid is not None}


def _take_in(proof: Evidence, text: Seen, by_sid: dict[str, Seen]) -> Effect:
    """Let a text become what a proof makes of it; raise the alarm where two contradict."""
    other = by_sid.get(proof.sid)
    if other is not None and other.id != text.id and not _displaces(proof, other):
        return Effect.TAKEN
    effect, known = merge(text.known, proof)
    if effect is Effect.DOUBLE:
        trouble.double_text(
            text.organization_id,
            text.account_id,
            text.id,
            first=text.sid or "",
            second=proof.sid,
        )
    if effect is Effect.APPLIED:
        if text.sid is not None:
            del by_sid[text.sid]  # where it was a wrong guess, the name is free again
        by_sid[proof.sid] = text
        text.learn(known)
    return effect


def _had_not_left(text: Seen, proof: Evidence) -> bool:
    """Say whether a text is proven that was, to our knowledge, never in the carrier's hands."""
    return text.state in CANCELABLE or text.attempt < (proof.attempt or 1)


def _displaces(proof: Evidence, other: Seen) -> bool:
    """Take a SID from a text that only a list had given it to; say whether that was so."""
    if other.sid_source != Source.LIST or proof.source is Source.LIST:
        logger.error("SID %s is claimed by two texts", proof.sid)
        return False
    now = clock.utcnow()
    outbox.move(
        and_(Message.id == other.id, Message.sid == proof.sid),
        State.UNKNOWN,
        cause="displaced",
        was=other.standing,
        # One that never left would never be looked for, nor given up (I2).
        submitted_at=func.coalesce(Message.submitted_at, now),
        sid=None,
        sid_source=None,
        error_code=None,
        next_check_at=now + timedelta(seconds=30),
    )
    db.session.execute(
        update(MessageAttempt)
        .where(MessageAttempt.message_id == other.id, MessageAttempt.sid == proof.sid)
        .values(verdict=Verdict.UNKNOWN, sid=None)
        .execution_options(synchronize_session=False)
    )
    other.state, other.sid, other.sid_source = State.UNKNOWN, None, None
    return True


def _write(raised: Sequence[tuple[Seen, Evidence]]) -> None:
    """Write the texts as they have become, with one event each."""
    if not raised:
        return
    now = clock.utcnow()
    update_each(
        _RAISE,
        [
            {
                "now": now,
                "this": text.id,
                "state_": text.state,
                "sid_": text.sid,
                "source_": text.sid_source,
                "error_": text.error_code,
            }
            for text, _ in raised
        ],
    )
    insert_rows(
        _EVENTS,
        (
            {
                "id": uuid4(),
                "message_id": text.id,
                "at": now,
                "state": text.state,
                "cause": proof.source,
                "facts": {"error": proof.error_code} if proof.error_code else None,
            }
            for text, proof in raised
        ),
    )


def _follow_first_proofs(proven: Sequence[tuple[Seen, Evidence]]) -> None:
    """Do once what follows from a text's having left: charge, next part, notice."""
    if not proven:
        return
    for text, _ in proven:
        if text.part < text.parts:
            outbox.release_next_part(text.text_id, text.part)
            jobs.request(Job.DRAIN, text.account_id, lane=Lane.TEXTS)
    _queue_first_notices([text for text, _ in proven if text.is_first])
    _charge([text for text, _ in proven if text.credits])


def _note_attempts(named: Sequence[tuple[Seen, Evidence]]) -> None:
    """Let the attempt that a proof is about bear the name its text bears."""
    now = clock.utcnow()
    ended = [
        {"this": text.id, "which": proof.attempt, "name": proof.sid, "now": now}
        for text, proof in named
        if proof.attempt is not None
    ]
    if ended:
        update_each(_END_ATTEMPT, ended)


def _charge(texts: Sequence[Seen]) -> None:
    """Charge what has left, at the end of the unit of work."""
    by_account: dict[UUID, list[UUID]] = defaultdict(list)
    for text in texts:
        by_account[text.account_id].append(text.id)
    for account_id, ids in by_account.items():
        before_commit(Last.CREDITS, account_id, partial(_charge_account, account_id, ids))


def _charge_account(account_id: UUID, ids: Sequence[UUID]) -> None:
    """Charge an account; the house pays where the credits were given back (PROMISES 2.4)."""
    if billing.capture_many(account_id, ids) == len(ids):
        return
    for id_ in ids:
        if billing.late_capture(account_id, id_):
            logger.warning("proof of text %s came after its credits were given back", id_)


def _queue_first_notices(texts: Sequence[Seen]) -> None:
    """Queue the one free notice after the first text to a number from an account (S-3).

    It keeps the hours of the text it follows, so that it comes right after it.
    """
    if not texts:
        return
    notice_ids = {(text.account_id, text.e164): uuid4() for text in texts}
    now = clock.utcnow()
    accounts_here = {text.account_id for text in texts}
    team_due = {id_: team_notices.due_at(id_, now) for id_ in accounts_here}
    insert_ = (sqlite if is_sqlite() else postgresql).insert(FirstNotice)
    new = db.session.scalars(
        insert_.values(
            [
                {
                    "account_id": text.account_id,
                    "e164": text.e164,
                    "organization_id": text.organization_id,
                    "message_id": notice_ids[text.account_id, text.e164],
                    "created_at": now,
                    "team_due_at": team_due[text.account_id],
                }
                for text in {(t.account_id, t.e164): t for t in texts}.values()
            ]
        )
        .on_conflict_do_nothing()
        .returning(FirstNotice.message_id)
    )
    fresh = set(new)
    for text in texts:
        notice_id = notice_ids[text.account_id, text.e164]
        if notice_id not in fresh or text.e164 is None:
            continue
        fresh.discard(notice_id)
        tenant = Tenant(text.organization_id, text.account_id)
        person = contacts.by_numbers(tenant, [text.e164]).get(text.e164)
        wording = people.organization_settings(text.organization_id)
        system.queue_text(
            tenant,
            text.e164,
            wording.first_notice(person.language if person else None),
            purpose=system.FIRST_NOTICE,
            message_id=notice_id,
            from_e164=text.from_e164,
            contact_id=text.contact_id,
            name=text.recipient_name,
            timing=Timing.BY_HAND if text.kind is Kind.ONE_TO_ONE else Timing.AUTOMATED,
        )
