"""A new number keeps its account at 200 people a day until clean days raise it (H-5, S-5)."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from portal.core.audit import SYSTEM
from portal.core.db import db, unit_of_work
from portal.messaging import queries
from portal.messaging.models import DailyLimit, HealthHour
from portal.messaging.queries.counts import NOBODY
from portal.messaging.service import limits, planning
from portal.texting_accounts import queries as account_queries
from portal.texting_accounts import service as accounts
from tests import cast
from tests.factories.messaging import ALICE_ACTS, bulk, make_recipients
from tests.messaging.composer import HI, Composer, press
from workers.messaging import judge_ramps


@pytest.fixture
def new(northside, sender, clock):
    """Northside's number is new, and its limit is 500."""
    today = account_queries.today(northside, clock.now)
    with unit_of_work():
        accounts.set_limits(
            northside.id, daily_recipients=500, daily_segments=9_000, note="x", actor=ALICE_ACTS
        )
        accounts.begin_ramp(northside.id, today=today - timedelta(days=1), actor=SYSTEM)
    return cast.account(cast.NORTHSIDE)


def texted(account, day, people, *, failed=0):
    """Write down that an account texted people on a day, and how many texts failed."""
    with unit_of_work():
        limits.lock_day(account, day)
        db.session.execute(
            update(DailyLimit)
            .where(DailyLimit.account_id == account.id, DailyLimit.day == day)
            .values(recipients=people)
        )
        db.session.add(_hour(account, day, people, people - failed, failed, 0))


def _hour(account, day, *sums):
    """Return the counts of noon of a day."""
    noon = datetime.combine(day, time(12), ZoneInfo(account.timezone))
    return HealthHour(
        account_id=account.id, organization_id=account.organization_id, hour=noon,
        from_e164="", campaign_id=NOBODY, error_code=0,
        **dict(zip(("attempted", "delivered", "wrong", "opted_out"), sums, strict=True)),
    )  # fmt: skip


def test_a_day_of_a_new_number_has_200_places(new, clock):
    assert queries.counters(new, clock.now).recipients_limit == 200
    plan = planning.plan(new, make_recipients(new, 201), bulk(over_limit="trim"), clock.now)
    assert (plan.go, plan.blocked) == (200, 1)
    with unit_of_work():
        assert limits.lock_day(new, plan.counters.day).recipients == 200


def test_each_clean_day_is_judged_once_it_is_over(new, clock):
    today = account_queries.today(new, clock.now)
    for place in range(3):
        texted(new, today + timedelta(days=place), 190)
    assert judge_ramps() == 0  # today is not over
    clock.travel(by=timedelta(days=3))
    assert (judge_ramps(), judge_ramps()) == (3, 0)
    account = cast.account(cast.NORTHSIDE)
    assert (account.ramp_clean_days, account.recipients_a_day) == (3, 400)


def test_a_week_with_errors_goes_back_a_step(new, clock):
    today = account_queries.today(new, clock.now)
    for place in range(3):
        texted(new, today + timedelta(days=place), 190)
    texted(new, today + timedelta(days=3), 190, failed=100)
    clock.travel(by=timedelta(days=4))
    judge_ramps()
    account = cast.account(cast.NORTHSIDE)
    assert (account.ramp_clean_days, account.recipients_a_day) == (0, 200)


def test_a_day_is_judged_by_the_week_that_ends_with_it(new, clock):
    """Judged late, as after an outage, it doesn't answer for opt-outs of the days after it."""
    today = account_queries.today(new, clock.now)
    for place in range(3):
        texted(new, today + timedelta(days=place), 190)
    clock.travel(by=timedelta(days=4))
    with unit_of_work():
        db.session.add(_hour(new, today + timedelta(days=4), 0, 0, 0, 20))
    judge_ramps()
    account = cast.account(cast.NORTHSIDE)
    assert (account.ramp_clean_days, account.recipients_a_day) == (3, 400)


def test_the_composer_says_that_the_number_is_new(alice, new):
    where = Composer(alice, new)(make_recipients(new, 3), HI)
    page = alice.follow(press(alice, "cost", 303, {"body": HI}, **where))
    assert "200 people a day for now. The limit of 500 is reached" in page.text_of("#ramp")
