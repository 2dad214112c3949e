"""Posting to a customer's address: once, bounded in time, to the address that was checked."""

import re
import socket
import ssl
import threading
import time
from contextlib import contextmanager

import pytest

from portal.gateways import webhooks
from portal.gateways.webhooks import HttpWebhooks, NoAnswer
from tests.patience import ANSWER_S

HEADERS = {"Content-Type": "application/json", "webhook-id": "1"}


def request_of(connection):
    """The whole request: what is sent as two writes may come as two pieces."""
    heard = b""
    while more := connection.recv(65_536):
        heard += more
        head, gap, body = heard.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        is_tls = heard[:1] == b"\x16"  # a handshake: nothing more comes without an answer
        if is_tls or (gap and len(body) >= (int(length[1]) if length else 0)):
            break
    return heard


@contextmanager
def receiver(speak):
    """A socket that speaks as told to whoever connects; gives its port and what it heard."""
    heard = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(ANSWER_S)

        def serve():
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(ANSWER_S)
                try:
                    heard.append(request_of(connection))
                    speak(connection)
                except OSError:
                    pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1], heard
    thread.join(10)


def says(*parts):
    return lambda connection: [connection.sendall(part) for part in parts]


def post(port, *, scheme="http", **options):
    gateway = HttpWebhooks(is_sandbox=True, **options)
    return gateway.post(f"{scheme}://127.0.0.1:{port}/in?a=1", HEADERS, '{"a": "\u00e9"}')


def test_the_body_arrives_as_it_was_signed():
    with receiver(says(b"HTTP/1.1 204 No Content\r\n\r\n")) as (port, heard):
        assert post(port) == 204
    head, _, body = heard[0].partition(b"\r\n\r\n")
    assert body == '{"a": "\u00e9"}'.encode()
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /in?a=1 HTTP/1.1"
    assert f"Host: 127.0.0.1:{port}" in lines
    assert sum(line.lower().startswith("host:") for line in lines) == 1
    assert f"Content-Length: {len(body)}" in lines
    assert "webhook-id: 1" in lines


@pytest.mark.parametrize("status", [200, 299, 301, 302, 307, 404, 410, 500, 503])
def test_every_answer_is_its_status_and_no_redirect_is_followed(status):
    answer = f"HTTP/1.1 {status} X\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 9\r\n\r\nsecrets!!"
    with receiver(says(answer.encode())) as (port, heard):
        assert post(port) == status
    assert len(heard) == 1


@pytest.mark.parametrize(
    "parts",
    [(), (b"hello\r\n\r\n",), (b"HTTP/1.1 abc\r\n\r\n",), (b"\x15\x03\x01\x00\x02\x02\x28",),
     (b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 70_000 + b"\r\n\r\n",),
     (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",)],
)  # fmt: skip
def test_what_is_no_answer_is_told_in_words(parts):
    with receiver(says(*parts)) as (port, _), pytest.raises(NoAnswer) as told:
        post(port)
    assert str(told.value).endswith(".")


def test_an_answer_a_byte_at_a_time_ends_with_the_deadline(monkeypatch):
    """A timeout for each read would let a dripping answer hold a worker for ever."""
    monkeypatch.setattr(webhooks, "WITHIN_S", 0.5)
    stop = threading.Event()

    def drip(connection):
        for byte in b"HTTP/1.1 200 OK" * 100:
            connection.sendall(bytes([byte]))
            if stop.wait(0.05):
                return

    with receiver(drip) as (port, _):
        began = time.monotonic()
        with pytest.raises(NoAnswer, match="No answer within"):
            post(port)
        stop.set()
    assert time.monotonic() - began < 30  # the drip alone would take 75 s


def test_who_does_not_answer_is_left_at_the_deadline(monkeypatch):
    monkeypatch.setattr(webhooks, "WITHIN_S", 0.2)
    stop = threading.Event()
    with receiver(lambda _connection: stop.wait(60)) as (port, _):
        with pytest.raises(NoAnswer, match="No answer within"):
            post(port)
        stop.set()


def test_nobody_there_is_told_in_words():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(NoAnswer, match="connection failed"):
        post(port)


def test_a_certificate_nobody_vouches_for_is_refused():
    def shake(connection):
        connection.sendall(b"\x15\x03\x03\x00\x02\x02\x28")  # an alert: handshake failure

    with receiver(shake) as (port, _), pytest.raises(NoAnswer, match="TLS"):
        post(port, scheme="https")


def test_it_connects_to_the_address_that_was_checked_and_not_to_the_name(monkeypatch):
    """A name that turns to 127.0.0.1 after the check (DNS rebinding) is not asked again."""
    asked = []

    def connect(address, timeout):
        asked.append((address, timeout <= webhooks.WITHIN_S))
        raise ConnectionRefusedError

    monkeypatch.setattr("portal.gateways.pinned.socket.create_connection", connect)
    answers = iter([["93.184.216.34", "2606:4700::1111"], ["127.0.0.1"]])
    gateway = HttpWebhooks(is_sandbox=False, resolve=lambda *_: next(answers))
    with pytest.raises(NoAnswer, match="connection failed"):
        gateway.post("https://hooks.example.com/in", HEADERS, "{}")
    assert asked == [(("93.184.216.34", 443), True), (("2606:4700::1111", 443), True)]
    with pytest.raises(NoAnswer, match="private network"):
        gateway.post("https://hooks.example.com/in", HEADERS, "{}")
    assert len(asked) == 2


def test_a_name_server_that_says_nothing_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(webhooks, "WITHIN_S", 0.05)
    gate = threading.Event()
    gateway = HttpWebhooks(is_sandbox=False, resolve=lambda *_: gate.wait(30) and [])
    try:
        with pytest.raises(NoAnswer, match="not found in time"):
            gateway.post("https://hooks.example.com/in", HEADERS, "{}")
    finally:
        gate.set()


def test_the_certificate_must_be_the_name_s(monkeypatch):
    """The address is pinned, the name is what TLS asks for."""
    wanted = []

    class Context:
        def wrap_socket(self, plain, server_hostname):
            wanted.append(server_hostname)
            raise ssl.SSLCertVerificationError("hostname mismatch")

    class Plain:
        def settimeout(self, _seconds):
            pass

        def close(self):
            wanted.append("closed")

    monkeypatch.setattr("portal.gateways.pinned.socket.create_connection", lambda *_: Plain())
    gateway = HttpWebhooks(is_sandbox=False, resolve=lambda *_: ["93.184.216.34"], tls=Context())
    with pytest.raises(NoAnswer, match="certificate"):
        gateway.post("https://hooks.example.com/in", HEADERS, "{}")
    assert wanted == ["hooks.example.com", "closed"]


def test_this_machine_is_not_asked_outside_the_sandbox():
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        port = server.getsockname()[1]
        with pytest.raises(NoAnswer, match="https"):
            HttpWebhooks(is_sandbox=False).post(f"http://127.0.0.1:{port}/", HEADERS, "{}")
        with pytest.raises(BlockingIOError):
            server.accept()  # nobody is there
