"""No carrier token shows while a brokerage is registered, whatever fails (N-5, PROMISES S10)."""

import logging
import traceback
from datetime import timedelta

import pytest

from portal.core import jobs
from portal.core.db import unit_of_work
from portal.core.jobs import Job
from portal.core.settings import settings
from portal.gateways.twilio_registrations import TwilioRegistrationGateway
from portal.numbers import queries as numbers
from portal.registrations import service as registrations
from portal.registrations.rules.steps import STEPS
from portal.registrations.values import Kind, State, Step
from tests import cast, kept
from tests.numbers.test_sandbox import twin  # noqa: F401 (a fixture)
from tests.registrations.conftest import advance, now, send_in
from tests.registrations.test_sandbox import ready  # noqa: F401 (a fixture)

READS = {Step.PRIMARY, Step.AWAIT_BRAND, Step.AWAIT_CAMPAIGN}
FAILING = [step for step in STEPS[Kind.A2P] if step is not Step.WATCH]


def page(person, known):
    where = {"organization_id": cast.JUNIPER, "registration_id": known.id}
    return str(person.get("registrations.show", **where).page)


def leaks(seen):
    own = numbers.credentials(cast.JUNIPER)
    secrets = [own.auth_token, settings().twilio_auth_token, settings().encryption_keys[0]]
    return [secret for secret in secrets for text in seen if secret in text]


def do_until(known, step):
    """Carry steps out until this one is next."""
    while now(known).step is not step:
        with unit_of_work():
            order = registrations.claim(known.id)
        outcome = registrations.carry_out(order)
        with unit_of_work():
            registrations.settle(order, outcome)


@pytest.mark.parametrize("step", FAILING)
def test_a_failure_at_any_step_shows_no_token(
    browser,
    ready,  # noqa: F811
    twin,  # noqa: F811
    clock,
    redis,
    caplog,
    capsys,
    step,
):
    caplog.set_level(logging.DEBUG)
    sent = send_in(ready)
    do_until(sent, step)
    twin.post("faults", **{"reads" if step in READS else "writes": ["500_before"]})
    known = advance(sent)
    seen = [page(browser(cast.ALICE), known), repr(known), *kept.everything(redis)]
    jobs.ring(Job.ADVANCE_REGISTRATION, known.id)
    seen += kept.everything(redis)
    for _ in range(4):
        if known.state is State.REGISTERED:
            break
        clock.travel(by=timedelta(minutes=20))
        with unit_of_work():
            order = registrations.claim(known.id)
        seen.append(repr(order))
        with unit_of_work():
            registrations.settle(order, registrations.carry_out(order))
        known = advance(known)
    assert known.state is State.REGISTERED
    said = capsys.readouterr()
    seen += [
        page(browser(cast.ALICE), known),
        *kept.everything(redis),
        caplog.text,
        said.out,
        said.err,
    ]
    assert leaks(seen) == []


def test_a_failure_of_our_own_shows_no_token_in_its_traceback(
    ready,  # noqa: F811
    caplog,
    monkeypatch,
):
    monkeypatch.setattr(TwilioRegistrationGateway, "find", lambda _self, who, *_: who / who)
    with pytest.raises(TypeError) as caught:
        advance(send_in(ready))
    told = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert "CarrierCredentials" in told
    assert leaks([told]) == []
