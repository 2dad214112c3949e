"""The texts that go into a file: read along indexes, a batch at a time."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row, Select, and_, func, or_, select

from portal.billing.rules import day_start
from portal.core.db import db
from portal.core.tenancy import Tenant, owned
from portal.exports.values import Cells, ExportRef, Source
from portal.messaging.models import (
    Campaign,
    Conversation,
    InboundText,
    Message,
    ReceivedDay,
    TextDay,
)
from portal.messaging.rules.exports import HEAD
from portal.messaging.values import STATE_LABELS, Kind
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef

_SENDS_AT_ONCE: Final = 50
_TALKS_AT_ONCE: Final = 200


def count_rows(tenant: Tenant, first: Any, last: Any) -> int:
    """Return how many texts a file of these days has, as the running counts know it."""
    sums = []
    for counts, more in ((TextDay, (TextDay.kind != Kind.SYSTEM,)), (ReceivedDay, ())):
        wanted = select(func.coalesce(func.sum(counts.texts), 0)).where(
            owned(tenant, counts), counts.day >= first, counts.day <= last, *more
        )
        sums.append(db.session.scalar(wanted) or 0)
    return sum(sums)


def _batches(export: ExportRef) -> Iterator[list[Cells]]:
    """Give the cells of every text: what was sent by send, then what came in."""
    account = accounts.account(export.account_id)
    assert account is not None
    begins = day_start(export.first, account.timezone)
    ends = day_start(export.last + timedelta(days=1), account.timezone)
    for kind in (Kind.BULK, Kind.PLAN, Kind.ONE_TO_ONE):
        after: tuple[datetime, UUID] | None = None
        while sends := db.session.execute(_sends(export, kind, begins, ends, after)).all():
            after = (sends[-1].created_at, sends[-1].id)
            names = {send.id: send.name for send in sends}
            yield [
                _sent(text, names[text.campaign_id], account)
                for text in db.session.execute(_texts(export, list(names)))
            ]
    talk: UUID | None = None
    while numbers := db.session.execute(_talks(export, begins, talk)).all():
        talk = numbers[-1].id
        yield [
            _received(text, account)
            for text in db.session.execute(
                _heard(export, [number.e164 for number in numbers], begins, ends)
            )
        ]


def _sends(
    export: ExportRef,
    kind: Kind,
    begins: datetime,
    ends: datetime,
    after: tuple[datetime, UUID] | None,
) -> Select[*tuple[Any, ...]]:
    c = Campaign
    wanted = select(c.id, c.name, c.created_at).where(
        owned(export.tenant, c), c.kind == kind, c.created_at >= begins, c.created_at < ends
    )
    if after is not None:
        at, id_ = after
        wanted = wanted.where(or_(c.created_at > at, and_(c.created_at == at, c.id > id_)))
    return wanted.order_by(c.created_at, c.id).limit(_SENDS_AT_ONCE)


def _texts(export: ExportRef, campaign_ids: Sequence[UUID]) -> Select[*tuple[Any, ...]]:
    m = Message
    return (
        select(
            m.campaign_id, m.created_at, m.recipient_name, m.e164, m.from_e164, m.body, m.parts,
            m.part, m.segments, m.credits, m.state, m.error_code, m.reason, m.created_by_name,
        )
        .where(owned(export.tenant, m), m.campaign_id.in_(campaign_ids))
        .order_by(m.campaign_id, m.position, m.part)
    )  # fmt: skip


def _talks(export: ExportRef, begins: datetime, after: UUID | None) -> Select[*tuple[Any, ...]]:
    c = Conversation
    wanted = select(c.id, c.e164).where(owned(export.tenant, c), c.last_inbound_at >= begins)
    if after is not None:
        wanted = wanted.where(c.id > after)
    return wanted.order_by(c.id).limit(_TALKS_AT_ONCE)


def _heard(
    export: ExportRef, e164s: Sequence[str], begins: datetime, ends: datetime
) -> Select[*tuple[Any, ...]]:
    i = InboundText
    return (
        select(i.received_at, i.e164, i.our_e164, i.body, i.segments, i.credits, i.keyword)
        .where(
            owned(export.tenant, i),
            i.e164.in_(e164s),
            i.received_at >= begins,
            i.received_at < ends,
        )
        .order_by(i.e164, i.received_at, i.id)
    )


def _sent(text: Row[*tuple[Any, ...]], campaign: str, account: AccountRef) -> Cells:
    return (
        "Sent", _local(text.created_at, account), text.recipient_name, text.e164 or "",
        text.from_e164 or "", text.body, f"{text.part} of {text.parts}" if text.parts > 1 else "",
        text.segments, text.credits, STATE_LABELS[text.state], text.error_code, text.reason or "",
        campaign, text.created_by_name, "",
    )  # fmt: skip


def _received(text: Row[*tuple[Any, ...]], account: AccountRef) -> Cells:
    return (
        "Received", _local(text.received_at, account), "", text.e164, text.our_e164, text.body, "",
        text.segments, text.credits, "", None, "", "", "", text.keyword or "",
    )  # fmt: skip


def _local(at: datetime, account: AccountRef) -> str:
    """Return a time in the account's zone, with its offset, as machines read it too."""
    return at.astimezone(ZoneInfo(account.timezone)).isoformat(sep=" ", timespec="seconds")


TEXTS: Final = Source(head=lambda _: HEAD, batches=_batches)
