"""Change the plan of several accounts at once: choose, see each one's arithmetic, do it (B-5, B-6, B-13)."""

import re
from collections.abc import Sequence
from typing import Final
from uuid import UUID, uuid4

from flask import Response, request, url_for

from portal.billing import queries
from portal.billing import service as billing
from portal.billing.errors import IsCanceling, NotSubscribed, PaidByCard, SamePlan
from portal.billing.forms import SeveralForm
from portal.billing.values import ChangeQuote
from portal.billing.views.blueprint import bp
from portal.core.access import Permission, me, requires
from portal.core.clock import utcnow
from portal.core.db import unit_of_work
from portal.core.each import chosen_ids, do_each
from portal.core.web import page
from portal.gateways import payments
from portal.texting_accounts import queries as texting_accounts
from portal.texting_accounts.values import AccountRef

_CENTS: Final = re.compile(r"[0-9]{1,9}")


@bp.post("/accounts/plans")
@requires(Permission.CHANGE_SUBSCRIPTION)
def choose_plan_of_several() -> Response:
    """Show what the ticked accounts would pay and get; nothing changes yet."""
    form = SeveralForm()
    form.plan_id.choices = _choices()
    accounts = _chosen()
    _settle(accounts)
    plan_id = UUID(form.plan_id.data) if form.plan_id.data and form.validate() else None
    return _arithmetic(accounts, form, plan_id)


@bp.post("/accounts/plans/change")
@requires(Permission.CHANGE_SUBSCRIPTION)
def change_plan_of_several() -> Response:
    """Change each account's plan by itself; the same form sent again changes nothing more."""
    form = SeveralForm()
    form.plan_id.choices = _choices()
    accounts = _chosen()
    if not form.validate() or not form.request_key.data:
        _settle(accounts)
        return _arithmetic(accounts, form, None)
    plan_id, key = UUID(form.plan_id.data), form.request_key.data
    actor = me().actor

    def change(account: AccountRef) -> str:
        shown = request.form.get(f"shown-{account.id}", "")
        try:
            done = billing.change_plan(
                account,
                plan_id,
                actor=actor,
                request_key=key,
                shown_cents=int(shown) if _CENTS.fullmatch(shown) else -1,  # -1: of no price
                shown_terms=request.form.get(f"terms-{account.id}", ""),
            )
        except SamePlan as same:
            return same.message
        return _told(done)

    outcomes = do_each(accounts, change)
    return page("billing/several_done.html", outcomes=outcomes)


def _settle(accounts: Sequence[AccountRef]) -> None:
    """Do what is due in each first, so that its arithmetic is that of the change (B-3, B-13)."""
    now = utcnow()
    for account in queries.due_among(accounts, now):
        with unit_of_work():
            billing.placed(account.id, now)


def _told(done: ChangeQuote) -> str:
    """Say what a change did."""
    moved = "no credits moved"
    if done.credits > 0:
        moved = f"{done.credits:,} credits added"
    elif done.credits < 0:
        moved = f"{-done.credits:,} credits taken off"
    cents = done.charge_cents
    return f"{done.before.name} to {done.after.name}: ${cents // 100:,}.{cents % 100:02d} charged, {moved}."


def _chosen() -> list[AccountRef]:
    """Return the ticked accounts, in the order of the list."""
    ids = chosen_ids(request.form.getlist("ids"))
    return texting_accounts.chosen(me(), ids, Permission.CHANGE_SUBSCRIPTION)


def _choices() -> list[tuple[str, str]]:
    return [
        (str(plan.id), f"{plan.name}, {plan.credits_per_month:,} credits a month")
        for plan in queries.plans()
    ]


def _arithmetic(
    accounts: Sequence[AccountRef], form: SeveralForm, plan_id: UUID | None
) -> Response:
    """Render the choice and, once a plan is chosen, what it does to each account."""
    quotes = queries.change_quotes(accounts, plan_id) if plan_id else {}
    standings = queries.standings(accounts)
    rows, good = [], []
    for account in accounts:
        running = standings[account.id].subscription
        quote, refusal = quotes.get(account.id), ""
        if running is None:
            refusal = NotSubscribed().message
        elif running.is_canceling:
            refusal = IsCanceling().message
        elif quote is not None and quote.is_nothing:
            refusal = SamePlan(quote.after.name).message
        elif quote is not None and quote.charge_cents and payments.cards() is not None:
            refusal = PaidByCard().message
        elif quote is not None:
            good.append(quote)
        shop = url_for("billing.marketplace", account_id=account.id)
        rows.append((account, standings[account.id], quote if not refusal else None, refusal, shop))
    return page(
        "billing/several.html",
        "billing/_several.html",
        422 if form.errors else 200,
        rows=rows,
        form=form,
        plan=queries.plan(plan_id) if plan_id else None,
        quotes=good,
        request_key=uuid4().hex,
    )
