"""Off-boarding somebody: all of it in one unit of work, or nothing (SPEC 1).

What is done to each thing is done by the slice it belongs to. Locks are taken as everywhere:
the member, numbers, accounts, appeals, places in plans, texts, then conversations (RULINGS 6).
"""

from collections.abc import Mapping
from uuid import UUID

from portal.appeals import queries as appeals
from portal.appeals.service import handling
from portal.calls import queries as calls
from portal.calls import service as call_service
from portal.core import audit
from portal.core.access import Me, Permission
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.drips.service import stopping
from portal.integrations import queries as integrations
from portal.integrations.service import endpoints, keys
from portal.leaving import queries, rules
from portal.leaving.errors import CannotLeave, ChangedSince, NotTyped
from portal.leaving.values import Choice, Choices, Heading, Held, PlanFate, Receiver, SharedAccount
from portal.messaging.errors import NameNotTyped
from portal.messaging.service import assigning, campaigns, closing
from portal.notifications import service as notifications
from portal.numbers import queries as numbers
from portal.people import queries as people
from portal.people import service as people_service
from portal.tasks import service as tasks
from portal.texting_accounts import queries as accounts
from portal.texting_accounts import service as texting_accounts
from portal.texting_accounts.values import AccountRef


def off_board(
    asks: Me,
    organization_id: UUID,
    user_id: UUID,
    choices: Choices,
    *,
    seen: str,
    typed: Mapping[UUID, str],
) -> bool:
    """Do what was chosen for everything somebody holds, and lock them out; say whether it was now.

    A second time, and after it was done, nothing changes. `seen` is the mark of what the summary
    showed, `typed` the names of accounts to be closed. Raises NotFound, CannotLeave, ChangedSince,
    NotTyped, and what the verbs of the slices raise; then nothing was done.
    """
    people_service.lock_member(organization_id, user_id)
    _check_asks(asks, organization_id)
    row = queries.leaver(asks, organization_id, user_id)
    if (why := queries.why_not(asks, organization_id, row)) is not None:
        raise CannotLeave(why)
    assigning.lock_numbers(organization_id, user_id)
    held = queries.held_by(asks, organization_id, row)
    if held.is_gone:
        return False
    _check(asks, organization_id, held, choices, seen)
    refs = [*(one.ref for one in held.own), *(one.ref for one in held.shared)]
    texting_accounts.lock_accounts(ref.id for ref in refs)
    zone = organization_zone(organization_id)
    done, actor = rules.plan(held, choices, zone), asks.actor
    given = _give(held, choices, actor)
    for shared in (one for one in held.shared if one.is_member):
        texting_accounts.remove_account_member(shared.ref.id, user_id, actor=actor)
    _hand_on_appeals(organization_id, user_id, choices, actor)
    stopping.lock_places(organization_id, [one.ref.id for one in held.own])
    campaigns.cancel_leavers(organization_id, user_id, given, actor=actor)
    for one in held.own:
        choice = choices.own[one.ref.id]
        if choice.to is None:
            _close(one.ref, choices.reason, typed, actor)
        else:
            _hand_over(given[one.ref.id], user_id, choice, actor)
        keeps = choice.to is not None and choice.keeps_webhooks
        _shut_ways_out(one.ref, actor, keeps_webhooks=keeps)
    for shared in held.shared:
        _free(shared, user_id, choices.shared.get(shared.ref.id), actor)
    for key in integrations.keys_made_by(organization_id, user_id):
        keys.revoke_key(key.tenant, key.id, actor=actor)
    for hook in queries.webhooks_elsewhere(organization_id, user_id, choices.own):
        why = f"{row.name}, who added it, has left. Switch it on if the address is yours."
        endpoints.switch_off(hook.tenant, hook.id, why, actor=actor)
    if row.is_active:
        people_service.disable_member(organization_id, user_id, actor=actor)
    _record(organization_id, user_id, choices.reason, done, actor)
    _tell(held, choices, asks)
    return True


def organization_zone(organization_id: UUID) -> str:
    """Return the zone in which days are named to leads."""
    return people.organization_settings(organization_id).timezone


def _check_asks(asks: Me, organization_id: UUID) -> None:
    """Raise CannotLeave for a lead who is none any more, or was off-boarded meanwhile."""
    now = people.person(asks.user_id, organization_id)
    if now is None or not now.may(Permission.MANAGE_MEMBERS):
        raise CannotLeave("You don't lead a team here any more. Nothing was done.")


def _check(asks: Me, organization_id: UUID, held: Held, choices: Choices, seen: str) -> None:
    """Raise ChangedSince where the summary no longer holds."""
    able = {to.value for to in queries.receivers(asks, organization_id, held.person)}
    mates = {one.ref.id: {to.value for to in one.receivers} for one in held.shared}
    fits = (
        rules.seen(held) == seen
        and not rules.missing(held, choices)
        and all(one.to is None or one.to.value in able for one in choices.own.values())
        and all(
            to is None or to.value in mates.get(account_id, ())
            for account_id, to in choices.shared.items()
        )
    )
    if not fits:
        raise ChangedSince(
            f"What {held.person.name} holds, or who may get it, has changed since. Nothing was "
            "done: look at it again."
        )


def _give(held: Held, choices: Choices, actor: Actor) -> dict[UUID, AccountRef]:
    """Give the accounts that go to somebody, by id; return them as they are then."""
    given = {}
    for one in held.own:
        to = choices.own[one.ref.id].to
        if to is not None:
            given[one.ref.id] = texting_accounts.give_account(
                one.ref, owner_user_id=to.user_id, team_id=to.team_id, actor=actor
            )
    return given


def _hand_on_appeals(organization_id: UUID, user_id: UUID, choices: Choices, actor: Actor) -> None:
    """Give appeals the person works on to who gets the account, or to nobody."""
    for case in appeals.open_with(organization_id, user_id):
        choice = choices.own.get(case.account_id)
        to = choice.to.user_id if choice is not None and choice.to is not None else None
        handling.assign(case, to, actor=actor)


def _close(account: AccountRef, reason: str, typed: Mapping[UUID, str], actor: Actor) -> None:
    try:
        closing.close_account(account, typed=typed.get(account.id, ""), reason=reason, actor=actor)
    except NameNotTyped as error:
        raise NotTyped(account.id, error.message) from error


def _hand_over(account: AccountRef, user_id: UUID, choice: Choice, actor: Actor) -> None:
    """Let who gets an account have what in it was the person's alone."""
    assert choice.to is not None  # else it is closed
    if choice.plans is PlanFate.PAUSE:
        stopping.pause_account(account, actor)
    elif choice.plans is PlanFate.END:
        stopping.remove_all(account, actor)
    assigning.hand_over(account, user_id, choice.to.user_id, actor=actor)
    tasks.hand_over(account, user_id, choice.to.user_id, actor=actor)


def _shut_ways_out(account: AccountRef, actor: Actor, *, keeps_webhooks: bool) -> None:
    """End what would tell the person of the account, or let them act in it, from outside."""
    tenant, now = account.tenant, utcnow()
    for key in integrations.keys(tenant):
        if key.opens_at(now):
            keys.revoke_key(tenant, key.id, actor=actor)
    settle = endpoints.keep if keeps_webhooks else endpoints.remove_endpoint
    for endpoint in integrations.endpoints(tenant):
        settle(tenant, endpoint.id, actor=actor)
    for sender in numbers.senders(account.id):
        going = calls.forwarding(tenant, sender.id)
        if going.phone or going.pending_phone:
            call_service.stop(tenant, sender.id, actor=actor)


def _free(one: SharedAccount, user_id: UUID, to: Receiver | None, actor: Actor) -> None:
    """Give what was the person's alone in a shared account to another, or to nobody."""
    whom = to.user_id if to is not None else None
    assigning.hand_over(one.ref, user_id, whom, actor=actor)
    tasks.hand_over(one.ref, user_id, whom, actor=actor)


def _record(
    organization_id: UUID,
    user_id: UUID,
    reason: str,
    done: tuple[Heading, ...],
    actor: Actor,
) -> None:
    audit.record(
        queries.LEFT,
        actor=actor,
        organization_id=organization_id,
        subject_id=user_id,
        reason=reason,
        done=[{"title": one.title, "lines": list(one.lines)} for one in done],
    )


def _tell(held: Held, choices: Choices, asks: Me) -> None:
    """Tell whoever gets an account, or leads the team that does."""
    for one in held.own:
        to = choices.own[one.ref.id].to
        if to is None:
            continue  # its people were told as it was closed
        given = accounts.account(one.ref.id)
        assert given is not None  # it was given just now
        whom = [to.user_id] if to.user_id is not None else accounts.watchers(given)
        notifications.notify(
            organization_id=given.organization_id,
            account_id=given.id,
            user_ids=[id_ for id_ in whom if id_ != asks.user_id],
            kind="assigned",
            title=f"The account {given.name} came to {'you' if to.user_id else to.name}",
            text=f"{held.person.name} left; {asks.name} gave it. Its texts that waited were "
            "canceled. Look at its conversations and SmartPlans.",
            url=f"/accounts/{given.id}/inbox",
            dedupe_key=f"given:{given.id}:{held.person.user_id}:{utcnow().isoformat()}",
        )
