"""Pages of the plan catalogue, for the admin (B-1)."""

from datetime import date
from uuid import UUID

from flask import Response, flash, url_for

from portal.billing import queries, rules
from portal.billing import service as billing
from portal.billing.errors import PlanNameTaken, PlanNotFound, PriceDayPast
from portal.billing.forms import PlanForm
from portal.billing.values import PlanRef
from portal.billing.views.blueprint import bp
from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.web import page, see_other
from portal.people import queries as people


@bp.get("/admin/plans")
@requires(Permission.ADMINISTER)
def admin_plans() -> Response:
    """Show the whole catalogue (B-1)."""
    return page(
        "billing/admin_plans.html", plans=queries.all_plans(), on_it=queries.accounts_by_plan()
    )


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
    return _plan_form(PlanForm(obj=plan, next_price_on=_price_day(plan)), plan)


@bp.post("/admin/plans/<uuid:plan_id>")
@requires(Permission.ADMINISTER)
def save_plan(plan_id: UUID) -> Response:
    """Change a plan for those who buy it from now on."""
    return _save(PlanForm(), _plan_or_404(plan_id))


def _save(form: PlanForm, plan: PlanRef | None) -> Response:
    """Add or change a plan, or show the form again with what is wrong."""
    if not form.validate_on_submit():
        return _plan_form(form, plan, status=422)
    told = form.values()
    day = told.pop("next_price_on")
    try:
        with unit_of_work():
            if plan is None:
                told.pop("next_price_cents")
                saved = billing.add_plan(actor=me().actor, **told)
            else:
                at = plan.next_price_at  # also when another zone made it: nobody changed the day
                if day != _price_day(plan):
                    at = rules.day_start(day, me().timezone) if day else None
                saved = billing.edit_plan(plan.id, actor=me().actor, next_price_at=at, **told)
    except PlanNameTaken as error:
        form.refuse("name", error)
        return _plan_form(form, plan, status=422)
    except PriceDayPast as error:
        form.refuse("next_price_on", error)
        return _plan_form(form, plan, status=422)
    flash(f"Plan {saved.name} saved.", "ok")
    return see_other(url_for("billing.admin_plans"))


def _price_day(plan: PlanRef) -> date | None:
    """Return the day the next price begins on for who looks, if there is one."""
    return rules.local_day(plan.next_price_at, me().timezone) if plan.next_price_at else None


def _plan_form(form: PlanForm, plan: PlanRef | None, status: int = 200) -> Response:
    """Render the form of one plan, with who is on it and what was changed before."""
    uses = queries.plan_uses(plan.id) if plan else []
    names = {row.id: row.name for row in people.organizations()} if uses else {}
    return page(
        "billing/plan_form.html",
        None,
        status,
        form=form,
        plan=plan,
        uses=[(names.get(use.organization_id, "An organization"), use) for use in uses],
        changes=queries.plan_changes(plan.id) if plan else [],
    )


def _plan_or_404(plan_id: UUID) -> PlanRef:
    plan = queries.plan(plan_id)
    if plan is None:
        raise PlanNotFound
    return plan
