"""When the credits run out at the current pace (B-13)."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from portal.billing import queries, rules
from portal.billing import service as billing
from portal.billing.rules import Stock
from portal.billing.rules.forecast import RENEWALS_AHEAD
from portal.billing.values import Outlook, Pace
from portal.core.audit import SYSTEM
from portal.core.db import db, unit_of_work
from tests import cast
from tests.factories.billing import make_credits, make_plan, make_reserve, make_subscription

TODAY = date(2026, 11, 20)
FIRST = date(2026, 12, 1)
YEAR_ON = date(2027, 11, 1)
TEN_A_DAY = Pace(500, 50, date(2026, 10, 1))


def month_on(day):
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)


def day_by_day(stock, pace, today):
    """Say the same by living through every day: what expires, what comes, what is used."""
    lots, at, days = sorted(stock.lots), today, 0
    end = stock.renews_on
    for _ in range(0 if stock.is_canceling else RENEWALS_AHEAD):
        end = end and month_on(end)
    while True:
        lots = [[gone, count] for gone, count in lots if gone > at]
        if stock.renews_on and at >= stock.renews_on and at.day == 1:
            if stock.is_canceling:
                return Outlook.ENDS, at
            lots.append([at + timedelta(days=365), stock.monthly])
        if not lots:
            return Outlook.RUNS_OUT, at
        if at == end:
            return Outlook.LASTS, at
        need = ceil(Fraction(pace.used * (days + 1), pace.days))
        need -= ceil(Fraction(pace.used * days, pace.days))
        for lot in lots:
            part = min(lot[1], need)
            lot[1] -= part
            need -= part
        if need:
            return Outlook.RUNS_OUT, at
        lots = [lot for lot in lots if lot[1]]
        at, days = at + timedelta(days=1), days + 1


@st.composite
def stocks(draw):
    lots = draw(
        st.lists(
            st.tuples(
                st.dates(TODAY + timedelta(days=1), TODAY + timedelta(days=365)),
                st.integers(1, 3_000),
            ),
            min_size=1,
            max_size=13,
        )
    )
    runs = draw(st.booleans())
    return Stock(
        available=sum(count for _, count in lots),
        lots=tuple(lots),
        renews_on=FIRST if runs else None,
        monthly=draw(st.integers(1, 3_000)) if runs else 0,
        is_canceling=runs and draw(st.booleans()),
    )


paces = st.builds(Pace, st.integers(1, 20_000), st.integers(7, 61), st.just(date(2026, 10, 1)))


class TestTheDayTheCreditsRunOut:
    @given(stocks(), paces)
    @example(Stock(10, ((YEAR_ON, 10),)), Pace(1, 60, date(2026, 10, 1)))
    def test_is_the_day_one_finds_by_living_through_every_day(self, stock, pace):
        """B-3, B-4: renewals and lots that expire are counted in."""
        found = rules.forecast(stock, pace, TODAY)
        assert (found.outlook, found.day) == day_by_day(stock, pace, TODAY)

    @given(stocks(), paces, st.integers(1, 5_000))
    def test_never_comes_later_for_using_more(self, stock, pace, more):
        faster = Pace(pace.used + more, pace.days, pace.since)
        assert (
            rules.forecast(stock, faster, TODAY).order <= rules.forecast(stock, pace, TODAY).order
        )

    @given(stocks(), paces, st.integers(1, 5_000))
    def test_never_comes_earlier_for_having_more(self, stock, pace, more):
        assume(not stock.is_canceling)
        gone, count = max(stock.lots)
        richer = Stock(
            stock.available + more,
            (*(lot for lot in stock.lots if lot != (gone, count)), (gone, count + more)),
            stock.renews_on,
            stock.monthly,
        )
        alike = Stock(
            stock.available,
            (*(lot for lot in stock.lots if lot != (gone, count)), (gone, count)),
            stock.renews_on,
            stock.monthly,
        )
        assert rules.forecast(richer, pace, TODAY).order >= rules.forecast(alike, pace, TODAY).order

    @given(stocks(), paces, st.integers(0, 400))
    def test_is_a_promise_that_holds_while_no_more_is_used(self, stock, pace, days):
        """Whoever uses at most the pace from today on can send on every day before it."""
        found = rules.forecast(stock, pace, TODAY)
        slower = Pace(max(1, pace.used - days), pace.days, pace.since)
        assert rules.forecast(stock, slower, TODAY).order >= found.order

    def test_counts_today_whole(self):
        assert rules.forecast(Stock(9, ((YEAR_ON, 9),)), TEN_A_DAY, TODAY).day == TODAY
        tomorrow = rules.forecast(Stock(19, ((YEAR_ON, 19),)), TEN_A_DAY, TODAY).day
        assert tomorrow == TODAY + timedelta(days=1)

    def test_counts_the_credits_of_each_1st_in(self):
        """500 left on 20 November and 100 a month: ten a day last for 70 days."""
        found = rules.forecast(Stock(500, ((YEAR_ON, 500),), FIRST, 100), TEN_A_DAY, TODAY)
        assert (found.outlook, found.day) == (Outlook.RUNS_OUT, date(2027, 1, 29))
        assert not found.is_short

    def test_counts_lots_that_expire_out(self):
        """B-4: what is gone at the end of November is used first and can't be used after."""
        lots = ((FIRST, 1_000), (YEAR_ON, 50))
        found = rules.forecast(Stock(1_050, lots), TEN_A_DAY, TODAY)
        assert found.day == date(2026, 12, 6)

    def test_is_no_day_when_the_plan_brings_more_than_is_used(self):
        found = rules.forecast(Stock(200, ((YEAR_ON, 200),), FIRST, 500), TEN_A_DAY, TODAY)
        assert (found.outlook, found.day) == (Outlook.LASTS, date(2027, 12, 1))

    def test_is_short_when_it_comes_before_the_renewal(self):
        found = rules.forecast(Stock(50, ((YEAR_ON, 50),), FIRST, 500), TEN_A_DAY, TODAY)
        assert found.is_short
        assert found.day == date(2026, 11, 25)

    def test_of_a_canceled_plan_is_the_1st_at_the_latest(self):
        """B-7: what is left lapses."""
        canceled = Stock(900, ((YEAR_ON, 900),), FIRST, 500, is_canceling=True)
        assert rules.forecast(canceled, TEN_A_DAY, TODAY).outlook is Outlook.ENDS
        assert rules.forecast(canceled, None, TODAY).day == FIRST

    @pytest.mark.parametrize(
        ("available", "pace", "outlook"),
        [
            (0, TEN_A_DAY, Outlook.EMPTY),
            (-3, TEN_A_DAY, Outlook.EMPTY),
            (5, None, Outlook.TOO_NEW),
            (5, Pace(0, 30, TODAY), Outlook.IDLE),
            (5, Pace(-2, 30, TODAY), Outlook.IDLE),  # refunds outweigh
        ],
    )
    def test_is_not_guessed_where_nothing_tells_it(self, available, pace, outlook):
        found = rules.forecast(Stock(available, ((YEAR_ON, 5),)), pace, TODAY)
        assert (found.outlook, found.day) == (outlook, None)


class TestThePace:
    def test_is_what_was_used_since_the_first_of_last_month(self):
        known = rules.pace(310, 20, date(2026, 1, 5), date(2026, 11, 11))
        assert known == Pace(330, 41, date(2026, 10, 1))

    def test_begins_with_the_first_credits(self):
        known = rules.pace(20, 20, date(2026, 10, 25), date(2026, 11, 4))
        assert known == Pace(40, 10, date(2026, 10, 25))

    def test_is_this_months_own_where_that_is_faster_and_two_weeks_old(self):
        assert rules.pace(31, 140, date(2026, 1, 5), date(2026, 11, 15)).since.month == 11
        assert rules.pace(31, 139, date(2026, 1, 5), date(2026, 11, 14)).since.month == 10
        assert rules.pace(400, 14, date(2026, 1, 5), date(2026, 11, 15)).since.month == 10

    def test_is_not_said_in_the_first_week(self):
        assert rules.pace(0, 50, date(2026, 11, 14), date(2026, 11, 20)) is None
        assert rules.pace(0, 50, date(2026, 11, 13), date(2026, 11, 20)) is not None


class TestOfAnAccount:
    def spend(self, account, count):
        [text] = make_reserve(account, count)
        with unit_of_work():
            billing.capture(account.id, text)
        db.session.commit()

    def test_uses_the_ledger_months_lots_and_subscription(self, northside, clock):
        """300 left on 22 March, 190 used in 20 days: 9.5 a day; 500 more come on 1 April."""
        make_subscription(northside, make_plan(credits_per_month=500))
        clock.travel(to=datetime(2026, 3, 22, 18, 0, tzinfo=UTC))
        self.spend(northside, 190)
        found = queries.forecast(northside)
        assert found.pace == Pace(190, 20, date(2026, 3, 2))
        assert found.pace.a_month == 285
        assert (found.renews_on, found.monthly) == (date(2026, 4, 1), 500)
        assert found.outlook is Outlook.LASTS

    def test_counts_texts_on_their_way_as_used(self, northside, clock):
        make_credits(northside, 100)
        clock.travel(by=timedelta(days=10))
        make_reserve(northside, 60)
        found = queries.forecast(northside)
        assert (found.pace.used, found.outlook) == (60, Outlook.RUNS_OUT)
        assert found.day == date(2026, 3, 18)

    def test_says_what_a_balance_says(self, northside, clock):
        make_credits(northside, 70, expires_at=datetime(2026, 3, 20, 5, 0, tzinfo=UTC))
        make_credits(northside, 30)
        self.spend(northside, 5)
        for day in (3, 19, 20, 21):
            clock.travel(to=datetime(2026, 3, day, 18, 0, tzinfo=UTC))
            standing = queries.standings([northside])[northside.id]
            assert standing.balance == queries.balance(northside.id)

    def test_of_one_without_credits_is_that_there_are_none(self, northside):
        found = queries.standings([northside])[northside.id]
        assert (found.subscription, found.forecast.outlook) == (None, Outlook.EMPTY)

    def test_sees_a_cancellation(self, northside, clock):
        make_subscription(northside)
        with unit_of_work():
            billing.cancel(northside, actor=SYSTEM)
        db.session.commit()
        found = queries.forecast(northside)
        assert (found.outlook, found.day) == (Outlook.ENDS, date(2026, 4, 1))


class TestOnPages:
    def test_home_statement_and_marketplace_name_the_day(self, browser, northside, clock):
        """B-13: 40 used in ten days, 12 left, nothing coming before 1 April's 52."""
        make_subscription(northside, make_plan(credits_per_month=52))
        clock.travel(to=datetime(2026, 3, 12, 18, 0, tzinfo=UTC))
        TestOfAnAccount().spend(northside, 40)
        alice = browser(cast.ALICE)
        home = alice.get("reports.account_home", account_id=northside.id)
        book = alice.get("billing.statement", account_id=northside.id)
        for reply in (home, book):
            [tile] = [t for t in reply.texts_of(".stat") if "run out" in t]
            assert tile == "Credits run out 15 Mar 2026 before the next credits on 1 Apr 2026"
        assert "40 credits in 10 days, since 2 Mar 2026" in book.text_of(".why__body")
        shop = alice.get("billing.marketplace", account_id=northside.id)
        assert "uses about 120 credits in 30 days" in shop.text
        assert "run out on 15 Mar 2026" in shop.text
        assert "before the next credits on 1 Apr 2026" in shop.text

    def test_a_new_account_is_told_nothing_it_could_not_know(self, alice, northside):
        make_subscription(northside)
        book = alice.get("billing.statement", account_id=northside.id)
        [tile] = [t for t in book.texts_of(".stat") if "run out" in t]
        assert tile == "Credits run out – not known too early to say"
