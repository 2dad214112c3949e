"""Changing a row as somebody saw it: `edits` counts its changes, so that none is lost under another."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import update

from portal.core.db import Base, db
from portal.core.tenancy import Tenant, owned


def change_as_seen(
    model: type[Base], tenant: Tenant, id_: UUID, edits: int, values: Mapping[str, object]
) -> bool:
    """Change a tenant's row that has `edits` if nobody changed it since; say whether it was."""
    table: Any = model  # which counts its edits
    changed = db.session.scalar(
        update(model)
        .where(owned(tenant, table), table.id == id_, table.edits == edits)
        .values(**values, edits=edits + 1)
        .returning(table.id)
        .execution_options(synchronize_session=False)
    )
    return changed is not None
