"""Reading an account's join keyword."""

from sqlalchemy import select

from portal.consent.values import MessageKind
from portal.core.db import db
from portal.core.tenancy import Tenant, owned
from portal.messaging.models import JoinKeyword
from portal.messaging.rules.joining import JoinKeywordRef


def join_keyword(tenant: Tenant) -> JoinKeywordRef | None:
    """Return the account's keyword, on or off; None where it never had one."""
    row = db.session.scalar(select(JoinKeyword).where(owned(tenant, JoinKeyword)))
    if row is None:
        return None
    return JoinKeywordRef(
        row.word,
        row.is_on,
        row.programme,
        row.frequency,
        row.help_contact,
        row.terms_url,
        row.privacy_url,
        tuple(MessageKind(kind) for kind in row.kinds),
        row.language,
        row.version,
        row.changed_at,
        row.changed_by,
    )
