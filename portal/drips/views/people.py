"""Who is in a plan: pausing, resuming and removing one person, or the whole plan (P-1, H-8)."""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from flask import Response, flash, g, request, url_for

from portal.contacts.values import ContactRef
from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.errors import NotAllowed
from portal.core.formats import plural
from portal.core.web import own_path, page, see_other
from portal.drips.forms import StopForm
from portal.drips.queries import enrolments
from portal.drips.queries import library as queries
from portal.drips.queries import people as places
from portal.drips.service import stopping
from portal.drips.values import DripRef
from portal.drips.views.blueprint import ALL, ONE, bp, keeper, url_of

_PERSON: Final = f"{ALL}/people/<uuid:enrolment_id>"
Verb = Callable[..., int]


@bp.post(f"{_PERSON}/pause")
@requires(Permission.SEND_TEXTS)
def pause_person(account_id: UUID, enrolment_id: UUID) -> Response:  # noqa: ARG001 (g.account)
    """Keep one person where they are in the plan."""
    return _do(stopping.pause, enrolment_id, "Paused. Nothing of the plan goes to them.")


@bp.post(f"{_PERSON}/resume")
@requires(Permission.SEND_TEXTS)
def resume_person(account_id: UUID, enrolment_id: UUID) -> Response:  # noqa: ARG001 (g.account)
    """Let one person go on with their next step."""
    return _do(stopping.resume, enrolment_id, "They go on with their next step.")


@bp.post(f"{_PERSON}/remove")
@requires(Permission.SEND_TEXTS)
def remove_person(account_id: UUID, enrolment_id: UUID) -> Response:  # noqa: ARG001 (g.account)
    """Take one person out of the plan."""
    return _do(stopping.remove, enrolment_id, "Removed from the plan. What had not left is canceled.")  # fmt: skip


@bp.post(f"{ONE}/pause")
@requires(Permission.SEND_TEXTS)
def pause(account_id: UUID, drip_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Stop the whole plan until somebody resumes it."""
    drip, form = _own(drip_id), StopForm()
    if not form.validate_on_submit():
        return page("drips/stop.html", None, 422, drip=drip, form=form, stops=True)
    with unit_of_work():
        people = stopping.pause_drip(
            drip.organization_id, drip.id, reason=form.reason.data or "", actor=me().actor
        )
    flash(f"Paused for {plural(people, 'person', 'people')}. Nothing of it leaves.", "ok")
    return see_other(url_of(drip))


@bp.post(f"{ONE}/resume")
@requires(Permission.SEND_TEXTS)
def resume(account_id: UUID, drip_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Let the whole plan go on."""
    drip, form = _own(drip_id), StopForm()
    if not form.validate_on_submit():
        return page("drips/stop.html", None, 422, drip=drip, form=form, stops=False)
    with unit_of_work():
        people = stopping.resume_drip(
            drip.organization_id, drip.id, reason=form.reason.data or "", actor=me().actor
        )
    flash(f"It goes on for {plural(people, 'person', 'people')}.", "ok")
    return see_other(url_of(drip))


def panel(person: ContactRef) -> dict[str, Any]:
    """Return what a contact's page says of plans."""
    return {
        "places": places.of_person(person),
        "may_enrol": me().may(Permission.SEND_TEXTS),
        "choose_url": url_for("drips.choose", account_id=person.account_id),
    }


def _do(verb: Verb, enrolment_id: UUID, told: str) -> Response:
    """Do something with one person's place, and lead back to where the click was."""
    found = enrolments.enrolment_or_404(g.account.tenant, enrolment_id)
    with unit_of_work():
        done = verb(g.account.tenant, [enrolment_id], actor=me().actor)
    flash(told if done else "Nothing to change: somebody was faster. This is how it stands now.", "ok")  # fmt: skip
    back = own_path(request.form.get("next", ""), g.account.id)
    return see_other(back or url_for("drips.show", account_id=g.account.id, drip_id=found.drip_id))


def _own(drip_id: UUID) -> DripRef:
    """Return a plan this person may stop. Raises NotFound or NotAllowed."""
    by = keeper()
    drip = queries.drip_or_404(by, drip_id)
    if not by.may_change(drip.place):
        raise NotAllowed("Team leads stop a plan that a team or everybody shares. Pause the people of this account instead.")  # fmt: skip
    return drip
