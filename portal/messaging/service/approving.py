"""Officers' part in similar texts: wordings approved with a reason, and the threshold (H-2)."""

from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import update

from portal.compliance.rules.similar import packed, sketch
from portal.core import audit, clock
from portal.core.audit import Actor
from portal.core.db import db
from portal.core.errors import BadInput
from portal.core.reasons import reason_of
from portal.core.tenancy import Tenant, owned
from portal.messaging.models import ApprovedTemplate, SimilarPolicy
from portal.messaging.queries import similar as queries
from portal.messaging.rules.similar import FEWEST_NUMBERS, JUSTIFIED_BY, Threshold

MOST_APPROVED: Final = 200


def approve_template(
    organization_id: UUID, *, name: str, body: str, justification: str, actor: Actor
) -> UUID:
    """Let a wording go from many numbers: it is grouped from now on, and not flagged.

    Raises BadInput for a wording too short to be told apart, one that is approved already, or a
    justification of a few words.
    """
    if len(justification.split()) < JUSTIFIED_BY:
        raise BadInput("Say in a sentence why this must go from several numbers: carriers read it.")
    made = sketch(body)
    if not made:
        raise BadInput("This is too short to be told from ordinary talk, so it is never flagged.")
    active = queries.approvals(organization_id, is_active=True)
    if before := queries.approval_of(made, active):
        raise BadInput(f"“{before.name}” says nearly this and is approved already.")
    if len(active) >= MOST_APPROVED:
        raise BadInput(f"{MOST_APPROVED} wordings are approved. Withdraw one first.")
    row = ApprovedTemplate(
        id=uuid4(),
        organization_id=organization_id,
        name=name.strip()[:100],
        body=body.strip(),
        sketch=packed(made),
        justification=justification.strip(),
        approved_at=clock.utcnow(),
        approved_by_id=actor.id,
        approved_by=actor.label[:200],
    )
    db.session.add(row)
    audit.record(
        "messaging:template:approve",
        actor=actor,
        organization_id=organization_id,
        subject_id=row.id,
        name=row.name,
        body=row.body,
        justification=row.justification,
    )
    return row.id


def withdraw_template(
    organization_id: UUID, approval_id: UUID, *, reason: str, actor: Actor
) -> None:
    """Take an approval back: texts like it are flagged again. It stays on record.

    Raises BadInput without a reason, or where somebody was faster; NotFound.
    """
    reason = reason_of(reason)
    found = queries.approval_or_404(organization_id, approval_id)
    withdrawn = db.session.scalar(
        update(ApprovedTemplate)
        .where(
            owned(Tenant(organization_id), ApprovedTemplate),
            ApprovedTemplate.id == approval_id,
            ApprovedTemplate.withdrawn_at.is_(None),
        )
        .values(
            withdrawn_at=clock.utcnow(),
            withdrawn_by=actor.label[:200],
            withdrawn_because=reason,
        )
        .returning(ApprovedTemplate.id)
        .execution_options(synchronize_session=False)
    )
    if withdrawn is None:
        raise BadInput(f"{found.withdrawn_by} has withdrawn this already. Open the list again.")
    audit.record(
        "messaging:template:withdraw",
        actor=actor,
        organization_id=organization_id,
        subject_id=approval_id,
        name=found.name,
        reason=reason,
    )


def set_threshold(organization_id: UUID, limit: Threshold, *, reason: str, actor: Actor) -> None:
    """Say from how many numbers and texts of a day on texts alike are flagged, from now on.

    Raises BadInput without a reason, or for one number alone.
    """
    reason = reason_of(reason)
    if limit.numbers < FEWEST_NUMBERS or limit.texts < FEWEST_NUMBERS:
        raise BadInput("One number alone spreads nothing: choose two at least.")
    before = queries.threshold(organization_id)
    if before == limit:
        return
    db.session.add(
        SimilarPolicy(
            organization_id=organization_id,
            numbers=limit.numbers,
            texts=limit.texts,
            reason=reason,
            set_at=clock.utcnow(),
            set_by_id=actor.id,
            set_by=actor.label[:200],
        )
    )
    audit.record(
        "messaging:similar-policy:set",
        actor=actor,
        organization_id=organization_id,
        before=[before.numbers, before.texts],
        after=[limit.numbers, limit.texts],
        reason=reason,
    )
