"""Taking what identifies a visitor out of what came in through forms (C-10)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, or_, select, update

from portal.core.db import db
from portal.optin.models import Capture


def forget_visits(organization_id: UUID, e164: str, *, before: datetime, is_dry: bool) -> int:
    """Empty where a number's visitors came from and which browser it was; return how many visits.

    The submission itself stays beside its record: form, version, time and channel.
    """
    c = Capture
    wanted = (
        c.organization_id == organization_id,
        c.e164 == e164,
        c.at <= before,
        or_(c.page_url != "", c.visitor != ""),
    )
    if is_dry:
        return db.session.scalar(select(func.count()).select_from(c).where(*wanted)) or 0
    emptied = db.session.execute(
        update(c)
        .where(*wanted)
        .values(page_url="", visitor="")
        .execution_options(synchronize_session=False)
        .returning(c.id)
    )
    return len(emptied.all())
