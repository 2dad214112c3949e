"""The content check's rules and levels, and blocked texts that somebody asked about (H-1)."""

from uuid import UUID

from flask import Response, flash, g, request, url_for

from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.errors import BadInput, DomainError
from portal.core.web import page, see_other
from portal.messaging.forms.linting import DecisionForm, LevelForm, SitesForm
from portal.messaging.queries import linting as reads
from portal.messaging.queries.linting import ReviewRef
from portal.messaging.rules import linted
from portal.messaging.rules.linted import ReviewState
from portal.messaging.service import linting
from portal.messaging.views.blueprint import bp
from portal.people import queries as people
from portal.people import service as people_service
from portal.texting_accounts import queries as accounts

_ORGANIZATION = "/organizations/<uuid:organization_id>"


@bp.get(f"{_ORGANIZATION}/content-check")
@bp.get("/accounts/<uuid:account_id>/content-check")
@requires(Permission.VIEW_ORGANIZATION)
def lint_rules(organization_id: UUID | None = None, account_id: UUID | None = None) -> Response:  # noqa: ARG001
    """Show every rule with its level, who set it, and the organization's own sites."""
    return _rules()


@bp.post(f"{_ORGANIZATION}/content-check/levels")
@requires(Permission.SET_LINT)
def set_lint_level(organization_id: UUID) -> Response:
    """Set what the findings of one rule do from now on."""
    form = LevelForm()
    if not form.validate_on_submit():
        return _rules(422, level_form=form)
    try:
        with unit_of_work():
            linting.set_level(
                organization_id,
                form.rule.data,
                form.level.data,
                reason=form.reason.data or "",
                actor=me().actor,
            )
    except DomainError as error:
        form.refuse("reason", error)
        return _rules(422, level_form=form)
    flash("It holds for every text from now on.", "ok")
    return see_other(url_for("messaging.lint_rules", organization_id=organization_id))


@bp.post(f"{_ORGANIZATION}/content-check/sites")
@requires(Permission.SET_LINT)
def set_lint_sites(organization_id: UUID) -> Response:
    """Name the organization's own sites, to which texts may link."""
    form = SitesForm()
    if not form.validate_on_submit():
        return _rules(422, sites_form=form)
    with unit_of_work():
        people_service.set_website_domains(organization_id, form.listed(), actor=me().actor)
    flash("Links to these sites raise nothing.", "ok")
    return see_other(url_for("messaging.lint_rules", organization_id=organization_id) + "#sites")


@bp.get(f"{_ORGANIZATION}/blocked-texts")
@requires(Permission.SET_LINT)
def lint_reviews(organization_id: UUID) -> Response:
    """Show blocked texts somebody asked about, oldest first, and what was decided."""
    names = {a.id: a.name for a in accounts.of_organization(organization_id)}
    return page(
        "messaging/lint_reviews.html",
        None,
        waiting=reads.reviews(organization_id, is_open=True),
        decided=reads.reviews(organization_id, is_open=False),
        names=names,
    )


@bp.get(f"{_ORGANIZATION}/blocked-texts/<uuid:review_id>")
@requires(Permission.SET_LINT)
def lint_review(organization_id: UUID, review_id: UUID) -> Response:
    """Show one blocked text with what was found in it."""
    found = reads.review_or_404(organization_id, review_id)
    return _review(found, DecisionForm(formdata=None))


@bp.post(f"{_ORGANIZATION}/blocked-texts/<uuid:review_id>")
@requires(Permission.SET_LINT)
def decide_lint_review(organization_id: UUID, review_id: UUID) -> Response:
    """Release a blocked text or say no, with the reason."""
    found = reads.review_or_404(organization_id, review_id)
    form, do = DecisionForm(), request.form.get("do")
    if do not in ("release", "refuse"):
        raise BadInput("do: press one of the two buttons.")
    if not form.validate_on_submit():
        return _review(found, form, 422)
    try:
        with unit_of_work():
            linting.decide(
                organization_id,
                review_id,
                is_released=do == "release",
                reason=form.reason.data or "",
                actor=me().actor,
            )
    except DomainError as error:
        form.refuse("reason", error)
        return _review(found, form, 422)
    flash("Released. Who asked is told." if do == "release" else "It stays blocked.", "ok")
    return see_other(url_for("messaging.lint_reviews", organization_id=organization_id))


def _rules(
    status: int = 200, *, level_form: LevelForm | None = None, sites_form: SitesForm | None = None
) -> Response:
    organization_id = g.organization.id
    history = reads.level_history(organization_id)
    newest = {row.rule: row for row in history if row.level}
    for row in history:
        if not row.level:
            newest.pop(row.rule, None)
    domains = people.organization_settings(organization_id).website_domains
    return page(
        "messaging/lint_rules.html",
        None,
        status,
        rules=[
            (rule, name, newest[rule].level if rule in newest else default, newest.get(rule))
            for rule, (name, default) in linted.RULES.items()
        ],
        levels=linted.LEVELS,
        fixed=linted.FIXED,
        history=list(reversed(history)),
        may_set=me().may(Permission.SET_LINT),
        waiting=reads.open_reviews(organization_id),
        domains=domains,
        level_form=level_form or LevelForm(formdata=None),
        sites_form=sites_form or SitesForm(formdata=None, data={"domains": "\n".join(domains)}),
    )


def _review(found: ReviewRef, form: DecisionForm, status: int = 200) -> Response:
    account = accounts.account(found.account_id)
    return page(
        "messaging/lint_review.html",
        None,
        status,
        review=found,
        account_name=account.name if account else "",
        rule_names={rule: name for rule, (name, _) in linted.RULES.items()},
        is_open=found.state is ReviewState.ASKED,
        form=form,
    )
