"""The tamper-evident audit log (C-5, M-4, RULINGS 8).

One append-only hash chain per organization, and one for the installation. An entry
commits to its payload through a salted hash, so that personal data can be redacted
later (C-10) without breaking the chain:

    commitment = sha256(salt + canonical(payload))
    hash       = sha256(canonical([chain, position, event, at, actor, subject, account,
                                   commitment, previous hash]))
"""

import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.clock import utcnow
from portal.core.columns import UTCDateTime
from portal.core.db import Base, Last, before_commit, db, is_sqlite

INSTALLATION = UUID(int=0)  # the chain of what belongs to no organization
GENESIS = "0" * 64
PAGE = 1000


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: a user, a recipient, the carrier or the system; `origin` is an IP or a source."""

    id: UUID | None
    label: str
    origin: str | None = None


SYSTEM = Actor(None, "system")


class AuditHead(Base):
    """The newest entry of a chain; locked last in every transaction that writes to it."""

    __tablename__ = "audit_heads"

    chain: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64))


class AuditEntry(Base):
    """One fact. Never changed, never removed."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        UniqueConstraint("chain", "position"),
        Index("ix_audit_entries_chain_subject_id", "chain", "subject_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    chain: Mapped[UUID] = mapped_column(ForeignKey("audit_heads.chain", ondelete="RESTRICT"))
    position: Mapped[int]  # 1, 2, 3 and so on within the chain
    event: Mapped[str] = mapped_column(String(80))  # slice:noun:verb
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    actor_id: Mapped[UUID | None]
    actor_label: Mapped[str] = mapped_column(String(200))
    origin: Mapped[str | None] = mapped_column(String(100))
    account_id: Mapped[UUID | None]
    subject_id: Mapped[UUID | None]
    payload: Mapped[dict[str, Any] | None] = mapped_column(JSON)  # None once redacted
    salt: Mapped[str | None] = mapped_column(String(32))
    commitment: Mapped[str] = mapped_column(String(64))
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


@dataclass(frozen=True, slots=True)
class Link:
    """A place in a chain up to which it was found whole, and the hash that stood there."""

    position: int = 0
    hash: str = GENESIS


BEGINNING = Link()


@dataclass(frozen=True, slots=True)
class Fault:
    """The first bad entry of a chain and what is wrong with it."""

    chain: UUID
    position: int
    reason: str


def record(
    event: str,
    *,
    actor: Actor,
    organization_id: UUID | None,
    account_id: UUID | None = None,
    subject_id: UUID | None = None,
    **payload: Any,
) -> None:
    """Write event to the organization's chain, inside the change's own transaction.

    It is written at the end of the unit of work: the chain's head comes last in the lock
    order (RULINGS 6). Payload values must be JSON: text, numbers, lists.
    """
    salt = secrets.token_hex(16)
    entry = AuditEntry(
        chain=organization_id or INSTALLATION,
        event=event,
        at=utcnow(),
        actor_id=actor.id,
        actor_label=actor.label,
        origin=actor.origin,
        account_id=account_id,
        subject_id=subject_id,
        payload=payload,
        salt=salt,
        commitment=_commitment(salt, payload),
    )
    before_commit(Last.CHAIN, entry.chain, lambda: _append(entry))


def _append(entry: AuditEntry) -> None:
    """Link an entry to the newest one of its chain and write it."""
    head = _locked_head(entry.chain)
    entry.position, entry.previous = head.position + 1, head.hash
    entry.hash = _entry_hash(entry)
    db.session.add(entry)
    db.session.execute(
        update(AuditHead)
        .where(AuditHead.chain == entry.chain)
        .values(position=entry.position, hash=entry.hash)
        .execution_options(synchronize_session=False)
    )
    db.session.flush()  # two entries of one transaction must not read the same head


def verify(chain: UUID, *, after: Link = BEGINNING) -> tuple[int, Fault | None]:
    """Return up to which entry the chain holds, and the first that doesn't.

    With `after` it goes on from a link that was verified before: the entry there must still
    bear the same hash, what lies before it is not read again.
    """
    position, previous = after.position, after.hash
    if position and _hash_at(chain, position) != previous:
        return position - 1, Fault(chain, position, "its record was changed")
    for entry in _entries(chain, position):
        if entry.position != position + 1:
            return position, Fault(chain, position + 1, "entry missing or out of order")
        if entry.previous != previous:
            return position, Fault(chain, entry.position, "does not follow the entry before it")
        if entry.payload is not None and entry.commitment != _commitment(
            entry.salt or "", entry.payload
        ):
            return position, Fault(chain, entry.position, "its content was changed")
        if entry.hash != _entry_hash(entry):
            return position, Fault(chain, entry.position, "its record was changed")
        position, previous = entry.position, entry.hash
    head = db.session.get(AuditHead, chain, populate_existing=True)
    if head is None or (head.position, head.hash) != (position, previous):
        if head is None and position == 0:
            return 0, None
        return position, Fault(chain, position + 1, "entries are missing at the end")
    return position, None


def head(chain: UUID) -> Link:
    """Return where a chain ends now."""
    row = db.session.execute(
        select(AuditHead.position, AuditHead.hash).where(AuditHead.chain == chain)
    ).one_or_none()
    return Link(row.position, row.hash) if row else BEGINNING


def chains() -> list[UUID]:
    """Return every chain there is."""
    heads = set(db.session.scalars(select(AuditHead.chain)))
    return sorted(heads | set(db.session.scalars(select(AuditEntry.chain).distinct())))


def digest(rows: Iterator[Mapping[str, Any]]) -> str:
    """Return one SHA-256 over many rows, for an event that stands for all of them (RULINGS 8)."""
    total = hashlib.sha256()
    for row in rows:
        total.update(_canonical(row).encode())
        total.update(b"\n")
    return total.hexdigest()


def _locked_head(chain: UUID) -> AuditHead:
    insert = (sqlite if is_sqlite() else postgresql).insert(AuditHead)
    db.session.execute(
        insert.values(chain=chain, position=0, hash=GENESIS).on_conflict_do_nothing()
    )
    return db.session.scalars(
        select(AuditHead)
        .where(AuditHead.chain == chain)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def _hash_at(chain: UUID, position: int) -> str | None:
    return db.session.scalar(
        select(AuditEntry.hash).where(AuditEntry.chain == chain, AuditEntry.position == position)
    )


def _entries(chain: UUID, after: int) -> Iterator[AuditEntry]:
    """Give the entries in order, a page at a time: no cursor stays open between them."""
    while True:
        page = db.session.scalars(
            select(AuditEntry)
            .where(AuditEntry.chain == chain, AuditEntry.position > after)
            .order_by(AuditEntry.position)
            .limit(PAGE)
            .execution_options(populate_existing=True)
        ).all()
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1].position


def _commitment(salt: str, payload: Mapping[str, Any]) -> str:
    return hashlib.sha256((salt + _canonical(payload)).encode()).hexdigest()


def _entry_hash(entry: AuditEntry) -> str:
    fields = [
        str(entry.chain),
        entry.position,
        entry.event,
        entry.at.isoformat(timespec="microseconds"),
        str(entry.actor_id or ""),
        entry.actor_label,
        entry.origin or "",
        str(entry.account_id or ""),
        str(entry.subject_id or ""),
        entry.commitment,
        entry.previous,
    ]
    return hashlib.sha256(_canonical(fields).encode()).hexdigest()


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=str)
