"""L7: no confirmed batch ever fails for credits, whatever becomes of the plan (I6, B-5, B-6)."""

import random
from datetime import timedelta
from uuid import uuid4

import pytest

from portal.billing import queries
from portal.billing import service as billing
from portal.billing.errors import IsCanceling, NotEnoughCredits, NotSubscribed, SamePlan
from portal.core.audit import SYSTEM
from portal.core.db import db, unit_of_work
from portal.texting_accounts.models import TextingAccount
from tests import cast
from tests.conftest import NOON
from tests.factories.billing import make_plan, make_reserve, make_subscription
from workers import sweeps

STEPS = 14


def fresh_account():
    with unit_of_work():
        row = TextingAccount(
            organization_id=cast.JUNIPER,
            name=f"Batch {uuid4().hex[:16]}",
            team_id=cast.NORTHSIDE_TEAM,
            timezone="America/Chicago",
        )
        db.session.add(row)
    return cast.account(row.id)


class Life:
    """One account whose owner confirms batches and changes plans at random."""

    def __init__(self, plans, clock, chance):
        self.plans, self.clock, self.chance = plans, clock, chance
        self.account, self.waiting, self.done = fresh_account(), [], 0
        make_subscription(self.account, chance.choice(plans))

    def confirm(self):
        left = max(0, queries.balance(self.account.id).available)
        costs = [self.chance.randint(1, 3) for _ in range(self.chance.randint(1, 5))]
        if sum(costs) > left:
            with pytest.raises(NotEnoughCredits):
                make_reserve(self.account, *costs)
        else:
            self.waiting += make_reserve(self.account, *costs)

    def change(self):
        try:
            with unit_of_work():
                billing.change_plan(
                    self.account,
                    self.chance.choice(self.plans).id,
                    actor=SYSTEM,
                    request_key=uuid4().hex,
                )
        except (SamePlan, IsCanceling, NotSubscribed):
            return

    def cancel(self):
        verb = billing.cancel if self.chance.random() < 0.5 else billing.withdraw
        try:
            with unit_of_work():
                verb(self.account, actor=SYSTEM)
        except NotSubscribed:
            return

    def send(self):
        for text in self.waiting:
            with unit_of_work():
                assert billing.capture(self.account.id, text), "a confirmed text lost its credits"
        self.done += len(self.waiting)
        self.waiting = []

    def wait(self):
        self.clock.travel(by=timedelta(days=self.chance.randint(1, 20)))
        sweeps.settle_credits()


@pytest.mark.parametrize(
    ("lives", "seed"), [(12, 7), pytest.param(2_000, 11, marks=pytest.mark.soak)]
)
def test_never_fails_for_credits_through_any_up_or_downgrade(app, clock, lives, seed):
    """L7: what was confirmed is charged, each text, after whatever came between."""
    plans = [make_plan(f"Plan {n}", n, n * 3) for n in (4, 12, 30, 75)]
    chance, sent = random.Random(seed), 0
    for _ in range(lives):
        clock.travel(to=NOON)
        life = Life(plans, clock, chance)
        steps = (
            life.confirm,
            life.confirm,
            life.change,
            life.change,
            life.cancel,
            life.wait,
            life.send,
        )
        for _ in range(STEPS):
            chance.choice(steps)()
        life.send()
        sent += life.done
        db.session.commit()
        assert queries.check_books(life.account.id) == []
    assert sent > 3 * lives
