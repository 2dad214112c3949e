"""One step after the other: taken by one run, carried out outside, written down (N-2).

    with unit_of_work():
        order = transfers.claim(transfer_id)
    outcome = transfers.carry_out(order)
    with unit_of_work():
        goes_on = transfers.settle(order, outcome)

A run that dies loses nothing: its lease ends, and the next one looks before it moves anything.
"""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from portal.core import audit
from portal.core.audit import SYSTEM
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.errors import DomainError
from portal.core.leased import is_due, keep_trouble, note_asked, take
from portal.core.secrets_box import SecretUnreadable
from portal.core.settings import settings
from portal.core.steps import Trouble, back_off, next_look
from portal.core.tenancy import Tenant
from portal.gateways.transfers import TheirNumber
from portal.messaging import queries as messaging
from portal.numbers import queries as numbers
from portal.numbers import service as number_service
from portal.numbers.errors import AccountRestricted, SubscriptionNeeded
from portal.numbers.values import Arrival, Opening, SenderState
from portal.registrations import queries as registrations
from portal.registrations.values import State
from portal.texting_accounts import queries as accounts
from portal.transfers import queries
from portal.transfers.models import Transfer
from portal.transfers.rules import findings, opt_outs, steps
from portal.transfers.rules.findings import Here
from portal.transfers.service.carrying import opt_out
from portal.transfers.service.rows import clear_trouble, end, locked, note, set_todo
from portal.transfers.service.telling import tell
from portal.transfers.values import Ending, Order, Outcome, Path, Result, Step

LEASE: Final = timedelta(minutes=5)  # longer than one step's carrier calls can take
_OVERLAP: Final = timedelta(hours=1)  # how far a second look goes back before the first
_NOT_NOW: Final = Trouble(
    "The number can't be moved right now.",
    "It is tried again by itself. Message support if this stays.",
)
_UNREADABLE: Final = Trouble(
    "The old account's token can't be read any more.",
    "Enter it again, or have an administrator check ENCRYPTION_KEYS.",
)
_OURS: Final = Trouble(
    "This is your brokerage's own account at Twilio.",
    "Its numbers are here already. Connect the account the number is in today.",
)


def claim(transfer_id: UUID) -> Order | None:
    """Take the next step to do; None when nothing is due, or another run is at it."""
    row = db.session.get(Transfer, transfer_id, with_for_update=True, populate_existing=True)
    now = utcnow()
    if row is None or not is_due(row, now):
        return None
    step = Step(row.todo[0])
    if _has_gone(row):
        end(row, Ending.GONE)
        db.session.flush()  # the audit entry comes last
        _record(row, step, outcome="gone", is_token_deleted=True)
        return None
    if steps.is_over(step, row.step_since, now):
        skip(row, step)
        return None
    try:
        opening = _opening(row, step)
    except DomainError as error:
        _fail(row, step, Trouble(error.message))
        if isinstance(error, (AccountRestricted, SubscriptionNeeded)):
            tell(row, "stopped", error.message)
        return None
    try:
        old = queries.old_credentials(_tenant(row), row.id)
    except SecretUnreadable:
        _fail(row, step, _UNREADABLE, is_token_refused=True)
        return None
    asked_at = row.asked_at
    if step is Step.MOVE and not note_asked(row, now):
        _fail(row, step, _NOT_NOW)
        return None
    take(row, LEASE)
    return Order(
        transfer_id=row.id,
        organization_id=row.organization_id,
        account_id=row.account_id,
        step=step,
        lease=row.lease,
        old_account_sid=row.old_account_sid,
        number_sid=row.number_sid,
        e164=row.e164,
        name=row.number_name,
        asked_at=asked_at,
        now=now,
        since=(row.carried_at or row.started_at) - _OVERLAP,
        old=old,
        opening=opening,
        heard_at=_heard_at(row) if step is Step.TEST else None,
    )


def settle(order: Order, outcome: Outcome) -> bool:
    """Write down how a step ended, and say whether the next one may follow at once.

    A run whose lease another one took over is not believed: that one looked for itself.
    """
    row = locked(order.tenant, order.transfer_id)
    if row.lease != order.lease or row.ended_at is not None:
        return False
    row.lease_until, row.asked_at = None, outcome.asked_at
    if order.step is Step.OPEN and outcome.opening is not None:
        number_service.keep_opened(
            outcome.opening, actor=SYSTEM, may_have_opened=outcome.may_have_opened
        )
    match outcome.result:
        case Result.DONE:
            return _done(row, order, outcome)
        case Result.PENDING:
            row.tries = 0
            clear_trouble(row)
            row.next_at = utcnow() + next_look(
                utcnow() - row.step_since, at_most=steps.LOOKED_AT_LEAST_EVERY
            )
        case Result.NOT_NOW:
            assert outcome.trouble is not None  # whoever fails says why
            _fail(row, order.step, outcome.trouble, is_token_refused=outcome.is_token_refused)
    return False


def skip(row: Transfer, step: Step) -> None:
    """Go on without a step that can be done without."""
    note(row, step, "skipped")
    _follow(row, [Step(one) for one in row.todo[1:]])
    _record(row, step, outcome="skipped")


def _has_gone(row: Transfer) -> bool:
    """Say whether the number came, and is the carrier's or somebody else's again."""
    sender = numbers.sender(row.sender_id) if row.sender_id else None
    return sender is not None and sender.state is SenderState.RELEASED


def _opening(row: Transfer, step: Step) -> Opening | None:
    """Return our own side. Raises what keeps the account from going on (B-1, N-7)."""
    if step in steps.BEFORE_ARRIVAL:
        account = accounts.account(row.account_id)
        assert account is not None  # the row names it
        number_service.check_allowed(account)
    if step is Step.OPEN:
        return number_service.take_charge_of_opening(row.organization_id)
    own = numbers.credentials(row.organization_id)
    return Opening(row.organization_id, own, numbers.messaging_service(row.organization_id))


def _done(row: Transfer, order: Order, outcome: Outcome) -> bool:
    step = order.step
    if step is Step.CONNECT and not _connected(row, outcome):
        return False
    rest = [Step(one) for one in row.todo[1:]]
    match step:
        case Step.CONNECT:
            assert row.path is not None  # it was just found out
            rest = list(steps.after_connecting(row.path))
        case Step.CHECK:
            assert outcome.number is not None  # without it the step is not done
            keep_look(row, outcome.number, outcome)
        case Step.CARRY | Step.LAST_LOOK:
            row.carried += opt_out(order, opt_outs.stopped(outcome.texts))
            row.is_log_whole = row.is_log_whole and outcome.is_log_whole
            row.carried_at = order.now
        case Step.MOVE | Step.AWAIT:
            assert outcome.number is not None  # without it the step is not done
            if not _arrived(row, outcome.number):
                return False
        case Step.JOIN:
            assert row.sender_id is not None  # it arrived before
            number_service.note_joined(_tenant(row), row.sender_id)
        case Step.CLEAN_UP:
            note(row, step, "done")
            end(row, Ending.MOVED)
            _record(row, step, is_token_deleted=True)
            return False
    note(row, step, "done")
    _follow(row, rest)
    _record(row, step)
    return row.next_at is not None


def keep_look(row: Transfer, number: TheirNumber, outcome: Outcome) -> None:
    """Keep what the check found, in words."""
    found = findings.judge(number, outcome.service, here_of(row.organization_id, number.e164))
    row.findings = [asdict(one) for one in found]
    row.looked_at = utcnow()


def here_of(organization_id: UUID, e164: str) -> Here:
    """Return what is known of our own side."""
    registration = registrations.of_organization(organization_id)
    return Here(
        has_campaign=registration is not None and registration.state is State.REGISTERED,
        held=findings.why_held(numbers.holder(e164), organization_id),
    )


def _connected(row: Transfer, outcome: Outcome) -> bool:
    """Keep whose the old account is; refuse one of ours."""
    account = outcome.account
    assert account is not None  # without it the step is not done
    if numbers.is_own_account(account.sid):
        _fail(row, Step.CONNECT, _OURS)
        row.next_at = None  # trying again changes nothing
        return False
    row.old_account_name = account.name[:100]
    row.path = Path.SAME_OWNER if _is_ours(account.owner_sid) else Path.UNRELATED
    return True


def _is_ours(owner_sid: str) -> bool:
    return owner_sid == settings().twilio_account_sid


def _arrived(row: Transfer, number: TheirNumber) -> bool:
    """Take the number in, in the transaction that says that it came."""
    arrival = Arrival(
        e164=number.e164,
        name=row.number_name,
        carrier_sid=number.sid,
        capabilities=number.capabilities,
        request_key=f"transfer-{row.id.hex}",
    )
    try:
        sender = number_service.adopt(_tenant(row), arrival, actor=SYSTEM)
    except DomainError as error:
        _fail(row, Step(row.todo[0]), Trouble(error.message))
        return False
    row.sender_id, row.number_sid = sender.id, number.sid
    row.moved_at, row.asked_at = utcnow(), None
    tell(row, "arrived")
    return True


def _follow(row: Transfer, rest: list[Step]) -> None:
    set_todo(row, rest)
    if not steps.needs_token(rest):
        row.sealed_token = None  # nothing is left to be looked at in the old account
    row.next_at = None if rest and rest[0] in steps.BY_PERSON else utcnow()
    db.session.flush()  # the audit entry comes last


def _fail(row: Transfer, step: Step, trouble: Trouble, *, is_token_refused: bool = False) -> None:
    """Keep why it stands still; what only a person can mend is not tried again by itself."""
    note(row, step, "trouble", trouble.sentence)
    keep_trouble(row, trouble)
    is_news = is_token_refused and not row.is_token_refused
    row.is_token_refused = is_token_refused
    is_waited_for = is_token_refused and row.asked_at is None  # else it may come by itself
    row.next_at = None if is_waited_for else utcnow() + back_off(row.tries)
    row.tries += 1
    if is_news and step is not Step.CONNECT:
        tell(row, "token")


def _record(row: Transfer, step: Step, **more: object) -> None:
    audit.record(
        "transfers:transfer:step",
        actor=SYSTEM,
        organization_id=row.organization_id,
        account_id=row.account_id,
        subject_id=row.id,
        step=step.value,
        number=row.e164,
        **more,
    )


def _heard_at(row: Transfer) -> datetime | None:
    return messaging.heard_at(_tenant(row), row.e164 or "", row.moved_at or row.step_since)


def _tenant(row: Transfer) -> Tenant:
    return Tenant(row.organization_id, row.account_id)
