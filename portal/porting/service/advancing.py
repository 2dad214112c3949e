"""One step after the other: taken by one run, carried out outside, written down (N-3, ADR 0010).

    with unit_of_work():
        order = porting.claim(port_in_id)
    outcome = porting.carry_out(order)
    with unit_of_work():
        goes_on = porting.settle(order, outcome)

A run that dies loses nothing: its lease ends, and the next one looks before it asks for anything.
"""

from dataclasses import asdict
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select

from portal.core import jobs
from portal.core.audit import SYSTEM, Actor
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.errors import DomainError
from portal.core.formats import date_words
from portal.core.jobs import Job
from portal.core.leased import forget_trouble, is_due, keep_trouble, note_asked, take
from portal.core.secrets_box import SecretUnreadable
from portal.core.steps import Trouble, back_off, next_look
from portal.core.tenancy import Tenant
from portal.gateways.porting import ENDED, PortNews, PortStatus
from portal.numbers import queries as numbers
from portal.numbers import service as number_service
from portal.numbers.errors import NumberTaken, SetUpRunning
from portal.numbers.values import Arrival, Opening, SenderState
from portal.porting import queries
from portal.porting.models import PortIn
from portal.porting.rules import rejections, steps
from portal.porting.service.ending import end
from portal.porting.service.rows import SECRETS, happened, locked, open_secret, record
from portal.porting.service.telling import tell
from portal.porting.values import Order, Outcome, PortInRef, Result, State, Step
from portal.texting_accounts import queries as accounts

LEASE: Final = timedelta(seconds=120)  # longer than one step's carrier calls can take
_PATIENCE: Final = timedelta(days=3)  # then whoever has to do something is reminded
_ASKED_ELSEWHERE: Final = Trouble(
    "Another request for this number is open at Twilio.",
    "This one goes on by itself once that has ended. Call it off if it should not.",
)
_NOT_ARRIVED: Final = Trouble(
    "Twilio says that the number has moved, but it is not in your brokerage's account.",
    "It is looked for again by itself. Message support, who can ask Twilio where it is.",
)
_OPENING_TAKES: Final = timedelta(minutes=1)
_UNREADABLE: Final = Trouble(
    "The account number or PIN can't be read.",
    "Call this off and begin anew, or have an administrator check ENCRYPTION_KEYS.",
)
_STATUS_WORDS: Final = {
    PortStatus.IN_REVIEW: "Twilio reviews it.",
    PortStatus.WAITING_FOR_SIGNATURE: "Twilio mailed its letter to {email} to be signed.",
    PortStatus.IN_PROGRESS: "It is with the carrier that has the number.",
}


def claim(port_in_id: UUID) -> Order | None:
    """Take the next step to do; None when nothing is due, or another run is at it."""
    row = db.session.get(PortIn, port_in_id, with_for_update=True, populate_existing=True)
    now = utcnow()
    if row is None or not is_due(row, now):
        return None
    step, asked_at = Step(row.todo[0]), row.asked_at
    if _has_gone(row):
        end(row, State.DONE)
        happened(row, "The number was given back before it was set up.")
        record(row, "step", SYSTEM, state=row.state.value, request_sid=row.request_sid)
        return None
    stopped = _stopped(row, step)
    if stopped is not None:
        _not_now(row, stopped)
        tell(row, "trouble", stopped.sentence)
        return None
    try:
        opening, secrets = _opening(row, step), _secrets(row, step)
    except SecretUnreadable as error:
        _not_now(row, Trouble(error.message))
        return None
    if secrets is None:
        _not_now(row, _UNREADABLE)
        return None
    if opening is None:
        row.next_at = now + _OPENING_TAKES
        return None
    if step is Step.ORDER and not note_asked(row, now):
        _not_now(row, _ASKED_ELSEWHERE)
        tell(row, "trouble", _ASKED_ELSEWHERE.sentence)
        return None
    take(row, LEASE)
    known = queries.ref(row)
    return Order(
        port_in_id=row.id,
        tenant=known.tenant,
        step=step,
        lease=row.lease,
        e164=row.e164,
        name=row.name,
        details=known.details,
        account_number=secrets["account_number"],
        pin=secrets["pin"],
        bill=known.bill,
        document_sid=row.document_sid,
        request_sid=row.request_sid,
        withdrawn=tuple(row.withdrawn),
        carrier_sid=row.carrier_sid,
        asked_at=asked_at,
        submitted_on=(row.submitted_at or now).date(),
        now=now,
        credentials=opening.credentials,
        service_sid=opening.service_sid,
    )


def settle(order: Order, outcome: Outcome) -> bool:
    """Write down how a step ended, and say whether the next one may follow at once.

    A run whose lease another one took over is not believed: that one looked for itself. What it
    found of the organization's own account is.
    """
    row = locked(order.tenant, order.port_in_id)
    if order.step is Step.ACCOUNT:
        number_service.keep_opened(
            Opening(order.tenant.organization_id, outcome.credentials, outcome.service_sid),
            actor=SYSTEM,
            may_have_opened=outcome.may_have_opened,
        )
    if row.lease != order.lease:
        return False
    row.lease_until, row.asked_at = None, outcome.asked_at
    if outcome.trouble is None:
        forget_trouble(row)
    if outcome.news is not None:
        _heard(row, outcome.news)
    match outcome.result:
        case Result.DONE:
            return _done(row, order, outcome)
        case Result.PENDING:
            _pending(row, order.step)
        case Result.WAITING | Result.NOT_NOW:
            _not_now(row, outcome.trouble)
        case Result.TURNED_DOWN:
            _turned_down(row, outcome.news)
        case Result.MOVED:
            happened(row, "It was too late to call it off: the number has moved.")
            return _move_on(row, steps.SET_UP)
    return False


def try_now(tenant: Tenant, port_in_id: UUID, *, actor: Actor) -> None:
    """Go on at once with what waits; for people who mended what was in the way."""
    row = locked(tenant, port_in_id)
    if row.next_at is None:
        return
    row.next_at = utcnow()
    record(row, "retry", actor)
    jobs.request(Job.ADVANCE_PORT_IN, row.id)


def hear(request_sid: str) -> bool:
    """Look at a request that Twilio has news of; nothing the news says is believed."""
    row = db.session.scalar(
        select(PortIn)
        .where(PortIn.request_sid == request_sid, PortIn.state == State.UNDERWAY)
        .with_for_update()
    )
    if row is None:
        return False
    row.next_at = utcnow()
    jobs.request(Job.ADVANCE_PORT_IN, row.id)
    return True


def remind() -> int:
    """Tell of numbers that move tomorrow or wait for somebody for days, once each."""
    count = 0
    for known in queries.to_remind_of():
        event = "near" if _is_tomorrow(known) else "waits" if _waits_long(known) else None
        if event is not None:
            count += tell(db.session.get_one(PortIn, known.id), event) > 0
    return count


def _is_tomorrow(known: PortInRef) -> bool:
    account = accounts.account(known.account_id)
    if account is None or known.port_date is None or known.state is not State.UNDERWAY:
        return False
    return known.port_date - accounts.today(account, utcnow()) == timedelta(days=1)


def _waits_long(known: PortInRef) -> bool:
    waits = known.waits_for_signature or known.state is State.ACTION_NEEDED
    return waits and utcnow() > (known.submitted_at or utcnow()) + _PATIENCE


def _has_gone(row: PortIn) -> bool:
    """Say whether the number came, and is the carrier's or somebody else's again."""
    sender = numbers.sender(row.sender_id) if row.sender_id else None
    return sender is not None and sender.state is SenderState.RELEASED


def _stopped(row: PortIn, step: Step) -> Trouble | None:
    """Return what keeps the account from asking for a number now (B-1, N-7)."""
    if step not in steps.BEFORE_ASKED:
        return None
    account = accounts.account(row.account_id)
    assert account is not None  # the row names it
    try:
        number_service.check_allowed(account)
    except DomainError as error:
        return Trouble(error.message)
    return None


def _opening(row: PortIn, step: Step) -> Opening | None:
    """Return what the organization has at Twilio; None while somebody else opens it."""
    if step is not Step.ACCOUNT:
        return Opening(
            row.organization_id,
            numbers.credentials(row.organization_id),
            numbers.messaging_service(row.organization_id),
        )
    try:
        return number_service.take_charge_of_opening(row.organization_id)
    except SetUpRunning:
        return None


def _secrets(row: PortIn, step: Step) -> dict[str, str] | None:
    """Return what opens the old account where it is told now; None: no key of ours opens it."""
    if step is not Step.ORDER:
        return dict.fromkeys(SECRETS, "")
    try:
        return {name: open_secret(row, name) for name in SECRETS}
    except SecretUnreadable:
        return None


def _heard(row: PortIn, news: PortNews) -> None:
    """Write down what is new, and tell what somebody has to do or to know."""
    is_link = news.signature_url.startswith(("https://", "http://"))
    row.signature_url = news.signature_url[:500] if is_link else ""
    if news.said != row.carrier_status:
        row.carrier_status = news.said[:40]
        words = _STATUS_WORDS.get(news.status)
        if words is not None:
            happened(row, words.format(email=row.details.get("email", "")))
        if news.status is PortStatus.WAITING_FOR_SIGNATURE:
            tell(row, "signature")
    if news.port_date is not None and news.port_date != row.port_date:
        row.port_date = news.port_date
        happened(row, f"It moves on {date_words(news.port_date)}.")
        if news.status is not PortStatus.COMPLETED:
            tell(row, "dated")


def _pending(row: PortIn, step: Step) -> None:
    """Look again later; a number that has moved and does not come for days is told of."""
    waited = utcnow() - (row.step_since or utcnow())
    row.tries = 0
    row.next_at = utcnow() + next_look(waited, at_most=steps.LOOKED_AT_LEAST_EVERY)
    if step is Step.ARRIVE and waited >= _PATIENCE:
        keep_trouble(row, _NOT_ARRIVED)
        tell(row, "trouble", _NOT_ARRIVED.sentence)


def _done(row: PortIn, order: Order, outcome: Outcome) -> bool:
    match order.step:
        case Step.UPLOAD:
            row.document_sid = outcome.sid
        case Step.ORDER:
            row.request_sid = outcome.sid
            happened(row, "Twilio has the request.")
        case Step.WITHDRAW:
            _withdrawn(row, outcome.sid)
        case Step.AWAIT:
            happened(row, "The number has moved.")
        case Step.ARRIVE:
            return _arrived(row, outcome)
        case Step.JOIN if row.sender_id is not None:
            number_service.note_joined(order.tenant, row.sender_id)
        case _:
            pass
    return _move_on(row, tuple(Step(step) for step in row.todo[1:]))


def _move_on(row: PortIn, todo: tuple[Step, ...]) -> bool:
    """Go to the next step, or to the end, and say whether there is a next one."""
    was_calling_off = row.state is State.CANCELING
    row.todo, row.tries, row.asked_at = [step.value for step in todo], 0, None
    row.next_at = row.step_since = utcnow()
    row.state = steps.state_at(todo)
    if not todo:
        end(row, State.CANCELED if was_calling_off else State.DONE)
        happened(row, "It stays with its carrier." if was_calling_off else "It is set up here.")
        tell(row, "canceled" if was_calling_off else "done")
    record(row, "step", SYSTEM, state=row.state.value, request_sid=row.request_sid)
    return bool(todo)


def _arrived(row: PortIn, outcome: Outcome) -> bool:
    """Make the number the account's own: once, however often it arrives."""
    assert outcome.owned is not None
    owned = outcome.owned
    arrival = Arrival(
        e164=row.e164,
        name=row.name,
        carrier_sid=owned.sid,
        capabilities=owned.capabilities,
        request_key=f"port-in:{row.id.hex}",
    )
    tenant = Tenant(row.organization_id, row.account_id)
    try:
        row.sender_id = number_service.adopt(tenant, arrival, actor=SYSTEM).id
    except NumberTaken as error:
        _not_now(row, Trouble(error.message))
        return False
    row.carrier_sid = owned.sid
    return _move_on(row, tuple(Step(step) for step in row.todo[1:]))


def _withdrawn(row: PortIn, sid: str | None) -> None:
    if sid is not None:
        row.withdrawn = [*row.withdrawn, sid]
    row.request_sid = row.document_sid = None
    row.carrier_status, row.port_date = "", None


def _turned_down(row: PortIn, news: PortNews | None) -> None:
    is_expired = news is not None and news.status is PortStatus.EXPIRED
    if news is not None and news.status in ENDED and row.request_sid is not None:
        row.withdrawn = [*row.withdrawn, row.request_sid]
        row.request_sid = None  # it keeps nobody from asking for the number any more
    said = _without_secrets(row, news.reason if news else "")
    found = (rejections.EXPIRED,) if is_expired else rejections.explain(said)
    row.state, row.next_at, row.tries = State.ACTION_NEEDED, None, 0
    row.signature_url = ""
    row.problems = [asdict(one) for one in found]
    happened(row, found[0].sentence)
    tell(row, "turned_down", found[0].sentence)
    record(row, "turn_down", SYSTEM, said=said[:200])


def _without_secrets(row: PortIn, said: str) -> str:
    """Return a carrier's words without what opens the old account, should it repeat that."""
    try:
        known = [open_secret(row, name) for name in SECRETS]
    except SecretUnreadable:
        return ""
    for secret in filter(None, known):
        said = said.replace(secret, "…")
    return said


def _not_now(row: PortIn, trouble: Trouble | None) -> None:
    row.next_at = utcnow() + back_off(row.tries)
    row.tries += 1
    if trouble is not None:
        keep_trouble(row, trouble)
        if trouble.code is not None:
            tell(row, "trouble", trouble.sentence)
