"""Reading transfers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, cast
from uuid import UUID

from sqlalchemy import Table, select

from portal.core import leased
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.leased import trouble_of
from portal.core.secrets_box import Place, box
from portal.core.tenancy import Tenant, owned
from portal.gateways.credentials import CarrierCredentials
from portal.transfers.models import Transfer
from portal.transfers.values import Finding, Signature, Step, StepNote, TransferRef, Weight

_TOKEN: Final = cast(Table, Transfer.__table__).c.sealed_token


def get_or_404(tenant: Tenant, transfer_id: UUID) -> TransferRef:
    """Return one transfer of the tenant. Raises NotFound."""
    row = db.session.scalar(
        select(Transfer)
        .where(owned(tenant, Transfer), Transfer.id == transfer_id)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound("We can't find that transfer.")
    return ref(row)


def open_of(tenant: Tenant) -> TransferRef | None:
    """Return the account's transfer that has not ended, if there is one."""
    row = db.session.scalar(
        select(Transfer).where(owned(tenant, Transfer), Transfer.ended_at.is_(None))
    )
    return ref(row) if row else None


def transfers(tenant: Tenant, limit: int = 20) -> list[TransferRef]:
    """Return an account's transfers, the newest first."""
    rows = db.session.scalars(
        select(Transfer)
        .where(owned(tenant, Transfer))
        .order_by(Transfer.started_at.desc(), Transfer.id)
        .limit(limit)
    )
    return [ref(row) for row in rows]


def due(now: datetime, after: UUID | None = None) -> Sequence[UUID]:
    """Return some transfers of every organization whose time has come, by id."""
    return leased.due_ids(Transfer, now, after)


def not_arrived() -> Sequence[UUID]:
    """Return open transfers of every organization whose number is not here yet; for a sweep."""
    return db.session.scalars(
        select(Transfer.id).where(Transfer.ended_at.is_(None), Transfer.sender_id.is_(None))
    ).all()


def holding_tokens(moved_before: datetime) -> Sequence[UUID]:
    """Return transfers whose number came before this and that hold a token yet; for a sweep."""
    return db.session.scalars(
        select(Transfer.id).where(
            Transfer.ended_at.is_(None),
            Transfer.sender_id.is_not(None),
            Transfer.sealed_token.is_not(None),
            Transfer.moved_at <= moved_before,
        )
    ).all()


def old_credentials(tenant: Tenant, transfer_id: UUID) -> CarrierCredentials | None:
    """Return what opens the old account; None where that was not given or is gone."""
    row = db.session.execute(
        select(Transfer.old_account_sid, Transfer.sealed_token).where(
            owned(tenant, Transfer), Transfer.id == transfer_id
        )
    ).one_or_none()
    if row is None or row.sealed_token is None:
        return None
    token = box().open(row.sealed_token, place_of_token(transfer_id, tenant.organization_id))
    return CarrierCredentials(row.old_account_sid, token)


def place_of_token(transfer_id: UUID, organization_id: UUID) -> Place:
    """Return what a transfer's token is bound to."""
    return Place.of(_TOKEN, transfer_id, organization_id)


def ref(row: Transfer) -> TransferRef:
    """Return a row as what others may hold."""
    signed = row.signature
    return TransferRef(
        id=row.id,
        organization_id=row.organization_id,
        account_id=row.account_id,
        path=row.path,
        old_account_sid=row.old_account_sid,
        old_account_name=row.old_account_name,
        has_token=row.sealed_token is not None,
        is_token_refused=row.is_token_refused,
        e164=row.e164,
        number_sid=row.number_sid,
        number_name=row.number_name,
        todo=tuple(Step(step) for step in row.todo),
        notes={
            Step(step): StepNote(**{**note, "at": datetime.fromisoformat(note["at"])})
            for step, note in row.notes.items()
        },
        findings=tuple(Finding(**{**one, "weight": Weight(one["weight"])}) for one in row.findings),
        looked_at=row.looked_at,
        signature=Signature(**{**signed, "signed_at": datetime.fromisoformat(signed["signed_at"])})
        if signed
        else None,
        requested_at=row.requested_at,
        ticket=row.ticket,
        carried=row.carried,
        is_log_whole=row.is_log_whole,
        sender_id=row.sender_id,
        trouble=trouble_of(row),
        next_at=row.next_at,
        started_by=row.started_by,
        started_at=row.started_at,
        moved_at=row.moved_at,
        ended_at=row.ended_at,
        ending=row.ending,
        is_in_progress=row.lease_until is not None and row.lease_until > utcnow(),
        may_be_moved=row.asked_at is not None,
    )
