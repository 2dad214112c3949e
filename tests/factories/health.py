"""What became of texts, written down as the running counts have it (H-3)."""

from portal.compliance.rules.health import hour_of
from portal.core.db import db, unit_of_work
from portal.messaging.models import HealthHour
from portal.messaging.queries.counts import NOBODY

OURS = "+13125550100"


def went(account, at, delivered, *, wrong=0, opted_out=0, code=0, number=OURS, campaign=NOBODY):
    """Count texts of one hour of an account."""
    with unit_of_work():
        db.session.add(
            HealthHour(
                account_id=account.id,
                organization_id=account.organization_id,
                hour=hour_of(at),
                from_e164=number,
                campaign_id=campaign,
                error_code=code,
                attempted=delivered + wrong,
                delivered=delivered,
                wrong=wrong,
                opted_out=opted_out,
            )
        )
