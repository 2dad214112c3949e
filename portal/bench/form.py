"""How many people a second can open a form, and sign up on it, beside a bare view (issue 4)."""

import http.client
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import count
from statistics import quantiles
from typing import Final
from urllib.parse import urlencode

from portal.bench import brokerage
from portal.bench.measure import Figure, Options, Target, compare, figure
from portal.bench.scratch import Scratch, free_port, open_scratch, wait_until
from portal.core.audit import SYSTEM
from portal.core.db import unit_of_work
from portal.optin import service as optin
from portal.optin.values import FormRef

OPENED: Final = Target("form opened", 0.2, 0.4)
OPENED_P95: Final = Target("form opened p95", 5, 3, higher_is_better=False)
TAKEN_P95: Final = Target("S9 form taken p95", 500, 500, higher_is_better=False, unit=" ms")
_SIZE: Final = 400
_CLIENTS: Final = 8
_A_FORM_TAKES: Final = 280  # in ten minutes; the bucket of a form ends at 300
_WEB: Final = ("gunicorn", "--config", "python:portal.gunicorn_conf")
_READ_S: Final = 2.2  # a form sent sooner is refused
_TOKEN: Final = re.compile(rb'name="form_token" value="([^"]+)"')
_HEADERS: Final = {"Content-Type": "application/x-www-form-urlencoded"}


def run(options: Options) -> Iterator[Figure]:
    """Open a form and send it, with eight clients that never pause, by the real server."""
    for engine in options.engines:
        yield from _on(engine, options.size or _SIZE, options.rounds)


def _on(engine: str, size: int, rounds: int) -> Iterator[Figure]:
    port, bare = free_port(), free_port()
    with open_scratch(engine, port=port) as here:
        form = _published(here)
        # Each client has an address of its own, as a proxy tells it.
        told = {**here.environment, "TRUSTED_PROXIES": "1"}
        served = replace(here, environment=told)
        served.start("-m", *_WEB, "app:app")
        served.start("-m", *_WEB, "--bind", f"127.0.0.1:{bare}", "portal.bench.hello:app")
        people, limit = _People(port, form.path), _People(bare, "/page")
        wait_until(people.are_answered, "the portal answers")
        wait_until(limit.are_answered, "the bare view answers")
        yield compare(
            OPENED,
            f"{engine}, form opened / bare view",
            lambda: people.opened_a_second(size),
            lambda: limit.opened_a_second(size),
            rounds=rounds,
        )
        yield compare(
            OPENED_P95,
            f"{engine}, form opened / bare view, p95",
            lambda: people.p95(people.opened(size)),
            lambda: limit.p95(limit.opened(size)),
            rounds=rounds,
            unit=" ms",
        )
        yield figure(
            TAKEN_P95,
            f"{engine}, a sign-up taken with its record",
            lambda: people.p95(people.taken(min(size, _A_FORM_TAKES // rounds))),
            rounds=rounds,
        )


def _published(here: Scratch) -> FormRef:
    account = brokerage.open_account(here, credits=100)
    with unit_of_work():
        begun = optin.begin_form(
            account.tenant,
            name="Bench",
            starter="listings-en",
            sender="Bench Realty",
            help_contact="(312) 555-0100",
            actor=SYSTEM,
        )
    draft = replace(
        begun.draft,
        privacy_url="https://bench.example/privacy",
        terms_url="https://bench.example/terms",
    )
    with unit_of_work():
        form = optin.edit_form(
            begun.tenant,
            begun.id,
            draft,
            name=begun.name,
            edits=begun.edits,
            actor=SYSTEM,
        )
    with unit_of_work():
        optin.publish_form(form.tenant, form.id, edits=form.edits, actor=SYSTEM)
    return form


@dataclass(frozen=True)
class _People:
    """Eight clients that ask without a pause, each on a connection of its own."""

    port: int
    path: str
    serial: "count[int]" = field(default_factory=count)

    def are_answered(self) -> bool:
        """Say whether the server answers."""
        try:
            self._open(1)
        except OSError:
            return False
        return True

    def opened_a_second(self, many: int) -> float:
        """Return how many pages a second are given out."""
        began = time.perf_counter()
        self.opened(many)
        return many / (time.perf_counter() - began)

    def opened(self, many: int) -> list[float]:
        """Open the page so many times and return the waits."""
        with ThreadPoolExecutor(_CLIENTS) as pool:
            each = pool.map(self._open, [max(1, many // _CLIENTS)] * _CLIENTS)
            return [wait for some in each for wait in some]

    def taken(self, many: int) -> list[float]:
        """Have so many people sign up, each with a page and a number of their own."""
        with ThreadPoolExecutor(_CLIENTS) as pool:
            each = pool.map(self._sign_up, [max(1, many // _CLIENTS)] * _CLIENTS)
            return [wait for some in each for wait in some]

    def p95(self, waits: list[float]) -> float:
        """Return the 95th percentile of waits, in milliseconds."""
        return quantiles(waits, n=20)[-1] * 1000

    def _open(self, times: int) -> list[float]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        waits = []
        for _ in range(times):
            wait, status, _body = self._ask(connection, "GET", self.path)
            waits.append(wait)
            if status != http.client.OK:
                raise RuntimeError(f"{self.path} answered {status}")
        connection.close()
        return waits

    def _sign_up(self, times: int) -> list[float]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        tokens = []
        for _ in range(times):
            _, _, body = self._ask(connection, "GET", self.path)
            found = _TOKEN.search(body)
            assert found is not None
            tokens.append(found[1].decode())
        time.sleep(_READ_S)
        waits = []
        for token in tokens:
            number = next(self.serial)
            person = {
                "form_token": token, "name": f"Ann {number}", "phone": f"+1312{5550000 + number:07d}",
                "email": f"ann{number}@example.com", "street": "1 Elm St", "city": "Chicago",
                "state": "IL", "zip": "60614", "agree": "yes",
            }  # fmt: skip
            wait, status, _ = self._ask(connection, "POST", self.path, urlencode(person), number)
            if status != http.client.SEE_OTHER:
                raise RuntimeError(f"{self.path} answered {status} to a sign-up")
            waits.append(wait)
        connection.close()
        return waits

    def _ask(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        body: str | None = None,
        number: int = 0,
    ) -> tuple[float, int, bytes]:
        address = f"100.{64 + number % 60}.{number // 60 % 250}.9"  # a network each
        headers = {"Host": f"localhost:{self.port}", "X-Forwarded-For": address, **_HEADERS}
        began = time.perf_counter()
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        return time.perf_counter() - began, answer.status, content
