"""One click, one transfer; what nobody goes on with ends; no token anywhere it is not needed (N-2, S10)."""

import gc
import logging
import traceback
from datetime import timedelta

import pytest
from twilio.rest import Client

from portal.consent import queries as consent
from portal.core import jobs
from portal.core.db import unit_of_work
from portal.core.jobs import Job
from portal.gateways import numbers as number_gateways
from portal.gateways.twilio_transfers import TwilioTransferGateway
from portal.numbers import queries as numbers
from portal.transfers import queries
from portal.transfers import service as transfers
from portal.transfers.errors import CannotMove, NotNow
from portal.transfers.values import Ending, Step
from tests import kept
from tests.transfers.conftest import (
    ALICE,
    advance,
    now,
    one_step,
    own_sid,
    run_until,
    start,
    text_in,
)
from workers.transfers import expire_transfers, ring_for_transfers

STOPPED = {"+18725550102": True, "+18725550104": True, "+18725550103": False, "+18725550101": False}


def test_a_second_click_finds_the_first(account, old):
    first, second = start(account, old), start(account, old)
    assert first.id == second.id
    known = run_until(account, first, Step.OPEN, old["numbers"][0])
    with unit_of_work():
        transfers.confirm(account, known.id, None, actor=ALICE)
    assert now(known).step is Step.OPEN


def test_who_stopped_before_stays_out_and_who_came_back_stays_in(account, twin, clock, old):
    """Opt-outs are carried along before the move, and those that came meanwhile after it."""
    e164 = old["numbers"][0]
    known = run_until(account, start(account, old), Step.LAST_LOOK, e164)
    assert known.carried == 2
    said = consent.standings(account.tenant, STOPPED, clock.now)
    assert {one: said[one].is_opted_out for one in STOPPED} == STOPPED
    twin.turn(hold_callbacks=True)
    twin.says("+18725550188", e164, "STOP", wait=False)  # its webhook never comes
    known = one_step(known)
    assert known.carried == 3
    assert consent.standing(account.tenant, "+18725550188").is_opted_out


def test_what_people_did_not_go_on_with_ends_and_the_token_with_it(account, clock, old):
    known = one_step(start(account, old))
    assert known.step is Step.PICK
    clock.travel(by=timedelta(days=6))
    assert expire_transfers() == 0
    clock.travel(by=timedelta(days=1))
    assert expire_transfers() == 1
    assert (now(known).ending, now(known).has_token) == (Ending.EXPIRED, False)
    assert start(account, old).id != known.id


def test_a_test_text_is_not_waited_for_for_ever(account, clock, old):
    """The number is here by then: only the token must not stay."""
    known = run_until(account, start(account, old), Step.TEST, old["numbers"][0])
    assert advance(known).step is Step.TEST
    assert expire_transfers() == 0
    clock.travel(by=timedelta(days=1, minutes=1))
    assert ring_for_transfers() == 1
    advance(known)
    known = advance(known)
    assert (known.ending, known.notes[Step.TEST].outcome) == (Ending.MOVED, "skipped")


def test_a_token_refused_at_the_last_look_does_not_stay(account, clock, twin, old):
    """The number is here: after a day the look is left out, and the token goes (S10)."""
    known = run_until(account, start(account, old), Step.LAST_LOOK, old["numbers"][0])
    twin.post(f"accounts/{old['sid']}/token")
    known = advance(known)
    assert (known.step, known.is_token_refused, known.next_at) == (Step.LAST_LOOK, True, None)
    assert expire_transfers() == 0
    clock.travel(by=timedelta(days=1, minutes=1))
    assert expire_transfers() == 1
    known = now(known)
    assert (known.step, known.has_token) == (Step.TEST, False)
    assert known.notes[Step.LAST_LOOK].outcome == "skipped"


def test_the_token_goes_right_after_the_last_look(account, old):
    known = run_until(account, start(account, old), Step.LAST_LOOK, old["numbers"][0])
    assert known.has_token
    assert one_step(known).has_token is False


def test_no_application_or_fallback_of_the_old_tool_hears_a_text(account, twin, strangers):
    """Support leaves them as they are, and at Twilio an application goes before the address."""
    e164, application = strangers["numbers"][0], "AP" + "a" * 32
    there = twin.client(strangers["sid"], strangers["auth_token"])
    [number] = there.incoming_phone_numbers.list(phone_number=e164)
    number.update(
        sms_application_sid=application,
        voice_application_sid=application,
        sms_fallback_url="https://old-crm.example/fallback",
    )
    known = run_until(account, start(account, strangers), Step.AWAIT, e164)
    twin.post(f"numbers/{e164}/account", account_sid=own_sid(twin))
    run_until(account, known, Step.TEST, e164)
    own = numbers.credentials(account.organization_id)
    client = twin.client(own.account_sid, own.auth_token)
    left = client.incoming_phone_numbers(number.sid).fetch()
    assert (left.sms_application_sid, left.voice_application_sid) == ("", "")
    assert left.sms_fallback_url == ""
    left.update(sms_application_sid=application)
    assert number_gateways.current().find_owned(own, e164).hooks.sms_override == application


def test_what_has_begun_to_move_can_not_be_given_up_or_changed(account, old):
    known = run_until(account, start(account, old), Step.POINT, old["numbers"][0])
    with pytest.raises(NotNow), unit_of_work():
        transfers.give_up(known.tenant, known.id, actor=ALICE)
    with pytest.raises(NotNow), unit_of_work():
        transfers.look_again(known.tenant, known.id)
    with pytest.raises(NotNow), unit_of_work():
        transfers.go_on_without(known.tenant, known.id, actor=ALICE)


def test_an_unrelated_move_needs_the_signature(account, strangers):
    known = run_until(account, start(account, strangers), Step.CONFIRM, strangers["numbers"][0])
    with pytest.raises(CannotMove), unit_of_work():
        transfers.confirm(account, known.id, None, actor=ALICE)


def test_the_token_is_in_no_table_log_job_page_or_traceback(
    alice, account, twin, http, old, redis, caplog, capsys
):
    """PROMISES S10, while it is needed and after."""
    caplog.set_level(logging.DEBUG)
    token, e164 = old["auth_token"], old["numbers"][0]
    here = {"account_id": account.id}
    data = {"account_sid": old["sid"], "way": "token", "token": token}
    seen = [alice.post("transfers.begin", 303, data, **here).text]
    known = queries.open_of(account.tenant)
    for step in (Step.CHECK, Step.CARRY, Step.MOVE, Step.LAST_LOOK, Step.TEST):
        known = run_until(account, known, step, e164)
        if step is not Step.TEST:
            twin.post("faults", reads=["500_before"])
            known = one_step(known)
            assert known.trouble is not None
            with unit_of_work():
                transfers.try_now(known.tenant, known.id, actor=ALICE)
        seen.append(alice.get("transfers.show", **here, transfer_id=known.id).text)
        with unit_of_work():
            order = transfers.claim(known.id)
        seen += [repr(order), repr(order and order.old), repr(known)]
        if order is not None:
            with unit_of_work():
                transfers.settle(order, transfers.carry_out(order))
        known = now(known)
    jobs.ring(Job.ADVANCE_TRANSFER, known.id)
    seen += kept.everything(redis)
    text_in(account, known)
    known = advance(known)
    assert known.ending is Ending.MOVED
    assert known.has_token is False
    said = capsys.readouterr()
    seen += [*kept.everything(redis), caplog.text, said.out, said.err]
    assert [text for text in seen if token in text] == []
    assert own_sid(twin) is not None


def test_a_failure_of_our_own_shows_no_token_in_its_traceback(account, old, caplog, monkeypatch):
    """Whatever breaks while the carrier is asked, what is told of it names no token."""
    known = start(account, old)
    monkeypatch.setattr(TwilioTransferGateway, "account", lambda _self, who: who / who)
    with pytest.raises(TypeError) as caught:
        advance(known)
    told = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert "CarrierCredentials" in told
    assert old["auth_token"] not in told


def test_no_client_with_the_old_accounts_token_outlives_its_use(account, old):
    """N-2: the token is deleted at the end, from the memory of the processes too."""
    run_until(account, start(account, old), Step.OPEN, old["numbers"][0])
    gc.collect()
    held = [one for one in gc.get_objects() if isinstance(one, Client)]
    assert old["auth_token"] not in [client.password for client in held]


def test_a_page_that_breaks_shows_no_token(alice, account, old, monkeypatch, caplog):
    """The error page and the log line of a form that broke once the token was typed."""

    def broken(*given, **_):
        raise RuntimeError(f"{len(given)} things were given")

    monkeypatch.setattr("portal.transfers.service.starting._seal", broken)
    data = {"account_sid": old["sid"], "way": "token", "token": old["auth_token"]}
    reply = alice.post("transfers.begin", 500, data, account_id=account.id)
    assert "things were given" in caplog.text
    assert old["auth_token"] not in str(reply.page) + caplog.text
