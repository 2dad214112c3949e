"""Pages with which an account gets its numbers (N-1, N-6)."""

from uuid import UUID, uuid4

from flask import Blueprint, Flask, Response, current_app, flash, g, request, url_for

from portal.billing import queries as billing
from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.errors import BadInput, DomainError
from portal.core.steps import Trouble
from portal.core.web import page, see_other
from portal.numbers import queries, rules
from portal.numbers import service as numbers
from portal.numbers.errors import CarrierTrouble, NotConfirmed, NumberTaken, SubscriptionNeeded
from portal.numbers.forms import BuyForm, ReleaseForm, SearchForm, problems
from portal.numbers.values import Available, Order, SenderRef, SenderState

bp = Blueprint("numbers", __name__, url_prefix="/accounts/<uuid:account_id>/numbers")


def init_app(app: Flask) -> None:
    """Give templates the words for a number that may not text yet."""
    app.jinja_env.globals["not_registered"] = rules.NOT_REGISTERED


@bp.get("")
@requires(Permission.VIEW_ACCOUNT)
def index(account_id: UUID) -> Response:
    """List the account's numbers."""
    return page(
        "numbers/index.html",
        senders=queries.senders(account_id),
        stop=numbers.stop_of(g.account),
        may_set_up=me().may(Permission.SET_UP_NUMBER),
    )


@bp.get("/search")
@requires(Permission.SET_UP_NUMBER)
def search(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Search numbers that can be bought."""
    is_asked = any(name in request.args for name in ("area_code", "city", "state", "digits"))
    form = SearchForm(formdata=request.args if is_asked else None)
    if not is_asked or numbers.stop_of(g.account) is not None:
        return _search_page(form)
    if not form.validate():
        return _search_page(form, status=422)
    try:
        return _search_page(form, found=numbers.search(g.organization.id, form.wanted))
    except CarrierTrouble as error:
        return _search_page(form, trouble=error.trouble, status=error.status)


@bp.get("/new")
@requires(Permission.SET_UP_NUMBER)
def choose(account_id: UUID) -> Response:
    """Show one number before it is bought: what it can do, and what it will be called."""
    e164 = request.args.get("e164", "")
    if not e164:
        raise _with_search(BadInput("e164: no number is named. Choose one from the search."))
    if why := rules.why_not_for_sale(e164):
        raise _with_search(BadInput(f"e164: {why}"))
    try:
        number = numbers.is_available(g.organization.id, e164)
    except CarrierTrouble as error:
        return _search_page(SearchForm(formdata=None), trouble=error.trouble, status=error.status)
    if number is None:
        flash("That number is no longer available. Choose another one.", "bad")
        return see_other(url_for(".search", account_id=account_id))
    form = BuyForm(
        formdata=None,
        name=g.account.name,
        e164=number.e164,
        locality=number.locality,
        region=number.region,
        request_key=uuid4().hex,
    )
    return _choose_page(form, number)


@bp.post("")
@requires(Permission.SET_UP_NUMBER)
def buy(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Buy a number; a second click of the same form finds the first purchase (N-1)."""
    form = BuyForm()
    if not form.validate_on_submit():
        return _choose_page(form, form.number, status=422, faults=problems(form))
    try:
        with unit_of_work():
            order = numbers.place_order(
                g.account,
                form.number,
                form.name.data,
                request_key=form.request_key.data,
                actor=me().actor,
            )
    except SubscriptionNeeded as error:
        raise _with_marketplace(error) from error
    except DomainError as error:
        return _choose_page(form, form.number, status=error.status, refusal=error)
    return _finish(order)


@bp.get("/<uuid:sender_id>")
@requires(Permission.VIEW_ACCOUNT)
def show(account_id: UUID, sender_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show a number, or how far its purchase came."""
    return _show(queries.get_or_404(g.account.tenant, sender_id))


@bp.post("/<uuid:sender_id>/retry")
@requires(Permission.SET_UP_NUMBER)
def retry(account_id: UUID, sender_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Go on with a purchase that failed or was broken off."""
    try:
        with unit_of_work():
            order = numbers.retry_order(g.account, sender_id, actor=me().actor)
    except SubscriptionNeeded as error:
        raise _with_marketplace(error) from error
    except NumberTaken as error:
        error.fix_url, error.fix_label = _search_url(), "Search again"
        raise
    return _finish(order)


@bp.post("/<uuid:sender_id>/default")
@requires(Permission.SET_UP_NUMBER)
def make_default(account_id: UUID, sender_id: UUID) -> Response:
    """Let the account text from this number unless told otherwise."""
    with unit_of_work():
        sender = numbers.make_default(g.account.tenant, sender_id, actor=me().actor)
    flash(f"Texts now come from {sender.name}.", "ok")
    return see_other(url_for(".index", account_id=account_id))


@bp.get("/<uuid:sender_id>/leave")
@requires(Permission.SET_UP_NUMBER)
def leave(account_id: UUID, sender_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Say how a number is taken to another carrier, or given back, and what is lost (N-4)."""
    return _leave_page(queries.get_or_404(g.account.tenant, sender_id), ReleaseForm(formdata=None))


@bp.post("/<uuid:sender_id>/release")
@requires(Permission.SET_UP_NUMBER)
def release(account_id: UUID, sender_id: UUID) -> Response:
    """Ask to give a number back; it goes a week later unless somebody keeps it (N-4)."""
    sender, form = queries.get_or_404(g.account.tenant, sender_id), ReleaseForm()
    if not form.validate_on_submit():
        return _leave_page(sender, form, 422)
    try:
        with unit_of_work():
            numbers.ask_release(g.account, sender_id, typed=form.typed.data, actor=me().actor)
    except NotConfirmed as error:
        form.refuse("typed", error)
        return _leave_page(sender, form, 422)
    return see_other(url_for(".show", account_id=account_id, sender_id=sender_id))


@bp.post("/<uuid:sender_id>/keep")
@requires(Permission.SET_UP_NUMBER)
def keep(account_id: UUID, sender_id: UUID) -> Response:
    """Keep a number that was to be given back."""
    try:
        with unit_of_work():
            sender = numbers.keep(g.account.tenant, sender_id, actor=me().actor)
    except SubscriptionNeeded as error:
        raise _with_marketplace(error) from error
    flash(f"{sender.name} stays.", "ok")
    return see_other(url_for(".show", account_id=account_id, sender_id=sender_id))


@bp.post("/<uuid:sender_id>/take-away")
@requires(Permission.SET_UP_NUMBER)
def take_away(account_id: UUID, sender_id: UUID) -> Response:
    """Say that a number is being taken to another carrier, or that it is not any more."""
    is_leaving = request.form.get("stays") is None
    with unit_of_work():
        numbers.take_away(g.account, sender_id, is_leaving=is_leaving, actor=me().actor)
    return see_other(url_for(".leave", account_id=account_id, sender_id=sender_id))


def _leave_page(sender: SenderRef, form: ReleaseForm, status: int = 200) -> Response:
    return page(
        "numbers/leave.html",
        status=status,
        sender=sender,
        form=form,
        carrier_account=queries.carrier_account_sid(sender.organization_id),
        days=rules.COOLING_OFF.days,
        plan_url=_plan_url(),
        stop=numbers.stop_of(g.account, numbers.check_unrestricted),
    )


def _finish(order: Order) -> Response:
    """Carry an order out between two units of work, and show what became of it."""
    if order.is_ours:
        purchase = numbers.carry_out(order)
        with unit_of_work():
            sender = numbers.settle(order, purchase, actor=me().actor)
        if sender.state is SenderState.READY:
            flash(f"{sender.name} is yours.", "ok")
    return see_other(url_for(".show", account_id=order.account_id, sender_id=order.sender_id))


def _search_page(
    form: SearchForm,
    *,
    found: list[Available] | None = None,
    trouble: Trouble | None = None,
    status: int = 200,
) -> Response:
    return page(
        "numbers/search.html",
        status=status,
        form=form,
        found=found,
        trouble=trouble,
        again_url=request.full_path.removesuffix("?"),
        stop=numbers.stop_of(g.account),
    )


def _choose_page(
    form: BuyForm,
    number: Available,
    *,
    status: int = 200,
    faults: list[str] | None = None,
    refusal: DomainError | None = None,
) -> Response:
    return page(
        "numbers/choose.html",
        status=status,
        form=form,
        number=number,
        faults=[*(faults or []), *([refusal.message] if refusal else [])],
        way=(refusal.fix_url, refusal.fix_label) if refusal and refusal.fix_url else None,
        stop=numbers.stop_of(g.account),
    )


def _show(sender: SenderRef) -> Response:
    return page(
        "numbers/show.html",
        "numbers/_number.html",
        sender=sender,
        stop=numbers.stop_of(g.account) if sender.may_retry else None,
        is_sold=sender.trouble is not None and rules.needs_another(sender.trouble),
        plan_url=_plan_url(),
        may_set_up=me().may(Permission.SET_UP_NUMBER),
        next_links=_next_links(),
        calls_url=url_for("calls.show", account_id=sender.account_id, sender_id=sender.id)
        if "calls.show" in current_app.view_functions and sender.is_ready
        else None,
        registration_url=url_for("registrations.index", organization_id=sender.organization_id)
        if "registrations.index" in current_app.view_functions
        else None,
    )


def _next_links() -> list[tuple[str, str, str]]:
    """Return where to go with a number that is ready: pages of higher slices, where there are any."""
    places = (
        (Permission.IMPORT_CONTACTS, "contacts.imports", "Import contacts", "up"),
        (Permission.VIEW_CONTACTS, "contacts.index", "Choose people to text", "people"),
    )
    return [
        (url_for(endpoint, account_id=g.account.id), label, icon)
        for permission, endpoint, label, icon in places
        if me().may(permission) and endpoint in current_app.view_functions
    ]


def _plan_url() -> str | None:
    """Return where a plan is bought, where only that keeps the account's numbers (B-7)."""
    if billing.lapsed_accounts({g.account.id}):
        return url_for("billing.marketplace", account_id=g.account.id)
    return None


def _with_marketplace(error: SubscriptionNeeded) -> SubscriptionNeeded:
    error.fix_url = url_for("billing.marketplace", account_id=g.account.id)
    error.fix_label = "Open the marketplace"
    return error


def _with_search(error: BadInput) -> BadInput:
    error.fix_url, error.fix_label = _search_url(), "Search again"
    return error


def _search_url() -> str:
    return url_for(".search", account_id=g.account.id)
