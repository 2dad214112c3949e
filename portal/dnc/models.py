"""Do-not-call lists as they are loaded, and what exempts from them (SPEC S-2).

`dnc_numbers` is the one table that is large. Its key is a load's id and the number in one integer,
so that a load goes in at the end of the one index there is, a look-up of 500 numbers is 500 steps
in it, and what a newer load replaces lies together to be deleted (G17). A load counts only where
`dnc_areas` names it: half of one is never in use.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.clock import utcnow
from portal.core.columns import E164, UTCDateTime, kind_of
from portal.core.db import Base
from portal.dnc.values import FileKind, ImportState, Relation

_BIG = BigInteger().with_variant(Integer(), "sqlite")  # there it is the row's own key


def _of_load() -> ForeignKeyConstraint:
    """Tie a row to a load of its own organization (RULINGS 9)."""
    return ForeignKeyConstraint(
        ["organization_id", "load_id"],
        ["dnc_loads.organization_id", "dnc_loads.id"],
        ondelete="RESTRICT",
    )


def _of_import(ondelete: str) -> ForeignKeyConstraint:
    """Tie a row to an import of its own organization (RULINGS 9)."""
    return ForeignKeyConstraint(
        ["organization_id", "import_id"],
        ["dnc_imports.organization_id", "dnc_imports.id"],
        ondelete=ondelete,
    )


class DncNumber(Base):
    """One number of one load: the load's id times 10,000,000,000, plus its ten digits."""

    __tablename__ = "dnc_numbers"

    key: Mapped[int] = mapped_column(_BIG, primary_key=True, autoincrement=False)


class DncLoad(Base):
    """An id that numbers are loaded under; never used again."""

    __tablename__ = "dnc_loads"
    __table_args__ = (
        UniqueConstraint("organization_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(
        ForeignKey("organizations.id", ondelete="RESTRICT")
    )
    started_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)


class DncArea(Base):
    """One area code of one list in use: where its numbers are, and how old they are."""

    __tablename__ = "dnc_areas"
    __table_args__ = (
        UniqueConstraint("organization_id", "area_code", "source"),
        _of_load(),
        _of_import("RESTRICT"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID] = mapped_column(
        ForeignKey("organizations.id", ondelete="RESTRICT")
    )
    source: Mapped[str] = mapped_column(String(2))  # US, or a state
    area_code: Mapped[str] = mapped_column(String(3))
    load_id: Mapped[int]
    as_of: Mapped[date]
    numbers: Mapped[int]
    import_id: Mapped[UUID | None]


class DncLeftover(Base):
    """Keys no list names any more; a worker deletes them bit by bit, some minutes later.

    Whoever read which loads are in use looks numbers up in them a moment after.
    """

    __tablename__ = "dnc_leftovers"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    first_key: Mapped[int] = mapped_column(_BIG)
    last_key: Mapped[int] = mapped_column(_BIG)
    left_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)


class DncImport(Base):
    """A file with numbers, and how far it is; it stays as the evidence of what was used."""

    __tablename__ = "dnc_imports"
    __table_args__ = (
        UniqueConstraint("organization_id", "id"),
        _of_load(),
        Index("ix_dnc_imports_newest", "organization_id", "created_at"),
        Index(
            "uq_dnc_imports_loading",
            "organization_id",
            unique=True,
            sqlite_where=text("state = 'loading'"),
            postgresql_where=text("state = 'loading'"),
        ),  # one at a time: what it replaces must not change meanwhile
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID] = mapped_column(
        ForeignKey("organizations.id", ondelete="RESTRICT")
    )
    source: Mapped[str] = mapped_column(String(2))
    kind: Mapped[FileKind] = mapped_column(kind_of(FileKind))
    as_of: Mapped[date]
    area_code: Mapped[str] = mapped_column(String(3), default="")
    file_name: Mapped[str] = mapped_column(String(200))
    stored_name: Mapped[str] = mapped_column(String(100))
    size: Mapped[int] = mapped_column(_BIG)
    sha256: Mapped[str] = mapped_column(String(64))
    state: Mapped[ImportState] = mapped_column(kind_of(ImportState), default=ImportState.CHECKING)
    batches: Mapped[int] = mapped_column(default=0)  # taken in this pass
    position: Mapped[int] = mapped_column(_BIG, default=0)
    load_id: Mapped[int | None]
    added: Mapped[int] = mapped_column(default=0)
    removed: Mapped[int] = mapped_column(default=0)
    rejected: Mapped[int] = mapped_column(default=0)
    areas: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    left_out: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    error: Mapped[str] = mapped_column(String(500), default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    created_by_id: Mapped[UUID | None]
    created_by: Mapped[str] = mapped_column(String(200))
    moved_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class DncReject(Base):
    """A line of a file that was not taken, and why."""

    __tablename__ = "dnc_rejects"
    __table_args__ = (_of_import("CASCADE"),)

    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)  # 1, 2, 3 and so on
    organization_id: Mapped[UUID]
    part: Mapped[str] = mapped_column(String(100), default="")
    line: Mapped[int]
    text: Mapped[str] = mapped_column(String(80))
    reason: Mapped[str] = mapped_column(String(200))


class DncChange(Base):
    """What a change list says of one number, until the whole list is applied at once."""

    __tablename__ = "dnc_changes"

    load_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(_BIG, primary_key=True, autoincrement=False)
    is_removal: Mapped[bool]
    changed_on: Mapped[date | None]


class DncExemption(Base):
    """A business relationship with the person behind a number; ended, never changed (S-2)."""

    __tablename__ = "dnc_exemptions"
    __table_args__ = (Index("ix_dnc_exemptions_number", "organization_id", "e164"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID] = mapped_column(
        ForeignKey("organizations.id", ondelete="RESTRICT")
    )
    e164: Mapped[str] = mapped_column(E164)
    relation: Mapped[Relation] = mapped_column(kind_of(Relation))
    happened_on: Mapped[date]
    evidence: Mapped[str] = mapped_column(String(500))
    recorded_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    recorded_by_id: Mapped[UUID | None]
    recorded_by: Mapped[str] = mapped_column(String(200))
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ended_by: Mapped[str] = mapped_column(String(200), default="")
    ended_because: Mapped[str] = mapped_column(String(300), default="")


class DncCheck(Base):
    """Somebody looked a number up by hand and did not find it listed (S-2)."""

    __tablename__ = "dnc_checks"
    __table_args__ = (Index("ix_dnc_checks_number", "organization_id", "e164", "checked_on"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID] = mapped_column(
        ForeignKey("organizations.id", ondelete="RESTRICT")
    )
    e164: Mapped[str] = mapped_column(E164)
    checked_on: Mapped[date]
    how: Mapped[str] = mapped_column(String(300))
    recorded_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    recorded_by_id: Mapped[UUID | None]
    recorded_by: Mapped[str] = mapped_column(String(200))
