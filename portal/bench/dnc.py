"""What loading a do-not-call list costs beside writing its rows plainly, and a look-up (G17)."""

import io
import random
from collections.abc import Iterator
from typing import Final

from portal.bench import brokerage, bulk
from portal.bench.measure import Figure, Options, Target, compare, figure, rate, seconds
from portal.bench.memory import held_mb, peak_mb
from portal.bench.scratch import open_scratch
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.dnc import queries
from portal.dnc import service as dnc
from portal.dnc.service import loading
from portal.dnc.values import KEY_ROOM, NATIONAL, FileKind, ImportState, ListImportRef
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef

LOAD: Final = Target("G17", 0.25, 0.5)
LOOK_UP: Final = Target("G17 look-up", 50, 10, higher_is_better=False, unit=" ms")
MEMORY: Final = Target("G17 memory", 200, 80, higher_is_better=False, unit=" MB")
_SIZE: Final = 5_000_000
_MOST_ROUNDS: Final = 3
_AREAS: Final = (312, 630, 708, 773, 847)
_AT_ONCE: Final = 500
_LOOKS: Final = 100
_WRITTEN: Final = ("dnc_areas", "dnc_imports", "dnc_loads", "dnc_numbers")


def run(options: Options) -> Iterator[Figure]:
    """Load a list of 5,000,000 numbers and write its rows plainly, by turns; then look 500 up."""
    size = (options.size or _SIZE) // len(_AREAS) * len(_AREAS)
    for engine in options.engines:
        with open_scratch(engine) as here:
            lists = _Lists(brokerage.open_account(here, credits=1), size)
            about = f"{engine}, {size:,} numbers"
            yield figure(MEMORY, f"{about}, above idle", lists.memory)
            rounds = min(options.rounds, _MOST_ROUNDS)
            yield compare(LOAD, about, lists.load_rate, lists.plain_rate, rounds=rounds)
            lists.load()
            what = f"{about}, {_AT_ONCE} at once"
            yield figure(LOOK_UP, what, lists.look_up_ms, rounds=_LOOKS)


class _Lists:
    """One organization's list, loaded again and again from the same file."""

    def __init__(self, account: AccountRef, size: int) -> None:
        self._account, self._size = account, size
        self._each = size // len(_AREAS)
        self._draw = random.Random(17)  # noqa: S311 (which numbers are asked for)

    def memory(self) -> float:
        """Load the list once; return how much memory that took above idle."""
        import_ = self._confirmed()
        idle = held_mb()
        peak = peak_mb(lambda: _run(import_))
        self._empty()
        return peak - idle

    def load_rate(self) -> float:
        """Return how many numbers a second are loaded from a file whose dry run was read."""
        import_ = self._confirmed()
        try:
            return rate(self._size, lambda: _run(import_))
        finally:
            self._empty()

    def plain_rate(self) -> float:
        """Return how many a second the driver writes, in one transaction and nothing else."""

        def write() -> None:
            with unit_of_work():
                bulk.load("dnc_numbers", ("key",), ((KEY_ROOM + n,) for n in self._numbers()))

        try:
            return rate(self._size, write)
        finally:
            self._empty()

    def load(self) -> None:
        """Have the list in use."""
        _run(self._confirmed())

    def look_up_ms(self) -> float:
        """Return how long it takes to look up 500 numbers, one in ten of them listed."""
        asked = [self._any(place) for place in range(_AT_ONCE)]

        def look() -> None:
            found = queries.read_lists(self._account.organization_id).listed(asked)
            assert len(found) >= _AT_ONCE // 20

        try:
            return seconds(look) * 1000
        finally:
            db.session.rollback()

    def _any(self, place: int) -> str:
        offset = self._draw.randrange(self._each)
        if place % 10:
            offset += self._each  # beyond those of the list
        return f"+1{self._draw.choice(_AREAS)}{offset:07d}"

    def _numbers(self) -> Iterator[int]:
        for area in _AREAS:
            yield from range(area * 10_000_000, area * 10_000_000 + self._each)

    def _confirmed(self) -> ListImportRef:
        today = accounts.today(self._account, utcnow())
        organization_id, actor = self._account.organization_id, brokerage.actor()
        with unit_of_work():
            import_ = dnc.receive(
                organization_id,
                "national.txt",
                io.BytesIO("".join(f"{n}\n" for n in self._numbers()).encode()),
                source=NATIONAL,
                kind=FileKind.FULL,
                as_of=today,
                today=today,
                actor=actor,
                in_job=False,
            )
        _run(import_)
        with unit_of_work():
            return dnc.confirm(organization_id, import_.id, actor=actor, in_job=False)

    def _empty(self) -> None:
        bulk.empty(*_WRITTEN)


def _run(import_: ListImportRef) -> None:
    run_ = loading.start_run(import_.id)
    while run_.more():
        with unit_of_work():
            run_.step()
    ended = queries.import_or_404(import_.organization_id, import_.id)
    assert ended.state in (ImportState.CHECKED, ImportState.DONE), ended.error
    db.session.rollback()
