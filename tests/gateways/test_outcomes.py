"""R6: what a carrier does on the wire, and the verdict that follows (PROMISES 2.5).

The table is the oracle: only what is proven not to have been sent may be sent again.
"""

import gzip
import json
import socket
import time
from datetime import timedelta
from email.utils import format_datetime

import pytest

from portal.core import clock
from portal.gateways.carrier_http import CarrierHttpClient
from portal.gateways.sms import Verdict
from tests.gateways.wire import (
    GOOD,
    SID,
    answers,
    carrier,
    http,
    read_request,
    refusal,
    reset,
    send,
    text,
)

ACCEPTED, NOT_SENT, REJECTED, UNKNOWN = Verdict


# What happens after the connection stands: each behaviour and its verdict.


def reset_on_accept(connection, twin):
    connection.recv(1, socket.MSG_PEEK)  # a byte has come, though nobody reads it
    reset(connection)


def close_on_accept(connection, twin):
    connection.recv(1, socket.MSG_PEEK)
    connection.close()


def reset_after_request(connection, twin):
    read_request(connection, twin)
    reset(connection)


def close_after_request(connection, twin):
    read_request(connection, twin)


def half_close(connection, twin):
    read_request(connection, twin)
    connection.shutdown(socket.SHUT_WR)
    connection.recv(1)


def says(data, then=None):
    def act(connection, twin):
        read_request(connection, twin)
        connection.sendall(data)
        if then is not None:
            then(connection)

    act.__name__ = f"says_{data[:20]!r}"
    return act


def silent(connection, twin):
    read_request(connection, twin)
    connection.recv(1)


def drips(data):
    def act(connection, twin):
        read_request(connection, twin)
        for index in range(len(data)):
            connection.sendall(data[index : index + 1])
            time.sleep(0.01)

    return act


def wait_and_reset(connection):
    time.sleep(0.02)  # so that the bytes before it are read
    reset(connection)


BOMB = gzip.compress(b"0" * 30_000_000)
HEADERS = [f"X-{n}: x" for n in range(150)]
CHUNKED = b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n"
ONE_CHUNK = f"{len(GOOD):x}\r\n".encode() + GOOD + b"\r\n"

WIRE = [
    ("reset on accept", reset_on_accept, UNKNOWN),
    ("close on accept", close_on_accept, UNKNOWN),
    ("reset after the request", reset_after_request, UNKNOWN),
    ("close after the request", close_after_request, UNKNOWN),
    ("half close", half_close, UNKNOWN),
    ("silence", silent, UNKNOWN),
    ("reset after one byte", says(b"H", wait_and_reset), UNKNOWN),
    ("reset in the headers", says(b"HTTP/1.1 201 Created\r\nX-A: b", wait_and_reset), UNKNOWN),
    ("close in the headers", says(b"HTTP/1.1 201 Created\r\nX-A: b"), UNKNOWN),
    ("reset in the body", says(http("201 Created", GOOD[:9], length=99), wait_and_reset), UNKNOWN),
    ("body broken off", says(http("201 Created", GOOD, length=len(GOOD) + 1)), UNKNOWN),
    ("body broken off, chunked", says(CHUNKED + ONE_CHUNK), UNKNOWN),
    ("body chunked", says(CHUNKED + ONE_CHUNK + b"0\r\n\r\n"), ACCEPTED),
    ("no HTTP at all", says(b"220 mail.example.com ESMTP\r\n"), UNKNOWN),
    ("headers drip", drips(http("201 Created", GOOD)), UNKNOWN),
    ("only 100 Continue", says(b"HTTP/1.1 100 Continue\r\n\r\n" * 50), UNKNOWN),
    (
        "100 Continue, then accepted",
        says(b"HTTP/1.1 100 Continue\r\n\r\n" + http("201 Created", GOOD)),
        ACCEPTED,
    ),
    (
        "103 Early Hints",
        says(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + http("201 Created", GOOD)),
        UNKNOWN,
    ),
    ("101 Switching", says(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"), UNKNOWN),
    ("gzip bomb", answers(http("201 Created", BOMB, "Content-Encoding: gzip")), UNKNOWN),
    ("too long", answers(http("201 Created", b" " * 200_000 + GOOD)), UNKNOWN),
    ("too many headers", answers(http("201 Created", GOOD, *HEADERS)), UNKNOWN),
    ("a header too long", answers(http("201 Created", GOOD, "X: " + "x" * 70_000)), UNKNOWN),
    ("302", answers(http("302 Found", b"", "Location: /again")), UNKNOWN),
    ("307", answers(http("307 Temporary Redirect", b"", "Location: /again")), UNKNOWN),
    ("204", answers(http("204 No Content")), UNKNOWN),
    ("200 garbage", answers(http("200 OK", b"<!doctype html>")), UNKNOWN),
    ("200 of another shape", answers(http("200 OK", b"[1, 2]")), UNKNOWN),
    ("200 null", answers(http("200 OK", b"null")), UNKNOWN),
    ("200 without sid", answers(http("200 OK", b'{"status": "queued"}')), UNKNOWN),
    ("201 null sid", answers(http("201 Created", b'{"sid": null}')), UNKNOWN),
    ("201 bad sid", answers(http("201 Created", b'{"sid": "SM123"}')), UNKNOWN),
    (
        "201 sid in capitals",
        answers(http("201 Created", json.dumps({"sid": SID.upper()}).encode())),
        UNKNOWN,
    ),
    (
        "201 sid of a call",
        answers(http("201 Created", json.dumps({"sid": "CA" + SID[2:]}).encode())),
        UNKNOWN,
    ),
    ("201 not UTF-8", answers(http("201 Created", b"\xff\xfe{}")), UNKNOWN),
    ("201", answers(http("201 Created", GOOD)), ACCEPTED),
    ("200", answers(http("200 OK", GOOD)), ACCEPTED),
    (
        "201 of a picture",
        answers(http("201 Created", json.dumps({"sid": "MM" + SID[2:]}).encode())),
        ACCEPTED,
    ),
    ("201 and more after it", answers(http("201 Created", GOOD) * 2), ACCEPTED),
    ("201 and close", answers(http("201 Created", GOOD, "Connection: close")), ACCEPTED),
    ("408", answers(refusal("408 Request Timeout", 20408)), UNKNOWN),
    ("400 page", answers(http("400 Bad Request", b"<h1>Bad</h1>")), UNKNOWN),
    ("400 without code", answers(http("400 Bad Request", b'{"message": "no"}')), UNKNOWN),
    ("400 code null", answers(refusal("400 Bad Request", None)), UNKNOWN),
    ("400 code in words", answers(refusal("400 Bad Request", "21211")), UNKNOWN),
    ("404 with its status as code", answers(refusal("404 Not Found", 404)), UNKNOWN),
    ("401 page", answers(http("401 Unauthorized", b"")), UNKNOWN),
    ("500", answers(http("500 Internal Server Error", b"")), UNKNOWN),
    ("500 with code", answers(refusal("500 Internal Server Error", 20500)), UNKNOWN),
    ("502 page", answers(http("502 Bad Gateway", b"<h1>no</h1>")), UNKNOWN),
    ("503", answers(refusal("503 Service Unavailable", 20503)), UNKNOWN),
    (
        "503 with Retry-After",
        answers(http("503 Service Unavailable", b"", "Retry-After: 1")),
        UNKNOWN,
    ),
    ("429", answers(refusal("429 Too Many Requests", 20429)), NOT_SENT),
    ("429 page", answers(http("429 Too Many Requests", b"<h1>slow</h1>")), NOT_SENT),
    ("21211", answers(refusal("400 Bad Request", 21211)), REJECTED),
    ("21408", answers(refusal("400 Bad Request", 21408)), REJECTED),
    ("21610", answers(refusal("400 Bad Request", 21610)), REJECTED),
    ("21614", answers(refusal("400 Bad Request", 21614)), REJECTED),
    ("20404", answers(refusal("404 Not Found", 20404)), REJECTED),
    (
        "a problem document",
        answers(refusal("400 Bad Request", 21211, type="about:blank", title="no")),
        REJECTED,
    ),
    ("21611", answers(refusal("400 Bad Request", 21611)), NOT_SENT),
    ("20003", answers(refusal("401 Unauthorized", 20003)), REJECTED),
    ("20005", answers(refusal("403 Forbidden", 20005)), REJECTED),
]


@pytest.mark.parametrize(
    ("act", "verdict"), [row[1:] for row in WIRE], ids=[row[0] for row in WIRE]
)
def test_each_behaviour_has_the_verdict_of_the_table(gateway_to, act, verdict):
    with carrier(act) as twin:
        # An answer that never comes is waited for a moment, one that comes as long as it takes.
        options = {"read_timeout_s": 0.5} if verdict is UNKNOWN else {}
        outcome = send(gateway_to(twin.base, max_answer_bytes=100_000, **options))
    assert outcome.verdict is verdict, outcome
    assert (outcome.sid is not None) == (verdict is ACCEPTED)
    assert twin.connections == 1
    assert len(twin.requests) <= 1  # nothing is ever repeated or followed


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("401 Unauthorized", 20003),
        ("403 Forbidden", 20005),
        ("400 Bad Request", 10001),
        ("403 Forbidden", 90010),
    ],
)
def test_trouble_with_the_account_is_told_from_trouble_with_the_text(gateway_to, status, code):
    """PROMISES 2.4: pause the account, put its texts back."""
    with carrier(answers(refusal(status, code))) as twin:
        outcome = send(gateway_to(twin.base))
    assert (outcome.verdict, outcome.code, outcome.is_account_trouble) == (REJECTED, code, True)


def test_an_opt_out_at_the_carrier_is_no_trouble_with_the_account(gateway_to):
    with carrier(answers(refusal("400 Bad Request", 21610))) as twin:
        outcome = send(gateway_to(twin.base))
    assert (outcome.code, outcome.is_account_trouble, outcome.status) == (21610, False, 400)


@pytest.mark.parametrize(
    ("header", "low", "high"),
    [
        ("Retry-After: 2", 2, 2),
        ("Retry-After: 0.5", 0.5, 0.5),
        ("Retry-After: 99999", 300, 300),
        ("Retry-After: -3", 0, 0),
        ("Retry-After: nan", None, None),
        ("Retry-After: soon", None, None),
        ("X-Nothing: 1", None, None),
    ],
)
def test_429_says_how_long_to_wait(gateway_to, header, low, high):
    with carrier(answers(http("429 Too Many Requests", b"", header))) as twin:
        outcome = send(gateway_to(twin.base))
    assert outcome.verdict is NOT_SENT
    wait = outcome.retry_after_s
    assert wait is None if low is None else low <= wait <= high


def test_429_may_name_a_time(gateway_to):
    at = format_datetime(clock.utcnow() + timedelta(seconds=30), usegmt=True)
    with carrier(answers(http("429 Too Many Requests", b"", f"Retry-After: {at}"))) as twin:
        outcome = send(gateway_to(twin.base))
    assert 20 <= outcome.retry_after_s <= 30


def test_a_full_queue_is_tried_again_later(gateway_to):
    with carrier(answers(refusal("400 Bad Request", 21611))) as twin:
        outcome = send(gateway_to(twin.base))
    assert (outcome.verdict, outcome.code, outcome.retry_after_s) == (NOT_SENT, 21611, 60.0)


class Unseen(Exception):
    """An exception nobody has thought of."""


def test_an_exception_nobody_has_seen_is_unknown(gateway_to, monkeypatch):
    """The default of the table."""
    with carrier(answers(http("201 Created", GOOD))) as twin:
        gateway = gateway_to(twin.base)

        def fail(*_args, **_kwargs):
            raise Unseen("never met")

        monkeypatch.setattr(CarrierHttpClient, "_exchange", fail)
        outcome = send(gateway)
    assert (outcome.verdict, outcome.detail) == (UNKNOWN, "Unseen: never met")


def test_a_bug_of_our_own_before_connecting_is_unknown_too(gateway_to):
    outcome = send(gateway_to("http://127.0.0.1:9"), text(media_urls=None))
    assert outcome.verdict is UNKNOWN
