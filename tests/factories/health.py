"""What became of texts, written down as the running counts have it (H-3)."""

from portal.compliance.rules.health import hour_of
from portal.consent.queries import NO_SOURCE
from portal.core.db import db, unit_of_work
from portal.messaging.models import CauseHour, HealthHour
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


def came_of(
    account, at, delivered, *, wrong=0, opted_out=0, code=0, number=OURS, campaign=NOBODY,
    user=NOBODY, source=NO_SOURCE,
):  # fmt: skip
    """Count texts of one hour of an account by what may be their cause."""
    with unit_of_work():
        db.session.add(
            CauseHour(
                account_id=account.id,
                organization_id=account.organization_id,
                hour=hour_of(at),
                campaign_id=campaign,
                user_id=user,
                import_id=source.import_id,
                form_name=source.form_name,
                method=source.method,
                from_e164=number,
                error_code=code,
                attempted=delivered + wrong,
                delivered=delivered,
                wrong=wrong,
                opted_out=opted_out,
            )
        )
