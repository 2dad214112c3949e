"""Numbers that go: back to the carrier, or to another one (B-7, N-4).

A number goes back once its account's subscription has ended, or a week after somebody asked for
it and nobody objected. One that came only after that end, moved or ported, has that week too. Giving back can't be undone, so it is written down first: from then on
nothing leaves from the number, and nobody may keep it.

    with unit_of_work():
        sender = releasing.begin(sender_id)
    releasing.give_back(sender)
    with unit_of_work():
        releasing.note_released(sender.id)
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select

from portal.billing import queries as billing
from portal.core import phone
from portal.core.audit import SYSTEM, Actor
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.tenancy import Tenant
from portal.gateways import numbers as gateways
from portal.numbers import queries, rules
from portal.numbers.errors import NotConfirmed, NotLeaving, SubscriptionNeeded
from portal.numbers.models import SenderNumber
from portal.numbers.service.allowing import check_unrestricted, is_restricted
from portal.numbers.service.rows import locked
from portal.numbers.service.telling import record, tell
from portal.numbers.values import SenderRef, SenderState
from portal.texting_accounts import queries as texting_accounts
from portal.texting_accounts.values import AccountRef

_REMINDED_BEFORE: Final = timedelta(days=1)
_BY_LAPSE: Final = "ConsentDesk, because the subscription ended,"  # who asked for it


def ask_release(account: AccountRef, sender_id: UUID, *, typed: str, actor: Actor) -> SenderRef:
    """Let a number go back to the carrier once it has cooled off; asking again changes nothing.

    Raises NotFound, NotLeaving, NotConfirmed where `typed` is another number, or
    AccountRestricted (N-7).
    """
    row = _in_use(account.tenant, sender_id)
    check_unrestricted(account)
    if not rules.is_same_number(typed, row.e164):
        raise NotConfirmed(f"Type {phone.show(row.e164)}, the number you give back.")
    if row.release_at is None:
        row.release_at = utcnow() + rules.COOLING_OFF
        row.release_asked_by = actor.label[:200]
        record(row, "numbers:number:ask_release", actor, release_at=row.release_at.isoformat())
        tell(
            row,
            "asked",
            f"{actor.label} asked to give {row.name} back",
            f"{phone.show(row.e164)} goes back to the carrier in {rules.COOLING_OFF.days} days. "
            "Until then a team lead or the account's owner can keep it.",
        )
    return queries.get_or_404(account.tenant, sender_id)


def keep(tenant: Tenant, sender_id: UUID, *, actor: Actor) -> SenderRef:
    """Keep a number after all, which takes a subscription: without one none stays (B-7).

    Raises NotFound, SubscriptionNeeded, or NotLeaving once it is too late.
    """
    row = _in_use(tenant, sender_id)
    if billing.lapsed_accounts({row.account_id}):
        raise SubscriptionNeeded(f"{rules.NO_SUBSCRIPTION} Without one the number goes back.")
    if row.release_at is not None:
        _stay(row, f"{actor.label} kept {phone.show(row.e164)}.", actor)
    return queries.get_or_404(tenant, sender_id)


def take_away(account: AccountRef, sender_id: UUID, *, is_leaving: bool, actor: Actor) -> SenderRef:
    """Note that a number is being taken to another carrier, or not any more (N-4).

    It goes on texting until the carrier no longer has it. Raises NotFound, NotLeaving, or
    AccountRestricted (N-7).
    """
    row = _in_use(account.tenant, sender_id)
    if is_leaving:
        check_unrestricted(account)
    if is_leaving is (row.leaving_since is None):
        row.leaving_since, row.missed_at = utcnow() if is_leaving else None, None
        record(row, "numbers:number:leave" if is_leaving else "numbers:number:stay", actor)
    return queries.get_or_404(account.tenant, sender_id)


def hear_port_out(e164: str) -> bool:
    """Look out for a number that another carrier takes, as ours says: somebody may not know.

    What the news says is not believed: the number goes on texting until it is not ours any more.
    """
    row = db.session.scalar(
        select(SenderNumber)
        .where(SenderNumber.e164 == e164, SenderNumber.state == SenderState.READY)
        .with_for_update()
    )
    if row is None or row.leaving_since is not None:
        return False
    row.leaving_since = utcnow()
    record(row, "numbers:number:leave", SYSTEM)
    tell(
        row,
        "leaving",
        f"Another carrier takes {row.name}",
        f"Twilio says that {phone.show(row.e164)} is leaving. If nobody here asked for that, "
        "dispute it with Twilio at once.",
    )
    return True


def remind() -> int:
    """Tell of numbers that go within a day, once each; return how many are near."""
    near = [
        sender
        for sender in queries.ready_senders()
        if sender.release_at is not None and sender.release_at <= utcnow() + _REMINDED_BEFORE
    ]
    for sender in near:
        row = db.session.get_one(SenderNumber, sender.id)
        tell(
            row,
            "near",
            f"{row.name} goes back to the carrier within a day",
            f"{row.release_asked_by} asked for it. Keep {phone.show(row.e164)} now, or it is gone.",
        )
    return len(near)


def cool_off_late() -> None:
    """Give a number that came after its account's subscription ended a week, and tell (N-4).

    Who brought it over may buy a plan until then: the number stays as soon as there is one.
    """
    held = queries.ready_senders()
    lapsed = billing.lapsed_accounts({sender.account_id for sender in held})
    for sender in held:
        if _came_late(sender, lapsed) and sender.release_at is None:
            _begin_week(_row(sender))
        elif sender.release_asked_by == _BY_LAPSE and sender.account_id not in lapsed:
            _stay(_row(sender), "The account has a plan again.", SYSTEM)


def _row(sender: SenderRef) -> SenderNumber:
    return db.session.get_one(SenderNumber, sender.id, with_for_update=True)


def _stay(row: SenderNumber, why: str, actor: Actor) -> None:
    record(row, "numbers:number:keep", actor)
    tell(row, "kept", f"{row.name} stays", why)
    row.release_at, row.release_asked_by = None, ""
    db.session.flush()  # it is read anew


def _begin_week(row: SenderNumber) -> None:
    row.release_at, row.release_asked_by = utcnow() + rules.COOLING_OFF, _BY_LAPSE
    record(row, "numbers:number:ask_release", SYSTEM, release_at=row.release_at.isoformat())
    tell(
        row,
        "late",
        f"{row.name} came after the subscription ended",
        f"{phone.show(row.e164)} goes back to the carrier in {rules.COOLING_OFF.days} days. "
        "Buy a plan until then and it stays.",
        f"/accounts/{row.account_id}/marketplace",
    )


def to_release(now: datetime) -> list[SenderRef]:
    """Return the numbers whose time has come, and those whose giving back was broken off.

    That is: the subscription of their account ended and it bought no other, or they cooled off.
    """
    held = queries.ready_senders()
    lapsed = billing.lapsed_accounts({sender.account_id for sender in held})
    return [
        *queries.releasing_senders(),
        *(sender for sender in held if _has_to_go(sender, lapsed, now)),
    ]


def begin(sender_id: UUID) -> SenderRef | None:
    """Let nothing leave from a number any more; None where it may stay after all."""
    row = db.session.get(SenderNumber, sender_id, with_for_update=True, populate_existing=True)
    sender = queries.sender(sender_id)
    if row is None or sender is None:
        return None
    if row.state is SenderState.READY:
        lapsed = billing.lapsed_accounts({row.account_id})
        if not _has_to_go(sender, lapsed, utcnow()):
            return None
        account = texting_accounts.account(row.account_id)
        if not lapsed and account is not None and is_restricted(account):
            return None  # asked for before it was stopped: it waits (N-7)
        row.state = SenderState.RELEASING
    return sender if row.state is SenderState.RELEASING else None


def give_back(sender: SenderRef) -> None:
    """Release a number at the carrier; outside any unit of work. Raises GatewayError.

    Safe to repeat: a number that is gone there already is no error.
    """
    credentials = queries.credentials(sender.organization_id)
    if credentials is not None and sender.carrier_sid is not None:
        gateways.current().release(credentials, sender.carrier_sid)


def take_back(sender_id: UUID) -> None:
    """Let a number be as it was: the carrier provably did not take it back."""
    row = db.session.get(SenderNumber, sender_id, with_for_update=True, populate_existing=True)
    if row is not None and row.state is SenderState.RELEASING:
        row.state = SenderState.READY if row.ready_at else SenderState.BUYING


def note_released(sender_id: UUID) -> bool:
    """Write down that a number is the carrier's again, and tell the account's people once."""
    row = db.session.get(SenderNumber, sender_id, with_for_update=True, populate_existing=True)
    if row is None or row.state is not SenderState.RELEASING:
        return False
    if row.release_at is not None and row.release_at <= utcnow():
        reason = f"{row.release_asked_by} asked for it"
        text = f"{reason}, and a week passed. Texts no longer leave from {phone.show(row.e164)}."
        _end(row, reason)
        tell(row, "released", f"The number {row.name} was given back", text)
        return True
    _end(row, "the subscription ended")
    tell(
        row,
        "released",
        f"The number {row.name} was given back",
        "The account's subscription ended, so its number went back to the carrier. "
        "Buy a plan to set up a new one.",
        f"/accounts/{row.account_id}/marketplace",
    )
    return True


def is_missed(sender: SenderRef) -> bool:
    """Say whether a number that was to leave can't be found; outside any unit of work.

    It is asked for by its SID; a list only speaks for it. Raises GatewayError.
    """
    credentials = queries.credentials(sender.organization_id)
    if credentials is None or sender.carrier_sid is None:
        return False
    gateway = gateways.current()
    if gateway.fetch_owned(credentials, sender.carrier_sid) is not None:
        return False
    return gateway.find_owned(credentials, sender.e164) is None


def note_look(sender_id: UUID, *, is_missed: bool) -> bool:
    """Write down how a look for a number that was to leave ended; say whether it has left.

    It has, once two looks `rules.MISSED_FOR` apart missed it: then another carrier has it, and
    the account's people are told once.
    """
    row = db.session.get(SenderNumber, sender_id, with_for_update=True, populate_existing=True)
    if row is None or row.state is not SenderState.READY or row.leaving_since is None:
        return False
    if not is_missed or row.missed_at is None:
        row.missed_at = utcnow() if is_missed else None
        return False
    if utcnow() - row.missed_at < rules.MISSED_FOR:
        return False
    _end(row, "another carrier has it")
    tell(
        row,
        "moved",
        f"{row.name} is with its new carrier",
        f"Texts no longer leave from {phone.show(row.e164)} here. Opt-outs and records stay.",
    )
    return True


def _has_to_go(sender: SenderRef, lapsed: Mapping[UUID, datetime], now: datetime) -> bool:
    if sender.account_id in lapsed and not _came_late(sender, lapsed):
        return True
    if sender.release_asked_by == _BY_LAPSE and sender.account_id not in lapsed:
        return False  # bought a plan meanwhile
    return sender.release_at is not None and sender.release_at <= now


def _came_late(sender: SenderRef, lapsed: Mapping[UUID, datetime]) -> bool:
    """Say whether the account's subscription had ended before the number came."""
    ended_at = lapsed.get(sender.account_id)
    return ended_at is not None and sender.ready_at is not None and sender.ready_at >= ended_at


def _in_use(tenant: Tenant, sender_id: UUID) -> SenderNumber:
    row = locked(tenant, sender_id)
    if row.state is SenderState.RELEASING:
        raise NotLeaving("It is too late: the number is on its way back to the carrier.")
    if row.state is not SenderState.READY:
        raise NotLeaving("Only a number in use can be given back or taken elsewhere.")
    return row


def _end(row: SenderNumber, reason: str) -> None:
    row.state = SenderState.RELEASED
    row.is_default = False
    record(row, "numbers:number:release", SYSTEM, reason=reason)
