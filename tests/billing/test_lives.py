"""Random lives of a subscribed account: plans change while texts are on their way (L1, L7)."""

import sys
from collections import Counter
from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import bindparam, select

from portal.billing import queries
from portal.billing import service as billing
from portal.billing.errors import IsCanceling, NotEnoughCredits, NotSubscribed, SamePlan
from portal.billing.models import CreditAccount, CreditEntry
from portal.billing.values import Change, EntryKind
from portal.core.audit import SYSTEM
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.texting_accounts.models import TextingAccount
from tests import cast
from tests.conftest import NOON
from tests.factories.billing import make_plan, make_reserve, make_subscription
from workers import sweeps

SIZES = (10, 25, 60)
_LINES = select(CreditAccount.position).where(CreditAccount.account_id == bindparam("account"))
_GRANTS = select(CreditEntry.reference).where(
    CreditEntry.account_id == bindparam("account"), CreditEntry.kind == EntryKind.GRANT
)


class Life(RuleBasedStateMachine):
    """Buys, confirms, changes, cancels and waits in any order, and holds the ledger to it."""

    clock = None
    plans = ()

    def __init__(self):
        super().__init__()
        self.clock.travel(to=NOON)
        self.steps, self.replayed = 0, None
        self.confirmed = []  # texts whose credits are set aside
        with unit_of_work():
            row = TextingAccount(
                organization_id=cast.JUNIPER,
                name=f"Life {uuid4().hex[:16]}",
                team_id=cast.NORTHSIDE_TEAM,
                timezone="America/Chicago",
            )
            db.session.add(row)
        self.account = cast.account(row.id)

    @property
    def left(self):
        db.session.commit()
        return queries.balance(self.account.id).available

    @precondition(lambda self: not queries.has_active_subscription(self.account.id))
    @rule(size=st.sampled_from(range(len(SIZES))))
    def buy(self, size):
        sweeps.settle_credits()
        before = self.left
        make_subscription(self.account, self.plans[size])
        assert self.left == before + SIZES[size]

    @rule(costs=st.lists(st.integers(1, 4), min_size=1, max_size=5))
    def confirm(self, costs):
        sweeps.settle_credits()
        if sum(costs) > self.left:
            with pytest.raises(NotEnoughCredits):
                make_reserve(self.account, *costs)
        else:
            self.confirmed += make_reserve(self.account, *costs)

    @precondition(lambda self: self.confirmed)
    @rule(data=st.data())
    def accept(self, data):
        """L7: whatever was changed since, a confirmed text has its credits."""
        text = data.draw(st.sampled_from(self.confirmed))
        self.confirmed.remove(text)
        with unit_of_work():
            assert billing.capture(self.account.id, text)

    @precondition(lambda self: self.confirmed)
    @rule(data=st.data())
    def give_back(self, data):
        text = data.draw(st.sampled_from(self.confirmed))
        self.confirmed.remove(text)
        with unit_of_work():
            assert billing.release(self.account.id, [text], reason="canceled") == 1

    @rule(size=st.sampled_from(range(len(SIZES))))
    def change(self, size):
        sweeps.settle_credits()
        before, plan = self.left, self.plans[size]
        shown = queries.change_quote(self.account, plan.id)
        try:
            with unit_of_work():
                done = billing.change_plan(
                    self.account, plan.id, actor=SYSTEM, request_key=uuid4().hex
                )
        except (NotSubscribed, SamePlan, IsCanceling):
            assert self.left == before
            return
        assert done == shown
        assert self.left == shown.balance_after
        assert (done.credits >= 0) == (done.change is Change.UPGRADE) or done.credits == 0
        assert self.left >= min(0, before)

    @rule(is_final=st.booleans())
    def cancel(self, is_final):
        try:
            sweeps.settle_credits()
            with unit_of_work():
                billing.cancel(self.account, actor=SYSTEM)
                if not is_final:
                    billing.withdraw(self.account, actor=SYSTEM)
        except NotSubscribed:
            return
        assert queries.subscription(self.account.id).is_canceling == is_final

    @rule(days=st.integers(1, 40), is_settled=st.booleans())
    def wait(self, days, is_settled):
        self.clock.travel(by=timedelta(days=days))
        if is_settled:
            sweeps.settle_credits()

    @invariant()
    def the_books_are_right(self):
        """I5, after every step that wrote a line, at every tenth, and at the end."""
        db.session.commit()
        self.steps += 1
        lines = db.session.scalar(_LINES, {"account": self.account.id})
        if lines != self.replayed or self.steps % 10 == 0:
            self.replay()
            self.replayed = lines

    def teardown(self):
        if sys.exc_info()[0] is None:  # a step that failed has said what is wrong
            self.replay()

    def replay(self):
        """I11: one grant a subscription and month, beside those that plan changes brought."""
        assert queries.check_books(self.account.id) == []
        references = db.session.scalars(_GRANTS, {"account": self.account.id}).all()
        assert not [name for name, count in Counter(references).items() if count > 1]

    @invariant()
    def a_forecast_can_always_be_told(self):
        """B-13: never a day that has passed."""
        found = queries.forecast(self.account)
        today = utcnow().date() - timedelta(days=1)  # it may still be yesterday in Chicago
        assert found.day is None or found.day >= today


@pytest.mark.parametrize(
    ("seed_", "lives", "steps"),
    [(1, 6, 15), *(pytest.param(n, 100, 40, marks=pytest.mark.soak) for n in range(2, 22))],
)
def test_no_confirmed_text_ever_fails_for_credits(seed_, lives, steps, app, clock):
    """L1 and L7: 0 in 2,000 lives in the long tier, in twenty parts with a seed each."""
    Life.clock = clock
    Life.plans = tuple(make_plan(f"Plan {size}", size, size * 10) for size in SIZES)
    run_state_machine_as_test(
        seed(seed_)(Life),
        settings=settings(
            max_examples=lives,
            stateful_step_count=steps,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
