"""Texts out and in as the running counts have them: no report reads the texts (M-3, G13)."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, case, func, or_, select

from portal.billing.models import HouseEntry
from portal.billing.rules import day_start
from portal.core.db import db
from portal.core.tenancy import Tenant, owned
from portal.messaging.models import Campaign, CampaignCount, Message, ReceivedDay, TextDay
from portal.messaging.queries.counts import NOBODY
from portal.messaging.rules.stages import LEFT, STAGES, WENT_WRONG, Stage
from portal.messaging.values import Kind
from portal.people import queries as people
from portal.reports.rules.periods import Span
from portal.reports.values import CampaignSums, Scope, Sums

CAMPAIGNS_A_PAGE: Final = 50
_LEFT_AND_STAYED: Final = LEFT - {Stage.FAILED}
_CHARGED: Final = [state for state, stage in STAGES.items() if stage in _LEFT_AND_STAYED]


def _sums(of: type[TextDay] | type[CampaignCount]) -> dict[str, ColumnElement[int]]:
    """Return what each figure of Sums is of these counts.

    One sum a figure costs a third of a group a stage: the database has nothing to sort.
    """
    left = of.stage.in_(LEFT)
    charged = of.stage.in_(_LEFT_AND_STAYED)
    wrong = of.stage.in_(WENT_WRONG)
    sums = {
        "sent": (left, of.texts),
        "segments": (left, of.segments),
        "credits": (charged, of.credits),
        "charged_segments": (charged, of.segments),
        "delivered": (of.stage == Stage.DELIVERED, of.texts),
        "went_wrong": (wrong, of.texts),
        "waiting": (of.stage == Stage.WAITING, of.texts),
        "not_sent": (~left & ~wrong & (of.stage != Stage.WAITING), of.texts),
    }
    if of is TextDay:  # a bulk send has no free notices
        is_notice = TextDay.kind == Kind.SYSTEM
        sums["charged_segments"] = (charged & ~is_notice, of.segments)
        sums["notices"] = (left & is_notice, of.texts)
    return {
        name: func.coalesce(func.sum(case((which, column))), 0)
        for name, (which, column) in sums.items()
    }


_OF_DAYS: Final = _sums(TextDay)
OF_CAMPAIGNS: Final = _sums(CampaignCount)
_RECEIVED: Final = {
    "received": func.coalesce(func.sum(ReceivedDay.texts), 0),
    "received_credits": func.coalesce(func.sum(ReceivedDay.credits), 0),
}


def by_day(scope: Scope, span: Span, user_id: UUID | None = None) -> dict[date, Sums]:
    """Return what went out on each day, and without a person also what came in."""
    return dict(_sums_by((TextDay.day,), (ReceivedDay.day,), scope, span, user_id=user_id))


def total(
    scope: Scope, span: Span, user_id: UUID | None = None, *, kind: Kind | None = None
) -> Sums:
    """Return the same of all days together; with a kind of text only what of it went out."""
    came = () if kind is None else None
    return _sums_by((), came, scope, span, user_id=user_id, kind=kind).get((), Sums())


def by_account(scope: Scope, span: Span) -> dict[UUID, Sums]:
    """Return what went out of each account and came in."""
    return _sums_by((TextDay.account_id,), (ReceivedDay.account_id,), scope, span)


def by_sender(scope: Scope, span: Span) -> list[tuple[UUID, str, Sums]]:
    """Return who sent what, by name; texts that no person sent come last."""
    found = _sums_by((TextDay.user_id,), None, scope, span)
    known = people.users(found)
    named = [
        (id_, known[id_].name if id_ in known else "By the API or the portal itself", sums)
        for id_, sums in found.items()
    ]
    return sorted(named, key=lambda one: (one[0] == NOBODY, one[1], str(one[0])))


def by_stage(scope: Scope, span: Span, user_id: UUID | None = None) -> list[tuple[Stage, int, int]]:
    """Return stage, error code and how many texts, the most first."""
    rows = db.session.execute(
        select(TextDay.stage, TextDay.error_code, func.sum(TextDay.texts))
        .where(of_days(scope, TextDay, span), *_of(user_id))
        .group_by(TextDay.stage, TextDay.error_code)
        .having(func.sum(TextDay.texts) != 0)
    )
    return sorted(
        ((stage, code, texts) for stage, code, texts in rows), key=lambda one: (-one[2], one[0])
    )


def campaigns(
    scope: Scope, span: Span, *, words: str = "", cursor: str = "", limit: int = CAMPAIGNS_A_PAGE
) -> tuple[list[CampaignSums], str | None]:
    """Return bulk sends confirmed in the period, newest first, and the mark of the next page.

    The cursor is the id of the last one seen; one that is gone begins anew.
    """
    wanted = (
        select(Campaign.id, Campaign.account_id, Campaign.name, Campaign.created_at,
            Campaign.created_by_name, Campaign.people)
        .where(or_(*confirmed(scope, span)))
        .order_by(Campaign.created_at.desc(), Campaign.id.desc())
        .limit(limit + 1)
    )  # fmt: skip
    if words:
        wanted = wanted.where(Campaign.name.icontains(words, autoescape=True))
    if cursor:
        last = (
            select(Campaign.created_at)
            .where(owned(Tenant(scope.organization_id), Campaign), Campaign.id == UUID(cursor))
            .scalar_subquery()
        )
        wanted = wanted.where(
            or_(
                Campaign.created_at < last,
                and_(Campaign.created_at == last, Campaign.id < UUID(cursor)),
            )
        )
    rows = db.session.execute(wanted).all()
    sums = _of_campaigns(scope, [row.id for row in rows[:limit]])
    names = {account.id: account.name for account in scope.accounts}
    found = [
        CampaignSums(
            row.id, row.account_id, names[row.account_id], row.name, row.created_at,
            row.created_by_name, row.people, sums.get(row.id, Sums()),
        )
        for row in rows[:limit]
    ]  # fmt: skip
    return found, str(found[-1].id) if len(rows) > limit else None


def campaign_count(scope: Scope, span: Span) -> int:
    """Return how many bulk sends were confirmed in the period: the index of the list tells."""
    wanted = select(func.count()).select_from(Campaign).where(or_(*confirmed(scope, span)))
    return db.session.scalar(wanted) or 0


def _of_campaigns(scope: Scope, ids: Sequence[UUID]) -> dict[UUID, Sums]:
    rows = db.session.execute(
        select(CampaignCount.campaign_id, *OF_CAMPAIGNS.values())
        .where(
            owned(Tenant(scope.organization_id), CampaignCount), CampaignCount.campaign_id.in_(ids)
        )
        .group_by(CampaignCount.campaign_id)
    )
    found: dict[UUID, Counter[str]] = defaultdict(Counter)
    for id_, *sums in rows:
        found[id_].update(dict(zip(OF_CAMPAIGNS, sums, strict=True)))
    for text in on_the_house(scope, None, None, Message.campaign_id.in_(ids)):
        give(found[text.campaign_id], text)
    return {id_: Sums(**sums) for id_, sums in found.items()}


def confirmed(scope: Scope, span: Span, kind: Kind = Kind.BULK) -> Iterable[ColumnElement[bool]]:
    """Return, for each time zone among the accounts, that a send is of these days of theirs."""
    for zone, ids in scope.by_zone().items():
        begins, ends = (day_start(day, zone) for day in (span.first, span.after))
        yield and_(
            owned(Tenant(scope.organization_id), Campaign),
            Campaign.account_id.in_(ids),
            Campaign.kind == kind,
            Campaign.created_at >= begins,
            Campaign.created_at < ends,
        )


def of_days(scope: Scope, counts: Any, span: Span) -> ColumnElement[bool]:
    """Say of a row of counts that it is of these accounts and days."""
    return and_(
        owned(Tenant(scope.organization_id), counts),
        counts.account_id.in_(scope.account_ids),
        counts.day >= span.first,
        counts.day <= span.last,
    )


def _of(user_id: UUID | None, kind: Kind | None = None) -> Iterable[ColumnElement[bool]]:
    if user_id is not None:
        yield TextDay.user_id == user_id
    if kind is not None:
        yield TextDay.kind == kind


def _sums_by(
    out_by: tuple[Any, ...],
    in_by: tuple[Any, ...] | None,
    scope: Scope,
    span: Span,
    *,
    user_id: UUID | None = None,
    kind: Kind | None = None,
) -> dict[Any, Sums]:
    """Return sums by one column, or of everything; what came in is nobody's sending."""
    found: dict[Any, Counter[str]] = defaultdict(Counter)
    out = select(*_OF_DAYS.values(), *out_by).where(
        of_days(scope, TextDay, span), *_of(user_id, kind)
    )
    _fold(found, list(_OF_DAYS), out.group_by(*out_by))
    of_kind = () if kind is None else (Message.kind == kind,)
    for text in on_the_house(scope, span, user_id, *of_kind):
        give(found[getattr(text, out_by[0].key) if out_by else ()], text)
    if in_by is not None and user_id is None:
        came = select(*_RECEIVED.values(), *in_by).where(of_days(scope, ReceivedDay, span))
        _fold(found, list(_RECEIVED), came.group_by(*in_by))
    return {key: Sums(**sums) for key, sums in found.items()}


def on_the_house(
    scope: Scope, span: Span | None, user_id: UUID | None, *where: ColumnElement[bool]
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return the texts, few at any time, that the house paid for (PROMISES 2.4).

    They are counted with what they cost, like all others, and no account was charged for them.
    """
    user = func.coalesce(Message.created_by, NOBODY)
    found = (
        select(
            Message.day, Message.account_id, user.label("user_id"), Message.campaign_id,
            Message.segments, HouseEntry.credits,
        )
        .join(HouseEntry, HouseEntry.message_id == Message.id)
        .where(
            owned(Tenant(scope.organization_id), HouseEntry),
            HouseEntry.account_id.in_(scope.account_ids),
            Message.state.in_(_CHARGED),
            *where,
        )
    )  # fmt: skip
    if span is not None:
        found = found.where(Message.day >= span.first, Message.day <= span.last)
    if user_id is not None:
        found = found.where(user == user_id)
    return db.session.execute(found).all()


def give(sums: Counter[str], text: Row[*tuple[Any, ...]]) -> None:
    """Take a text that the house paid for out of what the account was charged."""
    sums["credits"] -= text.credits
    sums["charged_segments"] -= text.segments
    sums["house"] += text.credits


def _fold(
    found: dict[Any, Counter[str]], figures: list[str], sums: Select[*tuple[Any, ...]]
) -> None:
    """Add the figures that come first in each row to what is found of the key behind them."""
    for row in db.session.execute(sums):
        key = row[len(figures)] if len(row) > len(figures) else ()
        found[key].update(dict(zip(figures, row, strict=False)))
