"""Porting at the twin, through the portal's own gateway (N-3, X-2)."""

import json
from datetime import date, timedelta

import pytest

from portal.core.clock import utcnow
from portal.core.errors import GatewayRejected
from portal.gateways.carrier_http import CarrierHttpClient
from portal.gateways.credentials import CarrierCredentials
from portal.gateways.porting import Losing, PortOrder, PortStatus
from portal.gateways.signature import is_genuine_json
from portal.gateways.twilio_client import TwilioClients
from portal.gateways.twilio_porting import TwilioPortingGateway
from portal.sandbox.porting import REJECTED, UNPORTABLE

E164 = "+13125550142"


@pytest.fixture
def gateway(sandbox):
    http = CarrierHttpClient(sandbox.base_url)
    yield TwilioPortingGateway(TwilioClients(http))
    http.close()


@pytest.fixture
def own(sandbox):
    return CarrierCredentials(sandbox.sid, sandbox.token)


def order(gateway, own, *, account="884120", e164=E164, days=7, document=None):
    sid = document or gateway.upload(
        own, file_name="b.pdf", media_type="application/pdf", content=b"%PDF-1.4"
    )
    losing = Losing(
        "Business", "Juniper Realty LLC", account, "", "214 Wells St", "", "Chicago", "IL",
        "60606", "Alice Moreno", "alice@juniper.example",
    )  # fmt: skip
    return PortOrder(e164, "", losing, sid, utcnow().date() + timedelta(days=days))


@pytest.mark.parametrize("magic", UNPORTABLE, ids=lambda m: m.given)
def test_last_digits_say_whether_a_number_can_move(gateway, own, magic):
    found = gateway.check(own, f"+1312555{magic.given}")
    assert (found.is_portable, found.code, found.reason) == (False, magic.code, magic.reason)
    assert gateway.check(own, E164).is_portable
    assert gateway.check(own, "+13125550194").needs_pin


def test_a_request_goes_its_way_over_time_and_says_so(gateway, own, sandbox, ear, clock):
    gateway.listen(own, f"{ear.url}/porting")
    sandbox.turn(port_seconds=3600)
    asked = order(gateway, own)
    sid = gateway.create(own, asked)
    seen = []
    for _ in range(5):
        seen.append(gateway.news(own, sid, E164))
        clock.travel(by=timedelta(hours=1))
    assert [news.status for news in seen] == [
        PortStatus.IN_REVIEW,
        PortStatus.WAITING_FOR_SIGNATURE,
        PortStatus.IN_PROGRESS,
        PortStatus.IN_PROGRESS,
        PortStatus.COMPLETED,
    ]
    assert [news.port_date for news in seen] == [None, None, None, asked.on, asked.on]
    assert seen[1].signature_url
    assert [n.phone_number for n in sandbox.client().incoming_phone_numbers.list()] == [E164]
    sandbox.flush()
    assert len(ear.heard) == 4


def test_news_is_signed_by_its_address_and_body(gateway, own, sandbox, ear, monkeypatch):
    gateway.listen(own, f"{ear.url}/porting")
    gateway.create(own, order(gateway, own))
    sandbox.flush()
    heard = ear.heard[0]
    assert "bodySHA256=" in heard["path"]
    assert heard["headers"]["Content-Type"] == "application/json"
    signature = heard["headers"]["X-Twilio-Signature"]
    url = f"{ear.url}{heard['path']}"
    body = json.dumps(
        {"port_in_request_sid": gateway.find(own, E164, since=date(2020, 1, 1), other_than=()),
         "phone_number": E164, "part": 1}
    ).encode()  # fmt: skip
    assert is_genuine_json(url, body, signature, [sandbox.token])
    assert not is_genuine_json(url, body + b" ", signature, [sandbox.token])
    assert not is_genuine_json(url.partition("?")[0], body, signature, [sandbox.token])


@pytest.mark.parametrize("magic", REJECTED, ids=lambda m: m.given)
def test_the_old_account_decides_how_a_request_ends(gateway, own, magic):
    sid = gateway.create(own, order(gateway, own, account=f"88{magic.given}"))
    news = gateway.news(own, sid, E164)
    ends = {
        "rejected": PortStatus.ACTION_REQUIRED,
        "unsigned": PortStatus.EXPIRED,
        "canceled": PortStatus.CANCELED,
    }
    assert (news.status, news.reason) == (ends[magic.ends], magic.reason)


def test_one_number_is_in_one_open_request(gateway, own, sandbox):
    sandbox.turn(port_seconds=3600)
    first = gateway.create(own, order(gateway, own))
    with pytest.raises(GatewayRejected) as refused:
        gateway.create(own, order(gateway, own))
    assert refused.value.code == 22137
    since = utcnow().date() - timedelta(days=1)
    assert gateway.find(own, E164, since=since, other_than=()) == first
    assert gateway.find(own, E164, since=since, other_than=[first]) is None
    gateway.cancel(own, first)
    gateway.cancel(own, first)
    gateway.cancel(own, "KW" + "0" * 32)  # gone already
    assert gateway.find(own, E164, since=since, other_than=()) is None
    assert gateway.news(own, first, E164).status is PortStatus.CANCELED
    assert gateway.create(own, order(gateway, own)) != first


@pytest.mark.parametrize("changes", [{"days": 6}, {"document": "RD0"}, {"e164": "+13125550194"}])
def test_what_twilio_would_not_take_is_refused(gateway, own, changes):
    with pytest.raises(GatewayRejected):
        gateway.create(own, order(gateway, own, **changes))


def test_a_bill_is_a_pdf_or_a_picture(gateway, own):
    with pytest.raises(GatewayRejected):
        gateway.upload(own, file_name="b.txt", media_type="text/plain", content=b"Hi")


def test_a_number_another_carrier_takes_is_told_of(gateway, own, sandbox, ear):
    gateway.create(own, order(gateway, own))
    assert gateway.check(own, E164).reason == "ALREADY_IN_ONE_OF_YOUR_TWILIO_ACCOUNTS"
    gateway.listen(own, f"{ear.url}/porting")
    assert sandbox.post("port-out", number=E164) == {"ok": True}
    sandbox.flush()
    assert len(ear.heard) == 1
    assert sandbox.client().incoming_phone_numbers.list() == []


def test_a_number_that_moved_can_not_be_called_off(gateway, own):
    sid = gateway.create(own, order(gateway, own))
    with pytest.raises(GatewayRejected):
        gateway.cancel(own, sid)
