"""How far an opt-out reaches beyond its account, as an officer decides (Q-7)."""

from uuid import UUID

from sqlalchemy import update

from portal.consent import queries
from portal.consent.models import OrganizationOptOut
from portal.consent.service.keeping import usable
from portal.consent.values import Reach
from portal.contacts import service as contacts
from portal.core import audit
from portal.core.access import Role
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.errors import NotAllowed, NotFound
from portal.core.reasons import reason_of


def set_reach(
    organization_id: UUID, e164: str, reach: Reach, *, reason: str, role: Role, actor: Actor
) -> None:
    """Widen or narrow what an opt-out ends in other accounts; its own account stays closed.

    Raises NotAllowed for anybody but an officer, BadInput without a reason, NotFound where
    nobody opted out.
    """
    if role is not Role.COMPLIANCE_OFFICER:
        raise NotAllowed("A compliance officer decides how far an opt-out reaches. Ask one.")
    reason = reason_of(reason)
    e164 = usable(e164)
    contacts.lock_numbers(organization_id, [e164])
    before = queries.organization_opt_out(organization_id, e164)
    if before is None:
        raise NotFound("Nobody with this number opted out of your organization.")
    if before.reach is reach:
        return
    db.session.execute(
        update(OrganizationOptOut)
        .where(
            OrganizationOptOut.organization_id == organization_id, OrganizationOptOut.e164 == e164
        )
        .values(
            reach=reach,
            reach_reason=reason,
            reach_set_by=actor.label[:200],
            reach_set_at=utcnow(),
        )
        .execution_options(synchronize_session=False)
    )
    audit.record(
        "consent:opt-out:reach",
        actor=actor,
        organization_id=organization_id,
        account_id=before.from_account_id,
        subject_id=before.record_id,
        phone=e164,
        before=before.reach.value,
        after=reach.value,
        reason=reason,
    )
