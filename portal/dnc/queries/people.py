"""What exempts the person behind a number, and what was checked by hand."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import Table, bindparam, select

from portal.core.among import among
from portal.core.columns import Id
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.formats import date_words
from portal.core.tenancy import Tenant, owned
from portal.dnc.models import DncCheck, DncExemption
from portal.dnc.rules.days import last_day, last_day_of_check
from portal.dnc.values import RELATION_WORDS, CheckRef, ExemptionRef, Moment

_EXEMPTION: Final = cast(Table, DncExemption.__table__).c
_CHECK: Final = cast(Table, DncCheck.__table__).c
# Made once: every text that rests on them asks.
_EXEMPTIONS: Final = (
    select(
        _EXEMPTION.id,
        _EXEMPTION.e164,
        _EXEMPTION.relation,
        _EXEMPTION.happened_on,
        _EXEMPTION.evidence,
        _EXEMPTION.recorded_at,
        _EXEMPTION.recorded_by,
        _EXEMPTION.ended_at,
        _EXEMPTION.ended_by,
        _EXEMPTION.ended_because,
    )
    .where(
        _EXEMPTION.organization_id == bindparam("organization", type_=Id()),
        among(_EXEMPTION.e164, "numbers"),
    )
    .order_by(_EXEMPTION.happened_on.desc(), _EXEMPTION.recorded_at.desc())
)
_CHECKS: Final = (
    select(
        _CHECK.id,
        _CHECK.e164,
        _CHECK.checked_on,
        _CHECK.how,
        _CHECK.recorded_at,
        _CHECK.recorded_by,
    )
    .where(
        _CHECK.organization_id == bindparam("organization", type_=Id()),
        among(_CHECK.e164, "numbers"),
        _CHECK.checked_on >= bindparam("since"),
    )
    .order_by(_CHECK.checked_on.desc(), _CHECK.recorded_at.desc())
)


def exemptions(organization_id: UUID, e164s: Sequence[str]) -> dict[str, list[ExemptionRef]]:
    """Return what was ever written down for each number, the newest first; one SELECT."""
    found: dict[str, list[ExemptionRef]] = {}
    asked = {"organization": organization_id, "numbers": list(e164s)}
    for row in db.session.execute(_EXEMPTIONS, asked):
        found.setdefault(row.e164, []).append(_exemption(row))
    return found


def exemption_or_404(organization_id: UUID, exemption_id: UUID) -> ExemptionRef:
    """Return one relationship. Raises NotFound."""
    row = db.session.scalars(
        select(DncExemption).where(
            owned(Tenant(organization_id), DncExemption), DncExemption.id == exemption_id
        )
    ).one_or_none()
    if row is None:
        raise NotFound("We can't find that relationship. Reload the page.")
    return _exemption(row)


def checks(
    organization_id: UUID, e164s: Sequence[str], since: date = date.min
) -> dict[str, list[CheckRef]]:
    """Return the looks by hand since a day for each number, the newest first; one SELECT."""
    found: dict[str, list[CheckRef]] = {}
    asked = {"organization": organization_id, "numbers": list(e164s), "since": since}
    for row in db.session.execute(_CHECKS, asked):
        found.setdefault(row.e164, []).append(
            CheckRef(
                row.id,
                row.e164,
                row.checked_on,
                last_day_of_check(row.checked_on),
                row.how,
                row.recorded_at,
                row.recorded_by,
            )
        )
    return found


def moments(organization_id: UUID, e164s: Sequence[str]) -> list[Moment]:
    """Return what was written down of some numbers, and when each relationship was ended (K-5)."""
    found = []
    for noted in exemptions(organization_id, e164s).values():
        for one in noted:
            what = f"{RELATION_WORDS[one.relation]}, {date_words(one.happened_on)}"
            said = f"{what}. Exempts until {date_words(one.last_day)}. {one.evidence}".strip()
            title = "Business relationship recorded"
            found.append(Moment(one.recorded_at, title, one.recorded_by, said))
            if one.ended_at is not None:
                title = "Business relationship ended"
                because = f"{what}. {one.ended_because}".strip()
                found.append(Moment(one.ended_at, title, one.ended_by, because, "bad"))
    for looked in checks(organization_id, e164s).values():
        for look in looked:
            said = f"Looked up on {date_words(look.checked_on)}. {look.how}".strip()
            title = "Not on a do-not-call list, checked by hand"
            found.append(Moment(look.recorded_at, title, look.recorded_by, said))
    return found


def _exemption(row: Any) -> ExemptionRef:
    return ExemptionRef(
        row.id,
        row.e164,
        row.relation,
        row.happened_on,
        last_day(row.relation, row.happened_on),
        row.evidence,
        row.recorded_at,
        row.recorded_by,
        row.ended_at,
        row.ended_by,
        row.ended_because,
    )
