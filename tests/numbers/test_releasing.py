"""Numbers go back to the carrier once their subscription has ended (B-7)."""

from datetime import timedelta

import pytest

from portal.billing import service as billing
from portal.core.audit import SYSTEM
from portal.core.db import db, unit_of_work
from portal.core.errors import GatewayUnclear
from portal.gateways.numbers import Owned
from portal.notifications import queries as notifications
from portal.numbers import queries
from portal.numbers.models import SenderNumber
from portal.numbers.values import SenderState
from tests import cast
from tests.factories.billing import make_subscription
from tests.factories.numbers import make_carrier_account, make_sender
from workers import sweeps
from workers.numbers import release_numbers

E164 = "+13125550160"


@pytest.fixture
def number(lessor, subscribed):
    """A number of Northside that is in use, here and at the carrier."""
    make_carrier_account(subscribed.organization_id)
    sender = make_sender(subscribed, e164=E164)
    lessor.owned[E164] = Owned(sender.carrier_sid, E164, sender.name, "", sender.capabilities)
    return sender


def end(account, clock):
    with unit_of_work():
        billing.cancel(account, actor=SYSTEM)
    clock.travel(by=timedelta(days=31))
    sweeps.settle_credits()


def state(sender):
    db.session.commit()
    return db.session.get(SenderNumber, sender.id).state


def test_a_number_goes_back_when_its_subscription_has_ended(number, subscribed, lessor, clock):
    with unit_of_work():
        billing.cancel(subscribed, actor=SYSTEM)
    assert release_numbers() == 0  # canceled, and still running
    end(subscribed, clock)
    assert release_numbers() == 1
    assert (state(number), lessor.owned) == (SenderState.RELEASED, {})
    assert queries.default_sender(subscribed.id) is None
    [notice] = [n for n in notifications.latest(cast.ALICE) if n.kind == "numbers"]
    assert "was given back" in notice.title
    assert release_numbers() == 0


def test_an_unheard_answer_is_asked_again(number, subscribed, lessor, clock):
    end(subscribed, clock)
    lessor.failures["release"] = [GatewayUnclear("no answer")]
    assert release_numbers() == 0
    assert state(number) is SenderState.RELEASING  # it may be gone, so nothing leaves from it
    assert release_numbers() == 1


def test_who_subscribes_again_first_keeps_it(number, subscribed, lessor, clock):
    end(subscribed, clock)
    make_subscription(subscribed)
    assert release_numbers() == 0
    assert E164 in lessor.owned


def test_a_number_without_any_subscription_in_its_past_is_left_alone(number, bobs, lessor):
    make_sender(bobs, e164="+13125550199")
    assert release_numbers() == 0


def test_a_number_that_came_after_the_end_has_a_week_to_be_kept_by_a_plan(
    number, subscribed, lessor, clock
):
    """N-4: it was ported or moved while the subscription lapsed, and would be gone for good."""
    end(subscribed, clock)
    db.session.get(SenderNumber, number.id).ready_at = clock.now
    db.session.commit()
    assert release_numbers() == 0
    left = queries.sender(number.id).release_at - clock.now
    assert timedelta(days=6) < left <= timedelta(days=7)
    [notice] = [n for n in notifications.latest(cast.ALICE) if n.kind == "numbers"]
    assert "came after the subscription ended" in notice.title
    make_subscription(subscribed)
    assert release_numbers() == 0
    assert queries.sender(number.id).release_at is None


def test_that_week_over_it_goes_back(number, subscribed, lessor, clock):
    end(subscribed, clock)
    db.session.get(SenderNumber, number.id).ready_at = clock.now
    db.session.commit()
    assert release_numbers() == 0
    clock.travel(by=timedelta(days=7))
    assert (release_numbers(), state(number)) == (1, SenderState.RELEASED)


def test_only_a_plan_keeps_a_number_without_a_subscription(
    browser, number, subscribed, lessor, clock
):
    """B-7: else a click a week would keep a number nobody pays for."""
    end(subscribed, clock)
    db.session.get(SenderNumber, number.id).ready_at = clock.now
    db.session.commit()
    release_numbers()
    goes_at, alice = queries.sender(number.id).release_at, browser(cast.ALICE)
    ids = {"account_id": subscribed.id, "sender_id": number.id}
    for page in ("numbers.show", "numbers.leave"):
        shown = alice.get(page, **ids)
        assert "Buy a plan" in shown.text
        assert "Keep it" not in [button.get_text(strip=True) for button in shown.page("button")]
    refused = alice.post("numbers.keep", 409, {}, **ids)
    assert "You need an active subscription." in refused.text
    assert "Open the marketplace" in refused.text
    clock.travel(by=timedelta(days=6))
    release_numbers()
    assert queries.sender(number.id).release_at == goes_at, "the week does not begin anew"
    clock.travel(by=timedelta(days=1))
    assert (release_numbers(), state(number)) == (1, SenderState.RELEASED)


def test_a_week_somebody_asked_for_is_no_way_round_that_either(
    browser, number, subscribed, lessor, clock
):
    end(subscribed, clock)
    db.session.get(SenderNumber, number.id).ready_at = clock.now
    db.session.commit()
    alice, ids = browser(cast.ALICE), {"account_id": subscribed.id, "sender_id": number.id}
    alice.post("numbers.release", 303, {"typed": E164}, **ids)
    alice.post("numbers.keep", 409, {}, **ids)
    make_subscription(subscribed)
    assert release_numbers() == 0
    db.session.rollback()
    assert queries.sender(number.id).release_at is not None, "Alice asked for it, and may keep it"
    alice.post("numbers.keep", 303, {}, **ids)
    db.session.rollback()  # what it read before is not what holds now
    assert queries.sender(number.id).release_at is None
