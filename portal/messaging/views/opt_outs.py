"""Opt-outs somebody entered, how far each reaches, and whether the carrier knows (Q-7, Q-8)."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Response, flash, g, request, url_for

from portal.compliance.rules import business_days
from portal.consent import queries as consent_queries
from portal.consent import service as consent
from portal.consent.queries import OpenConsent
from portal.consent.values import Reach
from portal.contacts.rules.numbers import read
from portal.core import formats, jobs
from portal.core.access import Permission, me, requires
from portal.core.clock import utcnow
from portal.core.db import unit_of_work
from portal.core.errors import BadInput, DomainError, NotFound
from portal.core.jobs import Job
from portal.core.web import page, see_other
from portal.messaging.forms.opting_out import NumberSaidForm, ReachForm
from portal.messaging.views.blueprint import bp
from portal.messaging.views.saying import enter_said
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef

_PRESSING, _SOON = 2, 5  # business days left


@dataclass(frozen=True, slots=True)
class Open:
    """One number the carrier doesn't know of yet, with its clock."""

    item: OpenConsent
    account: str
    days_left: int  # business days
    url: str | None

    @property
    def level(self) -> str | None:
        """Return how pressing it is."""
        if not self.item.is_out or self.days_left >= _SOON:
            return None
        return "breach" if self.days_left < _PRESSING else "watch"


@bp.get("/accounts/<uuid:account_id>/opt-outs/new")
@requires(Permission.RECORD_CONSENT)
def new_opt_out(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Ask who said that they want no more texts, how and when."""
    asked = {"phone": request.args.get("phone", "")[:40]}
    return _new_page(NumberSaidForm(formdata=None, data=asked))


@bp.post("/accounts/<uuid:account_id>/opt-outs/new")
@requires(Permission.RECORD_CONSENT)
def enter_new_opt_out(account_id: UUID) -> Response:
    """Enter an opt-out by number, whether a contact has it or not (Q-7)."""
    form = NumberSaidForm()
    if not form.validate_on_submit():
        return _new_page(form, 422)
    e164 = read(form.phone.data or "").e164
    assert e164 is not None  # the form checked it
    stopped = enter_said(form, e164)
    if stopped is None:
        return _new_page(form, 422)
    told = f" {formats.plural(stopped, 'waiting text')} stopped." if stopped else ""
    flash(f"{formats.phone(e164)} is opted out.{told}", "ok")
    return see_other(url_for("consent.index", account_id=account_id, event="opted_out"))


@bp.get("/organizations/<uuid:organization_id>/opt-outs")
@requires(Permission.REVIEW_OPT_OUTS)
def opt_outs(organization_id: UUID) -> Response:
    """Show what the carrier doesn't know yet with its clock, and what it knew before us."""
    known = {a.id: a for a in accounts.of_organization(organization_id)}
    found = consent_queries.open_consents(organization_id)
    return page(
        "messaging/opt_outs.html",
        None,
        open_ones=[_open(item, known) for item in found],
        agreement=consent_queries.agreement(organization_id),
        news=[
            (one, known[one.account_id].name, _record_url(one.account_id, one.record_id))
            for one in consent_queries.carrier_news(organization_id)
        ],
    )


@bp.post("/organizations/<uuid:organization_id>/opt-outs/reconciliation")
@requires(Permission.REVIEW_OPT_OUTS)
def reconcile_opt_outs(organization_id: UUID) -> Response:
    """Bring the carrier's records and ours together now."""
    with unit_of_work():
        jobs.request(Job.RECONCILE_CONSENTS, organization_id)
    flash("The carrier is being asked and told. Reload this page in a moment.", "ok")
    return see_other(url_for("messaging.opt_outs", organization_id=organization_id))


@bp.get("/organizations/<uuid:organization_id>/opt-outs/reach")
@requires(Permission.REVIEW_OPT_OUTS)
def opt_out_reach(organization_id: UUID) -> Response:
    """Show how far a number's opt-out reaches, and let an officer widen or narrow it."""
    e164 = _number(request.args.get("phone", ""))
    known = consent_queries.organization_opt_out(organization_id, e164) if e164 else None
    data = {"reach": known.reach.value} if known else {}
    return _reach_page(organization_id, e164, ReachForm(formdata=None, data=data))


@bp.post("/organizations/<uuid:organization_id>/opt-outs/reach")
@requires(Permission.REVIEW_OPT_OUTS)
def set_opt_out_reach(organization_id: UUID) -> Response:
    """Widen or narrow an opt-out beyond its account; within it nothing changes (Q-7)."""
    e164 = _number(request.form.get("phone", ""))
    form = ReachForm()
    if not e164:
        raise BadInput("phone: enter a number with its area code.")
    if not form.validate_on_submit():
        return _reach_page(organization_id, e164, form, 422)
    try:
        with unit_of_work():
            consent.set_reach(
                organization_id,
                e164,
                Reach(form.reach.data),
                reason=form.reason.data or "",
                role=me().role,
                actor=me().actor,
            )
    except NotFound:
        raise
    except DomainError as error:
        form.refuse("reason", error)
        return _reach_page(organization_id, e164, form, 422)
    flash("Noted. It holds at once.", "ok")
    return see_other(
        url_for("messaging.opt_out_reach", organization_id=organization_id, phone=e164)
    )


def _open(item: OpenConsent, known: Mapping[UUID, AccountRef]) -> Open:
    account = known[item.account_id]
    zone = ZoneInfo(account.timezone)
    due = business_days.due_on(item.acted_at.astimezone(zone).date())
    today = utcnow().astimezone(zone).date()
    url = _record_url(item.account_id, item.record_id) if item.record_id else None
    return Open(item, account.name, business_days.left(today, due), url)


def _record_url(account_id: UUID, record_id: UUID) -> str:
    return url_for("proofs.record", account_id=account_id, record_id=record_id)


def _number(text: str) -> str:
    """Return a number as E.164; nothing for nothing. Raises BadInput for what is none."""
    if not text.strip():
        return ""
    number = read(text[:40])
    if number.e164 is None:
        raise BadInput(f"phone: {number.why}")
    return number.e164


def _reach_page(organization_id: UUID, e164: str, form: ReachForm, status: int = 200) -> Response:
    known = consent_queries.organization_opt_out(organization_id, e164) if e164 else None
    names = {a.id: a.name for a in accounts.of_organization(organization_id)}
    return page(
        "messaging/opt_out_reach.html",
        None,
        status,
        e164=e164,
        known=known,
        from_account=names.get(known.from_account_id) if known else None,
        record_url=_record_url(known.from_account_id, known.record_id) if known else None,
        form=form,
    )


def _new_page(form: NumberSaidForm, status: int = 200) -> Response:
    local_now = utcnow().astimezone(ZoneInfo(g.account.timezone))
    return page(
        "messaging/opt_out_new.html",
        None,
        status,
        form=form,
        latest=f"{local_now:%Y-%m-%dT%H:%M}",
        zone=f"{local_now:%Z}",
    )
