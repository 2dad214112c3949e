"""One effect for each idempotency key, and the same answer again (I9).

The row of the key is written first in the transaction that does the work and filled in last.
Two requests with one key meet at its primary key: the second waits for the first to commit,
then finds the answer. What was rolled back leaves no row, so that it may be tried again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from portal.core.clock import utcnow
from portal.core.db import db, is_sqlite
from portal.core.erasing import wipe
from portal.core.tenancy import Tenant, owned
from portal.integrations.models import ApiAnswer
from portal.integrations.values import KeptAnswer

KEPT_FOR = timedelta(days=7)


def begin(tenant: Tenant, key: str, request_sha256: str) -> KeptAnswer | None:
    """Take an idempotency key, or return what was answered under it before."""
    insert = (sqlite if is_sqlite() else postgresql).insert(ApiAnswer)
    taken = db.session.execute(
        insert.values(
            organization_id=tenant.organization_id,
            account_id=tenant.account_id,
            idempotency_key=key,
            request_sha256=request_sha256,
            body="",
            created_at=utcnow(),
        )
        .on_conflict_do_nothing()
        .returning(ApiAnswer.account_id)
    ).first()
    if taken is not None:
        return None
    row = db.session.execute(
        select(ApiAnswer.request_sha256, ApiAnswer.status, ApiAnswer.body).where(
            owned(tenant, ApiAnswer), ApiAnswer.idempotency_key == key
        )
    ).one()
    return KeptAnswer(row.request_sha256, row.status, row.body)


def finish(tenant: Tenant, key: str, *, status: int, body: str) -> None:
    """Keep what is answered under a key that this transaction took."""
    db.session.execute(
        update(ApiAnswer)
        .where(owned(tenant, ApiAnswer), ApiAnswer.idempotency_key == key)
        .values(status=status, body=body)
        .execution_options(synchronize_session=False)
    )


def forget_about(
    organization_id: UUID, words: Sequence[str], *, before: datetime, is_dry: bool
) -> int:
    """Blank the answers that name one of these words (C-10); say how many.

    Their keys stay taken: a request that comes again must not bring back who was erased.
    """
    a = ApiAnswer
    named = or_(*(a.body.contains(word, autoescape=True) for word in words))
    of_theirs = and_(owned(Tenant(organization_id), a), a.created_at <= before, named)
    return wipe(a, of_theirs, {"body": ""}, is_dry=is_dry)


def forget_old() -> int:
    """Forget answers older than a week; return how many."""
    gone = db.session.scalars(
        delete(ApiAnswer)
        .where(ApiAnswer.created_at < utcnow() - KEPT_FOR)
        .returning(ApiAnswer.account_id)
        .execution_options(synchronize_session=False)
    )
    return len(gone.all())
