"""Signed webhooks on the real server: stored beside hello, beside a send, at a pace (G7, W5).

The server is gunicorn as the supervisor runs it. Hello is the least Flask can answer there.
"""

import threading
from collections.abc import Iterator, Sequence
from statistics import quantiles
from typing import Final
from urllib.parse import urlencode
from uuid import uuid4

from sqlalchemy import func, select
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from portal.bench import brokerage, callbacks, flood, stub_carrier
from portal.bench.flood import Answers
from portal.bench.measure import Figure, Options, Target, compare, seconds
from portal.bench.scratch import Scratch, free_port, open_scratch, wait_until
from portal.bench.send import Campaign
from portal.core.db import db

STORED: Final = Target("G7 stored", 0.25, 0.40)
SENDING: Final = Target("G7 sending", 4, 6)
PACED: Final = Target("W5 p99", 250, 250, higher_is_better=False, unit=" ms")
LOST: Final = Target("W5 lost", 0, 0, higher_is_better=False)
_SIZE: Final = 2_000
_CONNECTIONS: Final = 8
_PACED_CONNECTIONS: Final = 16  # two workers with eight threads each
_A_SECOND: Final = 200
_PACED: Final = 6  # times the size: a minute
_LATENCY_S: Final = 0.1
_WEB: Final = ("gunicorn", "--config", "python:portal.gunicorn_conf")
_STATUSES: Final = ("queued", "sending", "sent", "delivered", "read", "undelivered", "failed")
_PATH: Final = "/webhooks/twilio/status"


def run(options: Options) -> Iterator[Figure]:
    """Measure 2,000 webhooks a round, a send of 1,000, 12,000 at 200 a second, and G8."""
    size = options.size or _SIZE
    for engine in options.engines:
        yield _stored(engine, size, options.rounds)
        yield _while_sending(engine, max(1, size // 2), options.rounds)
        yield from _at_a_pace(engine, size * _PACED)
    yield from callbacks.run(options)


def _stored(engine: str, size: int, rounds: int) -> Figure:
    port, hello_port = free_port(), free_port()
    hello = [flood.post("/", hello_port, b"")] * size
    with open_scratch(engine, port=port) as here:
        brokerage.open_account(here, credits=1)
        here.start("-m", *_WEB, "app:app")
        here.start("-m", *_WEB, "--bind", f"127.0.0.1:{hello_port}", "portal.bench.hello:app")
        _wait_for(port, hello_port)
        carrier = _Carrier(here, port)
        _all_well(flood.flood(port, carrier.strangers(size), connections=_CONNECTIONS))
        return compare(
            STORED,
            f"{engine}, signed webhooks stored / hello",
            lambda: _rate(port, carrier.strangers(size)),
            lambda: _rate(hello_port, hello),
            rounds=rounds,
        )


def _while_sending(engine: str, size: int, rounds: int) -> Figure:
    """Send a campaign while webhooks about the one before it come as fast as they are taken."""
    port = free_port()
    with (
        stub_carrier.running(_LATENCY_S) as stub,
        open_scratch(engine, carrier=stub.url, port=port) as here,
    ):
        account = brokerage.open_account(here, credits=size * (rounds + 2))
        brokerage.add_people(account, size)
        campaign = Campaign(account, brokerage.everybody(account))
        here.start("-m", *_WEB, "app:app")
        here.start("-m", "workers", "worker")
        here.start("-m", "workers", "scheduler")
        _wait_for(port)
        carrier = _Carrier(here, port)
        campaign.send()
        values, sent, taken = [], [], []
        for _ in range(rounds):
            answers, took = _beside(port, carrier.news(), campaign)
            sent.append(size / took)
            taken.append(answers.rate)
            values.append(answers.rate * took / size)
    about = f"{engine}, webhooks for each text of {size:,} going out"
    return Figure(SENDING, about, tuple(values), _range(taken), _range(sent))


def _beside(port: int, news: Sequence[bytes], campaign: Campaign) -> tuple[Answers, float]:
    """Return what came back while a campaign went out, and how many seconds that took."""
    is_over, found = threading.Event(), list[Answers]()
    taking = threading.Thread(
        target=lambda: found.append(
            flood.flood(port, news, connections=_CONNECTIONS, until=is_over)
        )
    )
    taking.start()
    try:
        took = seconds(campaign.send)
    finally:
        is_over.set()
        taking.join()
    return _all_well(found[0]), took


def _at_a_pace(engine: str, count: int) -> Iterator[Figure]:
    """Post 200 a second for a minute to a server whose scheduler applies them."""
    port = free_port()
    with open_scratch(engine, port=port) as here:
        brokerage.open_account(here, credits=1)
        here.start("-m", *_WEB, "app:app")
        here.start("-m", "workers", "scheduler")
        _wait_for(port)
        carrier = _Carrier(here, port)
        _rate(port, carrier.strangers(_PACED_CONNECTIONS))
        before = _kept()
        answers = flood.flood(
            port, carrier.strangers(count), connections=_PACED_CONNECTIONS, a_second=_A_SECOND
        )
        about = f"{engine}, {count:,} webhooks at {_A_SECOND} a second"
        worst = quantiles(answers.waits, n=100)[-1] * 1000
        yield Figure(PACED, about, (worst,), f"{answers.rate:.0f}/s")
        yield Figure(LOST, about, (float(count - (_kept() - before)),))


class _Carrier:
    """Who signs: writes requests about texts as the carrier does."""

    def __init__(self, here: Scratch, port: int) -> None:
        self._account_sid = here.settings.twilio_account_sid
        self._signs = RequestValidator(here.settings.twilio_auth_token)
        self._public_url, self._port = here.settings.public_url, port

    def strangers(self, count: int) -> list[bytes]:
        """Return news of texts that this portal does not know; no two are alike."""
        return [self._request(uuid4().hex, uuid4().hex, "delivered") for _ in range(count)]

    def news(self) -> list[bytes]:
        """Return all there can be told of the texts the carrier has by now."""
        texts = db.metadata.tables["messages"]
        known = db.session.execute(select(texts.c.id, texts.c.sid).where(texts.c.sid.is_not(None)))
        rows = known.all()
        db.session.rollback()
        return [
            self._request(str(row.id), row.sid[2:], status) for status in _STATUSES for row in rows
        ]

    def _request(self, message_id: str, sid: str, status: str) -> bytes:
        target = f"{_PATH}?m={message_id}&a=1"
        params = {
            "AccountSid": self._account_sid,
            "ApiVersion": "2010-04-01",
            "From": brokerage.OWN_NUMBER,
            "MessageSid": f"SM{sid}",
            "MessageStatus": status,
            "SmsSid": f"SM{sid}",
            "SmsStatus": status,
            "To": brokerage.number(0),
        }
        signature = self._signs.compute_signature(self._public_url + target, params)
        body = urlencode(params).encode()
        return flood.post(target, self._port, body, X_Twilio_Signature=signature)


def _rate(port: int, requests: Sequence[bytes]) -> float:
    return _all_well(flood.flood(port, requests, connections=_CONNECTIONS)).rate


def _all_well(answers: Answers) -> Answers:
    assert set(answers.statuses) <= {200, 204}, answers.statuses
    return answers


def _kept() -> int:
    db.session.rollback()  # as it is now, not as it was when the session last looked
    count = db.session.scalar(
        select(func.count()).select_from(db.metadata.tables["webhook_events"])
    )
    db.session.rollback()
    return count or 0


def _range(rates: Sequence[float]) -> str:
    return f"{min(rates):.0f}..{max(rates):.0f}/s"


def _wait_for(*ports: int) -> None:
    for port in ports:
        wait_until(lambda: _is_up(port), f"port {port} answers")  # noqa: B023 (read at once)


def _is_up(port: int) -> bool:
    try:
        flood.flood(port, [flood.post("/", port, b"")], connections=1)
    except ConnectionError:
        return False
    return True
