"""How fast a long audit log is verified, beside hashing the same entries as bare JSON (G14)."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any, Final
from uuid import UUID

import click
from sqlalchemy import select, update

from portal.bench import brokerage, bulk
from portal.bench.measure import Figure, Options, Target, compare, figure, seconds
from portal.bench.scratch import open_scratch
from portal.core import audit, audit_tree, checkpoints
from portal.core.audit import AuditEntry, AuditHead, Link
from portal.core.db import db, is_sqlite, snapshot, unit_of_work
from portal.core.offline.entries import Entry, commitment_of, entry_hash
from portal.core.offline.hashes import GENESIS, canonical

RATIO: Final = Target("G14", 0.3, 0.5)
WITHIN: Final = Target("G14 time", 20, 20, higher_is_better=False, unit=" s")
_SIZE: Final = 1_000_000
_SAMPLE: Final = 5_000
_COLUMNS: Final = (
    "id", "chain", "position", "format", "event", "at", "actor_id", "actor_label", "origin",
    "account_id", "subject_id", "payload", "salt", "commitment", "previous", "hash",
)  # fmt: skip
_BEGIN: Final = datetime(2026, 3, 2, 12, tzinfo=UTC)


def run(options: Options) -> Iterator[Figure]:
    """Write 1,000,000 entries by bulk insert, sign them, and verify them whole."""
    size = options.size or _SIZE
    for engine in options.engines:
        with open_scratch(engine) as here:
            chain = brokerage.open_account(here, credits=1).organization_id
            log = _Log(chain, size)
            log.fill()
            about = f"{engine}, {size:,} entries"
            yield compare(RATIO, about, log.verify_rate, log.bare_rate, rounds=options.rounds)
            yield figure(WITHIN, about, log.verify_seconds)


class _Log:
    """One organization's chain of so many entries."""

    def __init__(self, chain: UUID, size: int) -> None:
        self._chain, self._size, self._last = chain, size, GENESIS
        self._sample: list[dict[str, Any]] = []
        self._took: list[float] = []  # each verification, in seconds

    def fill(self) -> None:
        """Write entries after those that are there, as the product would have, and sign them."""
        end = audit.head(self._chain)
        with unit_of_work():
            bulk.load("audit_entries", _COLUMNS, self._rows(end))
            db.session.execute(
                update(AuditHead)
                .where(AuditHead.chain == self._chain)
                .values(position=self._size, hash=self._last)
            )
        with snapshot():
            measured = audit_tree.measure(self._chain)
        with unit_of_work():
            checkpoints.make(measured)
        self._sample = [
            {name: _plain(value) for name, value in row.items()}
            for row in db.session.execute(
                select(AuditEntry.__table__).where(AuditEntry.chain == self._chain).limit(_SAMPLE)
            ).mappings()
        ]

    def _rows(self, end: Link) -> Iterator[tuple[str | int | None, ...]]:
        self._last = end.hash
        for position in range(end.position + 1, self._size + 1):
            row = _row(self._chain.hex, str(self._chain), position, self._last)
            self._last = str(row[-1])
            yield row

    def verify_rate(self) -> float:
        self._took.append(seconds(self._verify))
        return self._size / self._took[-1]

    def verify_seconds(self) -> float:
        """Return what a verification took, of those whose rate was read."""
        return median(self._took)

    def bare_rate(self) -> float:
        """Hash a fifth as many entries as JSON, one after the other, from memory: the limit."""
        rounds = max(1, self._size // len(self._sample) // 5)
        return rounds * len(self._sample) / seconds(lambda: self._hash_plainly(rounds))

    def _verify(self) -> None:
        verdict = checkpoints.verify(self._chain)
        if verdict.fault is not None or verdict.entries != self._size:
            raise click.ClickException(f"the log does not hold: {verdict}")

    def _hash_plainly(self, rounds: int) -> None:
        previous = GENESIS
        for _ in range(rounds):
            for row in self._sample:
                row["previous"] = previous
                text = json.dumps(row, sort_keys=True)
                previous = hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> object:
    """Return a value as JSON takes it, so that the limit does nothing but JSON and hashes."""
    return value if isinstance(value, str | int | dict | None) else str(value)


def _row(chain_hex: str, chain: str, position: int, previous: str) -> tuple[str | int | None, ...]:
    """Return an entry like those of consents, two thirds of them by users, as it is stored."""
    actor, subject = UUID(int=7) if position % 3 else None, UUID(int=position)
    at = _BEGIN + timedelta(seconds=position)
    payload = canonical(
        {
            "details": "agreed at the open house on Briar Street",
            "method": "hosted_form",
            "phone": f"+1312{position % 10_000_000:07d}",
            "sha256": f"{position:064x}",
            "strength": "express_written",
        }
    )
    entry = Entry(
        position, 2, "consent:consent:record", at.isoformat(timespec="microseconds"),
        str(actor or ""), "Bob Tran", "203.0.113.7", chain, str(subject),
        payload, f"{position:032x}", "", previous, "",
    )  # fmt: skip
    entry = entry._replace(commitment=commitment_of(entry, payload))
    stored_at = entry.at.replace("T", " ")
    return (
        subject.hex, chain_hex, position, 2, entry.event,
        stored_at.removesuffix("+00:00") if is_sqlite() else stored_at,
        actor.hex if actor else None, entry.actor_label, entry.origin, chain_hex, subject.hex,
        payload, entry.salt, entry.commitment, previous, entry_hash(chain, entry),
    )  # fmt: skip
