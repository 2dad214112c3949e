"""The talk with one number by days: texts both ways, and what happened between them (Q-3)."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Final, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, ScalarSelect, Table, bindparam, func, select

from portal.consent import queries as consent
from portal.consent.values import Method, RecordRef
from portal.core import clock
from portal.core.db import db
from portal.core.formats import clock_time
from portal.core.tenancy import THAT_ONE, Tenant, owned
from portal.messaging.models import Campaign, InboundText, Message
from portal.messaging.queries import assigned, held
from portal.messaging.queries.inbox import thread
from portal.messaging.values import ACCEPTED_FAMILY, Kind, TextView

TALK_LIMIT: Final = 100
_ANSWER_WITHIN: Final = timedelta(minutes=1)
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
    is_whole: bool  # it holds every text there is

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


def talk_by_days(tenant: Tenant, e164: str, zone: str, before: datetime | None = None) -> Talk:
    """Return texts both ways and what happened to consent between them, by day (Q-3)."""
    views = thread(tenant, e164, before, TALK_LIMIT + 1)
    has_more = len(views) > TALK_LIMIT
    if has_more:  # parts of one text share their moment, and stay together
        views = [view for view in views if view.at > views[0].at]
    records = [
        r
        for r in consent.told(tenant, e164)
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
        is_whole=before is None and not has_more,
    )


def credits_used(tenant: Tenant, e164: str, shown: Talk) -> int:
    """Return the credits a talk has cost so far, both ways, given what is shown of it."""
    if not shown.is_whole:
        return db.session.scalar(_USED, {**tenant.named, "e164": e164}) or 0
    texts = (line.text for day in shown.days for line in day.lines if line.text)
    return sum(t.credits for t in texts if t.is_inbound or t.state in ACCEPTED_FAMILY)


def _sum_of(of: Table, *conditions: ColumnElement[bool]) -> ScalarSelect[int]:
    mine = (owned(THAT_ONE, of), of.c.e164 == bindparam("e164"), *conditions)
    return select(func.coalesce(func.sum(of.c.credits), 0)).where(*mine).scalar_subquery()


_SENT: Final = cast(Table, Message.__table__)
_USED: Final = select(
    _sum_of(_SENT, _SENT.c.state.in_(ACCEPTED_FAMILY)) + _sum_of(cast(Table, InboundText.__table__))
)


def _text_lines(views: Sequence[TextView], here: ZoneInfo) -> Iterable[TalkLine]:
    names = _campaign_names({v.campaign_id for v in views if v.kind and v.kind.is_marketing})
    answers = [(v.purpose, v.at) for v in views if v.kind is Kind.SYSTEM]
    for view in views:
        told = clock_time(view.at.astimezone(here))
        notice = ""
        if view.kind is Kind.SYSTEM:
            notice = _NOTICES.get(view.purpose, "automatic, free")
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


def _campaign_names(ids: Iterable[UUID | None]) -> dict[UUID, str]:
    wanted = [id_ for id_ in ids if id_ is not None]
    if not wanted:
        return {}
    named = select(Campaign.id, Campaign.name).where(Campaign.id.in_(wanted))
    return {row.id: row.name for row in db.session.execute(named)}
