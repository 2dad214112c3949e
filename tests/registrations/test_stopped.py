"""What stands in a registration's way says so and is gone on from: nothing is stuck for ever (N-5)."""

from datetime import timedelta

import pytest

from portal.core.db import db, unit_of_work
from portal.core.errors import GatewayRejected
from portal.gateways import numbers as number_gateways
from portal.numbers import queries as numbers
from portal.numbers.models import CarrierAccount
from portal.registrations import service as registrations
from portal.registrations.values import State, Step
from tests import cast
from tests.factories.billing import end_subscription, make_subscription
from tests.factories.numbers import make_sender
from tests.registrations.conftest import ALICE, advance, complete, now, send_in

GONE = GatewayRejected("The requested resource was not found", 20404, 404)


@pytest.fixture
def toll_free(registrar, form, northside):
    sender = make_sender(northside, "+18335550160", is_registered=False)
    with unit_of_work():
        begun = registrations.begin_toll_free(cast.JUNIPER, sender.e164, actor=ALICE)
    return complete(begun)


def test_a_number_that_left_holds_up_no_other(draft, registrar, northside, sender):
    """Taken elsewhere an hour ago: its sweep will tell; the campaign has nothing to mend."""
    left = make_sender(northside, is_registered=False)
    number_gateways.current().failures["add_to_service"] = [GONE]
    known = advance(send_in(draft))
    assert known.state is State.REGISTERED
    [pool] = number_gateways.current().pools.values()
    assert len(pool & {sender.carrier_sid, left.carrier_sid}) == 1


def test_a_full_pool_is_no_rejection(draft, registrar, clock):
    full = GatewayRejected("Too many numbers", 21714, 400)
    number_gateways.current().failures["add_to_service"] = [full]
    known = advance(send_in(draft))
    assert (known.state, known.step) == (State.SUBMITTING, Step.NUMBERS)
    assert "pool" in known.trouble.sentence or "full" in known.trouble.sentence
    clock.travel(by=timedelta(minutes=1))
    assert advance(known).state is State.REGISTERED


def test_a_look_that_is_refused_is_no_rejection_of_what_is_registered(
    draft, registrar, sender, clock
):
    known = advance(send_in(draft))
    registrar.failures["see_campaign"] = [GONE]
    clock.travel(by=timedelta(days=1, minutes=1))
    known = advance(known)
    assert known.state is State.REGISTERED
    assert known.trouble is not None
    assert numbers.sender(sender.id).may_send
    clock.travel(by=timedelta(hours=1))
    assert advance(known).trouble is None


@pytest.mark.parametrize("when", ["in review", "registered"])
def test_a_verification_deleted_at_the_carrier_makes_way_for_a_new_one(
    toll_free, registrar, clock, when
):
    if when == "registered":
        send_in(toll_free)
        advance(toll_free)
        clock.travel(by=timedelta(days=1, minutes=1))
        registrar.failures["see_verification"] = [GONE]
        known = advance(toll_free)
    else:
        registrar.failures["see_verification"] = [GONE]
        known = advance(send_in(toll_free))
    assert (known.state, known.may_begin_anew) == (State.REJECTED, True)
    assert not numbers.sender_by_e164(cast.JUNIPER, known.e164).may_send
    registrar.verifications.clear()
    with unit_of_work():
        fresh = registrations.begin_toll_free(cast.JUNIPER, known.e164, actor=ALICE)
    assert advance(send_in(complete(fresh))).state is State.REGISTERED


def test_a_subscription_that_ends_stops_no_registration(draft, registrar, northside, clock):
    """It is the organization's, for all its accounts; an account needs a plan to send, not this."""
    make_subscription(northside)
    send_in(draft)
    end_subscription(northside)
    assert advance(draft).state is State.REGISTERED


def test_keys_that_are_lost_are_told_and_lose_nothing(alice, draft, registrar, clock):
    send_in(draft)
    with unit_of_work():
        row = db.session.query(CarrierAccount).one()
        kept, row.sealed_token = row.sealed_token, row.sealed_token[:-8] + "AAAAAAAA"
    known = advance(draft)
    assert "can't be read" in known.trouble.sentence
    with unit_of_work():
        db.session.query(CarrierAccount).one().sealed_token = kept
    clock.travel(by=timedelta(minutes=1))
    assert advance(now(known)).state is State.REGISTERED
