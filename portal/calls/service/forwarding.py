"""Setting where a number's calls go: a call says a code at the new phone, and only then it counts.

A view asks in three steps, so that no transaction is open while the carrier talks:

    with unit_of_work():
        call = calls.ask(...)
    calls.place(call)              # raises CarrierTrouble
    ... with unit_of_work(): calls.confirm(account, sender_id, code, actor=...)
"""

import hmac
import secrets
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from portal.calls import rules
from portal.calls.errors import CannotForward, PhoneRefused, TooManyCodes, WrongCode
from portal.calls.models import CallForwarding
from portal.calls.values import CodeCall, Shown
from portal.core import audit, tries
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import db, is_sqlite
from portal.core.errors import GatewayError, GatewayRejected, GatewayUnclear
from portal.core.settings import settings
from portal.core.tenancy import Tenant, owned
from portal.core.tries import Limit, TooManyTries
from portal.gateways import numbers as number_gateway
from portal.gateways import twiml, voice
from portal.numbers import queries as numbers
from portal.numbers import rules as number_rules
from portal.numbers import service as number_service
from portal.numbers.errors import CarrierTrouble
from portal.numbers.rules import Doing
from portal.numbers.values import SenderRef
from portal.texting_accounts.values import AccountRef

CODE_HOLDS: Final = timedelta(minutes=10)
TRIES: Final = 5
_BY_ACCOUNT: Final = Limit("forwarding-account", 10, timedelta(hours=1))
_BY_PHONE: Final = Limit("forwarding-phone", 4, timedelta(hours=1))


def ask(
    account: AccountRef, sender_id: UUID, phone: str, shown: Shown, *, actor: Actor
) -> CodeCall | None:
    """Keep a phone that calls are to go to, and return the call that says its code.

    None where that phone is verified already: then only what it shows changed. Raises NotFound,
    AccountRestricted (N-7), CannotForward, PhoneRefused or TooManyCodes.
    """
    tenant = account.tenant
    sender = numbers.get_or_404(tenant, sender_id)
    number_service.check_unrestricted(account)
    credentials = numbers.credentials(tenant.organization_id)
    if not (sender.is_ready and sender.capabilities.voice and sender.carrier_sid and credentials):
        raise CannotForward("Calls can be forwarded once the number is set up, if it takes calls.")
    own = {one.e164 for one in numbers.ready_of_organization(tenant.organization_id)}
    e164, why = rules.read_phone(phone, own)
    if e164 is None:
        raise PhoneRefused(why)
    row = _row(sender)
    if row.phone == e164:
        row.shown = shown
        _forget_pending(row)
        _record("show", sender, actor, shown=shown.value)
        return None
    _count(tenant, e164)
    code = f"{secrets.randbelow(10**rules.CODE_DIGITS):0{rules.CODE_DIGITS}}"
    row.pending_phone, row.pending_shown = e164, shown
    row.pending_hash = rules.code_hash(settings().secret_key, sender.id, e164, code)
    row.pending_until = utcnow() + CODE_HOLDS
    row.tries_left = TRIES
    _record("ask", sender, actor, phone=e164)
    return CodeCall(
        sender_id=sender.id,
        organization_id=sender.organization_id,
        account_id=sender.account_id,
        from_number=sender.e164,
        phone=e164,
        credentials=credentials,
        twiml=twiml.say(*rules.code_words(settings().application_name, code)),
    )


def place(call: CodeCall) -> None:
    """Point the number's calls here, then let its phone ring; outside any unit of work.

    Raises CarrierTrouble when nobody is called. A call that may ring is no trouble.
    """
    gateway = number_gateway.current()
    try:
        owned_ = gateway.find_owned(call.credentials, call.from_number)
        if owned_ is None:
            raise GatewayRejected("The number is not in this account.")
        number_service.point_here(gateway, call.credentials, owned_, name=owned_.name)
        voice.current().call(
            call.credentials, to=call.phone, from_number=call.from_number, twiml=call.twiml
        )
    except GatewayUnclear:
        return  # it may ring, and if not, a code can be asked for again
    except GatewayError as error:
        raise CarrierTrouble(number_rules.explain(error, Doing.CALL)) from error


def take_back(call: CodeCall) -> None:
    """Forget a phone whose code nobody could be told."""
    row = _locked(Tenant(call.organization_id, call.account_id), call.sender_id)
    if row is not None and row.pending_phone == call.phone:
        _forget_pending(row)


def confirm(account: AccountRef, sender_id: UUID, code: str, *, actor: Actor) -> bool:
    """Let calls go to the phone that was asked for, if that is its code; say whether it was.

    A wrong one uses up one of a few tries, so the caller commits whatever comes back. Raises
    NotFound, AccountRestricted (N-7), or WrongCode where no code is awaited any more.
    """
    tenant = account.tenant
    sender = numbers.get_or_404(tenant, sender_id)
    number_service.check_unrestricted(account)
    row = _locked(tenant, sender_id)
    is_awaited = row and row.pending_hash and row.pending_until and row.pending_until > utcnow()
    if row is None or not is_awaited or row.tries_left <= 0:
        raise WrongCode("This code no longer holds. Ask for another call.")
    assert row.pending_phone is not None
    assert row.pending_hash is not None
    said = "".join(char for char in code if char.isdigit())
    given = rules.code_hash(settings().secret_key, sender_id, row.pending_phone, said)
    if not hmac.compare_digest(given, row.pending_hash):
        row.tries_left -= 1
        return False
    row.phone, row.shown = row.pending_phone, row.pending_shown or Shown.CALLER
    row.verified_at, row.verified_by_id, row.verified_by = utcnow(), actor.id, actor.label
    _forget_pending(row)
    _record("verify", sender, actor, phone=row.phone)
    return True


def stop(tenant: Tenant, sender_id: UUID, *, actor: Actor) -> None:
    """Let calls go nowhere any more; saying so twice is harmless. Raises NotFound."""
    sender = numbers.get_or_404(tenant, sender_id)
    row = _locked(tenant, sender_id)
    if row is None or (row.phone is None and row.pending_phone is None):
        return
    row.phone, row.verified_at, row.verified_by_id, row.verified_by = None, None, None, ""
    _forget_pending(row)
    _record("stop", sender, actor)


def _count(tenant: Tenant, e164: str) -> None:
    try:
        tries.begin([(_BY_ACCOUNT, str(tenant.account_id)), (_BY_PHONE, e164)])
    except TooManyTries as error:
        raise TooManyCodes(
            "Too many codes were asked for. Wait an hour, then ask for another call."
        ) from error


def _row(sender: SenderRef) -> CallForwarding:
    """Return the number's row, locked, made where it is missing."""
    insert = (sqlite if is_sqlite() else postgresql).insert(CallForwarding)
    db.session.execute(
        insert.values(
            sender_id=sender.id,
            organization_id=sender.organization_id,
            account_id=sender.account_id,
            shown=Shown.CALLER,
            verified_by="",
            tries_left=0,
        ).on_conflict_do_nothing()
    )
    row = _locked(sender.tenant, sender.id)
    assert row is not None
    return row


def _locked(tenant: Tenant, sender_id: UUID) -> CallForwarding | None:
    return db.session.scalar(
        select(CallForwarding)
        .where(owned(tenant, CallForwarding), CallForwarding.sender_id == sender_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def _forget_pending(row: CallForwarding) -> None:
    row.pending_phone = row.pending_hash = row.pending_shown = row.pending_until = None
    row.tries_left = 0


def _record(verb: str, sender: SenderRef, actor: Actor, **payload: str) -> None:
    audit.record(
        f"calls:forwarding:{verb}",
        actor=actor,
        organization_id=sender.organization_id,
        account_id=sender.account_id,
        subject_id=sender.id,
        number=sender.e164,
        **payload,
    )
