"""What a failed call about numbers proves: refused, nothing done, or unclear."""

import json

import pytest

from portal.core.errors import GatewayBusy, GatewayError, GatewayRejected, GatewayUnclear
from portal.gateways.carrier_http import CarrierHttpClient
from portal.gateways.credentials import CarrierCredentials
from portal.gateways.numbers import NumberHooks, NumberSearch
from portal.gateways.twilio_client import TwilioClients
from portal.gateways.twilio_numbers import TwilioNumberGateway
from tests.gateways.wire import answers, carrier, http, refusal
from tests.patience import ANSWER_S

CREDENTIALS = CarrierCredentials("AC" + "b" * 32, "secret")
NUMBER = "PN" + "a" * 32


def says(body, status="201 Created"):
    return http(status, json.dumps(body).encode())


@pytest.fixture
def lessor_at(stack):
    def make(twin):
        client = CarrierHttpClient(twin.base, connect_timeout_s=ANSWER_S, read_timeout_s=ANSWER_S)
        stack.callback(client.close)
        return TwilioNumberGateway(TwilioClients(client))

    return make


WRITES = {
    "open": lambda g: g.create_subaccount(CREDENTIALS, "x"),
    "service": lambda g: g.create_service(CREDENTIALS, "x"),
    "configure": lambda g: g.configure_service(CREDENTIALS, "MG" + "a" * 32),
    "add": lambda g: g.add_to_service(CREDENTIALS, "MG" + "a" * 32, "PN" + "a" * 32),
    "buy": lambda g: g.buy(CREDENTIALS, "+13125550160", name="x", hooks=NumberHooks("")),
    "webhooks": lambda g: g.set_webhooks(
        CREDENTIALS, "PN" + "a" * 32, name="x", hooks=NumberHooks("")
    ),
    "release": lambda g: g.release(CREDENTIALS, "PN" + "a" * 32),
}
READS = {
    "subaccount": lambda g: g.find_subaccount(CREDENTIALS, "x"),
    "service": lambda g: g.find_service(CREDENTIALS, "x"),
    "search": lambda g: g.search(CREDENTIALS, NumberSearch()),
    "owned": lambda g: g.find_owned(CREDENTIALS, "+13125550160"),
    "number": lambda g: g.fetch_owned(CREDENTIALS, NUMBER),
}


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (refusal("400 Bad Request", 21422), GatewayRejected),
        (refusal("429 Too Many Requests", 20429), GatewayBusy),
        (refusal("500 Internal Server Error", 20500), GatewayUnclear),
        (http("400 Bad Request", b"<h1>no</h1>"), GatewayUnclear),
        (http("302 Found", b"", "Location: /"), GatewayUnclear),
    ],
)
def test_a_change_that_failed_is_unclear_unless_it_is_proven(lessor_at, write, reply, error):
    with carrier(answers(reply)) as twin, pytest.raises(error):
        WRITES[write](lessor_at(twin))
    assert len(twin.requests) == 1


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (refusal("401 Unauthorized", 20003), GatewayRejected),
        (http("401 Unauthorized", b""), GatewayRejected),
        (refusal("429 Too Many Requests", 20429), GatewayBusy),
        (refusal("500 Internal Server Error", 20500), GatewayBusy),
        (http("200 OK", b"garbage"), GatewayBusy),
        (says([1], "200 OK"), GatewayBusy),
    ],
)
def test_a_look_up_that_failed_may_be_repeated(lessor_at, read, reply, error):
    with carrier(answers(reply)) as twin, pytest.raises(error):
        READS[read](lessor_at(twin))


@pytest.mark.parametrize(
    ("write", "body", "error"),
    [
        ("open", {"sid": "AC1", "auth_token": "t"}, GatewayUnclear),
        ("open", {}, GatewayUnclear),
        ("service", {"sid": None}, GatewayUnclear),
        ("buy", {"phone_number": "+13125550160"}, GatewayUnclear),
    ],
)
def test_an_answer_without_a_sid_is_unclear(lessor_at, write, body, error):
    with carrier(answers(says(body))) as twin, pytest.raises(error):
        WRITES[write](lessor_at(twin))


def test_a_subaccount_needs_its_token(lessor_at):
    account = {"sid": "AC" + "c" * 32, "friendly_name": "x", "auth_token": ""}
    with carrier(answers(says({"accounts": [account]}, "200 OK"))) as twin:
        with pytest.raises(GatewayBusy, match="token"):
            lessor_at(twin).find_subaccount(CREDENTIALS, "x")


def test_only_a_subaccount_of_exactly_that_name_is_taken(lessor_at):
    account = {"sid": "AC" + "c" * 32, "friendly_name": "x y", "auth_token": "t"}
    with carrier(answers(says({"accounts": [account]}, "200 OK"))) as twin:
        assert lessor_at(twin).find_subaccount(CREDENTIALS, "x") is None


def _account(status, sid=CREDENTIALS.account_sid):
    return says({"sid": sid, "status": status}, "200 OK")


MISSING = refusal("404 Not Found", 20404)


def test_a_number_is_gone_only_where_its_own_account_says_so(lessor_at):
    with carrier(answers(MISSING, _account("active"))) as twin:
        assert lessor_at(twin).fetch_owned(CREDENTIALS, NUMBER) is None
    number, account = twin.requests
    assert (
        f"/Accounts/{CREDENTIALS.account_sid}/IncomingPhoneNumbers/{NUMBER}.json".encode() in number
    )
    assert f"/Accounts/{CREDENTIALS.account_sid}.json".encode() in account


@pytest.mark.parametrize(
    ("replies", "error"),
    [
        ([http("404 Not Found", b"<h1>no such page</h1>")], GatewayBusy),
        ([refusal("404 Not Found", 21613)], GatewayRejected),
        ([MISSING, _account("suspended")], GatewayBusy),
        ([MISSING, _account("closed")], GatewayBusy),
        ([MISSING, _account("active", "AC" + "9" * 32)], GatewayBusy),
        ([MISSING, MISSING], GatewayRejected),
        ([MISSING, refusal("401 Unauthorized", 20003)], GatewayRejected),
        ([MISSING, http("200 OK", b"garbage")], GatewayBusy),
        ([says({"sid": None}, "200 OK")], GatewayError),
    ],
)
def test_what_is_no_proof_that_a_number_is_gone_is_an_error(lessor_at, replies, error):
    with carrier(answers(*replies)) as twin, pytest.raises(error):
        lessor_at(twin).fetch_owned(CREDENTIALS, NUMBER)
