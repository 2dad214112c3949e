"""Whether pages stay quick when there is much: lists, search and inbox, over real HTTP (G6)."""

import http.client
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from statistics import quantiles
from typing import Final

from portal.bench import brokerage
from portal.bench.crowd import COMMON, Crowd
from portal.bench.measure import Figure, Options, Target, compare_with_each
from portal.bench.scratch import free_port, open_scratch, wait_until
from portal.core.audit import SYSTEM
from portal.core.db import db, unit_of_work
from portal.messaging import queries as messaging
from portal.people import service as people
from portal.texting_accounts import service as accounts

GROWTH: Final = Target("G6 growth", 2, 1.3, higher_is_better=False)
HELLO: Final = Target("G6 hello", 10, 6, higher_is_better=False)
_SIZE: Final = 1_000_000
_SMALL: Final = 1_000
_CLIENTS: Final = 8
_READINGS: Final = 25  # of one page by each client in one round
_COOKIE: Final = "desk"  # of a portal that is not served over https
HEALTH: Final = "/healthz"
_HELLO: Final = "/"
_WEB: Final = ("gunicorn", "--config", "python:portal.gunicorn_conf")

Reading = Callable[[], float]


def run(options: Options) -> Iterator[Figure]:
    """Measure the 95th percentile of pages of an account of 1,000,000 and of one of 1,000."""
    return measure(options, _PAGES, texts_each=1)


def measure(options: Options, pages: Mapping[str, str], *, texts_each: int) -> Iterator[Figure]:
    """Measure these pages of an account with so many texts for each person, large and small."""
    size = options.size or _SIZE
    for engine in options.engines:
        port, bare = free_port(), free_port()
        with open_scratch(engine, port=port) as here:
            sizes = (min(_SMALL, size - 1), size)
            small, large = (_open(count, count // texts_each) for count in sizes)
            here.start("-m", *_WEB, "app:app")
            here.start("-m", *_WEB, "--bind", f"127.0.0.1:{bare}", "portal.bench.hello:app")
            clients, limit = Clients(port, HEALTH), Clients(bare, _HELLO)
            wait_until(clients.are_answered, "the portal answers")
            wait_until(limit.are_answered, "hello answers")
            for what, path in pages.items():
                many, few = clients.p95(large, path), clients.p95(small, path)
                for reading in (many, few):
                    reading()  # the first ones load templates and make statements
                about = f"{engine}, {what}"
                yield from compare_with_each(
                    many,
                    {
                        (GROWTH, f"{about}, {size:,} / {_SMALL:,}"): few,
                        (HELLO, f"{about} of {size:,} / hello"): limit.p95_of(_HELLO, ""),
                    },
                    rounds=options.rounds,
                    unit=" ms",
                )


class _Desk:
    """One account with its lead's sign-in."""

    def __init__(self, crowd: Crowd, token: str) -> None:
        self.token = token
        self._crowd = crowd
        changed = messaging.changed_at(crowd.account.tenant)
        self._mark = f"{changed:%Y%m%d%H%M%S%f}"  # as an open inbox keeps it

    def path(self, page: str) -> str:
        """Return the address of a page of this account."""
        place = self._crowd.people // 2
        return page.format(
            account=self._crowd.account.id,
            common=COMMON,
            number=self._crowd.number_of(place),
            talk=self._crowd.talk_id(0),
            mark=self._mark,
        )


_PAGES: Final = {
    "contacts": "/accounts/{account}/contacts",
    "search for the beginning of a name": "/accounts/{account}/contacts?q={common}",
    "search for a number": "/accounts/{account}/contacts?q={number}",
    "inbox": "/accounts/{account}/inbox",
    "unanswered": "/accounts/{account}/inbox?view=needs_answer",
    "unassigned": "/accounts/{account}/inbox?view=unassigned",
    "assigned to me": "/accounts/{account}/inbox?view=mine",
}


def _open(count: int, persons: int) -> _Desk:
    """Make an account with so many texts and contacts, and sign its lead in."""
    with unit_of_work():
        brokerage_ = people.create_organization(f"Realty of {count}", actor=SYSTEM)
        team = people.create_team(brokerage_.id, "Bench", actor=SYSTEM)
        account = accounts.open_account(brokerage_.id, "Bench", team_id=team.id, actor=SYSTEM)
    lead = brokerage.add_lead(account)
    crowd = Crowd(account, persons, count)
    crowd.write()
    with unit_of_work():
        talks = db.metadata.tables["conversations"]
        given = talks.update().where(talks.c.account_id == account.id, talks.c.needs_answer)
        db.session.execute(given.values(assignee_id=lead.id))
        started = people.start_session(lead.id, ip="127.0.0.1", user_agent="bench")
    return _Desk(crowd, started.token)


class Clients:
    """Eight browsers that ask without a pause, each on a connection of its own."""

    def __init__(self, port: int, first: str) -> None:
        self._port, self._first = port, first

    def p95(self, desk: _Desk, page: str) -> Reading:
        """Return what reads the 95th percentile of a page, in milliseconds."""
        return self.p95_of(desk.path(page), desk.token)

    def p95_of(self, path: str, token: str) -> Reading:
        """Return the same for any address; an empty token is a stranger's."""

        def read() -> float:
            with ThreadPoolExecutor(_CLIENTS) as pool:
                each = pool.map(lambda _: self._ask(path, token), range(_CLIENTS))
                waits = [wait for some in each for wait in some]
            return quantiles(waits, n=20)[-1] * 1000

        return read

    def are_answered(self) -> bool:
        """Say whether the server answers."""
        try:
            self._ask(self._first, "", times=1)
        except OSError:
            return False
        return True

    def _ask(self, path: str, token: str, times: int = _READINGS) -> list[float]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
        headers = {"Host": f"localhost:{self._port}", "Cookie": f"{_COOKIE}={token}"}
        if "mark=" in path:  # a poll of an open page
            headers["HX-Request"] = "true"
        waits = []
        for _ in range(times):
            began = time.perf_counter()
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            answer.read()
            waits.append(time.perf_counter() - began)
            if answer.status not in {http.client.OK, http.client.NO_CONTENT}:
                raise RuntimeError(f"{path} answered {answer.status}")
        connection.close()
        return waits
