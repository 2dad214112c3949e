"""How long a person's own text takes while a campaign is going out (G18).

A team lead answers in the inbox over real HTTP; the time runs from the click to the first
byte at the carrier. Processes are those the supervisor starts.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import median, quantiles
from typing import Final
from uuid import UUID, uuid4

import requests
from sqlalchemy import select

from portal.bench import brokerage, stub_carrier
from portal.bench.measure import Figure, Options, Target
from portal.bench.scratch import free_port, open_scratch, wait_until
from portal.bench.stub_carrier import Carrier
from portal.core.db import db, unit_of_work
from portal.messaging.service import sending
from portal.messaging.values import Draft, Kind, Recipient
from portal.texting_accounts.values import AccountRef

CLICK: Final = Target("G18", 10, 2, higher_is_better=False, unit=" s")
_SIZE: Final = 10_000
_CLICKS: Final = 40
_PAUSE_S: Final = 1.0
_LATENCY_S: Final = 0.1
_PROGRAMS: Final = (
    ("gunicorn", "--config", "python:portal.gunicorn_conf", "app:app"),
    ("workers", "worker"),
    ("workers", "worker"),
    ("workers", "scheduler"),
)
_FIELD: Final = r'name="{}"[^>]*value="([^"]+)"'


def run(options: Options) -> Iterator[Figure]:
    """Measure answers while a campaign of 10,000 runs in the same account."""
    size = (options.size or _SIZE // 10) * 10
    clicks = min(_CLICKS, max(1, size // 200))
    for engine in options.engines:
        waits = _measure(engine, size, clicks)
        worst = quantiles(waits, n=20)[-1] if len(waits) > 1 else waits[0]
        about = f"{engine}, {len(waits)} answers during {size:,} texts, p95"
        yield Figure(CLICK, about, (worst,), f"median {median(waits):.2f} s")


def _measure(engine: str, size: int, clicks: int) -> list[float]:
    """Return how many seconds each answer took from the click to the carrier."""
    port = free_port()
    with (
        stub_carrier.running(_LATENCY_S) as carrier,
        open_scratch(engine, carrier=carrier.url, port=port) as here,
    ):
        account = brokerage.open_account(here, credits=2 * size)
        brokerage.add_people(account, size + clicks)
        people = brokerage.everybody(account)
        crowd, answered = people[:size], people[size:]
        lead = brokerage.add_lead(account)
        talks = _talk_to(account, answered)
        for program in _PROGRAMS:
            here.start("-m", *program)
        desk = _Desk(f"http://localhost:{port}", account)
        desk.sign_in(lead.email)
        wait_until(lambda: len(carrier.taken()) == clicks, "the first texts went")
        _confirm(account, crowd)
        clicked = desk.answer(talks, lambda: len(carrier.taken()) < size)
        return _waits(carrier, clicked, after=clicks)


class _Desk:
    """A browser of a team lead."""

    def __init__(self, url: str, account: AccountRef) -> None:
        self._url, self._account = url, account
        self._browser = requests.Session()
        self._browser.trust_env = False  # no proxy stands before loopback

    def sign_in(self, email: str) -> None:
        wait_until(self._is_up, "the portal answers")
        url = f"{self._url}/sign-in"
        form = {"csrf_token": _field(self._browser.get(url).text, "csrf_token")}
        form |= {"email": email, "password": brokerage.PASSWORD}
        self._browser.post(url, data=form).raise_for_status()

    def answer(self, talks: Mapping[str, UUID], while_: Callable[[], bool]) -> Mapping[str, float]:
        """Answer in one conversation after the other, a second apart, while something is so.

        Return when each answer was clicked.
        """
        clicked: dict[str, float] = {}
        for e164, conversation_id in talks.items():
            if clicked and not while_():
                break
            url = f"{self._url}/accounts/{self._account.id}/conversations/{conversation_id}"
            page = self._browser.get(url).text
            form = {name: _field(page, name) for name in ("csrf_token", "nonce")}
            clicked[e164] = time.monotonic()
            self._browser.post(
                f"{url}/replies", data={**form, "body": "Bench Realty: yes, it is still for sale."}
            ).raise_for_status()
            time.sleep(_PAUSE_S)
        return clicked

    def _is_up(self) -> bool:
        try:
            return self._browser.get(f"{self._url}/healthz").ok
        except requests.ConnectionError:
            return False


def _talk_to(account: AccountRef, people: Sequence[Recipient]) -> Mapping[str, UUID]:
    """Begin a conversation with each of these people and return them by number."""
    for person in people:
        with unit_of_work():
            sending.confirm(
                account,
                [person],
                Draft("Hello from Bench Realty, do you still look for a house?", Kind.ONE_TO_ONE),
                nonce=uuid4().hex,
                shown_key=None,
                actor=brokerage.actor(),
            )
    table = db.metadata.tables["conversations"]
    talks = {row.e164: row.id for row in db.session.execute(select(table.c.e164, table.c.id))}
    db.session.rollback()
    return talks


def _confirm(account: AccountRef, crowd: Sequence[Recipient]) -> None:
    with unit_of_work():
        sending.confirm(
            account,
            crowd,
            Draft("Bench Realty: open house on Saturday at 2.", Kind.BULK),
            nonce=uuid4().hex,
            shown_key=None,
            actor=brokerage.actor(),
        )


def _waits(carrier: Carrier, clicked: Mapping[str, float], *, after: int) -> list[float]:
    """Return how long each answer took to the carrier."""

    def arrived() -> dict[str, float]:
        return {text.to: text.at for text in carrier.taken()[after:] if text.to in clicked}

    wait_until(lambda: len(arrived()) == len(clicked), "every answer has left")
    return [at - clicked[e164] for e164, at in arrived().items()]


def _field(page: str, name: str) -> str:
    found = re.search(_FIELD.format(name), page)
    assert found is not None, f"no field {name} on the page"
    return found[1]
