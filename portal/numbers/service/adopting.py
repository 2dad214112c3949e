"""Taking in a number that came from elsewhere: moved or ported, not bought (N-2, N-3)."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.core import audit
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.settings import settings
from portal.core.tenancy import Tenant
from portal.numbers import queries, rules
from portal.numbers.errors import NumberTaken
from portal.numbers.models import CarrierAccount, SenderNumber
from portal.numbers.service.buying import default_of
from portal.numbers.service.rows import locked
from portal.numbers.values import Arrival, SenderRef, SenderState


def adopt(tenant: Tenant, arrival: Arrival, *, actor: Actor) -> SenderRef:
    """Make a number the account's own once it is in the organization's carrier account.

    What is texted to it is taken in from then on; it can't send before `note_joined`. Adopting
    the same arrival again returns the first. Raises NumberTaken.
    """
    assert tenant.account_id is not None
    row = db.session.scalar(
        select(SenderNumber).where(
            SenderNumber.account_id == tenant.account_id,
            SenderNumber.request_key == arrival.request_key,
        )
    )
    if row is not None:
        return queries.get_or_404(tenant, row.id)
    row = SenderNumber(
        organization_id=tenant.organization_id,
        account_id=tenant.account_id,
        e164=arrival.e164,
        name=arrival.name[: rules.NAME_LENGTH],
        state=SenderState.READY,
        request_key=arrival.request_key,
        carrier_sid=arrival.carrier_sid,
        is_default=default_of(tenant.account_id) is None,
        can_sms=arrival.capabilities.sms,
        can_mms=arrival.capabilities.mms,
        can_voice=arrival.capabilities.voice,
        segments_per_second=rules.pace(arrival.e164, is_sandbox=settings().is_sandbox),
        ready_at=utcnow(),
    )
    try:
        with db.session.begin_nested():
            db.session.add(row)
            db.session.flush()  # a number held by another row must show itself here
    except IntegrityError as error:
        raise NumberTaken("This number can't be set up here yet. Message support.") from error
    audit.record(
        "numbers:number:adopt",
        actor=actor,
        organization_id=row.organization_id,
        account_id=row.account_id,
        subject_id=row.id,
        number=row.e164,
        carrier_sid=row.carrier_sid,
    )
    return queries.get_or_404(tenant, row.id)


def note_joined(tenant: Tenant, sender_id: UUID) -> None:
    """Let a number that came into the messaging service send, where its campaign is live (N-5)."""
    row = locked(tenant, sender_id)
    has_campaign = db.session.scalar(
        select(CarrierAccount.has_campaign).where(
            CarrierAccount.organization_id == row.organization_id
        )
    )
    # A toll-free number has a verification of its own, which stays where it was.
    row.is_registered = row.is_registered or (
        bool(has_campaign) and not rules.is_toll_free(row.e164)
    )
