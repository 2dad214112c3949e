"""One number and the lists: why it can't be texted, and what exempts it (SPEC S-2, M-5)."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Response, flash, g, request, url_for

from portal.consent import queries as consent
from portal.consent.values import Standing, Strength
from portal.contacts.rules.numbers import read
from portal.core import clock, formats
from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.errors import DomainError
from portal.core.web import own_path, page, see_other, takes
from portal.dnc import queries
from portal.dnc import service as dnc
from portal.dnc.forms import CheckForm, EndForm, RelationshipForm
from portal.dnc.rules.days import is_running, last_day_of_check
from portal.dnc.rules.verdict import CITATION, LISTED, judge, names, still_counts
from portal.dnc.values import (
    RELATION_WORDS,
    CallFacts,
    CheckRef,
    ExemptionRef,
    Refusal,
    Relation,
)
from portal.dnc.views.blueprint import bp
from portal.texting_accounts import queries as accounts

_HERE: Final = "/accounts/<uuid:account_id>/do-not-call"


@dataclass(frozen=True, slots=True)
class View:
    """What stands for one number today."""

    e164: str
    facts: CallFacts
    is_written: bool
    refusal: Refusal | None
    exemptions: tuple[tuple[ExemptionRef, str], ...]  # with "runs", "over", "ended" or "opted out"
    checks: tuple[tuple[CheckRef, bool], ...]  # with whether it still counts

    @property
    def answer(self) -> tuple[str, str, str]:
        """Return level, title and sentence of the page's first notice."""
        if self.refusal is not None:
            title = "Listed." if self.refusal.code == LISTED else "Not known."
            return "bad" if self.refusal.code == LISTED else "warn", title, self.refusal.sentence
        if self.facts.listed:
            why = (
                "The person agreed in writing."
                if self.is_written
                else f"A business relationship exempts until {formats.date_words(self.facts.exemptions[0].last_day)}."
            )
            return "ok", "Listed, but exempt.", f"On {names(self.facts.listed)}. {why}"
        if self.facts.is_unread:
            return "info", "No current list covers this number.", "Nothing here stands in the way."
        return "ok", "On no list.", "No do-not-call list in use has this number."


@bp.get(_HERE)
@requires(Permission.VIEW_CONTACTS)
@takes("phone")
def number(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show what lists say of a number, and take what exempts it."""
    return _number_page(request.args.get("phone", "")[:40])


@bp.post(f"{_HERE}/relationships")
@requires(Permission.RECORD_CONSENT)
def record_relationship(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Write down a business relationship with the person behind a number."""
    form = RelationshipForm()
    phone = form.phone.data or ""
    if not form.validate_on_submit():
        return _number_page(phone, 422, relationship_form=form)
    try:
        with unit_of_work():
            dnc.record_relationship(
                g.account.organization_id,
                phone,
                Relation(form.relation.data),
                happened_on=form.happened_on.data,
                evidence=form.evidence.data or "",
                today=_today(),
                actor=me().actor,
            )
    except DomainError as error:
        form.refuse_where_it_says(error, "evidence")
        return _number_page(phone, 422, relationship_form=form)
    flash("Recorded. It exempts this number until its last day.", "ok")
    return see_other(_url(phone))


@bp.post(f"{_HERE}/relationships/<uuid:exemption_id>/end")
@requires(Permission.RECORD_CONSENT)
def end_relationship(account_id: UUID, exemption_id: UUID) -> Response:  # noqa: ARG001 (g.account)
    """Let a relationship end that does not hold."""
    form = EndForm()
    phone = queries.exemption_or_404(g.account.organization_id, exemption_id).e164
    if not form.validate_on_submit():
        return _number_page(phone, 422, end_form=form)
    try:
        with unit_of_work():
            dnc.end_relationship(
                g.account.organization_id,
                exemption_id,
                because=form.because.data or "",
                actor=me().actor,
            )
    except DomainError as error:
        form.refuse_where_it_says(error, "because")
        return _number_page(phone, error.status, end_form=form)
    flash("Ended. It exempts nobody any more.", "ok")
    return see_other(_url(phone))


@bp.post(f"{_HERE}/checks")
@requires(Permission.RECORD_CONSENT)
def confirm_check(account_id: UUID) -> Response:
    """Keep the sender's word that they looked the number up by hand (S-2)."""
    form = CheckForm()
    phone = form.phone.data or ""
    if not form.validate_on_submit():
        return _number_page(phone, 422, check_form=form)
    checked_on = form.checked_on.data or _today()
    try:
        with unit_of_work():
            dnc.confirm_check(
                g.account.organization_id,
                phone,
                checked_on=checked_on,
                how=form.how.data or "",
                today=_today(),
                actor=me().actor,
            )
    except DomainError as error:
        form.refuse_where_it_says(error, "how")
        return _number_page(phone, 422, check_form=form)
    flash(f"Confirmed. It counts until {formats.date_words(last_day_of_check(checked_on))}.", "ok")
    return see_other(own_path(form.next.data or "", account_id) or _url(phone))


def _today() -> date:
    return accounts.today(g.account, clock.utcnow())


def _url(phone: str) -> str:
    return url_for("dnc.number", account_id=g.account.id, phone=read(phone).e164 or phone)


def _number_page(
    asked: str,
    status: int = 200,
    *,
    relationship_form: RelationshipForm | None = None,
    check_form: CheckForm | None = None,
    end_form: EndForm | None = None,
) -> Response:
    e164, fault = None, ""
    if asked:
        reading = read(asked)
        e164, fault = reading.e164, reading.why if reading.e164 is None else ""
    view = _view(e164) if e164 else None
    return page(
        "dnc/number.html",
        None,
        status,
        asked=formats.phone(e164) if e164 else asked,
        fault=fault,
        view=view,
        relations=RELATION_WORDS,
        relationship_form=relationship_form or _fresh_relationship(e164),
        check_form=check_form
        or CheckForm(formdata=None, data={"phone": e164, "checked_on": _today()}),
        end_form=end_form or EndForm(formdata=None),
        may_record=me().may(Permission.RECORD_CONSENT),
        lists_url=url_for("dnc.lists", organization_id=g.account.organization_id)
        if me().may(Permission.LOAD_CALL_LISTS)
        else None,
        citation=CITATION,
    )


def _view(e164: str) -> View:
    today = _today()
    standing = consent.standing(g.account.tenant, e164)
    lists = queries.read_lists(g.account.organization_id)
    facts = lists.facts(g.account, {e164: standing}, clock.utcnow()).get(e164, CallFacts())
    agreed = queries.is_written(standing)
    noted = queries.exemptions(g.account.organization_id, [e164]).get(e164, [])
    checks = queries.checks(g.account.organization_id, [e164]).get(e164, [])
    return View(
        e164,
        facts,
        agreed,
        judge(facts, is_written=agreed, rests_on_inquiry=_rests_on_inquiry(standing)),
        tuple((one, _state(one, standing, today)) for one in noted),
        tuple((one, one.last_day >= today) for one in checks),
    )


def _rests_on_inquiry(standing: Standing) -> bool:
    is_over = standing.expires_at is not None and clock.utcnow() >= standing.expires_at
    return standing.strength is Strength.INQUIRY and not is_over


def _state(one: ExemptionRef, standing: Standing, today: date) -> str:
    if one.ended_at is not None:
        return "ended"
    if not is_running(one.relation, one.happened_on, today):
        return "over"
    refused = standing.refused_at
    refused_on = refused.astimezone(ZoneInfo(g.account.timezone)).date() if refused else None
    return "runs" if still_counts(one, refused_on) else "opted out"


def _fresh_relationship(e164: str | None) -> RelationshipForm:
    """Return an empty form; of somebody who wrote first, with what their text makes likely."""
    data: dict[str, Any] = {"phone": e164}
    standing = consent.standing(g.account.tenant, e164) if e164 else None
    if standing and standing.record_id and standing.strength is Strength.INQUIRY:
        record = consent.record_or_404(g.account.tenant, standing.record_id)
        wrote = record.happened_at.astimezone(ZoneInfo(g.account.timezone)).date()
        data |= {
            "relation": Relation.INQUIRY.value,
            "happened_on": wrote,
            "evidence": f"Their own text of {formats.date_words(wrote)}",
        }
    return RelationshipForm(formdata=None, data=data)
