"""Pages with which an organization registers with the carriers, and everybody sees how it stands."""

from uuid import UUID

from flask import Blueprint, Flask, Response, flash, g, request, url_for

from portal.core.access import Permission, me, requires
from portal.core.clock import utcnow
from portal.core.db import unit_of_work
from portal.core.errors import NotFound
from portal.core.web import page, see_other
from portal.numbers import queries as numbers
from portal.numbers import rules as number_rules
from portal.numbers.values import SenderRef
from portal.people import queries as people
from portal.registrations import queries
from portal.registrations import service as registrations
from portal.registrations.errors import EditedMeanwhile, NoNumberYet, NotReady
from portal.registrations.forms import FillForm, NumberForm, PageForm, form_of
from portal.registrations.rules import letters, preflight, rejections, steps, tiers
from portal.registrations.service.drafting import published_forms
from portal.registrations.values import PAGE_WORDS, Expected, Kind, Page, RegistrationRef, State
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef

bp = Blueprint(
    "registrations", __name__, url_prefix="/organizations/<uuid:organization_id>/registrations"
)


def init_app(app: Flask) -> None:
    """Let the page of a number say when its registration can be expected."""
    app.context_processor(_of_number)


@bp.get("")
@requires(Permission.VIEW_ORGANIZATION)
def index(organization_id: UUID) -> Response:
    """Show what is registered, and which numbers may send."""
    known = queries.of_organization(organization_id)
    begun = {one.e164: one for one in queries.toll_free(organization_id)}
    mine = {account.id for account in _accounts(organization_id)}
    senders = [
        sender
        for sender in numbers.ready_of_organization(organization_id)
        if sender.account_id in mine
    ]
    return page(
        "registrations/index.html",
        registration=known,
        rows=[
            (
                sender,
                number_rules.is_toll_free(sender.e164),
                _of_now(begun.get(sender.e164), sender),
            )
            for sender in senders
        ],
        milestones=_milestones(known) if known else [],
        expected=_expected(known) if known else None,
        number_url=_number_url(organization_id),
        may_register=me().may(Permission.REGISTER),
    )


@bp.post("")
@requires(Permission.REGISTER)
def begin(organization_id: UUID) -> Response:
    """Begin the registration of brand and campaign; again opens the first."""
    with unit_of_work():
        made = registrations.begin(organization_id, actor=me().actor)
    return see_other(_page_url(made, Page.BUSINESS) if made.may_be_edited else _show_url(made))


@bp.post("/toll-free")
@requires(Permission.REGISTER)
def begin_toll_free(organization_id: UUID) -> Response:
    """Begin the verification of a toll-free number; again opens the first."""
    e164 = NumberForm().e164.data or ""
    _check_reach(organization_id, e164)
    with unit_of_work():
        made = registrations.begin_toll_free(organization_id, e164, actor=me().actor)
    return see_other(_page_url(made, Page.BUSINESS) if made.may_be_edited else _show_url(made))


@bp.get("/<uuid:registration_id>")
@requires(Permission.VIEW_ORGANIZATION)
def show(organization_id: UUID, registration_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.organization)
    """Show how far a registration came, and why it was rejected."""
    known = _registration(registration_id)
    requests = queries.requests_of(known.organization_id, known.e164) if known.e164 else []
    return page(
        "registrations/show.html",
        "registrations/_status.html",
        registration=known,
        others=[one for one in requests if one.id != known.id],
        milestones=_milestones(known),
        expected=_expected(known),
        letter=_letter(known),
        support_url=number_rules.SUPPORT_URL,
        step_words=steps.STEP_WORDS.get(known.step) if known.step else None,
        cap=tiers.daily_cap(known.score),
        carrier_cap=tiers.carrier_cap(known.score),
        page_words=PAGE_WORDS,
        may_register=me().may(Permission.REGISTER),
    )


@bp.get("/<uuid:registration_id>/pages/<string:name>")
@requires(Permission.REGISTER)
def edit(organization_id: UUID, registration_id: UUID, name: str) -> Response:  # noqa: ARG001
    """Show one page of the wizard, with what would get it rejected."""
    known, of = _registration(registration_id), _page_named(name)
    if not known.may_be_edited:
        return see_other(_show_url(known))
    if of is Page.CHECK:
        return _check_page(known)
    form = form_of(known.kind, of)(
        formdata=None, data=known.details.to_json() | {"edits": known.edits}
    )
    if known.edits or known.reasons:  # a fresh draft is not scolded
        form.show(registrations.problems_of(known))
    return _edit_page(known, of, form)


@bp.post("/<uuid:registration_id>/pages/<string:name>")
@requires(Permission.REGISTER)
def save(organization_id: UUID, registration_id: UUID, name: str) -> Response:  # noqa: ARG001
    """Keep one page and go to the next."""
    known, of = _registration(registration_id), _page_named(name)
    if of is Page.CHECK:
        raise NotFound("We can't find that page.")
    form = form_of(known.kind, of)()
    if not form.validate_on_submit():
        return _edit_page(known, of, form, 422)
    try:
        with unit_of_work():
            kept = registrations.save(
                known.tenant,
                known.id,
                form.changes(),
                edits=form.edits.data,
                actor=me().actor,
            )
    except EditedMeanwhile as error:
        form.form_errors = [error.message]
        form.edits.data = queries.get_or_404(known.tenant, known.id).edits
        return _edit_page(known, of, form, error.status)
    order = list(Page)
    return see_other(_page_url(kept, order[order.index(of) + 1]))


@bp.post("/<uuid:registration_id>/fill")
@requires(Permission.REGISTER)
def fill(organization_id: UUID, registration_id: UUID) -> Response:
    """Fill the page about opting in from a published form."""
    known = _registration(registration_id)
    form = _fill_form(organization_id)
    if not form.validate_on_submit():
        flash("Choose one of the published forms.", "bad")
        return see_other(_page_url(known, Page.OPT_IN))
    with unit_of_work():
        registrations.fill_from_form(
            known.tenant,
            known.id,
            UUID(form.form_id.data),
            edits=form.edits.data,
            actor=me().actor,
        )
    flash("Filled in from the form.", "ok")
    return see_other(_page_url(known, Page.OPT_IN))


@bp.post("/<uuid:registration_id>/look")
@requires(Permission.REGISTER)
def look(organization_id: UUID, registration_id: UUID) -> Response:  # noqa: ARG001
    """Open the pages as a reviewer would, and show what was found."""
    known = _registration(registration_id)
    seen = registrations.look(known)
    with unit_of_work():
        registrations.keep_seen(known.tenant, known.id, seen)
    return see_other(_page_url(known, Page.CHECK))


@bp.post("/<uuid:registration_id>/submit")
@requires(Permission.REGISTER)
def submit(organization_id: UUID, registration_id: UUID) -> Response:
    """Send it in; a second click changes nothing."""
    known = _registration(registration_id)
    try:
        with unit_of_work():
            registrations.submit(known.tenant, known.id, actor=me().actor)
    except NotReady as error:
        return _check_page(known, error.message, error.status)
    except NoNumberYet as error:
        error.fix_url, error.fix_label = _number_url(organization_id), "Set up a number"
        raise
    flash("Sent in. You are told here and by a notice when the carriers answer.", "ok")
    return see_other(_show_url(known))


@bp.post("/<uuid:registration_id>/retry")
@requires(Permission.REGISTER)
def retry(organization_id: UUID, registration_id: UUID) -> Response:  # noqa: ARG001
    """Go on at once with what waits."""
    known = _registration(registration_id)
    with unit_of_work():
        registrations.try_now(known.tenant, known.id, actor=me().actor)
    return see_other(_show_url(known))


def _registration(registration_id: UUID) -> RegistrationRef:
    known = queries.get_or_404(g.organization.tenant, registration_id)
    if known.e164 is not None:
        _check_reach(known.organization_id, known.e164)
    return known


def _check_reach(organization_id: UUID, e164: str) -> None:
    """Raise NotFound for a number of an account this person doesn't reach."""
    sender = numbers.sender_by_e164(organization_id, e164)
    if sender and sender.account_id not in {one.id for one in _accounts(organization_id)}:
        raise NotFound("We can't find that registration.")


def _of_now(begun: RegistrationRef | None, sender: SenderRef) -> RegistrationRef | None:
    """Return a number's request unless it was made before the number went and came back."""
    is_of_now = begun is not None and steps.is_of_holding(begun.begun_at, sender.ready_at)
    return begun if is_of_now else None


def _accounts(organization_id: UUID) -> list[AccountRef]:
    return accounts.accounts_for(me().user_id, organization_id, me().role)


def _page_named(name: str) -> Page:
    try:
        return Page(name.replace("-", "_"))
    except ValueError as error:
        raise NotFound("We can't find that page.") from error


def _edit_page(known: RegistrationRef, of: Page, form: PageForm, status: int = 200) -> Response:
    order = list(Page)
    before = order[order.index(of) - 1] if of is not order[0] else None
    return page(
        "registrations/edit.html",
        status=status,
        registration=known,
        here=of,
        form=form,
        steps=_steps(known, of),
        back_url=_page_url(known, before) if before else _show_url(known),
        fill_form=_fill_form(g.organization.id, known) if of is Page.OPT_IN else None,
        is_toll_free=known.kind is Kind.TOLL_FREE,
    )


def _check_page(known: RegistrationRef, refusal: str = "", status: int = 200) -> Response:
    problems = registrations.problems_of(known)
    return page(
        "registrations/check.html",
        status=status,
        registration=known,
        steps=_steps(known, Page.CHECK),
        stops=preflight.stopping(problems),
        warnings=[one for one in problems if one not in preflight.stopping(problems)],
        refusal=refusal,
        labels=_labels(known.kind),
        page_words=PAGE_WORDS,
        addresses=preflight.addresses(known.details),
        has_account=numbers.credentials(known.organization_id) is not None,
        number_url=_number_url(known.organization_id),
    )


def _labels(kind: Kind) -> dict[str, str]:
    """Return what the wizard calls each field."""
    return {
        field.short_name: field.label.text
        for of in Page
        if of is not Page.CHECK
        for field in form_of(kind, of)(formdata=None)
    }


def _fill_form(organization_id: UUID, known: RegistrationRef | None = None) -> FillForm:
    data = {"edits": known.edits, "form_id": known.details.form_id} if known else None
    form = FillForm(formdata=None, data=data) if known else FillForm()
    form.form_id.choices = [(str(one.id), one.name) for one in published_forms(organization_id)]
    return form


def _steps(known: RegistrationRef, here: Page) -> list[dict[str, str | None]]:
    order = list(Page)
    return [
        {
            "label": PAGE_WORDS[of],
            "state": "current" if of is here else "done" if at < order.index(here) else "todo",
            "url": _page_url(known, of) if of is not here else None,
        }
        for at, of in enumerate(order)
    ]


def _milestones(known: RegistrationRef) -> list[dict[str, str | None]]:
    found = steps.milestones(known.kind, known.todo, known.state)
    return [{"label": name, "state": word, "url": None} for name, word in found]


def _expected(known: RegistrationRef) -> Expected | None:
    if not known.is_waiting or known.step_since is None:
        return None
    return steps.expected(known.todo, known.step_since.date(), utcnow().date())


def _letter(known: RegistrationRef) -> str | None:
    """Return the request to Twilio's support, where only that or another campaign helps."""
    is_rejected = known.state is State.REJECTED and (
        known.needs_new_campaign or rejections.is_for_support(known.reasons)
    )
    is_wanted = known.kind is Kind.A2P and (is_rejected or known.state is State.SUSPENDED)
    if not is_wanted or not me().may(Permission.REGISTER):
        return None
    return letters.look_again(
        known,
        account_sid=numbers.carrier_account_sid(known.organization_id),
        service_sid=numbers.messaging_service(known.organization_id),
    )


def _of_number() -> dict[str, object]:
    """Give a number's page, which a lower slice draws, how its registration stands (N-5)."""
    account, named = g.get("account"), request.view_args or {}
    if request.endpoint != "numbers.show" or account is None or g.get("me") is None:
        return {}
    here = numbers.senders(account.id)
    sender = next((one for one in here if one.id == named["sender_id"]), None)
    if sender is None or sender.is_registered:
        return {}
    if number_rules.is_toll_free(sender.e164):
        known = _of_now(queries.of_number(sender.organization_id, sender.e164), sender)
    else:
        known = queries.of_organization(sender.organization_id)
    if known is None:
        return {"awaited": (steps.awaited(None, None), None)}
    return {"awaited": (steps.awaited(known.state, _expected(known)), _show_url(known))}


def _page_url(known: RegistrationRef, of: Page) -> str:
    return url_for(
        ".edit",
        organization_id=known.organization_id,
        registration_id=known.id,
        name=of.value.replace("_", "-"),
    )


def _show_url(known: RegistrationRef) -> str:
    return url_for(
        "registrations.show", organization_id=known.organization_id, registration_id=known.id
    )


def _number_url(organization_id: UUID) -> str | None:
    """Return where a first number is set up: in any account this person may set one up for."""
    mine = _accounts(organization_id)
    if not me().may(Permission.SET_UP_NUMBER):
        is_reserved = people.organization_settings(organization_id).reserves_account_changes
        mine = [one for one in mine if one.owner_user_id == me().user_id and not is_reserved]
    return url_for("numbers.search", account_id=mine[0].id) if mine else None
