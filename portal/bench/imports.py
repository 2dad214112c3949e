"""What an import of contacts costs beside writing the very same rows plainly (G9)."""

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import select, update

from portal.bench import brokerage, bulk
from portal.bench.measure import Figure, Options, Target, compare, figure, rate
from portal.bench.memory import held_mb, peak_mb
from portal.bench.scratch import open_scratch
from portal.contacts.service import importing
from portal.contacts.service.contact_import import ContactHandler
from portal.contacts.values import ConsentSource, ImportRef
from portal.core.db import db, unit_of_work
from portal.texting_accounts.values import AccountRef

RATE: Final = Target("G9", 0.25, 0.40)
MEMORY: Final = Target("G9 memory", 200, 80, higher_is_better=False, unit=" MB")
_SIZE: Final = 100_000
_MOST_ROUNDS: Final = 2  # each is an import of all: minutes
# What an import writes, in the order in which it must go in.
_WRITTEN: Final = ("phone_numbers", "contacts", "contact_numbers", "contact_words")
_HEADER: Final = "First name,Last name,E-mail,Mobile phone,City,State,Lead source\n"


def run(options: Options) -> Iterator[Figure]:
    """Import 100,000 contacts from a file and write their rows plainly, by turns."""
    size = options.size or _SIZE
    for engine in options.engines:
        with open_scratch(engine) as here:
            book = _Book(brokerage.open_account(here, credits=1), size)
            about = f"{engine}, {size:,} contacts"
            yield figure(MEMORY, f"{about}, above idle", book.first_import)
            rounds = min(options.rounds, _MOST_ROUNDS)
            yield compare(RATE, about, book.import_rate, book.plain_rate, rounds=rounds)


class _Book:
    """One account's address book, filled again and again with the same people."""

    def __init__(self, account: AccountRef, size: int) -> None:
        self._account, self._size = account, size
        self._file = _file(size)
        self._rows: Mapping[str, Sequence[tuple[Any, ...]]] = {}
        self._first: list[float] = []

    def first_import(self) -> float:
        """Take the file in, dry run and import; return how much memory that took.

        Its rows are kept for the limit, and its rate for the first round.
        """
        idle = held_mb()
        peak = peak_mb(lambda: self._first.append(self._import()))
        self._rows = {name: bulk.read(name, self._account.organization_id) for name in _WRITTEN}
        self._empty()
        return peak - idle

    def import_rate(self) -> float:
        """Return how many contacts a second are imported."""
        return self._first.pop() if self._first else self._import_and_empty()

    def _import(self) -> float:
        import_ = self._checked()
        return rate(self._size, lambda: _run(import_))

    def _import_and_empty(self) -> float:
        try:
            return self._import()
        finally:
            self._empty()

    def plain_rate(self) -> float:
        """Return how many a second are written plainly."""
        try:
            return rate(self._size, self._write_plainly)
        finally:
            self._empty()

    def _write_plainly(self) -> None:
        with unit_of_work():
            for name, rows in self._rows.items():
                bulk.executemany(name, rows)

    def _checked(self) -> ImportRef:
        """Return an import whose dry run was read: what is measured is what it writes."""
        tenant, actor = self._account.tenant, brokerage.actor()
        with unit_of_work():
            import_ = importing.receive(
                tenant, ContactHandler(), "people.csv", io.BytesIO(self._file), actor=actor
            )
        with unit_of_work():
            importing.match_columns(
                tenant,
                import_.id,
                ContactHandler(),
                import_.mapping,
                consent_source=ConsentSource.NONE_YET,
                in_job=False,
                actor=actor,
            )
        _run(import_)
        with unit_of_work():
            return importing.confirm(tenant, import_.id, actor=actor, in_job=False)

    def _empty(self) -> None:
        bulk.empty(*reversed(_WRITTEN))
        with unit_of_work():
            counts = db.metadata.tables["contact_counts"]
            db.session.execute(update(counts).values(contacts=0))


def _run(import_: ImportRef) -> None:
    run_ = importing.start_run(import_.id, ContactHandler())
    while run_.more():
        with unit_of_work():
            run_.step()
    done = db.session.execute(
        select(db.metadata.tables["imports"].c.rejected).where(
            db.metadata.tables["imports"].c.id == import_.id
        )
    ).scalar_one()
    assert done == 0
    db.session.rollback()


def _file(size: int) -> bytes:
    lines = [_HEADER]
    for place in range(size):
        digits = brokerage.number(place)[2:]
        phone = f"({digits[:3]}) {digits[3:6]}-{digits[6:]}"
        lines.append(
            f"Ann{place % 977},Lee{place % 1013},ann{place}@example.com,{phone},Chicago,IL,website\n"
        )
    return "".join(lines).encode()
