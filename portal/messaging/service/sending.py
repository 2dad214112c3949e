"""T0: a person confirms a send. One transaction reserves everything or nothing (PROMISES 2.3)."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from itertools import islice
from typing import Any, Final, cast
from uuid import UUID, uuid4

from sqlalchemy import Table, insert, select

from portal.billing import service as billing
from portal.billing.errors import NotEnoughCredits
from portal.billing.values import Charge
from portal.contacts import queries as contacts
from portal.contacts import service as contact_service
from portal.contacts.rules.numbers import read
from portal.contacts.values import ContactRef, Language, NumberRef
from portal.core import audit, clock, jobs, phone
from portal.core.audit import Actor
from portal.core.db import db
from portal.core.jobs import Job, Lane
from portal.core.many_rows import INSERTED_AT_ONCE, insert_rows
from portal.messaging import queries
from portal.messaging.errors import (
    ApprovalNeeded,
    CostChanged,
    LimitChoiceNeeded,
    NonceReused,
    NothingToSend,
    TextRefused,
)
from portal.messaging.models import Campaign, Message
from portal.messaging.queries import approvals
from portal.messaging.rules.linted import Verdict
from portal.messaging.rules.plan import Plan
from portal.messaging.service import attaching, limits, linting, similar, talks
from portal.messaging.service.counting import Tally
from portal.messaging.service.freezing import Freezer
from portal.messaging.service.limits import Place
from portal.messaging.service.planning import plan
from portal.messaging.values import (
    CampaignRef,
    Draft,
    Fate,
    Kind,
    Recipient,
    State,
)
from portal.texting_accounts.values import AccountRef

_MESSAGES: Final = cast(Table, Message.__table__)


@dataclass(frozen=True, slots=True)
class Second:
    """What stands for a second person's look at a large send; one of the two is said (S-12)."""

    approved_by: str = ""
    alone_because: str = ""  # there is nobody else


def confirm(
    account: AccountRef,
    recipients: Sequence[Recipient],
    draft: Draft,
    *,
    nonce: str,
    shown_key: str | None,
    actor: Actor,
    resend_of: Mapping[str, UUID] | None = None,
    lint_ok: str = "",
    second: Second | None = None,
) -> CampaignRef:
    """Queue a text to everybody who may have it, all credits reserved, once for each nonce.

    Who is held or blocked gets a row too, with the reason (S-11). The same nonce again
    returns the first campaign. Raises TextRefused, NothingToSend, CostChanged,
    LimitChoiceNeeded, NotEnoughCredits, LintBlocks, OkNeeded, ApprovalNeeded, FileGone or NonceReused,
    having changed nothing. `lint_ok` is the key of the warnings its sender typed OK to (S-12).
    """
    now = clock.utcnow()
    if draft.kind is Kind.ONE_TO_ONE:  # it moves a conversation, as a reply may right now
        numbers = [r.number.e164 for r in recipients if r.number and r.number.e164]
        contact_service.lock_numbers(account.organization_id, numbers)
    limits.lock_day(account, _today(account, draft))  # one confirm of an account at a time
    intent = _intent(recipients, draft)
    if existing := _by_nonce(account, nonce):
        if existing.intent != intent:
            raise NonceReused
        return queries.campaign(account.tenant, existing.id)
    planned = plan(account, recipients, draft, now, read_day=limits.lock_day, by=actor.id)
    _refuse_what_cannot_go(planned, draft, shown_key)
    found = linting.verdict(account, draft, planned)
    linting.check(found, lint_ok)
    goes = planned.go + planned.held
    if second is None and approvals.asks_second(account.organization_id, draft.kind, goes):
        raise ApprovalNeeded

    frozen = Freezer(account, draft, actor, now, resend_of=resend_of or {})
    write_down(
        account, planned, draft, frozen, nonce=nonce, intent=intent, found=found, actor=actor,
        **({"outside_hours": draft.now_because} if draft.now_because else {}),
        **({name: said for name, said in asdict(second).items() if said} if second else {}),
    )  # fmt: skip
    return queries.campaign(account.tenant, frozen.campaign_id)


def write_down(
    account: AccountRef,
    planned: Plan,
    draft: Draft,
    frozen: Freezer,
    *,
    nonce: str,
    intent: str,
    found: Verdict,
    actor: Actor,
    **said: str,
) -> None:
    """Write what was planned, take its places and its credits, and log it: all or nothing.

    The days are locked since it was planned. Raises CostChanged or NotEnoughCredits.
    """
    now = clock.utcnow()
    row = frozen.campaign(planned, nonce, intent) | {"lint": found.stored(is_ok=True)}
    db.session.execute(insert(Campaign).values(row))
    charges: list[Charge] = []
    rows_sha256 = audit.digest(_written(frozen.rows(planned), charges))
    similar.note(account, frozen.campaign_id, draft, planned, now)
    _take_places(account, planned)
    if draft.kind is Kind.ONE_TO_ONE:
        talks.note_outbound(account, planned.texts, now)
    billing.reserve(account, charges, at=now)
    attaching.freeze(account, frozen.campaign_id, draft, planned, now)
    audit.record(
        "messaging:campaign:confirm",
        actor=actor,
        organization_id=account.organization_id,
        account_id=account.id,
        subject_id=frozen.campaign_id,
        kind=draft.kind,
        go=planned.go,
        held=planned.held,
        blocked=planned.blocked,
        credits=planned.credits,
        rows_sha256=rows_sha256,
        **({"media": [m.key for m in draft.media]} if draft.media else {}),
        **({"lint_passed": found.passed} if found.passed else {}),
        **said,
    )
    lane = Lane.URGENT if draft.kind is Kind.ONE_TO_ONE else Lane.TEXTS
    jobs.request(Job.DRAIN, account.id, lane=lane)


def reply(
    account: AccountRef,
    e164: str,
    draft: Draft,
    *,
    nonce: str,
    actor: Actor,
    lint_ok: str = "",
) -> CampaignRef:
    """Text one number from its conversation, by the same gates (S-1)."""
    recipient = recipient_for(account, e164, actor=actor)
    return confirm(
        account, [recipient], draft, nonce=nonce, shown_key=None, actor=actor, lint_ok=lint_ok
    )


def recipient_for(account: AccountRef, e164: str, *, actor: Actor) -> Recipient:
    """Return whom a number stands for; a number nobody knows becomes a lead (K-6)."""
    contact = contacts.by_numbers(account.tenant, [e164]).get(e164)
    if contact is None:
        contact = contact_service.ensure_lead(account.tenant, e164, actor)
    return Recipient(contact, number_of(contact, e164))


def number_of(contact: ContactRef, e164: str) -> NumberRef | None:
    """Return this number of a contact's, or what nobody could read as one, else the preferred one."""
    return next((n for n in contact.numbers if e164 == (n.e164 or n.raw)), contact.preferred)


def nobody(account: AccountRef, e164: str) -> Recipient:
    """Return a number that no contact has, or has any more, as somebody to be texted."""
    reading = read(e164)
    readable = e164 if phone.is_short_code(e164) else reading.e164
    number = NumberRef(
        uuid4(), readable, e164, "", reading.kind, reading.region, is_preferred=True,
        problem=reading.problem,
    )  # fmt: skip
    stranger = ContactRef(
        uuid4(), account.organization_id, account.id, phone.show(e164), "", "", "", "", "", "",
        Language.EN, "", None, clock.utcnow(), numbers=(number,),
    )  # fmt: skip
    return Recipient(stranger, number)


def _today(account: AccountRef, draft: Draft) -> date:
    now = clock.utcnow()
    return limits.day_of(account, max(now, draft.send_at) if draft.send_at else now)


def _by_nonce(account: AccountRef, nonce: str) -> Campaign | None:
    return db.session.scalar(
        select(Campaign).where(Campaign.account_id == account.id, Campaign.nonce == nonce)
    )


def _intent(recipients: Sequence[Recipient], draft: Draft) -> str:
    """Return what stands for what was asked, whatever became of it (I9)."""
    whole = hashlib.sha256(f"{draft.kind}\n{draft.body}\n{draft.send_at}".encode())
    for item in draft.media:
        whole.update(f"\nwith {item.key}".encode())
    for recipient in recipients:
        number = recipient.number.e164 if recipient.number else None
        whole.update(f"\n{recipient.contact.id} {number}".encode())
    return whole.hexdigest()


def _refuse_what_cannot_go(planned: Plan, draft: Draft, shown_key: str | None) -> None:
    if planned.stopper is not None:
        raise TextRefused(planned.stopper)
    if planned.over_limit and draft.over_limit is None and draft.kind is Kind.BULK:
        raise LimitChoiceNeeded(planned.over_limit)
    if not planned.go + planned.held:
        first = planned.reasons[0].gate if planned.reasons else None
        if len(planned.texts) == 1 and first is not None:
            raise TextRefused(first)
        raise NothingToSend(
            "Nobody on this list can be texted now. The reasons stand beside their names."
            if planned.texts
            else "Choose who gets this text."
        )
    if shown_key is not None and shown_key != planned.key:
        raise CostChanged
    if planned.barrier is not None:
        raise TextRefused(planned.barrier)
    if planned.shortfall:
        raise NotEnoughCredits(planned.credits, planned.available)


def _take_places(account: AccountRef, planned: Plan) -> None:
    """Take what the plan counted on; the days are locked since it was made (RULINGS 16)."""
    days: dict[date, list[Place]] = defaultdict(list)
    for text in planned.texts:
        if text.day is not None and text.e164 is not None and text.outcome is not Fate.BLOCKED:
            days[text.day].append(limits.place_of(text))
    for day in sorted(days):
        if not limits.take(account, day, days[day]):
            raise CostChanged  # a limit was edited between the two statements


def _written(rows: Iterator[dict[str, Any]], charges: list[Charge]) -> Iterator[dict[str, Any]]:
    """Insert rows some hundred at a time, note what they cost, and return what tells of each."""
    tally = Tally()
    while some := list(islice(rows, INSERTED_AT_ONCE)):
        insert_rows(_MESSAGES, some)
        for row in some:
            tally.confirm(row)
            if row["state"] != State.BLOCKED:
                charges.append(Charge(row["id"], row["credits"]))
            yield _digestible(row)
    tally.keep()


def _digestible(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the confirm's one audit entry stands for (RULINGS 8)."""
    kept = ("id", "e164", "body_hash", "segments", "credits", "state", "reason_code")
    return {name: str(row[name]) for name in kept}
