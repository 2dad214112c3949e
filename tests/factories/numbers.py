"""Carrier accounts and numbers in their simplest right form."""

from itertools import count
from uuid import uuid4

from sqlalchemy import select

from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.core.secrets_box import Place, box
from portal.numbers import queries
from portal.numbers.models import CarrierAccount, SenderNumber
from portal.numbers.values import SenderState

_serial = count(1)


def place_of_token(row, column="sealed_token"):
    """Return what a token of a carrier account is bound to."""
    return Place.of(CarrierAccount.__table__.c[column], row.id, row.organization_id)


def make_carrier_account(organization_id, account_sid=None, auth_token=None, service_sid=None):
    """Return credentials of the organization's carrier account, made where it is missing."""
    with unit_of_work():
        row = db.session.scalar(
            select(CarrierAccount).where(CarrierAccount.organization_id == organization_id)
        )
        if row is None:
            row = CarrierAccount(id=uuid4(), organization_id=organization_id)
            db.session.add(row)
        row.account_sid = account_sid or row.account_sid or f"AC{organization_id.hex}"
        if auth_token or not row.sealed_token:
            token = auth_token or f"token{organization_id.hex[:27]}"
            row.sealed_token = box().seal(token, place_of_token(row))
        row.messaging_service_sid = (
            service_sid or row.messaging_service_sid or f"MG{organization_id.hex}"
        )
    return queries.credentials(organization_id)


def make_sender(account, e164=None, name="Front desk", **columns):
    """Return a ready, registered number of the account; the first is its default."""
    make_carrier_account(account.organization_id)
    serial = next(_serial)
    state = columns.pop("state", SenderState.READY)
    with unit_of_work():
        row = SenderNumber(
            organization_id=account.organization_id,
            account_id=account.id,
            e164=e164 or f"+1312552{serial:04d}",
            name=name,
            state=state,
            request_key=uuid4().hex,
            **{
                "carrier_sid": f"PN{serial:032x}",
                "is_default": state is SenderState.READY
                and queries.default_sender(account.id) is None,
                "is_registered": True,
                "can_sms": True,
                "can_mms": True,
                "segments_per_second": 1,
                "ready_at": utcnow(),
                **columns,
            },
        )
        db.session.add(row)
    return queries.sender(row.id)
