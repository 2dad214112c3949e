"""How fast a long audit log is verified, beside hashing the same entries as bare JSON (G14)."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import click
from sqlalchemy import insert, select, update

from portal.bench import brokerage
from portal.bench.measure import Figure, Options, Target, compare, figure, seconds
from portal.bench.scratch import open_scratch
from portal.core import audit, audit_tree, checkpoints
from portal.core.audit import AuditEntry, AuditHead
from portal.core.db import db, snapshot, unit_of_work
from portal.core.offline.entries import Entry, commitment_of, entry_hash
from portal.core.offline.hashes import GENESIS, canonical

RATIO: Final = Target("G14", 0.3, 0.5)
WITHIN: Final = Target("G14 time", 20, 20, higher_is_better=False, unit=" s")
_SIZE: Final = 1_000_000
_PAGE: Final = 5_000
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
        self._chain, self._size = chain, size
        self._sample: list[dict[str, Any]] = []

    def fill(self) -> None:
        """Write entries after those that are there, as the product would have, and sign them."""
        head = audit.head(self._chain)
        position, previous = head.position, head.hash
        while position < self._size:
            rows = []
            for _ in range(min(_PAGE, self._size - position)):
                position += 1
                row = _row(self._chain, position, previous)
                previous = row["hash"]
                rows.append(row)
            with unit_of_work():
                db.session.execute(insert(AuditEntry), rows)
                db.session.execute(
                    update(AuditHead)
                    .where(AuditHead.chain == self._chain)
                    .values(position=position, hash=previous)
                )
        with snapshot():
            measured = audit_tree.measure(self._chain)
        with unit_of_work():
            checkpoints.make(measured)
        self._sample = [
            {name: _plain(value) for name, value in row.items()}
            for row in db.session.execute(
                select(AuditEntry.__table__).where(AuditEntry.chain == self._chain).limit(_PAGE)
            ).mappings()
        ]

    def verify_seconds(self) -> float:
        return seconds(self._verify)

    def verify_rate(self) -> float:
        return self._size / self.verify_seconds()

    def bare_rate(self) -> float:
        """Hash as many entries as JSON, one after the other, from memory: the limit."""
        rounds = max(1, self._size // len(self._sample))
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


def _row(chain: UUID, position: int, previous: str) -> dict[str, Any]:
    """Return an entry like those of consents, two thirds of them by users."""
    actor = UUID(int=7) if position % 3 else None
    subject = UUID(int=position)
    at = _BEGIN + timedelta(seconds=position)
    payload = {
        "details": "agreed at the open house on Briar Street",
        "method": "hosted_form",
        "phone": f"+1312{position % 10_000_000:07d}",
        "sha256": f"{position:064x}",
        "strength": "express_written",
    }
    entry = Entry(
        position, 2, "consent:consent:record", at.isoformat(timespec="microseconds"),
        str(actor or ""), "Bob Tran", "203.0.113.7", str(chain), str(subject),
        canonical(payload), f"{position:032x}", "", previous, "",
    )  # fmt: skip
    entry = entry._replace(commitment=commitment_of(entry, entry.payload or ""))
    return {
        "id": uuid4(),
        "chain": chain,
        "position": position,
        "format": 2,
        "event": entry.event,
        "at": at,
        "actor_id": actor,
        "actor_label": entry.actor_label,
        "origin": entry.origin,
        "account_id": chain,
        "subject_id": subject,
        "payload": payload,
        "salt": entry.salt,
        "commitment": entry.commitment,
        "previous": previous,
        "hash": entry_hash(str(chain), entry),
    }
