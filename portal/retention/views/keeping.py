"""How long what is kept, what the next sweep would take, and legal holds."""

from uuid import UUID

from flask import Response, flash, g, url_for

from portal.core import clock
from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.errors import DomainError
from portal.core.web import page, see_other
from portal.retention import queries
from portal.retention.forms import HoldForm, ReleaseForm, TermsForm
from portal.retention.service import holds, sweeping
from portal.retention.values import COUNT_WORDS, TERMS, Keeping
from portal.retention.views.blueprint import bp, counts_file


@bp.get("/organizations/<uuid:organization_id>/retention")
@requires(Permission.RELEASE_HOLDS)
def keeping(organization_id: UUID) -> Response:
    """Show terms, holds and sweeps."""
    return _page(organization_id)


@bp.post("/organizations/<uuid:organization_id>/retention/terms")
@requires(Permission.MANAGE_RETENTION)
def set_terms(organization_id: UUID) -> Response:
    """Let new terms hold from today on."""
    form = TermsForm()
    if not form.validate_on_submit():
        return _page(organization_id, terms=form, status=422)
    try:
        with unit_of_work():
            sweeping.set_terms(organization_id, form.terms(), actor=me().actor)
    except DomainError as error:
        wrong = next((k for k, t in TERMS.items() if error.message.startswith(t.words)), None)
        form.refuse((wrong or Keeping.CONSENT).value, error)
        return _page(organization_id, terms=form, status=422)
    flash("The new terms hold from today on.", "ok")
    return see_other(url_for("retention.keeping", organization_id=organization_id))


@bp.post("/organizations/<uuid:organization_id>/retention/sweeps")
@requires(Permission.MANAGE_RETENTION)
def dry_run(organization_id: UUID) -> Response:
    """Count what the next sweep would take."""
    with unit_of_work():
        sweep_id = sweeping.dry_run(organization_id, actor=me().actor)
    return see_other(url_for("retention.sweep", organization_id=organization_id, sweep_id=sweep_id))


@bp.get("/organizations/<uuid:organization_id>/retention/sweeps/<uuid:sweep_id>")
@requires(Permission.RELEASE_HOLDS)
def sweep(organization_id: UUID, sweep_id: UUID) -> Response:
    """Show what a sweep took, or would take."""
    return page(
        "retention/sweep.html",
        sweep=queries.sweep_or_404(organization_id, sweep_id),
        held=queries.held(organization_id),
        words=COUNT_WORDS,
        terms=TERMS,
        kinds=list(Keeping),
        organization=g.organization,
    )


@bp.get("/organizations/<uuid:organization_id>/retention/sweeps/<uuid:sweep_id>/report.csv")
@requires(Permission.RELEASE_HOLDS)
def sweep_report(organization_id: UUID, sweep_id: UUID) -> Response:
    """Send a sweep's counts as a file."""
    found = queries.sweep_or_404(organization_id, sweep_id)
    return counts_file(found.counts, f"retention-{found.started_at:%Y-%m-%d}.csv")


@bp.post("/organizations/<uuid:organization_id>/retention/holds")
@requires(Permission.MANAGE_RETENTION)
def set_hold(organization_id: UUID) -> Response:
    """Hold everything about a number, or about everybody."""
    form = HoldForm()
    if not form.validate_on_submit():
        return _page(organization_id, hold=form, status=422)
    try:
        with unit_of_work():
            holds.set_hold(
                organization_id, form.phone.data or "", reason=form.reason.data, actor=me().actor
            )
    except DomainError as error:
        form.refuse("phone", error)
        return _page(organization_id, hold=form, status=422)
    flash("The hold stands.", "ok")
    return see_other(url_for("retention.keeping", organization_id=organization_id))


@bp.get("/organizations/<uuid:organization_id>/retention/holds/<uuid:hold_id>")
@requires(Permission.RELEASE_HOLDS)
def hold(organization_id: UUID, hold_id: UUID) -> Response:
    """Show one hold and the way to its release."""
    return _hold_page(organization_id, hold_id, ReleaseForm(formdata=None))


@bp.post("/organizations/<uuid:organization_id>/retention/holds/<uuid:hold_id>/release-request")
@requires(Permission.RELEASE_HOLDS)
def ask_release(organization_id: UUID, hold_id: UUID) -> Response:
    """Ask that a hold be released."""
    form = ReleaseForm()
    if not form.validate_on_submit():
        return _hold_page(organization_id, hold_id, form, 422)
    with unit_of_work():
        holds.ask_release(organization_id, hold_id, reason=form.reason.data, actor=me().actor)
    flash("Asked. The hold stands until another person agrees.", "ok")
    return see_other(url_for("retention.keeping", organization_id=organization_id))


@bp.post("/organizations/<uuid:organization_id>/retention/holds/<uuid:hold_id>/release")
@requires(Permission.RELEASE_HOLDS)
def release(organization_id: UUID, hold_id: UUID) -> Response:
    """Agree to a release that another person asked for."""
    with unit_of_work():
        holds.release(organization_id, hold_id, actor=me().actor)
    flash("The hold is released.", "ok")
    return see_other(url_for("retention.keeping", organization_id=organization_id))


def _page(
    organization_id: UUID,
    *,
    terms: TermsForm | None = None,
    hold: HoldForm | None = None,
    status: int = 200,
) -> Response:
    policy = queries.policy(organization_id, clock.utcnow().date())
    days = {kind.value: count for kind, count in policy.days.items()}
    return page(
        "retention/keeping.html",
        None,
        status,
        policy=policy,
        terms=TERMS,
        kinds=list(Keeping),
        terms_form=terms or TermsForm(formdata=None, data=days),
        hold_form=hold or HoldForm(formdata=None),
        holds=queries.holds(organization_id),
        sweeps=queries.sweeps(organization_id),
        may_manage=me().may(Permission.MANAGE_RETENTION),
        organization=g.organization,
    )


def _hold_page(
    organization_id: UUID, hold_id: UUID, form: ReleaseForm, status: int = 200
) -> Response:
    return page(
        "retention/hold.html",
        None,
        status,
        hold=queries.hold_or_404(organization_id, hold_id),
        form=form,
        my_id=me().user_id,
        organization=g.organization,
    )
