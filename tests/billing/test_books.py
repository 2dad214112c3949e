"""The ledger against a simple model, and against itself in several threads (I4, I5, PROMISES 3.2)."""

import sys
from collections import Counter
from datetime import timedelta
from functools import partial
from itertools import chain
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import bindparam, select

from portal.billing import queries
from portal.billing import service as billing
from portal.billing.errors import AlreadySubscribed, NotEnoughCredits
from portal.billing.models import CreditAccount, CreditLot
from portal.billing.values import Charge
from portal.core.audit import SYSTEM
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.texting_accounts.models import TextingAccount
from tests import cast
from tests.conftest import NOON
from tests.factories.billing import make_credits, make_plan, make_reserve
from tests.meanwhile import all_at_once
from workers import sweeps

_COUNTERS = select(
    CreditAccount.available, CreditAccount.reserved, CreditAccount.spent, CreditAccount.position
).where(CreditAccount.account_id == bindparam("account"))
_LOTS = select(CreditLot.expires_at, CreditLot.remaining, CreditLot.held).where(
    CreditLot.account_id == bindparam("account")
)
THREADS = 6
COSTS = st.lists(st.integers(0, 4), min_size=1, max_size=4)  # of a batch of texts


class Killed(BaseException):
    """The process died here, before the commit."""


class Purse:
    """The model: every credit is a coin that bears its own last day; nothing is counted twice."""

    def __init__(self):
        self.coins, self.held, self.charged = [], {}, {}
        self.given_back = set()  # texts the house would pay for if they turn out to be sent
        self.spent = self.owed = 0

    @property
    def available(self):
        return len(self.coins) - self.owed

    @property
    def reserved(self):
        return sum(len(coins) for coins in self.held.values())

    def add(self, coins):
        paid = min(self.owed, len(coins))
        self.owed -= paid
        self.coins = sorted(self.coins + coins[paid:])

    def take(self, count):
        taken, self.coins = self.coins[:count], self.coins[count:]
        return taken

    def expire(self, now):
        self.coins = [coin for coin in self.coins if coin > now]

    def give_back(self, coins, now):
        self.add([coin for coin in coins if coin > now])


class Books(RuleBasedStateMachine):
    """Does the same to the ledger and to the purse.

    After every step the balance is held against the purse's; it is read anew, and every lot held
    against its coins, where the step moved a counter or time. At every tenth step and at the end
    the ledger is replayed from its first line: lines stay, so what is wrong with one is found
    then, and shrunk to the step that wrote it.
    """

    clock = None

    def __init__(self):
        super().__init__()
        self.clock.travel(to=NOON)
        self.purse, self.texts = Purse(), []
        self.steps, self.looked_at = 0, None
        with unit_of_work():
            row = TextingAccount(
                organization_id=cast.JUNIPER,
                name=f"Model {uuid4().hex[:16]}",
                team_id=cast.NORTHSIDE_TEAM,
                timezone="America/Chicago",
            )
            db.session.add(row)
        self.account = cast.account(row.id)

    @initialize(
        lots=st.lists(st.tuples(st.integers(1, 30), st.integers(1, 40)), min_size=1, max_size=3),
        costs=COSTS,
    )
    def begin(self, lots, costs):
        """Begin with credits and texts on their way: most steps of a life without are void."""
        for count, days in lots:
            self.grant(count, days)
        self.reserve(costs)

    @rule(count=st.integers(1, 30), days=st.integers(1, 40))
    def grant(self, count, days):
        last = utcnow() + timedelta(days=days)
        self.purse.expire(utcnow())
        make_credits(self.account, count, expires_at=last)
        self.purse.add([last] * count)

    @rule(costs=COSTS)
    def reserve(self, costs):
        self.purse.expire(utcnow())
        if sum(costs) and self.purse.available < sum(costs):
            with pytest.raises(NotEnoughCredits):
                make_reserve(self.account, *costs)
            return
        for text, cost in zip(make_reserve(self.account, *costs), costs, strict=True):
            self.texts.append(text)
            if cost:
                self.purse.held[text] = self.purse.take(cost)

    def any_text(self, now):
        """Choose a text: as often one of those whose turn it is now as any at all."""
        return st.sampled_from([text for text in self.texts if text in now] + self.texts)

    @precondition(lambda self: self.texts)
    @rule(data=st.data())
    def capture(self, data):
        text = data.draw(self.any_text(self.purse.held))
        self.purse.expire(utcnow())
        with unit_of_work():
            assert billing.capture(self.account.id, text) == (text in self.purse.held)
        if coins := self.purse.held.pop(text, None):
            self.purse.spent += len(coins)
            self.purse.charged[text] = coins

    @precondition(lambda self: self.texts)
    @rule(data=st.data())
    def release(self, data):
        texts = data.draw(st.lists(self.any_text(self.purse.held), min_size=1, max_size=3))
        self.purse.expire(utcnow())
        expected = len(set(texts) & self.purse.held.keys())
        with unit_of_work():
            assert billing.release(self.account.id, texts, reason="canceled") == expected
        self.purse.given_back |= set(texts) & self.purse.held.keys()
        coins = [coin for text in set(texts) for coin in self.purse.held.pop(text, [])]
        self.purse.give_back(sorted(coins), utcnow())

    @precondition(lambda self: self.texts)
    @rule(data=st.data())
    def prove_late(self, data):
        text = data.draw(self.any_text(self.purse.given_back))
        self.purse.expire(utcnow())
        is_open = text in self.purse.held
        with unit_of_work():
            done = billing.late_capture(self.account.id, text)
        assert done == (is_open or text in self.purse.given_back)
        self.purse.given_back.discard(text)  # the house pays once, the account nothing
        if is_open:
            self.purse.charged[text] = self.purse.held.pop(text)
            self.purse.spent += len(self.purse.charged[text])

    @precondition(lambda self: self.texts)
    @rule(data=st.data(), count=st.integers(1, 3))
    def crash(self, data, count):
        text = data.draw(self.any_text(self.purse.held))
        with pytest.raises(Killed), unit_of_work():
            billing.release(self.account.id, [text], reason="canceled")
            billing.charge_inbound(self.account, count, reference=f"in:{uuid4()}")
            billing.capture(self.account.id, text)
            raise Killed

    @precondition(lambda self: self.texts)
    @rule(data=st.data())
    def refund(self, data):
        text = data.draw(self.any_text(self.purse.charged))
        self.purse.expire(utcnow())
        with unit_of_work():
            done = billing.refund(self.account.id, [text], reason="failed")
        coins = self.purse.charged.pop(text, [])
        assert done == bool(coins)
        self.purse.spent -= len(coins)
        self.purse.give_back(coins, utcnow())

    @rule(count=st.integers(1, 3))
    def inbound(self, count):
        self.purse.expire(utcnow())
        with unit_of_work():
            billing.charge_inbound(self.account, count, reference=f"in:{uuid4()}")
        self.purse.owed += count - len(self.purse.take(count))
        self.purse.spent += count

    @rule(days=st.integers(1, 15))
    def wait(self, days):
        self.clock.travel(by=timedelta(days=days))

    @rule()
    def expire(self):
        sweeps.settle_credits()

    @invariant()
    def agree(self):
        db.session.commit()
        now = utcnow()
        self.purse.expire(now)
        counters = db.session.execute(_COUNTERS, {"account": self.account.id}).one()
        if (counters, now.date()) != self.looked_at:
            self.looked_at = (counters, now.date())
            self.balance = queries.balance(self.account.id)
            self.compare_lots()
        assert (self.balance.available, self.balance.reserved, self.balance.spent) == (
            self.purse.available,
            self.purse.reserved,
            self.purse.spent,
        )
        self.steps += 1
        if self.steps % 10 == 0:
            self.replay()

    def teardown(self):
        if sys.exc_info()[0] is None:  # a step that failed has said what is wrong
            self.compare_lots()
            self.replay()

    def compare_lots(self):
        """B-4: what can be used and what is set aside lies in the very lots its coins came from."""
        lots = db.session.execute(_LOTS, {"account": self.account.id}).all()
        left = {lot.expires_at: lot.remaining for lot in lots if lot.expires_at > utcnow()}
        assert Counter(left) == Counter(self.purse.coins)
        held = chain.from_iterable(self.purse.held.values())
        assert Counter({lot.expires_at: lot.held for lot in lots}) == Counter(held)

    def replay(self):
        """I5: the books are the sum of their lines."""
        assert queries.check_books(self.account.id) == []


def agree_through(clock, seed_, lives, steps):
    """Live through random lives of an account; the same seed gives the same ones."""
    Books.clock = clock
    run_state_machine_as_test(
        seed(seed_)(Books),
        settings=settings(
            max_examples=lives,
            stateful_step_count=steps,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_the_ledger_agrees_with_a_purse_of_coins(app, clock):
    """L1, I5: after every step of random lives of an account, in which processes die, too."""
    agree_through(clock, 1, 30, 40)


@pytest.mark.soak
@pytest.mark.parametrize("part", range(20))
def test_the_ledger_agrees_with_a_purse_of_coins_through_long_lives(app, clock, part):
    """L1 in full: 5,000 lives of up to 80 steps, in twenty parts with a seed each."""
    agree_through(clock, part, 250, 80)


@pytest.fixture
def at_once(app):
    """Run work in units of work of several threads; return what came of each."""

    def alone(work):
        try:
            with unit_of_work():
                return work()
        except (NotEnoughCredits, AlreadySubscribed) as refusal:
            return type(refusal).__name__

    return lambda *works: all_at_once(app, *(partial(alone, work) for work in works))


@pytest.mark.parametrize("round_", range(3))
def test_workers_racing_for_the_last_credits_never_share_one(at_once, northside, round_):
    """B-8, PROMISES 3.2: 20 credits, six batches of 7: two go, four are refused whole."""
    make_credits(northside, 12)
    make_credits(northside, 8)

    def reserve():
        charges = [Charge(uuid4(), cost) for cost in (3, 4)]
        billing.reserve(northside, charges, at=utcnow())
        return "reserved"

    results = Counter(at_once(*[reserve] * THREADS))
    assert results == {"reserved": 2, "NotEnoughCredits": 4}
    db.session.commit()
    now = queries.balance(northside.id)
    assert (now.available, now.reserved) == (6, 14)
    assert queries.check_books(northside.id) == []


def test_expired_credits_are_lost_once_when_several_come_to_see(at_once, northside, clock):
    """B-4, with a reserve and the job at the same moment."""
    make_credits(northside, 10, expires_at=utcnow() + timedelta(days=1))
    make_credits(northside, 2)
    clock.travel(by=timedelta(days=2))

    def reserve():
        billing.reserve(northside, [Charge(uuid4(), 1)], at=utcnow())
        return "reserved"

    results = Counter(at_once(*[reserve, lambda: billing.settled(northside.id, utcnow())] * 3))
    assert (results["reserved"], results["NotEnoughCredits"]) == (2, 1)
    assert queries.check_books(northside.id) == []
    assert queries.balance(northside.id).available == 0


def test_a_text_is_charged_or_given_back_never_both(at_once, northside):
    """I4: whichever commits first wins; what is set aside for other texts can't pay a second time."""
    make_credits(northside, 20)
    text, *_ = make_reserve(northside, *[3] * 6)
    won = at_once(
        *[lambda: billing.capture(northside.id, text)] * 3,
        *[lambda: billing.release(northside.id, [text], reason="blocked") == 1] * 3,
    )
    assert sum(won) == 1
    assert queries.check_books(northside.id) == []


def test_first_credits_of_an_account_may_come_twice_at_once(at_once, northside):
    results = at_once(*[lambda: billing.grant(northside, 5, reference="first")] * THREADS)
    assert sum(results) == 1
    assert queries.balance(northside.id).available == 5


def test_a_double_click_on_buy_makes_one_subscription(at_once, northside):
    """B-2, PROMISES I9."""
    plan = make_plan(credits_per_month=500)

    def buy():
        return billing.subscribe(northside, plan.id, actor=SYSTEM, request_key="one click").id

    assert len(set(at_once(*[buy] * THREADS))) == 1
    assert queries.balance(northside.id).available == 500
    assert len(queries.invoices(northside.tenant)) == 1


def test_two_people_buying_at_once_make_one_subscription(at_once, northside):
    plan = make_plan(credits_per_month=500)

    def buy():
        billing.subscribe(northside, plan.id, actor=SYSTEM, request_key=uuid4().hex)
        return "bought"

    results = Counter(at_once(*[buy] * THREADS))
    assert results == {"bought": 1, "AlreadySubscribed": THREADS - 1}
    assert queries.balance(northside.id).available == 500
