"""The library of plans, and one of them (P-1, P-2)."""

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from flask import Response, flash, g, make_response, request, url_for

from portal.core import clock
from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.errors import BadInput, NotFound
from portal.core.formats import phone
from portal.core.typed import line
from portal.core.web import page, see_other, takes
from portal.drips.forms import StopForm
from portal.drips.queries import enrolments, health, intakes, pages
from portal.drips.queries import library as queries
from portal.drips.queries import people as places
from portal.drips.queries.library import SHOWN, View
from portal.drips.rules.ready import ready_plans
from portal.drips.service import authoring, picturing
from portal.drips.values import LIVE, DripRef, DripState, EnrolmentRef, EnrolmentState
from portal.drips.views.blueprint import ALL, ONE, bp, keeper, url_of, whose
from portal.drips.views.triggering import by_itself
from portal.messaging.queries import health as judged
from portal.messaging.queries import stops
from portal.messaging.service import saved as own
from portal.numbers import queries as numbers

_VIEWS: Final[dict[View, str]] = {
    "all": "All",
    "account": "This account",
    "shared": "Shared",
    "archived": "Archived",
}
_STATES: Final = {"live": "In it", "paused": "Paused", "over": "Done or ended"}
_SHOWN: Final = {
    "live": tuple(LIVE),
    "paused": (EnrolmentState.PAUSED,),
    "over": (EnrolmentState.DONE, EnrolmentState.ENDED),
}
PEOPLE: Final = 50
_NO_NUMBER: Final = "Your number"


@bp.get(ALL)
@requires(Permission.VIEW_CONVERSATIONS)
@takes("q", "view")
def index(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show the plans one can use here."""
    by, view = keeper(), _view()
    words = line(request.args.get("q", ""))
    values = own.own_values(g.account)
    rows = queries.drips(by, words, view)
    counts = enrolments.counts(g.account.tenant, [row.id for row in rows], LIVE)
    return page(
        "drips/index.html",
        "drips/_list.html",
        rows=[
            (row, pages.credits_of(row.steps, values), _in_it(counts.get(row.id, {})))
            for row in rows
        ],
        most=SHOWN,
        words=words,
        view=view,
        views=[
            {"label": label, "url": _list_url(key), "is_current": key == view, "count": None}
            for key, label in _VIEWS.items()
        ],
        is_filtered=bool(words) or view != "all",
        whose=whose(by),
        may_write=bool(by.places),
    )


@bp.get(f"{ALL}/ready")
@requires(Permission.SEND_TEXTS)
def ready(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show the plans one can begin with, what each does and costs."""
    values = own.own_values(g.account)
    return page(
        "drips/ready.html",
        plans=[(plan, pages.credits_of(plan.steps, values)) for plan in ready_plans()],
    )


@bp.get(ONE)
@requires(Permission.VIEW_CONVERSATIONS)
@takes("state", "after")
def show(account_id: UUID, drip_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show one plan: its steps as they read, its first text on a phone, its versions."""
    by = keeper()
    drip, tenant, now = queries.drip_or_404(by, drip_id), g.account.tenant, clock.utcnow()
    state, after, by_policy = _state(), _after(), judged.thresholds(g.account, now)
    found = places.in_drip(tenant, drip_id, _SHOWN[state], after, PEOPLE + 1)
    counts = enrolments.counts(tenant, [drip_id]).get(drip_id, {})
    return page(
        "drips/show.html",
        **about(drip),
        versions=queries.versions(by, drip_id),
        people=found[:PEOPLE],
        more_url=_page_url(drip, state, found[PEOPLE - 1].place) if len(found) > PEOPLE else None,
        states=[
            {
                "label": label,
                "url": _page_url(drip, key, None),
                "is_current": key == state,
                "count": sum(counts.get(one, 0) for one in _SHOWN[key]),
            }
            for key, label in _STATES.items()
        ],
        **by_itself(drip),
        intake=intakes.moving_into(tenant, drip_id),
        held=places.held_by_limits(tenant, drip_id),
        health=health.of_plan(g.account, drip, now, by_policy),
        by=by_policy,
        stopped=stops.stopped_steps(tenant, [step.body for step in drip.texts]),
        over=places.over_limit_today(g.account, drip_id),
        stop_form=StopForm(formdata=None),
        may_enrol=me().may(Permission.SEND_TEXTS) and drip.state is not DripState.ARCHIVED,
    )


@bp.get(f"{ONE}/phone.png")
@requires(Permission.VIEW_CONVERSATIONS)
def picture(account_id: UUID, drip_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Give the first text as a picture of a phone (P-2)."""
    drip = queries.drip_or_404(keeper(), drip_id)
    if drip.first_text is None:
        raise NotFound("This plan sends no text, so there is no picture of one.")
    reads = pages.reads(drip.first_text, own.own_values(g.account))
    drawn = picturing.phone_picture(_from(), reads.body, drip.changed_at)
    answer = make_response(drawn)
    answer.headers["Content-Type"] = "image/png"
    answer.headers["Content-Disposition"] = 'inline; filename="first-text.png"'
    return answer


@bp.post(f"{ONE}/archive")
@requires(Permission.SEND_TEXTS)
def archive(account_id: UUID, drip_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Take a plan out of use; it can be taken back."""
    with unit_of_work():
        drip = authoring.archive(keeper(), drip_id, actor=me().actor)
    flash(f"“{drip.name}” is archived. You find it under Archived.", "ok")
    return see_other(_list_url("all"))


@bp.post(f"{ONE}/restoration")
@requires(Permission.SEND_TEXTS)
def restore(account_id: UUID, drip_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Take a plan into use again."""
    with unit_of_work():
        drip = authoring.restore(keeper(), drip_id, actor=me().actor)
    flash(f"“{drip.name}” is in use again.", "ok")
    return see_other(url_of(drip))


def about(drip: DripRef) -> dict[str, Any]:
    """Return what every page of one plan says of it."""
    by, values = keeper(), own.own_values(g.account)
    steps = [(step, pages.reads(step, values)) for step in drip.steps]
    first = next((reads for step, reads in steps if step == drip.first_text), None)
    return {
        "drip": drip,
        "steps": steps,
        "first": first,
        "number": _from(),
        "cost": sum(reads.credits for _, reads in steps),
        "whose": whose(by).get(drip.place, ""),
        "may_change": by.may_change(drip.place),
        "may_copy": bool(by.places),
    }


def _in_it(counts: dict[EnrolmentState, int]) -> int:
    return sum(counts.get(state, 0) for state in LIVE)


def _state() -> str:
    asked = request.args.get("state") or "live"
    if asked not in _STATES:
        raise BadInput(f"state: choose one of {', '.join(_STATES)}.")
    return asked


def _after() -> tuple[datetime, UUID] | None:
    """Return the last person of the page before. Raises BadInput for what is none."""
    if not (asked := request.args.get("after")):
        return None
    at, _, id_ = asked.partition("_")
    try:
        return datetime.fromtimestamp(float(at), UTC), UUID(id_)
    except (ValueError, OverflowError, OSError):
        raise BadInput("after: open the list again.") from None


def _page_url(drip: DripRef, state: str, last: EnrolmentRef | None) -> str:
    after = f"{last.started_at.timestamp():.6f}_{last.id}" if last else None
    asked = None if state == "live" else state
    here = {"account_id": g.account.id, "drip_id": drip.id}
    return url_for("drips.show", **here, state=asked, after=after) + "#people"


def _from() -> str:
    """Return the number texts go from, as people read it."""
    sender = numbers.default_sender(g.account.id)
    return phone(sender.e164) if sender else _NO_NUMBER


def _view() -> View:
    asked = request.args.get("view") or "all"
    if asked not in _VIEWS:
        raise BadInput(f"view: choose one of {', '.join(_VIEWS)}.")
    return asked


def _list_url(view: View) -> str:
    asked = None if view == "all" else view
    return url_for("drips.index", account_id=g.account.id, view=asked)
