"""The counts of texts as the texts themselves give them: what the running ones must say."""

from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    String,
    Table,
    and_,
    case,
    func,
    literal,
    outerjoin,
    select,
    type_coerce,
    union_all,
)
from sqlalchemy import cast as sql_cast

from portal.consent import queries as consent
from portal.core.columns import UTCDateTime
from portal.core.counting import Counted
from portal.core.db import is_sqlite
from portal.core.tenancy import Tenant, owned
from portal.messaging.models import (
    BasisDay,
    CampaignCount,
    CauseHour,
    FormDay,
    HealthHour,
    InboundText,
    Message,
    OptOutCause,
    ReceivedDay,
    TextDay,
)
from portal.messaging.rules.stages import IN_VAIN, LEFT, NO_ERROR, STAGES, WENT_WRONG
from portal.messaging.values import MARKETING, Kind, State

NOBODY: Final = UUID(int=0)  # who sent what no person did
_LEFT: Final = [state for state, stage in STAGES.items() if stage in LEFT]
_WRONG: Final = [state for state, stage in STAGES.items() if stage in WENT_WRONG]


def recounts(tenant: Tenant) -> list[Counted]:
    """Return each table of counts with what an account's texts say should be in it."""
    m, i, origins = Message, InboundText, consent.origins()
    stage = case(*((m.state == state, literal(kept.value)) for state, kept in STAGES.items()))
    code = case((m.state.in_(_WRONG), func.coalesce(m.error_code, NO_ERROR)), else_=NO_ERROR)
    user = func.coalesce(m.created_by, literal(NOBODY, TextDay.user_id.type))
    return [
        (cast(Table, HealthHour.__table__), _health(tenant, code, HealthHour)),
        (
            cast(Table, ReceivedDay.__table__),
            _summed(
                [
                    i.account_id.label("account_id"),
                    i.day.label("day"),
                    func.coalesce(i.keyword, "").label("keyword"),
                    i.organization_id.label("organization_id"),
                ],
                i,
                owned(tenant, i),
            ),
        ),
        (
            cast(Table, TextDay.__table__),
            _summed(
                [
                    m.account_id.label("account_id"),
                    m.day.label("day"),
                    user.label("user_id"),
                    m.kind.label("kind"),
                    stage.label("stage"),
                    code.label("error_code"),
                    m.organization_id.label("organization_id"),
                ],
                m,
                owned(tenant, m),
            ),
        ),
        (
            cast(Table, CampaignCount.__table__),
            _summed(
                [
                    m.campaign_id.label("campaign_id"),
                    stage.label("stage"),
                    code.label("error_code"),
                    m.organization_id.label("organization_id"),
                    m.account_id.label("account_id"),
                ],
                m,
                owned(tenant, m),
                m.kind.in_(MARKETING),
            ),
        ),
        (
            cast(Table, FormDay.__table__),
            _summed(
                [
                    m.account_id.label("account_id"),
                    m.day.label("day"),
                    origins.c.form_name.label("form_name"),
                    origins.c.form_version.label("form_version"),
                    stage.label("stage"),
                    m.organization_id.label("organization_id"),
                ],
                m,
                owned(tenant, m),
                m.consent_record_id == origins.c.id,
                m.kind != Kind.SYSTEM,
                m.state.in_(_LEFT),
            ),
        ),
        (
            cast(Table, BasisDay.__table__),
            _summed(
                [
                    m.account_id.label("account_id"),
                    m.day.label("day"),
                    m.kind.label("kind"),
                    _known(origins.c.method).label("method"),
                    _known(origins.c.strength).label("strength"),
                    m.organization_id.label("organization_id"),
                ],
                m,
                owned(tenant, m),
                m.kind != Kind.SYSTEM,
                m.state.in_(_LEFT),
                source=outerjoin(m, origins, m.consent_record_id == origins.c.id),
            ),
        ),
        (cast(Table, CauseHour.__table__), _health(tenant, code, CauseHour)),
    ]


def _health(
    tenant: Tenant, code: ColumnElement[int], table: type[HealthHour | CauseHour]
) -> Select[Any]:
    """Return what became of the texts of each hour, and who opted out in it (H-3, H-8)."""
    m, c, origins = Message, OptOutCause, consent.origins()
    is_further = table is CauseHour
    user = func.coalesce(m.created_by, literal(NOBODY, TextDay.user_id.type)).label("user_id")
    further = [user, *consent.sources(origins)] if is_further else []

    def keys(at: Any, error_code: ColumnElement[int]) -> list[Any]:
        return [
            m.account_id.label("account_id"),
            _hour_of(at).label("hour"),
            func.coalesce(m.from_e164, "").label("from_e164"),
            case(
                (m.kind.in_(MARKETING), m.campaign_id),
                else_=literal(NOBODY, HealthHour.campaign_id.type),
            ).label("campaign_id"),
            error_code.label("error_code"),
            m.organization_id.label("organization_id"),
            *further,
        ]

    def count(states: list[Any], name: str) -> Any:
        return case((m.state.in_(states), 1), else_=0).label(name)

    none = [literal(0).label(name) for name in ("attempted", "delivered", "wrong")]
    texts = select(
        *keys(func.coalesce(m.submitted_at, m.created_at), code),
        count(_LEFT, "attempted"),
        count([State.DELIVERED], "delivered"),
        count([state for state, stage in STAGES.items() if stage in IN_VAIN], "wrong"),
        literal(0).label("opted_out"),
    ).where(owned(tenant, m), m.day.is_not(None), m.kind != Kind.SYSTEM, m.state.in_(_LEFT))
    stopped = (
        select(*keys(c.said_at, literal(NO_ERROR)), *none, literal(1).label("opted_out"))
        .join_from(c, m, and_(m.id == c.message_id, m.account_id == c.account_id))
        .where(owned(tenant, c))
    )
    if is_further:
        rests_on = m.consent_record_id == origins.c.id
        texts = texts.select_from(m).outerjoin(origins, rests_on)
        stopped = stopped.outerjoin(origins, rests_on)
    rows = union_all(texts, stopped).subquery()
    sums = [
        func.sum(rows.c[name]).label(name)
        for name in ("attempted", "delivered", "wrong", "opted_out")
    ]
    shared = [column for column in rows.c if column.name not in {each.name for each in sums}]
    return select(*shared, *sums).group_by(*shared)


def _hour_of(at: ColumnElement[Any]) -> ColumnElement[datetime]:
    """Return the hour a time lies in, as the table of counts has it."""
    if is_sqlite():  # text, always in UTC
        begins = func.substr(at, 1, 13, type_=String()).concat(":00:00.000000")
        return type_coerce(begins, UTCDateTime())
    return type_coerce(func.date_trunc("hour", at, "UTC"), UTCDateTime())


def _known(column: ColumnElement[Any]) -> ColumnElement[str]:
    """Return a kind of the record a text rested on as text; empty where there is none."""
    return func.coalesce(sql_cast(column, String(32)), "")


def _summed(
    keys: list[Any], texts: Any, *where: ColumnElement[bool], source: FromClause | None = None
) -> Select[Any]:
    """Return how many texts share these keys, with what they come to."""
    found = select(*keys, texts.segments, texts.credits).where(texts.day.is_not(None), *where)
    rows = (found if source is None else found.select_from(source)).subquery()
    shared = [rows.c[key.name] for key in keys]
    return select(
        *shared,
        func.count().label("texts"),
        func.sum(rows.c.segments).label("segments"),
        func.sum(rows.c.credits).label("credits"),
    ).group_by(*shared)
