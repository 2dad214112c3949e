"""What somebody holds in an organization, who may get it, and that somebody has left (SPEC 1)."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from sqlalchemy import select

from portal.appeals import queries as appeals
from portal.billing import queries as billing
from portal.calls import queries as calls
from portal.calls.values import Forwarding
from portal.contacts import queries as contacts
from portal.core.access import PERMISSIONS, Me, Permission, Role
from portal.core.audit import AuditEntry
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.errors import NotFound
from portal.drips.queries import enrolments as drips
from portal.integrations import queries as integrations
from portal.integrations.values import EndpointRef
from portal.leaving import rules
from portal.leaving.values import Heading, Held, HeldAccount, LeftRef, Receiver, SharedAccount
from portal.messaging.queries import leaving as texts
from portal.messaging.queries import saved
from portal.messaging.rules.saved import Place
from portal.numbers import queries as numbers
from portal.optin import queries as optin
from portal.optin.values import FormState
from portal.people import queries as people
from portal.people.values import MemberRow
from portal.tasks import queries as tasks
from portal.tasks.queries import Wanted
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef, AccountState

LEFT: Final = "leaving:person:off-board"
_APPEALS: Final = 100  # of one account, to count those that are not over


def people_of(asks: Me, organization_id: UUID) -> list[tuple[MemberRow, str | None]]:
    """Return everybody of the teams somebody leads, by name, with why they can't be off-boarded."""
    led = people.team_ids(asks.user_id, organization_id)
    rows = people.members(organization_id, within=led)
    return [(row, why_not(asks, organization_id, row)) for row in rows]


def leaver(asks: Me, organization_id: UUID, user_id: UUID) -> MemberRow:
    """Return somebody of the teams a lead leads. Raises NotFound for all others."""
    row = people.member(organization_id, user_id)
    if not set(people.team_ids(asks.user_id, organization_id)) & set(row.team_ids):
        raise NotFound("We can't find that person here.")
    return row


def why_not(asks: Me, organization_id: UUID, row: MemberRow) -> str | None:
    """Return why somebody can't be off-boarded by whoever asks, or None."""
    leads = {lead.id for lead in people.leads(organization_id)}
    return rules.refusal(
        row,
        asks=asks.user_id,
        role=asks.role,
        works_elsewhere=len(people.memberships(row.user_id)) > 1,
        is_last_lead=leads == {row.user_id},
    )


def held_by(asks: Me, organization_id: UUID, row: MemberRow) -> Held:
    """Return everything somebody holds in an organization, as it is now."""
    user_id = row.user_id
    mine = accounts.accounts_for(user_id, organization_id, Role.AGENT)
    own = [one for one in mine if one.owner_user_id == user_id]
    open_ = [one for one in own if one.state is not AccountState.CLOSED]
    shared = [
        one for one in mine if one.owner_user_id != user_id and one.state is not AccountState.CLOSED
    ]
    ids = {one.id for one in own}
    worked_on = appeals.open_with(organization_id, user_id)
    made = integrations.keys_made_by(organization_id, user_id)
    return Held(
        person=row,
        own=tuple(_own(one) for one in open_),
        shared=(
            *(_shared(asks, one, row) for one in shared),
            *(
                _shared(asks, one, row, is_member=False)
                for one in _of_others(organization_id, user_id, {one.id for one in mine})
            ),
        ),
        closed=len(own) - len(open_),
        sessions=len(people.sessions(user_id)),
        keys=sum(key.account_id not in ids for key in made),
        webhooks=len(webhooks_elsewhere(organization_id, user_id, [one.id for one in open_])),
        saved=saved.kept_at(organization_id, Place(user_id)),
        appeals=sum(case.account_id not in {one.id for one in open_} for case in worked_on),
    )


def webhooks_elsewhere(
    organization_id: UUID, user_id: UUID, own: Collection[UUID]
) -> list[EndpointRef]:
    """Return the webhooks somebody added outside the own accounts: those are decided on there."""
    added = integrations.endpoints_added_by(organization_id, user_id)
    return [one for one in added if one.account_id not in own]


def receivers(asks: Me, organization_id: UUID, row: MemberRow) -> list[Receiver]:
    """Return who may get an account: the teams somebody leads, and who texts in them.

    Teams of the person who leaves come first: nobody is then passed over by mistake.
    """
    led = people.team_ids(asks.user_id, organization_id)
    teams = [team for team in people.teams(organization_id) if team.id in led]
    teams.sort(key=lambda team: (team.id not in row.team_ids, team.name))
    members = people.members(organization_id, within=led)
    return [
        *(Receiver(team.name, team_id=team.id) for team in teams),
        *(
            Receiver(one.name, user_id=one.user_id)
            for one in members
            if one.is_active
            and one.user_id != row.user_id
            and Permission.SEND_TEXTS in PERMISSIONS[one.role]
        ),
    ]


def left(organization_id: UUID, user_id: UUID) -> LeftRef | None:
    """Return when somebody was last off-boarded and what was done, or None."""
    entry = db.session.scalars(
        select(AuditEntry)
        .where(
            AuditEntry.chain == organization_id,
            AuditEntry.subject_id == user_id,
            AuditEntry.event == LEFT,
        )
        .order_by(AuditEntry.position.desc())
        .limit(1)
    ).first()
    if entry is None:
        return None
    said = entry.payload or {}
    done = tuple(Heading(one["title"], tuple(one["lines"])) for one in said.get("done", ()))
    return LeftRef(entry.at, entry.actor_label, said.get("reason", ""), done)


def _own(account: AccountRef) -> HeldAccount:
    tenant = account.tenant
    subscription = billing.subscription(account.id)
    senders = [one for one in numbers.senders(account.id) if one.is_ready]
    waiting, credits_back = texts.waiting_in(tenant)
    talks, unanswered = texts.talks_in(tenant)
    now = utcnow()
    return HeldAccount(
        account,
        numbers=tuple(one.e164 for one in senders),
        left=max(billing.balance(account.id).available, 0),
        plan_name=subscription.plan.name if subscription else None,
        ends_at=(subscription.ends_at or subscription.next_charge_at) if subscription else None,
        contacts=contacts.count(tenant),
        talks=talks,
        unanswered=unanswered,
        waiting=waiting,
        credits_back=credits_back,
        in_plans=drips.live_count(tenant),
        tasks=tasks.count(account, Wanted()),
        keys=sum(key.opens_at(now) for key in integrations.keys(tenant)),
        webhooks=len(integrations.endpoints(tenant)),
        forwarded=tuple(one.e164 for one in senders if _rings(calls.forwarding(tenant, one.id))),
        forms=sum(form.state is FormState.PUBLISHED for form in optin.forms(tenant)),
        appeals=sum(not case.is_over for case in appeals.cases(tenant, limit=_APPEALS)),
    )


def _rings(forwarding: Forwarding) -> bool:
    return bool(forwarding.phone or forwarding.pending_phone)


def _of_others(organization_id: UUID, user_id: UUID, but: set[UUID]) -> list[AccountRef]:
    """Return further accounts in which something is somebody's: a lead answers in many."""
    held = texts.account_ids(organization_id, user_id) | tasks.account_ids(organization_id, user_id)
    found = [one for id_ in held - but if (one := accounts.account(id_)) is not None]
    rest = [one for one in found if one.state is not AccountState.CLOSED]
    return sorted(rest, key=lambda one: (one.name, one.id))


def _shared(
    asks: Me, account: AccountRef, row: MemberRow, *, is_member: bool = True
) -> SharedAccount:
    tenant, user_id = account.tenant, row.user_id
    waiting, _ = texts.waiting_in(tenant, user_id)
    may_choose = accounts.reaches(asks.user_id, asks.role, account)
    return SharedAccount(
        account,
        is_member=is_member,
        talks=texts.talks_with(tenant, user_id),
        tasks=tasks.count_for(tenant, user_id),
        waiting=waiting,
        receivers=_mates(account, user_id) if may_choose else (),
    )


def _mates(account: AccountRef, user_id: UUID) -> tuple[Receiver, ...]:
    """Return who else may be given conversations and tasks of a shared account."""
    able = tasks.whose(account)
    return tuple(
        Receiver(who.name, user_id=who.id)
        for who in accounts.people_of(account)
        if who.id != user_id and who.id in able
    )
