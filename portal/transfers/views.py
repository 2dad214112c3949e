"""Pages with which an account's number is brought over from another Twilio account (N-2, N-6)."""

from uuid import UUID

from flask import Blueprint, Flask, Response, flash, g, request, url_for

from portal.core.access import Permission, me, requires
from portal.core.clock import utcnow
from portal.core.db import unit_of_work
from portal.core.errors import DomainError
from portal.core.steps import Trouble
from portal.core.web import page, see_other
from portal.numbers import queries as numbers
from portal.numbers import rules as number_rules
from portal.numbers import service as number_service
from portal.numbers.errors import AccountRestricted, CarrierTrouble, SubscriptionNeeded
from portal.transfers import queries
from portal.transfers import service as transfers
from portal.transfers.errors import CannotMove, NotNow, TransferOpen
from portal.transfers.forms import (
    AgreeForm,
    ConnectForm,
    PickForm,
    RequestForm,
    SignForm,
    TokenForm,
)
from portal.transfers.rules import findings, letters, steps
from portal.transfers.values import Path, Signature, Step, TransferRef, Weight

bp = Blueprint("transfers", __name__, url_prefix="/accounts/<uuid:account_id>/numbers/transfers")
SHOWN = 50


def init_app(app: Flask) -> None:
    """Give templates the words for each step."""
    app.jinja_env.globals["transfer_steps"] = steps.STEP_WORDS


@bp.get("")
@requires(Permission.VIEW_ACCOUNT)
def index(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """List the account's transfers, the newest first."""
    return page(
        "transfers/index.html",
        transfers=queries.transfers(g.account.tenant),
        stop=number_service.stop_of(g.account),
        may_act=me().may(Permission.SET_UP_NUMBER),
    )


@bp.get("/new")
@requires(Permission.SET_UP_NUMBER)
def new(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Ask where the number is today; one that is on its way is shown instead."""
    if (known := queries.open_of(g.account.tenant)) is not None:
        return see_other(_url("show", known))
    return _connect_page(ConnectForm(formdata=None))


@bp.post("")
@requires(Permission.SET_UP_NUMBER)
def begin(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Keep where the number is, and open the old account."""
    form = ConnectForm()
    if not form.validate_on_submit():
        return _connect_page(form, status=422)
    try:
        with unit_of_work():
            known = transfers.begin(g.account, form.place, actor=me().actor)
    except (AccountRestricted, CannotMove, SubscriptionNeeded, TransferOpen) as error:
        return _connect_page(form, status=error.status, fault=error)
    _advance(known.id)
    return see_other(_url("show", known))


@bp.get("/<uuid:transfer_id>")
@requires(Permission.VIEW_ACCOUNT)
def show(account_id: UUID, transfer_id: UUID) -> Response:  # noqa: ARG001
    """Show how far it came, and what is to be done."""
    return _show(_transfer(transfer_id))


@bp.post("/<uuid:transfer_id>/connect")
@requires(Permission.SET_UP_NUMBER)
def connect(account_id: UUID, transfer_id: UUID) -> Response:  # noqa: ARG001
    """Take the old account's token once more."""
    known, form = _transfer(transfer_id), TokenForm()
    transfers.check_needs_token(known)
    if not form.validate_on_submit():
        return _show(known, token_form=form, status=422)
    with unit_of_work():
        transfers.reconnect(known.tenant, known.id, form.token.data, actor=me().actor)
    _advance(known.id)
    return see_other(_url("numbers" if known.step is Step.PICK else "show", known))


@bp.get("/<uuid:transfer_id>/numbers")
@requires(Permission.SET_UP_NUMBER)
def list_numbers(account_id: UUID, transfer_id: UUID) -> Response:  # noqa: ARG001
    """List the numbers of the old account, as they are there now."""
    known = _transfer(transfer_id)
    is_stopped = number_service.stop_of(g.account) is not None  # the transfer says why
    if is_stopped or not steps.may_pick(known.step, known.path):
        return see_other(_url("show", known))
    return _pick_page(known)


@bp.post("/<uuid:transfer_id>/numbers")
@requires(Permission.SET_UP_NUMBER)
def pick(account_id: UUID, transfer_id: UUID) -> Response:  # noqa: ARG001
    """Pick one, and look up what its move would change."""
    known, form = _transfer(transfer_id), PickForm()
    if not form.validate_on_submit():
        return _pick_page(known, status=422, fault="Choose a number from the list.")
    old = queries.old_credentials(known.tenant, known.id)
    if old is None or not steps.may_pick(known.step, known.path):
        raise NotNow("No number is to be picked here now. Open the transfer.")
    try:
        found = {number.sid: number for number in transfers.list_numbers(old)}
    except CarrierTrouble as error:
        return _pick_page(known, status=error.status, trouble=error.trouble)
    if form.number_sid.data not in found:
        return _pick_page(
            known, status=422, fault="That number is not in the old account any more."
        )
    try:
        with unit_of_work():
            transfers.pick(known.tenant, known.id, found[form.number_sid.data], actor=me().actor)
    except (CannotMove, NotNow, TransferOpen) as error:
        return _pick_page(known, status=error.status, fault=error.message)
    _advance(known.id)
    return see_other(_url("show", known))


@bp.post("/<uuid:transfer_id>/check")
@requires(Permission.SET_UP_NUMBER)
def check(account_id: UUID, transfer_id: UUID) -> Response:  # noqa: ARG001
    """Look up anew what the move would change."""
    known = _transfer(transfer_id)
    with unit_of_work():
        transfers.look_again(known.tenant, known.id)
    _advance(known.id)
    return see_other(_url("show", known))


@bp.post("/<uuid:transfer_id>/confirm")
@requires(Permission.SET_UP_NUMBER)
def confirm(account_id: UUID, transfer_id: UUID) -> Response:  # noqa: ARG001
    """Agree to what changes, sign where that is needed, and let the move begin."""
    known = _transfer(transfer_id)
    if known.step is not Step.CONFIRM:  # a second click, or too early: the page says which
        return see_other(_url("show", known))
    form = _agree_form(known)
    if not form.validate_on_submit() and not findings.is_stopped(known.findings):
        return _show(known, agree_form=form, status=422)
    signature = None
    if isinstance(form, SignForm):
        signature = Signature(
            form.name.data, form.title.data, form.email.data, utcnow(), me().actor.label
        )
    try:
        with unit_of_work():
            transfers.confirm(g.account, known.id, signature, actor=me().actor)
    except (AccountRestricted, CannotMove, SubscriptionNeeded) as error:
        return _show(known, agree_form=form, status=error.status, fault=error)
    return see_other(_url("show", known))


@bp.post("/<uuid:transfer_id>/request")
@requires(Permission.SET_UP_NUMBER)
def note_request(account_id: UUID, transfer_id: UUID) -> Response:  # noqa: ARG001
    """Note that the signed request went to Twilio's support."""
    known, form = _transfer(transfer_id), RequestForm()
    if known.step is not Step.AWAIT:
        return see_other(_url("show", known))
    if not form.validate_on_submit():
        return _show(known, request_form=form, status=422)
    with unit_of_work():
        transfers.note_request(known.tenant, known.id, form.ticket.data or "", actor=me().actor)
    flash("Noted. We look at least every half hour whether the number has come.", "ok")
    return see_other(_url("show", known))


@bp.post("/<uuid:transfer_id>/retry")
@requires(Permission.SET_UP_NUMBER)
def retry(account_id: UUID, transfer_id: UUID) -> Response:  # noqa: ARG001
    """Go on at once with what waits."""
    known = _transfer(transfer_id)
    with unit_of_work():
        transfers.try_now(known.tenant, known.id, actor=me().actor)
    if known.step in {Step.CONNECT, Step.CHECK, Step.AWAIT}:
        _advance(known.id)
    return see_other(_url("show", known))


@bp.post("/<uuid:transfer_id>/skip")
@requires(Permission.SET_UP_NUMBER)
def go_on_without(account_id: UUID, transfer_id: UUID) -> Response:  # noqa: ARG001
    """Leave out a step that can be done without."""
    known = _transfer(transfer_id)
    with unit_of_work():
        transfers.go_on_without(known.tenant, known.id, actor=me().actor)
    return see_other(_url("show", known))


@bp.post("/<uuid:transfer_id>/give-up")
@requires(Permission.SET_UP_NUMBER)
def give_up(account_id: UUID, transfer_id: UUID) -> Response:
    """Leave the number where it is, and delete the old account's token."""
    known = _transfer(transfer_id)
    own = numbers.credentials(known.organization_id)
    if known.step is Step.AWAIT and transfers.has_come(own, known.e164):
        with unit_of_work():
            transfers.try_now(known.tenant, known.id, actor=me().actor)
        flash("Twilio's support moved the number meanwhile, so it goes on.", "ok")
        return see_other(_url("show", known))
    with unit_of_work():
        transfers.give_up(known.tenant, known.id, actor=me().actor)
    flash(
        "Given up. The number was not here when we looked, and the old account's token is deleted.",
        "ok",
    )
    return see_other(url_for("numbers.index", account_id=account_id))


def _advance(transfer_id: UUID) -> None:
    """Do one step between two units of work, so that the answer can say how it ended."""
    with unit_of_work():
        order = transfers.claim(transfer_id)
    if order is not None:
        outcome = transfers.carry_out(order)
        with unit_of_work():
            transfers.settle(order, outcome)


def _transfer(transfer_id: UUID) -> TransferRef:
    return queries.get_or_404(g.account.tenant, transfer_id)


def _url(name: str, known: TransferRef) -> str:
    endpoint = {"show": ".show", "numbers": ".list_numbers"}[name]
    return url_for(endpoint, account_id=known.account_id, transfer_id=known.id)


def _agree_form(known: TransferRef) -> AgreeForm:
    made: AgreeForm = SignForm() if known.path is Path.UNRELATED else AgreeForm()
    return made


def _connect_page(
    form: ConnectForm, *, status: int = 200, fault: DomainError | None = None
) -> Response:
    return page(
        "transfers/connect.html",
        status=status,
        form=form,
        fault=fault,
        stop=number_service.stop_of(g.account),
    )


def _pick_page(
    known: TransferRef,
    *,
    status: int = 200,
    fault: str | None = None,
    trouble: Trouble | None = None,
) -> Response:
    found, old = [], queries.old_credentials(known.tenant, known.id)
    if trouble is None and old is not None:
        try:
            found = transfers.list_numbers(old)
        except CarrierTrouble as error:
            trouble, status = error.trouble, error.status
    digits = "".join(char for char in request.args.get("digits", "") if char.isdigit())[:15]
    fitting = [number for number in found if digits in number.e164]
    return page(
        "transfers/pick.html",
        status=status,
        transfer=known,
        rows=[
            (number, findings.why_not(number, held=_why_held(number.e164)))
            for number in fitting[:SHOWN]
        ],
        count=len(fitting),
        digits=digits,
        fault=fault,
        trouble=trouble,
        token_form=TokenForm(formdata=None),
    )


def _why_held(e164: str) -> str | None:
    return findings.why_held(numbers.holder(e164), g.organization.id)


def _show(
    known: TransferRef,
    *,
    token_form: TokenForm | None = None,
    agree_form: AgreeForm | None = None,
    request_form: RequestForm | None = None,
    status: int = 200,
    fault: DomainError | None = None,
) -> Response:
    may_act = me().may(Permission.SET_UP_NUMBER)
    stop = number_service.stop_of(g.account) if steps.may_be_stopped(known.step) else None
    agree = agree_form or (SignForm if known.path is Path.UNRELATED else AgreeForm)(formdata=None)
    return page(
        "transfers/show.html",
        "transfers/_transfer.html",
        status,
        transfer=known,
        fault=fault,
        way=number_service.way_past(g.account, known.trouble),
        stop=stop,
        milestones=[
            {"label": name, "state": state, "url": None}
            for name, state in steps.milestones(known.todo, is_seen=known.is_seen)
        ],
        is_polling=_moves(known),
        is_stopped=findings.is_stopped(known.findings),
        weights={weight: [f for f in known.findings if f.weight is weight] for weight in Weight},
        needs_token=steps.needs_token(known.todo) and known.step not in steps.BY_PERSON,
        may_pick=steps.may_pick(known.step, known.path) and known.has_token and not stop,
        may_skip=known.step in steps.MAY_BE_SKIPPED,
        letter=_letter(known) if may_act else None,
        statement=letters.statement(known.e164, known.old_account_sid, g.organization.name)
        if known.e164
        else "",
        support_url=number_rules.SUPPORT_URL,
        token_form=token_form or TokenForm(formdata=None),
        agree_form=agree,
        request_form=request_form or RequestForm(formdata=None, ticket=known.ticket),
        may_act=may_act,
    )


def _moves(known: TransferRef) -> bool:
    """Say whether the page may ask again by itself: nobody is to type anything on it."""
    is_typed_on = known.step in {*steps.BY_PERSON, Step.AWAIT} or known.is_token_refused
    if known.step is Step.AWAIT and known.is_in_progress:
        return True
    if known.step is None or is_typed_on or (known.step is Step.CONNECT and known.trouble):
        return False
    return known.next_at is not None


def _letter(known: TransferRef) -> str | None:
    """Return the request to Twilio's support, while it is waited for."""
    own = numbers.credentials(known.organization_id)
    if known.step is not Step.AWAIT or known.signature is None or own is None:
        return None
    return letters.request(
        known.signature,
        e164=known.e164 or "",
        old_account_sid=known.old_account_sid,
        new_account_sid=own.account_sid,
        organization=g.organization.name,
    )
