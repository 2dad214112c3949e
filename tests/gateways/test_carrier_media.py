"""Files people sent, fetched from the carrier and from nowhere else (S6, PROMISES 4 row 5)."""

import json
from urllib.parse import quote

import pytest

from portal.core.errors import GatewayBusy, GatewayRejected
from portal.gateways import carrier_media
from portal.gateways.carrier_media import CarrierMedia, media_sid
from portal.gateways.credentials import CarrierCredentials
from tests.gateways.web import PUBLIC, run_web

OURS = CarrierCredentials("AC" + "1" * 32, "quiet-token")
TEXT, FILE = "MM" + "2" * 32, "ME" + "3" * 32
STORE = "https://media.twiliocdn.com"


class Unlocked:
    """TLS that lets everything be heard, for a web on this machine."""

    def wrap_socket(self, plain, server_hostname):
        return plain


@pytest.fixture
def web():
    with run_web() as web:
        yield web


@pytest.fixture
def carrier(web):
    def carrier(says):
        """Give the carrier, which answers as this path of the small web says."""
        serve = web._says
        web._says = lambda path: serve(says if path.startswith("/2010") else path)
        return CarrierMedia(resolve=web.resolve, dial=web.dial, tls=Unlocked())

    return carrier


@pytest.fixture
def fetch(carrier):
    return lambda says: carrier(says).fetch(OURS, TEXT, FILE)


def says(head, body=b""):
    return "/says/" + quote((head.encode() + b"\r\n\r\n" + body).decode("latin-1"))


FOUND = says("HTTP/1.1 200 OK\r\nContent-Length: 7", b"picture")


def to(url):
    return "/to/" + quote(url, safe="")


def test_the_address_is_built_from_the_carriers_names_and_our_token_goes_there_alone(web, fetch):
    assert fetch(to(f"{STORE}{FOUND}")) == b"picture"

    first, second = web.heard
    assert first.startswith(
        f"GET /2010-04-01/Accounts/{OURS.account_sid}/Messages/{TEXT}/Media/{FILE} ".encode()
    )
    assert b"Host: api.twilio.com\r\n" in first
    assert b"Authorization: Basic " in first
    assert b"Host: media.twiliocdn.com\r\n" in second
    assert b"Authorization" not in second
    assert web.asked == [(PUBLIC, 443)] * 2


@pytest.mark.parametrize(
    "place",
    [
        "https://127.0.0.1/x", "http://169.254.169.254/latest/meta-data/", "https://evil.example/x",
        "http://media.twiliocdn.com/x", "https://media.twiliocdn.com:8443/x", "file:///etc/passwd",
        "https://user@media.twiliocdn.com/x", "https://eviltwiliocdn.com/x", "https://[::1]/x",
        "https://media.twiliocdn.com.evil.example/x", "gopher://media.twiliocdn.com/x", "",
    ],
)  # fmt: skip
def test_it_is_sent_on_to_the_carriers_own_hosts_alone(web, fetch, place):
    with pytest.raises(GatewayRejected):
        fetch(to(place))
    assert len(web.heard) == (1 if place else 4)
    assert web.canary_heard == []


def test_a_name_that_leads_inside_is_not_asked(web, fetch):
    web.names["media.twiliocdn.com"] = [PUBLIC, "10.0.0.7"]

    with pytest.raises(GatewayRejected, match="private network"):
        fetch(to(f"{STORE}/x"))
    assert web.canary_heard == []


def listing(body):
    return says(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}", body)


def test_the_files_of_a_text_are_named_in_order(web, carrier):
    """Of a text whose webhook was lost: the list of texts tells how many, this one which."""
    kind = {"sid": FILE, "content_type": "image/jpeg", "uri": "/evil"}
    body = json.dumps({"media_list": [kind] * 12}).encode()
    found = carrier(listing(body)).files_of(OURS, TEXT)
    assert found == [(f"{carrier_media.API}/2010-04-01/Accounts/{OURS.account_sid}/Messages/{TEXT}/Media/{FILE}", "image/jpeg")] * 10  # fmt: skip
    assert f"/Messages/{TEXT}/Media.json ".encode() in web.heard[0]


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b'{"media_list": [1]}', b"null"])
def test_a_list_that_is_none_is_refused(carrier, body):
    with pytest.raises(GatewayRejected, match="can't be read"):
        carrier(listing(body)).files_of(OURS, TEXT)


@pytest.mark.parametrize("status", [404, 410])
def test_what_is_gone_is_gone(fetch, status):
    with pytest.raises(GatewayRejected, match="no more"):
        fetch(says(f"HTTP/1.1 {status} Gone\r\nContent-Length: 0"))


@pytest.mark.parametrize(
    "answer",
    [
        says("HTTP/1.1 503 Busy\r\nContent-Length: 0"),
        says("HTTP/1.1 401 No\r\nContent-Length: 0"),
        says("HTTP/1.1 200 OK\r\nContent-Length: 70", b"broken off"),
        says("SSH-2.0-OpenSSH"),
    ],
    ids=["503", "401", "cut", "no http"],
)
def test_what_may_come_later_is_tried_again(fetch, answer):
    with pytest.raises(GatewayBusy):
        fetch(answer)


def test_more_than_the_carrier_takes_is_not_heard_to_its_end(web, fetch):
    with pytest.raises(GatewayRejected, match="larger"):
        fetch("/large")
    assert web.bytes_sent < carrier_media.MOST_BYTES * 2


@pytest.mark.parametrize(
    ("url", "sid"),
    [
        (f"https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM2/Media/{FILE}", FILE),
        (f"http://127.0.0.1:8001/api/2010-04-01/Accounts/AC1/Messages/MM2/Media/{FILE}.json", FILE),
        ("https://evil.example/x.png", ""),
        (f"https://evil.example/Media/{FILE}/../x", ""),
    ],
)
def test_of_a_webhooks_address_only_the_carriers_name_of_the_file_counts(url, sid):
    assert media_sid(url) == sid
