"""How much of a shared account's credits somebody who works in it may use a month (SPEC 1)."""

from typing import Final
from uuid import UUID

from sqlalchemy import select

from portal.core.db import db
from portal.core.tenancy import owned
from portal.texting_accounts.models import AccountMember
from portal.texting_accounts.values import AccountRef

_CAP: Final = select(AccountMember.monthly_cap)


def cap_of(account: AccountRef, user_id: UUID, *, holds: bool = False) -> int | None:
    """Return somebody's cap of credits a month in an account; None: they have none.

    `holds` keeps it, and whoever else spends under it, still until this unit of work ends: of
    two sends at once one sees what the other took.
    """
    asked = _CAP.where(owned(account.tenant, AccountMember), AccountMember.user_id == user_id)
    return db.session.scalar(asked.with_for_update() if holds else asked)
