"""Signed checkpoints of the audit log, and proofs that rest on them (C-5, I13).

A checkpoint says how long a chain was, and its hashes then. It lies in the database and, so
that whoever can rewrite the database can't rewrite it, in an append-only file beside; each
certificate that carries one makes its holder a witness.
"""

import base64
import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import ForeignKey, LargeBinary, String, Text, UniqueConstraint, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from portal.core import audit, audit_tree, merkle
from portal.core.audit import Link
from portal.core.audit_tree import Measure, Tree
from portal.core.clock import utcnow
from portal.core.columns import UTCDateTime
from portal.core.db import Base, db, is_sqlite
from portal.core.errors import DomainError
from portal.core.offline.files import (
    EXPORT_FORMAT,
    PROOF_FORMAT,
    entry_as_json,
    why_proof_fails,
)
from portal.core.offline.hashes import GENESIS, canonical
from portal.core.offline.notes import (
    CHECKPOINT,
    RESTORE,
    Note,
    Unreadable,
    key_id,
    key_ring,
    read_note,
)
from portal.core.offline.walk import Fault, Verdict, check_chain, standing
from portal.core.settings import settings

_KEYS: Final = "public-keys"


class LogBroken(DomainError):
    """The audit log does not agree with what was signed of it; nothing more is signed."""

    code = "log_broken"


class AuditCheckpoint(Base):
    """A signed note about a chain; `stamp` is an RFC 3161 answer over its text."""

    __tablename__ = "audit_checkpoints"
    __table_args__ = (UniqueConstraint("chain", "kind", "size"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    chain: Mapped[UUID] = mapped_column(ForeignKey("audit_heads.chain", ondelete="RESTRICT"))
    kind: Mapped[str] = mapped_column(String(12))
    size: Mapped[int]
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)
    note: Mapped[str] = mapped_column(Text)
    stamp: Mapped[bytes | None] = mapped_column(LargeBinary)


@dataclass(frozen=True, slots=True)
class Kept:
    """A checkpoint as it lies in the database."""

    id: UUID
    note: Note
    made_at: datetime
    stamp: bytes | None


def public_key() -> str:
    """Return the key that checkpoints are checked with, as base64."""
    return base64.b64encode(_signer().public_key().public_bytes_raw()).decode()


def trusted_keys() -> dict[str, bytes]:
    """Return today's key and those before it that were written down beside the database."""
    path = settings().audit_dir / _KEYS
    return key_ring([public_key(), *(path.read_text().split() if path.exists() else ())])


def make(measured: Measure) -> Note:
    """Sign and keep a checkpoint of a chain as `audit_tree.measure` found it.

    Measure outside the unit of work, so that nobody waits for it. A second call for the same
    size returns the first note. Raises LogBroken when the log contradicts an older checkpoint.
    """
    if fault := contradiction(measured.chain):
        raise LogBroken(f"Entry {fault.position} of the audit log: {fault.reason}.")
    audit_tree.keep(measured)
    newest_ = newest(measured.chain)
    if newest_ is not None and newest_.note.size == measured.end.position:
        return newest_.note
    return _keep(measured.chain, CHECKPOINT, measured.end, measured.root)


def accept_restore(chain: UUID) -> Note | None:
    """Sign that a restored backup lost entries, so that older checkpoints beyond it may rest.

    Returns None where no checkpoint is contradicted. What was overtaken stays in the file.
    """
    if contradiction(chain) is None:
        return None
    holds = [n for n in standing(notes(chain))[0] if _agrees(chain, n)]
    size = max((note.size for note in holds), default=0)
    head = audit.hash_at(chain, size) if size else GENESIS
    assert head is not None  # it agrees
    return _keep(chain, RESTORE, Link(size, head), merkle.root(Tree(chain).subtree, size))


def newest(chain: UUID, *, covering: int = 0) -> Kept | None:
    """Return a chain's newest checkpoint of at least so many entries, or None."""
    row = db.session.scalars(
        select(AuditCheckpoint)
        .where(
            AuditCheckpoint.chain == chain,
            AuditCheckpoint.kind == CHECKPOINT,
            AuditCheckpoint.size >= covering,
        )
        .order_by(AuditCheckpoint.size.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else _kept(row)


def listed(chain: UUID, *, limit: int = 50) -> list[Kept]:
    """Return a chain's checkpoints, newest first."""
    rows = db.session.scalars(
        select(AuditCheckpoint)
        .where(AuditCheckpoint.chain == chain)
        .order_by(AuditCheckpoint.made_at.desc(), AuditCheckpoint.size.desc())
        .limit(limit)
    )
    return [_kept(row) for row in rows]


def get(chain: UUID, checkpoint_id: UUID) -> Kept | None:
    """Return one checkpoint of a chain."""
    row = db.session.scalars(
        select(AuditCheckpoint).where(
            AuditCheckpoint.chain == chain, AuditCheckpoint.id == checkpoint_id
        )
    ).one_or_none()
    return None if row is None else _kept(row)


def unstamped(*, limit: int = 20) -> list[Kept]:
    """Return the newest checkpoints of any chain that no authority has stamped yet."""
    rows = db.session.scalars(
        select(AuditCheckpoint)
        .where(AuditCheckpoint.stamp.is_(None))
        .order_by(AuditCheckpoint.made_at.desc())
        .limit(limit)
    )
    return [_kept(row) for row in rows]


def keep_stamp(checkpoint_id: UUID, stamp: bytes) -> None:
    """Keep an authority's answer with its checkpoint; the first one stays."""
    db.session.execute(
        update(AuditCheckpoint)
        .where(AuditCheckpoint.id == checkpoint_id, AuditCheckpoint.stamp.is_(None))
        .values(stamp=stamp)
    )


def inclusion(
    chain: UUID, position: int, *, discloses: bool = False, trees: dict[int, Tree] | None = None
) -> dict[str, Any] | None:
    """Return the proof that an entry stands in the log, as JSON; None until a checkpoint covers it.

    `core.offline` checks it. Content and salt are left out unless it `discloses` them: with
    them, the proof shows what the entry says, and to whom that may be said is the caller's
    care. Calls that share `trees`, by the size they prove, share what they read of the chain.
    Raises LogBroken when the log no longer leads to what was signed.
    """
    entry = audit.entry_at(chain, position)
    found = newest(chain, covering=max(position, 1))
    if entry is None or found is None:
        return None
    if not discloses:
        entry = entry._replace(payload=None, salt=None)
    tree = ({} if trees is None else trees).setdefault(found.note.size, Tree(chain))
    path = tree.prove(position - 1, found.note.size)
    trusted = trusted_keys()
    signer = trusted.get(found.note.key)  # an older key than today's, after a rotation
    proof = {
        "format": PROOF_FORMAT,
        "chain": str(chain),
        "entry": entry_as_json(entry),
        "path": [step.hex() for step in path],
        "checkpoint": found.note.text,
        "public_keys": [base64.b64encode(signer).decode() if signer else public_key()],
    }
    if wrong := why_proof_fails(proof, trusted, verify_signature):
        raise LogBroken(f"Entry {position} of the audit log can't be proven: {wrong}.")
    return proof


def consistency(chain: UUID, older: int, newer: int) -> list[str]:
    """Return the proof that the log of `newer` entries begins with that of `older`."""
    return [step.hex() for step in merkle.consistency(Tree(chain).subtree, older, newer)]


def verify(chain: UUID, witnesses: Iterable[Note] = ()) -> Verdict:
    """Follow a chain from its beginning and hold it against all checkpoints, in one pass.

    Those in the database, those in the file beside it and witnesses from elsewhere count
    alike; one that only the file still has was taken out of the database.
    """
    try:
        own = notes(chain)
        found = sorted({*own, *witnesses}, key=lambda note: note.time)
    except Unreadable as error:
        return Verdict(str(chain), 0, GENESIS, 0, 0, Fault(str(chain), 1, str(error)))
    verdict = check_chain(str(chain), audit.entries(chain), found, trusted_keys(), verify_signature)
    if verdict.fault:
        return verdict
    end = audit.why_head_fails(chain, Link(verdict.entries, verdict.head))
    if end:
        return replace(verdict, fault=Fault(str(chain), end.position, end.reason))
    stored = {note.text for note in _stored(chain)}
    for note in standing(own)[0]:
        if note.text not in stored:
            reason = f"the checkpoint of {note.time} was taken out of the database"
            return replace(verdict, fault=Fault(str(chain), max(note.size, 1), reason))
    return verdict


def contradiction(chain: UUID) -> Fault | None:
    """Return what is wrong when the newest checkpoint is not about this log; a quick look."""
    try:
        found = standing(notes(chain))[0]
    except Unreadable as error:
        return Fault(str(chain), 1, str(error))
    last = max(found, key=lambda note: note.size, default=None)
    if last is None or _agrees(chain, last):
        return None
    if last.size > audit.head(chain).position:
        reason = f"entries are missing at the end: a checkpoint covers {last.size} of them"
        return Fault(str(chain), audit.head(chain).position + 1, reason)
    return Fault(str(chain), last.size, f"the log is not the one of the checkpoint of {last.time}")


def export(chain: UUID) -> Iterator[str]:
    """Give a whole chain with its checkpoints, a line at a time, for `core.offline`."""
    head = {
        "format": EXPORT_FORMAT,
        "chain": str(chain),
        "public_keys": [base64.b64encode(key).decode() for key in trusted_keys().values()],
        "notes": [note.text for note in notes(chain)],
    }
    yield f"{canonical(head)}\n"
    for entry in audit.entries(chain):
        yield f"{canonical(entry_as_json(entry))}\n"


def notes(chain: UUID) -> list[Note]:
    """Return every note about a chain by its time. Raises Unreadable for a damaged one."""
    found = {note.text: note for note in (*_in_file(chain), *_stored(chain))}
    return sorted(found.values(), key=lambda note: note.time)


def verify_signature(public_key_: bytes, signature: bytes, message: bytes) -> bool:
    """Say whether a signature holds; as `offline.ed25519` does, a hundred times as fast."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key_).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _agrees(chain: UUID, note: Note) -> bool:
    head = audit.hash_at(chain, note.size) if note.size else GENESIS
    return head == note.head


def _keep(chain: UUID, kind: str, end: Link, root: bytes) -> Note:
    now, key = utcnow(), _signer()
    note = Note(
        kind=kind,
        origin=settings().host,
        chain=str(chain),
        size=end.position,
        root=root.hex(),
        head=end.hash,
        time=now.isoformat(timespec="microseconds"),
        key=key_id(key.public_key().public_bytes_raw()),
    )
    signature = base64.b64encode(key.sign(note.statement.encode())).decode()
    note = replace(note, signature=signature)
    insert: Any = (sqlite if is_sqlite() else postgresql).insert(AuditCheckpoint)
    written: Any = db.session.execute(
        insert.values(
            id=uuid4(), chain=chain, kind=kind, size=note.size, made_at=now, note=note.text
        ).on_conflict_do_nothing()
    )
    if written.rowcount == 0:  # another process signed the same
        row = select(AuditCheckpoint).where(
            AuditCheckpoint.chain == chain,
            AuditCheckpoint.kind == kind,
            AuditCheckpoint.size == note.size,
        )
        return _kept(db.session.scalars(row).one()).note
    # What it covers is committed already: were this commit to fail, it would still be true.
    _append(chain, note)
    return note


def _stored(chain: UUID) -> Iterator[Note]:
    rows = db.session.execute(
        select(AuditCheckpoint.kind, AuditCheckpoint.size, AuditCheckpoint.note).where(
            AuditCheckpoint.chain == chain
        )
    )
    for row in rows:
        note = read_note(row.note)
        if (note.kind, note.size, note.chain) != (row.kind, row.size, str(chain)):
            raise Unreadable(f"the checkpoint of {note.time} was put elsewhere")
        yield note


def _kept(row: AuditCheckpoint) -> Kept:
    return Kept(row.id, read_note(row.note), row.made_at, row.stamp)


def _signer() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(settings().audit_signing_key))


# --- the file beside the database -------------------------------------------------------------


def chains() -> list[UUID]:
    """Return every chain there is, and those of which only signed checkpoints are left."""
    signed = {UUID(path.stem) for path in settings().audit_dir.glob("*.checkpoints")}
    return sorted({*audit.chains(), *signed})


def file_of(chain: UUID) -> Path:
    """Return where the checkpoints of a chain lie beside the database, a JSON text a line."""
    return settings().audit_dir / f"{chain}.checkpoints"


def _append(chain: UUID, note: Note) -> None:
    path = file_of(chain)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write_down_key()
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        whole = file.read().rfind(b"\n") + 1
        file.truncate(whole)  # a line that power failure cut off says nothing
        file.write(json.dumps(note.text).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _write_down_key() -> None:
    path = settings().audit_dir / _KEYS
    if not path.exists() or public_key() not in path.read_text().split():
        with path.open("a") as file:
            file.write(f"{public_key()}\n")


def _in_file(chain: UUID) -> Iterator[Note]:
    path = file_of(chain)
    if not path.exists():
        return
    for number, line in enumerate(path.read_text().split("\n")[:-1], 1):
        try:
            yield read_note(json.loads(line))
        except (ValueError, TypeError, Unreadable) as error:
            reason = f"line {number} of the checkpoints beside the database was changed"
            raise Unreadable(reason) from error
