"""Puts what the carrier's list holds beside our own records, in both directions (PROMISES 2.4).

A listed text carries none of our names: only to whom, from where, which words and when. So it
is placed with the one row it can be; what no row accounts for, nobody here sent.
"""

import hashlib
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from portal.core import audit, clock
from portal.core.audit import SYSTEM
from portal.core.db import db, is_sqlite
from portal.core.tenancy import Tenant
from portal.gateways.sms import Listed
from portal.messaging.models import InboundText, Message, StrayText
from portal.messaging.rules.proofs import RANK
from portal.messaging.service import evidence, fence, inbound, lessons
from portal.messaging.service.evidence import Effect, Evidence, Source
from portal.messaging.service.incoming import Incoming, Received
from portal.messaging.service.lessons import Lesson
from portal.messaging.service.statuses import STATES
from portal.messaging.values import (
    ACCEPTED_FAMILY,
    CANCELABLE,
    IN_DOUBT,
    FenceCause,
    Kind,
    MediaRef,
    State,
)

logger = logging.getLogger(__name__)

# What a portal's own texts are called; the carrier's own keyword answers are "outbound-reply".
OUTBOUND: Final = frozenset({"outbound-api", "outbound"})
BEFORE: Final = timedelta(minutes=2)
AFTER: Final = timedelta(minutes=15)
SETTLES_IN: Final = timedelta(minutes=15)  # a younger text may still be on its way into a row
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A row without a name, and what a listed text is held against."""

    id: UUID
    account_id: UUID
    e164: str
    from_e164: str | None
    body: str
    kind: Kind
    state: State
    attempt: int
    created_at: datetime
    submitted_at: datetime | None

    @property
    def likelihood(self) -> int:
        """Return how likely an unnamed text is this one: the lower, the likelier."""
        if self.state in IN_DOUBT:
            return 0
        return 1 if self.state in CANCELABLE else 2


_ROW: Final = tuple(getattr(Message, name) for name in _Candidate.__dataclass_fields__)


def place(organization_id: UUID, listed: Sequence[Listed]) -> int:
    """Accept texts of ours that the list proves; return how many.

    What follows from them (a notice, the next part) may be on the list too: call it again
    until it returns 0.
    """
    found: list[tuple[Evidence, Lesson]] = []
    texts = sorted(unaccounted(organization_id, listed), key=_age)
    for chunk in _chunks(texts):
        rows = _candidates(organization_id, {text.to for text in chunk})
        for text in chunk:
            row = _take_fitting(rows[text.to, text.body.strip()], text)
            if row is not None:
                tenant = Tenant(organization_id, row.account_id)
                attempt, at = row.attempt or None, text.date_created
                found.append(proven(text, row.id, tenant, row.e164, attempt=attempt, at=at))
    return _apply(found)


def proven(
    text: Listed,
    message_id: UUID,
    tenant: Tenant,
    e164: str,
    *,
    attempt: int | None = None,
    at: datetime | None,
) -> tuple[Evidence, Lesson]:
    """Return what a listed text proves of a row, and what its error code teaches of that time."""
    state = STATES.get(text.status, State.ACCEPTED)
    proof = Evidence(message_id, text.sid, Source.LIST, state, text.error_code, attempt)
    return proof, Lesson(tenant, e164, text.error_code, at=at)


def unaccounted(organization_id: UUID, listed: Iterable[Listed]) -> list[Listed]:
    """Return the listed texts of ours that no row is named after."""
    ours = [text for text in listed if text.direction in OUTBOUND]
    known = _known(Message.sid, ours, Message.organization_id == organization_id)
    return [text for text in ours if text.sid not in known]


def refresh(organization_id: UUID, listed: Sequence[Listed]) -> int:
    """Raise texts whose callbacks were lost to what the list says; return how many."""
    raised = 0
    ours = [t for t in listed if t.direction in OUTBOUND and t.status in STATES]
    for chunk in _chunks(ours):
        by_sid = {text.sid: text for text in chunk}
        rows = db.session.execute(
            select(Message.id, Message.account_id, Message.e164, Message.sid, Message.state).where(
                Message.organization_id == organization_id,
                Message.sid.in_(by_sid),
                Message.state.in_((State.ACCEPTED, State.SENT)),
            )
        )
        proofs = [
            proven(text, id_, Tenant(organization_id, account_id), e164 or "", at=text.date_created)
            for id_, account_id, e164, sid, state in rows
            for text in [by_sid[sid or ""]]
            if RANK[STATES[text.status]] > RANK[state]
        ]
        raised += _apply(proofs)
    return raised


def _apply(found: Sequence[tuple[Evidence, Lesson]]) -> int:
    """Apply what a list proves, and learn from it what the callback would have taught (I10)."""
    lessons.lock(lesson for _, lesson in found)
    learned: list[Lesson] = []
    for chunk in _chunks(found):
        effects = evidence.apply_many([proof for proof, _ in chunk])
        learned += [
            lesson
            for (_, lesson), effect in zip(chunk, effects, strict=True)
            if effect is Effect.APPLIED
        ]
    lessons.learn(learned, source="the carrier's list")
    return len(learned)


def note_strays(
    organization_id: UUID, listed: Sequence[Listed], *, until: datetime | None = None
) -> int:
    """Keep what no row accounts for, and stop sending over it; return how many are new.

    A text after `until` may still find its row and is left alone; unless told otherwise that
    is what a quarter of an hour has not passed over. Each is told once, however often the list
    is read. One a row accounts for after all is settled by that.
    """
    _settle_accounted(organization_id)
    now = clock.utcnow()
    latest = max(until or now - SETTLES_IN, now - SETTLES_IN)
    strays = [
        text
        for text in unaccounted(organization_id, listed)
        if text.date_created is not None and text.date_created <= latest
    ]
    new: list[str] = []
    insert = (sqlite if is_sqlite() else postgresql).insert(StrayText)
    for chunk in _chunks(strays):
        rows = [
            {
                "sid": text.sid,
                "organization_id": organization_id,
                "e164": text.to[:16],
                "from_e164": text.from_number[:16] or None,
                "body": text.body,
                "sent_at": text.date_created,
                "found_at": now,
            }
            for text in chunk
        ]
        new += db.session.scalars(
            insert.values(rows).on_conflict_do_nothing().returning(StrayText.sid)
        )
    if new:
        _alarm(organization_id, sorted(new))
    return len(new)


def unheard(listed: Iterable[Listed]) -> list[Listed]:
    """Return the listed texts from people that never reached us, oldest first."""
    received = [text for text in listed if text.direction == "inbound"]
    known = _known(InboundText.sid, received)
    return sorted((text for text in received if text.sid not in known), key=_age)


def hear(organization_id: UUID, text: Listed, files: Sequence[MediaRef] = ()) -> bool:
    """Take a listed text in as its webhook would have been, at the time it was sent (RULINGS 17).

    `files` are those it came with, which the carrier lists apart (S-7).
    """
    received = inbound.receive(
        Incoming(
            organization_id=organization_id,
            sid=text.sid,
            from_number=text.from_number,
            to=text.to,
            body=text.body,
            segments=1,
            media=tuple(files),
            opt_out_type=None,
            payload={"status": text.status},
            source="list",
            sent_at=text.date_created,
            is_undated=text.date_created is None,
        )
    )
    return received is Received.STORED


def _candidates(organization_id: UUID, e164s: set[str]) -> dict[tuple[str, str], list[_Candidate]]:
    """Return rows without a name that a listed text may be, the likeliest first."""
    rows = db.session.execute(
        select(*_ROW)
        .where(
            Message.organization_id == organization_id,
            Message.e164.in_(e164s),
            Message.sid.is_(None),
            Message.part > 0,
            Message.state.not_in(ACCEPTED_FAMILY | {State.REJECTED}),
        )
        .order_by(Message.created_at, Message.position, Message.part)
    )
    found: dict[tuple[str, str], list[_Candidate]] = defaultdict(list)
    for row in sorted((_Candidate(*row) for row in rows), key=lambda row: row.likelihood):
        found[row.e164, row.body.strip()].append(row)
    return found


def _take_fitting(rows: list[_Candidate], text: Listed) -> _Candidate | None:
    """Take the first row the text can be off the list: a row is one text."""
    for place_, row in enumerate(rows):
        if _fits(row, text):
            return rows.pop(place_)
    return None


def _fits(row: _Candidate, text: Listed) -> bool:
    """Say whether number and time agree; the person and the words do."""
    if text.from_number and row.from_e164 not in (None, text.from_number):
        return False
    if text.date_created is None:
        return False
    if row.state in IN_DOUBT and row.submitted_at is not None:
        return row.submitted_at - BEFORE <= text.date_created <= row.submitted_at + AFTER
    if row.kind is Kind.SYSTEM:
        return True  # made anew after a restore, it is younger than the text it stands for
    return row.created_at - BEFORE <= text.date_created


def _settle_accounted(organization_id: UUID) -> None:
    named = select(Message.sid).where(Message.sid == StrayText.sid).exists()
    db.session.execute(
        update(StrayText)
        .where(StrayText.organization_id == organization_id, StrayText.settled_at.is_(None), named)
        .values(settled_at=clock.utcnow())
        .execution_options(synchronize_session=False)
    )


def _alarm(organization_id: UUID, sids: Sequence[str]) -> None:
    logger.critical("%d texts of organization %s are nobody's", len(sids), organization_id)
    digest = hashlib.sha256("".join(sids).encode()).hexdigest()
    if not fence.trip(organization_id, FenceCause.STRAYS):
        fence.tell(
            organization_id,
            "The carrier sent texts nobody here sent",
            dedupe=f"strays:{digest}",
        )
    audit.record(
        "messaging:strays:find",
        actor=SYSTEM,
        organization_id=organization_id,
        count=len(sids),
        sids_sha256=digest,
    )


def _known(column: Any, texts: Sequence[Listed], *where: Any) -> set[str]:
    known: set[str] = set()
    for chunk in _chunks(texts):
        sids = [text.sid for text in chunk]
        known.update(db.session.scalars(select(column).where(column.in_(sids), *where)))
    return known


def _chunks(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]


def _age(text: Listed) -> tuple[float, str]:
    return (text.date_created.timestamp() if text.date_created else 0.0, text.sid)
