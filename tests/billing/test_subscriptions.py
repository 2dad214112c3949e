"""Renewal, plan changes, cancellation: the worked examples of SPEC 2 (B-3 to B-7, L7)."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from portal.billing import queries, rules
from portal.billing import service as billing
from portal.billing.errors import (
    IsCanceling,
    NotEnoughCredits,
    NotSubscribed,
    PriceChanged,
    RequestReused,
    SamePlan,
)
from portal.billing.models import CreditEntry, CreditLot
from portal.billing.values import Change, EntryKind, PlanRef, SubscriptionState
from portal.core import audit
from portal.core.audit import SYSTEM
from portal.core.db import db, unit_of_work
from portal.people.models import Organization
from portal.texting_accounts import service as accounts
from portal.texting_accounts.errors import AccountClosed
from tests.factories.billing import make_credits, make_plan, make_reserve, make_subscription
from workers import sweeps

CHICAGO = ZoneInfo("America/Chicago")


@pytest.fixture(autouse=True)
def _books_are_right(app, northside):
    """I5 holds after every test of this file."""
    yield
    db.session.rollback()
    db.session.commit()
    assert queries.check_books(northside.id) == []


def local(year, month, day, hour=12, minute=0):
    return datetime(year, month, day, hour, minute, tzinfo=CHICAGO).astimezone(UTC)


def left(account):
    db.session.commit()
    return queries.balance(account.id).available


def entries(account, kind):
    db.session.commit()
    return db.session.scalars(
        select(CreditEntry)
        .where(CreditEntry.account_id == account.id, CreditEntry.kind == kind)
        .order_by(CreditEntry.position)
    ).all()


def bills(account):
    db.session.commit()
    return [row.amount_cents for row in reversed(queries.invoices(account.tenant))]


def spend(account, count):
    [text] = make_reserve(account, count)
    with unit_of_work():
        assert billing.capture(account.id, text)


def change(account, plan, **options):
    with unit_of_work():
        return billing.change_plan(
            account, plan.id, actor=SYSTEM, **{"request_key": uuid4().hex, **options}
        )


class TestRenewal:
    def test_on_the_1st_at_midnight_charges_and_grants_and_keeps_what_is_left(
        self, northside, clock
    ):
        """B-3: unused credits roll over; not a second before the 1st begins in Chicago."""
        make_subscription(northside, make_plan(credits_per_month=500, price_cents=1_600))
        spend(northside, 100)
        clock.travel(to=local(2026, 3, 31, 23, 59))
        sweeps.settle_credits()
        assert (left(northside), bills(northside)) == (400, [1_548])
        clock.travel(to=local(2026, 4, 1, 0, 0))
        sweeps.settle_credits()
        assert (left(northside), bills(northside)) == (900, [1_548, 1_600])
        sweeps.settle_credits()
        assert left(northside) == 900
        assert queries.subscription(northside.id).next_charge_at == local(2026, 5, 1, 0)
        [invoice, _] = queries.invoices(northside.tenant)
        assert (str(invoice.period_start), str(invoice.period_end)) == ("2026-04-01", "2026-04-30")

    def test_comes_first_in_whatever_is_done_next(self, northside, clock):
        """B-3: a text that is queued before the scheduler came finds the new month's credits."""
        make_subscription(northside, make_plan(credits_per_month=50))
        spend(northside, 50)
        clock.travel(to=local(2026, 4, 1, 0, 5))
        make_reserve(northside, 20)
        assert left(northside) == 30
        grant, reserve = (
            entries(northside, EntryKind.GRANT)[-1],
            entries(northside, EntryKind.RESERVE)[-1],
        )
        assert (grant.at, grant.position < reserve.position) == (local(2026, 4, 1, 0), True)

    def test_of_one_account_that_fails_holds_up_no_other(self, northside, lakeview, bobs, clock):
        """M-2, B-3: its fault is logged, and the next sweep tries it again."""
        for account in (northside, lakeview, bobs):
            make_subscription(account, make_plan(uuid4().hex, credits_per_month=50))
        clock.travel(to=local(2026, 4, 1, 0, 5))
        for zone, renewed in (("Mars/Olympus", 2), ("America/Chicago", 1)):
            with unit_of_work():
                lakeviews = Organization.id == lakeview.organization_id
                db.session.execute(update(Organization).where(lakeviews).values(timezone=zone))
            assert sweeps.settle_credits() == renewed
            assert (left(northside), left(bobs)) == (100, 100)
        assert left(lakeview) == 100

    def test_of_months_nobody_looked_come_one_by_one(self, northside, clock):
        """PROMISES 3.5: each on its own 1st, with its own invoice."""
        make_subscription(northside, make_plan(credits_per_month=100, price_cents=900))
        clock.travel(to=local(2026, 7, 9))
        sweeps.settle_credits()
        grants = entries(northside, EntryKind.GRANT)
        assert [g.at for g in grants[1:]] == [local(2026, m, 1, 0) for m in (4, 5, 6, 7)]
        assert bills(northside) == [871, 900, 900, 900, 900]

    def test_pays_a_deficit_of_inbound_texts_first(self, northside, clock):
        """B-10."""
        make_subscription(northside, make_plan(credits_per_month=10))
        spend(northside, 10)
        with unit_of_work():
            billing.charge_inbound(northside, 3, reference="SM1")
        assert left(northside) == -3
        clock.travel(to=local(2026, 4, 1, 1))
        sweeps.settle_credits()
        assert left(northside) == 7

    def test_a_september_grant_is_gone_after_31_august(self, northside, clock):
        """B-4, by name: granted 1 September, gone at the end of 31 August; renewals go on."""
        clock.travel(to=local(2026, 9, 1, 0))
        make_subscription(northside, make_plan(credits_per_month=100))
        clock.travel(to=local(2027, 8, 31, 23, 59))
        sweeps.settle_credits()
        assert left(northside) == 1_200
        assert queries.balance(northside.id).expiring_this_month == 100
        clock.travel(to=local(2027, 9, 1, 0))
        sweeps.settle_credits()
        assert left(northside) == 1_200  # the old hundred gone, a new one come
        [expiry] = entries(northside, EntryKind.EXPIRE)
        assert (expiry.credits, expiry.at) == (100, local(2027, 9, 1, 0))

    def test_of_a_closed_account_is_its_end(self, northside, clock):
        """B-7: nothing is charged and nothing granted for an account nobody can use."""
        make_subscription(northside, make_plan(credits_per_month=500, price_cents=1_600))
        with unit_of_work():
            accounts.close(northside.id, actor=SYSTEM)
        clock.travel(to=local(2026, 3, 31, 23, 59))
        sweeps.settle_credits()
        assert left(northside) == 500
        clock.travel(to=local(2026, 4, 1, 0, 0))
        sweeps.settle_credits()
        assert (left(northside), bills(northside)) == (0, [1_548])
        assert queries.subscription(northside.id) is None

    def test_is_sold_to_no_closed_account(self, northside, bobs):
        """What can't be used is neither bought, made larger nor kept."""
        plan, larger = make_plan("Agent"), make_plan("Team", 2_500, 6_500)
        make_subscription(bobs, plan)
        with unit_of_work():
            accounts.close(northside.id, actor=SYSTEM)
            accounts.close(bobs.id, actor=SYSTEM)
        with pytest.raises(AccountClosed):
            make_subscription(northside, plan)
        with pytest.raises(AccountClosed):
            change(bobs, larger)
        with pytest.raises(AccountClosed), unit_of_work():
            billing.withdraw(bobs, actor=SYSTEM)

    def test_happens_once_when_the_organization_moves_west(self, northside, clock):
        """I11: the 1st in Chicago is still the 31st in Los Angeles, then comes again."""
        make_subscription(northside, make_plan(credits_per_month=100))
        with unit_of_work():
            db.session.get(Organization, northside.organization_id).timezone = "America/Los_Angeles"
        clock.travel(to=local(2026, 4, 1, 0, 30))
        sweeps.settle_credits()
        assert left(northside) == 100
        clock.travel(to=local(2026, 4, 1, 2, 30))
        sweeps.settle_credits()
        assert left(northside) == 200


class TestUpgrade:
    def test_from_500_to_1000_on_the_20th(self, northside, clock):
        """B-5, by name: the prorated difference is charged, the missing 500 come at once."""
        clock.travel(to=local(2026, 3, 1))
        make_subscription(northside, make_plan("Agent", 500, 1_600))
        spend(northside, 500)
        clock.travel(to=local(2026, 3, 20))
        bigger = make_plan("Agent plus", 1_000, 2_900)
        shown = queries.change_quote(northside, bigger.id)
        assert (shown.charge_cents, shown.credits, shown.balance_after) == (503, 500, 500)
        done = change(northside, bigger, shown_cents=503)
        assert (done.change, left(northside), bills(northside)) == (
            Change.UPGRADE,
            500,
            [1_600, 503],
        )
        clock.travel(to=local(2026, 4, 1, 0))
        sweeps.settle_credits()
        assert (left(northside), bills(northside)[-1]) == (1_500, 2_900)

    def test_after_a_downgrade_brings_back_only_what_was_taken(self, northside):
        """B-5: what already came this month is counted, and what a downgrade took is not."""
        big, small = make_plan("Big", 1_000, 2_900), make_plan("Small", 250, 900)
        make_subscription(northside, big)
        spend(northside, 600)
        change(northside, small)
        assert left(northside) == 0  # 400 were left of the 750 between the plans
        change(northside, big)
        assert left(northside) == 400
        change(northside, small)
        change(northside, big)
        assert left(northside) == 400

    def test_twice_by_one_click_changes_once(self, northside):
        """I9."""
        make_subscription(northside, make_plan("A", 100, 900))
        bigger = make_plan("B", 200, 1_800)
        change(northside, bigger, request_key="k")
        with pytest.raises(SamePlan):
            change(northside, bigger, request_key="k")
        with pytest.raises(RequestReused):
            change(northside, make_plan("C", 300, 2_000), request_key="k")
        assert (left(northside), len(bills(northside))) == (200, 2)

    def test_at_another_price_than_was_shown_is_refused(self, northside, clock):
        make_subscription(northside, make_plan("A", 100, 900))
        bigger = make_plan("B", 200, 1_800)
        shown = queries.change_quote(northside, bigger.id).charge_cents
        clock.travel(by=timedelta(days=1))
        with pytest.raises(PriceChanged):
            change(northside, bigger, shown_cents=shown)
        assert left(northside) == 100

    def test_without_a_subscription_is_refused(self, northside):
        plan = make_plan()
        assert queries.change_quote(northside, plan.id) is None
        with pytest.raises(NotSubscribed):
            change(northside, plan)
        make_credits(northside, 5)
        with pytest.raises(NotSubscribed):
            change(northside, plan)


class TestDowngrade:
    def test_takes_the_difference_off_this_months_credits(self, northside, clock):
        """B-6: last month's rest stays, nothing is refunded, the 1st costs the new price."""
        make_subscription(northside, make_plan("Agent plus", 1_000, 2_900))
        clock.travel(to=local(2026, 4, 10))
        sweeps.settle_credits()
        change(northside, make_plan("Agent", 500, 1_600))
        assert (left(northside), len(bills(northside))) == (1_500, 2)
        clock.travel(to=local(2026, 5, 1, 0))
        sweeps.settle_credits()
        assert (left(northside), bills(northside)[-1]) == (2_000, 1_600)

    def test_below_usage_stops_at_zero(self, northside):
        """B-6, by name: 400 of 500 are used; down to 250 takes the 100 that are left."""
        make_subscription(northside, make_plan("Agent", 500, 1_600))
        spend(northside, 400)
        smaller = make_plan("Starter", 250, 900)
        shown = queries.change_quote(northside, smaller.id)
        assert (shown.credits, shown.credits_between, shown.charge_cents) == (-100, 250, 0)
        change(northside, smaller)
        assert left(northside) == 0

    def test_leaves_texts_on_their_way_what_they_hold(self, northside):
        """L7, I6: a confirmed text never fails for credits."""
        make_subscription(northside, make_plan("Agent", 500, 1_600))
        [text] = make_reserve(northside, 450)
        change(northside, make_plan("Starter", 250, 900))
        assert left(northside) == 0
        with unit_of_work():
            assert billing.capture(northside.id, text)
        with pytest.raises(NotEnoughCredits):
            make_reserve(northside, 1)

    @settings(max_examples=200)
    @given(
        st.integers(1, 2_000),
        st.integers(1, 2_000),
        st.integers(0, 2_000),
        st.integers(0, 2_000),
        st.integers(1, 31),
    )
    def test_never_takes_more_than_is_unused(self, old, new, used, carried, day):
        """L7: whatever the plans, nothing goes below zero and an upgrade never takes away."""
        unused = max(0, old - max(0, used - carried))
        available = carried + old - used
        made = rules.change_quote(
            PlanRef(uuid4(), "old", old, old * 3),
            PlanRef(uuid4(), "new", new, new * 3),
            granted=old,
            unused=unused,
            available=available,
            month=rules.month_of(local(2026, 3, day), "America/Chicago"),
            today=date(2026, 3, day),
        )
        if made.change is Change.UPGRADE:
            assert made.credits == new - old
            assert made.charge_cents == rules.prorated((new - old) * 3, 32 - day, 31)
        else:
            assert made.credits == -min(old - new, unused)
            assert made.charge_cents == 0
        assert available < 0 or made.balance_after >= 0


class TestCancel:
    def test_lets_the_credits_lapse_on_the_1st_and_not_before(self, northside, clock):
        """B-7, by name: active until the 1st; then the credits go, and nothing is charged."""
        make_subscription(northside, make_plan(credits_per_month=500))
        with unit_of_work():
            billing.cancel(northside, actor=SYSTEM)
        clock.travel(to=local(2026, 3, 31, 23, 59))
        sweeps.settle_credits()
        assert queries.has_active_subscription(northside.id)
        assert left(northside) == 500
        clock.travel(to=local(2026, 4, 1, 0))
        assert not queries.has_active_subscription(northside.id)
        sweeps.settle_credits()
        assert (left(northside), len(bills(northside))) == (0, 1)
        assert queries.subscription(northside.id) is None
        [gone] = queries.statement(northside.tenant).lines[:1]
        assert (gone.kind, gone.detail) == (EntryKind.EXPIRE, "The subscription ended")

    def test_can_be_withdrawn_until_then(self, northside, clock):
        """B-7, by name: withdrawn, nothing happened."""
        make_subscription(northside, make_plan(credits_per_month=500))
        for step in (billing.cancel, billing.cancel, billing.withdraw, billing.withdraw):
            with unit_of_work():
                after = step(northside, actor=SYSTEM)
        assert (after.state, after.ends_at) == (SubscriptionState.ACTIVE, None)
        clock.travel(to=local(2026, 4, 1, 0))
        sweeps.settle_credits()
        assert left(northside) == 1_000

    def test_cannot_be_withdrawn_afterwards(self, northside, clock):
        make_subscription(northside)
        with unit_of_work():
            billing.cancel(northside, actor=SYSTEM)
        clock.travel(to=local(2026, 4, 1, 0))
        with pytest.raises(NotSubscribed), unit_of_work():
            billing.withdraw(northside, actor=SYSTEM)

    def test_what_texts_on_their_way_give_back_lapses_too(self, northside, clock):
        """RULINGS 7."""
        make_subscription(northside, make_plan(credits_per_month=500))
        [text] = make_reserve(northside, 40)
        with unit_of_work():
            billing.cancel(northside, actor=SYSTEM)
        clock.travel(to=local(2026, 4, 1, 0))
        sweeps.settle_credits()
        with unit_of_work():
            assert billing.release(northside.id, [text], reason="blocked") == 1
        assert left(northside) == 0

    def test_keeps_the_plan_as_it_is(self, northside):
        make_subscription(northside, make_plan("A", 100, 900))
        with unit_of_work():
            billing.cancel(northside, actor=SYSTEM)
        with pytest.raises(IsCanceling):
            change(northside, make_plan("B", 200, 1_800))

    def test_leaves_no_old_form_with_which_to_buy_again(self, northside, clock):
        """I9: sent anew once all is over, it buys nothing and does not say that it did."""
        plan = make_plan("A", 100, 900)
        with unit_of_work():
            billing.subscribe(northside, plan.id, actor=SYSTEM, request_key="k")
        with unit_of_work():
            billing.cancel(northside, actor=SYSTEM)
        clock.travel(to=local(2026, 4, 1))
        sweeps.settle_credits()
        with pytest.raises(RequestReused), unit_of_work():
            billing.subscribe(northside, plan.id, actor=SYSTEM, request_key="k")
        assert (left(northside), len(bills(northside))) == (0, 1)

    def test_makes_room_for_a_new_subscription(self, northside, clock):
        make_subscription(northside, make_plan("A", 100, 900))
        with unit_of_work():
            billing.cancel(northside, actor=SYSTEM)
        clock.travel(to=local(2026, 4, 1, 9))
        make_subscription(northside, make_plan("B", 200, 1_800))
        assert left(northside) == 200
        lots = db.session.scalars(select(CreditLot).order_by(CreditLot.position)).all()
        assert [lot.remaining for lot in lots] == [0, 200]


def test_every_step_stands_in_the_log(northside, clock):
    """M-4."""
    make_subscription(northside, make_plan("A", 100, 900))
    change(northside, make_plan("B", 200, 1_800))
    with unit_of_work():
        billing.cancel(northside, actor=SYSTEM)
    clock.travel(to=local(2026, 4, 1, 0))
    sweeps.settle_credits()
    assert audit.verify(northside.organization_id) == (6, None)
