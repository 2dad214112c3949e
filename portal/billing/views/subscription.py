"""Pages that change a subscription: another plan, cancel, keep (B-5 to B-7, B-13)."""

from uuid import UUID, uuid4

from flask import Response, flash, g, url_for

from portal.billing import queries
from portal.billing import service as billing
from portal.billing.errors import NotSubscribed, PlanNotFound, PriceChanged, SamePlan
from portal.billing.forms import BuyForm, CancelForm
from portal.billing.service import cards
from portal.billing.values import SubscriptionRef
from portal.billing.views.blueprint import bp
from portal.billing.views.payments import to_the_provider
from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.web import page, see_other
from portal.gateways import payments

_INCOMPLETE = "The form came back incomplete. Check the sum below and change again."


@bp.get("/accounts/<uuid:account_id>/subscription/change/<uuid:plan_id>")
@requires(Permission.CHANGE_SUBSCRIPTION)
def confirm_change(account_id: UUID, plan_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show what a plan change charges, adds and takes, before anything is changed (B-13)."""
    return _confirm(plan_id, BuyForm(formdata=None, request_key=uuid4().hex))


@bp.post("/accounts/<uuid:account_id>/subscription/change/<uuid:plan_id>")
@requires(Permission.CHANGE_SUBSCRIPTION)
def change(account_id: UUID, plan_id: UUID) -> Response:
    """Change the plan; a second click of the same form finds the plan changed."""
    form = BuyForm()
    if not form.validate_on_submit():
        fresh = BuyForm(formdata=None, request_key=uuid4().hex)
        return _confirm(plan_id, fresh, status=422, fault=_INCOMPLETE)
    try:
        if payments.cards() is not None:
            with unit_of_work():
                asked = cards.begin_upgrade(g.account, plan_id, actor=me().actor, **form.values())
            if asked is not None:
                return to_the_provider(asked)
        with unit_of_work():
            done = billing.change_plan(g.account, plan_id, actor=me().actor, **form.values())
    except PriceChanged as error:
        return _confirm(plan_id, form, status=422, fault=error.message)
    except SamePlan as error:
        flash(error.message, "ok")
        return see_other(url_for("billing.connected_apps", account_id=account_id))
    moved = "No credits were moved."
    if done.credits > 0:
        moved = f"{done.credits:,} credits were added."
    elif done.credits < 0:
        moved = f"{-done.credits:,} credits were taken off."
    flash(f"The plan is {done.after.name} now. {moved}", "ok")
    return see_other(url_for("billing.connected_apps", account_id=account_id))


@bp.get("/accounts/<uuid:account_id>/subscription/cancel")
@requires(Permission.CHANGE_SUBSCRIPTION)
def confirm_cancel(account_id: UUID) -> Response:
    """Say what ends on the 1st before anything is canceled (B-7)."""
    return _cancel_page(account_id, CancelForm(formdata=None))


@bp.post("/accounts/<uuid:account_id>/subscription/cancel")
@requires(Permission.CHANGE_SUBSCRIPTION)
def cancel(account_id: UUID) -> Response:
    """Let the subscription end on the 1st (B-7)."""
    form = CancelForm()
    if not form.validate_on_submit():
        return _cancel_page(account_id, form, status=422)
    with unit_of_work():
        billing.cancel(g.account, actor=me().actor)
    flash("The subscription is canceled. Until the 1st everything works as before.", "ok")
    return see_other(url_for("billing.connected_apps", account_id=account_id))


@bp.post("/accounts/<uuid:account_id>/subscription/keep")
@requires(Permission.CHANGE_SUBSCRIPTION)
def keep(account_id: UUID) -> Response:
    """Take a cancellation back (B-7)."""
    with unit_of_work():
        kept = billing.withdraw(g.account, actor=me().actor)
    flash(f"The subscription to {kept.plan.name} goes on.", "ok")
    return see_other(url_for("billing.connected_apps", account_id=account_id))


def _confirm(
    plan_id: UUID, form: BuyForm, *, status: int = 200, fault: str | None = None
) -> Response:
    """Render the arithmetic of one change, which is what both views of it answer with."""
    with billing.as_settled(g.account):
        running = _running()
        quote = queries.change_quote(g.account, plan_id)
        if running.is_canceling or (quote is not None and quote.is_nothing):
            return see_other(url_for("billing.connected_apps", account_id=running.account_id))
        if quote is None:
            raise PlanNotFound
        return page(
            "billing/change.html",
            None,
            status,
            quote=quote,
            form=form,
            fault=fault,
            by_card=payments.cards() is not None,
        )


def _cancel_page(account_id: UUID, form: CancelForm, *, status: int = 200) -> Response:
    with billing.as_settled(g.account):
        running = _running()
        if running.is_canceling:
            return see_other(url_for("billing.connected_apps", account_id=account_id))
        return page(
            "billing/cancel.html",
            None,
            status,
            subscription=running,
            balance=queries.balance(account_id),
            form=form,
        )


def _running() -> SubscriptionRef:
    running = queries.subscription(g.account.id)
    if running is None:
        raise NotSubscribed
    return running
