"""What restricts an account now and did before, what to do next, and who lifts it (A-1, H-6)."""

from dataclasses import dataclass
from typing import Final, cast
from uuid import UUID

from flask import Response, flash, g, url_for

from portal.compliance import service as compliance
from portal.compliance.forms import GoOnForm, LiftForm, SuspensionForm
from portal.compliance.rules.advice import STEPS
from portal.compliance.views.blueprint import bp
from portal.core.access import Permission, me, requires
from portal.core.audit import SYSTEM
from portal.core.clock import utcnow
from portal.core.db import unit_of_work
from portal.core.errors import DomainError
from portal.core.web import page, see_other
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.rules import policy_on, told_again
from portal.texting_accounts.values import (
    AccountRef,
    AccountState,
    Cause,
    RestrictionKind,
)

_HERE: Final = "/accounts/<uuid:account_id>/restriction"
_NOT_KEPT: Final = "not kept"  # set before there was a history
_MOST: Final = 100  # lines of history on the page; the audit log has every one


@dataclass(frozen=True, slots=True)
class Todo:
    """One thing to do, with its page."""

    words: str
    url: str | None
    label: str


@bp.get(_HERE)
@requires(Permission.VIEW_ACCOUNT)
def restriction(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show what restricts the account, since when, why, and what to do next."""
    return restriction_page()


@bp.post(_HERE)
@requires(Permission.ENTER_SUSPENSION)
def enter_suspension(account_id: UUID) -> Response:
    """Keep a suspension the carrier wrote of, or the reason of one that is known."""
    form = SuspensionForm()
    if not form.validate_on_submit():
        return restriction_page(entering=form)
    try:
        with unit_of_work():
            has_stopped = compliance.enter_suspension(
                g.account, form.chosen, form.words.data or "", actor=me().actor
            )
    except DomainError as error:  # closed meanwhile
        form.refuse("words", error)
        return restriction_page(entering=form)
    flash(
        "The account is suspended: nothing leaves any more. Its owner and leads are told."
        if has_stopped
        else "The carrier's reason is kept.",
        "ok",
    )
    return see_other(url_for(".restriction", account_id=account_id))


def restriction_page(
    *,
    entering: SuspensionForm | None = None,
    lifting: LiftForm | None = None,
    going_on: GoOnForm | None = None,
) -> Response:
    """Return the page, with a form of it that was refused as it was typed."""
    account = cast("AccountRef", g.account)
    is_suspended = account.state is AccountState.SUSPENDED
    if lifting is not None and lifting.errors and not is_suspended:
        flash(lifting.told(), "bad")
    past = accounts.restrictions(account.tenant, limit=_MOST + 1)
    standing = {one.kind: one for one in past if one.lifted_at is None}
    paused = standing.pop(RestrictionKind.BULK_PAUSE, None)
    now = next(iter(standing.values()), None)
    may_enter = me().may(Permission.ENTER_SUSPENSION) and account.state is not AccountState.CLOSED
    cause = now.cause if now else None
    entering = entering or SuspensionForm(formdata=None, cause=cause.value if cause else "")
    lifting = lifting or LiftForm(formdata=None)
    going_on = going_on or GoOnForm(formdata=None)
    return page(
        "compliance/restriction.html",
        None,
        422 if entering.errors or lifting.errors or going_on.errors else 200,
        now=now,
        is_suspended=is_suspended,
        is_the_carriers=now is not None and now.kind is RestrictionKind.SUSPENSION,
        todos=_todos(account, cause) if is_suspended else [],
        past=past[:_MOST],
        has_more=len(past) > _MOST,
        most=_MOST,
        entering=entering if may_enter else None,
        lifting=lifting if is_suspended and me().may(Permission.EDIT_LIMITS) else None,
        paused=paused,
        going_on=going_on if me().may(Permission.LIFT_BULK_PAUSE) else None,
        begins_again=told_again(policy_on(accounts.today(account, utcnow()))),
        who=_who,
    )


def _todos(account: AccountRef, cause: Cause | None) -> list[Todo]:
    return [
        Todo(
            step.words,
            url_for(step.endpoint, account_id=account.id, **step.values) if step.endpoint else None,
            step.label,
        )
        for step in STEPS[cause]
    ]


def _who(label: str) -> str:
    """Name who set or lifted a restriction: a person, or what the carrier answered."""
    if label == SYSTEM.label:
        return "ConsentDesk, by what the carrier answered and reports"
    return "Not kept" if label == _NOT_KEPT else label
