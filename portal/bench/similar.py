"""How fast a rolling day of texts is searched for nearly the same ones, and looked up (H-2).

Every text is a send of its own, as by a program: the most rows a day can bring. A quarter are
forty wordings filled in for somebody, with a word changed here and there, from 500 numbers; the
rest say something else each. Ours is what a text costs in all: its words read at confirm, its row,
and its share of the sweep; the limit is reading the words alone.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from statistics import quantiles
from typing import Any, Final
from uuid import UUID, uuid4

from portal.bench import brokerage
from portal.bench.measure import Figure, Options, Target, compare, rate, seconds
from portal.bench.scratch import open_scratch
from portal.compliance.rules.similar import packed, sketch
from portal.core.audit import SYSTEM
from portal.core.batches import in_batches
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.core.many_rows import insert_rows
from portal.messaging.queries import similar as queries
from portal.messaging.service import similar
from portal.people import service as people
from portal.texting_accounts import service as accounts
from portal.texting_accounts.values import AccountRef

SORTED: Final = Target("H-2 sorted", 0.1, 0.2)
GROWTH: Final = Target("H-2 growth", 3, 1.5, higher_is_better=False)
LOOKED_UP: Final = Target("H-2 look", 3, 1.5, higher_is_better=False)
FOUND: Final = Target("H-2 found", 90, 97, unit=" %")
_SIZE: Final = 100_000
_SLICES: Final = 10
_NUMBERS: Final = 500
_WORDINGS: Final = 40
_SPREAD: Final = 4  # one text of so many is of a wording
_LOOKS: Final = 200
_SYLLABLES: Final = ("ba", "co", "de", "fi", "gu", "ha", "jo", "ke", "li", "mu", "na", "po", "re", "su", "ta", "vi")  # fmt: skip


def run(options: Options) -> Iterator[Figure]:
    """Fill a day of 100,000 texts and of a hundredth, and look into both."""
    size = max(options.size or _SIZE, _SLICES)
    few = max(_SLICES, size // 100)
    for engine in options.engines:
        with open_scratch(engine):
            small, large = _Day(few), _Day(size)
            small.fill()
            readings = large.fill()
            ratios = tuple(ours / limit for ours, limit in readings)
            about = f"{engine}, a day of {size:,}"
            yield Figure(SORTED, f"{about}, by tenths", ratios, *_told(readings))
            last = 1 / ratios[-1] * ratios[0]
            yield Figure(GROWTH, f"{about}, a text of its last tenth / of its first", (last,))
            found = large.found()
            yield Figure(FOUND, f"{about}, texts of a wording found together", (found,))
            for what, name in (("typed text looked up", "look"), ("officers' page", "page")):
                yield compare(
                    LOOKED_UP,
                    f"{engine}, {what}, {size:,} / {few:,}",
                    getattr(large, name),
                    getattr(small, name),
                    rounds=options.rounds,
                    unit=" ms",
                )


def _told(readings: Sequence[tuple[float, float]]) -> tuple[str, str]:
    ours, limit = (sum(side) / len(side) for side in zip(*readings, strict=True))
    return f"{ours:,.0f}/s", f"{limit:,.0f}/s"


class _Day:
    """An organization with 500 numbers, and the texts they send within a day."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._dice = random.Random(count)  # noqa: S311 (the same texts every time)
        self._wordings = [self._words(20) for _ in range(_WORDINGS)]
        self._of_wordings = 0
        with unit_of_work():
            organization = people.create_organization(f"Realty of {count}", actor=SYSTEM)
            team = people.create_team(organization.id, "Bench", actor=SYSTEM)
            self._account: AccountRef = accounts.open_account(
                organization.id, "Bench", team_id=team.id, actor=SYSTEM
            )

    def fill(self) -> list[tuple[float, float]]:
        """Send the day in tenths; return how many texts a second each took, ours and the limit."""
        readings = []
        for _ in range(_SLICES):
            bodies = [self._body() for _ in range(self._count // _SLICES)]
            sends = self._confirm(bodies)
            limit = rate(len(bodies), lambda b=bodies: [sketch(body) for body in b])  # type: ignore[misc]
            noting = seconds(lambda s=sends, b=bodies: self._note(s, b))  # type: ignore[misc]
            readings.append((len(bodies) / (noting + seconds(_sort)), limit))
        return readings

    def found(self) -> float:
        """Return how many of a hundred texts of a wording are in groups of many numbers."""
        told = [
            queries.totals(self._account.organization_id, [group.id], utcnow())
            for group in self._groups()
        ]
        texts = sum(texts for totals in told for _, texts in totals.values())
        return 100 * texts / self._of_wordings

    def look(self) -> float:
        """Return the 95th percentile of a look at a text while it is typed, in ms."""

        def once() -> None:
            made = sketch(self._body())
            group_id = queries.shelf(self._account.organization_id, [made]).find(made)
            if group_id:
                queries.numbers_of(self._account.organization_id, group_id, utcnow())
            db.session.rollback()

        return _p95(once, _LOOKS)

    def page(self) -> float:
        """Return the 95th percentile of reading the officers' page, in ms."""
        return _p95(self._groups, _LOOKS // 10)

    def _groups(self) -> Sequence[queries.GroupRef]:
        found = queries.groups(self._account.organization_id, utcnow())
        db.session.rollback()
        return found

    def _words(self, count: int) -> str:
        return " ".join(self._word() for _ in range(count))

    def _word(self) -> str:
        return "".join(self._dice.choices(_SYLLABLES, k=3))

    def _body(self) -> str:
        if self._dice.randrange(_SPREAD):
            return self._words(20)
        self._of_wordings += 1
        words = self._dice.choice(self._wordings).split()
        words[self._dice.randrange(len(words))] = self._word()
        return f"Hi {self._word().capitalize()}, {' '.join(words)} {self._dice.randrange(999)}"

    def _confirm(self, bodies: Sequence[str]) -> list[tuple[UUID, datetime]]:
        """Write the rows a confirm writes anyway."""
        sends = [(uuid4(), utcnow()) for _ in bodies]
        both = list(zip(sends, bodies, strict=True))
        with unit_of_work():
            insert_rows(db.metadata.tables["campaigns"], (self._campaign(*one) for one in both))
            insert_rows(db.metadata.tables["messages"], (self._message(*one) for one in both))
        return sends

    def _note(self, sends: Sequence[tuple[UUID, datetime]], bodies: Sequence[str]) -> None:
        """Do what the detector adds to each confirm, 200 to a transaction."""
        table = db.metadata.tables["unsorted_texts"]
        both = list(zip(sends, bodies, strict=True))
        for start in range(0, len(both), similar.BATCH):
            with unit_of_work():
                insert_rows(
                    table,
                    [
                        self._own
                        | {"campaign_id": id_, "sketch": packed(sketch(body)), "due_at": at}
                        for (id_, at), body in both[start : start + similar.BATCH]
                    ],
                )

    @property
    def _own(self) -> dict[str, Any]:
        return {"organization_id": self._account.organization_id, "account_id": self._account.id}

    def _campaign(self, send: tuple[UUID, datetime], body: str) -> dict[str, Any]:
        id_, at = send
        return self._own | {
            "id": id_, "nonce": id_.hex, "intent": "", "name": "Bench", "kind": "one_to_one",
            "state": "running", "body": body, "media": [], "people": 1, "credits": 1,
            "created_at": at, "created_by_name": "Bea Lind",
        }  # fmt: skip

    def _message(self, send: tuple[UUID, datetime], body: str) -> dict[str, Any]:
        id_, at = send
        return self._own | {
            "id": id_, "campaign_id": id_, "kind": "one_to_one", "priority": 0, "recipient_name": "",
            "e164": brokerage.number(self._dice.randrange(50_000)),
            "from_e164": brokerage.number(100_000 + self._dice.randrange(_NUMBERS)),
            "text_id": id_, "position": 1, "body": body, "body_hash": "", "media": [],
            "encoding": "GSM-7", "segments": 1, "credits": 1, "state": "delivered",
            "not_before": at, "created_at": at, "changed_at": at,
        }  # fmt: skip


def _sort() -> None:
    now = utcnow()
    for rows in in_batches(partial(similar.due, now)):
        for batch in similar.batches(rows):
            with unit_of_work():
                similar.sort(batch, now)


def _p95(work: Callable[[], object], count: int) -> float:
    times = []
    for _ in range(count):
        began = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - began))
    return quantiles(times, n=20)[-1]
