"""Opens texting accounts and changes their state, limits and members."""

from typing import Final
from uuid import UUID

from sqlalchemy import delete, select, update

from portal.core import audit
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.errors import BadInput, NotFound
from portal.core.happenings import Happening
from portal.core.tenancy import Tenant, owned
from portal.people import queries as people
from portal.people import rules as people_rules
from portal.texting_accounts import queries
from portal.texting_accounts.errors import AccountClosed, NoteMissing, WrongState
from portal.texting_accounts.models import AccountMember, Restriction, TextingAccount
from portal.texting_accounts.values import AccountRef, AccountState, Cause, RestrictionKind

MAX_RECIPIENTS = 100_000
MAX_SEGMENTS = 1_000_000
ZONE_CHANGED: Final[Happening[[AccountRef, str]]] = Happening()  # from the zone before
_KINDS = {
    AccountState.PAUSED: RestrictionKind.PAUSE,
    AccountState.SUSPENDED: RestrictionKind.SUSPENSION,
    AccountState.CLOSED: RestrictionKind.CLOSING,
}


def open_account(
    organization_id: UUID,
    name: str,
    owner_user_id: UUID | None = None,
    team_id: UUID | None = None,
    timezone: str | None = None,
    *,
    actor: Actor,
) -> AccountRef:
    """Open an account for one agent, or for a team that shares it (SPEC 1).

    Raises BadInput without exactly one owner or for an unknown zone, NotFound for strangers.
    """
    if (owner_user_id is None) == (team_id is None):
        raise BadInput("An account belongs to one agent or to one team.")
    organization = people.organization(organization_id)
    if organization is None:
        raise NotFound("We can't find that organization.")
    if owner_user_id is not None and people.membership(owner_user_id, organization_id) is None:
        raise NotFound("We can't find that person here.")
    if team_id is not None and people.team(organization_id, team_id) is None:
        raise NotFound("We can't find that team.")
    zone = timezone or organization.timezone
    _check_zone(zone)
    row = TextingAccount(
        organization_id=organization_id,
        name=" ".join(name.split()),
        owner_user_id=owner_user_id,
        team_id=team_id,
        timezone=zone,
    )
    db.session.add(row)
    db.session.flush()  # the audit entry needs the id
    record("accounts:account:open", row.id, organization_id, actor, name=row.name, timezone=zone)
    return fresh(row.id)


def edit_account(account_id: UUID, *, name: str, timezone: str, actor: Actor) -> AccountRef:
    """Rename the account or move its day to another zone. Raises BadInput."""
    row = locked(account_id)
    _check_zone(timezone)
    name = " ".join(name.split())
    zone_before = row.timezone
    if (row.name, zone_before) != (name, timezone):
        row.name, row.timezone = name, timezone
        record(
            "accounts:account:edit",
            account_id,
            row.organization_id,
            actor,
            name=name,
            timezone=timezone,
        )
    account = fresh(account_id)
    if zone_before != timezone:
        ZONE_CHANGED.tell(account, zone_before)
    return account


def set_limits(
    account_id: UUID, *, daily_recipients: int, daily_segments: int, note: str, actor: Actor
) -> AccountRef:
    """Change the daily limits, with a note that says why (S-5). Raises NoteMissing, BadInput."""
    row = locked(account_id)
    if not note.strip():
        raise NoteMissing("Write why the limits change: the note is kept with them.")
    if not 0 <= daily_recipients <= MAX_RECIPIENTS or not 0 <= daily_segments <= MAX_SEGMENTS:
        raise BadInput(
            f"Limits go from 0 to {MAX_RECIPIENTS:,} people and {MAX_SEGMENTS:,} segments a day."
        )
    before = (row.daily_recipient_limit, row.daily_segment_limit)
    row.daily_recipient_limit, row.daily_segment_limit = daily_recipients, daily_segments
    row.limits_note = note.strip()[:500]
    record(
        "accounts:limits:change",
        account_id,
        row.organization_id,
        actor,
        before=list(before),
        after=[daily_recipients, daily_segments],
        note=row.limits_note,
    )
    return fresh(account_id)


def pause(account_id: UUID, *, reason: str = "", actor: Actor) -> AccountRef:
    """Stop sending until somebody resumes; queued texts are held. Again is harmless."""
    return _move(
        account_id,
        {AccountState.ACTIVE},
        AccountState.PAUSED,
        reason=reason,
        verb="pause",
        actor=actor,
    )


def resume(account_id: UUID, *, actor: Actor) -> AccountRef:
    """Send again after a pause. Raises WrongState for a suspended account."""
    return _move(
        account_id,
        {AccountState.PAUSED},
        AccountState.ACTIVE,
        reason="",
        verb="resume",
        actor=actor,
    )


def suspend(
    account_id: UUID, reason: str, actor: Actor, *, cause: Cause | None = None
) -> AccountRef:
    """Note that the carrier suspended the account, with its reason where it gave one (A-1)."""
    sending = {AccountState.ACTIVE, AccountState.PAUSED}
    return _move(
        account_id,
        sending,
        AccountState.SUSPENDED,
        reason=reason,
        verb="suspend",
        actor=actor,
        cause=cause,
    )


def explain_suspension(account_id: UUID, reason: str, cause: Cause, *, actor: Actor) -> None:
    """Keep why the carrier suspended the account, as far as it said so since (A-1).

    Raises WrongState for an account that is not suspended.
    """
    row = locked(account_id)
    if row.state is not AccountState.SUSPENDED:
        raise WrongState(f"This account is {fresh(account_id).state_label.lower()}.")
    row.state_reason = reason.strip()[:500] or None
    r = Restriction
    db.session.execute(
        update(r)
        .where(
            owned(Tenant(row.organization_id, account_id), r),
            r.kind == RestrictionKind.SUSPENSION,
            r.lifted_at.is_(None),
        )
        .values(cause=cause, reason=row.state_reason)
        .execution_options(synchronize_session=False)
    )
    record(
        "accounts:account:explain",
        account_id,
        row.organization_id,
        actor,
        cause=cause.value,
        reason=row.state_reason,
    )


def reinstate(account_id: UUID, *, note: str = "", actor: Actor) -> AccountRef:
    """Lift a suspension; the note says why. Refused texts suspend the account anew.

    A pause that the suspension took the place of holds again: whoever paused the account, or the
    alarm that did, was not asked (H-6).
    """
    before = _pause_before(locked(account_id))
    return _move(
        account_id,
        {AccountState.SUSPENDED},
        AccountState.PAUSED if before else AccountState.ACTIVE,
        reason=(before.reason or "") if before else "",
        note=note,
        verb="reinstate",
        actor=actor,
        cause=before.cause if before else None,
    )


def close(account_id: UUID, *, reason: str = "", actor: Actor) -> AccountRef:
    """Close the account for good."""
    rest = set(AccountState) - {AccountState.CLOSED}
    return _move(account_id, rest, AccountState.CLOSED, reason=reason, verb="close", actor=actor)


def add_account_member(
    account_id: UUID, user_id: UUID, *, monthly_cap: int | None = None, actor: Actor
) -> None:
    """Let a member of the organization work in a shared account, with a cap if given (SPEC 1)."""
    row = locked(account_id)
    if row.team_id is None:
        raise BadInput("Only a team's shared account has members; this one belongs to an agent.")
    if people.membership(user_id, row.organization_id) is None:
        raise NotFound("We can't find that person here.")
    if monthly_cap is not None and monthly_cap < 0:
        raise BadInput("A cap is a number of credits, 0 or more.")
    known = db.session.get(AccountMember, (account_id, user_id))
    if known is None:
        db.session.add(
            AccountMember(
                organization_id=row.organization_id,
                account_id=account_id,
                user_id=user_id,
                monthly_cap=monthly_cap,
            )
        )
    else:
        known.monthly_cap = monthly_cap
    record(
        "accounts:member:add",
        account_id,
        row.organization_id,
        actor,
        user=str(user_id),
        monthly_cap=monthly_cap,
    )


def remove_account_member(account_id: UUID, user_id: UUID, *, actor: Actor) -> None:
    """Take a person out of a shared account. Raises NotFound for one who does not work in it."""
    row = locked(account_id)
    gone = db.session.execute(
        delete(AccountMember)
        .where(AccountMember.account_id == account_id, AccountMember.user_id == user_id)
        .returning(AccountMember.user_id)
    ).first()
    if gone is None:
        raise NotFound("This person does not work in this account.")
    record("accounts:member:remove", account_id, row.organization_id, actor, user=str(user_id))


def _move(
    account_id: UUID,
    old: set[AccountState],
    new: AccountState,
    *,
    reason: str,
    verb: str,
    actor: Actor,
    note: str = "",
    cause: Cause | None = None,
) -> AccountRef:
    moved = db.session.execute(
        update(TextingAccount)
        .where(TextingAccount.id == account_id, TextingAccount.state.in_(old))
        .values(state=new, state_reason=reason.strip()[:500] or None, state_changed_at=utcnow())
        .returning(TextingAccount.organization_id)
    ).scalar_one_or_none()
    account = fresh(account_id)
    if moved is None:
        if account.state is new:
            return account
        raise WrongState(
            f"This account is {account.state_label.lower()}, so it can't {verb}.",
        )
    why = (note or reason).strip() or None
    _keep_history(account, why, note.strip(), cause, actor)
    told = {"cause": cause.value} if cause else {}
    record(f"accounts:account:{verb}", account_id, moved, actor, reason=why, **told)
    return account


def _pause_before(row: TextingAccount) -> Restriction | None:
    """Return the pause that held when the account was suspended, and ended with that."""
    r = Restriction
    mine = owned(Tenant(row.organization_id, row.id), r)
    suspended_at = (
        select(r.set_at)
        .where(mine, r.kind == RestrictionKind.SUSPENSION, r.lifted_at.is_(None))
        .scalar_subquery()
    )
    return db.session.scalars(
        select(r).where(mine, r.kind == RestrictionKind.PAUSE, r.lifted_at == suspended_at)
    ).first()


def _keep_history(
    account: AccountRef, why: str | None, note: str, cause: Cause | None, actor: Actor
) -> None:
    """End the restriction that held and begin the one that holds now (H-6)."""
    now, r = utcnow(), Restriction
    kind = _KINDS.get(account.state)
    note = note or (why or "" if kind is None else f"{account.state_label} instead.")
    ended = RestrictionKind if kind is RestrictionKind.CLOSING else _KINDS.values()
    db.session.execute(
        update(r)
        .where(owned(account.tenant, r), r.kind.in_(ended), r.lifted_at.is_(None))
        .values(lifted_at=now, lifted_by=actor.label, lift_note=note[:500] if note else None)
        .execution_options(synchronize_session=False)
    )
    if kind is not None:
        db.session.add(
            Restriction(
                organization_id=account.organization_id,
                account_id=account.id,
                kind=kind,
                cause=cause,
                reason=account.state_reason,
                set_by=actor.label,
                set_at=now,
            )
        )


def locked(account_id: UUID) -> TextingAccount:
    """Return the row of an account that is not closed, locked. Raises NotFound, AccountClosed.

    What refers to the account, such as a text, may still be written: whoever writes it holds more
    by then, its day among it.
    """
    row = db.session.get(
        TextingAccount, account_id, with_for_update={"key_share": True}, populate_existing=True
    )
    if row is None:
        raise NotFound("We can't find that account.")
    if row.state is AccountState.CLOSED:
        raise AccountClosed
    return row


def fresh(account_id: UUID) -> AccountRef:
    """Return the account as this unit of work leaves it. Raises NotFound."""
    db.session.flush()  # what changed must be what is read
    row = db.session.get(TextingAccount, account_id)
    if row is not None:
        db.session.refresh(row)
    found = queries.account(account_id)
    if found is None:
        raise NotFound("We can't find that account.")
    return found


def _check_zone(zone: str) -> None:
    if not people_rules.is_timezone(zone):
        raise BadInput(f"{zone} is not a time zone. Use a name such as America/Chicago.")


def record(
    event: str, account_id: UUID, organization_id: UUID, actor: Actor, **payload: object
) -> None:
    """Write down in the audit log what was done to an account."""
    audit.record(
        event,
        actor=actor,
        organization_id=organization_id,
        account_id=account_id,
        subject_id=account_id,
        **payload,
    )
