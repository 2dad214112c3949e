"""Legal holds (C-10): one person sets, two release."""

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, update

from portal.contacts.rules.numbers import read
from portal.core import audit
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.errors import BadInput, NotFound
from portal.retention.errors import Held, SamePerson
from portal.retention.models import LegalHold


def set_hold(organization_id: UUID, number: str, *, reason: str, actor: Actor) -> UUID:
    """Hold everything about a number, or about all when it is empty. Raises BadInput."""
    e164 = None
    if number.strip():
        reading = read(number)
        if reading.e164 is None:
            raise BadInput(f"{reading.why} Write it with its area code, or leave it empty for all.")
        e164 = reading.e164
    hold = LegalHold(
        id=uuid4(), organization_id=organization_id, e164=e164, reason=reason, set_by=actor.label
    )
    db.session.add(hold)
    _record("set", hold, actor, reason=reason, phone=e164)
    return hold.id


def ask_release(organization_id: UUID, hold_id: UUID, *, reason: str, actor: Actor) -> None:
    """Ask that a hold be released; another person must agree. Raises Held when one asked before."""
    hold = _standing(organization_id, hold_id)
    moved = db.session.scalar(
        update(LegalHold)
        .where(LegalHold.id == hold.id, LegalHold.release_asked_at.is_(None))
        .values(
            release_reason=reason,
            release_asked_by_id=actor.id,
            release_asked_by=actor.label,
            release_asked_at=utcnow(),
        )
        .returning(LegalHold.id)
    )
    if moved is None:
        raise Held("Somebody asked for this release already. Another person must agree to it.")
    _record("ask_release", hold, actor, reason=reason)


def release(organization_id: UUID, hold_id: UUID, *, actor: Actor) -> None:
    """Agree to a release. Raises Held while nobody asked, SamePerson for who asked."""
    hold = _standing(organization_id, hold_id)
    if hold.release_asked_at is None:
        raise Held("Nobody asked for this release yet.")
    if actor.id is None or hold.release_asked_by_id == actor.id:
        raise SamePerson("You asked for this release. Another person must agree to it.")
    moved = db.session.scalar(
        update(LegalHold)
        .where(LegalHold.id == hold.id, LegalHold.released_at.is_(None))
        .values(released_by=actor.label, released_at=utcnow())
        .returning(LegalHold.id)
    )
    if moved is not None:
        _record("release", hold, actor, asked_by=hold.release_asked_by)


def _standing(organization_id: UUID, hold_id: UUID) -> LegalHold:
    hold = db.session.scalars(
        select(LegalHold).where(
            LegalHold.organization_id == organization_id,
            LegalHold.id == hold_id,
            LegalHold.released_at.is_(None),
        )
    ).one_or_none()
    if hold is None:
        raise NotFound("We can't find that hold, or it was released.")
    return hold


def _record(verb: str, hold: LegalHold, actor: Actor, **facts: Any) -> None:
    audit.record(
        f"retention:hold:{verb}",
        actor=actor,
        organization_id=hold.organization_id,
        subject_id=hold.id,
        **facts,
    )
