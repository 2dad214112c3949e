"""Plain words that may end consent: the queue, one of them, and what people decide (Q-4)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from flask import Response, flash, g, request, url_for

from portal.consent import queries as consent
from portal.consent.queries import HoldRef
from portal.consent.values import HoldState
from portal.contacts import queries as contacts
from portal.contacts.rules.numbers import read
from portal.core import clock
from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.errors import BadInput, DomainError
from portal.core.web import page, see_other, takes
from portal.messaging import queries
from portal.messaging.errors import HoldSettled
from portal.messaging.forms.opting_out import ReleaseForm
from portal.messaging.queries import held
from portal.messaging.rules import holding
from portal.messaging.service import holds
from portal.messaging.views.blueprint import bp
from portal.messaging.views.talking import log_view, shown_name
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef

_PRESSING: Final = 2  # business days left
_SOON: Final = 5
_VIEWS: Final = {"open": "To look at", "soon": "Due in a week", "settled": "Settled"}
_LATE: Final = "Ten business days had passed before anybody looked: it is an opt-out."
_HERE: Final = "/accounts/<uuid:account_id>/revocations"


@dataclass(frozen=True, slots=True)
class Held:
    """One hold with whose it is and its clock."""

    hold: HoldRef
    name: str
    account: str
    days_left: int  # business days
    url: str

    @property
    def level(self) -> str | None:
        """Return how pressing it is."""
        if self.days_left >= _SOON:
            return None
        return "breach" if self.days_left < _PRESSING else "watch"


@bp.get(_HERE)
@requires(Permission.VIEW_CONVERSATIONS)
@takes("view", "phone")
def revocations(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show what people of this account wrote that may end their consent."""
    log_view("revocations", None)
    return _list([g.account], "messaging.revocations", {"account_id": g.account.id})


@bp.get("/organizations/<uuid:organization_id>/revocations")
@requires(Permission.REVIEW_REVOCATIONS)
@takes("view", "account", "phone")
def all_revocations(organization_id: UUID) -> Response:
    """Show the same over all accounts a lead or officer reaches, the most pressing first."""
    person = me()
    reached = accounts.accounts_for(person.user_id, organization_id, person.role)
    asked = request.args.get("account", "")
    chosen = [a for a in reached if not asked or str(a.id) == asked]
    if asked and not chosen:
        raise BadInput("account: choose one of your accounts.")
    where = {"organization_id": organization_id, "account": asked or None}
    return _list(chosen, "messaging.all_revocations", where, reached)


@bp.get(f"{_HERE}/<uuid:hold_id>")
@requires(Permission.VIEW_CONVERSATIONS)
def revocation(account_id: UUID, hold_id: UUID) -> Response:  # noqa: ARG001 (g.account)
    """Show what somebody wrote, the words that were matched, and what can be done about it."""
    hold = consent.hold_or_404(g.account.tenant, hold_id)
    log_view("revocation", hold_id)
    return _show(hold, ReleaseForm(formdata=None))


@bp.post(f"{_HERE}/<uuid:hold_id>/opt-out")
@requires(Permission.RECORD_CONSENT)
def confirm_revocation(account_id: UUID, hold_id: UUID) -> Response:  # noqa: ARG001 (g.account)
    """Make it the opt-out it seems to be, with one click."""
    hold = consent.hold_or_404(g.account.tenant, hold_id)
    try:
        with unit_of_work():
            state = holds.confirm(hold.tenant, hold_id, actor=me().actor)
    except HoldSettled as error:
        return _done(hold, error.message, "bad")
    return _done(hold, _LATE if state is HoldState.LAPSED else f"{_name_of(hold)} is opted out.")


@bp.post(f"{_HERE}/<uuid:hold_id>/release")
@requires(Permission.REVIEW_REVOCATIONS)
def release_revocation(account_id: UUID, hold_id: UUID) -> Response:  # noqa: ARG001 (g.account)
    """Let texts go again, with the reason why it was no revocation."""
    hold = consent.hold_or_404(g.account.tenant, hold_id)
    form = ReleaseForm()
    if not form.validate_on_submit():
        return _show(hold, form, 422)
    try:
        with unit_of_work():
            state = holds.release(
                hold.tenant, hold_id, reason=form.reason.data or "", actor=me().actor
            )
    except HoldSettled as error:
        return _done(hold, error.message, "bad")
    except DomainError as error:
        form.refuse("reason", error)
        return _show(hold, form, 422)
    if state is HoldState.LAPSED:
        return _done(hold, _LATE, "bad")
    return _done(hold, f"Released. Texts to {_name_of(hold)} go again.")


def _done(hold: HoldRef, told: str, tone: str = "ok") -> Response:
    flash(told, tone)
    return see_other(url_for("messaging.revocation", account_id=g.account.id, hold_id=hold.id))


def _list(
    chosen: Sequence[AccountRef],
    endpoint: str,
    where: Mapping[str, Any],
    reached: Sequence[AccountRef] = (),
) -> Response:
    view = request.args.get("view") or "open"
    if view not in _VIEWS:
        raise BadInput(f"view: choose one of {', '.join(_VIEWS)}.")
    number = read(request.args["phone"][:40]) if request.args.get("phone") else None
    organization_id = g.organization.id
    ids = [account.id for account in chosen]
    standing = _rows(consent.holds_in(organization_id, ids, standing=True), chosen)
    shown = standing
    if view == "soon":
        shown = [row for row in standing if row.level]
    elif view == "settled":
        shown = _rows(consent.holds_in(organization_id, ids, standing=False), chosen)
    if number is not None:
        shown = [row for row in shown if row.hold.e164 == number.e164]
    counts = {"open": len(standing), "soon": sum(bool(row.level) for row in standing)}
    return page(
        "messaging/revocations.html",
        None,
        rows=shown,
        view=view,
        views=[
            {
                "label": label,
                "url": url_for(endpoint, view=name if name != "open" else None, **where),
                "is_current": name == view,
                "count": counts.get(name),
            }
            for name, label in _VIEWS.items()
        ],
        accounts=reached,
        account_asked=request.args.get("account", ""),
        may_confirm=me().may(Permission.RECORD_CONSENT),
    )


def _show(hold: HoldRef, form: ReleaseForm, status: int = 200) -> Response:
    talk = queries.conversation(g.account.tenant, hold.e164)
    return page(
        "messaging/revocation.html",
        None,
        status,
        row=_rows([hold], [g.account])[0],
        body=held.said_in(hold.tenant, hold),
        waiting=held.waiting_for(hold.tenant, hold.e164),
        talk=talk,
        form=form,
        may_confirm=me().may(Permission.RECORD_CONSENT),
        may_release=me().may(Permission.REVIEW_REVOCATIONS),
    )


def _rows(found: Sequence[HoldRef], chosen: Sequence[AccountRef]) -> list[Held]:
    known = {account.id: account for account in chosen}
    numbers: dict[UUID, list[str]] = defaultdict(list)
    for hold in found:
        numbers[hold.account_id].append(hold.e164)
    names = {
        (account_id, e164): name
        for account_id, e164s in numbers.items()
        for e164, (_, name) in contacts.names_by_numbers(known[account_id].tenant, e164s).items()
    }
    now = clock.utcnow()
    return [
        Held(
            hold,
            shown_name(names.get((hold.account_id, hold.e164), ""), hold.e164),
            known[hold.account_id].name,
            holding.days_left(hold.lapses_at, known[hold.account_id].timezone, now),
            url_for("messaging.revocation", account_id=hold.account_id, hold_id=hold.id),
        )
        for hold in found
    ]


def _name_of(hold: HoldRef) -> str:
    return _rows([hold], [g.account])[0].name
