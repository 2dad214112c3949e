"""The database session, and the one place that commits (RULINGS 5)."""

import json
import logging
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from enum import IntEnum
from inspect import get_annotations
from typing import Any, Final, TypeVar
from uuid import UUID

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    ARRAY,
    Connection,
    Engine,
    MetaData,
    Table,
    Uuid,
    any_,
    event,
    literal,
    select,
    text,
)
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedColumn, registry
from sqlalchemy.types import NullType

from portal.core import clock
from portal.core.columns import Id
from portal.core.turns import WriteTurns

logger = logging.getLogger(__name__)
T = TypeVar("T")

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
BUSY_TIMEOUT_MS = 5000  # RULINGS 5
_HOOKS, _LAST = "after_commit", "before_commit"
_CLOCK = text("SELECT clock_timestamp()")
READ_ONCE: Final = "read_once"  # what a request has read already (core/once.py)


_REFERENCES: Final = (Mapped[UUID], Mapped[UUID | None])


class Base(DeclarativeBase):
    """The parent of every table."""

    registry = registry(
        metadata=MetaData(naming_convention=NAMING), type_annotation_map={UUID: Id()}
    )

    def __init_subclass__(cls, **options: Any) -> None:
        """Say at once that a reference is an id.

        SQLAlchemy takes a reference's type from the table referred to. A statement made at import,
        before that table is there, would keep a parameter without a type, which SQLite refuses.
        """
        for name, annotation in get_annotations(cls).items():
            made = cls.__dict__.get(name)
            if annotation in _REFERENCES and isinstance(made, MappedColumn):
                column = made.column
                if isinstance(column.type, NullType):
                    column.type = Id()
        super().__init_subclass__(**options)


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})


def after_commit(hook: Callable[[], object]) -> None:
    """Run hook once the current unit of work has committed, never before."""
    hooks = db.session().info.get(_HOOKS)
    if hooks is None:
        raise RuntimeError("after_commit() needs an open unit_of_work()")
    hooks.append(hook)


class Last(IntEnum):
    """What a unit of work locks last, in this order (RULINGS 6)."""

    COUNTERS = 1  # of daily limits
    CREDITS = 2  # an account's ledger
    COUNTS = 3  # running counts for the reports
    INVOICES = 4  # an organization's invoice numbers
    ALERTS = 5  # an account's alerts, once all its credits have moved
    CHAIN = 6  # the head of an audit chain


def before_commit(step: Last, key: object, work: Callable[[], object]) -> None:
    """Do work at the end of the current unit of work, inside its transaction.

    For effects whose result nobody in the unit of work waits for. They are done by step, then
    by key (what is locked: a chain, an account), then as they were asked for. So whatever
    happens in which order before, the last locks are taken in one order everywhere, and two
    units of work never wait for each other.
    """
    works = db.session().info.get(_LAST)
    if works is None:
        raise RuntimeError("before_commit() needs an open unit_of_work()")
    works.append((step, str(key), work))


class _Gathered:
    """One thing of many that are written down together, by `work`."""

    def __init__(self, work: Callable[[list[Any]], object], thing: object) -> None:
        self.work, self.thing = work, thing

    def __call__(self) -> None:
        """Write it down with whatever else of its kind was gathered, each once."""
        works = db.session().info[_LAST]
        mine = [
            other
            for other in works
            if isinstance(other[2], _Gathered) and other[2].work is self.work
        ]
        for other in mine:
            works.remove(other)
        self.work([self.thing, *(other[2].thing for other in mine)])


def gather_before_commit(step: Last, work: Callable[[list[T]], object], thing: T) -> None:
    """Have `work` called once at the end, with all that was gathered for it in this unit of work.

    It stands in the order of `before_commit`; what a part of the work gathered goes when that
    part is undone.
    """
    before_commit(step, work.__qualname__, _Gathered(work, thing))


@contextmanager
def unit_of_work() -> Iterator[None]:
    """Commit everything inside the block together, or nothing of it.

    On SQLite the block begins IMMEDIATE, so it holds the one write lock from its
    first statement and sees what the last writer committed; that stands for every row
    lock. Writers take turns (`turns`). Rows read before the block are read anew inside it.
    """
    session = db.session()
    if _HOOKS in session.info:
        raise RuntimeError("units of work do not nest")
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("a row was changed outside a unit of work")
    session.commit()  # ends the reading transaction of the request so far
    session.expire_all()
    session.info.pop(READ_ONCE, None)
    hooks: list[Callable[[], object]] = session.info.setdefault(_HOOKS, [])
    works: list[tuple[Last, str, Callable[[], object]]] = session.info.setdefault(_LAST, [])
    try:
        session.connection(execution_options={"sqlite_begin": "IMMEDIATE"})
        yield
        while works:  # one may ask for another
            works.sort(key=lambda work: work[:2])
            works.pop(0)[2]()
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info.pop(_HOOKS, None)
        session.info.pop(_LAST, None)
    for hook in hooks:
        hook()


class _Undone(Exception):
    """The end of work that was never meant to stay."""


@contextmanager
def undone_work() -> Iterator[None]:
    """Do the block in a unit of work that is undone at its end: to show what it would come to.

    Nothing it asked to be done before or after the commit is done.
    """
    with suppress(_Undone), unit_of_work():
        yield
        raise _Undone


def lock_referring(table: Table, ids: Sequence[UUID]) -> None:
    """Lock, by their ids, all rows that forget a row of `table` when it goes (PostgreSQL).

    Those are what the database itself changes at a delete (ON DELETE SET NULL), in whatever
    order it finds them. Tables go by name, save that texts come first (RULINGS 6).
    """
    wanted = literal(list(ids), ARRAY(Uuid()))
    keys = [
        key
        for other in sorted(Base.metadata.tables.values(), key=_texts_first)
        for key in other.foreign_keys
        if key.column.table is table and key.ondelete == "SET NULL"
    ]
    for key in keys:
        mine = list(key.parent.table.primary_key.columns)
        db.session.execute(
            select(*mine).where(key.parent == any_(wanted)).order_by(*mine).with_for_update()
        ).all()


def _texts_first(table: Table) -> tuple[bool, str]:
    return table.name != "messages", table.name


def is_in_unit_of_work() -> bool:
    """Say whether a unit of work is open on this session."""
    return _HOOKS in db.session().info


@contextmanager
def bare_unit_of_work() -> Iterator[Connection]:
    """Commit everything written on this connection together, or nothing of it.

    It takes its turn like `unit_of_work`, and has neither a session around it nor anything done
    before or after the commit: half of a short transaction's work. For rows that concern no
    session, such as a webhook kept as it came.
    """
    immediate = db.engine.execution_options(sqlite_begin="IMMEDIATE")
    with immediate.begin() as connection:
        yield connection


@contextmanager
def snapshot() -> Iterator[None]:
    """Read everything inside the block from one state of the database, and write nothing.

    It takes no lock and keeps nobody waiting, but the database keeps the old rows meanwhile:
    hold it for seconds, not for minutes.
    """
    session = db.session()
    if _HOOKS in session.info:
        raise RuntimeError("a unit of work sees its own state")
    session.rollback()  # what was read before the block belongs to another state
    session.expire_all()
    try:
        if not is_sqlite():  # there one reading transaction sees one state by itself
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        yield
    finally:
        session.rollback()


@contextmanager
def part_of_work() -> Iterator[None]:
    """Undo what the block did when it raises; the unit of work around it goes on.

    What the block asked to be done before or after the commit is not done either.
    """
    session = db.session()
    asked = {name: len(session.info[name]) for name in (_HOOKS, _LAST)}
    try:
        with session.begin_nested():
            yield
    except BaseException:
        for name, count in asked.items():
            del session.info[name][count:]
        raise


def database_now() -> datetime:
    """Return the database's own clock plus the offset: what leases are measured by (RULINGS 20)."""
    if is_sqlite():
        return clock.utcnow()  # SQLite is this process and asks the same clock
    now: datetime = db.session.execute(_CLOCK).scalar_one()
    return now.astimezone(UTC) + clock.offset()


def compact_json(value: object) -> str:
    """Return value as JSON columns hold it: without spaces, as the audit log hashes it."""
    return json.dumps(value, separators=(",", ":"))


def is_sqlite() -> bool:
    """Say whether the database in use is SQLite."""
    return db.engine.dialect.name == "sqlite"


def prepare_engine(engine: Engine) -> None:
    """Set an engine up as RULINGS 5 asks; the factory calls this once for each engine."""
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver must not begin on its own
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    turns = WriteTurns(engine.url.database or "", BUSY_TIMEOUT_MS / 1000)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if connection.get_execution_options().get("sqlite_begin") != "IMMEDIATE":
            connection.exec_driver_sql("BEGIN DEFERRED")
            return
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        try:
            turns.begin(driver)
        except (sqlite3.OperationalError, OSError) as error:
            raise OperationalError("BEGIN IMMEDIATE", None, error) from error
