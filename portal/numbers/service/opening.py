"""The organization's own account at the carrier, opened on first need (N-1, RULINGS 14).

Whoever needs it takes charge, opens it outside any transaction, and writes down what was made:

    with unit_of_work():
        opening = numbers.take_charge_of_opening(organization_id)
    opened = numbers.open_account(opening)
    with unit_of_work():
        numbers.keep_opened(opened, actor=...)

What is there already is not opened again, and what a run that died made is found by our name.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Final, TypeVar, cast
from uuid import UUID, uuid4

from sqlalchemy import Table, select
from sqlalchemy.dialects import postgresql, sqlite

from portal.core import audit
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import database_now, db, is_sqlite
from portal.core.errors import GatewayUnclear
from portal.core.secrets_box import Place, box
from portal.gateways import numbers as gateways
from portal.gateways.credentials import CarrierCredentials, of_installation
from portal.gateways.numbers import NumberGateway
from portal.numbers import queries, rules
from portal.numbers.errors import SetUpRunning
from portal.numbers.models import CarrierAccount
from portal.numbers.values import Opening

Made = TypeVar("Made")
LEASE: Final = timedelta(seconds=120)  # longer than all of a run's carrier calls can take


def take_charge_of_opening(organization_id: UUID) -> Opening:
    """Lock what the organization has, and hold the rest for us. Raises SetUpRunning."""
    row = locked(organization_id)
    hold(row)
    return Opening(
        organization_id,
        queries.credentials(organization_id),
        queries.messaging_service(organization_id),
    )


def open_account(opening: Opening) -> Opening:
    """Find or open the sub-account and its messaging service; outside any unit of work.

    Raises GatewayError; what was made by then is found again by its name.
    """
    gateway = gateways.current()
    own = opening.credentials or subaccount(gateway, opening.organization_id)
    made = opening.service_sid or service(gateway, opening.organization_id, own)
    return Opening(opening.organization_id, own, made)


def keep_opened(opening: Opening, *, actor: Actor, may_have_opened: bool = False) -> None:
    """Write down how far the opening came; see `keep`."""
    keep(
        opening.organization_id,
        opening.credentials,
        opening.service_sid,
        actor=actor,
        may_have_opened=may_have_opened,
    )


def subaccount(gateway: NumberGateway, organization_id: UUID) -> CarrierCredentials:
    """Find or open the organization's sub-account. Raises GatewayError."""
    parent = of_installation()
    name = rules.subaccount_name(organization_id)
    found = gateway.find_subaccount(parent, name)
    if found is not None:
        return found
    return _made(
        lambda: gateway.create_subaccount(parent, name),
        lambda: gateway.find_subaccount(parent, name),
    )


def service(gateway: NumberGateway, organization_id: UUID, own: CarrierCredentials) -> str:
    """Find or make the organization's messaging service. Raises GatewayError."""
    name = rules.subaccount_name(organization_id)
    found = gateway.find_service(own, name)
    if found is not None:
        gateway.configure_service(own, found)
        return found
    return _made(lambda: gateway.create_service(own, name), lambda: gateway.find_service(own, name))


def _made(make: Callable[[], Made], find: Callable[[], Made | None]) -> Made:
    """Make something; where the answer never came, look whether it was made all the same."""
    try:
        return make()
    except GatewayUnclear:
        found = find()
        if found is None:
            raise
        return found


def locked(organization_id: UUID) -> CarrierAccount:
    """Return the organization's carrier account, locked; the row may still lack its SID."""
    insert = (sqlite if is_sqlite() else postgresql).insert(CarrierAccount)
    db.session.execute(
        insert.values(
            id=uuid4(), organization_id=organization_id, created_at=utcnow()
        ).on_conflict_do_nothing()
    )
    return db.session.scalars(
        select(CarrierAccount)
        .where(CarrierAccount.organization_id == organization_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def hold(row: CarrierAccount) -> None:
    """Take charge of what is still to be opened. Raises SetUpRunning where somebody has."""
    now = database_now()
    if row.messaging_service_sid is not None:
        return
    if row.opening_until is not None and row.opening_until > now:
        raise SetUpRunning(
            "Your organization's account at the carrier is being set up right now. "
            "Try again in a minute."
        )
    row.opening_until = now + LEASE


def keep(
    organization_id: UUID,
    credentials: CarrierCredentials | None,
    service_sid: str | None,
    *,
    actor: Actor,
    may_have_opened: bool = False,
) -> CarrierAccount:
    """Write down what the organization has at the carrier now, as far as that is known.

    With `may_have_opened` the hold stays until it runs out: by then a look-up shows what was made.
    """
    row = locked(organization_id)
    opened = row.account_sid is None and credentials is not None
    if opened and credentials is not None:
        row.account_sid = credentials.account_sid
        column = cast(Table, CarrierAccount.__table__).c.sealed_token
        place = Place.of(column, row.id, row.organization_id)
        row.sealed_token = box().seal(credentials.auth_token, place)
    if row.messaging_service_sid is None:
        row.messaging_service_sid = service_sid
    if not may_have_opened:
        row.opening_until = None
    db.session.flush()
    if opened:
        audit.record(
            "numbers:carrier_account:open",
            actor=actor,
            organization_id=organization_id,
            subject_id=row.id,
            account_sid=row.account_sid,
        )
    return row
