"""Sending that stands still: the banner on every page, what was found, and going on (I14)."""

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from flask import Flask, Response, flash, g, request, url_for

from portal.core import clock
from portal.core.access import Me, Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.formats import moment, plural
from portal.core.settings import settings
from portal.core.web import page, see_other, wants_partial
from portal.messaging.errors import FenceNotReady
from portal.messaging.forms.standstill import LiftForm
from portal.messaging.queries import recovery as records
from portal.messaging.rules.joining import sentence
from portal.messaging.service import fence
from portal.messaging.service.fence import Waiting
from portal.messaging.service.recovery import TOLD_AFTER
from portal.messaging.values import FenceCause, FenceRef
from portal.messaging.views.blueprint import bp
from portal.people import queries as people
from portal.texting_accounts.values import AccountRef, AccountState

ORGANIZATION: Final = "/organizations/<uuid:organization_id>/sending"
ADMIN: Final = "/admin/sending"

# What happened, in a sentence or two, by cause.
WHAT: Final = {
    FenceCause.OLDER: (
        "A backup of the database was restored, or it was moved to a machine that has no note of "
        "how far it was. Texts that went out and opt-outs that came in since may be missing here."
    ),
    FenceCause.BY_HAND: (
        "Somebody reported that a backup of the database was restored. Texts and opt-outs since "
        "that backup may be missing here."
    ),
    FenceCause.UNSENT: (
        "The carrier reports texts that these records say never left. That happens when a backup "
        "of the database was restored."
    ),
    FenceCause.STRAYS: (
        "The carrier sent texts from your numbers that nobody sent from here. Either somebody "
        "else holds your carrier credentials, or records were lost."
    ),
}
_ASK_ADMINISTRATOR: Final = (
    "Have the administrator look at the carrier account and its credentials (Look now on the page "
    "Go live)."
)
_LOOK: Final = "Look now on the page Go live tries the carrier account and its credentials."


@dataclass(frozen=True, slots=True)
class Banner:
    """The worst that is to be said of sending, above every page."""

    level: str
    title: str
    text: str
    url: str | None = None
    label: str | None = None


def init_app(app: Flask) -> None:
    """Give the layout the banner."""
    app.context_processor(_banner)


@bp.get(ORGANIZATION)
@requires(Permission.LIFT_FENCE)
def sending(organization_id: UUID) -> Response:
    """Show why sending stands still, what was found, and how it goes on."""
    return _organization_page(organization_id, LiftForm(formdata=None))


@bp.post(f"{ORGANIZATION}/go-on")
@requires(Permission.LIFT_FENCE)
def let_sending_go_on(organization_id: UUID) -> Response:
    """Let sending go on, with a reason."""
    form = LiftForm()
    if not _lifted(organization_id, form):
        return _organization_page(organization_id, form, 422)
    return see_other(url_for("messaging.sending", organization_id=organization_id))


@bp.get(f"{ORGANIZATION}/banner")
@requires(Permission.VIEW_ORGANIZATION)
def sending_banner(organization_id: UUID) -> Response:
    """Return the banner as it is now, so that it goes away by itself."""
    return page(
        "layouts/_standstill.html",
        "layouts/_standstill.html",
        standstill=_of_organization(organization_id, me()),
        standstill_url=url_for("messaging.sending_banner", organization_id=organization_id),
    )


@bp.get(ADMIN)
@requires(Permission.ADMINISTER)
def admin_sending() -> Response:
    """List the organizations whose sending stands still, without their texts (RULINGS 22)."""
    return _admin_page()


@bp.post(f"{ADMIN}/<uuid:organization_id>/go-on")
@requires(Permission.ADMINISTER)
def admin_let_sending_go_on(organization_id: UUID) -> Response:
    """Let an organization's sending go on, with a reason."""
    form = LiftForm(prefix=_prefix(organization_id))
    if not _lifted(organization_id, form):
        return _admin_page(form, organization_id, 422)
    return see_other(url_for("messaging.admin_sending"))


def _lifted(organization_id: UUID, form: LiftForm) -> bool:
    if not form.validate_on_submit():
        return False
    try:
        with unit_of_work():
            fence.lift(
                organization_id,
                reason=form.reason.data,
                waiting=Waiting(form.waiting.data),
                actor=me().actor,
            )
    except FenceNotReady as error:
        form.refuse("reason", error)
        return False
    flash("Sending goes on. Texts that waited leave within a few seconds.", "ok")
    return True


def _organization_page(organization_id: UUID, form: LiftForm, status: int = 200) -> Response:
    standing = records.fence(organization_id)
    catching_up = _catching_up(organization_id, me())
    # What is read here needs no banner that says it once more and leads here.
    said_here: dict[str, None] = {"standstill": None} if standing or catching_up else {}
    return page(
        "messaging/sending.html",
        None,
        status,
        standing=standing,
        what=WHAT[standing.cause] if standing else None,
        may_decide=standing is not None and records.may_be_decided(standing),
        reading=_reading(standing, _ASK_ADMINISTRATOR) if standing else None,
        catching_up=catching_up,
        strays=records.strays(organization_id),
        past=[(one, WHAT[one.cause]) for one in records.past_fences(organization_id)],
        form=form,
        go_on_url=url_for("messaging.let_sending_go_on", organization_id=organization_id),
        **said_here,
    )


def _admin_page(
    form: LiftForm | None = None, tried: UUID | None = None, status: int = 200
) -> Response:
    names = {one.id: one.name for one in people.organizations()}
    return page(
        "messaging/admin_sending.html",
        None,
        status,
        rows=[
            (
                standing,
                records.may_be_decided(standing),
                names.get(standing.organization_id, ""),
                WHAT[standing.cause],
                _reading(standing, _LOOK),
                url_for("go_live.index") if _is_overdue(standing) else None,
                form
                if form is not None and standing.organization_id == tried
                else _fresh(standing.organization_id),
            )
            for standing in records.standing_fences()
        ],
        standstill=None,
    )


def _reading(standing: FenceRef, mend: str) -> str:
    """Say why nobody can decide before the carrier's list was read, and how to mend that."""
    if standing.reconciled_at is not None and not _is_overdue(standing):
        until = moment(standing.tripped_at + settings().list_lag, me().timezone)
        return (
            "The carrier's list may not show yet what left just before sending stopped. It is read "
            f"again after {until}; then you can decide."
        )
    if not _is_overdue(standing):
        return "The carrier's list is being read. That takes a few minutes; then you can decide."
    return (
        "The carrier's list could not be read to its end since sending stopped. It is tried again "
        f"by itself. {mend} Once it was read, you can decide."
    )


def _is_overdue(standing: FenceRef) -> bool:
    return clock.utcnow() - standing.tripped_at >= TOLD_AFTER


def _fresh(organization_id: UUID) -> LiftForm:
    return LiftForm(formdata=None, prefix=_prefix(organization_id))


def _prefix(organization_id: UUID) -> str:
    """Keep the fields of one organization's form apart from the next one's."""
    return f"o{organization_id.hex[:8]}"


def _banner() -> dict[str, object]:
    person: Me | None = g.get("me")
    if person is None or wants_partial():
        return {}
    if person.may(Permission.ADMINISTER):
        return {"standstill": _of_installation(), "standstill_url": None}
    organization = g.get("organization")
    if organization is None:
        return {}
    banner = _of_organization(organization.id, person)
    if banner is None and (account := g.get("account")) is not None:
        banner = _of_account(account)
        if banner is not None:
            return {"standstill": banner, "standstill_url": None}
    return {
        "standstill": banner,
        "standstill_url": url_for("messaging.sending_banner", organization_id=organization.id),
    }


def _of_account(account: AccountRef) -> Banner | None:
    """Name what stops its texts on each of the account's pages, with the way to what to do (A-1, H-4)."""
    if account.state is AccountState.SUSPENDED:
        level, title = "bad", "This account is suspended."
        said = sentence(account.state_reason) + " " if account.state_reason else ""
        text = f"{said}Nothing is sent; texts still come in."
    elif account.bulk_pause is not None:
        level, title = "warn", "Bulk and plan texts of this account are paused."
        text = (
            f"{sentence(account.bulk_pause)} Replies go; the rest waits until somebody has looked."
        )
    else:
        return None
    there = url_for("compliance.restriction", account_id=account.id)
    appeals = url_for("appeals.index", account_id=account.id)
    if request.path.startswith((there, appeals)):  # it is what one reads
        return Banner(level, title, text)
    if account.state is AccountState.SUSPENDED:
        return Banner(level, title, text, appeals, "Open the appeal")
    return Banner(level, title, text, there, "See what to do")


def _of_organization(organization_id: UUID, person: Me) -> Banner | None:
    if records.sending_state(organization_id).fence is None:
        return _catching_up(organization_id, person)
    standing = records.fence(organization_id)
    if standing is None:  # lifted a moment ago
        return None
    text = f"{WHAT[standing.cause]} Nothing leaves until the carrier's list and the records agree."
    if not person.may(Permission.LIFT_FENCE):
        whose = " A team lead or compliance officer can let it go on."
        return Banner("bad", "Sending has stopped.", text + whose)
    url = url_for("messaging.sending", organization_id=organization_id)
    return Banner("bad", "Sending has stopped.", text, url, "See what was found")


def _catching_up(organization_id: UUID, person: Me) -> Banner | None:
    """Say that bulk texts wait after an outage, why, and until when at least; None: they don't."""
    if not records.sending_state(organization_id).is_catching_up:
        return None
    lag, until = settings().list_lag, records.told_from(organization_id)
    waits = "Bulk texts wait until every opt-out is known"
    if lag and until is not None and clock.utcnow() < until:
        minutes = plural(math.ceil(lag / timedelta(minutes=1)), "minute")
        waits = (
            f"The carrier's list can lag {minutes}, so bulk texts wait until "
            f"{moment(until, person.timezone)} at the earliest"
        )
    is_overdue = until is not None and clock.utcnow() - until >= TOLD_AFTER
    if is_overdue:
        ends = (
            "The carrier's list could not be read to its end so far: it is tried again by itself, "
            "and an administrator has to look at the carrier account and its credentials."
        )
    else:
        ends = "This ends by itself."
    return Banner(
        "warn" if is_overdue else "info",
        "Catching up.",
        f"ConsentDesk was away and is reading the texts that came in meanwhile. {waits}; replies "
        f"go. {ends}",
    )


def _of_installation() -> Banner | None:
    count = len(records.standing_fences())
    if not count:
        return None
    return Banner(
        "bad",
        f"Sending has stopped for {plural(count, 'organization')}.",
        "Their records may be older than what the carrier has seen.",
        url_for("messaging.admin_sending"),
        "See what to do",
    )
