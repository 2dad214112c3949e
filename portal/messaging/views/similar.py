"""Texts alike from many numbers, and wordings officers approved to go from them (H-2)."""

from uuid import UUID

from flask import Response, flash, g, url_for

from portal.core import clock
from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.errors import DomainError
from portal.core.web import page, see_other
from portal.messaging.forms.similar import TemplateForm, ThresholdForm, WithdrawalForm
from portal.messaging.queries import similar as reads
from portal.messaging.queries.similar import ApprovalRef
from portal.messaging.rules.similar import Threshold
from portal.messaging.service import approving
from portal.messaging.views.blueprint import bp
from portal.texting_accounts import queries as accounts

_GROUPS = "/organizations/<uuid:organization_id>/similar-texts"
_TEMPLATES = "/organizations/<uuid:organization_id>/approved-templates"


@bp.get(_GROUPS)
@requires(Permission.REVIEW_SIMILAR)
def similar_texts(organization_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.organization)
    """Show what left from several numbers in the last day, and what was flagged before."""
    return _groups(None)


@bp.get(f"{_GROUPS}/<uuid:group_id>")
@requires(Permission.REVIEW_SIMILAR)
def similar_group(organization_id: UUID, group_id: UUID) -> Response:
    """Show one group: its first text, every number it left from, and who sent."""
    group, lines = reads.group_or_404(organization_id, group_id, clock.utcnow())
    return page(
        "messaging/similar_group.html",
        None,
        group=group,
        lines=lines,
        limit=reads.threshold(organization_id),
        names=_account_names(organization_id),
    )


@bp.post(f"{_GROUPS}/threshold")
@requires(Permission.REVIEW_SIMILAR)
def set_similar_threshold(organization_id: UUID) -> Response:
    """Say from when on texts alike are flagged."""
    form = ThresholdForm()
    if not form.validate_on_submit():
        return _groups(form, 422)
    try:
        with unit_of_work():
            approving.set_threshold(
                organization_id,
                Threshold(form.numbers.data, form.texts.data),
                reason=form.reason.data or "",
                actor=me().actor,
            )
    except DomainError as error:
        form.refuse("reason", error)
        return _groups(form, 422)
    flash("It holds for every text from now on.", "ok")
    return see_other(url_for("messaging.similar_texts", organization_id=organization_id))


@bp.get(f"{_GROUPS}/<uuid:group_id>/wording")
@requires(Permission.REVIEW_SIMILAR)
def similar_wording(organization_id: UUID, group_id: UUID) -> Response:
    """Show the form that approves the wording of a group."""
    found, _ = reads.group_or_404(organization_id, group_id, clock.utcnow())
    return _templates(TemplateForm(formdata=None, data={"body": found.sample}))


@bp.get(_TEMPLATES)
@requires(Permission.REVIEW_SIMILAR)
def approved_templates(organization_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.organization)
    """Show approved wordings, and a form for one more."""
    return _templates(TemplateForm(formdata=None))


@bp.post(_TEMPLATES)
@requires(Permission.REVIEW_SIMILAR)
def approve_template(organization_id: UUID) -> Response:
    """Let a wording go from many numbers, with the reason."""
    form = TemplateForm()
    if not form.validate_on_submit():
        return _templates(form, 422)
    try:
        with unit_of_work():
            approving.approve_template(
                organization_id,
                name=form.name.data or "",
                body=form.body.data or "",
                justification=form.justification.data or "",
                actor=me().actor,
            )
    except DomainError as error:
        form.refuse("body", error)
        return _templates(form, 422)
    flash("Approved. Texts like it are grouped from now on, and not flagged.", "ok")
    return see_other(url_for("messaging.approved_templates", organization_id=organization_id))


@bp.get(f"{_TEMPLATES}/<uuid:approval_id>")
@requires(Permission.REVIEW_SIMILAR)
def approved_template(organization_id: UUID, approval_id: UUID) -> Response:
    """Show one approved wording, its reason and what became of it."""
    found = reads.approval_or_404(organization_id, approval_id)
    return _template(found, WithdrawalForm(formdata=None))


@bp.post(f"{_TEMPLATES}/<uuid:approval_id>/withdrawal")
@requires(Permission.REVIEW_SIMILAR)
def withdraw_template(organization_id: UUID, approval_id: UUID) -> Response:
    """Take an approval back."""
    found = reads.approval_or_404(organization_id, approval_id)
    form = WithdrawalForm()
    if not form.validate_on_submit():
        return _template(found, form, 422)
    try:
        with unit_of_work():
            approving.withdraw_template(
                organization_id, approval_id, reason=form.reason.data or "", actor=me().actor
            )
    except DomainError as error:
        form.refuse("reason", error)
        return _template(found, form, 422)
    flash("Withdrawn. Texts like it are flagged again.", "ok")
    return see_other(url_for("messaging.approved_templates", organization_id=organization_id))


def _groups(form: ThresholdForm | None, status: int = 200) -> Response:
    organization_id, now = g.organization.id, clock.utcnow()
    limit = reads.threshold(organization_id)
    return page(
        "messaging/similar_texts.html",
        None,
        status,
        groups=reads.groups(organization_id, now),
        before=reads.flagged_before(organization_id, now),
        limit=limit,
        history=reads.policy_history(organization_id),
        form=form
        or ThresholdForm(formdata=None, data={"numbers": limit.numbers, "texts": limit.texts}),
    )


def _templates(form: TemplateForm, status: int = 200) -> Response:
    return page(
        "messaging/approved_templates.html",
        None,
        status,
        approvals=reads.approvals(g.organization.id),
        form=form,
    )


def _template(found: ApprovalRef, form: WithdrawalForm, status: int = 200) -> Response:
    return page("messaging/approved_template.html", None, status, approval=found, form=form)


def _account_names(organization_id: UUID) -> dict[UUID, str]:
    return {account.id: account.name for account in accounts.of_organization(organization_id)}
