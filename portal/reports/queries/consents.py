"""Consent as the running counts have it: given and withdrawn, and how numbers stand (C-1, M-3)."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import func, select

from portal.consent import queries as consent
from portal.consent.models import ConsentDay
from portal.consent.queries import Coverage
from portal.consent.values import Event, Method, Strength
from portal.core.db import db
from portal.core.tenancy import Tenant, owned
from portal.reports.queries.usage import of_days
from portal.reports.rules.periods import Span
from portal.reports.values import Scope

_GIVEN: Final = (Event.GIVEN, Event.NOT_VALID, Event.ASKED)


@dataclass(frozen=True, slots=True)
class Given:
    """How many consents came one way."""

    form: str
    version: str
    method: Method
    event: Event
    strength: Strength
    count: int


def coverages(scope: Scope) -> list[tuple[UUID, str, Coverage]]:
    """Return how many numbers of each account stand how, now."""
    account_id = scope.accounts[0].id if scope.is_one else None
    found = consent.coverages(Tenant(scope.organization_id, account_id))
    return [(a.id, a.name, found.get(a.id, Coverage())) for a in scope.accounts]


def opt_outs(scope: Scope, span: Span) -> Counter[date]:
    """Return how many times somebody opted out on each day of their account's own."""
    c = ConsentDay
    rows = db.session.execute(
        select(c.day, func.sum(c.records))
        .where(of_days(scope, c, span), c.event == Event.OPTED_OUT)
        .group_by(c.day)
    )
    return Counter({day: int(count) for day, count in rows})


def opted_out(organization_id: UUID, span: Span) -> dict[UUID, int]:
    """Return how many opt-outs came to each account on these days, lists of old tools left out."""
    c = ConsentDay
    rows = db.session.execute(
        select(c.account_id, func.sum(c.records))
        .where(
            owned(Tenant(organization_id), c),
            c.event == Event.OPTED_OUT,
            c.method != Method.LIST,
            c.day >= span.first,
            c.day <= span.last,
        )
        .group_by(c.account_id)
    )
    return {account_id: int(count) for account_id, count in rows}


def given(scope: Scope, span: Span) -> list[Given]:
    """Return how many consents came by each form and way, the most first."""
    c = ConsentDay
    rows = db.session.execute(
        select(c.form_name, c.form_version, c.method, c.event, c.strength, func.sum(c.records))
        .where(of_days(scope, c, span), c.event.in_(_GIVEN))
        .group_by(c.form_name, c.form_version, c.method, c.event, c.strength)
    )
    found = [Given(*key) for key in rows]
    return sorted(found, key=lambda one: (-one.count, one.form, one.version, one.method, one.event,
                                          one.strength))  # fmt: skip
