"""The tamper-evident audit log (C-5, M-4, RULINGS 8).

One append-only hash chain per organization, and one for the installation. An entry
commits through a salted hash to its payload and to a person who acted and is no user, so
that personal data can be redacted later (C-10) without breaking the chain:

    commitment = sha256(salt + canonical(payload, and the person))
    hash       = sha256(canonical([format, chain, position, event, at, actor, account, subject,
                                   commitment, previous hash]))

How both are computed stands in `core.offline`, which anybody can run without the portal.
"""

import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import (
    JSON,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    case,
    cast,
    null,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.clock import utcnow
from portal.core.columns import UTCDateTime
from portal.core.db import Base, Last, before_commit, db, is_sqlite
from portal.core.offline.entries import REDACTED, Entry, commitment_of, entry_hash, why_entry_fails
from portal.core.offline.hashes import GENESIS, canonical

INSTALLATION = UUID(int=0)  # the chain of what belongs to no organization
PAGE = 1000
_FORMAT: Final = 2  # 1 hashed a person who acted openly; such entries stay as they are


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
    """One fact. Never removed, and never changed but for redaction; triggers see to both."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        UniqueConstraint("chain", "position"),
        Index("ix_audit_entries_chain_subject_id", "chain", "subject_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    chain: Mapped[UUID] = mapped_column(ForeignKey("audit_heads.chain", ondelete="RESTRICT"))
    position: Mapped[int]  # 1, 2, 3 and so on within the chain
    format: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"))
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
    entry = AuditEntry(
        chain=organization_id or INSTALLATION,
        format=_FORMAT,
        event=event,
        at=utcnow(),
        actor_id=actor.id,
        actor_label=actor.label,
        origin=actor.origin,
        account_id=account_id,
        subject_id=subject_id,
        payload=json.loads(canonical(payload)),  # stored as it is hashed: checking is quick
        salt=secrets.token_hex(16),
    )
    before_commit(Last.CHAIN, entry.chain, lambda: _append(entry))


def _append(entry: AuditEntry) -> None:
    """Link an entry to the newest one of its chain and write it."""
    head = _locked_head(entry.chain)
    entry.position, entry.previous = head.position + 1, head.hash
    seal(entry)
    db.session.add(entry)
    db.session.execute(
        update(AuditHead)
        .where(AuditHead.chain == entry.chain)
        .values(position=entry.position, hash=entry.hash)
        .execution_options(synchronize_session=False)
    )
    db.session.flush()  # two entries of one transaction must not read the same head


def seal(entry: AuditEntry) -> None:
    """Compute the commitment and the hash of an entry that knows its place."""
    entry.commitment = commitment_of(_as_hashed(entry), canonical(entry.payload))
    entry.hash = entry_hash(str(entry.chain), _as_hashed(entry))


def verify(chain: UUID, *, after: Link = BEGINNING) -> tuple[int, Fault | None]:
    """Return up to which entry the chain holds, and the first that doesn't.

    With `after` it goes on from a link that was verified before: the entry there must still
    bear the same hash, what lies before it is not read again. Checkpoints are looked at by
    `core.checkpoints.verify`.
    """
    position, previous = after.position, after.hash
    if position and hash_at(chain, position) != previous:
        return position - 1, Fault(chain, position, "its record was changed")
    for entry in entries(chain, after=position):
        wrong = why_entry_fails(str(chain), entry, position + 1, previous)
        if wrong:
            return position, Fault(chain, position + 1, wrong)
        position, previous = entry.position, entry.hash
    return position, why_head_fails(chain, Link(position, previous))


def why_head_fails(chain: UUID, end: Link) -> Fault | None:
    """Return what is wrong when a chain whose entries end at `end` has another head."""
    head = db.session.get(AuditHead, chain, populate_existing=True)
    if head is None and end == BEGINNING:
        return None
    if head is None or (head.position, head.hash) != (end.position, end.hash):
        return Fault(chain, end.position + 1, "entries are missing at the end")
    return None


def redact(chain: UUID, ids: Sequence[UUID]) -> int:
    """Destroy content and salt of entries for good; commitments and hashes stay (C-10).

    Who acted goes, too, where it is no user: a recipient or an address. Returns how many had
    something left to destroy.
    """
    done = 0
    for start in range(0, len(ids), PAGE):
        asked = (AuditEntry.chain == chain) & AuditEntry.id.in_(ids[start : start + PAGE])
        gone = update(AuditEntry).where(asked, AuditEntry.salt.is_not(None))
        found: Any = db.session.execute(
            gone.values(
                payload=null(),
                salt=None,
                actor_label=case(
                    ((AuditEntry.actor_id.is_(None)) & (AuditEntry.format > 1), REDACTED),
                    else_=AuditEntry.actor_label,
                ),
                origin=case(
                    ((AuditEntry.actor_id.is_(None)) & (AuditEntry.format > 1), null()),
                    else_=AuditEntry.origin,
                ),
            ).execution_options(synchronize_session=False)
        )
        done += found.rowcount
    return done


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
        total.update(canonical(row).encode())
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


def hash_at(chain: UUID, position: int) -> str | None:
    """Return the hash of one entry, or None where there is none."""
    return db.session.scalar(
        select(AuditEntry.hash).where(AuditEntry.chain == chain, AuditEntry.position == position)
    )


def hashes(chain: UUID, start: int, stop: int) -> list[str]:
    """Return the hashes of the entries from start to before stop, counted from 0."""
    return list(
        db.session.scalars(
            select(AuditEntry.hash)
            .where(
                AuditEntry.chain == chain,
                AuditEntry.position > start,
                AuditEntry.position <= stop,
            )
            .order_by(AuditEntry.position)
        )
    )


def entries(chain: UUID, *, after: int = 0) -> Iterator[Entry]:
    """Give the entries in order, a page at a time: no cursor stays open between them."""
    while True:
        asked = _hashed().where(AuditEntry.chain == chain, AuditEntry.position > after)
        asked = asked.order_by(AuditEntry.position)
        try:
            page = db.session.execute(asked.limit(PAGE)).all()
        except ValueError:  # SQLite keeps a time that is none: go on to the entry that has it
            row = db.session.execute(asked.with_only_columns(AuditEntry.position).limit(1)).one()
            yield _readable(chain, row.position)
            after = row.position
            continue
        for row in page:
            yield _entry(row)
        if len(page) < PAGE:
            return
        after = page[-1].position


def _readable(chain: UUID, position: int) -> Entry:
    """Return one entry; one that can't be read at all has no format, and fails by that."""
    try:
        entry = entry_at(chain, position)
        assert entry is not None  # its position was read
    except ValueError:
        return Entry(position, 0, "", "", "", "", "", "", "", None, None, "", "", "")
    return entry


def entry_at(chain: UUID, position: int) -> Entry | None:
    """Return one entry, or None where there is none."""
    row = db.session.execute(
        _hashed().where(AuditEntry.chain == chain, AuditEntry.position == position)
    ).one_or_none()
    return None if row is None else _entry(row)


def _hashed() -> Any:
    """Ask for rows, not objects, ids and payload as text: a long chain is read in one pass."""
    return select(
        AuditEntry.position,
        AuditEntry.format,
        AuditEntry.event,
        AuditEntry.at,
        cast(AuditEntry.actor_id, Text),
        AuditEntry.actor_label,
        AuditEntry.origin,
        cast(AuditEntry.account_id, Text),
        cast(AuditEntry.subject_id, Text),
        cast(AuditEntry.payload, Text),
        AuditEntry.salt,
        AuditEntry.commitment,
        AuditEntry.previous,
        AuditEntry.hash,
    )


def _entry(row: Any) -> Entry:
    position, format_, event, at, actor, label, origin, account, subject, payload = row[:10]
    salt, commitment, previous, hash_ = row[10:]
    return Entry(
        position,
        format_,
        event,
        at.isoformat(timespec="microseconds"),
        _dashed(actor),
        label,
        origin or "",
        _dashed(account),
        _dashed(subject),
        None if payload == "null" else payload,
        salt,
        commitment,
        previous,
        hash_,
    )


def _dashed(text_: str | None) -> str:
    """Return an id as it is hashed; SQLite keeps the 32 digits alone."""
    if text_ is None or len(text_) != 32:
        return text_ or ""
    return f"{text_[:8]}-{text_[8:12]}-{text_[12:16]}-{text_[16:20]}-{text_[20:]}"


def _as_hashed(entry: AuditEntry) -> Entry:
    return Entry(
        entry.position,
        entry.format,
        entry.event,
        entry.at.isoformat(timespec="microseconds"),
        str(entry.actor_id or ""),
        entry.actor_label,
        entry.origin or "",
        str(entry.account_id or ""),
        str(entry.subject_id or ""),
        None if entry.payload is None else canonical(entry.payload),
        entry.salt,
        entry.commitment,
        entry.previous,
        entry.hash,
    )
