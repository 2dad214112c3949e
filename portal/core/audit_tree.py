"""The Merkle tree over each chain of the audit log (RFC 9162; PROMISES 4, threat 13).

An entry's leaf is its hash. Nothing is done while entries are written: whole subtrees of 256
entries, of 256 of those and so on are hashed when a checkpoint is made, and kept. A proof
reads at most 255 hashes for each of a few steps, however long the chain.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ForeignKey, SmallInteger, String, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from portal.core import audit, merkle
from portal.core.audit import Link
from portal.core.db import Base, db, is_sqlite
from portal.core.offline.hashes import leaf_hash, node_hash

_STEP: Final = 8  # levels between those that are kept: one row for 256 below it
_TOP: Final = 32  # a chain has less than 2**32 entries
_AT_ONCE: Final = 500


class AuditNode(Base):
    """The hash over a whole subtree, so that it need not be computed again."""

    __tablename__ = "audit_nodes"

    chain: Mapped[UUID] = mapped_column(
        ForeignKey("audit_heads.chain", ondelete="RESTRICT"), primary_key=True
    )
    level: Mapped[int] = mapped_column(SmallInteger, primary_key=True)  # over 2**level entries
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hash: Mapped[str] = mapped_column(String(64))


@dataclass(frozen=True, slots=True)
class Measure:
    """A chain as it stood: its end, its root, and the subtrees that became whole since."""

    chain: UUID
    end: Link
    root: bytes
    nodes: dict[tuple[int, int], bytes]


class Tree:
    """The tree of one chain, read from the database as far as it is asked for."""

    def __init__(self, chain: UUID) -> None:
        """Read from this chain."""
        self._chain = chain
        self.fresh: dict[tuple[int, int], bytes] = {}  # computed here, not kept yet
        self._known: dict[tuple[int, int], bytes] = {}

    def prove(self, index: int, size: int) -> list[bytes]:
        """Return the path from a leaf to the root of `size` leaves. Raises LookupError.

        Every block of 256 on the way is read and hashed once, so that the proofs of neighbors
        cost next to nothing; of one tree ask proofs of one size.
        """

        def subtree(level: int, place: int) -> bytes:
            if (level, place) not in self._known:
                base = level // _STEP * _STEP
                self._learn(base, place >> (base + _STEP - level), size)
            return self._known[level, place]

        return merkle.inclusion(subtree, index, size)

    def _learn(self, base: int, block: int, size: int) -> None:
        """Hash all that is whole at this size within a block, from the level that is kept up."""
        first = block << _STEP
        below = self._hashes(base, first, min(first + (1 << _STEP), size >> base))
        for level in range(base, base + _STEP):
            self._known |= {(level, first + at): each for at, each in enumerate(below)}
            whole = len(below) // 2 * 2
            below = [node_hash(*below[at : at + 2]) for at in range(0, whole, 2)]
            first >>= 1

    def subtree(self, level: int, place: int) -> bytes:
        """Return the hash over the 2**level leaves that begin at place * 2**level."""
        base = level // _STEP * _STEP
        below = self._hashes(base, place << (level - base), (place + 1) << (level - base))
        while len(below) > 1:
            below = [node_hash(*below[at : at + 2]) for at in range(0, len(below), 2)]
        return below[0]

    def grow(self, size: int) -> None:
        """Compute the subtrees to be kept that are whole at this size and not kept yet."""
        for level in range(_STEP, _TOP, _STEP):
            kept = db.session.scalar(
                select(func.max(AuditNode.place)).where(
                    AuditNode.chain == self._chain, AuditNode.level == level
                )
            )
            for place in range(0 if kept is None else kept + 1, size >> level):
                first = place << _STEP
                below = self._hashes(level - _STEP, first, first + (1 << _STEP))
                while len(below) > 1:
                    below = [node_hash(*below[at : at + 2]) for at in range(0, len(below), 2)]
                self.fresh[level, place] = below[0]

    def _hashes(self, level: int, start: int, stop: int) -> list[bytes]:
        """Return the kept hashes of a level, or leaves, from start to before stop."""
        if level == 0:
            found = [leaf_hash(each) for each in audit.hashes(self._chain, start, stop)]
        else:
            kept = {
                row.place: bytes.fromhex(row.hash)
                for row in db.session.execute(
                    select(AuditNode.place, AuditNode.hash).where(
                        AuditNode.chain == self._chain,
                        AuditNode.level == level,
                        AuditNode.place >= start,
                        AuditNode.place < stop,
                    )
                )
            }
            kept |= {p: h for (at, p), h in self.fresh.items() if at == level and start <= p < stop}
            found = [kept[place] for place in range(start, stop) if place in kept]
        if len(found) != stop - start:
            raise LookupError(f"the audit log lacks entries below {stop << level}")
        return found


def measure(chain: UUID) -> Measure:
    """Return a chain as it stands; only reads, so that nobody waits. Raises LookupError."""
    end, tree = audit.head(chain), Tree(chain)
    tree.grow(end.position)
    return Measure(chain, end, merkle.root(tree.subtree, end.position), tree.fresh)


def keep(measured: Measure) -> None:
    """Keep the subtrees of a measure; a second time changes nothing."""
    insert: Any = (sqlite if is_sqlite() else postgresql).insert(AuditNode)
    for rows in _pages(measured):
        db.session.execute(insert.on_conflict_do_nothing(), rows)


def _pages(measured: Measure) -> Iterator[list[dict[str, object]]]:
    rows: list[dict[str, object]] = [
        {"chain": measured.chain, "level": level, "place": place, "hash": hash_.hex()}
        for (level, place), hash_ in measured.nodes.items()
    ]
    for start in range(0, len(rows), _AT_ONCE):
        yield rows[start : start + _AT_ONCE]
