"""Before the first byte nothing is sent (PROMISES 2.5), and what lies under the texts."""

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import urllib3

from portal.core.errors import GatewayBusy
from portal.gateways import twilio_sms
from portal.gateways.carrier_http import CarrierHttpClient
from portal.gateways.sms import Verdict
from tests.gateways.wire import (
    GOOD,
    answers,
    carrier,
    certificate,
    http,
    read_request,
    reset,
    send,
    text,
)
from tests.patience import PROCESS_S

ACCEPTED, NOT_SENT, REJECTED, UNKNOWN = Verdict


@pytest.fixture
def dead(stack):
    """Where nobody answers: the queue of a listener is full, the kernel drops what comes."""
    listener = stack.enter_context(socket.socket())
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    for _ in range(3):
        waiting = stack.enter_context(socket.socket())
        waiting.setblocking(False)
        waiting.connect_ex(listener.getsockname())
    return listener.getsockname()


def test_a_closed_port_is_not_sent(gateway_to):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert send(gateway_to(f"http://127.0.0.1:{port}")).verdict is NOT_SENT


def test_an_unknown_name_is_not_sent(gateway_to, monkeypatch):
    def fail(*_args, **_kwargs):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    outcome = send(gateway_to("http://carrier.invalid"))
    assert outcome.verdict is NOT_SENT
    assert "NameResolutionError" in outcome.detail


def test_no_answer_to_a_connection_is_not_sent(gateway_to, dead):
    outcome = send(gateway_to(f"http://127.0.0.1:{dead[1]}", connect_timeout_s=0.1))
    assert outcome.verdict is NOT_SENT
    assert "ConnectTimeoutError" in outcome.detail


def test_no_route_is_not_sent(gateway_to, monkeypatch):
    def fail(*_args, **_kwargs):
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(socket.socket, "connect", fail)
    outcome = send(gateway_to("http://127.0.0.1:9"))
    assert (outcome.verdict, "NewConnectionError" in outcome.detail) == (NOT_SENT, True)


def tls_alert(connection, twin):
    connection.recv(4096)
    connection.sendall(b"\x15\x03\x03\x00\x02\x02\x28")


def plain_http(connection, twin):
    connection.recv(4096)
    connection.sendall(http("400 Bad Request", b""))


def closes_in_handshake(connection, twin):
    connection.recv(4096)


def resets_in_handshake(connection, twin):
    connection.recv(4096)
    reset(connection)


def hangs_in_handshake(connection, twin):
    connection.recv(4096)
    connection.recv(4096)


@pytest.mark.parametrize(
    "act",
    [tls_alert, plain_http, closes_in_handshake, resets_in_handshake, hangs_in_handshake],
)
def test_a_failed_handshake_is_not_sent(gateway_to, act):
    with carrier(act) as twin:
        gateway = gateway_to(twin.base.replace("http:", "https:"), connect_timeout_s=0.1)
        outcome = send(gateway)
    assert (outcome.verdict, twin.requests) == (NOT_SENT, [])


def test_a_certificate_nobody_vouches_for_is_not_sent_and_raises_an_alarm(
    gateway_to, tmp_path, caplog
):
    server, _ = certificate(tmp_path)
    with carrier(answers(http("201 Created", GOOD)), tls=server) as twin:
        outcome = send(gateway_to(twin.base))
    assert (outcome.verdict, twin.requests) == (NOT_SENT, [])
    assert "TLS with the carrier failed" in caplog.text


def test_a_text_over_tls_is_accepted(gateway_to, tmp_path):
    server, client = certificate(tmp_path)
    with carrier(answers(http("201 Created", GOOD)), tls=server) as twin:
        gateway = gateway_to(twin.base, tls=client)
        outcomes = [send(gateway) for _ in range(3)]
        gateway._clients.http.close()
    assert {outcome.verdict for outcome in outcomes} == {ACCEPTED}
    assert twin.connections == 1


def test_the_deadline_is_kept_before_the_first_byte(gateway_to):
    """PROMISES 2.3: a worker that was paused after its gate must not send late."""
    with carrier(answers(http("201 Created", GOOD))) as twin:
        gateway = gateway_to(twin.base)
        outcome = send(gateway, seconds=-0.001)
        assert (outcome.verdict, twin.requests) == (NOT_SENT, [])
        assert send(gateway).verdict is ACCEPTED  # the connection was kept
        assert twin.connections == 1


def test_a_deadline_of_one_text_does_not_bind_the_next(gateway_to):
    with carrier(answers(http("201 Created", GOOD))) as twin:
        gateway = gateway_to(twin.base)
        send(gateway, seconds=-1)
        assert gateway._clients.http._deadline() == float("inf")


def test_the_text_is_handed_over_once_with_all_it_needs(gateway_to):
    """RULINGS 14: both service and number; PROMISES 2.3: callback and validity."""
    with carrier(answers(http("201 Created", GOOD))) as twin:
        gateway = gateway_to(twin.base)
        send(gateway, text(media_urls=("https://a.example/1", "https://a.example/2")))
    [request] = twin.requests
    head, _, body = request.decode().partition("\r\n\r\n")
    assert head.startswith(f"POST /api/2010-04-01/Accounts/AC{'b' * 32}/Messages.json HTTP/1.1")
    assert "Authorization: Basic " in head
    assert "Accept-Encoding: identity" in head
    fields = urllib3.util.parse_url("/?" + body).query.split("&")
    assert sorted(f.partition("=")[0] for f in fields) == [
        "Body",
        "From",
        "MediaUrl",
        "MediaUrl",
        "MessagingServiceSid",
        "StatusCallback",
        "To",
        "ValidityPeriod",
    ]


def test_texts_share_a_connection(gateway_to):
    with carrier(answers(http("201 Created", GOOD))) as twin:
        gateway = gateway_to(twin.base)
        assert [send(gateway).verdict for _ in range(5)] == [ACCEPTED] * 5
        assert twin.connections == 1


def test_a_connection_opened_ahead_is_used(gateway_to):
    with carrier(answers(http("201 Created", GOOD))) as twin:
        gateway = gateway_to(twin.base)
        assert gateway.connect(text()) is None
        assert send(gateway).verdict is ACCEPTED
        assert twin.connections == 1


def test_opening_ahead_says_when_the_carrier_is_away(gateway_to):
    outcome = gateway_to("http://127.0.0.1:9").connect(text())
    assert outcome.verdict is NOT_SENT


def answers_once(connection, twin):
    read_request(connection, twin)
    connection.sendall(http("201 Created", GOOD))


def test_a_connection_the_carrier_dropped_meanwhile_is_opened_anew(gateway_to):
    with carrier(answers_once) as twin:
        gateway = gateway_to(twin.base)
        assert send(gateway).verdict is ACCEPTED
        assert twin.has_closed.wait(PROCESS_S)
        assert send(gateway).verdict is ACCEPTED
        assert twin.connections == 2


def test_what_follows_an_answer_is_not_taken_for_the_next(gateway_to):
    first, extra, second = (
        http("201 Created", json.dumps({"sid": f"SM{n:032x}"}).encode()) for n in range(3)
    )
    with carrier(answers(first + extra, second)) as twin:
        gateway = gateway_to(twin.base)
        assert [send(gateway).sid[-1] for _ in range(2)] == ["0", "2"]


def hangs(connection, twin):
    """Answer nothing for longer than any look-up may wait."""
    read_request(connection, twin)
    connection.settimeout(30)
    connection.recv(4096)


def test_a_look_up_of_one_text_waits_no_longer_than_a_webhook_can(gateway_to, monkeypatch):
    """Someone waits for the answer to a webhook meanwhile; the next request has its own time."""
    monkeypatch.setattr(twilio_sms, "FETCH_WITHIN_S", 0.05)
    begun = time.monotonic()
    with carrier(hangs) as twin:
        gateway = gateway_to(twin.base, read_timeout_s=20)
        with pytest.raises(GatewayBusy):
            gateway.fetch(text().credentials, "SM" + "1" * 32)
    assert time.monotonic() - begun < 15  # an answer might take 20 s
    with carrier(answers_once) as twin:
        assert send(gateway_to(twin.base)).verdict is ACCEPTED


def resolve_to(monkeypatch, *places):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", place) for place in places]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: found)


def test_a_look_up_has_one_time_for_all_addresses(gateway_to, dead, monkeypatch):
    """Each address with a time of its own would keep a webhook longer than the carrier waits."""
    monkeypatch.setattr(twilio_sms, "FETCH_WITHIN_S", 0.2)
    resolve_to(monkeypatch, *[dead] * 20)
    begun = time.monotonic()
    with pytest.raises(GatewayBusy, match="ConnectTimeoutError"):
        gateway_to("http://carrier.test", connect_timeout_s=3).fetch(
            text().credentials, "SM" + "1" * 32
        )
    assert time.monotonic() - begun < 30  # each address with a time of its own: 60 s


def test_a_look_up_has_one_time_for_connecting_and_reading(gateway_to, dead, monkeypatch):
    monkeypatch.setattr(twilio_sms, "FETCH_WITHIN_S", 2.0)
    with carrier(hangs) as twin:
        resolve_to(monkeypatch, dead, ("127.0.0.1", int(twin.base.rpartition(":")[2])))
        gateway = gateway_to("http://carrier.test", connect_timeout_s=0.3, read_timeout_s=20)
        begun = time.monotonic()
        with pytest.raises(GatewayBusy):
            gateway.fetch(text().credentials, "SM" + "1" * 32)
    assert len(twin.requests) == 1
    assert time.monotonic() - begun < 15


def test_a_dead_address_leaves_time_for_the_next(gateway_to, dead, monkeypatch):
    with carrier(answers(http("201 Created", GOOD))) as twin:
        resolve_to(monkeypatch, dead, ("127.0.0.1", int(twin.base.rpartition(":")[2])))
        gateway = gateway_to("http://carrier.test", connect_timeout_s=0.1)
        assert send(gateway).verdict is ACCEPTED


def test_credentials_go_to_the_carrier_alone():
    client = CarrierHttpClient(None)
    for url in ("https://evil.example/api.twilio.com/x", "http://api.twilio.com/x"):
        with pytest.raises(Exception, match="is not the carrier's"):
            client.request("GET", url, auth=("AC", "secret"))


def test_the_token_does_not_show():
    assert "secret" not in repr(text()) + repr(text().credentials)


def test_a_fork_does_not_share_its_parents_connections(gateway_to):
    with carrier(answers(http("201 Created", GOOD))) as twin:
        gateway = gateway_to(twin.base)
        send(gateway)
        gateway._clients.http._process = -1  # as a child finds itself
        assert send(gateway).verdict is ACCEPTED
        assert twin.connections == 2


def test_sixteen_threads_share_one_pool(gateway_to):
    """RULINGS 12."""
    with carrier(answers(http("201 Created", GOOD))) as twin:
        gateway = gateway_to(twin.base)
        with ThreadPoolExecutor(16) as threads:
            outcomes = list(threads.map(lambda _: send(gateway), range(160)))
        assert {outcome.verdict for outcome in outcomes} == {ACCEPTED}
        assert twin.connections <= 16
        assert len(twin.requests) == 160


def test_a_connection_left_alone_for_long_is_opened_anew(gateway_to, monkeypatch):
    with carrier(answers(http("201 Created", GOOD))) as twin:
        gateway = gateway_to(twin.base)
        send(gateway)
        monkeypatch.setattr("portal.gateways.carrier_http.IDLE_S", -1.0)
        send(gateway)
        assert twin.connections == 2
