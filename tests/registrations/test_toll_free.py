"""A toll-free number is verified anew where the old request can't be changed any more (N-5)."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.core import audit
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.core.errors import GatewayRejected, GatewayUnclear
from portal.gateways.registrations import Decision, Reason, Review
from portal.numbers import queries as numbers
from portal.numbers.models import SenderNumber
from portal.numbers.values import SenderState
from portal.registrations import queries
from portal.registrations import service as registrations
from portal.registrations.errors import AtTheCarrier, NotReady
from portal.registrations.values import State, Step
from tests import cast
from tests.factories.numbers import make_sender
from tests.registrations.conftest import ALICE, advance, complete, now, save, send_in

E164 = "+18335550160"
HERE = {"organization_id": cast.JUNIPER}


def where(known):
    return {**HERE, "registration_id": known.id}


@pytest.fixture
def number(northside, registrar, form):
    return make_sender(northside, E164, is_registered=False)


def begin():
    with unit_of_work():
        return registrations.begin_toll_free(cast.JUNIPER, E164, actor=ALICE)


def rejected(until=None, **more):
    reason = Reason(30841, "Opt-in wording is unclear")
    return Review("TWILIO_REJECTED", Decision.REJECTED, (reason,), again_until=until, **more)


def set_state(sender, state):
    with unit_of_work():
        row = db.session.get(SenderNumber, sender.id)
        row.state, row.is_default = state, row.is_default and state is not SenderState.RELEASED


def ready(draft=None):
    """Return a draft with nothing left to mend."""
    return complete(draft or begin())


def approved(draft, number, registrar):
    """Send a new request in, now that the last one is shut, and have it approved."""
    registrar.made_way.add(number.carrier_sid)
    registrar.reviews.clear()
    return advance(send_in(complete(draft)))


@pytest.fixture
def turned_down(number, registrar, clock):
    """A request that was rejected, and may be changed for seven days."""
    registrar.reviews["verification"] = rejected(utcnow() + timedelta(days=7))
    known = advance(send_in(ready()))
    assert (known.state, known.may_be_edited) == (State.REJECTED, True)
    return known


def test_within_seven_days_the_request_itself_is_changed(turned_down, registrar, clock):
    clock.travel(by=timedelta(days=6, hours=23))
    assert begin().id == turned_down.id
    known = advance(
        send_in(
            save(
                turned_down,
                description="Listings and showing times for people who asked Juniper Realty.",
            )
        )
    )
    assert known.step is Step.AWAIT_VERIFICATION
    assert list(registrar.verifications.values()) == [registrar.sent_in[-1]]


def test_after_seven_days_a_new_request_takes_its_place(turned_down, number, registrar, clock):
    """Twilio takes no more changes then, but a new request of the same number."""
    save(turned_down, description="Listings and showing times for people who asked Juniper Realty.")
    clock.travel(by=timedelta(days=7, seconds=1))
    with pytest.raises(AtTheCarrier):
        send_in(turned_down)
    fresh = begin()
    assert fresh.id != turned_down.id
    assert (fresh.state, fresh.details) == (State.DRAFT, now(turned_down).details)
    assert begin().id == fresh.id
    known = approved(fresh, number, registrar)
    assert known.state is State.REGISTERED
    assert numbers.sender(number.id).may_send
    assert [one.id for one in queries.requests_of(cast.JUNIPER, E164)] == [fresh.id, turned_down.id]
    first, second = registrar.sent_in
    assert registrar.verifications[number.carrier_sid] == second != first


def test_what_was_is_kept_unchanged(turned_down, clock):
    clock.travel(by=timedelta(days=8))
    begin()
    kept = now(turned_down)
    assert (kept.state, kept.reasons) == (State.REJECTED, turned_down.reasons)
    assert kept.ended_at is not None
    assert not kept.may_be_edited
    with pytest.raises(AtTheCarrier, match="newer request"):
        save(kept, description="Too late.")
    with pytest.raises(AtTheCarrier):
        send_in(kept)
    events = [e.event for e in db.session.scalars(select(audit.AuditEntry))]
    assert "registrations:registration:close" in events


def test_a_request_closed_for_good_makes_way_for_a_new_one(number, registrar):
    """Some reasons allow no change at all; what is wrong may still be put right in a new one."""
    registrar.reviews["verification"] = rejected(may_send_in_again=False)
    known = advance(send_in(ready()))
    assert (known.may_be_edited, known.may_begin_anew) == (False, True)
    fresh = begin()
    assert fresh.id != known.id
    assert approved(fresh, number, registrar).state is State.REGISTERED


def test_days_that_are_over_at_the_carrier_alone_lead_to_a_new_request_too(turned_down, registrar):
    """Its clock decides: what it refuses to have changed is not offered for a change again."""
    over = rejected(may_send_in_again=False)
    registrar.failures["resubmit_verification"] = [GatewayRejected("can't be edited", 20001, 400)]
    registrar.reviews["verification"] = over
    known = advance(send_in(turned_down))
    assert (known.state, known.may_begin_anew) == (State.REJECTED, True)


def test_a_new_request_whose_answer_is_lost_is_found_and_not_made_twice(
    turned_down, number, registrar, clock
):
    clock.travel(by=timedelta(days=8))
    registrar.lost_answers["create_verification"] = [GatewayUnclear("no answer")]
    assert approved(begin(), number, registrar).state is State.REGISTERED
    assert len(registrar.sent_in) == 2


@pytest.mark.parametrize("answer", [None, rejected()], ids=["registered", "rejected"])
def test_a_number_given_back_and_bought_again_is_verified_anew(
    number, northside, registrar, clock, answer
):
    if answer:
        registrar.reviews["verification"] = answer
    old = advance(send_in(ready()))
    set_state(number, SenderState.RELEASED)
    clock.travel(by=timedelta(days=3))
    again = make_sender(northside, E164, is_registered=False)
    fresh = begin()
    assert (fresh.state, fresh.id == old.id) == (State.DRAFT, False)
    registrar.reviews.clear()
    known = advance(send_in(complete(fresh)))
    assert known.state is State.REGISTERED
    assert numbers.sender(again.id).may_send
    assert list(registrar.verifications) == [number.carrier_sid, again.carrier_sid]


def test_a_number_that_went_ends_its_request_and_the_next_owner_is_not_let_through(
    number, northside, registrar, clock
):
    """What was approved was the number as it was held then: it says nothing of the next time."""
    old = advance(send_in(ready()))
    assert old.state is State.REGISTERED
    set_state(number, SenderState.RELEASED)
    clock.travel(by=timedelta(days=2))
    again = make_sender(northside, E164, is_registered=False)
    ended = advance(old)
    assert (ended.state, ended.next_at) == (State.REGISTERED, None)
    again = numbers.sender(again.id)
    assert not again.may_send


def test_a_number_on_its_way_back_is_waited_for(number, registrar, clock):
    """Giving back may fail; nothing is ended before the carrier has the number."""
    old = advance(send_in(ready()))
    set_state(number, SenderState.RELEASING)
    clock.travel(by=timedelta(days=2))
    assert advance(old).ended_at is None


def test_a_draft_of_a_number_that_went_is_not_sent_in(number):
    known = ready()
    set_state(number, SenderState.RELEASED)
    with pytest.raises(NotReady, match="not set up any more"):
        send_in(known)


def test_an_approval_taken_back_stops_the_number_and_can_be_mended(number, registrar, clock):
    known = advance(send_in(ready()))
    registrar.reviews["verification"] = rejected(utcnow() + timedelta(days=9))
    clock.travel(by=timedelta(days=1, minutes=1))
    known = advance(known)
    assert (known.state, known.reasons[0].code) == (State.REJECTED, 30841)
    assert not numbers.sender(number.id).may_send
    known = advance(send_in(known))
    assert known.step is Step.AWAIT_VERIFICATION
    registrar.reviews.clear()
    clock.travel(by=timedelta(minutes=1))
    assert advance(known).state is State.REGISTERED
    assert numbers.sender(number.id).may_send


def test_the_page_says_until_when_and_what_then(browser, turned_down, clock):
    shown = browser(cast.ALICE).get("registrations.show", **where(turned_down)).text
    assert "Twilio takes changes until" in shown
    clock.travel(by=timedelta(days=8))
    alice, bob = browser(cast.ALICE), browser(cast.BOB)
    late = alice.get("registrations.show", **where(turned_down))
    assert "Begin a new request" in late.text
    assert "Mend it" not in late.text
    assert "Begin a new request" not in bob.get("registrations.show", **where(turned_down)).text
    begun = alice.follow(alice.post("registrations.begin_toll_free", 303, {"e164": E164}, **HERE))
    assert begun.text_of("h1") == "The business"
    fresh = queries.of_number(cast.JUNIPER, E164)
    new = alice.get("registrations.show", **where(fresh))
    assert "Earlier requests" in new.text
    old = alice.get("registrations.show", **where(turned_down)).text
    assert "A newer request took its place." in old
    assert "Begin a new request" not in old


def test_the_list_offers_a_number_bought_again_for_verification(
    browser, number, northside, registrar, clock
):
    advance(send_in(ready()))
    set_state(number, SenderState.RELEASED)
    clock.travel(by=timedelta(days=1))
    make_sender(northside, E164, is_registered=False)
    shown = browser(cast.ALICE).get("registrations.index", **HERE)
    [button] = shown.page.select("#numbers form button")
    assert "Verify" in button.text
