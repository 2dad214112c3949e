"""What is known about texting accounts."""

from datetime import date, datetime
from typing import cast
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Table, bindparam, false, or_, select, true

from portal.core.access import Role
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.tenancy import Tenant
from portal.people import queries as people
from portal.texting_accounts.models import AccountMember, TextingAccount
from portal.texting_accounts.values import AccountMemberRef, AccountRef, AccountState

_ACCOUNTS = cast(Table, TextingAccount.__table__)
_ACCOUNT = select(  # made once: every text asks for its account
    *(_ACCOUNTS.c[name] for name in AccountRef.__dataclass_fields__)
).where(_ACCOUNTS.c.id == bindparam("account"))


def account(account_id: UUID) -> AccountRef | None:
    """Return the account, or None."""
    row = db.session.execute(_ACCOUNT, {"account": account_id}).one_or_none()
    return AccountRef(*row) if row else None


def get_or_404(tenant: Tenant) -> AccountRef:
    """Return the tenant's account. Raises NotFound."""
    row = db.session.scalars(
        select(TextingAccount).where(
            TextingAccount.organization_id == tenant.organization_id,
            TextingAccount.id == tenant.account_id,
        )
    ).first()
    if row is None:
        raise NotFound("We can't find that account.")
    return _ref(row)


def accounts_for(user_id: UUID, organization_id: UUID, role: Role) -> list[AccountRef]:
    """Return the accounts a person reaches in the organization, by name (SPEC 1).

    An agent reaches accounts they own or work in; a lead also those of the led teams and
    of their members; an officer every one; an administrator none.
    """
    rows = db.session.scalars(
        select(TextingAccount)
        .where(
            TextingAccount.organization_id == organization_id,
            _reached(user_id, organization_id, role),
        )
        .order_by(TextingAccount.name, TextingAccount.id)
    )
    return [_ref(row) for row in rows]


def reaches(user_id: UUID, role: Role, account_: AccountRef) -> bool:
    """Say whether a person of this role in the account's organization reaches the account."""
    return (
        db.session.scalar(
            select(TextingAccount.id).where(
                TextingAccount.id == account_.id,
                _reached(user_id, account_.organization_id, role),
            )
        )
        is not None
    )


def of_organization(organization_id: UUID) -> list[AccountRef]:
    """Return every account of the organization by name."""
    rows = db.session.scalars(
        select(TextingAccount)
        .where(TextingAccount.organization_id == organization_id)
        .order_by(TextingAccount.name, TextingAccount.id)
    )
    return [_ref(row) for row in rows]


def all_active() -> list[AccountRef]:
    """Return every account of every organization that may send."""
    rows = db.session.scalars(
        select(TextingAccount)
        .where(TextingAccount.state == AccountState.ACTIVE)
        .order_by(TextingAccount.id)
    )
    return [_ref(row) for row in rows]


def members(account_id: UUID) -> list[AccountMemberRef]:
    """Return who works in a shared account, by name."""
    rows = list(
        db.session.scalars(select(AccountMember).where(AccountMember.account_id == account_id))
    )
    known = people.users(row.user_id for row in rows)
    found = [
        AccountMemberRef(row.user_id, who.name, who.email, row.monthly_cap)
        for row in rows
        if (who := known.get(row.user_id)) is not None
    ]
    return sorted(found, key=lambda member: (member.name, str(member.user_id)))


def watchers(account_: AccountRef) -> list[UUID]:
    """Return whom to tell about the account: its owner and the leads over it (B-11, K-6)."""
    if account_.team_id is not None:
        return [lead.id for lead in people.leads_of_team(account_.team_id)]
    if account_.owner_user_id is None:
        return []
    over = people.leads_over(account_.owner_user_id, account_.organization_id)
    return list(dict.fromkeys([account_.owner_user_id, *(lead.id for lead in over)]))


def limits_note(account_id: UUID) -> str | None:
    """Return the note written at the last change of limits (S-5)."""
    row = db.session.get(TextingAccount, account_id)
    return row.limits_note if row else None


def today(account_: AccountRef, now: datetime) -> date:
    """Return the account's own day (S-5)."""
    return now.astimezone(ZoneInfo(account_.timezone)).date()


def _reached(user_id: UUID, organization_id: UUID, role: Role) -> ColumnElement[bool]:
    if role is Role.COMPLIANCE_OFFICER:
        return true()
    if role is Role.ADMIN:
        return false()
    own = or_(
        TextingAccount.owner_user_id == user_id,
        TextingAccount.id.in_(
            select(AccountMember.account_id).where(AccountMember.user_id == user_id)
        ),
    )
    if role is not Role.TEAM_LEAD:
        return own
    team_ids = people.team_ids(user_id, organization_id)
    led = people.user_ids_of_teams(organization_id, team_ids)
    return or_(own, TextingAccount.owner_user_id.in_(led), TextingAccount.team_id.in_(team_ids))


def _ref(row: TextingAccount) -> AccountRef:
    return AccountRef(
        id=row.id,
        organization_id=row.organization_id,
        name=row.name,
        owner_user_id=row.owner_user_id,
        team_id=row.team_id,
        timezone=row.timezone,
        state=row.state,
        state_reason=row.state_reason,
        daily_recipient_limit=row.daily_recipient_limit,
        daily_segment_limit=row.daily_segment_limit,
    )
