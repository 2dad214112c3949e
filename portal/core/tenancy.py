"""The one helper that keeps tenants apart (SPEC 1: nothing crosses organizations, ever)."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_

from portal.core.db import Base


@dataclass(frozen=True, slots=True)
class Tenant:
    """Whose rows may be seen: one organization, or one texting account of it."""

    organization_id: UUID
    account_id: UUID | None = None


def owned(tenant: Tenant, *models: type[Base]) -> ColumnElement[bool]:
    """Return the condition that every row of these tables belongs to tenant.

    Each tenant table has organization_id; one that also has account_id is narrowed to
    the tenant's account when it names one.
    """
    conditions: list[ColumnElement[bool]] = []
    for model in models:
        table: Any = model
        conditions.append(table.organization_id == tenant.organization_id)
        if tenant.account_id is not None and hasattr(model, "account_id"):
            conditions.append(table.account_id == tenant.account_id)
    return and_(*conditions)
