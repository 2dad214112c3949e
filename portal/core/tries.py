"""Guesses are counted in the database, so that no outage of the queue opens a door (X-6, S11).

A try counts from its beginning and is taken back when it turns out not to have been a guess:
a hundred tries at once are counted as a hundred, in whatever process.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from math import ceil
from typing import ParamSpec
from uuid import UUID, uuid4

from flask import Response, request
from sqlalchemy import Index, String, delete, func, insert, select, text
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.clock import utcnow
from portal.core.columns import UTCDateTime
from portal.core.db import Base, db, is_sqlite, unit_of_work
from portal.core.errors import DomainError
from portal.core.formats import plural
from portal.core.web import refuse

P = ParamSpec("P")
REFUSED = 422  # what a view answers to a wrong password or code


class TooManyTries(DomainError):
    """Guessing is slowed down, per person and per address (X-6)."""

    status = 429
    code = "too_many_tries"


class Try(Base):
    """One guess under one key; of the key only a hash is kept."""

    __tablename__ = "tries"
    __table_args__ = (Index("ix_tries_key_hash_expires_at", "key_hash", "expires_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    key_hash: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many tries within any stretch of time, under one name."""

    name: str
    times: int
    within: timedelta


def begin(keys: Sequence[tuple[Limit, str]]) -> list[UUID]:
    """Count a try under each key and return what takes it back.

    Raises TooManyTries, having counted nothing, when one of them has no room.
    """
    now = utcnow()
    hashed = sorted((_hash(limit, key), limit.times, limit.within) for limit, key in keys)
    for key_hash, times, _ in hashed:
        _lock(key_hash)
        live = select(func.count(), func.min(Try.expires_at)).where(
            Try.key_hash == key_hash, Try.expires_at > now
        )
        count, first_ends = db.session.execute(live).one()
        if count >= times:
            minutes = ceil((first_ends - now) / timedelta(minutes=1))
            raise TooManyTries(
                f"Too many tries. Wait {plural(minutes, 'minute')}, then try again or set a new "
                "password."
            )
    ids = [uuid4() for _ in hashed]
    rows = zip(ids, hashed, strict=True)
    db.session.execute(
        insert(Try),
        [{"id": id_, "key_hash": h, "expires_at": now + within} for id_, (h, _, within) in rows],
    )
    return ids


def take_back(ids: Sequence[UUID]) -> None:
    """Count these tries no more."""
    db.session.execute(delete(Try).where(Try.id.in_(ids)))


def forget_old() -> int:
    """Delete tries that count no more; return how many."""
    done = db.session.execute(delete(Try).where(Try.expires_at <= utcnow()))
    return done.rowcount if isinstance(done, CursorResult) else 0


def limited(
    *limits: tuple[Limit, Callable[[], str]], counts_all: bool = False
) -> Callable[[Callable[P, Response]], Callable[P, Response]]:
    """Let a view take so many posts under each key; the rest get a 429 with the way on.

    Only what the view refuses stays counted, or `counts_all`.
    """

    def wrap(view: Callable[P, Response]) -> Callable[P, Response]:
        @wraps(view)
        def slowed(*args: P.args, **kwargs: P.kwargs) -> Response:
            if request.method != "POST":
                return view(*args, **kwargs)
            keys = [(limit, key()) for limit, key in limits]
            try:
                with unit_of_work():
                    begun = begin(keys)
            except TooManyTries as error:
                return refuse(error)
            response = view(*args, **kwargs)
            if not counts_all and response.status_code != REFUSED:
                with unit_of_work():
                    take_back(begun)
            return response

        return slowed

    return wrap


def by_address() -> str:
    """Return the key under which one address is counted."""
    return request.remote_addr or "nowhere"


def _hash(limit: Limit, key: str) -> str:
    return hashlib.sha256(f"{limit.name}\n{key}".encode()).hexdigest()


def _lock(key_hash: str) -> None:
    """Let one transaction at a time count a key; on SQLite the unit of work holds the only lock."""
    if not is_sqlite():
        number = int.from_bytes(bytes.fromhex(key_hash)[:8], signed=True)
        db.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": number})
