"""Our gateways against the carrier's twin, over HTTP (X-2): texts, lists and numbers."""

import time
from datetime import timedelta

import pytest

from portal.core import clock
from portal.core.errors import GatewayBusy, GatewayRejected
from portal.gateways import carrier, numbers, sms
from portal.gateways.carrier_http import CarrierHttpClient
from portal.gateways.credentials import CarrierCredentials
from portal.gateways.numbers import NumberHooks, NumberSearch
from portal.gateways.sms import Verdict
from portal.gateways.twilio_client import TwilioClients
from portal.gateways.twilio_numbers import TwilioNumberGateway
from portal.gateways.twilio_sms import TwilioSmsGateway
from tests.gateways.wire import answers, refusal, text
from tests.gateways.wire import carrier as wire_carrier
from tests.patience import ANSWER_S
from tests.sandbox.server import run_sandbox

SMS_URL = "http://127.0.0.1:9/webhooks/twilio/sms#rc=5&rp=all&ct=3000&rt=8000"


@pytest.fixture(scope="module")
def _running(tmp_path_factory):
    with run_sandbox(tmp_path_factory.mktemp("sandbox") / "state") as running:
        yield running


@pytest.fixture
def sandbox(_running):
    _running.reset()
    return _running


@pytest.fixture
def clients(sandbox):
    http = CarrierHttpClient(sandbox.base_url, read_timeout_s=ANSWER_S)
    yield TwilioClients(http)
    http.close()


@pytest.fixture
def parent(sandbox):
    return CarrierCredentials(sandbox.sid, sandbox.token)


@pytest.fixture
def texts(clients):
    return TwilioSmsGateway(clients)


@pytest.fixture
def lessor(clients):
    return TwilioNumberGateway(clients)


@pytest.fixture
def sender(lessor, parent):
    return lessor.buy(
        parent, "+13125550160", name="Front desk", hooks=NumberHooks("http://127.0.0.1:9/#rc=0")
    )


@pytest.fixture
def outgoing(parent, sender):
    def make(**changes):
        return text(
            account_sid=parent.account_sid,
            auth_token=parent.auth_token,
            from_number=sender.e164,
            service_sid=None,
            **changes,
        )

    return make


def send(gateway, outgoing):
    return gateway.send(outgoing, time.monotonic() + ANSWER_S)


def test_a_text_is_accepted_and_found(texts, outgoing, parent):
    since = clock.utcnow() - timedelta(minutes=2)
    outcome = send(texts, outgoing(body="Still for sale 🏡"))
    assert outcome.verdict is Verdict.ACCEPTED
    [found] = texts.find(parent, "+12025550143", since)
    assert (found.sid, found.body, found.direction) == (
        outcome.sid,
        "Still for sale 🏡",
        "outbound-api",
    )
    assert texts.find(parent, "+12025550143", clock.utcnow() + timedelta(hours=1)) == []
    assert texts.find(parent, "+12025550144", since) == []
    assert texts.fetch(parent, outcome.sid).to == "+12025550143"
    assert texts.fetch(parent, "SM" + "0" * 32) is None


def test_texts_received_are_listed(texts, sandbox, sender, parent):
    since = clock.utcnow() - timedelta(minutes=2)
    sandbox.says("+12025550143", sender.e164, "Is it still available?")
    [received] = texts.inbound_since(parent, since)
    assert (received.from_number, received.to, received.body) == (
        "+12025550143",
        sender.e164,
        "Is it still available?",
    )


@pytest.mark.parametrize(
    ("fault", "verdict", "taken"),
    [
        ("ok", Verdict.ACCEPTED, 1),
        ("429", Verdict.NOT_SENT, 0),
        ("500_before", Verdict.UNKNOWN, 0),
        ("500_after", Verdict.UNKNOWN, 1),
        ("503_before", Verdict.UNKNOWN, 0),
        ("reset_before", Verdict.UNKNOWN, 0),
        ("reset_after", Verdict.UNKNOWN, 1),
        ("truncated_after", Verdict.UNKNOWN, 1),
        ("garbage_before", Verdict.UNKNOWN, 0),
        ("garbage_after", Verdict.UNKNOWN, 1),
    ],
)
def test_the_twins_weather_has_the_tabled_verdicts(
    texts, outgoing, sandbox, parent, fault, verdict, taken
):
    sandbox.plan(fault)
    assert send(texts, outgoing()).verdict is verdict
    since = clock.utcnow() - timedelta(minutes=2)
    assert len(texts.find(parent, "+12025550143", since)) == taken


def test_long_lists_are_read_page_by_page(texts, outgoing, parent, monkeypatch):
    monkeypatch.setattr("portal.gateways.twilio_sms.PAGE_SIZE", 2)
    since = clock.utcnow() - timedelta(minutes=2)
    sent = [send(texts, outgoing(body=f"Text {n}")).sid for n in range(5)]
    assert {t.sid for t in texts.find(parent, "+12025550143", since)} == set(sent)
    monkeypatch.setattr("portal.gateways.twilio_sms.FIND_PAGES", 1)
    assert len(texts.find(parent, "+12025550143", since)) == 2
    monkeypatch.setattr("portal.gateways.twilio_sms.LIST_PAGES", 1)
    with pytest.raises(GatewayBusy, match="more than 1 pages"):
        texts.inbound_since(parent, since)


def test_a_list_that_fails_is_told_from_an_empty_one(texts, sandbox, parent):
    sandbox.turn(rate_read_error=1.0)
    with pytest.raises(GatewayBusy):
        texts.find(parent, "+12025550143", clock.utcnow())
    with pytest.raises(GatewayBusy):
        texts.fetch(parent, "SM" + "0" * 32)


def test_wrong_credentials_are_refused_with_their_code(texts, parent):
    wrong = CarrierCredentials(parent.account_sid, "f" * 32)
    with pytest.raises(GatewayRejected) as caught:
        texts.find(wrong, "+12025550143", clock.utcnow())
    assert (caught.value.code, caught.value.status) == (20003, 401)


def test_a_number_is_set_up_from_nothing(lessor, texts, parent, clients):
    """N-1, RULINGS 14, all calls in their order."""
    name = "ConsentDesk 5f0c"
    assert lessor.find_subaccount(parent, name) is None
    opened = lessor.create_subaccount(parent, name)
    assert lessor.find_subaccount(parent, name) == opened != parent

    assert lessor.find_service(opened, name) is None
    service = lessor.create_service(opened, name)
    assert lessor.find_service(opened, name) == service
    lessor.configure_service(opened, service)
    settings = clients.of(opened).messaging.v1.services(service).fetch()
    assert (settings.smart_encoding, settings.use_inbound_webhook_on_number) == (False, True)

    [first, *_] = lessor.search(opened, NumberSearch(area_code="312"))
    assert first.e164.startswith("+1312")
    assert (first.region, first.capabilities.sms) == ("IL", True)
    assert lessor.find_owned(opened, first.e164) is None
    bought = lessor.buy(opened, first.e164, name="Northside", hooks=NumberHooks(SMS_URL))
    assert lessor.find_owned(opened, first.e164) == bought
    assert lessor.fetch_owned(opened, bought.sid) == bought
    assert (bought.name, bought.sms_url, bought.capabilities.sms) == ("Northside", SMS_URL, True)
    lessor.add_to_service(opened, service, bought.sid)
    lessor.add_to_service(opened, service, bought.sid)  # already there: fine

    lessor.set_webhooks(opened, bought.sid, name="Southside", hooks=NumberHooks(SMS_URL))
    assert lessor.find_owned(opened, first.e164).name == "Southside"

    outcome = send(
        texts,
        text(
            account_sid=opened.account_sid,
            auth_token=opened.auth_token,
            from_number=first.e164,
            service_sid=service,
        ),
    )
    assert outcome.verdict is Verdict.ACCEPTED

    lessor.release(opened, bought.sid)
    lessor.release(opened, bought.sid)  # gone already: fine
    assert lessor.find_owned(opened, first.e164) is None
    assert lessor.fetch_owned(opened, bought.sid) is None


@pytest.mark.parametrize(
    ("wanted", "holds"),
    [
        (NumberSearch(area_code="512"), lambda n: n.e164.startswith("+1512")),
        (NumberSearch(state="TX"), lambda n: n.region == "TX"),
        (NumberSearch(city="Austin", state="TX"), lambda n: n.locality == "Austin"),
        (NumberSearch(area_code="312", digits="0177"), lambda n: "0177" in n.e164),
    ],
)
def test_numbers_are_found_by_what_is_asked(lessor, parent, wanted, holds):
    """N-1: area code, city and state, digits contained."""
    found = lessor.search(parent, wanted)
    assert found
    assert all(holds(number) for number in found)
    assert len(found) <= 20


def test_the_same_number_is_not_bought_twice(lessor, parent, sender):
    with pytest.raises(GatewayRejected) as caught:
        lessor.buy(parent, sender.e164, name="Again", hooks=NumberHooks(SMS_URL))
    assert caught.value.code == 21422


def test_a_carrier_that_is_away_did_nothing(parent):
    away = TwilioNumberGateway(TwilioClients(CarrierHttpClient("http://127.0.0.1:9")))
    for call in (
        lambda: away.search(parent, NumberSearch()),
        lambda: away.create_subaccount(parent, "x"),
        lambda: away.buy(parent, "+13125550160", name="x", hooks=NumberHooks(SMS_URL)),
    ):
        with pytest.raises(GatewayBusy):
            call()


def test_refusals_of_lists_keep_their_code(parent):
    with wire_carrier(answers(refusal("403 Forbidden", 20005))) as twin:
        http = CarrierHttpClient(twin.base)
        with pytest.raises(GatewayRejected) as caught:
            TwilioNumberGateway(TwilioClients(http)).search(parent, NumberSearch())
        http.close()
    assert (caught.value.code, caught.value.status) == (20005, 403)


def test_both_gateways_are_put_in_place(sandbox, monkeypatch):
    monkeypatch.setattr(sms, "_in_use", None)
    monkeypatch.setattr(numbers, "_in_use", None)
    for module in (sms, numbers):
        with pytest.raises(RuntimeError):
            module.current()
    carrier.connect(sandbox.base_url)
    assert isinstance(sms.current(), TwilioSmsGateway)
    assert isinstance(numbers.current(), TwilioNumberGateway)
