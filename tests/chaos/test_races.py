"""Processes race for texts, credits and places of a day (R4, L2, L3; PROMISES 3.2, 3.3).

The short tiers run with the suite; the long ones, marked soak, print what they measure.
"""

import random
import time
from collections import Counter
from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import OperationalError

from portal.billing import queries as books
from portal.billing import service as billing
from portal.billing.errors import NotEnoughCredits
from portal.billing.values import Charge
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.messaging.models import DailyLimit, DailyRecipient, Message
from portal.messaging.service import claims, limits
from portal.messaging.service.limits import Place
from tests.chaos.processes import at_once
from tests.factories.billing import make_credits
from tests.factories.messaging import make_campaign, make_ready, make_recipient, only_text


def few():
    """How many processes race in a short tier; on SQLite they mostly wait for its one lock."""
    return 2 if db.engine.dialect.name == "sqlite" else 4


def insist(work):
    """Do work in a unit of work, again while others keep SQLite's one write lock too long."""
    while True:
        try:
            with unit_of_work():
                return work()
        except OperationalError as error:
            if "locked" not in str(error):
                raise


def make_many_texts(account, count):
    """Queue copies of one text, each to a number of its own."""
    make_campaign(account, [make_recipient(account)])
    known = only_text(account)
    row = {c.name: getattr(known, c.name) for c in Message.__table__.columns}
    rows = []
    for place in range(1, count):
        id_ = uuid4()
        rows.append(
            {**row, "id": id_, "text_id": id_, "position": place, "e164": f"+1773{place:07d}"}
        )
    with unit_of_work():
        db.session.execute(insert(Message), rows)


def claim_all(account_id, number):
    """Claim until nothing is left, as a worker that never sends; return ids with epochs."""
    taken = []
    while True:
        found = insist(lambda: claims.claim(account_id, f"worker-{number}"))
        if not found:
            return taken
        taken += [(str(one.id), one.epoch) for one in found]


@pytest.mark.parametrize(
    ("processes", "rows"),
    [(None, 2_000), pytest.param(8, 20_000, marks=pytest.mark.soak)],
)
def test_a_text_is_claimed_once_an_epoch(processes, rows, app, northside, clock):
    """R4: again once the leases have run out, and never by two at once."""
    processes = processes or few()
    make_ready(northside)
    make_many_texts(northside, rows)
    for epoch in (1, 2):
        started = time.monotonic()
        found = at_once(app, processes, lambda number: claim_all(northside.id, number))
        seconds = time.monotonic() - started
        each = Counter((id_, at) for taken in found for id_, at in taken)
        assert (len(each), set(each.values())) == (rows, {1})
        assert {at for _id, at in each} == {epoch}
        print(f"R4: {rows} claims by {processes} processes, {rows / seconds:.0f} a second")
        if rows >= 20_000:  # short ones mostly measure how processes start
            assert rows / seconds >= 500
        clock.travel(by=timedelta(seconds=61))


def spend(account, seed, attempts):
    """Try to reserve 1 to 7 credits many times; charge or give back some of what was reserved."""
    wishes = random.Random(seed)
    counts = Counter()

    def reserve(charge):
        try:
            billing.reserve(account, [charge], at=utcnow())
        except NotEnoughCredits:
            assert books.balance(account.id).available >= 0
            return False
        return True

    for _ in range(attempts):
        charge = Charge(uuid4(), wishes.randint(1, 7))
        if not insist(partial(reserve, charge)):
            counts["refused"] += 1
            continue
        counts["reserved"] += charge.credits
        fate = wishes.random()
        if fate < 0.4:
            insist(partial(billing.capture, account.id, charge.message_id))
            counts["spent"] += charge.credits
        elif fate < 0.6:
            insist(partial(billing.release, account.id, [charge.message_id], reason="canceled"))
            counts["reserved"] -= charge.credits
    return counts


def race_for_credits(app, account, processes, attempts, seed):
    make_credits(account, 1_000)
    before = books.balance(account.id)
    each = attempts // processes
    found = at_once(app, processes, lambda number: spend(account, f"{seed}:{number}", each))
    sums = sum((Counter(one) for one in found), Counter())
    after = books.balance(account.id)
    assert after.available >= 0
    assert after.available + after.reserved + after.spent == (
        before.available + before.reserved + before.spent
    )
    assert after.reserved + after.spent - before.reserved - before.spent == sums["reserved"]
    assert after.spent - before.spent == sums["spent"]
    assert books.check_books(account.id) == []
    return sums


def test_credits_are_never_spent_twice(app, northside):
    """L2, short: 2,000 attempts for 1,000 credits."""
    sums = race_for_credits(app, northside, few(), 2_000, seed=1)
    assert sums["refused"] > 0  # they did race for the last ones


@pytest.mark.soak
def test_credits_are_never_spent_twice_in_thirty_runs(app, northside):
    """L2: eight processes, 20,000 attempts for 1,000 credits, thirty times."""
    sums = Counter()
    for seed in range(30):
        sums += race_for_credits(app, northside, 8, 20_000, seed)
    print(f"L2: 600,000 attempts, {sums['refused']} refused, 0 credits astray")


class DayIsFull(Exception):
    """The day has no place left; what was entered is undone."""


def take_places(account, day, attempts, number):
    """Try to take a place for a new person many times; return how many were given."""

    def take(e164):
        one = Place(e164, 1, 1, is_reply=False, draws_on_reserve=False)
        if not limits.take(account, day, [one]):
            raise DayIsFull

    given = 0
    for place in range(attempts):
        try:
            insist(partial(take, f"+1773{number:02d}{place:05d}"))
            given += 1
        except DayIsFull:
            continue
    return given


@pytest.mark.parametrize(
    ("processes", "attempts", "days"),
    [(None, 1_000, 3), pytest.param(8, 5_000, 100, marks=pytest.mark.soak)],
)
def test_a_day_gives_as_many_places_as_it_has(processes, attempts, days, app, northside):
    """L3: 200 people a day, whoever asks and however many at once."""
    processes = processes or few()
    assert northside.daily_recipient_limit == 200
    for number in range(days):
        day = utcnow().date() + timedelta(days=number)
        with unit_of_work():
            limits.lock_day(northside, day)
        work = partial(take_places, northside, day, attempts // processes)
        given = at_once(app, processes, work)
        row = db.session.get(DailyLimit, (northside.id, day), populate_existing=True)
        listed = db.session.scalar(select(func.count()).where(DailyRecipient.day == day))
        assert (sum(given), row.recipients, listed) == (200, 200, 200)
    print(f"L3: {days} days of {attempts} attempts by {processes} processes, 200 each")
