"""A purchase that was broken off does not stay stuck when its account may no longer go on."""

from datetime import timedelta

import pytest

from portal.billing import service as billing
from portal.core import audit
from portal.core.audit import SYSTEM
from portal.core.db import db, unit_of_work
from portal.core.errors import GatewayBusy, GatewayRejected, GatewayUnclear
from portal.notifications import queries as notifications
from portal.numbers import queries, rules
from portal.numbers import service as numbers
from portal.numbers.models import SenderNumber
from portal.numbers.values import SenderState
from portal.texting_accounts import service as accounts
from tests import cast
from tests.factories.billing import make_subscription
from tests.numbers.conftest import STOCK
from workers import sweeps
from workers.numbers import end_purchases, release_numbers

E164 = STOCK[0].e164
LATER = timedelta(minutes=20)


def order(account):
    with unit_of_work():
        return numbers.place_order(account, STOCK[0], "Front desk", request_key="k", actor=SYSTEM)


def break_off(account, lessor, clock, step="add_to_service"):
    """Begin a purchase that fails at a step, and return its row's id once the lists are sure."""
    begun = order(account)
    lessor.failures[step] = [GatewayUnclear("no answer")]
    purchase = numbers.carry_out(begun)
    with unit_of_work():
        numbers.settle(begun, purchase, actor=SYSTEM)
    clock.travel(by=LATER)
    return begun.sender_id


def lapse(account, clock):
    with unit_of_work():
        billing.cancel(account, actor=SYSTEM)
    clock.travel(by=timedelta(days=31))
    sweeps.settle_credits()


def stop(account):
    with unit_of_work():
        accounts.suspend(account.id, "a complaint", SYSTEM)


def reinstate(account):
    with unit_of_work():
        accounts.reinstate(account.id, actor=SYSTEM)


def now(sender_id):
    db.session.rollback()
    return db.session.get(SenderNumber, sender_id)


def told():
    return [n.title for n in notifications.latest(cast.ALICE) if n.kind == "numbers"]


def test_a_number_bought_but_not_set_up_goes_back_when_the_subscription_ends(
    subscribed, lessor, clock
):
    stuck = break_off(subscribed, lessor, clock)
    assert now(stuck).state is SenderState.BUYING
    lapse(subscribed, clock)
    assert (end_purchases(), end_purchases()) == (1, 0)
    assert (release_numbers(), lessor.owned) == (1, {})
    assert now(stuck).state is SenderState.RELEASED
    assert told() == [
        "The number Front desk was given back",
        "The purchase of (312) 555-0160 ended because the subscription ended",
    ]


def test_one_that_was_never_bought_just_ends(browser, subscribed, lessor, clock):
    stuck = order(subscribed).sender_id  # the process died here
    lapse(subscribed, clock)
    assert end_purchases() == 1
    assert now(stuck).state is SenderState.FAILED
    alice = browser(cast.ALICE)
    shown = alice.get("numbers.show", account_id=subscribed.id, sender_id=stuck)
    assert "The purchase ended because the subscription ended." in shown.text
    assert "nothing is owed" in shown.text
    make_subscription(subscribed)
    again = alice.post("numbers.retry", 303, {}, account_id=subscribed.id, sender_id=stuck)
    assert "Front desk is yours." in alice.follow(again).text


def test_one_bought_in_a_sub_account_that_was_never_written_down_goes_back(
    subscribed, lessor, clock
):
    begun = order(subscribed)
    numbers.carry_out(begun)  # bought, and then the process died
    lapse(subscribed, clock)
    assert queries.credentials(subscribed.organization_id) is None
    assert (end_purchases(), release_numbers(), lessor.owned) == (1, 1, {})


def test_under_a_restriction_what_was_bought_waits_and_is_set_up_once_it_is_lifted(
    alice, subscribed, lessor, clock
):
    """N-7: nothing is bought or recycled meanwhile."""
    stuck = break_off(subscribed, lessor, clock)
    stop(subscribed)
    assert (end_purchases(), end_purchases()) == (1, 0)
    assert (now(stuck).state, list(lessor.owned)) == (SenderState.BUYING, [E164])
    shown = alice.get("numbers.show", account_id=subscribed.id, sender_id=stuck)
    assert rules.WAITS in shown.text
    assert told() == ["(312) 555-0160 is bought, but not set up"]
    reinstate(subscribed)
    assert (end_purchases(), end_purchases()) == (1, 0)
    assert now(stuck).state is SenderState.READY
    assert lessor.calls.count("buy") == 1
    assert "numbers:number:ready" in [e.event for e in audit.entries(cast.JUNIPER)]


def test_one_that_was_never_bought_ends_under_a_restriction(subscribed, lessor, clock):
    stuck = break_off(subscribed, lessor, clock, "buy")
    stop(subscribed)
    assert end_purchases() == 1
    assert (now(stuck).state, lessor.owned) == (SenderState.FAILED, {})
    assert told() == ["The purchase of (312) 555-0160 ended because the account is suspended"]


def test_a_purchase_the_account_may_go_on_with_is_left_to_its_people(subscribed, lessor, clock):
    stuck = break_off(subscribed, lessor, clock)
    lessor.calls.clear()
    assert (end_purchases(), lessor.calls) == (0, [])
    assert now(stuck).state is SenderState.BUYING


@pytest.mark.parametrize("error", [GatewayBusy("503"), GatewayRejected("no", 20003, 401)])
def test_what_the_carrier_does_not_tell_ends_nothing(subscribed, lessor, clock, error):
    stuck = break_off(subscribed, lessor, clock)
    lapse(subscribed, clock)
    lessor.failures["find_owned"] = [error]
    assert (end_purchases(), now(stuck).state) == (0, SenderState.BUYING)
    assert end_purchases() == 1


def test_a_purchase_just_made_is_left_alone_while_lists_may_lag(subscribed, lessor, clock):
    order(subscribed)
    stop(subscribed)
    assert end_purchases() == 0


def test_a_number_that_could_not_be_given_back_is_not_taken_for_one_in_use(
    subscribed, lessor, clock
):
    stuck = break_off(subscribed, lessor, clock)
    lapse(subscribed, clock)
    end_purchases()
    lessor.failures["release"] = [GatewayBusy("429")]
    assert (release_numbers(), now(stuck).state) == (0, SenderState.BUYING)
    assert queries.default_sender(subscribed.id) is None
    assert (end_purchases(), release_numbers(), lessor.owned) == (1, 1, {})


def test_a_number_on_its_way_back_is_not_bought_again(browser, subscribed, lessor, clock):
    stuck = break_off(subscribed, lessor, clock)
    lapse(subscribed, clock)
    end_purchases()
    make_subscription(subscribed)
    alice = browser(cast.ALICE)
    alice.post("numbers.retry", 409, {}, account_id=subscribed.id, sender_id=stuck)
    assert now(stuck).state is SenderState.RELEASING
