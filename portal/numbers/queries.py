"""Reading numbers and the carrier accounts behind them."""

from collections.abc import Collection
from datetime import datetime
from time import monotonic
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import Table, bindparam, select

from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.leased import trouble_of
from portal.core.once import once_a_page
from portal.core.secrets_box import Place, box
from portal.core.tenancy import Tenant, owned
from portal.gateways.credentials import CarrierCredentials
from portal.gateways.numbers import Capabilities
from portal.numbers.models import CarrierAccount, SenderNumber
from portal.numbers.values import SenderRef, SenderState, WebhookAccount

_ACCOUNTS: Final = cast(Table, CarrierAccount.__table__)
_NUMBERS: Final = cast(Table, SenderNumber.__table__)
WEBHOOK_ACCOUNT_FOR_S: Final = 1.0
_just_read: Final[dict[str, tuple[float, WebhookAccount]]] = {}  # by SID, ours alone
# Made once: every webhook asks it (G7).
_WEBHOOK_ACCOUNT: Final = select(
    _ACCOUNTS.c.id,
    _ACCOUNTS.c.organization_id,
    _ACCOUNTS.c.sealed_token,
    _ACCOUNTS.c.sealed_previous_token,
).where(_ACCOUNTS.c.account_sid == bindparam("sid"))


def default_sender(account_id: UUID) -> SenderRef | None:
    """Return the number an account texts from unless told otherwise, if one is ready."""
    return next((sender for sender in _senders(account_id) if sender.is_ready), None)


def default_senders(account_ids: Collection[UUID]) -> dict[UUID, SenderRef]:
    """Return the number each of these accounts texts from, where one is ready; one statement."""
    found: dict[UUID, SenderRef] = {}
    for row in db.session.execute(
        _SENDERS.where(
            _NUMBERS.c.account_id.in_(account_ids), _NUMBERS.c.state == SenderState.READY
        ).order_by(_NUMBERS.c.is_default.desc(), _NUMBERS.c.ordered_at)
    ):
        found.setdefault(row.account_id, _ref(row))
    return found


def senders(account_id: UUID) -> list[SenderRef]:
    """Return an account's numbers that are not released: the default first, then by age."""
    return list(_senders(account_id))


@once_a_page
def _senders(account_id: UUID) -> tuple[SenderRef, ...]:
    return tuple(_ref(row) for row in db.session.execute(_SENDERS_OF, {"account": account_id}))


def ready_senders() -> list[SenderRef]:
    """Return every number in use, of all organizations; for sweeps."""
    wanted = _SENDERS.where(SenderNumber.state == SenderState.READY).order_by(SenderNumber.id)
    return [_ref(row) for row in db.session.execute(wanted)]


def releasing_senders() -> list[SenderRef]:
    """Return numbers whose giving back was begun and never heard of, of all organizations."""
    wanted = _SENDERS.where(SenderNumber.state == SenderState.RELEASING)
    return [_ref(row) for row in db.session.execute(wanted.order_by(SenderNumber.id))]


def open_purchases(before: datetime) -> list[SenderRef]:
    """Return numbers ordered before then whose purchase did not end and that nobody runs."""
    wanted = _SENDERS.where(
        SenderNumber.state == SenderState.BUYING, SenderNumber.ordered_at < before
    )
    found = [_ref(row) for row in db.session.execute(wanted.order_by(SenderNumber.id))]
    return [sender for sender in found if not sender.is_in_progress]


def ready_of_organization(organization_id: UUID) -> list[SenderRef]:
    """Return the numbers in use of all the organization's accounts."""
    wanted = _SENDERS.where(
        SenderNumber.organization_id == organization_id, SenderNumber.state == SenderState.READY
    ).order_by(SenderNumber.e164)
    return [_ref(row) for row in db.session.execute(wanted)]


def sender(sender_id: UUID) -> SenderRef | None:
    """Return one number."""
    row = db.session.execute(_SENDERS.where(SenderNumber.id == sender_id)).first()
    return _ref(row) if row else None


def get_or_404(tenant: Tenant, sender_id: UUID) -> SenderRef:
    """Return one number of the tenant. Raises NotFound."""
    row = db.session.execute(
        _SENDERS.where(owned(tenant, SenderNumber), SenderNumber.id == sender_id)
    ).first()
    if row is None:
        raise NotFound("We can't find that number.")
    return _ref(row)


def sender_by_e164(organization_id: UUID, e164: str) -> SenderRef | None:
    """Return the organization's ready number, for a text that came in to it."""
    row = db.session.execute(
        _SENDERS.where(
            SenderNumber.organization_id == organization_id,
            SenderNumber.e164 == e164,
            SenderNumber.state == SenderState.READY,
        )
    ).first()
    return _ref(row) if row else None


def account_of_number(organization_id: UUID, e164: str) -> UUID | None:
    """Return the organization's account that has, is getting or last had a number."""
    return db.session.scalar(
        select(SenderNumber.account_id)
        .where(SenderNumber.organization_id == organization_id, SenderNumber.e164 == e164)
        .order_by(SenderNumber.ordered_at.desc())
        .limit(1)
    )


def kept_sender(organization_id: UUID, e164: str) -> SenderRef | None:
    """Return the organization's number while the carrier has not got it back."""
    row = db.session.execute(
        _SENDERS.where(
            SenderNumber.organization_id == organization_id,
            SenderNumber.e164 == e164,
            SenderNumber.state.in_((SenderState.READY, SenderState.RELEASING)),
        )
    ).first()
    return _ref(row) if row else None


def holder(e164: str) -> UUID | None:
    """Return the organization that has a number, or is buying it; no other may be told."""
    held = (SenderState.BUYING, SenderState.READY, SenderState.RELEASING)
    row = db.session.execute(
        select(_NUMBERS.c.organization_id).where(
            _NUMBERS.c.e164 == e164, _NUMBERS.c.state.in_(held)
        )
    ).first()
    return row.organization_id if row else None


def is_own_account(account_sid: str) -> bool:
    """Say whether an account at the carrier is one we opened for an organization."""
    row = db.session.execute(
        select(_ACCOUNTS.c.id).where(_ACCOUNTS.c.account_sid == account_sid)
    ).first()
    return row is not None


def credentials(organization_id: UUID) -> CarrierCredentials | None:
    """Return what it takes to speak to the carrier for an organization."""
    account = _carrier_account(organization_id)
    if account is None or account.account_sid is None or account.sealed_token is None:
        return None
    place = Place.of(_ACCOUNTS.c.sealed_token, account.id, organization_id)
    return CarrierCredentials(account.account_sid, box().open(account.sealed_token, place))


def organizations_at_the_carrier() -> list[UUID]:
    """Return the organizations that have a sub-account of their own."""
    a = _ACCOUNTS.c
    rows = db.session.scalars(
        select(a.organization_id).where(a.account_sid.is_not(None)).order_by(a.organization_id)
    )
    return list(rows)


def carrier_account_sid(organization_id: UUID) -> str | None:
    """Return the carrier's name for the organization's account: no secret, a carrier asks for it."""
    account = _carrier_account(organization_id)
    return account.account_sid if account else None


def messaging_service(organization_id: UUID) -> str | None:
    """Return the SID of the organization's messaging service (RULINGS 14)."""
    account = _carrier_account(organization_id)
    return account.messaging_service_sid if account else None


def webhook_account(account_sid: str) -> WebhookAccount | None:
    """Return whose a sub-account is and what signs its webhooks; None where it isn't ours.

    Raises SecretUnreadable.
    """
    row = db.session.execute(_WEBHOOK_ACCOUNT, {"sid": account_sid}).one_or_none()
    if row is None:
        return None
    row_id, organization_id, *sealed = row
    columns = (_ACCOUNTS.c.sealed_token, _ACCOUNTS.c.sealed_previous_token)
    tokens = tuple(
        box().open(token, Place.of(column, row_id, organization_id))
        for column, token in zip(columns, sealed, strict=True)
        if token
    )
    found = WebhookAccount(organization_id, tokens)
    _just_read[account_sid] = monotonic() + WEBHOOK_ACCOUNT_FOR_S, found
    return found


def webhook_account_just_read(account_sid: str) -> WebhookAccount | None:
    """Return what `webhook_account` found a moment ago; None when it is to be asked anew.

    A token that was taken away may sign for `WEBHOOK_ACCOUNT_FOR_S` more. Who refuses asks anew
    before, so that a new one signs at once.
    """
    until, found = _just_read.get(account_sid, (0.0, None))
    return found if monotonic() < until else None


def _carrier_account(organization_id: UUID) -> Any:
    return db.session.execute(_CARRIER_ACCOUNT, {"organization": organization_id}).one_or_none()


# Made once, and columns rather than rows of the session: every text asks for these.
_CARRIER_ACCOUNT: Final = select(
    _ACCOUNTS.c.id,
    _ACCOUNTS.c.account_sid,
    _ACCOUNTS.c.sealed_token,
    _ACCOUNTS.c.messaging_service_sid,
).where(_ACCOUNTS.c.organization_id == bindparam("organization"))
_SENDERS: Final = select(*_NUMBERS.columns, _ACCOUNTS.c.messaging_service_sid).outerjoin(
    _ACCOUNTS, _ACCOUNTS.c.organization_id == _NUMBERS.c.organization_id
)
_SENDERS_OF: Final = _SENDERS.where(
    _NUMBERS.c.account_id == bindparam("account"), _NUMBERS.c.state != SenderState.RELEASED
).order_by(_NUMBERS.c.is_default.desc(), _NUMBERS.c.ordered_at, _NUMBERS.c.id)


def _ref(row: Any) -> SenderRef:
    return SenderRef(
        id=row.id,
        account_id=row.account_id,
        organization_id=row.organization_id,
        e164=row.e164,
        name=row.name,
        state=row.state,
        carrier_sid=row.carrier_sid,
        service_sid=row.messaging_service_sid,
        segments_per_second=row.segments_per_second,
        is_registered=row.is_registered,
        is_default=row.is_default,
        capabilities=Capabilities(row.can_sms, row.can_mms, row.can_voice),
        locality=row.locality,
        region=row.region,
        ordered_at=row.ordered_at,
        ready_at=row.ready_at,
        trouble=trouble_of(row),
        is_in_progress=row.lease_until is not None and row.lease_until > utcnow(),
        release_at=row.release_at,
        release_asked_by=row.release_asked_by,
        leaving_since=row.leaving_since,
    )
