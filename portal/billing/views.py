"""Pages of the marketplace, the credit statement, invoices and the plan catalogue."""

from collections.abc import Iterator
from csv import writer
from tempfile import SpooledTemporaryFile
from typing import IO
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    g,
    request,
    url_for,
)

from portal.billing import queries, rules
from portal.billing import service as billing
from portal.billing.errors import AlreadySubscribed, PlanNameTaken, PlanNotFound, PriceChanged
from portal.billing.forms import BuyForm, PlanForm, SuggestionForm
from portal.billing.values import InvoiceRef, PlanRef, StatementLine
from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.errors import BadInput
from portal.core.web import page, see_other, takes

bp = Blueprint("billing", __name__)

_PER_PAGE = 50
_BIGGEST_KEY = 2_147_483_647
_IN_MEMORY = 5_000_000  # bytes of a download
_CHUNK = 65_536
_INCOMPLETE = "The form came back incomplete. Check the sum below and buy again."


@bp.get("/accounts/<uuid:account_id>/marketplace")
@requires(Permission.VIEW_CREDITS)
def marketplace(account_id: UUID) -> Response:
    """Show the plans and suggest one (B-1)."""
    form = SuggestionForm(formdata=request.args) if "texts" in request.args else SuggestionForm()
    is_good = "texts" not in request.args or form.validate()
    texts = form.texts.data if is_good else None
    plans = queries.plans()
    return page(
        "billing/marketplace.html",
        "billing/_plans.html",
        200 if is_good else 422,
        form=form,
        plans=plans,
        today={plan.id: queries.quote(g.account, plan.id) for plan in plans},
        suggestion=rules.suggest(plans, texts) if texts else None,
        subscription=queries.subscription(account_id),
        may_buy=me().may(Permission.CHANGE_SUBSCRIPTION),
    )


@bp.get("/accounts/<uuid:account_id>/marketplace/<uuid:plan_id>")
@requires(Permission.CHANGE_SUBSCRIPTION)
def confirm(account_id: UUID, plan_id: UUID) -> Response:
    """Show the arithmetic before anything is bought (B-2, B-13)."""
    if queries.subscription(account_id) is not None:
        return see_other(url_for("billing.marketplace", account_id=account_id))
    return _confirm(plan_id, BuyForm(formdata=None, request_key=uuid4().hex))


@bp.post("/accounts/<uuid:account_id>/marketplace/<uuid:plan_id>")
@requires(Permission.CHANGE_SUBSCRIPTION)
def buy(account_id: UUID, plan_id: UUID) -> Response:
    """Buy a plan; a second click of the same form finds the first purchase."""
    form = BuyForm()
    if not form.validate_on_submit():
        fresh = BuyForm(formdata=None, request_key=uuid4().hex)
        return _confirm(plan_id, fresh, status=422, fault=_INCOMPLETE)
    try:
        with unit_of_work():
            bought = billing.subscribe(g.account, plan_id, actor=me().actor, **form.values())
    except PriceChanged as error:
        return _confirm(plan_id, form, status=422, fault=error.message)
    except AlreadySubscribed as error:
        error.fix_url = url_for("billing.connected_apps", account_id=account_id)
        error.fix_label = "See the subscription"
        raise
    flash(
        f"You bought {bought.plan.name}. {bought.plan.credits_per_month:,} credits are here.", "ok"
    )
    return see_other(url_for("billing.connected_apps", account_id=account_id))


@bp.get("/accounts/<uuid:account_id>/connected-apps")
@requires(Permission.VIEW_CREDITS)
def connected_apps(account_id: UUID) -> Response:
    """Show what the account is connected to: Twilio, its plan and its use (B-1)."""
    person = me()
    may_set_up = person.may(Permission.SET_UP_NUMBER)
    number_url = None
    if may_set_up and "numbers.search" in current_app.view_functions:
        number_url = url_for("numbers.search", account_id=account_id)
    return page(
        "billing/connected_apps.html",
        subscription=queries.subscription(account_id),
        balance=queries.balance(account_id),
        may_buy=person.may(Permission.CHANGE_SUBSCRIPTION),
        may_set_up=may_set_up,
        number_url=number_url,
    )


@bp.get("/accounts/<uuid:account_id>/statement")
@requires(Permission.VIEW_CREDITS)
@takes("before")
def statement(account_id: UUID) -> Response:
    """Show every entry of the account's ledger, newest first (B-13)."""
    found = queries.statement(g.account.tenant, before=_key("before"), limit=_PER_PAGE)
    return page(
        "billing/statement.html",
        "billing/_statement.html",
        balance=queries.balance(account_id),
        lines=found.lines,
        is_first_page="before" not in request.args,
        next_before=found.next_before,
    )


@bp.get("/accounts/<uuid:account_id>/statement/export")
@requires(Permission.VIEW_CREDITS)
def export_statement(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Download every entry of the ledger as CSV, oldest first."""
    zone = ZoneInfo(me().timezone)
    head = ["line", "time_utc", f"time ({zone.key})", "entry", "what_for", "left_change",
            "reserved_change", "charged_change", "left_after", "text_id"]  # fmt: skip

    def cells(line: StatementLine) -> list[object]:
        return [line.position, f"{line.at:%Y-%m-%d %H:%M:%S}",
                f"{line.at.astimezone(zone):%Y-%m-%d %H:%M:%S}", line.label, line.detail,
                line.left_change, line.reserved_change, line.spent_change, line.left_after,
                str(line.message_id or "")]  # fmt: skip

    lines = queries.statement_lines(g.account.tenant)
    return _download("statement", head, (cells(line) for line in lines))


@bp.get("/accounts/<uuid:account_id>/invoices")
@requires(Permission.VIEW_CREDITS)
@takes("before")
def invoices(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """List the invoice lines of the account, newest first (B-12)."""
    rows = queries.invoices(g.account.tenant, before=_key("before"), limit=_PER_PAGE + 1)
    shown = rows[:_PER_PAGE]
    return page(
        "billing/invoices.html",
        "billing/_invoices.html",
        invoices=shown,
        is_first_page="before" not in request.args,
        next_before=shown[-1].number if len(rows) > _PER_PAGE else None,
    )


@bp.get("/accounts/<uuid:account_id>/invoices/export")
@requires(Permission.VIEW_CREDITS)
def export_invoices(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Download the invoice lines of the account as CSV (B-12)."""
    head = ["number", "date_utc", "description", "from", "to", "amount_usd", "state", "provider"]

    def cells(row: InvoiceRef) -> list[object]:
        amount = f"{row.amount_cents // 100}.{row.amount_cents % 100:02d}"
        return [row.label, f"{row.at:%Y-%m-%d}", row.description, row.period_start,
                row.period_end, amount, row.state.value, row.provider]  # fmt: skip

    rows = queries.invoices(g.account.tenant, limit=10_000)
    return _download("invoices", head, (cells(row) for row in rows))


@bp.get("/admin/plans")
@requires(Permission.ADMINISTER)
def admin_plans() -> Response:
    """Show the whole catalogue (B-1)."""
    return page("billing/admin_plans.html", plans=queries.all_plans())


@bp.get("/admin/plans/new")
@requires(Permission.ADMINISTER)
def new_plan() -> Response:
    """Show an empty plan."""
    return _plan_form(PlanForm(), None)


@bp.post("/admin/plans")
@requires(Permission.ADMINISTER)
def add_plan() -> Response:
    """Add a plan to the catalogue."""
    return _save(PlanForm(), None)


@bp.get("/admin/plans/<uuid:plan_id>")
@requires(Permission.ADMINISTER)
def edit_plan(plan_id: UUID) -> Response:
    """Show a plan for editing."""
    plan = _plan_or_404(plan_id)
    return _plan_form(PlanForm(obj=plan), plan)


@bp.post("/admin/plans/<uuid:plan_id>")
@requires(Permission.ADMINISTER)
def save_plan(plan_id: UUID) -> Response:
    """Change a plan for those who buy it from now on."""
    return _save(PlanForm(), _plan_or_404(plan_id))


def _confirm(
    plan_id: UUID, form: BuyForm, *, status: int = 200, fault: str | None = None
) -> Response:
    """Render the arithmetic of one plan, which is what both views of a purchase answer with."""
    quote = queries.quote(g.account, plan_id)
    if quote is None:
        raise PlanNotFound
    return page("billing/confirm.html", None, status, quote=quote, form=form, fault=fault)


def _save(form: PlanForm, plan: PlanRef | None) -> Response:
    """Add or change a plan, or show the form again with what is wrong."""
    if not form.validate_on_submit():
        return _plan_form(form, plan, status=422)
    try:
        with unit_of_work():
            if plan is None:
                saved = billing.add_plan(actor=me().actor, **form.values())
            else:
                saved = billing.edit_plan(plan.id, actor=me().actor, **form.values())
    except PlanNameTaken as error:
        form.refuse("name", error)
        return _plan_form(form, plan, status=422)
    flash(f"Plan {saved.name} saved.", "ok")
    return see_other(url_for("billing.admin_plans"))


def _plan_form(form: PlanForm, plan: PlanRef | None, status: int = 200) -> Response:
    """Render the form of one plan."""
    return page("billing/plan_form.html", None, status, form=form, plan=plan)


def _plan_or_404(plan_id: UUID) -> PlanRef:
    plan = queries.plan(plan_id)
    if plan is None:
        raise PlanNotFound
    return plan


def _key(name: str) -> int | None:
    """Return where a page begins, from the URL. Raises BadInput when it is no such place."""
    text = request.args.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= _BIGGEST_KEY):
        raise BadInput(
            f"The address says {name}={text[:40]}, which is no line number. Go back to the first page."
        )
    return int(text)


def _download(name: str, head: list[str], rows: Iterator[list[object]]) -> Response:
    """Answer with CSV; no cell is a formula (PROMISES 4).

    Written in full before it is sent, so that a slow reader holds no database connection.
    """
    file = SpooledTemporaryFile(_IN_MEMORY, mode="w+", newline="", encoding="utf-8")  # noqa: SIM115 (_read_out closes it)
    into = writer(file)
    into.writerow(head)
    for row in rows:
        into.writerow([rules.safe_cell(c) if isinstance(c, str) else c for c in row])
    file.seek(0)
    response = Response(_read_out(file), mimetype="text/csv")
    response.headers.set("Content-Disposition", "attachment", filename=f"{name}.csv")
    return response


def _read_out(file: IO[str]) -> Iterator[str]:
    """Yield a file piece by piece and close it at the end."""
    with file:
        while piece := file.read(_CHUNK):
            yield piece
