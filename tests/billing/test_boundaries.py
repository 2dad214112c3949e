"""L4: each 1st of a month, met by sends that go on and by two schedulers at once (I5, I11, B-3)."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from portal.billing import queries
from portal.billing import service as billing
from portal.billing.models import CreditEntry
from portal.billing.values import EntryKind
from portal.core.db import db, unit_of_work
from portal.people.models import Organization
from tests.factories.billing import make_plan, make_reserve, make_subscription
from tests.meanwhile import all_at_once
from workers import sweeps

CREDITS = 10
MONTHS = 36
ZONES = (
    "America/New_York",
    "America/Phoenix",
    "America/St_Johns",
    "Pacific/Honolulu",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Anchorage",
    "America/Puerto_Rico",
    "America/Halifax",
    "Pacific/Guam",
    "America/Adak",
)
OUTAGES = (0, 1, 3)  # boundaries that nobody sees before one that is seen
_INSTANT = timedelta(seconds=1)


class Sends:
    """Texts of an account that are confirmed, leave and come to nothing around each boundary."""

    def __init__(self, account):
        self.account, self.waiting, self.charged = account, [], 0

    def confirm(self, *costs):
        self.waiting += zip(make_reserve(self.account, *costs), costs, strict=True)

    def go_on(self):
        """Charge the first that waits, confirm one more, charge it, and give the last one back."""
        text, cost = self.waiting.pop(0)
        with unit_of_work():
            assert billing.capture(self.account.id, text)
        [fresh] = make_reserve(self.account, 1)
        with unit_of_work():
            assert billing.capture(self.account.id, fresh)
        self.charged += cost + 1
        gone, _ = self.waiting.pop()
        with unit_of_work():
            assert billing.release(self.account.id, [gone], reason="canceled") == 1


def grants(account):
    db.session.commit()
    return db.session.scalars(
        select(CreditEntry)
        .where(CreditEntry.account_id == account.id, CreditEntry.kind == EntryKind.GRANT)
        .order_by(CreditEntry.position)
    ).all()


def lapsed(account):
    return db.session.scalar(
        select(func.coalesce(func.sum(CreditEntry.credits), 0)).where(
            CreditEntry.account_id == account.id, CreditEntry.kind == EntryKind.EXPIRE
        )
    )


def pass_months(app, account, clock, zone, outage, day):
    """Let three years pass; at each boundary that is seen, everything meets at the same instant."""
    with unit_of_work():
        db.session.get(Organization, account.organization_id).timezone = zone
    place = ZoneInfo(zone)
    clock.travel(to=datetime(2026, 1, day, 12, tzinfo=place).astimezone(UTC))
    make_subscription(account, make_plan(credits_per_month=CREDITS))
    firsts = [
        datetime(2026 + n // 12, n % 12 + 1, 1, tzinfo=place).astimezone(UTC)
        for n in range(1, MONTHS + 1)
    ]
    sends = Sends(account)
    for number, first in enumerate(firsts):
        if number % (outage + 1) and first != firsts[-1]:
            continue
        clock.travel(to=first - _INSTANT)
        sends.confirm(2, 1)
        clock.travel(to=first)
        all_at_once(app, sweeps.settle_credits, sweeps.settle_credits, sends.go_on)
        assert queries.balance(account.id).reserved == 0
    return firsts, sends


def judge(account, firsts, sends):
    """Every period has one grant at its very begin, and no credit came from or went nowhere."""
    found = grants(account)
    assert [grant.at for grant in found[1:]] == firsts
    assert {grant.credits for grant in found} == {CREDITS}
    assert len({grant.month for grant in found}) == len(found) == MONTHS + 1
    assert all(a.month < b.month for a, b in pairwise(found))
    now = queries.balance(account.id)
    assert (now.spent, now.reserved) == (sends.charged, 0)
    assert now.available + now.spent + lapsed(account) == CREDITS * len(found)
    assert queries.check_books(account.id) == []


@pytest.mark.parametrize("outage", OUTAGES)
@pytest.mark.parametrize("zone", ZONES[:4])
def test_a_month_begins_once_while_sends_run_and_two_schedulers_see_it(
    app, northside, clock, zone, outage
):
    """L4 in short: 36 boundaries a zone; the long tier has twelve zones and four first days."""
    judge(northside, *pass_months(app, northside, clock, zone, outage, day=15))


@pytest.mark.soak
@pytest.mark.parametrize("outage", OUTAGES)
@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("day", [28, 29, 30, 31])
def test_a_month_begins_once_in_every_zone(app, northside, clock, zone, outage, day):
    """L4 in full: 36 months x 12 zones x first days 28 to 31, three outages each."""
    judge(northside, *pass_months(app, northside, clock, zone, outage, day))
