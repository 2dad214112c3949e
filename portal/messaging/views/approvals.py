"""Large sends that wait for a second person: asking, the queue, one of them, the policy (S-12)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from flask import Response, flash, g, request, url_for

from portal.core import clock, reasons
from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.errors import BadInput, DomainError
from portal.core.typed import line
from portal.core.web import page, see_other
from portal.messaging import queries
from portal.messaging.errors import CostChanged
from portal.messaging.forms.approvals import AnswerForm, PolicyForm
from portal.messaging.queries import approvals as reads
from portal.messaging.queries import health
from portal.messaging.queries.approvals import ApprovalRef
from portal.messaging.rules.approvals import (
    STATE_LABELS,
    SUGGESTED,
    ApprovalState,
    Sum,
)
from portal.messaging.rules.plan import Plan
from portal.messaging.service import approvals as service
from portal.messaging.service.planning import plan as plan_send
from portal.messaging.service.sending import Second
from portal.messaging.values import Gate
from portal.messaging.views.blueprint import bp
from portal.messaging.views.composed import gate_of
from portal.messaging.views.sheet import Sheet, fix_url
from portal.people import queries as people
from portal.texting_accounts import queries as accounts

_ORGANIZATION: Final = "/organizations/<uuid:organization_id>/approvals"
_HERE: Final = "/accounts/<uuid:account_id>/approvals"
_LOOKS: Final = {
    ApprovalState.ASKED: "held",
    ApprovalState.APPROVED: "good",
    ApprovalState.REJECTED: "blocked",
    ApprovalState.WITHDRAWN: "plain",
    ApprovalState.EXPIRED: "plain",
}


@dataclass(frozen=True, slots=True)
class Ask:
    """What the composer says of a second person."""

    above: int
    names: tuple[str, ...]  # who can approve; nobody: a reason is asked for instead

    @property
    def is_alone(self) -> bool:
        """Say whether there is no second person."""
        return not self.names


def ask_of(sheet: Sheet) -> Ask | None:
    """Return what a send still needs of a second person; None: nothing."""
    planned = sheet.plan
    if planned is None or not reads.asks_second(
        g.account.organization_id, sheet.kind, planned.go + planned.held
    ):
        return None
    known = people.users(service.second_people(g.account, me().user_id))
    above = reads.above(g.account.organization_id) or 0
    return Ask(above, tuple(sorted(each.name for each in known.values())))


def fault_of(sheet: Sheet) -> dict[str, str]:
    """Return what is missing where there is no second person, by field."""
    needed = ask_of(sheet)
    if needed is None or not needed.is_alone or reasons.is_reason(_because(sheet)):
        return {}
    return {"alone_because": reasons.NEEDED}


def second_of(sheet: Sheet) -> Second | None:
    """Return what stands for a second person where there is none; None: it is not needed."""
    needed = ask_of(sheet)
    if needed is None or not needed.is_alone:
        return None
    return service.alone(g.account, _because(sheet), actor=me().actor)


def asked_by(form: Mapping[str, str]) -> str | None:
    """Return the page of the question a form has asked already, for the second of two clicks."""
    asked = reads.asked_with(g.account.tenant, line(form.get("nonce", "")))
    return url_of(asked) if asked else None


def _because(sheet: Sheet) -> str:
    return sheet.written.options.get("alone_because", "") if sheet.written else ""


def ask(sheet: Sheet, lint_ok: str) -> Response:
    """Put the send of a draft before a second person."""
    assert sheet.written is not None
    assert sheet.draft is not None
    assert sheet.plan is not None
    if not sheet.is_known:
        raise CostChanged
    with unit_of_work():
        approval_id = service.ask(
            g.account, sheet.written, sheet.draft, sheet.plan, lint_ok=lint_ok, actor=me().actor
        )
    flash("Asked. You are told as soon as somebody has answered; nothing goes before.", "ok")
    return see_other(url_of(approval_id))


def url_of(approval_id: UUID) -> str:
    """Return the page of a question of this account."""
    return url_for("messaging.approval", account_id=g.account.id, asked_id=approval_id)


@bp.get(_HERE)
@requires(Permission.VIEW_CONVERSATIONS)
def approvals(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show what waits for a second person in this account."""
    return _list([g.account.id], {g.account.id: g.account.name})


@bp.get(_ORGANIZATION)
@requires(Permission.APPROVE_SENDS)
def all_approvals(organization_id: UUID) -> Response:
    """Show the same over all accounts a lead or officer reaches, and the policy."""
    return _of_organization(organization_id)


@bp.post(f"{_ORGANIZATION}/policy")
@requires(Permission.SET_APPROVALS)
def set_approval_policy(organization_id: UUID) -> Response:
    """Set from how many people on a second person looks."""
    form = PolicyForm()
    if not form.validate_on_submit():
        return _of_organization(organization_id, form, 422)
    try:
        with unit_of_work():
            service.set_policy(
                organization_id,
                form.above.data,
                reason=form.reason.data or "",
                actor=me().actor,
            )
    except DomainError as error:
        form.refuse("reason", error)
        return _of_organization(organization_id, form, 422)
    flash("It holds for every send from now on.", "ok")
    return see_other(url_for("messaging.all_approvals", organization_id=organization_id))


@bp.get(f"{_HERE}/<uuid:asked_id>")
@requires(Permission.VIEW_CONVERSATIONS)
def approval(account_id: UUID, asked_id: UUID) -> Response:  # noqa: ARG001 (g.account)
    """Show a send that waits, as it would go now."""
    return _show(reads.approval_or_404(g.account.tenant, asked_id), AnswerForm(formdata=None))


@bp.post(f"{_HERE}/<uuid:asked_id>")
@requires(Permission.APPROVE_SENDS)
def answer_approval(account_id: UUID, asked_id: UUID) -> Response:
    """Let it go as it was shown, or say no with the reason."""
    asked = reads.approval_or_404(g.account.tenant, asked_id)
    form, do = AnswerForm(), request.form.get("do")
    if do not in ("approve", "reject"):
        raise BadInput("do: press one of the two buttons.")
    if not form.validate_on_submit():
        return _show(asked, form, 422)
    try:
        with unit_of_work():
            if do == "approve":
                shown = form.shown.data or ""
                sent = service.approve(g.account, asked_id, shown_key=shown, actor=me().actor)
            else:
                reason = form.reason.data or ""
                service.reject(g.account, asked_id, reason=reason, actor=me().actor)
    except BadInput as error:
        form.refuse("reason", error)
        return _show(asked, form, 422)
    except DomainError as error:
        return _show(
            reads.approval_or_404(g.account.tenant, asked_id),
            form,
            error.status,
            hindrance=gate_of(error),
        )
    if do == "reject":
        flash("It does not go. Whoever asked reads why and has the text back.", "ok")
        return see_other(url_of(asked_id))
    flash("Approved. It is on its way.", "ok")
    return see_other(url_for("messaging.campaign", account_id=account_id, campaign_id=sent.id))


@bp.post(f"{_HERE}/<uuid:asked_id>/withdrawal")
@requires(Permission.SEND_TEXTS)
def withdraw_approval(account_id: UUID, asked_id: UUID) -> Response:
    """Take one's own question back; it is a draft again."""
    with unit_of_work():
        draft_id = service.withdraw(g.account, asked_id, actor=me().actor)
    flash("Withdrawn. This is the text as it was.", "ok")
    return see_other(url_for("messaging.compose", account_id=account_id, draft_id=draft_id))


def _show(
    asked: ApprovalRef, form: AnswerForm, status: int = 200, *, hindrance: Gate | None = None
) -> Response:
    now, person = clock.utcnow(), me()
    is_open = asked.state is ApprovalState.ASKED and asked.expires_at > now
    planned = _planned(asked) if is_open else None
    if planned is not None:
        form.shown.data = planned.key
    return page(
        "messaging/approval.html",
        None,
        status,
        asked=asked,
        label=STATE_LABELS[asked.state],
        look=_LOOKS[asked.state],
        plan=planned,
        changes=_sum(planned).changes(asked.asked_for) if planned else [],
        forecast=health.forecast(g.account, planned.go + planned.held, now) if planned else None,
        form=form,
        hindrance=hindrance,
        stopper=planned.barrier if planned else None,
        fix_url=lambda gate: fix_url(g.account.id, gate.fix_endpoint),
        is_own=asked.asked_by_id == person.user_id,
        may_answer=person.may(Permission.APPROVE_SENDS),
        is_late=asked.send_at is not None and asked.send_at <= now,
    )


def _planned(asked: ApprovalRef) -> Plan:
    now = clock.utcnow()
    recipients = queries.draft_recipients(g.account.tenant, asked.as_draft())
    return plan_send(g.account, recipients, asked.to_send(now), now, by=asked.asked_by_id)


def _sum(planned: Plan) -> Sum:
    return Sum(planned.go + planned.held, planned.credits, planned.blocked)


def _of_organization(
    organization_id: UUID, form: PolicyForm | None = None, status: int = 200
) -> Response:
    person = me()
    reached = accounts.accounts_for(person.user_id, organization_id, person.role)
    return _list(
        [account.id for account in reached],
        {account.id: account.name for account in reached},
        status,
        policy=_policy(organization_id, form),
    )


def _policy(organization_id: UUID, form: PolicyForm | None) -> Mapping[str, Any]:
    history = reads.policies(organization_id)
    above = history[0].above if history else None
    return {
        "above": above,
        "history": history,
        "suggested": SUGGESTED,
        "may_set": me().may(Permission.SET_APPROVALS),
        "form": form or PolicyForm(formdata=None, data={"above": above}),
    }


def _list(
    ids: Sequence[UUID],
    names: Mapping[UUID, str],
    status: int = 200,
    *,
    policy: Mapping[str, Any] | None = None,
) -> Response:
    return page(
        "messaging/approvals.html",
        None,
        status,
        waiting=reads.approvals(g.organization.id, ids, is_open=True),
        decided=reads.approvals(g.organization.id, ids, is_open=False),
        names=names,
        labels=STATE_LABELS,
        looks=_LOOKS,
        policy=policy,
    )
