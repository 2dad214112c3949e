"""Pages of the marketplace: look, choose, buy (B-1, B-2)."""

from uuid import UUID, uuid4

from flask import Response, current_app, flash, g, request, url_for

from portal.billing import queries, rules
from portal.billing import service as billing
from portal.billing.errors import AlreadySubscribed, PlanNotFound, PriceChanged
from portal.billing.forms import BuyForm, SuggestionForm
from portal.billing.service import cards
from portal.billing.views.blueprint import bp
from portal.billing.views.payments import to_the_provider
from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.web import page, see_other
from portal.gateways import payments

_INCOMPLETE = "The form came back incomplete. Check the sum below and buy again."


@bp.get("/accounts/<uuid:account_id>/marketplace")
@requires(Permission.VIEW_CREDITS)
def marketplace(account_id: UUID) -> Response:
    """Show the plans and suggest one (B-1)."""
    form = SuggestionForm(formdata=request.args) if "texts" in request.args else SuggestionForm()
    is_good = "texts" not in request.args or form.validate()
    texts = form.texts.data if is_good else None
    with billing.as_settled(g.account):
        plans, standing = queries.plans(), queries.standings([g.account])[account_id]
        return page(
            "billing/marketplace.html",
            "billing/_plans.html",
            200 if is_good else 422,
            form=form,
            plans=plans,
            today={plan.id: queries.quote(g.account, plan.id) for plan in plans},
            suggestion=rules.suggest(plans, texts) if texts else None,
            subscription=standing.subscription,
            forecast=standing.forecast,
            may_buy=me().may(Permission.CHANGE_SUBSCRIPTION),
        )


@bp.get("/accounts/<uuid:account_id>/marketplace/<uuid:plan_id>")
@requires(Permission.CHANGE_SUBSCRIPTION)
def confirm(account_id: UUID, plan_id: UUID) -> Response:
    """Show the arithmetic before anything is bought (B-2, B-13)."""
    with billing.as_settled(g.account):
        running = queries.subscription(account_id)
    if running is not None:
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
        if payments.cards() is not None:
            with unit_of_work():
                asked = cards.begin_purchase(g.account, plan_id, actor=me().actor, **form.values())
            return to_the_provider(asked)
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
    number_url = transfer_url = None
    if may_set_up and "numbers.search" in current_app.view_functions:
        number_url = url_for("numbers.search", account_id=account_id)
        if "transfers.new" in current_app.view_functions:
            transfer_url = url_for("transfers.new", account_id=account_id)
    with billing.as_settled(g.account):
        return page(
            "billing/connected_apps.html",
            subscription=queries.subscription(account_id),
            balance=queries.balance(account_id),
            may_buy=person.may(Permission.CHANGE_SUBSCRIPTION),
            may_set_up=may_set_up,
            number_url=number_url,
            transfer_url=transfer_url,
            unpaid=queries.unpaid_renewal(g.account.tenant),
            takes_cards=payments.cards() is not None,
            has_cards=payments.cards() is not None and bool(queries.customer_id(g.account.tenant)),
        )


def _confirm(
    plan_id: UUID, form: BuyForm, *, status: int = 200, fault: str | None = None
) -> Response:
    """Render the arithmetic of one plan, which is what both views of a purchase answer with."""
    with billing.as_settled(g.account):
        quote = queries.quote(g.account, plan_id)
        if quote is None:
            raise PlanNotFound
        return page(
            "billing/confirm.html",
            None,
            status,
            quote=quote,
            form=form,
            fault=fault,
            by_card=payments.cards() is not None,
        )
