"""What becomes of plans when the account they belong to is closed for good."""

from sqlalchemy import update

from portal.core import audit, clock
from portal.core.audit import Actor
from portal.core.db import db
from portal.core.tenancy import owned
from portal.drips.models import Drip
from portal.drips.values import DripState
from portal.texting_accounts.values import AccountRef


def close(account: AccountRef, actor: Actor) -> None:
    """Take a closed account's own plans out of use."""
    gone = db.session.execute(
        update(Drip)
        .where(
            owned(account.tenant, Drip),
            Drip.account_id == account.id,
            Drip.state != DripState.ARCHIVED,
        )
        .values(
            state=DripState.ARCHIVED,
            state_reason="",
            edits=Drip.edits + 1,
            changed_at=clock.utcnow(),
            changed_by=actor.label[:200],
        )
        .returning(Drip.id, Drip.name)
        .execution_options(synchronize_session=False)
    ).all()
    for drip_id, name in sorted(gone, key=lambda row: row.name):
        audit.record(
            "drips:drip:archive",
            actor=actor,
            organization_id=account.organization_id,
            account_id=account.id,
            subject_id=drip_id,
            name=name,
            because="account closed",
        )
