"""What one organization asks for keeps no other from beginning the same, and tells it nothing (N-3)."""

from datetime import timedelta

import pytest

from portal.core.db import db, unit_of_work
from portal.numbers import queries as numbers
from portal.porting import queries, service
from portal.porting.errors import BroughtAlready
from portal.porting.models import PortIn
from portal.porting.values import State, Step
from tests import cast
from tests.factories.billing import make_subscription
from tests.porting.conftest import ALICE, E164, advance, make_draft, now, save, send_in
from tests.porting.test_interruptions import run_until


@pytest.fixture
def theirs(lakeview):
    """An account of another organization."""
    make_subscription(lakeview)
    return lakeview


def call_off(known):
    with unit_of_work():
        service.call_off(known.tenant, known.id, actor=ALICE)


def again(known):
    with unit_of_work():
        service.try_now(known.tenant, known.id, actor=ALICE)
    return advance(known)


@pytest.mark.parametrize("was", ["draft", "called off"])
def test_another_organizations_request_is_neither_told_nor_in_the_way(draft, theirs, was):
    if was == "called off":
        call_off(draft)
    known = advance(send_in(theirs, make_draft(theirs)))
    assert known.state is State.DONE


def test_two_accounts_of_one_brokerage_do_not_bring_the_same_number_over(alice, draft, account):
    bobs = cast.account(cast.BOBS)
    make_subscription(bobs)
    [checked] = service.check(account.organization_id, [E164])
    with pytest.raises(BroughtAlready, match="your brokerage"), unit_of_work():
        service.begin(bobs, checked, actor=ALICE)
    reply = alice.post("porting.begin", 409, {"e164": E164}, account_id=bobs.id)
    assert "Another account of your brokerage" in reply.text_of("#found")
    call_off(draft)
    with unit_of_work():
        assert service.begin(bobs, checked, actor=ALICE).e164 == E164


def test_two_organizations_do_not_ask_twilio_for_the_same_number(
    mallory, account, theirs, draft, twin, clock
):
    """Told as Twilio tells it of a request made anywhere; it goes on once the other has ended."""
    twin.turn(port_seconds=86_400)
    other = make_draft(theirs, customer_name="Lakeview Homes LLC")
    assert advance(send_in(account, draft)).state is State.UNDERWAY
    other = advance(send_in(theirs, other))
    assert (other.state, other.todo[0]) == (State.SENDING, Step.ORDER)
    assert other.trouble.sentence == "Another request for this number is open at Twilio."
    shown = mallory.get("porting.show", account_id=theirs.id, port_in_id=other.id).text
    assert "Another request for this number is open at Twilio." in shown
    assert "Juniper" not in shown
    call_off(draft)
    advance(draft)
    assert again(other).state is State.UNDERWAY
    assert queries.of_account(theirs.tenant)[0].trouble is None


def test_two_runs_at_the_same_moment_ask_once(account, theirs, draft, twin):
    other = send_in(theirs, make_draft(theirs))
    run_until(send_in(account, draft), Step.ORDER)
    run_until(other, Step.ORDER)
    with unit_of_work():
        order = service.claim(draft.id)
    with unit_of_work():
        assert service.claim(other.id) is None
    outcome = service.carry_out(order)
    with unit_of_work():
        service.settle(order, outcome)
    assert advance(draft).state is State.DONE
    again(other)  # done here, so nothing of ours is in the way: Twilio itself decides
    assert numbers.senders(theirs.id) == []


@pytest.mark.parametrize("ends", ["881008", "881009"])
def test_a_request_that_is_over_at_twilio_keeps_nobody_waiting(
    account, theirs, draft, twin, clock, ends
):
    """Nobody signed it, or Twilio called it off: whoever asks next may have the number."""
    save(draft, account_number=ends)
    assert advance(send_in(account, draft)).state is State.ACTION_NEEDED
    assert db.session.get(PortIn, draft.id).request_sid is None
    assert advance(send_in(theirs, make_draft(theirs))).state is State.DONE
    clock.travel(by=timedelta(days=1))
    call_off(now(draft))
    assert now(draft).state is State.CANCELED
