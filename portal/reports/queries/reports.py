"""One report by its name: what is read for it, and the report made of that (M-3)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from portal.billing import queries as billing
from portal.consent.values import EVENT_WORDS, METHOD_WORDS, STRENGTH_WORDS, Event
from portal.messaging.queries import error_meaning
from portal.messaging.values import Kind
from portal.reports.queries import appeals, bases, calls, consents, forms, plans, usage
from portal.reports.queries import credits as credit_sums
from portal.reports.rules import appeals as appeal_rules
from portal.reports.rules import bases as base_rules
from portal.reports.rules import calls as call_rules
from portal.reports.rules import consents as consent_rules
from portal.reports.rules import forms as form_rules
from portal.reports.rules import tables
from portal.reports.rules.periods import Period, Span
from portal.reports.values import CampaignSums, CampaignTotal, Report, Scope, Sums


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to see."""

    scope: Scope
    period: Period
    now: datetime
    user_id: UUID | None = None
    words: str = ""
    cursor: str = ""
    is_whole: bool = False  # all campaigns, for a file, not a page of them


CAMPAIGNS_AT_ONCE: Final = 1_000  # read for a file


def report(name: str, asked: Asked) -> Report:
    """Return the report of this name. Raises KeyError for a name there isn't."""
    return _REPORTS[name](asked)


def _days(asked: Asked) -> Report:
    now = usage.by_day(asked.scope, asked.period.span, asked.user_id)
    return tables.days(asked.period, now, _before(asked), of_one_person=asked.user_id is not None)


def _accounts(asked: Asked) -> Report:
    names = {account.id: account.name for account in asked.scope.accounts}
    now = usage.by_account(asked.scope, asked.period.span)
    return tables.accounts(asked.period, names, now, _before(asked))


def _people(asked: Asked) -> Report:
    return tables.people(
        asked.period, usage.by_sender(asked.scope, asked.period.span), _before(asked)
    )


def _campaigns(asked: Asked) -> Report:
    at_once = CAMPAIGNS_AT_ONCE if asked.is_whole else usage.CAMPAIGNS_A_PAGE

    def read(cursor: str) -> tuple[list[CampaignSums], str | None]:
        return usage.campaigns(
            asked.scope, asked.period.span, words=asked.words, cursor=cursor, limit=at_once
        )

    found, cursor = read(asked.cursor)
    while asked.is_whole and cursor:
        more, cursor = read(cursor)
        found += more
    span, before = asked.period.span, asked.period.before
    totals = None if asked.words else (_bulk(asked, span), _bulk(asked, before))
    return tables.campaigns(asked.period, found, cursor, asked.scope.zone, totals)


def _plans(asked: Asked) -> Report:
    before = usage.total(asked.scope, asked.period.before, kind=Kind.PLAN)
    return tables.plans(asked.period, plans.by_plan(asked.scope, asked.period.span), before)


def _delivery(asked: Asked) -> Report:
    stages = usage.by_stage(asked.scope, asked.period.span, asked.user_id)
    meanings = {code: error_meaning(code) for _, code, _ in stages if code}
    now = usage.total(asked.scope, asked.period.span, asked.user_id)
    return tables.delivery(asked.period, stages, meanings, now, _before(asked))


def _calls(asked: Asked) -> Report:
    span, before = asked.period.span, asked.period.before
    return call_rules.report(
        asked.period, calls.by_day(asked.scope, span), calls.total(asked.scope, before)
    )


def _appeals(asked: Asked) -> Report:
    span, before = asked.period.span, asked.period.before
    return appeal_rules.report(
        asked.period, appeals.begun(asked.scope, span), appeals.begun(asked.scope, before)
    )


def _forms(asked: Asked) -> Report:
    now, before = (
        form_rules.ByForm(
            forms.by_form(asked.scope, span), forms.consents_by_form(asked.scope, span)
        )
        for span in (asked.period.span, asked.period.before)
    )
    return form_rules.report(asked.period, now, before)


def _bases(asked: Asked) -> Report:
    return base_rules.report(
        asked.period,
        bases.by_basis(asked.scope, asked.period.span),
        bases.by_basis(asked.scope, asked.period.before),
    )


def _credits(asked: Asked) -> Report:
    return tables.credits(
        asked.period,
        credit_sums.months(asked.scope, asked.period.span),
        credit_sums.standings(asked.scope),
        credit_sums.expiring(asked.scope, asked.now),
        texts=usage.total(asked.scope, asked.period.span),
        before=_before(asked),
        zone=billing.zone_of(asked.scope.organization_id),
    )


def _consent(asked: Asked) -> Report:
    span = asked.period.span
    given = [
        (
            f"{one.form}, version {one.version}" if one.version else one.form,
            METHOD_WORDS[one.method],
            EVENT_WORDS[one.event] if one.event is Event.ASKED else STRENGTH_WORDS[one.strength],
            one.count,
        )
        for one in consents.given(asked.scope, span)
    ]
    return consent_rules.report(
        asked.period,
        consents.coverages(asked.scope),
        consents.opt_outs(asked.scope, span),
        sum(consents.opt_outs(asked.scope, asked.period.before).values()),
        given,
    )


def _bulk(asked: Asked, span: Span) -> CampaignTotal:
    return CampaignTotal(
        usage.campaign_count(asked.scope, span), usage.total(asked.scope, span, kind=Kind.BULK)
    )


def _before(asked: Asked) -> Sums:
    return usage.total(asked.scope, asked.period.before, asked.user_id)


_REPORTS: Final[Mapping[str, Callable[[Asked], Report]]] = {
    "days": _days,
    "accounts": _accounts,
    "people": _people,
    "campaigns": _campaigns,
    "plans": _plans,
    "delivery": _delivery,
    "calls": _calls,
    "forms": _forms,
    "basis": _bases,
    "credits": _credits,
    "consent": _consent,
    "appeals": _appeals,
}
