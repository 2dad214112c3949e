"""An account that is stopped half-way: what goes on, what waits, and what it says (B-1, N-2, N-7)."""

from datetime import timedelta

import pytest

from portal.core.db import db, unit_of_work
from portal.numbers.models import SenderNumber
from portal.numbers.values import SenderState
from portal.transfers.models import Transfer
from portal.transfers.values import Ending, Step
from tests import cast
from tests.factories.stopping import SAYS, STOPS, let_go_on, stop, told
from tests.transfers.conftest import (
    advance,
    now,
    one_step,
    own_sid,
    run_until,
    start,
    text_in,
)
from workers.transfers import expire_transfers

SIGNED = {"name": "Ann Old", "title": "Owner", "email": "ann@old.example", "agrees": "y"}


def here(known):
    return {"account_id": known.account_id, "transfer_id": known.id}


@pytest.mark.parametrize("step", [Step.OPEN, Step.CARRY, Step.MOVE])
@pytest.mark.parametrize("how", STOPS)
def test_before_the_move_it_waits_says_why_and_goes_on_by_itself(
    alice, account, clock, old, step, how
):
    known = run_until(account, start(account, old), step, old["numbers"][0])
    stop(account, how)
    known = one_step(known)
    assert (known.step, known.ended_at) == (step, None)
    shown = alice.get("transfers.show", **here(known))
    sentence, way = SAYS[how]
    assert sentence in shown.text
    assert way in [link.text for link in shown.page.select('[role="alert"] a')]
    clock.travel(by=timedelta(hours=1))
    known = one_step(known)
    assert len(told("stands still")) == len(set(told("stands still"))) > 0
    let_go_on(account, how)
    clock.travel(by=timedelta(hours=1))
    assert advance(known).step is Step.TEST


@pytest.mark.parametrize("how", STOPS)
def test_what_stays_stopped_ends_and_the_token_with_it(account, clock, old, how):
    known = run_until(account, start(account, old), Step.MOVE, old["numbers"][0])
    stop(account, how)
    one_step(known)
    clock.travel(by=timedelta(days=7, minutes=1))
    assert expire_transfers() == 1
    assert (now(known).ending, now(known).has_token) == (Ending.EXPIRED, False)


@pytest.mark.parametrize("step", [Step.POINT, Step.JOIN, Step.LAST_LOOK, Step.TEST])
@pytest.mark.parametrize("how", STOPS)
def test_a_number_that_is_here_is_set_up_whatever_happens(account, old, step, how):
    """It is paid for and people text it: leaving it half set up would lose their texts."""
    known = run_until(account, start(account, old), step, old["numbers"][0])
    stop(account, how)
    known = advance(known)
    assert known.step is Step.TEST
    known = advance(text_in(account, known))
    assert known.ending is Ending.MOVED


@pytest.mark.parametrize("how", STOPS)
def test_a_number_support_moves_meanwhile_is_taken_in(account, clock, twin, strangers, how):
    e164 = strangers["numbers"][0]
    known = run_until(account, start(account, strangers), Step.AWAIT, e164)
    stop(account, how)
    twin.post(f"numbers/{e164}/account", account_sid=own_sid(twin))
    clock.travel(by=timedelta(minutes=31))
    known = advance(known)
    assert (known.step, known.sender_id is not None) == (Step.TEST, True)


@pytest.mark.parametrize("step", [Step.POINT, Step.JOIN, Step.LAST_LOOK, Step.TEST])
def test_a_number_that_came_and_went_ends_its_transfer(browser, account, clock, old, step):
    """Given back at the end of a subscription, or taken elsewhere: nothing waits for it for ever."""
    e164 = old["numbers"][0]
    known = run_until(account, start(account, old), step, e164)
    with unit_of_work():
        db.session.get(SenderNumber, known.sender_id).state = SenderState.RELEASED
    clock.travel(by=timedelta(minutes=31))
    known = advance(known)
    assert (known.ending, known.has_token, known.next_at) == (Ending.GONE, False, None)
    assert "came, and went" in browser(cast.ALICE).get("transfers.show", **here(known)).text
    assert start(account, old).id != known.id


@pytest.mark.parametrize("how", STOPS)
def test_what_was_signed_is_kept_and_the_way_on_shown(alice, account, strangers, how):
    known = run_until(account, start(account, strangers), Step.CONFIRM, strangers["numbers"][0])
    stop(account, how)
    refused = alice.post("transfers.confirm", 409, SIGNED, **here(known))
    sentence, way = SAYS[how]
    assert sentence in refused.text_of('[role="alert"]')
    assert way in [link.text for link in refused.page.select('[role="alert"] a')]
    for name in ("name", "title", "email"):
        assert refused.page.select_one(f"#{name}")["value"] == SIGNED[name]
    assert refused.page.select_one("#agrees").has_attr("checked")
    assert now(known).step is Step.CONFIRM
    let_go_on(account, how)
    alice.post("transfers.confirm", 303, SIGNED, **here(known))
    assert now(known).signature.name == "Ann Old"


@pytest.mark.parametrize("how", STOPS)
def test_where_the_number_is_today_is_kept_and_the_way_on_shown(alice, account, twin, how):
    stop(account, how)
    typed = {"account_sid": "AC" + "e" * 32, "way": "signature", "number": "(872) 555-0163"}
    refused = alice.post("transfers.begin", 409, typed, account_id=account.id)
    sentence, way = SAYS[how]
    assert sentence in refused.text_of('[role="alert"]')
    assert way in [link.text for link in refused.page.select('[role="alert"] a')]
    assert refused.field("account_sid") == typed["account_sid"]
    assert refused.field("number") == typed["number"]


def test_a_token_no_key_opens_is_asked_for_again(alice, account, clock, old):
    """Keys that were lost must not leave it standing without a word."""
    known = run_until(account, start(account, old), Step.CARRY, old["numbers"][0])
    with unit_of_work():
        row = db.session.get(Transfer, known.id)
        row.sealed_token = row.sealed_token[:-8] + "AAAAAAAA"
    known = one_step(known)
    assert known.trouble.sentence == "The old account's token can't be read any more."
    shown = alice.get("transfers.show", **here(known))
    assert shown.page.select_one("#token-again")
    again = {"token": old["auth_token"]}
    alice.post("transfers.connect", 303, again, **here(known))
    assert advance(known).step is Step.TEST
