"""An account that is stopped half-way: what goes on, what waits, and what it says (B-1, N-3, N-7)."""

import os
from datetime import timedelta
from io import BytesIO

import pytest

from portal.core.audit import SYSTEM
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.core.settings import settings
from portal.gateways import numbers as number_gateways
from portal.numbers import queries as numbers
from portal.numbers.models import SenderNumber
from portal.numbers.values import SenderState
from portal.porting import queries, service
from portal.porting.models import PortIn
from portal.porting.values import State, Step
from tests import cast
from tests.factories.stopping import SAYS, STOPS, let_go_on, stop, told
from tests.porting.conftest import PDF, advance, now, send_in
from tests.porting.test_interruptions import run_until
from workers.porting import forget_drafts


def ids(known):
    return {"account_id": known.account_id, "port_in_id": known.id}


@pytest.mark.parametrize("step", [Step.ACCOUNT, Step.LISTEN, Step.UPLOAD, Step.ORDER])
@pytest.mark.parametrize("how", STOPS)
def test_before_twilio_is_asked_it_waits_says_why_and_goes_on_by_itself(
    alice, account, draft, clock, step, how
):
    run_until(send_in(account, draft), step)
    stop(account, how)
    known = advance(draft)
    assert (known.state, known.todo[0]) == (State.SENDING, step)
    shown = alice.get("porting.show", **ids(known))
    sentence, way = SAYS[how]
    assert sentence in shown.text
    assert way in [link.text for link in shown.page.select('[role="alert"] a')]
    clock.travel(by=timedelta(hours=1))
    advance(known)
    assert len(told("stands still")) == len(set(told("stands still"))) > 0
    let_go_on(account, how)
    clock.travel(by=timedelta(hours=1))
    assert advance(known).state is State.DONE


@pytest.mark.parametrize("step", [Step.AWAIT, Step.ARRIVE, Step.JOIN])
@pytest.mark.parametrize("how", STOPS)
def test_a_number_that_is_on_its_way_is_taken_in(account, draft, step, how):
    run_until(send_in(account, draft), step)
    stop(account, how)
    assert advance(draft).state is State.DONE


@pytest.mark.parametrize("how", STOPS)
def test_what_was_typed_is_kept_and_the_way_on_shown(alice, account, draft, how):
    stop(account, how)
    day = draft.details.day.isoformat()
    typed = {"edits": str(draft.edits), "on": day, "signature": "Alice Moreno"}
    refused = alice.post("porting.submit", 409, typed, **ids(draft))
    sentence, way = SAYS[how]
    assert sentence in refused.text_of('[role="alert"]')
    assert way in [link.text for link in refused.page.select('[role="alert"] a')]
    assert refused.field("signature") == "Alice Moreno"
    assert refused.field("on") == day
    let_go_on(account, how)
    alice.post("porting.submit", 303, {**typed, "edits": refused.field("edits")}, **ids(draft))
    assert now(draft).state is State.SENDING


def test_what_stays_stopped_is_called_off_and_its_secrets_forgotten(account, draft, clock):
    run_until(send_in(account, draft), Step.UPLOAD)
    stop(account, "lapsed")
    advance(draft)
    clock.travel(by=timedelta(days=89))
    assert forget_drafts() == 0
    clock.travel(by=timedelta(days=2))
    assert forget_drafts() == 1
    known = now(draft)
    assert (known.state, known.has_account_number, known.bill) == (State.CANCELED, False, None)


def test_calling_off_forgets_the_secrets_at_once(account, draft, twin):
    """Twilio may take its time to hear of it; the account number and the bill need not wait."""
    twin.turn(port_seconds=86_400)
    known = advance(send_in(account, draft))
    with unit_of_work():
        service.call_off(known.tenant, known.id, actor=SYSTEM)
    known = now(known)
    assert known.state is State.CANCELING
    assert (known.has_account_number, known.has_pin, known.bill) == (False, False, None)


def test_a_number_that_came_and_went_ends_its_request(account, draft, clock):
    run_until(send_in(account, draft), Step.JOIN)
    with unit_of_work():
        db.session.get(SenderNumber, now(draft).sender_id).state = SenderState.RELEASED
    known = advance(draft)
    assert (known.state, known.next_at) == (State.DONE, None)
    assert "given back before it was set up" in queries.timeline(known)[0].text


def test_a_number_that_never_arrives_is_told_of(browser, account, draft, clock, twin):
    run_until(send_in(account, draft), Step.ARRIVE)
    own = numbers.credentials(account.organization_id)
    [number] = twin.client(own.account_sid, own.auth_token).incoming_phone_numbers.list()
    number.delete()
    known = advance(draft)
    assert known.trouble is None
    for _ in range(4):
        clock.travel(by=timedelta(days=1))
        known = advance(known)
    assert "not in your brokerage's account" in known.trouble.sentence
    assert len(told("stands still")) == len(set(told("stands still"))) > 0
    assert "Message support" in browser(cast.ALICE).get("porting.show", **ids(known)).text
    assert known.next_at is not None
    assert number_gateways.current().find_owned(own, known.e164) is None


def test_a_bill_whose_save_was_broken_off_does_not_stay(account, draft):
    """Written, and then the database said no: nothing names the file any more."""
    folder = settings().evidence_dir / "bills"
    kept = folder / draft.bill.name
    before = set(folder.iterdir())
    bill = service.check_bill(BytesIO(PDF), "bill.pdf")
    with pytest.raises(RuntimeError, match="broken off"), unit_of_work():
        service.attach_bill(draft.tenant, draft.id, bill, edits=draft.edits, actor=SYSTEM)
        raise RuntimeError("broken off")
    [stray] = set(folder.iterdir()) - before
    old = (utcnow() - timedelta(days=2)).timestamp()
    soon = (utcnow() - timedelta(hours=2)).timestamp()
    os.utime(kept, (old, old))
    os.utime(stray, (soon, soon))
    forget_drafts()
    assert stray.exists()  # it may be being saved right now
    os.utime(stray, (old, old))
    assert forget_drafts() >= 1
    assert (kept.exists(), stray.exists()) == (True, False)
    assert db.session.get(PortIn, draft.id).bill["name"] == kept.name
