"""Setting up a number (N-1): a row first, then the carrier outside any transaction, then the end.

A view does it in three steps, so that nothing is ever bought without a row that knows of it:

    with unit_of_work():
        order = numbers.place_order(...)
    purchase = numbers.carry_out(order)
    with unit_of_work():
        sender = numbers.settle(order, purchase, actor=...)
"""

from dataclasses import replace
from datetime import timedelta
from typing import cast
from uuid import UUID, uuid4

from sqlalchemy import Table, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from portal.billing import queries as billing
from portal.core import audit
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import database_now, db, is_sqlite
from portal.core.secrets_box import Place, box
from portal.core.settings import settings
from portal.core.tenancy import Tenant, owned
from portal.gateways.credentials import CarrierCredentials
from portal.numbers import queries, rules
from portal.numbers.errors import (
    AccountRestricted,
    NotBuying,
    NumberTaken,
    SetUpRunning,
    SubscriptionNeeded,
)
from portal.numbers.models import CarrierAccount, SenderNumber
from portal.numbers.service.carrier import carry_out, is_available, search
from portal.numbers.values import (
    Available,
    Order,
    Purchase,
    Result,
    SenderRef,
    SenderState,
)
from portal.texting_accounts.values import AccountRef, AccountState

__all__ = [
    "carry_out",
    "is_available",
    "make_default",
    "place_order",
    "retry_order",
    "search",
    "settle",
]

LEASE = timedelta(seconds=120)  # longer than all of a run's carrier calls can take
LIST_LAG = timedelta(minutes=15)  # how long the carrier's lists may miss what is new (PROMISES 1.3)


def place_order(
    account: AccountRef, number: Available, name: str, *, request_key: str, actor: Actor
) -> Order:
    """Write down that this number is to be bought, and take charge of buying it.

    Asking again with the same request_key returns the first order: never two numbers for
    one click (N-1). Raises SubscriptionNeeded, AccountRestricted, NumberTaken or SetUpRunning.
    """
    if (existing := _by_request_key(account.id, request_key)) is not None:
        return _order(existing, is_ours=False)
    _check_allowed(account)
    carrier = _carrier_account(account.organization_id)
    row_id = db.session.scalar(
        (sqlite if is_sqlite() else postgresql)
        .insert(SenderNumber)
        .values(
            id=uuid4(),
            organization_id=account.organization_id,
            account_id=account.id,
            e164=number.e164,
            name=name[: rules.NAME_LENGTH],
            state=SenderState.BUYING,
            request_key=request_key,
            locality=number.locality[:100],
            region=number.region[:10],
            can_sms=number.capabilities.sms,
            can_mms=number.capabilities.mms,
            can_voice=number.capabilities.voice,
        )
        .on_conflict_do_nothing()
        .returning(SenderNumber.id)
    )
    if row_id is None:
        if (existing := _by_request_key(account.id, request_key)) is not None:
            return _order(existing, is_ours=False)
        raise NumberTaken("This number is taken already. Choose another one.")
    order = _take_charge(db.session.get_one(SenderNumber, row_id), carrier)
    audit.record(
        "numbers:number:order",
        actor=actor,
        organization_id=account.organization_id,
        account_id=account.id,
        subject_id=row_id,
        number=number.e164,
        name=name,
    )
    return order


def retry_order(account: AccountRef, sender_id: UUID, *, actor: Actor) -> Order:
    """Go on with a purchase that failed or was broken off.

    Raises NotFound, NotBuying, SubscriptionNeeded, AccountRestricted, NumberTaken or
    SetUpRunning. A purchase that somebody else runs right now is left to them.
    """
    row = _locked(account.tenant, sender_id)
    if row.state is SenderState.READY or _is_running(row):
        return _order(row, is_ours=False)
    if row.state is SenderState.RELEASED:
        raise NotBuying("This number was given back. Choose a new one.")
    _check_allowed(account)
    carrier = _carrier_account(row.organization_id)
    may_be_bought = row.state is SenderState.BUYING and utcnow() - row.ordered_at < LIST_LAG
    try:
        with db.session.begin_nested():
            row.state = SenderState.BUYING
            order = _take_charge(row, carrier)
    except IntegrityError as error:  # somebody here took the number since it failed
        raise NumberTaken("This number is taken already. Choose another one.") from error
    audit.record(
        "numbers:number:retry",
        actor=actor,
        organization_id=row.organization_id,
        account_id=row.account_id,
        subject_id=row.id,
        number=row.e164,
    )
    return replace(order, may_be_bought=may_be_bought or row.carrier_sid is not None)


def settle(order: Order, purchase: Purchase, *, actor: Actor) -> SenderRef:
    """Write down what became of an order.

    A bought number is believed whoever reports it; a failure only from the order's
    newest run.
    """
    _keep_carrier_account(order, purchase, actor)
    tenant = Tenant(order.organization_id, order.account_id)
    row = _locked(tenant, order.sender_id)
    is_bought = purchase.result is Result.BOUGHT
    if row.state is not SenderState.READY and (is_bought or row.lease == order.lease):
        if is_bought:
            _make_ready(row, purchase)
        else:
            _note_trouble(row, purchase)
        db.session.flush()  # the constraints speak before the audit entry is written
        audit.record(
            f"numbers:number:{'ready' if is_bought else 'trouble'}",
            actor=actor,
            organization_id=row.organization_id,
            account_id=row.account_id,
            subject_id=row.id,
            number=row.e164,
            result=purchase.result.value,
            code=row.trouble_code,
        )
    return queries.get_or_404(tenant, order.sender_id)


def make_default(tenant: Tenant, sender_id: UUID, *, actor: Actor) -> SenderRef:
    """Let the account text from this number unless told otherwise. Raises NotBuying."""
    row = _locked(tenant, sender_id)
    if row.state is not SenderState.READY:
        raise NotBuying("Only a number that is set up can be the default.")
    _clear_default(row.account_id)
    row.is_default = True
    db.session.flush()  # one default an account is a constraint
    audit.record(
        "numbers:number:default",
        actor=actor,
        organization_id=row.organization_id,
        account_id=row.account_id,
        subject_id=row.id,
        number=row.e164,
    )
    return queries.get_or_404(tenant, sender_id)


def _check_allowed(account: AccountRef) -> None:
    if not billing.has_active_subscription(account.id):
        raise SubscriptionNeeded(rules.NO_SUBSCRIPTION)
    if account.state in (AccountState.SUSPENDED, AccountState.CLOSED):
        reason = f" ({account.state_reason})" if account.state_reason else ""
        raise AccountRestricted(
            f"This account is {account.state_label.lower()}{reason}, "
            "so its numbers can't change until that is lifted."
        )


def _carrier_account(organization_id: UUID) -> CarrierAccount:
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


def _take_charge(row: SenderNumber, carrier: CarrierAccount) -> Order:
    now = database_now()
    if carrier.messaging_service_sid is None:
        if carrier.opening_until is not None and carrier.opening_until > now:
            raise SetUpRunning(
                "Your organization's account at the carrier is being set up right now. "
                "Try again in a minute."
            )
        carrier.opening_until = now + LEASE
    row.lease += 1
    row.lease_until = now + LEASE
    row.trouble = row.trouble_cause = row.trouble_code = None
    db.session.flush()  # a number held by another row must show itself here
    return _order(row, is_ours=True)


def _order(row: SenderNumber, *, is_ours: bool) -> Order:
    return Order(
        sender_id=row.id,
        organization_id=row.organization_id,
        account_id=row.account_id,
        e164=row.e164,
        name=row.name,
        lease=row.lease,
        credentials=queries.credentials(row.organization_id) if is_ours else None,
        service_sid=queries.messaging_service(row.organization_id) if is_ours else None,
        is_ours=is_ours,
    )


def _keep_carrier_account(order: Order, purchase: Purchase, actor: Actor) -> None:
    carrier = _carrier_account(order.organization_id)
    opened = carrier.account_sid is None and purchase.credentials is not None
    if opened:
        _store_credentials(carrier, purchase.credentials)
    if carrier.messaging_service_sid is None:
        carrier.messaging_service_sid = purchase.service_sid
    if not purchase.may_have_opened:
        carrier.opening_until = None  # else it runs out: by then a look-up shows what was made
    db.session.flush()
    if opened:
        audit.record(
            "numbers:carrier_account:open",
            actor=actor,
            organization_id=order.organization_id,
            subject_id=carrier.id,
            account_sid=carrier.account_sid,
        )


def _store_credentials(carrier: CarrierAccount, credentials: CarrierCredentials | None) -> None:
    if credentials is not None:
        carrier.account_sid = credentials.account_sid
        column = cast(Table, CarrierAccount.__table__).c.sealed_token
        place = Place.of(column, carrier.id, carrier.organization_id)
        carrier.sealed_token = box().seal(credentials.auth_token, place)


def _make_ready(row: SenderNumber, purchase: Purchase) -> None:
    has_default = db.session.scalar(
        select(SenderNumber.id).where(
            SenderNumber.account_id == row.account_id, SenderNumber.is_default
        )
    )
    row.state = SenderState.READY
    row.carrier_sid = purchase.number_sid
    row.can_sms = purchase.capabilities.sms
    row.can_mms = purchase.capabilities.mms
    row.can_voice = purchase.capabilities.voice
    row.is_default = has_default is None
    row.is_registered = settings().is_sandbox  # N-5: the sandbox approves at once
    row.segments_per_second = rules.pace(row.e164, is_sandbox=settings().is_sandbox)
    row.ready_at = utcnow()
    row.lease_until = None
    row.trouble = row.trouble_cause = row.trouble_code = None


def _note_trouble(row: SenderNumber, purchase: Purchase) -> None:
    if purchase.result is Result.NOT_BOUGHT:
        row.state = SenderState.FAILED
    else:
        row.carrier_sid = purchase.number_sid or row.carrier_sid
    row.lease_until = None
    if purchase.trouble is not None:
        row.trouble = purchase.trouble.sentence[:500]
        row.trouble_cause = purchase.trouble.cause[:500]
        row.trouble_code = purchase.trouble.code


def _clear_default(account_id: UUID) -> None:
    db.session.execute(
        update(SenderNumber)
        .where(SenderNumber.account_id == account_id, SenderNumber.is_default)
        .values(is_default=False)
        .execution_options(synchronize_session="fetch")
    )


def _by_request_key(account_id: UUID, request_key: str) -> SenderNumber | None:
    return db.session.scalar(
        select(SenderNumber).where(
            SenderNumber.account_id == account_id, SenderNumber.request_key == request_key
        )
    )


def _locked(tenant: Tenant, sender_id: UUID) -> SenderNumber:
    queries.get_or_404(tenant, sender_id)
    return db.session.scalars(
        select(SenderNumber)
        .where(owned(tenant, SenderNumber), SenderNumber.id == sender_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def _is_running(row: SenderNumber) -> bool:
    return row.lease_until is not None and row.lease_until > database_now()
