"""What opens the account at the losing carrier, and our tokens, show nowhere (N-3, PROMISES S10)."""

import logging
import traceback
from datetime import timedelta

import pytest

from portal.core import jobs
from portal.core.db import unit_of_work
from portal.core.errors import GatewayRejected
from portal.core.jobs import Job
from portal.core.settings import settings
from portal.gateways.porting import PortNews, PortStatus
from portal.gateways.twilio_porting import TwilioPortingGateway
from portal.numbers import queries as numbers
from portal.porting import queries, service
from portal.porting.values import State, Step
from tests import cast, kept
from tests.porting.conftest import ALICE, PDF, SAID, advance, now, save, send_in
from tests.porting.test_interruptions import STEPS, run_until

ACCOUNT_NUMBER, PIN = "99177403318", "8312794660318"  # no id holds so many digits
ECHO = f"Account number {ACCOUNT_NUMBER} and PIN {PIN} do not match"


@pytest.fixture
def planted(draft):
    """A draft whose account number and PIN stand nowhere else."""
    return save(draft, account_number=ACCOUNT_NUMBER, pin=PIN)


def here(known):
    return {"account_id": known.account_id, "port_in_id": known.id}


def pages(person, known):
    shown = [str(person.get("porting.show", **here(known)).page)]
    if known.may_be_edited:
        names = ("carrier", "authority", "letter")
        shown += [str(person.get("porting.edit", name=name, **here(known)).page) for name in names]
    return shown


def leaks(seen, account):
    own = numbers.credentials(account.organization_id)
    secrets = [ACCOUNT_NUMBER, PIN, PDF.decode(), settings().twilio_auth_token]
    secrets += [own.auth_token] if own else []
    return [secret for secret in secrets for text in seen if secret in text]


@pytest.mark.parametrize("step", STEPS)
def test_a_failure_at_any_step_shows_no_secret(
    browser, account, planted, clock, redis, caplog, capsys, twin, step
):
    """While it is tried again and after, in tables, queue, files, log, pages and what is printed."""
    caplog.set_level(logging.DEBUG)
    send_in(account, planted)
    run_until(planted, step)
    is_look = step in {Step.AWAIT, Step.ARRIVE}
    twin.post("faults", **({"reads": ["500_before"]} if is_look else {"writes": ["500_before"]}))
    known = advance(planted)
    assert known.trouble is not None
    assert known.todo[0] is step
    seen = [*pages(browser(cast.ALICE), known), repr(known), *kept.everything(redis)]
    with unit_of_work():
        service.try_now(known.tenant, known.id, actor=ALICE)
    with unit_of_work():
        order = service.claim(known.id)
    seen += [repr(order)]
    if order is not None:  # else the account is being opened, as far as anybody knows
        with unit_of_work():
            service.settle(order, service.carry_out(order))
    jobs.ring(Job.ADVANCE_PORT_IN, known.id)
    seen += kept.everything(redis)
    for _ in range(4):
        clock.travel(by=timedelta(minutes=20))
        known = advance(known)
    assert known.state is State.DONE
    said = capsys.readouterr()
    seen += [*pages(browser(cast.ALICE), known), *kept.everything(redis)]
    seen += [caplog.text, said.out, said.err]
    assert leaks(seen, account) == []


def test_a_draft_is_sealed_and_its_pages_show_nothing(alice, account, planted, redis, caplog):
    caplog.set_level(logging.DEBUG)
    seen = [*pages(alice, planted), repr(planted), *kept.everything(redis), caplog.text]
    assert leaks(seen, account) == []


@pytest.mark.parametrize("where", ["create", "news"])
def test_a_carrier_that_repeats_them_is_not_repeated(
    alice, account, planted, redis, caplog, monkeypatch, where
):
    """Its words go on a page, into a notice, the timeline and the audit log, which keeps them."""
    answers = {
        "create": lambda *_: (_ for _ in ()).throw(GatewayRejected(ECHO, 9001, 400)),
        "news": lambda *_: PortNews(PortStatus.ACTION_REQUIRED, "Action Required", reason=ECHO),
    }
    monkeypatch.setattr(TwilioPortingGateway, where, answers[where])
    known = advance(send_in(account, planted))
    assert known.state is State.ACTION_NEEDED
    assert "Account number … and PIN … do not match" in known.problems[0].said
    seen = [*pages(alice, known), *kept.everything(redis), caplog.text]
    seen += [line.text for line in queries.timeline(known)]
    assert leaks(seen, account) == []


def test_a_failure_of_our_own_shows_none_in_its_traceback(account, planted, caplog, monkeypatch):
    """Whatever breaks while Twilio is asked, what is told of it names no secret."""
    send_in(account, planted)
    run_until(planted, Step.ORDER)
    monkeypatch.setattr(TwilioPortingGateway, "create", lambda _self, _own, order: order / order)
    with pytest.raises(TypeError) as caught:
        advance(planted)
    told = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert "PortOrder" in told
    assert leaks([told, repr(now(planted))], account) == []


@pytest.mark.parametrize("breaks", ["seal", "record"])
def test_a_page_that_breaks_shows_none(alice, account, draft, monkeypatch, caplog, breaks):
    """The error page and the log line of a save that broke once the secrets were typed."""

    def broken(*given, **_):
        raise RuntimeError(f"{len(given)} things were given")

    monkeypatch.setattr(f"portal.porting.service.drafting.{breaks}", broken)
    typed = {**SAID, "edits": str(draft.edits), "customer_type": "Business", "name": "Desk"}
    typed |= {"account_number": ACCOUNT_NUMBER, "pin": PIN}
    reply = alice.post("porting.save_carrier", 500, typed, **here(draft))
    assert reply.text_of("h1") == "Something broke on our side"
    assert "things were given" in caplog.text
    assert leaks([str(reply.page), caplog.text], account) == []
