"""Taking personal data out of consent records, with what proves them kept (C-10).

What is kept: the number, that and when it agreed or refused, the disclosure it was shown, the
state of the checkbox, form and version, and every hash. Law asks for it at least 5 years, and
an opt-out can't be honored without its number.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, func, select

from portal.consent.models import ConsentRecord, ConsentWord, RevocationHold
from portal.consent.service import evidence
from portal.consent.values import Event, Evidence
from portal.core.clock import utcnow
from portal.core.db import after_commit, db
from portal.core.erasing import wipe

_EMPTY: Final = {
    "name": "",
    "name_key": "",
    "email": "",
    "postal_address": "",
    "ip_address": "",
    "method_details": "",
    "user_agent": "",
    "idempotency_key": None,
    "evidence_name": None,
    "evidence_file_name": None,
}


def redact_number(organization_id: UUID, e164: str, *, before: datetime, is_dry: bool) -> int:
    """Redact every record of a number that was kept by then; return how many."""
    r, h = ConsentRecord, RevocationHold
    said = and_(h.organization_id == organization_id, h.e164 == e164, h.held_at <= before)
    wipe(h, and_(said, h.words != ""), {"words": "", "reason": ""}, is_dry=is_dry)
    return _redact(
        and_(r.organization_id == organization_id, r.e164 == e164, r.recorded_at <= before),
        is_dry=is_dry,
    )


def redact_records(organization_id: UUID, ids: Iterable[UUID]) -> int:
    """Redact these records; return how many were not yet."""
    r = ConsentRecord
    return _redact(and_(r.organization_id == organization_id, r.id.in_(list(ids))), is_dry=False)


def due_records(
    organization_id: UUID, *, before: datetime, opt_outs: bool, after: UUID | None, limit: int
) -> list[tuple[UUID, str]]:
    """Return records whose number has been silent since then, by id; texts are not looked at.

    With `opt_outs` those of opt-outs, else all others. A newer record of the number, whatever
    it says, keeps the older ones.
    """
    r = ConsentRecord
    newer = (
        select(func.max(r.recorded_at))
        .where(r.organization_id == organization_id)
        .group_by(r.e164)
        .having(func.max(r.recorded_at) < before)
        .with_only_columns(r.e164)
    )
    is_opt_out = r.event == Event.OPTED_OUT
    found = (
        select(r.id, r.e164)
        .where(
            r.organization_id == organization_id,
            r.redacted_at.is_(None),
            is_opt_out if opt_outs else ~is_opt_out,
            r.e164.in_(newer),
        )
        .order_by(r.id)
        .limit(limit)
    )
    if after is not None:
        found = found.where(r.id > after)
    return [(row.id, row.e164) for row in db.session.execute(found)]


def subjects_of(organization_id: UUID, e164: str) -> list[UUID]:
    """Return what a number's entries in the audit log are about."""
    return [
        id_
        for model in (ConsentRecord, RevocationHold)
        for id_ in db.session.scalars(
            select(model.id).where(model.organization_id == organization_id, model.e164 == e164)
        )
    ]


def imports_of(organization_id: UUID, e164: str) -> list[UUID]:
    """Return the imports that brought records of a number."""
    r = ConsentRecord
    return [
        id_
        for id_ in db.session.scalars(
            select(r.import_id)
            .where(r.organization_id == organization_id, r.e164 == e164)
            .distinct()
        )
        if id_ is not None
    ]


def _redact(condition: ColumnElement[bool], *, is_dry: bool) -> int:
    r = ConsentRecord
    open_ = and_(condition, r.redacted_at.is_(None))
    if not is_dry:
        names = list(
            db.session.scalars(
                select(r.evidence_name).where(open_, r.evidence_name.is_not(None)).distinct()
            )
        )
        gone = select(r.id).where(open_)  # the words it was found by
        db.session.execute(delete(ConsentWord).where(ConsentWord.record_id.in_(gone)))
    count = wipe(r, open_, {**_EMPTY, "redacted_at": utcnow()}, is_dry=is_dry)
    if not is_dry and names:
        # One file may be behind many records: it goes with the last of them. A form's own page is
        # about nobody, and what is signed up for next rests on it.
        shared = set(
            db.session.scalars(select(r.evidence_name).where(r.evidence_name.in_(names)).distinct())
        )
        for name in names:
            if name is not None and name not in shared and not evidence.is_published(name):
                after_commit(partial(evidence.remove, Evidence(name, "", "", "")))
    return count
