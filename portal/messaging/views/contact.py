"""The page of one person: may I text them, what they agreed to, and what happened (K-5, K-6, Q-7)."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Response, flash, g, request, url_for

from portal.billing import queries as billing
from portal.consent import queries as consent_queries
from portal.consent import service as consent
from portal.consent.errors import MomentRefused
from portal.contacts import queries as contacts
from portal.contacts import service as contact_service
from portal.contacts.values import ContactDetails, ContactRef, NewNumber, NumberRef, Selection
from portal.core import clock, formats
from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.errors import BadInput, DomainError
from portal.core.web import page, see_other
from portal.messaging import queries
from portal.messaging.forms.opting_out import OptOutForm
from portal.messaging.forms.talking import NameForm, StatedForm, TagsForm
from portal.messaging.queries import added, contact_page
from portal.messaging.queries.contact_page import StandingView, Verdict
from portal.messaging.rules import price
from portal.messaging.service import planning, shares
from portal.messaging.values import ConversationRef, Gate, Kind, Recipient
from portal.messaging.views.blueprint import bp
from portal.messaging.views.saying import enter_said
from portal.messaging.views.talking import fix_of, has, is_lead, log_view, way
from portal.tasks import queries as tasks

_HERE = "/accounts/<uuid:account_id>/contacts/<uuid:contact_id>"


@dataclass(frozen=True, slots=True)
class Line:
    """One number of the person and what stands for it."""

    number: NumberRef
    view: StandingView | None  # None: it can't be read as a number
    talk: ConversationRef | None
    is_shown: bool  # the one the gates are shown for
    url: str


@dataclass(frozen=True, slots=True)
class Answer:
    """May this kind of text go, and if not, why and what to do."""

    label: str
    note: str
    shut: Sequence[tuple[Gate, tuple[str, str] | None]]

    @property
    def pill(self) -> tuple[str, str]:
        """Return kind and word of the pill."""
        if not self.shut:
            return "good", "Yes"
        if all(gate.outcome == "held" for gate, _ in self.shut):
            return "held", "Not now"
        return "blocked", "No"


@bp.get(_HERE)
@requires(Permission.VIEW_CONTACTS)
def contact(account_id: UUID, contact_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show one person; an officer's look is logged, for the page shows texts (SPEC 1)."""
    person = contacts.get_or_404(g.account.tenant, contact_id)
    log_view("contact", contact_id)
    return _show(person)


@bp.post(f"{_HERE}/name")
@requires(Permission.EDIT_CONTACTS)
def name_contact(account_id: UUID, contact_id: UUID) -> Response:  # noqa: ARG001 (g.account)
    """Name a lead that a text from an unknown number made (K-6)."""
    person = contacts.get_or_404(g.account.tenant, contact_id)
    form = NameForm()
    if not form.validate_on_submit():
        return _show(person, 422, name_form=form)
    try:
        with unit_of_work():
            named = contact_service.edit_contact(
                g.account.tenant, contact_id, _renamed(person, form), actor=me().actor
            )
    except DomainError as error:
        form.refuse("first_name", error)
        return _show(person, 422, name_form=form)
    flash(f"This is {named.full_name} now.", "ok")
    return see_other(_url(contact_id))


@bp.post(f"{_HERE}/tags")
@requires(Permission.EDIT_CONTACTS)
def tag_contact(account_id: UUID, contact_id: UUID) -> Response:  # noqa: ARG001 (g.account)
    """Put tags on a person, or take one off."""
    person = contacts.get_or_404(g.account.tenant, contact_id)
    form = TagsForm()
    if not form.validate_on_submit():
        return _show(person, 422, tags_form=form)
    verb, words = contact_service.tag_contacts, form.add.data or ""
    if form.remove.data:
        verb, words = contact_service.untag_contacts, form.remove.data
    try:
        with unit_of_work():
            verb(g.account.tenant, Selection(ids=(contact_id,)), words, actor=me().actor)
    except DomainError as error:
        form.refuse("add", error)
        return _show(person, 422, tags_form=form)
    return see_other(_url(contact_id) + "#tags")


@bp.post(f"{_HERE}/agent-stated")
@requires(Permission.RECORD_CONSENT)
def contact_consent(account_id: UUID, contact_id: UUID) -> Response:  # noqa: ARG001 (g.account)
    """Record how and when the person agreed, as the agent says (C-8)."""
    person = contacts.get_or_404(g.account.tenant, contact_id)
    form, number = StatedForm(), _number(person, request.form.get("number"))
    if number is None or number.e164 is None:
        raise BadInput("number: this person has no such number. Reload the page and try again.")
    if not form.validate_on_submit():
        return _show(person, 422, stated_form=form, number=number)
    try:
        with unit_of_work():
            consent.agent_stated(
                g.account.tenant,
                number.e164,
                how=form.how.data or "",
                given_at=form.given_at(me().timezone),
                name=person.full_name,
                actor=me().actor,
                idempotency_key=f"stated:{form.nonce.data}" if form.nonce.data else "",
            )
    except DomainError as error:
        form.refuse("given_on" if isinstance(error, MomentRefused) else "how", error)
        return _show(person, 422, stated_form=form, number=number)
    flash("Recorded as agent-stated: one-to-one texts may go.", "ok")
    return see_other(_url(contact_id, number))


@bp.get(f"{_HERE}/opt-out")
@requires(Permission.RECORD_CONSENT)
def ask_opt_out(account_id: UUID, contact_id: UUID) -> Response:  # noqa: ARG001 (g.account)
    """Ask how the person said that they want no more texts, before it is entered (Q-7)."""
    person = contacts.get_or_404(g.account.tenant, contact_id)
    form = OptOutForm(formdata=None, data={"number": request.args.get("number", "")})
    return _opt_out_page(person, form)


@bp.post(f"{_HERE}/opt-out")
@requires(Permission.RECORD_CONSENT)
def enter_opt_out(account_id: UUID, contact_id: UUID) -> Response:  # noqa: ARG001 (g.account)
    """Enter an opt-out by hand: it holds at once, and what waits is stopped (Q-2, Q-7)."""
    person = contacts.get_or_404(g.account.tenant, contact_id)
    form = OptOutForm()
    form.number.choices = _choices(person)
    if not form.validate_on_submit():
        return _opt_out_page(person, form, 422)
    number = _number(person, form.number.data)
    assert number is not None
    assert number.e164 is not None  # the choices hold readable numbers alone
    stopped = enter_said(form, number.e164)
    if stopped is None:
        return _opt_out_page(person, form, 422)
    told = f" {formats.plural(stopped, 'waiting text')} stopped." if stopped else ""
    flash(f"{person.full_name} is opted out.{told}", "ok")
    return see_other(_url(contact_id, number))


def _show(
    person: ContactRef,
    status: int = 200,
    *,
    number: NumberRef | None = None,
    name_form: NameForm | None = None,
    tags_form: TagsForm | None = None,
    stated_form: StatedForm | None = None,
) -> Response:
    tenant = g.account.tenant
    shown = number or _number(person, request.args.get("number"))
    lines = [_line(person, n, shown) for n in person.numbers]
    here = next((line for line in lines if line.is_shown), None)
    e164 = shown.e164 if shown else None
    answers, verdicts = _may_text(person, shown)
    may_record = me().may(Permission.RECORD_CONSENT)
    box = contact_page.reply_box([g_ for g_, _ in answers[0].shut], may_record=may_record)
    is_nameless = bool(e164) and not person.last_name and is_lead(person.first_name, e164 or "")
    asks = box.state == "ask"
    for form, is_shown in ((name_form, is_nameless), (stated_form, asks)):
        if form is not None and form.errors and not is_shown:
            flash(form.told(), "bad")
    return page(
        "messaging/contact.html",
        None,
        status,
        person=person,
        is_lead=is_nameless,
        lines=lines,
        here=here,
        answers=answers,
        verdicts=verdicts,
        asks=asks,
        records=consent_queries.history(tenant, [n.e164 for n in person.numbers if n.e164], 6),
        events=contact_page.timeline(person),
        panels=added.panels(person),
        tasks=tasks.about(tenant, person.id),
        whose=tasks.whose(g.account),
        now=clock.utcnow(),
        name_form=name_form or NameForm(formdata=None),
        tags_form=tags_form or TagsForm(formdata=None),
        stated_form=stated_form
        or StatedForm(formdata=None, data={"nonce": secrets.token_urlsafe(16)}),
        today=f"{clock.utcnow():%Y-%m-%d}",
        text_way=way("messaging.start_draft", "Send Text Message"),
        record_way=way("consent.enter", "Record consent", phone=e164, next=_url(person.id))
        if e164
        else None,
        may_open_records=me().may(Permission.VIEW_CONSENT) and has("proofs.record"),
        **_permissions(),
    )


def _permissions() -> dict[str, Any]:
    return {
        "may_send": me().may(Permission.SEND_TEXTS),
        "may_edit": me().may(Permission.EDIT_CONTACTS),
        "may_record": me().may(Permission.RECORD_CONSENT),
        "may_read": me().may(Permission.VIEW_CONVERSATIONS),
    }


def _may_text(person: ContactRef, number: NumberRef | None) -> tuple[list[Answer], list[Verdict]]:
    """Return the answer for both kinds of text, and what each gate says (S-2)."""
    now, e164 = clock.utcnow(), number.e164 if number else None
    least = 2 if number and number.is_international else 1
    share = shares.share_of(g.account, me().user_id, now)
    poor = price.credits_enough(least, billing.balance(g.account.id).available) or (
        share.gate(least) if share else None
    )
    shut = [
        [
            *planning.shut_gates(g.account, Recipient(person, number), kind, now),
            *([poor] if poor else []),
        ]
        for kind in (Kind.ONE_TO_ONE, Kind.BULK)
    ]
    named = (
        ("One-to-one texts", "A text you write to this person."),
        ("Bulk texts and plans", "Marketing: campaigns and drip plans."),
    )
    answers = [
        Answer(label, note, [(gate, fix_of(gate, e164)) for gate in found])
        for (label, note), found in zip(named, shut, strict=True)
    ]
    return answers, contact_page.verdicts(*shut)


def _line(person: ContactRef, number: NumberRef, shown: NumberRef | None) -> Line:
    tenant, e164 = g.account.tenant, number.e164
    return Line(
        number,
        contact_page.standing_view(tenant, e164) if e164 else None,
        queries.conversation(tenant, e164) if e164 else None,
        is_shown=shown is not None and number.id == shown.id,
        url=_url(person.id, number),
    )


def _opt_out_page(person: ContactRef, form: OptOutForm, status: int = 200) -> Response:
    form.number.choices = _choices(person)
    return page(
        "messaging/contact_opt_out.html",
        None,
        status,
        person=person,
        form=form,
        back_url=_url(person.id),
    )


def _choices(person: ContactRef) -> list[tuple[str, str]]:
    return [(str(n.id), formats.phone(n.e164)) for n in person.numbers if n.e164]


def _number(person: ContactRef, asked: str | None) -> NumberRef | None:
    """Return the number asked for by id, else the one texts go to."""
    chosen = next((n for n in person.numbers if str(n.id) == asked), None)
    first = person.numbers[0] if person.numbers else None
    return chosen or person.preferred or first


def _renamed(person: ContactRef, form: NameForm) -> ContactDetails:
    return ContactDetails(
        first_name=form.first_name.data or "",
        last_name=form.last_name.data or "",
        email=person.email,
        street=person.street,
        city=person.city,
        state=person.state,
        zip=person.zip,
        language=person.language,
        lead_source=person.lead_source,
        known_since=person.known_since,
        tags=person.tags,
        numbers=tuple(NewNumber(n.raw, n.label, n.is_preferred) for n in person.numbers),
    )


def _url(contact_id: UUID, number: NumberRef | None = None) -> str:
    return url_for(
        "messaging.contact",
        account_id=g.account.id,
        contact_id=contact_id,
        number=number.id if number else None,
    )
