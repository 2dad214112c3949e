"""Looks at everything in turn, keeps what it found, and tells people once (PROMISES 2.8)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import delete, insert, select, update

from portal.core import audit, clock
from portal.core.audit import BEGINNING, INSTALLATION, Link
from portal.core.db import db, snapshot, unit_of_work
from portal.doctor import queries
from portal.doctor.models import StoredFinding, Visit
from portal.doctor.values import FAILED, PROMISES, Finding, Scope
from portal.notifications import service as notifications
from portal.people import queries as people
from portal.texting_accounts import queries as accounts

VISIT_EVERY: Final = timedelta(hours=1)
WHOLE_CHAIN_EVERY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is known of a scope's last visit."""

    visited_at: datetime | None = None
    chain: Link = BEGINNING
    chain_read_at: datetime | None = None


def examine_everything() -> Iterator[tuple[Scope, list[Finding]]]:
    """Look at every scope, each in a snapshot of its own; nothing is kept and nobody told."""
    for scope in queries.scopes():
        with snapshot():
            found = queries.examine(scope, clock.utcnow())
        yield scope, found


def visit(scope: Scope) -> int:
    """Look at one scope now, keep what is found, forget what is mended; return how many are new.

    It is read in a snapshot and written down in a unit of work of its own.
    """
    kept, now = _kept([scope.id]).get(scope.id, _Kept()), clock.utcnow()
    is_whole = kept.chain_read_at is None or now - kept.chain_read_at >= WHOLE_CHAIN_EVERY
    with snapshot():
        found = queries.examine(scope, now, after=BEGINNING if is_whole else kept.chain)
        end = _end_of_chain(scope, found)
    with unit_of_work():
        new = _keep(scope, found, now)
        db.session.execute(delete(Visit).where(Visit.scope_id == scope.id))
        db.session.execute(
            insert(Visit).values(
                scope_id=scope.id,
                visited_at=now,
                chain_position=end.position,
                chain_hash=end.hash,
                # A chain that does not hold is read from its beginning each time.
                chain_read_at=None
                if end == BEGINNING
                else (now if is_whole else kept.chain_read_at),
            )
        )
        _tell(scope, new)
    return len(new)


def due(now: datetime) -> list[Scope]:
    """Return the scopes to be visited again, the longest unvisited first."""
    scopes = queries.scopes()
    kept = _kept([scope.id for scope in scopes])
    never = datetime.min.replace(tzinfo=now.tzinfo)
    last = {scope.id: (kept.get(scope.id, _Kept()).visited_at or never) for scope in scopes}
    wanted = [scope for scope in scopes if last[scope.id] <= now - VISIT_EVERY]
    return sorted(wanted, key=lambda scope: last[scope.id])


def _kept(scope_ids: Sequence[UUID]) -> dict[UUID, _Kept]:
    rows = db.session.scalars(select(Visit).execution_options(populate_existing=True))
    wanted = set(scope_ids)
    return {
        row.scope_id: _Kept(
            row.visited_at, Link(row.chain_position, row.chain_hash), row.chain_read_at
        )
        for row in rows
        if row.scope_id in wanted
    }


def _end_of_chain(scope: Scope, found: Sequence[Finding]) -> Link:
    """Return where the chain ended as it was read; the beginning when it does not hold."""
    if scope.account_id is not None or found:
        return BEGINNING
    return audit.head(scope.organization_id or INSTALLATION)


def _keep(scope: Scope, found: Iterable[Finding], now: datetime) -> list[tuple[UUID, Finding]]:
    """Write down what is new, say anew what has changed, and forget what is mended.

    What a check found before it could not be done is not mended by that.
    """
    by_key = {finding.key: finding for finding in found}
    standing = {
        row.key: row
        for row in db.session.execute(
            select(StoredFinding.key, StoredFinding.id, StoredFinding.check).where(
                StoredFinding.scope_id == scope.id
            )
        )
    }
    undone = {finding.check for finding in by_key.values() if finding.subject == FAILED}
    mended = [
        row.id for key, row in standing.items() if key not in by_key and row.check not in undone
    ]
    if mended:
        db.session.execute(delete(StoredFinding).where(StoredFinding.id.in_(mended)))
    new = []
    for key, finding in by_key.items():
        if key in standing:
            db.session.execute(
                update(StoredFinding)
                .where(StoredFinding.id == standing[key].id)
                .values(sentence=finding.sentence, advice=finding.advice)
            )
            continue
        new.append((uuid4(), finding))
        db.session.execute(
            insert(StoredFinding).values(
                id=new[-1][0],
                key=key,
                scope_id=scope.id,
                invariant=finding.invariant,
                check=finding.check,
                organization_id=finding.organization_id,
                account_id=finding.account_id,
                subject=finding.subject,
                sentence=finding.sentence,
                advice=finding.advice,
                found_at=now,
            )
        )
    return new


def _tell(scope: Scope, new: Sequence[tuple[UUID, Finding]]) -> None:
    """Tell administrators and the organization's officers of each promise that is broken anew."""
    officers = people.officers(scope.organization_id) if scope.organization_id else []
    user_ids = [person.id for person in (*people.administrators(), *officers)]
    account = accounts.account(scope.account_id) if scope.account_id else None
    told = set()
    for id_, finding in new:
        if finding.invariant in told:
            continue
        told.add(finding.invariant)
        count = sum(1 for _, other in new if other.invariant is finding.invariant)
        more = f" And {count - 1} more." if count > 1 else ""
        where = f"{account.name}: " if account else ""
        notifications.notify(
            organization_id=scope.organization_id,
            account_id=scope.account_id,
            user_ids=user_ids,
            kind="trouble",
            title=f"A check failed: {PROMISES[finding.invariant].lower()} ({finding.invariant})",
            text=f"{where}{finding.sentence}{more} {finding.advice}",
            url="/home",
            dedupe_key=f"finding:{id_}",
        )
