"""Every step of a transfer, broken off in every way and gone on with (N-2).

No number is lost, none is moved twice, and the old account's token is gone at the end.
"""

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.core.db import db, unit_of_work
from portal.gateways.twilio_transfers import TwilioTransferGateway
from portal.numbers import queries as numbers
from portal.transfers import service as transfers
from portal.transfers.models import Transfer
from portal.transfers.values import Ending, Path, Step
from tests.transfers.conftest import (
    ALICE,
    Killed,
    advance,
    now,
    numbers_at,
    our_url,
    own_accounts,
    patiently,
    run_until,
    start,
)

LATER = timedelta(minutes=6)
# What a step asks of the carrier that matters: a read, or a write.
READS = (Step.CONNECT, Step.CHECK, Step.CARRY, Step.LAST_LOOK)
WRITES = (Step.OPEN, Step.MOVE, Step.JOIN)
NOT_DONE = ("429", "500_before")
YET_DONE = ("500_after", "truncated_after")
WITH_OLD_TOKEN = (Step.CONNECT, Step.CHECK, Step.CARRY, Step.MOVE, Step.LAST_LOOK)
MOVED_BY_US = [
    *((step, fault) for step in READS for fault in NOT_DONE),
    *((step, fault) for step in WRITES for fault in (*NOT_DONE, *YET_DONE)),
    *((step, "revoked") for step in WITH_OLD_TOKEN),
    *((step, "killed") for step in (*READS, *WRITES, Step.POINT)),
    *((Step.POINT, fault) for fault in NOT_DONE),
    (Step.CONNECT, "401_before"),
    (Step.MOVE, "403_before"),
    (Step.JOIN, "reset_before"),
]
MOVED_BY_SUPPORT = [
    *((Step.AWAIT, fault) for fault in NOT_DONE),
    *((Step.POINT, fault) for fault in (*NOT_DONE, *YET_DONE)),
    *((step, "killed") for step in (Step.AWAIT, Step.POINT, Step.JOIN)),
    *((step, "revoked") for step in (Step.CARRY, Step.LAST_LOOK)),
]


def break_off(twin, http, old, known, step, fault):
    """Plan the fault for this step's call, let the job run into it, and return the token then."""
    writes = step in WRITES or (step is Step.POINT and known.path is Path.UNRELATED)
    token = old["auth_token"]
    if fault == "revoked":
        token = twin.post(f"accounts/{old['sid']}/token")["auth_token"]
    elif fault == "killed":
        http.dies_after = "POST" if writes else "GET"
    else:
        twin.post("faults", **{"writes" if writes else "reads": [fault]})
    try:
        advance(known)
    except Killed:
        assert now(known).is_in_progress  # nobody does it at the same time
        assert advance(known).step is step
    else:
        if not fault.endswith("_after"):
            assert (now(known).step, bool(now(known).trouble)) == (step, True)
    return token


def is_whole(account, twin, old, known, path):
    """Hold what became of it against the carrier's truth."""
    e164 = old["numbers"][0]
    there = numbers_at(twin)[e164]
    [own] = own_accounts(twin)
    assert (there["account_sid"], there["moves"]) == (own, 1)
    assert there["sms_url"].startswith(our_url())
    assert there["service_sid"] == numbers.messaging_service(account.organization_id)
    assert len(twin.client(*credentials(account)).messaging.v1.services.list()) == 1
    [sender] = numbers.senders(account.id)
    assert (sender.e164, sender.carrier_sid, sender.is_ready) == (e164, there["sid"], True)
    assert (known.ending, known.carried, known.has_token) == (Ending.MOVED, 2, False)
    assert known.path is path
    assert db.session.scalars(select(Transfer.sealed_token)).all() == [None]


def credentials(account):
    own = numbers.credentials(account.organization_id)
    return own.account_sid, own.auth_token


@pytest.mark.parametrize(("step", "fault"), MOVED_BY_US)
def test_a_move_of_ours_survives(account, twin, http, clock, old, step, fault):
    e164 = old["numbers"][0]
    known = run_until(account, start(account, old), step, e164)
    token = break_off(twin, http, old, known, step, fault)
    known = patiently(account, known, clock, twin, e164, token)
    is_whole(account, twin, old, known, Path.SAME_OWNER)


@pytest.mark.parametrize(("step", "fault"), MOVED_BY_SUPPORT)
def test_a_move_by_support_survives(account, twin, http, clock, strangers, step, fault):
    e164 = strangers["numbers"][0]
    known = start(account, strangers)
    if step in {Step.POINT, Step.JOIN, Step.LAST_LOOK}:
        known = run_until(account, known, Step.AWAIT, e164)
        twin.post(f"numbers/{e164}/account", account_sid=own_accounts(twin)[0])
    known = run_until(account, known, step, e164)
    token = break_off(twin, http, strangers, known, step, fault)
    known = patiently(account, known, clock, twin, e164, token)
    is_whole(account, twin, strangers, known, Path.UNRELATED)


@pytest.mark.parametrize("step", [Step.CARRY, Step.MOVE])
def test_a_carrier_that_never_answers_holds_nothing_up_for_ever(
    account, twin, http, clock, old, step, monkeypatch
):
    e164 = old["numbers"][0]
    known = run_until(account, start(account, old), step, e164)
    monkeypatch.setattr(http, "_read_timeout_s", 2)
    twin.turn(hang_seconds=3)
    twin.post("faults", **{"writes" if step is Step.MOVE else "reads": ["timeout_after"]})
    advance(known)
    monkeypatch.setattr(http, "_read_timeout_s", 10)
    known = patiently(account, known, clock, twin, e164)
    is_whole(account, twin, old, known, Path.SAME_OWNER)


def test_between_the_two_accounts_nothing_is_asked_twice(account, twin, clock, old, monkeypatch):
    """A number that is seen on neither side may be moved: it is looked for, and can't be given up."""
    e164 = old["numbers"][0]
    known = run_until(account, start(account, old), Step.MOVE, e164)
    seen = TwilioTransferGateway.number
    monkeypatch.setattr(TwilioTransferGateway, "number", lambda *_: None)
    twin.post("faults", writes=["500_after"])
    known = advance(known)
    assert "no longer in the old account" in known.trouble.sentence
    assert known.may_be_given_up  # nothing was asked yet
    monkeypatch.setattr(TwilioTransferGateway, "number", seen)
    twin.post("faults", writes=["500_after"])
    monkeypatch.setattr(
        TwilioTransferGateway,
        "number",
        lambda self, who, sid: seen(self, who, sid) if who.account_sid == old["sid"] else None,
    )
    clock.travel(by=LATER)
    known = advance(known)
    assert known.may_be_moved
    assert not known.may_be_given_up
    monkeypatch.setattr(TwilioTransferGateway, "number", seen)
    known = patiently(account, known, clock, twin, e164)
    is_whole(account, twin, old, known, Path.SAME_OWNER)


@pytest.mark.parametrize("lost", ["released", "revoked"])
def test_what_is_found_on_neither_side_can_be_left(account, twin, http, clock, old, lost):
    """A run died before it asked for the move, and then the number or the token was gone."""
    known = run_until(account, start(account, old), Step.MOVE, old["numbers"][0])
    http.dies_after = "GET"
    with pytest.raises(Killed):
        advance(known)
    if lost == "released":
        there = twin.client(old["sid"], old["auth_token"])
        there.incoming_phone_numbers(known.number_sid).delete()
    else:
        twin.post(f"accounts/{old['sid']}/token")
    clock.travel(by=LATER)
    known = advance(known)
    assert known.may_be_moved
    assert not known.may_be_given_up
    clock.travel(by=timedelta(minutes=10))
    known = advance(known)
    assert known.may_be_given_up
    with unit_of_work():
        transfers.give_up(known.tenant, known.id, actor=ALICE)
    assert (now(known).ending, now(known).has_token) == (Ending.GIVEN_UP, False)
