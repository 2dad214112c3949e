"""Where an organization's appeals go and how long things may take, as officers set it (A-5)."""

from typing import Final
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects import postgresql, sqlite

from portal.appeals import queries
from portal.appeals.errors import BadReply, PartChanged
from portal.appeals.models import AppealSettings
from portal.appeals.values import SettingsRef
from portal.core import audit, clock
from portal.core.audit import Actor
from portal.core.db import db, is_sqlite
from portal.core.errors import BadInput
from portal.core.tenancy import Tenant, owned
from portal.mail import rules as mail

DAYS: Final = range(1, 61)


def change(organization_id: UUID, wanted: SettingsRef, *, actor: Actor) -> SettingsRef:
    """Set where appeals go and how many business days are waited; `edits` is what was seen.

    Raises BadReply, which names the field, or PartChanged where somebody was faster.
    """
    address = wanted.support_address.strip()
    if address:
        try:
            mail.checked_address(address)
        except BadInput as error:
            raise BadReply(
                "support_address", "This is not an e-mail address. It looks like help@example.com."
            ) from error
    for field in ("answer_days", "round_days"):
        if getattr(wanted, field) not in DAYS:
            raise BadReply(field, "Enter a number of business days from 1 to 60.")
    before = queries.settings_of(organization_id)
    if before.edits != wanted.edits:  # also what no column could hold
        raise PartChanged
    values = {
        "support_address": address,
        "answer_days": wanted.answer_days,
        "round_days": wanted.round_days,
        "edits": wanted.edits + 1,
        "set_at": clock.utcnow(),
        "set_by": actor.label[:200],
    }
    if not _set(organization_id, wanted.edits, values):
        raise PartChanged
    now = queries.settings_of(organization_id)
    audit.record(
        "appeals:settings:change",
        actor=actor,
        organization_id=organization_id,
        subject_id=organization_id,
        changes=[
            f"{name}: {getattr(before, name)} -> {getattr(now, name)}"
            for name in ("support_address", "answer_days", "round_days")
            if getattr(before, name) != getattr(now, name)
        ],
    )
    return now


def _set(organization_id: UUID, seen: int, values: dict[str, object]) -> bool:
    s = AppealSettings
    if seen == 0:
        insert = (sqlite if is_sqlite() else postgresql).insert(s)
        made = insert.values(organization_id=organization_id, **values).on_conflict_do_nothing()
        return db.session.scalar(made.returning(s.organization_id)) is not None
    changed = db.session.scalar(
        update(s)
        .where(owned(Tenant(organization_id), s), s.edits == seen)
        .values(**values)
        .returning(s.organization_id)
        .execution_options(synchronize_session=False)
    )
    return changed is not None
