"""What exempts a number from do-not-call lists, as somebody says with evidence (SPEC S-2).

A business relationship is the organization's own, so it holds in every account of it. Nothing
here is changed: it ends by its last day, by an opt-out, or by somebody who says why.
"""

from datetime import date
from typing import Any, Final
from uuid import UUID, uuid4

from portal.contacts import service as contacts
from portal.contacts.rules.cells import tidy
from portal.contacts.rules.numbers import read
from portal.core import audit
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.formats import date_words
from portal.core.tenancy import Tenant, lock
from portal.dnc import queries
from portal.dnc.errors import NoExemption
from portal.dnc.models import DncCheck, DncExemption
from portal.dnc.rules.days import FRESH_DAYS, MONTHS, last_day, last_day_of_check
from portal.dnc.values import Relation

LEAST_WORDS: Final = 5


def record_relationship(
    organization_id: UUID,
    e164: str,
    relation: Relation,
    *,
    happened_on: date,
    evidence: str,
    today: date,
    actor: Actor,
) -> UUID:
    """Write down a transaction or an inquiry; it exempts until its last day.

    `today` is the account's. Raises NoExemption for a day to come or one too long ago.
    """
    e164, evidence = _number(e164), _said(evidence, "evidence: say how it can be shown")
    if happened_on > today:
        raise NoExemption("happened_on: this day is still to come. Enter the day it happened.")
    until = last_day(relation, happened_on)
    if until < today:
        raise NoExemption(
            f"happened_on: this exempts for {MONTHS[relation]} months, which ended on "
            f"{date_words(until)}. Ask for consent in writing."
        )
    contacts.lock_numbers(organization_id, [e164])
    row = DncExemption(
        id=uuid4(),
        organization_id=organization_id,
        e164=e164,
        relation=relation,
        happened_on=happened_on,
        evidence=evidence[:500],
        recorded_at=utcnow(),
        recorded_by_id=actor.id,
        recorded_by=actor.label[:200],
    )
    db.session.add(row)
    _record("exemption:add", organization_id, row.id, actor, phone=e164, relation=relation.value,
            happened_on=happened_on.isoformat(), until=until.isoformat(), evidence=row.evidence)  # fmt: skip
    return row.id


def end_relationship(
    organization_id: UUID, exemption_id: UUID, *, because: str, actor: Actor
) -> None:
    """Let an exemption end now; the next look at every gate sees it. Ending it again is harmless."""
    because = _said(because, "because: say why it does not hold")
    known = queries.exemption_or_404(organization_id, exemption_id)
    contacts.lock_numbers(organization_id, [known.e164])
    row = lock(Tenant(organization_id), DncExemption, exemption_id)
    if row.ended_at is not None:
        return
    row.ended_at, row.ended_by, row.ended_because = utcnow(), actor.label[:200], because[:300]
    _record("exemption:end", organization_id, row.id, actor, phone=row.e164, because=because[:300])


def confirm_check(
    organization_id: UUID,
    e164: str,
    *,
    checked_on: date,
    how: str,
    today: date,
    actor: Actor,
) -> UUID:
    """Keep a person's word that they looked the number up and did not find it (S-2).

    It counts as long as a list of that day would. Raises NoExemption for a day to come or one
    too long ago.
    """
    e164, how = _number(e164), _said(how, "how: say where you looked")
    if checked_on > today:
        raise NoExemption("checked_on: this day is still to come. Enter the day you looked.")
    if last_day_of_check(checked_on) < today:
        raise NoExemption(
            f"checked_on: a check counts for {FRESH_DAYS} days. Look the number up again."
        )
    contacts.lock_numbers(organization_id, [e164])
    row = DncCheck(
        id=uuid4(),
        organization_id=organization_id,
        e164=e164,
        checked_on=checked_on,
        how=how[:300],
        recorded_at=utcnow(),
        recorded_by_id=actor.id,
        recorded_by=actor.label[:200],
    )
    db.session.add(row)
    _record("check:add", organization_id, row.id, actor, phone=e164,
            checked_on=checked_on.isoformat(), how=row.how)  # fmt: skip
    return row.id


def _number(written_: str) -> str:
    number = read(written_)
    if number.e164 is None:
        raise NoExemption(f"phone: {number.why}")
    return number.e164


def _said(words: str, fault: str) -> str:
    words = tidy(words)
    if len(words) < LEAST_WORDS:
        raise NoExemption(f"{fault}, in at least {LEAST_WORDS} letters.")
    return words


def _record(
    event: str, organization_id: UUID, subject_id: UUID, actor: Actor, **facts: Any
) -> None:
    audit.record(
        f"dnc:{event}",
        actor=actor,
        organization_id=organization_id,
        subject_id=subject_id,
        **facts,
    )
