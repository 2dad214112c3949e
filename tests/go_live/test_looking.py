"""Each look by the real client: the carrier's twin over HTTP, a mail server over a socket (X-1)."""

from contextlib import contextmanager
from dataclasses import replace
from email.headerregistry import Address

import pytest

from portal.core import audit, checkpoints
from portal.core import settings as settings_module
from portal.core.audit import INSTALLATION, SYSTEM
from portal.core.db import db, unit_of_work
from portal.gateways import email, numbers
from portal.gateways.carrier_http import CarrierHttpClient
from portal.gateways.email import FakeEmail, SmtpEmail, Tried, Verdict
from portal.gateways.numbers import FakeNumberGateway
from portal.gateways.twilio_client import TwilioClients
from portal.gateways.twilio_numbers import TwilioNumberGateway
from portal.go_live import queries
from portal.go_live.service import looking
from portal.numbers import queries as number_queries
from portal.numbers import service as number_service
from tests import cast
from tests.factories.numbers import make_carrier_account, make_sender
from tests.gateways.post_office import post_office
from tests.sandbox.server import run_sandbox
from workers.audit import make_checkpoints


@pytest.fixture(scope="module")
def _running(tmp_path_factory):
    with run_sandbox(tmp_path_factory.mktemp("sandbox") / "state") as running:
        yield running


@pytest.fixture
def reached_at(app, settings):
    """Let the real gateway for numbers speak to an address, over HTTP."""
    before, clients = numbers.current(), []

    def reach(base):
        client = CarrierHttpClient(base)
        clients.append(client)
        numbers.use(TwilioNumberGateway(TwilioClients(client)))

    yield reach
    for client in clients:
        client.close()
    numbers.use(before)
    settings_module.use(settings)


@pytest.fixture
def sandbox(_running, reached_at):
    """The carrier's twin, spoken to as real credentials would be, without sandbox mode."""
    _running.reset()
    reached_at(_running.base_url)
    return _running


def _use(settings, **changes):
    settings_module.use(replace(settings, is_sandbox=False, **changes))


def test_the_account_as_it_should_be(sandbox, settings):
    _use(settings, twilio_account_sid=sandbox.sid, twilio_auth_token=sandbox.token)
    answer = looking.look_at_account()
    assert (answer.status, answer.problem, answer.is_reached) == ("active", "", True)


def test_a_wrong_token_is_said_plainly(sandbox, settings):
    _use(settings, twilio_account_sid=sandbox.sid, twilio_auth_token="f" * 32)
    answer = looking.look_at_account()
    assert answer.problem == "Twilio does not accept the account SID or the token."
    assert answer.is_reached


def test_a_token_of_another_account_is_no_ones(sandbox, settings):
    _use(settings, twilio_account_sid="AC" + "9" * 32, twilio_auth_token=sandbox.token)
    assert "does not accept" in looking.look_at_account().problem


def test_a_carrier_that_does_not_answer_is_no_wrong_token(reached_at):
    reached_at("http://127.0.0.1:1")
    answer = looking.look_at_account()
    assert (answer.problem, answer.is_reached) == ("The carrier did not answer.", False)


def test_a_suspended_sub_account_is_told_from_a_wrong_token(sandbox, northside):
    twilio = sandbox.client()
    own = twilio.api.v2010.accounts.create(friendly_name="Juniper")
    make_carrier_account(cast.JUNIPER, own.sid, own.auth_token)
    assert looking.look_at_organization(cast.JUNIPER).status == "active"
    twilio.api.v2010.accounts(own.sid).update(status="suspended")
    answer = looking.look_at_organization(cast.JUNIPER)
    assert "suspended" in f"{answer.status} {answer.problem}"
    assert "token" not in answer.problem


def test_a_token_that_was_changed_is_an_organizations_own(sandbox):
    own = sandbox.client().api.v2010.accounts.create(friendly_name="Juniper")
    make_carrier_account(cast.JUNIPER, own.sid, "e" * 32)
    answer = looking.look_at_organization(cast.JUNIPER)
    assert answer.problem == (
        "Twilio no longer accepts the saved token: it was changed or revoked."
    )


@pytest.fixture
def lessor(app):
    fake, before = FakeNumberGateway(), numbers.current()
    numbers.use(fake)
    yield fake
    numbers.use(before)


def test_numbers_that_lead_elsewhere_are_counted(lessor, northside):
    make_carrier_account(cast.JUNIPER)
    sender = make_sender(northside, "+13125550171")
    lessor.owned[sender.e164] = numbers.Owned(
        sender.carrier_sid or "PN1",
        sender.e164,
        "x",
        number_service.our_hooks(),
        numbers.NO_CAPABILITIES,
    )
    assert looking.look_at_organization(cast.JUNIPER).strays == 0
    lessor.owned[sender.e164] = replace(
        lessor.owned[sender.e164], hooks=numbers.NumberHooks("https://old.example/sms")
    )
    assert looking.look_at_organization(cast.JUNIPER).strays == 1
    lessor.suspended.add(number_queries.carrier_account_sid(cast.JUNIPER))
    assert looking.look_at_organization(cast.JUNIPER).status == "suspended"


@contextmanager
def _mailing(answers=None, **login):
    with post_office(answers) as office:
        sender = Address("ConsentDesk", addr_spec="texts@juniper.com")
        email.use(SmtpEmail(office.server(**login), sender))
        try:
            yield office
        finally:
            email.use(None)


def test_the_mail_server_is_greeted_and_handed_nothing():
    with _mailing(username="pat", password="secret") as office:
        assert looking.look_at_mail().problem == ""
    assert [line.split(" ")[0].upper() for line in office.said] == ["EHLO", "AUTH", "NOOP", "QUIT"]
    assert office.mails == []


def test_a_mail_server_that_refuses_the_password_says_so():
    with _mailing({"AUTH": "535 no"}, username="pat", password="wrong"):
        problem = looking.look_at_mail().problem
    assert problem == "The mail server refused user and password. Check SMTP_URL."


def test_a_mail_server_that_is_away_says_so(app):
    email.use(SmtpEmail(email.SmtpServer("127.0.0.1", 1, None, None, "none"), Address("x")))
    try:
        assert "could not be reached" in looking.look_at_mail().problem
    finally:
        email.use(None)


def test_a_fake_mail_server_answers_a_greeting_as_it_is_told():
    fake = FakeEmail()
    fake.answers.append(Tried(Verdict.LATER, "away"))
    assert [fake.greet().error, fake.greet().error] == ["away", None]


def test_the_log_is_held_against_its_checkpoints(app, clock):
    with unit_of_work():
        audit.record("x:y:z", actor=SYSTEM, organization_id=None)
    assert looking.look_at_log().problem == ""
    clock.travel(by=looking.SIGNED_WITHIN * 2)
    assert "no signed checkpoint for more than two hours" in looking.look_at_log().problem
    make_checkpoints()
    assert looking.look_at_log().problem == ""
    with unit_of_work():
        audit.record("x:y:z", actor=SYSTEM, organization_id=None)
    assert looking.look_at_log().problem == "", "what is fresh waits for the next hour"
    assert checkpoints.newest(INSTALLATION) is not None


def test_only_what_there_is_to_look_at_is_looked_at(app):
    assert [name for name, _ in looking.looks()] == [queries.LOG, queries.ACCOUNT]
    make_carrier_account(cast.JUNIPER)
    email.use(FakeEmail())
    try:
        names = [name for name, _ in looking.looks()]
    finally:
        email.use(None)
    assert names == [queries.LOG, queries.ACCOUNT, queries.MAIL, queries.of(cast.JUNIPER)]
    db.session.rollback()
