"""Officers change the wording of a template; every version stays (A-2)."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from sqlalchemy.dialects import postgresql, sqlite

from portal.appeals import queries
from portal.appeals.errors import BadTemplate, PartChanged
from portal.appeals.models import AppealTemplate
from portal.appeals.rules.templates import LONGEST_HEADING, Template, template_of
from portal.appeals.values import Kind
from portal.core import audit, clock
from portal.core.audit import Actor
from portal.core.db import db, is_sqlite
from portal.core.reasons import reason_of


def change_template(
    organization_id: UUID,
    kind: Kind,
    headings: Sequence[str],
    *,
    seen: int,
    reason: str,
    actor: Actor,
) -> Template:
    """Make the next version of a template; `seen` is the version the person changed.

    Raises BadTemplate, BadInput without a reason, or PartChanged where somebody was faster.
    """
    now = queries.template(organization_id, kind)
    said = reason_of(reason)
    wanted = [" ".join(heading.split()) for heading in headings]
    for number, heading in enumerate(wanted, 1):
        if not heading or len(heading) > LONGEST_HEADING:
            raise BadTemplate(
                f"heading_{number}", f"Write what part {number} asks, in {LONGEST_HEADING} signs."
            )
    if now.version != seen:
        raise PartChanged
    if tuple(wanted) == now.headings:
        raise BadTemplate("heading_1", "Nothing was changed.")
    row = {
        "id": uuid4(),
        "organization_id": organization_id,
        "kind": kind,
        "version": seen + 1,
        "headings": wanted,
        "reason": said,
        "set_at": clock.utcnow(),
        "set_by_id": actor.id,
        "set_by": actor.label[:200],
    }
    insert = (sqlite if is_sqlite() else postgresql).insert(AppealTemplate).values(row)
    made = db.session.scalar(insert.on_conflict_do_nothing().returning(AppealTemplate.id))
    if made is None:
        raise PartChanged
    audit.record(
        "appeals:template:change",
        actor=actor,
        organization_id=organization_id,
        subject_id=made,
        kind=kind.value,
        version=seen + 1,
        reason=said,
    )
    return template_of(kind, seen + 1, wanted)
