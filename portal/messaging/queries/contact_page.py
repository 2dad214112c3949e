"""Reads of one person's pages: the talk by days, the timeline, and which gates are open."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import select

from portal.consent import queries as consent
from portal.consent.rules import allows
from portal.consent.values import Basis, Event, MessageKind, Method, RecordRef, Standing
from portal.contacts import queries as contacts
from portal.contacts.values import ContactRef
from portal.core import clock
from portal.core.audit import AuditEntry
from portal.core.db import db
from portal.core.tenancy import Tenant
from portal.dnc import queries as dnc
from portal.messaging.queries import added, assigned, held
from portal.messaging.queries.inbox import thread
from portal.messaging.queries.repeats import REPEATABLE
from portal.messaging.rules.frequency import CAP
from portal.messaging.rules.hours import CODES as HOURS
from portal.messaging.rules.price import CODES as PRICE
from portal.messaging.values import WAITING, Gate, Kind, State, TextView
from portal.tasks import queries as tasks

TIMELINE_LIMIT: Final = 200
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class StandingView:
    """What a number agreed to, what that allows, and the record it rests on."""

    standing: Standing
    one_to_one: Basis
    marketing: Basis
    record: RecordRef | None  # of the consent, or of the opt-out where there is one


@dataclass(frozen=True, slots=True)
class ReplyBox:
    """Whether one may write: yes, after saying how the person agreed (C-8), or not at all."""

    state: Literal["write", "ask", "shut"]
    gate: Gate | None = None  # why not, or why it will wait


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one gate says of both kinds of text; None: it is open."""

    label: str
    one_to_one: Gate | None
    marketing: Gate | None


@dataclass(frozen=True, slots=True)
class ContactEvent:
    """One line of a contact's timeline (K-5)."""

    at: datetime
    icon: str
    title: str
    actor: str = ""
    tone: str = ""  # ok, bad, accent or nothing
    body: str = ""
    text: TextView | None = None
    record_id: UUID | None = None


def standing_view(tenant: Tenant, e164: str) -> StandingView:
    """Return what stands for a number, in the words of both kinds of text."""
    now = clock.utcnow()
    standing = consent.standing(tenant, e164, now)
    record = None
    if standing.is_opted_out:
        outs = (r for r in consent.told(tenant, e164) if r.event is Event.OPTED_OUT)
        record = next(outs, None)
    elif standing.record_id is not None:
        resting = (r for r in consent.told(tenant, e164) if r.id == standing.record_id)
        record = next(resting, None)
    return StandingView(
        standing,
        allows(standing, MessageKind.ONE_TO_ONE, now),
        allows(standing, MessageKind.MARKETING, now),
        record,
    )


def reply_box(gates: Sequence[Gate], *, may_record: bool) -> ReplyBox:
    """Return whether a reply can be written, given every gate that is shut."""
    if not gates:
        return ReplyBox("write")
    firm = [g for g in gates if g.code not in _ASKABLE and g.code not in _PASSING]
    if firm:
        return ReplyBox("shut", firm[0])
    asked = [g for g in gates if g.code in _ASKABLE]
    if asked:
        return ReplyBox("ask" if may_record else "shut", asked[0])
    return ReplyBox("write", max(gates, key=lambda gate: gate.held_until or _NEVER))


def verdicts(one_to_one: Iterable[Gate], marketing: Iterable[Gate]) -> list[Verdict]:
    """Return every gate of S-2 in its order with what it says of both kinds of text."""
    one, many = {g.code: g for g in one_to_one}, {g.code: g for g in marketing}
    named = {code for _, codes in GATES for code in codes}
    rest = [(g.sentence, (g.code,)) for g in {**many, **one}.values() if g.code not in named]
    return [
        Verdict(label, _first(one, codes), _first(many, codes)) for label, codes in [*GATES, *rest]
    ]


def timeline(contact: ContactRef) -> list[ContactEvent]:
    """Return what happened with a person, newest first: texts, consent, notes, edits (K-5)."""
    tenant = contact.tenant
    e164s = [n.e164 for n in contact.numbers if n.e164]
    events = [
        _texted(v, contact) for e164 in e164s for v in thread(tenant, e164, None, TIMELINE_LIMIT)
    ]
    events += [_agreed(r, contact) for r in consent.history(tenant, e164s, TIMELINE_LIMIT)]
    events += [
        ContactEvent(n.at, "note", "Note", n.author, body=n.body)
        for n in contacts.notes(tenant, contact.id)
    ]
    for icon, moments in (
        ("flag", held.moments(tenant, e164s)),
        ("people", assigned.moments(tenant, e164s)),
        ("phoneoff", dnc.moments(tenant.organization_id, e164s)),
        ("check", tasks.moments(tenant, contact.id, TIMELINE_LIMIT)),
    ):
        events += [ContactEvent(m.at, icon, m.title, m.actor, m.tone, m.body) for m in moments]
    events += [ContactEvent(*line) for line in added.lines(contact)]
    events += _kept(contact)
    return sorted(events, key=lambda event: event.at, reverse=True)[:TIMELINE_LIMIT]


# Codes of gates under the name people know the rule by, in the order of S-2.
GATES: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("Account is active", ("account_closed", "account_inactive")),
    ("Subscription", ("no_subscription",)),
    ("A number to text from", ("no_number",)),
    ("Registered with the carriers", ("number_unregistered",)),
    ("Not suspended", ("account_suspended",)),
    ("Bulk texts are not paused", ("bulk_paused",)),
    ("The number takes texts", ("invalid_number", "unreachable")),
    ("Country is switched on", ("region_blocked", "daily_country")),
    ("Not opted out", ("opted_out", "org_opted_out")),
    ("Has not asked in their own words to stop", ("revocation_hold",)),
    ("Not on the do-not-contact list", ("do_not_contact",)),
    ("Not on a do-not-call list", ("dnc_listed", "dnc_unchecked")),
    (
        "Consent covers it",
        (
            "consent_missing",
            "consent_expired",
            "consent_insufficient",
            "consent_kind",
            "consent_not_valid",
        ),
    ),
    ("Hours and days of the person's state", tuple(sorted(HOURS))),
    ("Texts to this person in 24 hours", (CAP,)),
    ("Room in today's limits", ("daily_recipients", "daily_segments")),
    ("Credits", PRICE),
)
_HEARD: Final = {
    "stop": ("Opted out by text", "bad"),
    "start": ("Opted in by text", "ok"),
    "help": ("Asked for help", "accent"),
    "join": ("Signed up by keyword", "ok"),
}
_TONES: Final = {
    **dict.fromkeys((Event.GIVEN, Event.OPTED_IN), "ok"),
    **dict.fromkeys((Event.OPTED_OUT, Event.NOT_VALID), "bad"),
}
_ASKABLE: Final = frozenset({"consent_missing", "consent_expired"})  # a statement mends these (C-8)
_PASSING: Final = HOURS | {CAP, "daily_recipients", "daily_segments", "daily_country", *PRICE}


def _first(gates: dict[str, Gate], codes: tuple[str, ...]) -> Gate | None:
    return next((gates[code] for code in codes if code in gates), None)


def _texted(view: TextView, contact: ContactRef) -> ContactEvent:
    if view.is_inbound:
        title, tone = _HEARD.get(view.keyword or "", ("Wrote", "accent"))
        return ContactEvent(view.at, "reply", title, contact.full_name, tone, view.body, view)
    titles = {Kind.SYSTEM: "Automatic notice", Kind.BULK: "Bulk text", Kind.PLAN: "Plan text"}
    title = titles.get(view.kind or Kind.ONE_TO_ONE, "Text")
    tone = "bad" if view.state in REPEATABLE - {State.CANCELED} else ""
    icon = "clock" if view.state in WAITING else "send"
    return ContactEvent(view.at, icon, title, view.actor, tone, view.body, view)


def _agreed(record: RecordRef, contact: ContactRef) -> ContactEvent:
    is_own_text = record.method is Method.INQUIRY  # which stands beside it on the timeline
    return ContactEvent(
        record.recorded_at,
        "stop" if record.event is Event.OPTED_OUT else "shield",
        f"{record.event_label}: {record.method_label.lower()}",
        contact.full_name if is_own_text else record.collected_by,
        _TONES.get(record.event, ""),
        "" if is_own_text else record.method_details,
        record_id=record.id,
    )


def _kept(contact: ContactRef) -> list[ContactEvent]:
    """Return how the contact came to be and was edited, as the audit log tells."""
    entries = db.session.execute(
        select(AuditEntry.event, AuditEntry.at, AuditEntry.actor_label, AuditEntry.payload)
        .where(
            AuditEntry.chain == contact.organization_id,
            AuditEntry.subject_id == contact.id,
            AuditEntry.event.in_(
                [f"contacts:contact:{verb}" for verb in ("create", "lead", "edit")]
            ),
        )
        .order_by(AuditEntry.position.desc())
        .limit(TIMELINE_LIMIT)
    ).all()
    events = []
    is_born = False
    for event, at, actor, payload in entries:
        if event.endswith(":edit"):
            changed = ", ".join(str(f).replace("_", " ") for f in (payload or {}).get("fields", ()))
            events.append(ContactEvent(at, "note", "Contact edited", actor, body=changed))
            continue
        is_born = True
        title = "New lead by text" if event.endswith(":lead") else "Contact added"
        events.append(ContactEvent(at, "people", title, actor))
    if not is_born:
        source = f"Lead source: {contact.lead_source}" if contact.lead_source else ""
        events.append(ContactEvent(contact.created_at, "up", "Contact imported", body=source))
    return events
