"""Pages of the plan catalogue, for the admin (B-1)."""

from uuid import UUID

from flask import Response, flash, url_for

from portal.billing import queries
from portal.billing import service as billing
from portal.billing.errors import PlanNameTaken, PlanNotFound
from portal.billing.forms import PlanForm
from portal.billing.values import PlanRef
from portal.billing.views.blueprint import bp
from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.web import page, see_other


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
