"""Around the 1st: pages in the minute before it is settled, and organizations that move between zones.

B-3, B-7, B-13: what is shown is what is charged; no month comes twice, none is left out.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from portal.billing import queries, rules
from portal.billing import service as billing
from portal.billing.models import CreditEntry
from portal.billing.service import subscriptions
from portal.billing.values import EntryKind
from portal.core.audit import SYSTEM
from portal.core.db import db, unit_of_work
from portal.people.models import Organization
from tests.factories.billing import make_plan, make_reserve, make_subscription
from workers import sweeps

CHICAGO = "America/Chicago"
A_SECOND, A_MINUTE, AN_HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture(autouse=True)
def _books_are_right(app, northside):
    """I5 holds after every test of this file."""
    yield
    db.session.rollback()
    db.session.commit()
    assert queries.check_books(northside.id) == []


def first(month, zone=CHICAGO):
    """Return when the 1st of a month of 2026 begins in a zone."""
    return datetime(2026, month, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def left(account):
    db.session.commit()
    return queries.balance(account.id).available


def grants(account):
    db.session.commit()
    return db.session.scalars(
        select(CreditEntry)
        .where(CreditEntry.account_id == account.id, CreditEntry.kind == EntryKind.GRANT)
        .order_by(CreditEntry.position)
    ).all()


def bills(account):
    db.session.commit()
    return [row.amount_cents for row in reversed(queries.invoices(account.tenant))]


def move(account, zone):
    with unit_of_work():
        db.session.get(Organization, account.organization_id).timezone = zone


def press(reply):
    """Return what the arithmetic's form sends."""
    return {name: reply.field(name) for name in ("request_key", "shown_cents", "shown_terms")}


class TestInTheMinuteAfterMidnight:
    """The month has begun, and no sweep has come yet."""

    @pytest.fixture
    def agent(self, northside, clock):
        plan = make_plan("Agent", 500, 1_600)
        make_subscription(northside, plan)
        make_reserve(northside, 200)
        clock.travel(to=first(4) + A_MINUTE / 2)
        return plan

    def test_an_upgrade_shows_what_it_charges_then(self, northside, agent, alice):
        """300 are left of March, 500 came with April; the whole of April is still to be paid."""
        plus = make_plan("Agent plus", 1_000, 2_900)
        where = {"account_id": northside.id, "plan_id": plus.id}
        shown = alice.get("billing.confirm_change", **where)
        for figure in ("Days left in April", "30 of 30", "$13.00", "+500", "1,300", "1 May"):
            assert figure in shown.text
        alice.post("billing.change", status=303, data=press(shown), **where)
        assert left(northside) == 1_300
        assert bills(northside)[1:] == [1_600, 1_300]

    def test_a_downgrade_takes_what_it_shows(self, northside, agent, alice):
        """B-6: off April's credits, of which none is used."""
        where = {"account_id": northside.id, "plan_id": make_plan("Starter", 100, 900).id}
        shown = alice.get("billing.confirm_change", **where)
        assert "−400" in shown.text
        alice.post("billing.change", status=303, data=press(shown), **where)
        assert left(northside) == 400

    def test_a_look_renews_nothing(self, northside, agent, alice):
        """RULINGS 23: what the page foresees is undone with it."""
        before = (len(grants(northside)), len(bills(northside)))
        for page in ("marketplace", "connected_apps", "confirm_cancel"):
            alice.get(f"billing.{page}", account_id=northside.id)
        assert (len(grants(northside)), len(bills(northside))) == before
        assert queries.subscription(northside.id).next_charge_at == first(4)

    def test_a_cancellation_says_when_it_ends_and_what_lapses(self, northside, agent, alice):
        """B-7: April is charged by now, so it is May's 1st, with April's credits."""
        shown = alice.get("billing.confirm_cancel", account_id=northside.id)
        [ends] = shown.page.select("#happens time")
        assert datetime.fromisoformat(ends["datetime"]) == first(5)
        assert "800" in shown.text_of("#happens")
        alice.post("billing.cancel", status=303, data={"is_sure": "y"}, account_id=northside.id)
        assert queries.subscription(northside.id).ends_at == first(5)

    def test_what_was_canceled_has_ended_and_a_plan_is_bought_anew(
        self, northside, agent, alice, clock
    ):
        """B-7, B-2: nothing is left to add to."""
        clock.travel(to=first(4) - A_MINUTE)
        with unit_of_work():
            billing.cancel(northside, actor=SYSTEM)
        clock.travel(to=first(4) + A_MINUTE / 2)
        apps = alice.get("billing.connected_apps", account_id=northside.id)
        assert "Not subscribed" in apps.text
        where = {"account_id": northside.id, "plan_id": agent.id}
        alice.get("billing.confirm_change", status=409, **where)
        shown = alice.get("billing.confirm", **where)
        assert shown.text_of("#credits dd:first-of-type") == "0"
        alice.post("billing.buy", status=303, data=press(shown), **where)
        assert left(northside) == 500

    def test_several_accounts_show_what_each_is_charged_then(self, northside, agent, alice):
        """B-13: those due are settled first, for their list is asked for by a form."""
        plus = make_plan("Agent plus", 1_000, 2_900)
        data = {"ids": [str(northside.id)], "plan_id": str(plus.id)}
        shown = alice.post("billing.choose_plan_of_several", status=200, data=data)
        assert shown.field(f"shown-{northside.id}") == "1300"
        assert "1,300" in shown.text_of("#several tbody")


MOVES = [  # from, to: west and east, over the date line and back, and zones that share an hour
    (CHICAGO, "America/Los_Angeles"),
    (CHICAGO, "Pacific/Honolulu"),
    (CHICAGO, "Europe/London"),
    (CHICAGO, "Pacific/Kiritimati"),
    ("Pacific/Kiritimati", "Pacific/Pago_Pago"),
    ("Pacific/Pago_Pago", "Pacific/Kiritimati"),
    ("Asia/Kolkata", "America/St_Johns"),
    ("Pacific/Auckland", "Etc/GMT+12"),
    ("America/Chicago", "America/Winnipeg"),
]
WHEN = [
    pytest.param(timedelta(days=-3), id="days before"),
    pytest.param(-3 * AN_HOUR, id="hours before"),
    pytest.param(-A_MINUTE, id="a minute before"),
    pytest.param(A_MINUTE, id="a minute after"),
    pytest.param(3 * AN_HOUR, id="hours after"),
]


def looks(old, new, moved_at):
    """Return the moments at which something could happen, a second before each too."""
    marks = {first(4, old), first(4, new), first(5, old), first(5, new), moved_at + A_MINUTE}
    around = marks | {mark - A_SECOND for mark in marks}
    return sorted(moment for moment in around if moment != moved_at)


def turns(old, new, moved_at):
    """Return when April begins: once it does in the zone of that moment, and is not undone."""
    if moved_at >= first(4, old):
        return first(4, old)
    return first(4, new)


@pytest.mark.parametrize("by", WHEN)
@pytest.mark.parametrize(("old", "new"), MOVES, ids=lambda name: name.rpartition("/")[2])
class TestAMoveBetweenZones:
    def test_charges_and_grants_each_month_once(self, northside, clock, old, new, by):
        """B-3, I11: never twice, never left out, whichever way it moves and when."""
        moved_at = first(4, old) + by
        move(northside, old)
        clock.travel(to=first(3, old) + timedelta(days=9))
        make_subscription(northside, make_plan(credits_per_month=100, price_cents=900))
        has_moved = False
        for moment in looks(old, new, moved_at):
            if moment > moved_at and not has_moved:
                clock.travel(to=moved_at)
                sweeps.settle_credits()
                move(northside, new)
                has_moved = True
            clock.travel(to=moment)
            sweeps.settle_credits()
            april = turns(old, new, moved_at)
            begun = 1 + (moment >= april and (has_moved or moment >= first(4, old)))
            begun += moment >= first(5, new)
            assert len(grants(northside)) == begun, moment
        assert [str(entry.month) for entry in grants(northside)] == [
            "2026-03-01", "2026-04-01", "2026-05-01",
        ]  # fmt: skip
        assert [entry.at for entry in grants(northside)[1:]] == [april, first(5, new)]
        assert bills(northside)[1:] == [900, 900]

    def test_ends_a_canceled_plan_with_the_month_where_the_organization_is(
        self, northside, clock, old, new, by
    ):
        """B-7: no hour of it is lost and none added, also where nobody has settled it yet."""
        moved_at = first(4, old) + by
        move(northside, old)
        clock.travel(to=first(3, old) + timedelta(days=9))
        make_subscription(northside, make_plan(credits_per_month=100))
        with unit_of_work():
            billing.cancel(northside, actor=SYSTEM)
        zone = old
        for moment in looks(old, new, moved_at):
            if moment > moved_at and zone == old:
                clock.travel(to=moved_at)
                move(northside, new)
                sweeps.settle_credits()  # the sweep of that minute
                zone = new
            clock.travel(to=moment)
            db.session.commit()
            runs = queries.has_active_subscription(northside.id)
            assert runs == (moment < first(4, zone)), moment
        sweeps.settle_credits()
        assert left(northside) == 0
        assert queries.subscription(northside.id) is None
        assert len(grants(northside)) == 1


class TestArithmeticAfterAMove:
    """What is sold is the month that is paid, whatever the calendar says there by now (B-5, B-6)."""

    @pytest.fixture
    def plus(self, northside, clock):
        make_subscription(northside, make_plan("Agent", 500, 1_600))
        return make_plan("Agent plus", 1_000, 2_900)

    def change(self, account, plan):
        shown = queries.change_quote(account, plan.id)
        with unit_of_work():
            done = billing.change_plan(
                account, plan.id, actor=SYSTEM, request_key="k", shown_cents=shown.charge_cents
            )
        assert done == shown
        return done

    def test_west_in_the_first_hours_of_april_still_sells_april(self, northside, plus, clock):
        """It is 31 March again in Los Angeles; April is paid, and comes no second time."""
        clock.travel(to=first(4) + A_MINUTE)
        sweeps.settle_credits()
        move(northside, "America/Los_Angeles")
        sweeps.settle_credits()
        done = self.change(northside, plus)
        assert (done.charge_cents, done.credits, str(done.month)) == (1_300, 500, "2026-04-01")
        assert (str(done.starts_on), str(done.ends_on)) == ("2026-04-01", "2026-04-30")
        clock.travel(to=first(4, "America/Los_Angeles") + A_MINUTE)
        sweeps.settle_credits()
        assert bills(northside)[1:] == [1_600, 1_300]
        clock.travel(to=first(5, "America/Los_Angeles"))
        sweeps.settle_credits()
        assert bills(northside)[3:] == [2_900]
        assert left(northside) == 500 + 1_000 + 1_000

    def test_west_in_the_first_hours_of_april_a_downgrade_takes_of_aprils(
        self, northside, plus, clock
    ):
        clock.travel(to=first(4) + A_MINUTE)
        sweeps.settle_credits()
        move(northside, "America/Los_Angeles")
        assert self.change(northside, make_plan("Starter", 100, 900)).credits == -400
        assert left(northside) == 600

    def test_east_over_the_end_of_march_april_is_charged_first(self, northside, plus, clock):
        """No sweep has come since: the change settles it, and sells what April does not bring."""
        clock.travel(to=first(4) - timedelta(hours=3))
        move(northside, "Europe/London")
        with unit_of_work():
            done = billing.change_plan(northside, plus.id, actor=SYSTEM, request_key="k")
        assert (done.charge_cents, done.credits) == (1_300, 500)
        assert bills(northside)[1:] == [1_600, 1_300]
        clock.travel(to=first(4) + AN_HOUR)
        sweeps.settle_credits()
        assert len(grants(northside)) == 3
        assert left(northside) == 1_500

    def test_a_card_that_paid_for_terms_shown_before_the_move_begins_the_right_month(
        self, lakeview, clock
    ):
        """B-12: the 1st it was told is where it is when the money comes."""
        plan = make_plan("Team", 2_500, 6_500)
        with unit_of_work():
            books = subscriptions.lock(lakeview)
            assert books.account_id == lakeview.id
            terms = subscriptions.purchase_terms(
                lakeview, plan.id, request_key="k", shown_cents=None
            )
        move(lakeview, "Pacific/Honolulu")
        with unit_of_work():
            begun = subscriptions.start(lakeview, terms, actor=SYSTEM)
        assert begun.next_charge_at == first(4, "Pacific/Honolulu")


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12", CHICAGO, "Asia/Kathmandu"])
@pytest.mark.parametrize("place", ["Pacific/Kiritimati", "Etc/GMT+12", CHICAGO, "Asia/Kathmandu"])
def test_a_first_is_known_wherever_it_began(zone, place):
    """B-3: from the easternmost zone to the westernmost one, in any month."""
    for month in range(1, 13):
        begins = first(month, place)
        assert rules.first_at(begins, zone) == first(month, zone)
        assert rules.month_before(begins, zone).ends_at == first(month, zone)
