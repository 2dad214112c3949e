"""Whether somebody may be off-boarded, what becomes of what they hold, and how that is said."""

import hashlib
from typing import Final
from uuid import UUID

from portal.core import formats
from portal.core.access import Role
from portal.leaving.values import (
    Choice,
    Choices,
    Heading,
    Held,
    HeldAccount,
    PlanFate,
    Receiver,
    SharedAccount,
)
from portal.people import rules as people_rules
from portal.people.values import MemberRow

_FATES: Final = {
    PlanFate.PAUSE: "paused until somebody resumes them",
    PlanFate.GO_ON: "on with their next step",
    PlanFate.END: "taken out for good",
}


def refusal(
    person: MemberRow, *, asks: UUID, role: Role, works_elsewhere: bool, is_last_lead: bool
) -> str | None:
    """Return why this person can't be off-boarded by whoever asks, or None."""
    if person.user_id == asks:
        return "Nobody off-boards themselves. Ask another team lead or the administrator."
    if not people_rules.may_give_role(role, person.role):
        return (
            f"{person.name} is a {person.role_label.lower()}: this role is not yours to give or "
            "take. Ask the administrator."
        )
    if works_elsewhere:
        return (
            f"{person.name} works for another organization too, and would be locked out there. "
            "Ask the administrator."
        )
    if is_last_lead:
        return f"{person.name} is the last team lead. Appoint another one first."
    return None


def seen(held: Held) -> str:
    """Return a mark of what there is to decide: a summary holds while it stays the same.

    Figures that move by themselves, such as texts that wait, are no part of it.
    """
    own = sorted(f"{one.ref.id} {one.ref.owner_user_id} {one.ref.name}" for one in held.own)
    shared = sorted(str(one.ref.id) for one in held.shared if one.is_member)
    parts = [str(held.person.user_id), held.person.role.value, *own, "shared", *shared]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def missing(held: Held, choices: Choices) -> list[UUID]:
    """Return the own accounts for which nothing was chosen."""
    return [one.ref.id for one in held.own if one.ref.id not in choices.own]


def plan(held: Held, choices: Choices, zone: str) -> tuple[Heading, ...]:
    """Return, thing by thing, exactly what off-boarding somebody does (SPEC 1)."""
    name = held.person.name
    found = [
        Heading(f"Account {one.ref.name}", _own(one, choices.own[one.ref.id], name, zone))
        for one in held.own
    ]
    found += [
        Heading(
            f"{'Shared account' if one.is_member else 'Account'} {one.ref.name}",
            _shared(one, choices.shared.get(one.ref.id), name),
        )
        for one in held.shared
    ]
    return (*found, Heading(name, _person(held)))


def _own(one: HeldAccount, choice: Choice, name: str, zone: str) -> tuple[str, ...]:
    if choice.to is None:
        return _closed(one, name, zone)
    to = choice.to
    who = f"team {to.name}, which shares it from then on" if to.team_id else to.name
    whom = "free for whoever works there" if to.team_id else f"to {to.name}"
    return (
        f"The account goes to {who}. {_with_it(one)}",
        *_texts(one.waiting, one.credits_back),
        *_some(one.in_plans, "person", f" in SmartPlans: {_FATES[choice.plans]}.", "people"),
        *_ways_out(one, keeps_webhooks=choice.keeps_webhooks),
        f"Conversations and tasks of {name}: {whom}.",
        *_some(one.unanswered, "conversation", " still without an answer."),
        *_some(one.appeals, "open appeal", ": goes on with the account."),
        *_some(one.forms, "published form", f": look whether {name} is named there."),
    )


def _closed(one: HeldAccount, name: str, zone: str) -> tuple[str, ...]:
    numbers = ", ".join(formats.phone(e164) for e164 in one.numbers)
    ends = formats.day(one.ends_at, zone)
    contacts = formats.plural(one.contacts, "contact")
    talks = formats.plural(one.talks, "conversation")
    return (
        "The account is closed for good: nobody can open it again.",
        *_texts(one.waiting, one.credits_back),
        *_some(one.in_plans, "person", " in SmartPlans: their plans end.", "people"),
        *([f"{one.plan_name} ends on {ends}. Nothing is paid back."] if one.plan_name else []),
        *_some(one.left + one.credits_back, "credit", " left: to lapse with it."),
        *([f"{numbers}: back to the carrier once no subscription runs."] if numbers else []),
        *_ways_out(one, keeps_webhooks=False),
        *_some(one.appeals, "open appeal", ": stays as it is."),
        *_some(one.forms, "published form", ": can still be signed until somebody unpublishes it."),
        f"{contacts}, {talks}, all consent records and opt-outs: kept for the record, under {name}.",
    )


def _shared(one: SharedAccount, to: Receiver | None, name: str) -> tuple[str, ...]:
    whom = f": to {to.name}." if to else ": free for whoever works there."
    return (
        *([f"{name} no longer works in this shared account."] if one.is_member else []),
        *_some(one.talks, "conversation", whom),
        *_some(one.tasks, "open task", whom),
        *_some(
            one.waiting, "waiting or planned text", f" of {name}: canceled, the credits come back."
        ),
    )


def _person(held: Held) -> tuple[str, ...]:
    name, is_active = held.person.name, held.person.is_active
    return (
        f"{name} can’t sign in {'from that moment on' if is_active else 'already'}.",
        *_some(held.sessions, "browser", ": signed out."),
        *_some(held.keys, "API key", f" made by {name} in other accounts: revoked."),
        *_some(held.webhooks, "webhook", f" added by {name} in other accounts: switched off."),
        *_some(held.appeals, "appeal", f" that {name} works on: free, to be given anew."),
        *_some(held.saved, "saved reply", ": kept for the record.", "saved replies"),
        *_some(held.closed, "closed account", ": kept for the record."),
        "What was done, consent records, opt-outs and the audit log: kept, under that name.",
    )


def _with_it(one: HeldAccount) -> str:
    parts = [
        *(formats.phone(e164) for e164 in one.numbers),
        formats.plural(one.contacts, "contact"),
        formats.plural(one.talks, "conversation"),
        formats.plural(one.left, "credit"),
        *([f"the subscription {one.plan_name} as it is paid"] if one.plan_name else []),
        *_some(one.tasks, "open task", ""),
    ]
    return f"With it go {', '.join(parts)}, and all consent records and opt-outs."


def _texts(waiting: int, credits_back: int) -> list[str]:
    back = f": canceled, with {formats.plural(credits_back, 'credit')} back."
    return _some(waiting, "waiting or planned text", back)


def _ways_out(one: HeldAccount, *, keeps_webhooks: bool) -> list[str]:
    posts = ": kept, and posted to as before." if keeps_webhooks else ": removed."
    phones = ", ".join(formats.phone(e164) for e164 in one.forwarded)
    return [
        *_some(one.keys, "API key", ": revoked."),
        *_some(one.webhooks, "webhook", posts),
        *([f"Calls to {phones}: forwarded to nobody any more."] if phones else []),
    ]


def _some(count: int, one: str, what: str, many: str | None = None) -> list[str]:
    return [f"{formats.plural(count, one, many)}{what}"] if count > 0 else []
