"""Column types shared by every table."""

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import DateTime, Dialect, Enum, Index, String, TypeDecorator, Uuid, text

BIGGEST: Final = 2**31 - 1  # whole number a column takes; a larger one is an error of the database


class UTCDateTime(TypeDecorator[datetime]):
    """Aware datetimes in UTC, in and out; a naive one is a bug."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive time; SQLite stores text that sorts, so always UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back an aware UTC time."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Id(Uuid[UUID]):
    """Ids. SQLite keeps them as text, and the same few stand in nearly every row that is read."""

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """Read each id once; the next row with it gets the same object."""
        return _id_of if dialect.name == "sqlite" else None  # psycopg gives ids by itself


@lru_cache(maxsize=4096)
def _id_of(hexadecimal: str | None) -> UUID | None:
    return None if hexadecimal is None else UUID(hexadecimal)


def kind_of(kinds: type[StrEnum]) -> Enum:
    """Store kinds by value as text, so adding one needs no migration."""
    return Enum(
        kinds,
        native_enum=False,
        create_constraint=False,
        length=32,
        values_callable=lambda e: [k.value for k in e],
    )


def bytewise(length: int) -> String:
    """Return text that sorts by code point on every database, so that ranges hold."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


SEALED = {"sealed": True}  # info of a column that holds a secret of core.secrets_box
E164 = String(16)  # a plus sign and at most 15 digits
SID = String(34)  # two letters and 32 hex digits


def one_name(table: str, is_kept: str, whose: str, *columns: str) -> Index:
    """Return the index that lets one keeper use a name once; what is kept no more gives it back."""
    only = text(f"{is_kept} AND {whose}")
    name = f"uq_{table}_{columns[-1] if columns else 'organization'}"
    keys = ("organization_id", *columns, "name_key")
    return Index(name, *keys, unique=True, sqlite_where=only, postgresql_where=only)
