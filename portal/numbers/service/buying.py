"""Setting up a number (N-1): a row first, then the carrier outside any transaction, then the end.

A view does it in three steps, so that nothing is ever bought without a row that knows of it:

    with unit_of_work():
        order = numbers.place_order(...)
    purchase = numbers.carry_out(order)
    with unit_of_work():
        sender = numbers.settle(order, purchase, actor=...)
"""

from dataclasses import replace
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from portal.core import audit
from portal.core.audit import SYSTEM, Actor
from portal.core.clock import utcnow
from portal.core.db import db, is_sqlite
from portal.core.leased import forget_trouble, is_running, keep_trouble, take
from portal.core.settings import LIST_LAG, settings
from portal.core.tenancy import Tenant
from portal.numbers import queries, rules
from portal.numbers.errors import NotBuying, NumberTaken
from portal.numbers.models import CarrierAccount, SenderNumber
from portal.numbers.service import opening
from portal.numbers.service.allowing import check_allowed
from portal.numbers.service.carrier import carry_out, is_available, search
from portal.numbers.service.rows import locked
from portal.numbers.values import (
    Available,
    Order,
    Purchase,
    Result,
    SenderRef,
    SenderState,
)
from portal.texting_accounts import queries as accounts
from portal.texting_accounts import service as account_service
from portal.texting_accounts.values import AccountRef

__all__ = [
    "carry_out",
    "is_available",
    "make_default",
    "place_order",
    "retry_order",
    "search",
    "settle",
]


def place_order(
    account: AccountRef, number: Available, name: str, *, request_key: str, actor: Actor
) -> Order:
    """Write down that this number is to be bought, and take charge of buying it.

    Asking again with the same request_key returns the first order: never two numbers for
    one click (N-1). Raises SubscriptionNeeded, AccountRestricted, NumberTaken or SetUpRunning.
    """
    if (existing := _by_request_key(account.id, request_key)) is not None:
        return _order(existing, is_ours=False)
    check_allowed(account)
    carrier = opening.locked(account.organization_id)
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
    row = locked(account.tenant, sender_id)
    if row.state is SenderState.READY or is_running(row):
        return _order(row, is_ours=False)
    if row.state in (SenderState.RELEASING, SenderState.RELEASED):
        raise NotBuying("This number was given back. Choose a new one.")
    check_allowed(account)
    carrier = opening.locked(row.organization_id)
    may_be_bought = row.state is SenderState.BUYING and utcnow() - row.ordered_at < LIST_LAG
    try:
        with db.session.begin_nested():
            row.state, row.ordered_at = SenderState.BUYING, utcnow()
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
    carrier = opening.keep(
        order.organization_id,
        purchase.credentials,
        purchase.service_sid,
        actor=actor,
        may_have_opened=purchase.may_have_opened,
    )
    tenant = Tenant(order.organization_id, order.account_id)
    row = locked(tenant, order.sender_id)
    is_bought = purchase.result is Result.BOUGHT
    if row.state is not SenderState.READY and (is_bought or row.lease == order.lease):
        if is_bought:
            _make_ready(row, purchase, carrier)
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
    row = locked(tenant, sender_id)
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


def _take_charge(row: SenderNumber, carrier: CarrierAccount) -> Order:
    opening.hold(carrier)
    take(row, opening.LEASE)
    forget_trouble(row)
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


def _make_ready(row: SenderNumber, purchase: Purchase, carrier: CarrierAccount) -> None:
    has_default = default_of(row.account_id) is not None
    row.state = SenderState.READY
    row.carrier_sid = purchase.number_sid
    row.can_sms = purchase.capabilities.sms
    row.can_mms = purchase.capabilities.mms
    row.can_voice = purchase.capabilities.voice
    row.is_default = not has_default
    # It joined the service, so it is part of its campaign; a toll-free number has its own (N-5).
    row.is_registered = carrier.has_campaign and not rules.is_toll_free(row.e164)
    row.segments_per_second = rules.pace(row.e164, is_sandbox=settings().is_sandbox)
    row.ready_at = utcnow()
    row.lease_until = None
    forget_trouble(row)
    if row.is_default:  # one that joins an account with a number rides on its history
        account = accounts.account(row.account_id)
        assert account is not None  # the number belongs to it
        account_service.begin_ramp(
            account.id, today=accounts.today(account, utcnow()), actor=SYSTEM
        )


def default_of(account_id: UUID) -> UUID | None:
    """Return the number an account texts from unless told otherwise, if it has one."""
    return db.session.scalar(
        select(SenderNumber.id).where(
            SenderNumber.account_id == account_id, SenderNumber.is_default
        )
    )


def _note_trouble(row: SenderNumber, purchase: Purchase) -> None:
    if purchase.result is Result.NOT_BOUGHT:
        row.state = SenderState.FAILED
    else:
        row.carrier_sid = purchase.number_sid or row.carrier_sid
    row.lease_until = None
    if purchase.trouble is not None:
        keep_trouble(row, purchase.trouble)


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
