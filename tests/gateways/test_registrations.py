"""What a failed call about a registration proves: refused, nothing done, or unclear (N-5)."""

import json

import pytest

from portal.core.errors import GatewayBusy, GatewayRejected, GatewayUnclear
from portal.gateways.carrier_http import CarrierHttpClient
from portal.gateways.credentials import CarrierCredentials
from portal.gateways.registrations import Decision, Thing
from portal.gateways.twilio_client import TwilioClients
from portal.gateways.twilio_registrations import TwilioRegistrationGateway
from tests.gateways.wire import answers, carrier, http, refusal
from tests.patience import ANSWER_S
from tests.sandbox.test_registrations import business, campaign, verification

CREDENTIALS = CarrierCredentials("AC" + "b" * 32, "secret")
BU, BN, MG, PN = (prefix + "a" * 32 for prefix in ("BU", "BN", "MG", "PN"))


def says(body, status="200 OK"):
    return http(status, json.dumps(body).encode())


@pytest.fixture
def registrar_at(stack):
    def make(twin):
        client = CarrierHttpClient(twin.base, connect_timeout_s=ANSWER_S, read_timeout_s=ANSWER_S)
        stack.callback(client.close)
        return TwilioRegistrationGateway(TwilioClients(client))

    return make


WRITES = {
    "profile": lambda g: g.create(CREDENTIALS, Thing.PROFILE, "x", business(), ""),
    "part": lambda g: g.create(CREDENTIALS, Thing.BUSINESS, "x", business(), ""),
    "address": lambda g: g.create(CREDENTIALS, Thing.ADDRESS, "x", business(), ""),
    "update": lambda g: g.update(CREDENTIALS, Thing.BUSINESS, "IT" + "a" * 32, business()),
    "brand": lambda g: g.create_brand(CREDENTIALS, BU, BU, is_low_volume=True),
    "campaign": lambda g: g.create_campaign(CREDENTIALS, MG, BN, campaign()),
    "verification": lambda g: g.create_verification(CREDENTIALS, PN, verification()),
}
READS = {
    "primary": lambda g: g.primary_profile(CREDENTIALS),
    "find": lambda g: g.find(CREDENTIALS, Thing.BUSINESS, "x"),
    "bundle": lambda g: g.bundle(CREDENTIALS, Thing.PROFILE, BU),
    "brand": lambda g: g.brand(CREDENTIALS, BN),
    "find brand": lambda g: g.find_brand(CREDENTIALS, BU),
    "campaign": lambda g: g.campaign(CREDENTIALS, MG, "QE" + "a" * 32),
    "find campaign": lambda g: g.find_campaign(CREDENTIALS, MG),
    "verification": lambda g: g.verification(CREDENTIALS, "HH" + "a" * 32),
    "find verification": lambda g: g.find_verification(CREDENTIALS, PN),
}


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (refusal("400 Bad Request", 20001), GatewayRejected),
        (refusal("429 Too Many Requests", 20429), GatewayBusy),
        (refusal("500 Internal Server Error", 20500), GatewayUnclear),
    ],
)
def test_what_was_sent_in_is_unclear_unless_it_is_proven(registrar_at, write, reply, error):
    with carrier(answers(reply)) as twin, pytest.raises(error):
        WRITES[write](registrar_at(twin))
    assert len(twin.requests) == 1


@pytest.mark.parametrize("write", sorted(set(WRITES) - {"update"}))
def test_an_answer_without_a_sid_is_unclear(registrar_at, write):
    with carrier(answers(says({}, "201 Created"))) as twin, pytest.raises(GatewayUnclear):
        WRITES[write](registrar_at(twin))


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (refusal("401 Unauthorized", 20003), GatewayRejected),
        (refusal("500 Internal Server Error", 20500), GatewayBusy),
        (http("200 OK", b"garbage"), GatewayBusy),
    ],
)
def test_a_look_up_that_failed_may_be_repeated(registrar_at, read, reply, error):
    with carrier(answers(reply)) as twin, pytest.raises(error):
        READS[read](registrar_at(twin))


def test_no_state_of_a_brand_is_unknown_to_us(registrar_at):
    """FACTS 1.10: every published status ends as one of ours."""
    words = {
        "PENDING": Decision.PENDING,
        "IN_REVIEW": Decision.PENDING,
        "APPROVED": Decision.APPROVED,
        "FAILED": Decision.REJECTED,
        "SUSPENDED": Decision.SUSPENDED,
        "DELETION_PENDING": Decision.PENDING,
        "DELETION_FAILED": Decision.PENDING,
    }
    for word, decision in words.items():
        with carrier(answers(says({"sid": BN, "status": word}))) as twin:
            assert registrar_at(twin).brand(CREDENTIALS, BN).decision is decision


def test_a_brand_of_the_russell_3000_has_the_highest_tier(registrar_at):
    said = {"sid": BN, "status": "APPROVED", "russell_3000": True, "brand_score": None}
    with carrier(answers(says(said))) as twin:
        assert registrar_at(twin).brand(CREDENTIALS, BN).score == 100
