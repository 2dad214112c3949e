"""What is known about texting accounts."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    Table,
    and_,
    bindparam,
    exists,
    false,
    func,
    not_,
    or_,
    select,
    true,
)

from portal.core.access import OWNER_PERMISSIONS, PERMISSIONS, Me, Permission, Role
from portal.core.columns import Id
from portal.core.db import db
from portal.core.errors import NotAllowed, NotFound
from portal.core.once import answered, once_a_page
from portal.core.tenancy import Tenant, owned
from portal.people import queries as people
from portal.people.values import MembershipRef, UserRef
from portal.texting_accounts.errors import AccountClosed
from portal.texting_accounts.models import AccountMember, Restriction, TextingAccount
from portal.texting_accounts.values import (
    AccountMemberRef,
    AccountRef,
    AccountState,
    Entry,
    RestrictionRef,
)

_Id = ColumnElement[UUID]
_ACCOUNTS = cast(Table, TextingAccount.__table__)
_MEMBERS = cast(Table, AccountMember.__table__)
_COLUMNS: Final = [_ACCOUNTS.c[name] for name in AccountRef.__dataclass_fields__]
_ACCOUNT = select(*_COLUMNS).where(  # made once: every text asks for its account
    _ACCOUNTS.c.id == bindparam("account")
)
_USER: BindParameter[UUID] = bindparam("user", type_=Id())
_ORGANIZATION: BindParameter[UUID] = bindparam("organization", type_=Id())

_THIS: BindParameter[UUID] = bindparam("account", type_=Id())
_TEXTERS: Final = people.who_may(  # made once: each inbox asks whether several answer (G6)
    Permission.SEND_TEXTS,
    _ORGANIZATION,
    select(_MEMBERS.c.user_id).where(_MEMBERS.c.account_id == _THIS),
    select(_ACCOUNTS.c.owner_user_id).where(_ACCOUNTS.c.id == _THIS),
    people.ids_of_leads_in(select(_ACCOUNTS.c.team_id).where(_ACCOUNTS.c.id == _THIS)),
    people.ids_of_leads_in(people.ids_of_teams(_USER, _ORGANIZATION)),
)


@once_a_page
def account(account_id: UUID) -> AccountRef | None:
    """Return the account, or None."""
    row = db.session.execute(_ACCOUNT, {"account": account_id}).one_or_none()
    return AccountRef(*row) if row else None


def is_closed(account_id: UUID) -> bool:
    """Say whether the account was closed for good."""
    found = account(account_id)
    return found is not None and found.state is AccountState.CLOSED


def check_open(account_id: UUID) -> None:
    """Raise AccountClosed for an account that was closed, also since the page was shown."""
    if is_closed(account_id):
        raise AccountClosed


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


def ids_reached(role: Role) -> Select[tuple[UUID]]:
    """Return the statement for the accounts a person of this role reaches in an organization.

    For the statements of other slices, which give its "user" and "organization".
    """
    return select(_ACCOUNTS.c.id).where(
        _ACCOUNTS.c.organization_id == _ORGANIZATION, _reached(role)
    )


def accounts_for(user_id: UUID, organization_id: UUID, role: Role) -> list[AccountRef]:
    """Return the accounts a person reaches in the organization, by name (SPEC 1).

    An agent reaches accounts they own or work in; a lead also those of the led teams and
    of their members; an officer every one; an administrator none.
    """
    asked = {"user": user_id, "organization": organization_id}
    return [AccountRef(*row) for row in db.session.execute(_REACHED[role], asked)]


def some_accounts(
    user_id: UUID, organization_id: UUID, role: Role, *, words: str = "", limit: int
) -> list[AccountRef]:
    """Return the first of the accounts a person reaches, by name, those whose name has the words."""
    wanted = _SOME_REACHED[role]
    for word in words.split():
        wanted = wanted.where(_ACCOUNTS.c.name.icontains(word, autoescape=True))
    asked = {"user": user_id, "organization": organization_id, "most": limit}
    return [AccountRef(*row) for row in db.session.execute(wanted, asked)]


def entry(member: MembershipRef, account_id: UUID) -> Entry | None:
    """Return an account of a member's organization as they come to it; None: it has no such."""
    asked = _about(member.user_id, member.organization_id, account_id)
    row = db.session.execute(_ENTRY[member.role], asked).one_or_none()
    if row is None:
        return None
    *values, is_reached = row
    found = AccountRef(*values)
    answered(account, found, account_id)
    return Entry(found, member, bool(is_reached))


def reaches(user_id: UUID, role: Role, account_: AccountRef) -> bool:
    """Say whether a person of this role in the account's organization reaches the account."""
    asked = _about(user_id, account_.organization_id, account_.id)
    return db.session.execute(_REACHES[role], asked).one_or_none() is not None


def reads_along(user_id: UUID, role: Role, account_: AccountRef) -> bool:
    """Say whether a person reads, and only reads, a team mate's account (S-4)."""
    asked = _about(user_id, account_.organization_id, account_.id)
    member = people.membership(user_id, account_.organization_id)
    return (
        role in _MATES
        and (member is not None and member.shares_talks)
        and db.session.execute(_READS_ALONG, asked).one_or_none() is not None
    )


def accounts_of_mates(member: MembershipRef, *, words: str = "", limit: int) -> list[AccountRef]:
    """Return the first of the accounts a person reads along in, by name (S-4)."""
    if member.role not in _MATES or not member.shares_talks:
        return []
    wanted = _BY_MATES.limit(limit)
    for word in words.split():
        wanted = wanted.where(_ACCOUNTS.c.name.icontains(word, autoescape=True))
    asked = {"user": member.user_id, "organization": member.organization_id}
    return [AccountRef(*row) for row in db.session.execute(wanted, asked)]


def _about(user_id: UUID | None, organization_id: UUID, account_id: UUID) -> dict[str, UUID | None]:
    return {"user": user_id, "organization": organization_id, "account": account_id}


def chosen(person: Me, ids: Sequence[UUID], permission: Permission) -> list[AccountRef]:
    """Return these accounts by name, if the person may do this in every one of them.

    Raises NotFound when one is not reached, NotAllowed when one is only looked at.
    """
    assert person.organization_id is not None  # who reaches accounts is in an organization
    wanted = set(ids)
    found = [
        row
        for row in accounts_for(person.user_id, person.organization_id, person.role)
        if row.id in wanted
    ]
    if len(found) != len(wanted):
        raise NotFound("We can't find one of these accounts. Open the list again.")
    by_role = permission in PERMISSIONS[person.role]
    as_owner = permission in OWNER_PERMISSIONS and not (
        people.organization_settings(person.organization_id).reserves_account_changes
    )
    for row in found:
        if not by_role and not (as_owner and row.owner_user_id == person.user_id):
            raise NotAllowed(f"{row.name}: only its owner or a team lead may change this.")
    return found


def of_organization(organization_id: UUID) -> list[AccountRef]:
    """Return every account of the organization by name."""
    rows = db.session.scalars(
        select(TextingAccount)
        .where(TextingAccount.organization_id == organization_id)
        .order_by(TextingAccount.name, TextingAccount.id)
    )
    return [_ref(row) for row in rows]


def ramping() -> list[tuple[AccountRef, date]]:
    """Return accounts whose number is new, each with the last day that was judged (H-5)."""
    rows = db.session.scalars(
        select(TextingAccount)
        .where(TextingAccount.ramp_limit.is_not(None), TextingAccount.state != AccountState.CLOSED)
        .order_by(TextingAccount.id)
    )
    return [(_ref(row), row.ramp_judged_on) for row in rows if row.ramp_judged_on is not None]


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
    """Return whom to tell about the account: its owner and the leads over it (B-11, K-6).

    Of a team that has no lead at the moment, the organization's leads.
    """
    if account_.team_id is not None:
        leads = people.leads_of_team(account_.team_id) or people.leads(account_.organization_id)
        return [lead.id for lead in leads]
    if account_.owner_user_id is None:
        return []
    over = people.leads_over(account_.owner_user_id, account_.organization_id)
    return list(dict.fromkeys([account_.owner_user_id, *(lead.id for lead in over)]))


def people_of(account_: AccountRef) -> list[UserRef]:
    """Return the active people who text from the account, by name (Q-5).

    Its owner, who works in it, and the leads over it.
    """
    return list(_people_of(account_))


@once_a_page
def _people_of(account_: AccountRef) -> tuple[UserRef, ...]:
    asked = _about(account_.owner_user_id, account_.organization_id, account_.id)
    return tuple(UserRef(*row) for row in db.session.execute(_TEXTERS, asked))


def teams_of(account_: AccountRef) -> tuple[UUID, ...]:
    """Return the teams an account belongs to: its own, or its owner's."""
    if account_.team_id is not None:
        return (account_.team_id,)
    if account_.owner_user_id is None:
        return ()
    return tuple(people.team_ids(account_.owner_user_id, account_.organization_id))


def restrictions(tenant: Tenant, *, limit: int) -> list[RestrictionRef]:
    """Return the newest restrictions of an account, those that hold before those lifted (H-6)."""
    r = Restriction
    rows = db.session.scalars(
        select(r)
        .where(owned(tenant, r))
        .order_by(r.lifted_at.is_not(None), r.set_at.desc(), r.id)
        .limit(limit)
    )
    return [_restriction(row) for row in rows]


def restriction(tenant: Tenant, restriction_id: UUID) -> RestrictionRef | None:
    """Return one restriction of an account, whether it holds or was lifted, or None."""
    r = Restriction
    row = db.session.scalar(
        select(r)
        .where(owned(tenant, r), r.id == restriction_id)
        .execution_options(populate_existing=True)
    )
    return _restriction(row) if row else None


def restrictions_since(organization_id: UUID, since: datetime) -> list[RestrictionRef]:
    """Return what was set or lifted in an organization since then, the newest first (H-6)."""
    r = Restriction
    rows = db.session.scalars(
        select(r)
        .where(owned(Tenant(organization_id), r), or_(r.set_at >= since, r.lifted_at >= since))
        .order_by(r.set_at.desc(), r.id)
    )
    return [_restriction(row) for row in rows]


def limits_note(account_id: UUID) -> str | None:
    """Return the note written at the last change of limits (S-5)."""
    row = db.session.get(TextingAccount, account_id)
    return row.limits_note if row else None


def today(account_: AccountRef, now: datetime) -> date:
    """Return the account's own day (S-5)."""
    return now.astimezone(ZoneInfo(account_.timezone)).date()


def texts_from(account_id: _Id, user: _Id, organization: _Id) -> ColumnElement[bool]:
    """Return the condition that somebody may text from an account; no table here has such names."""
    return or_(
        *(
            and_(
                people.works_as(role, user, organization),
                exists().where(
                    _ACCOUNTS.c.id == account_id,
                    _ACCOUNTS.c.organization_id == organization,
                    _reached(role, user, organization),
                ),
            )
            for role, allowed in PERMISSIONS.items()
            if Permission.SEND_TEXTS in allowed
        )
    )


def _reached(
    role: Role, user: _Id = _USER, organization: _Id = _ORGANIZATION
) -> ColumnElement[bool]:
    if role is Role.COMPLIANCE_OFFICER:
        return true()
    if role is Role.ADMIN:
        return false()
    mine = select(_MEMBERS.c.account_id).where(_MEMBERS.c.user_id == user)
    own = or_(_ACCOUNTS.c.owner_user_id == user, _ACCOUNTS.c.id.in_(mine))
    if role is not Role.TEAM_LEAD:
        return own
    teams = people.ids_of_teams(user, organization)
    led = people.ids_of_people_in(teams)
    return or_(own, _ACCOUNTS.c.owner_user_id.in_(led), _ACCOUNTS.c.team_id.in_(teams))


# Made once for each role: every page asks them (G6).
_REACHED: Final = {
    role: select(*_COLUMNS)
    .where(_ACCOUNTS.c.organization_id == _ORGANIZATION, _reached(role))
    .order_by(_ACCOUNTS.c.name, _ACCOUNTS.c.id)
    for role in Role
}
_SOME_REACHED: Final = {  # every page asks for the first of them (G6)
    role: wanted.limit(bindparam("most")) for role, wanted in _REACHED.items()
}
_ENTRY: Final = {
    role: select(*_COLUMNS, _reached(role)).where(
        _ACCOUNTS.c.organization_id == _ORGANIZATION, _ACCOUNTS.c.id == _THIS
    )
    for role in Role
}
_REACHES: Final = {
    role: ids_reached(role).where(_ACCOUNTS.c.id == bindparam("account")) for role in Role
}


def _of_mates() -> ColumnElement[bool]:
    """Return what tells the accounts of a person's teams which the person does not work in."""
    teams = people.ids_of_teams(_USER, _ORGANIZATION)
    mates = people.ids_of_people_in(teams)
    theirs = or_(_ACCOUNTS.c.owner_user_id.in_(mates), _ACCOUNTS.c.team_id.in_(teams))
    return and_(theirs, not_(func.coalesce(_reached(Role.AGENT), false())))


# An agent reads along; a lead over the account reaches it, officers read everything anyway.
_MATES: Final = frozenset({Role.AGENT})
_BY_MATES: Final = (
    select(*_COLUMNS)
    .where(_ACCOUNTS.c.organization_id == _ORGANIZATION, _of_mates())
    .order_by(_ACCOUNTS.c.name, _ACCOUNTS.c.id)
)
_READS_ALONG: Final = _BY_MATES.where(_ACCOUNTS.c.id == bindparam("account"))


def _ref(row: TextingAccount) -> AccountRef:
    return AccountRef(*(getattr(row, name) for name in AccountRef.__dataclass_fields__))


def _restriction(row: Restriction) -> RestrictionRef:
    names = RestrictionRef.__dataclass_fields__
    return RestrictionRef(**{name: getattr(row, name) for name in names})
