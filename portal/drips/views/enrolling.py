"""Putting people into plans: from a plan, from the list of contacts, from one person; looked at first (P-1)."""

from typing import Any, Final
from uuid import UUID

from flask import Response, flash, g, request, url_for

from portal.contacts import queries as contacts
from portal.contacts.values import Selection
from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.errors import BadInput, DomainError, NotFound
from portal.core.formats import plural
from portal.core.typed import line
from portal.core.web import page, see_other, takes
from portal.drips.queries import intakes
from portal.drips.queries import library as queries
from portal.drips.service import enrolling as service
from portal.drips.service import foreseeing, taking_in
from portal.drips.values import MOST_AT_ONCE, DripRef, DripState
from portal.drips.views.blueprint import ALL, ONE, bp, keeper, url_of, whose

_MOST_FOUND: Final = 50
_NOBODY: Final = "Nobody is selected. Tick the people this plan is for and try again."


@bp.get(f"{ONE}/people")
@requires(Permission.SEND_TEXTS)
@takes("q")
def pick(account_id: UUID, drip_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Let people be picked for a plan: by name, or everybody with a tag."""
    drip = _usable(drip_id)
    words = line(request.args.get("q", ""))
    found = _matching({"q": [words]}) if words else []
    return page(
        "drips/pick.html",
        drip=drip,
        words=words,
        found=found[:_MOST_FOUND],
        has_more=len(found) > _MOST_FOUND,
        tags=contacts.tags(g.account.tenant),
    )


@bp.post(f"{ALL}/choice")
@requires(Permission.SEND_TEXTS)
def choose(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Ask into which plan the people selected shall be put (K-4)."""
    chosen = _somebody()
    by = keeper()
    return page(
        "drips/choose.html",
        people=contacts.count_selected(g.account.tenant, chosen),
        hidden=_hidden(chosen),
        drips=[drip for drip in queries.drips(by) if service.is_usable(g.account, drip)],
        whose=whose(by),
    )


@bp.post(f"{ALL}/preview")
@requires(Permission.SEND_TEXTS)
def preview(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show who would get what when, what waits and why, who is left out, and what it costs."""
    chosen, drip = _somebody(), _named_drip()
    return _preview(drip, chosen)


@bp.post(f"{ALL}/enrolments")
@requires(Permission.SEND_TEXTS)
def enrol(account_id: UUID) -> Response:
    """Enrol the people selected, many in a worker; who is in the plan already stays as they are."""
    chosen, drip = _somebody(), _named_drip()
    is_large = contacts.count_selected(g.account.tenant, chosen) > taking_in.AT_ONCE
    try:
        if is_large:
            with unit_of_work():
                begun = taking_in.begin(g.account, drip.id, chosen, actor=me().actor)
            return see_other(url_for("drips.enrolling", account_id=account_id, intake_id=begun))
        with unit_of_work():
            done = service.enrol_selection(g.account, drip.id, chosen, actor=me().actor)
    except NotFound:
        raise
    except DomainError as error:
        return _preview(drip, chosen, 422, fault=error.message)
    told = [f"{plural(done.enrolled, 'person', 'people')} enrolled."]
    if done.already:
        told.append(f"{plural(done.already, 'person was', 'people were')} in it already.")
    if done.opted_out:
        told.append(f"{plural(done.opted_out, 'person', 'people')} opted out and left out.")
    flash(" ".join(told), "ok" if done.enrolled else "warn")
    return see_other(url_of(drip))


@bp.get(f"{ALL}/enrolments/<uuid:intake_id>")
@requires(Permission.SEND_TEXTS)
def enrolling(account_id: UUID, intake_id: UUID) -> Response:  # noqa: ARG001 (g.account)
    """Show how far it has come with many people."""
    intake = intakes.intake_or_404(g.account.tenant, intake_id)
    drip = queries.drip_of(g.account.organization_id, intake.drip_id)
    return page("drips/enrolling.html", "drips/_enrolling.html", drip=drip, intake=intake)


def _preview(drip: DripRef, chosen: Selection, status: int = 200, fault: str = "") -> Response:
    return page(
        "drips/preview.html",
        None,
        status,
        drip=drip,
        hidden=_hidden(chosen),
        sight=foreseeing.foresee(g.account, drip, chosen),
        most=MOST_AT_ONCE,
        shown=foreseeing.SHOWN,
        fault=fault,
    )


def _somebody() -> Selection:
    chosen = contacts.selection_of(g.account.tenant, request.form.to_dict(flat=False))
    if chosen.is_empty or not contacts.count_selected(g.account.tenant, chosen):
        raise BadInput(_NOBODY)
    return chosen


def _named_drip() -> DripRef:
    """Return the plan a form names. Raises NotFound, or BadInput where it names none."""
    asked = request.form.get("plan", "")
    if not asked:
        raise BadInput("plan: choose a plan first. Go back and tick one.")
    try:
        return _usable(UUID(asked))
    except ValueError:
        queries.not_here()


def _usable(drip_id: UUID) -> DripRef:
    """Return a plan the account's people may be put into. Raises NotFound or BadInput."""
    drip = queries.drip_or_404(keeper(), drip_id)
    if not service.is_usable(g.account, drip):
        queries.not_here()
    if drip.state is DripState.ARCHIVED:
        raise BadInput("This plan is archived. Take it into use again first.")
    return drip


def _matching(fields: dict[str, list[str]]) -> list[Any]:
    chosen = contacts.selection_of(g.account.tenant, {"all_matching": ["1"], **fields})
    return next(contacts.selected(g.account.tenant, chosen), [])


def _hidden(chosen: Selection) -> list[tuple[str, str]]:
    """Return a selection as the fields a form carries on."""
    if chosen.matching is None:
        return [("ids", str(id_)) for id_ in chosen.ids]
    return [("all_matching", "1"), *((k, v) for k, v in chosen.matching.fields().items() if v)]
