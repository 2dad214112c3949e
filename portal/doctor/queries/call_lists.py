"""I15: who stands on a do-not-call list got no text without what exempts them (S-2)."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import groupby, islice
from operator import attrgetter
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from sqlalchemy import Row, Select, Table, and_, func, or_, select

from portal.consent.models import ConsentRecord
from portal.consent.values import Event, Strength
from portal.core.db import db
from portal.dnc import queries as dnc
from portal.dnc.models import DncExemption, DncImport
from portal.dnc.rules.days import is_running
from portal.dnc.values import ImportState
from portal.doctor.queries.looking import MOST, Check, Look
from portal.doctor.queries.opt_outs import CLOCKS_DIFFER
from portal.doctor.values import Found, Invariant
from portal.messaging.models import Message, MessageAttempt
from portal.messaging.values import Kind
from portal.texting_accounts import queries as accounts

# Until an import is committed, texts are cleared by the lists as they were before it.
COMMITS_WITHIN: Final = timedelta(minutes=1)
_AT_ONCE: Final = 500
_TEXT: Final = cast(Table, Message.__table__).c


def left_though_listed(look: Look) -> Iterable[Found]:
    """Find texts handed over to a number on a list in use, without anything that exempted it.

    Only what left after the newest file: since when a number stands on a list is not kept. What
    exempts is judged anew, whatever the gate has stored with the text.
    """
    since = db.session.scalar(
        select(func.max(DncImport.finished_at)).where(
            DncImport.organization_id == look.organization_id, DncImport.state == ImportState.DONE
        )
    )
    account = accounts.account(look.account_id)
    if since is None or account is None:
        return
    rows = db.session.execute(
        _listed(look, since + COMMITS_WITHIN), execution_options={"yield_per": _AT_ONCE}
    )
    zone = ZoneInfo(account.timezone)
    bad = (
        message_id
        for (message_id, _), noted in groupby(rows, key=attrgetter("id", "left_at"))
        if not any(_exempts(row, zone) for row in noted)
    )
    for message_id in islice(bad, MOST):
        yield Found(
            message_id,
            f"Text {message_id} was handed over to a number on a do-not-call list, and nothing "
            "exempted it.",
        )


def _listed(look: Look, since: datetime) -> Select[*tuple[Any, ...]]:
    """Ask for texts to listed numbers, each beside every relationship noted of the number."""
    x, left_at = DncExemption, MessageAttempt.started_at
    refused_at = (
        select(func.max(func.coalesce(ConsentRecord.given_at, ConsentRecord.recorded_at)))
        .where(
            ConsentRecord.account_id == look.account_id,
            ConsentRecord.e164 == Message.e164,
            ConsentRecord.event == Event.OPTED_OUT,
            ConsentRecord.recorded_at <= left_at,
        )
        .correlate(Message, MessageAttempt)
        .scalar_subquery()
    )
    is_written = (
        select(ConsentRecord.id)
        .where(
            ConsentRecord.id == Message.consent_record_id,
            ConsentRecord.strength == Strength.EXPRESS_WRITTEN,
        )
        .correlate(Message)
        .exists()
    )
    return (
        select(
            Message.id,
            left_at.label("left_at"),
            x.relation,
            x.happened_on,
            x.recorded_at,
            x.ended_at,
            refused_at.label("refused_at"),
        )
        .join(MessageAttempt, MessageAttempt.message_id == Message.id)
        .outerjoin(x, and_(x.organization_id == Message.organization_id, x.e164 == Message.e164))
        .where(
            look.texts,
            Message.kind != Kind.SYSTEM,
            left_at > since,
            or_(Message.consent_record_id.is_(None), ~is_written),
            dnc.is_listed(_TEXT.organization_id, _TEXT.e164),
        )
        .order_by(Message.id, left_at)
    )


def _exempts(row: Row[*tuple[Any, ...]], zone: ZoneInfo) -> bool:
    """Say whether a relationship exempted a text on the account's day on which it left."""
    if row.relation is None or row.recorded_at > row.left_at + CLOCKS_DIFFER:
        return False
    if row.ended_at is not None and row.ended_at < row.left_at - CLOCKS_DIFFER:
        return False
    if row.refused_at is not None and row.happened_on <= row.refused_at.astimezone(zone).date():
        return False  # an opt-out ends it at once (47 CFR 64.1200(f)(5)(i))
    return is_running(row.relation, row.happened_on, row.left_at.astimezone(zone).date())


CHECKS: Final = (
    Check(
        Invariant.I15,
        left_though_listed,
        "Stop texting this number, find out how the text left and tell the compliance officer. "
        "Where there was a relationship or consent in writing, record it with its evidence.",
    ),
)
