"""Reads of one person's pages: the talk by days, the timeline, and which gates are open."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from portal.consent import queries as consent
from portal.consent.rules import allows
from portal.consent.values import Basis, Event, MessageKind, Method, RecordRef, Standing
from portal.contacts import queries as contacts
from portal.contacts.values import ContactRef
from portal.core import clock
from portal.core.audit import AuditEntry
from portal.core.db import db
from portal.core.formats import clock_time
from portal.core.tenancy import Tenant, owned
from portal.dnc import queries as dnc
from portal.messaging.models import Campaign, InboundText, Message
from portal.messaging.queries import added, assigned, held
from portal.messaging.queries.inbox import thread
from portal.messaging.queries.repeats import REPEATABLE
from portal.messaging.rules.frequency import CAP
from portal.messaging.rules.hours import CODES as HOURS
from portal.messaging.rules.price import CODES as PRICE
from portal.messaging.values import ACCEPTED_FAMILY, WAITING, Gate, Kind, State, TextView
from portal.tasks import queries as tasks

TALK_LIMIT: Final = 100
TIMELINE_LIMIT: Final = 200
_ANSWER_WITHIN: Final = timedelta(minutes=1)
_NEVER: Final = datetime.max.replace(tzinfo=UTC)
_NOTICES: Final = {
    "first_notice": "free notice after the first text",
    "team_notice": "free notice that the team may read along",
    **dict.fromkeys(("stop", "start", "help"), "automatic answer, free"),
    "revocation": "confirms that they asked to stop, free",
    "join": "answer to the join keyword, free",
    "double_opt_in": "asks for a YES, free",
    "signed_up": "confirms signing up on a form, free",
}


@dataclass(frozen=True, slots=True)
class TalkLine:
    """One bubble of a talk, or something that happened inside it."""

    at: datetime
    clock: str  # the time of day for the reader
    text: TextView | None = None
    event: str = ""  # what happened, where it is no text
    record_id: UUID | None = None  # the consent record behind an event
    campaign: str = ""  # the bulk send a text belongs to
    notice: str = ""  # what an automatic text is


@dataclass(frozen=True, slots=True)
class TalkDay:
    """One day of a talk."""

    label: str
    lines: tuple[TalkLine, ...]


@dataclass(frozen=True, slots=True)
class Talk:
    """The newest part of a talk, oldest first."""

    days: tuple[TalkDay, ...]
    earlier: datetime | None  # there is more before this moment
    newest_inbound: TextView | None

    @property
    def version(self) -> str:
        """Return what changes as soon as anything shown changes."""
        shown = [
            (d.label, line.event, t.id, t.state, t.reason, t.until, t.error, t.media)
            if (t := line.text)
            else (d.label, line.event, line.at)
            for d in self.days
            for line in d.lines
        ]
        return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]


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


def talk(tenant: Tenant, e164: str, zone: str, before: datetime | None = None) -> Talk:
    """Return texts both ways and what happened to consent between them, by day (Q-3)."""
    views = thread(tenant, e164, before, TALK_LIMIT + 1)
    has_more = len(views) > TALK_LIMIT
    if has_more:  # parts of one text share their moment, and stay together
        views = [view for view in views if view.at > views[0].at]
    records = [
        r
        for r in consent.history(tenant, [e164])
        if r.method is not Method.INQUIRY
        and (not has_more or not views or r.recorded_at >= views[0].at)
        and (before is None or r.recorded_at < before)
    ]
    here = ZoneInfo(zone)
    since = views[0].at if has_more and views else None
    lines = [*_text_lines(views, here), *(_event_line(r, here) for r in records)]
    lines += [
        TalkLine(m.at, clock_time(m.at.astimezone(here)), event=m.told)
        for m in (*held.moments(tenant, [e164]), *assigned.moments(tenant, [e164]))
        if (since is None or m.at >= since) and (before is None or m.at < before)
    ]
    lines.sort(key=lambda line: line.at)
    return Talk(
        tuple(
            TalkDay(_day_label(day, here), tuple(found))
            for day, found in groupby(lines, key=lambda line: line.at.astimezone(here).date())
        ),
        earlier=since,
        newest_inbound=next((v for v in reversed(views) if v.is_inbound), None),
    )


def standing_view(tenant: Tenant, e164: str) -> StandingView:
    """Return what stands for a number, in the words of both kinds of text."""
    now = clock.utcnow()
    standing = consent.standing(tenant, e164, now)
    record = None
    if standing.is_opted_out:
        outs = (r for r in consent.history(tenant, [e164]) if r.event is Event.OPTED_OUT)
        record = next(outs, None)
    elif standing.record_id is not None:
        record = consent.record_or_404(tenant, standing.record_id)
    return StandingView(
        standing,
        allows(standing, MessageKind.ONE_TO_ONE, now),
        allows(standing, MessageKind.MARKETING, now),
        record,
    )


def credits_used(tenant: Tenant, e164: str) -> int:
    """Return the credits a talk has cost so far, both ways."""
    sent = select(func.coalesce(func.sum(Message.credits), 0)).where(
        owned(tenant, Message), Message.e164 == e164, Message.state.in_(ACCEPTED_FAMILY)
    )
    got = select(func.coalesce(func.sum(InboundText.credits), 0)).where(
        owned(tenant, InboundText), InboundText.e164 == e164
    )
    return int(db.session.scalar(sent) or 0) + int(db.session.scalar(got) or 0)


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


def _text_lines(views: Sequence[TextView], here: ZoneInfo) -> Iterable[TalkLine]:
    purposes = _purposes([v.id for v in views if v.kind is Kind.SYSTEM])
    names = _campaign_names({v.campaign_id for v in views if v.kind and v.kind.is_marketing})
    answers = [(purposes.get(v.id), v.at) for v in views if v.kind is Kind.SYSTEM]
    for view in views:
        told = clock_time(view.at.astimezone(here))
        notice = ""
        if view.kind is Kind.SYSTEM:
            notice = _NOTICES.get(purposes.get(view.id, ""), "automatic, free")
        campaign = names.get(view.campaign_id, "") if view.campaign_id else ""
        yield TalkLine(view.at, told, view, campaign=campaign, notice=notice)
        if view.keyword and not any(
            purpose == view.keyword and timedelta(0) <= at - view.at <= _ANSWER_WITHIN
            for purpose, at in answers
        ):
            yield TalkLine(view.at, told, event="The carrier answered by itself")


def _event_line(record: RecordRef, here: ZoneInfo) -> TalkLine:
    at = record.recorded_at
    told = clock_time(at.astimezone(here))
    return TalkLine(at, told, event=_event_words(record), record_id=record.id)


def _event_words(record: RecordRef) -> str:
    if record.method is Method.KEYWORD:
        return f"{record.event_label} by text"
    by = f", entered by {record.collected_by}" if record.is_staff_entry else ""
    return f"{record.event_label}: {record.method_label.lower()}{by}"


def _day_label(day: date, here: ZoneInfo) -> str:
    today = clock.utcnow().astimezone(here).date()
    if day == today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    return f"{day:%A} {day.day} {day:%B}" + ("" if day.year == today.year else f" {day.year}")


def _purposes(ids: Sequence[UUID]) -> dict[UUID, str]:
    if not ids:
        return {}
    wanted = select(Message.id, Message.purpose).where(Message.id.in_(ids))
    return {row.id: row.purpose for row in db.session.execute(wanted)}


def _campaign_names(ids: Iterable[UUID | None]) -> dict[UUID, str]:
    wanted = [id_ for id_ in ids if id_ is not None]
    if not wanted:
        return {}
    named = select(Campaign.id, Campaign.name).where(Campaign.id.in_(wanted))
    return {row.id: row.name for row in db.session.execute(named)}


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
