"""Usage alerts: each threshold once per account, month and credit limit (B-11, PROMISES 3.4, 3.7, L6)."""

import random
from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, select

from portal.billing import queries, rules
from portal.billing import service as billing
from portal.billing.errors import IsCanceling, NotEnoughCredits, SamePlan
from portal.billing.models import CreditAlert
from portal.billing.values import AlertState, Charge
from portal.core.audit import SYSTEM
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.doctor import queries as doctor
from portal.doctor.values import Invariant, Scope
from portal.notifications.models import Notice
from portal.texting_accounts import service as accounts
from portal.texting_accounts.values import AccountRef
from tests import cast
from tests.chaos.processes import at_once
from tests.factories.billing import make_plan, make_reserve, make_subscription
from tests.factories.mail import kept
from workers.notifications import mail_notices

TOLD, SUPERSEDED = AlertState.TOLD, AlertState.SUPERSEDED


@pytest.fixture
def plans(app):
    return {size: make_plan(f"Plan {size}", size, size * 3) for size in (100, 200, 500, 1_000)}


@pytest.fixture
def hundred(northside, plans) -> AccountRef:
    """Northside, with 100 credits a month."""
    make_subscription(northside, plans[100])
    return northside


def change(account, plan):
    with unit_of_work():
        return billing.change_plan(account, plan.id, actor=SYSTEM, request_key=uuid4().hex)


def alerts(account):
    """Return every alert: (limit, threshold, state), in order."""
    db.session.commit()
    a = CreditAlert
    rows = db.session.scalars(
        select(a).where(a.account_id == account.id).order_by(a.month, a.limit_epoch, a.threshold)
    )
    return [(row.limit_epoch, row.threshold, row.state) for row in rows]


def notices(account, user_id=cast.ALICE):
    db.session.commit()
    n = Notice
    rows = db.session.scalars(
        select(n)
        .where(n.account_id == account.id, n.user_id == user_id, n.kind == "credits")
        .order_by(n.created_at, n.dedupe_key)
    )
    return [row.title for row in rows]


def findings(account):
    scope = Scope(account.organization_id, account.id)
    return [f.sentence for f in doctor.examine(scope, utcnow()) if f.invariant is Invariant.I8]


# The worked example, and each way of crossing ------------------------------------------------------------------------


def test_jump_from_70_to_96_percent_in_one_campaign(hundred):
    """B-11: the highest only is sent, and the others are marked."""
    make_reserve(hundred, 70)
    assert alerts(hundred) == []
    make_reserve(hundred, *[1] * 26)
    assert alerts(hundred) == [
        (1, 80, SUPERSEDED),
        (1, 85, SUPERSEDED),
        (1, 90, SUPERSEDED),
        (1, 95, TOLD),
    ]
    assert notices(hundred) == ["Northside: 95 % of this month's credits are used"]
    mail_notices()
    mails = {each.mail.to: each for each in kept()}
    assert "96 of 100 credits" in mails["alice@juniper.example"].text
    assert len(mails) == 1  # Bob is no lead of the shared account


def test_step_by_step_each_threshold_is_told_once(hundred):
    for cost in (79, 1, 5, 5, 5, 5):
        make_reserve(hundred, cost)
    assert alerts(hundred) == [(1, t, TOLD) for t in (80, 85, 90, 95, 100)]
    assert notices(hundred)[-1] == "Northside: all of this month's credits are used"


def test_owner_and_leads_are_told(bobs, plans):
    make_subscription(bobs, plans[100])
    make_reserve(bobs, 80)
    assert len(notices(bobs, cast.BOB)) == len(notices(bobs, cast.ALICE)) == 1
    assert notices(bobs, cast.VERA) == []


def test_a_text_that_comes_in_crosses_too(hundred):
    make_reserve(hundred, 99)
    with unit_of_work():
        billing.charge_inbound(hundred, 2, reference="in:1")
    assert alerts(hundred)[-1] == (1, 100, TOLD)
    assert queries.balance(hundred.id).available == -1


def test_credits_given_back_and_used_again_tell_nothing_twice(hundred):
    [text] = make_reserve(hundred, 85)
    with unit_of_work():
        billing.release(hundred.id, [text], reason="canceled")
    make_reserve(hundred, 86)
    assert alerts(hundred) == [(1, 80, SUPERSEDED), (1, 85, TOLD)]
    assert len(notices(hundred)) == 1


def test_a_capture_moves_no_usage(hundred):
    [text] = make_reserve(hundred, 79)
    with unit_of_work():
        billing.capture(hundred.id, text)
    assert alerts(hundred) == []


def test_a_burst_in_one_unit_of_work_is_one_alert(hundred):
    """However many steps lead up to it."""
    with unit_of_work():
        for cost in (80, 5, 5):
            billing.reserve(hundred, [Charge(uuid4(), cost)], at=utcnow())
    assert [state for *_, state in alerts(hundred)] == [SUPERSEDED, SUPERSEDED, TOLD]
    assert len(notices(hundred)) == 1


def test_what_is_undone_tells_nothing(hundred):
    work = unit_of_work()
    with pytest.raises(ZeroDivisionError), work:
        billing.reserve(hundred, [Charge(uuid4(), 90)], at=utcnow())
        raise ZeroDivisionError
    with pytest.raises(NotEnoughCredits):
        make_reserve(hundred, 101)
    assert alerts(hundred) == notices(hundred) == []


def test_without_a_plan_there_is_no_limit_to_near(northside):
    with unit_of_work():
        billing.charge_inbound(northside, 1, reference="in:1")
    assert alerts(northside) == []


def test_where_no_threshold_is_passed_nothing_more_is_asked(hundred):
    """The hot path of sending pays nothing for alerts."""
    make_reserve(hundred, 10)
    asked = []

    def hear(_connection, _cursor, statement, *_):
        asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", hear)
    try:
        make_reserve(hundred, 10)
        assert not [s for s in asked if "credit_alerts" in s or "notices" in s]
        assert sum("credit_months" in s for s in asked) == 1
    finally:
        event.remove(db.engine, "before_cursor_execute", hear)


# Limits --------------------------------------------------------------------------------------------------------------


def test_an_upgrade_is_a_new_limit_and_80_percent_can_alert_again(hundred, plans):
    make_reserve(hundred, 80)
    change(hundred, plans[200])
    assert alerts(hundred) == [(1, 80, TOLD)]
    make_reserve(hundred, 80)
    assert alerts(hundred) == [(1, 80, TOLD), (2, 80, TOLD)]
    assert len(notices(hundred)) == 2


def test_a_downgrade_below_usage_tells_the_highest_at_once(northside, plans):
    """PROMISES 3.4: under the new limit, in the same transaction; the lower ones are marked."""
    make_subscription(northside, plans[500])
    make_reserve(northside, 240)
    change(northside, plans[200])  # takes off the 260 that are unused
    assert queries.balance(northside.id).available == 0
    told = [(threshold, state) for limit, threshold, state in alerts(northside) if limit == 2]
    assert told == [
        (80, SUPERSEDED),
        (85, SUPERSEDED),
        (90, SUPERSEDED),
        (95, SUPERSEDED),
        (100, TOLD),
    ]


def test_a_plan_of_the_same_size_is_no_new_limit(hundred, app):
    make_reserve(hundred, 80)
    change(hundred, make_plan("Cheaper", 100, 200))
    assert alerts(hundred) == [(1, 80, TOLD)]


def test_a_new_month_tells_anew(hundred, clock):
    make_reserve(hundred, 80)
    clock.travel(by=timedelta(days=31))
    make_reserve(hundred, 110)  # of 20 that were left and 100 that came
    assert [threshold for _, threshold, state in alerts(hundred) if state is TOLD] == [80, 90]


def test_the_doctor_misses_an_alert_that_is_not_there(hundred):
    make_reserve(hundred, 90)
    assert findings(hundred) == []
    with unit_of_work():
        db.session.execute(CreditAlert.__table__.delete())
    assert findings(hundred) == ["Usage of March 2026 reached 90 % and nobody was told."]


@given(st.integers(0, 300), st.integers(-20, 300), st.integers(0, 50))
def test_passing_is_reaching_a_higher_threshold_than_before(used, left, cost):
    before, after = (used, used + cost), (left, left - cost)
    passed = rules.passes_threshold(before, after)
    old, new = (
        rules.highest_threshold(used, left),
        rules.highest_threshold(used + cost, left - cost),
    )
    assert passed == ((new or 0) > (old or 0))


def test_who_writes_a_text_sees_that_credits_run_low_and_the_way_out(alice, bob, hundred):
    where = {"account_id": hundred.id}
    make_reserve(hundred, 79)
    for endpoint in ("messaging.compose", "reports.account_home"):
        assert "run low" not in alice.get(endpoint, **where).text
    make_reserve(hundred, 1)
    for endpoint in ("messaging.compose", "reports.account_home"):
        low = alice.get(endpoint, **where)
        assert "80 of 100 are used, 20 are left." in low.text_of(".notice")
        [way] = low.page.select(".notice a")
        assert way["href"] == f"/accounts/{hundred.id}/marketplace"
        other = bob.get(endpoint, **where)  # who may not buy is told whom to ask
        assert "Ask Alice Moreno for a bigger plan." in other.text_of(".notice")
        assert not other.page.select(".notice a")
    make_reserve(hundred, 20)
    assert "The credits are used up." in alice.get("messaging.compose", **where).text_of(".notice")


# L6 ------------------------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """The process dies before it commits."""


def burn(owned, sizes, seed, number):
    """Use up each account's credits in random steps, beside others who do the same.

    On the way the plan is changed up and down, credits come back, and units of work are killed
    before they commit.
    """
    for account in owned:
        wishes = random.Random(f"{seed}:{number}:{account.id}")
        for _ in range(8):
            fate = wishes.random()
            cost = wishes.choice((3, 9, 15, 26))
            try:
                with unit_of_work():
                    if fate < 0.12:
                        billing.change_plan(
                            account,
                            wishes.choice(sizes).id,
                            actor=SYSTEM,
                            request_key=uuid4().hex,
                        )
                    elif fate < 0.25:
                        billing.charge_inbound(account, cost, reference=f"in:{uuid4()}")
                    else:
                        texts = [Charge(uuid4(), cost)]
                        billing.reserve(account, texts, at=utcnow())
                        if fate > 0.8:
                            billing.release(account.id, [texts[0].message_id], reason="canceled")
                    if 0.4 < fate < 0.5:
                        raise Killed
            except (Killed, NotEnoughCredits, SamePlan, IsCanceling):
                continue
        mail_notices()
    return len(owned)


def run_l6(app, processes, runs, seed):
    sizes = [make_plan(f"Size {size}", size, size) for size in (50, 100, 150)]
    owned = []
    for number in range(runs):
        with unit_of_work():
            owned.append(
                accounts.open_account(
                    cast.JUNIPER, f"Run {number}", team_id=cast.NORTHSIDE_TEAM, actor=SYSTEM
                )
            )
        make_subscription(owned[-1], sizes[1])
    at_once(app, processes, lambda number: burn(owned, sizes, seed, number))
    mail_notices()
    told = 0
    for account in owned:
        rows = alerts(account)
        spoken = [(limit, threshold) for limit, threshold, state in rows if state is TOLD]
        assert len(notices(account)) == len(spoken)  # to the one lead, each once
        for limit, threshold, state in rows:
            above = [t for at, t in spoken if at == limit and t > threshold]
            assert state is TOLD or above
        assert findings(account) == []
        assert queries.check_books(account.id) == []
        told += len(spoken)
    assert told > 0
    return told


def test_concurrent_crossings_are_told_once(app):
    """L6, short: two processes on the same accounts, with plan changes and kills between."""
    told = run_l6(app, 2, 6, seed=1)
    assert len([m for m in kept() if m.mail.subject.startswith("Run ")]) == told


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(20))
def test_concurrent_crossings_are_told_once_in_a_thousand_runs(app, seed):
    """L6: 1,000 runs of four processes."""
    print(f"L6: 50 runs, {run_l6(app, 4, 50, seed)} alerts, each told once")
