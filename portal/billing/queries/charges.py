"""What one text did to the credits: its entries and the lots it was taken from (B-8, B-13)."""

from uuid import UUID

from sqlalchemy import select

from portal.billing.models import CreditEntry, CreditLot, HouseEntry, LotHold
from portal.billing.queries.books import LINE, line_of
from portal.billing.values import ChargeRecord, LotUse
from portal.core.db import db
from portal.core.tenancy import Tenant, owned


def charge_of_text(tenant: Tenant, message_id: UUID) -> ChargeRecord:
    """Return what a text that went out did to the account's credits, oldest entry first."""
    rows = db.session.execute(
        LINE.where(owned(tenant, CreditEntry), CreditEntry.message_id == message_id).order_by(
            CreditEntry.position
        )
    )
    house = db.session.scalar(
        select(HouseEntry.credits).where(
            owned(tenant, HouseEntry), HouseEntry.message_id == message_id
        )
    )
    return ChargeRecord(tuple(line_of(row) for row in rows), _lots(tenant, message_id), house or 0)


def charge_of_received(tenant: Tenant, reference: str) -> ChargeRecord:
    """Return what a text that came in did to the account's credits.

    It is taken from the oldest credits there are (B-10); which lots those were isn't kept.
    """
    rows = db.session.execute(
        LINE.where(owned(tenant, CreditEntry), CreditEntry.reference == reference)
    )
    return ChargeRecord(tuple(line_of(row) for row in rows), (), 0)


def _lots(tenant: Tenant, message_id: UUID) -> tuple[LotUse, ...]:
    rows = db.session.execute(
        select(
            LotHold.credits,
            CreditLot.granted_at,
            CreditLot.expires_at,
            CreditLot.position,
            CreditEntry.note,
        )
        .join(CreditLot, CreditLot.id == LotHold.lot_id)
        .join(
            CreditEntry,
            (CreditEntry.account_id == CreditLot.account_id)
            & (CreditEntry.position == CreditLot.position),
        )
        .where(owned(tenant, LotHold), LotHold.message_id == message_id)
        .order_by(CreditLot.expires_at, CreditLot.position)
    )
    return tuple(LotUse(*row) for row in rows)
