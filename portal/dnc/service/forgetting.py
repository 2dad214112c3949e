"""Taking what was said about a person out of what exempts their number (C-10).

Number, dates and who wrote it down stay: they are why a text could go.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, or_

from portal.core.erasing import wipe
from portal.dnc.models import DncCheck, DncExemption


def forget_words(organization_id: UUID, e164: str, *, before: datetime, is_dry: bool) -> int:
    """Erase the words of relationships and checks of a number that were kept by then."""
    x, c = DncExemption, DncCheck
    said = and_(
        x.organization_id == organization_id,
        x.e164 == e164,
        x.recorded_at <= before,
        or_(x.evidence != "", x.ended_because != ""),
    )
    looked = and_(
        c.organization_id == organization_id,
        c.e164 == e164,
        c.recorded_at <= before,
        c.how != "",
    )
    empty = {"evidence": "", "ended_because": ""}
    return wipe(x, said, empty, is_dry=is_dry) + wipe(c, looked, {"how": ""}, is_dry=is_dry)
