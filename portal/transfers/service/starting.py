"""What a person does in a transfer: begin, connect again, pick, agree, go on, give up (N-2)."""

from dataclasses import asdict, dataclass, field
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy.exc import IntegrityError

from portal.core import audit, jobs, phone
from portal.core.audit import SYSTEM, Actor
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.jobs import Job
from portal.core.leased import is_running
from portal.core.secrets_box import box
from portal.core.tenancy import Tenant
from portal.gateways.transfers import TheirNumber
from portal.numbers import queries as numbers
from portal.numbers import service as number_service
from portal.texting_accounts.values import AccountRef
from portal.transfers import queries
from portal.transfers.errors import CannotMove, NotNow, TransferOpen
from portal.transfers.models import Transfer
from portal.transfers.rules import findings, steps
from portal.transfers.service.advancing import here_of, skip
from portal.transfers.service.rows import end, locked, set_todo, step_of
from portal.transfers.service.telling import tell
from portal.transfers.values import Ending, Path, Signature, Step, TransferRef

JOB_WITHIN_S: Final = 600  # a long log takes a while to read
_TOO_LATE: Final = "The number is on its way already, so this can't be changed any more."


@dataclass(frozen=True, slots=True)
class OldPlace:
    """Where the number is today: an account with its token, or an account and a number of it."""

    account_sid: str
    token: str = field(default="", repr=False)
    e164: str = ""


def begin(account: AccountRef, place: OldPlace, *, actor: Actor) -> TransferRef:
    """Begin to bring a number over; while one is open, that one is returned.

    Raises SubscriptionNeeded, AccountRestricted, CannotMove or TransferOpen.
    """
    if (open_already := queries.open_of(account.tenant)) is not None:
        return open_already
    number_service.check_allowed(account)
    row = Transfer(
        id=uuid4(),
        organization_id=account.organization_id,
        account_id=account.id,
        old_account_sid=place.account_sid,
        todo=[],
        started_by=actor.label[:200],
        next_at=utcnow(),
    )
    if place.token:
        set_todo(row, steps.WITH_TOKEN)
        _seal(row, place.token)
    else:
        _unseen(row, place)
    db.session.add(row)
    _flush()
    _record(row, "begin", actor, has_token=bool(place.token), number=row.e164)
    return queries.ref(row)


def check_needs_token(known: TransferRef) -> None:
    """Raise NotNow where nothing is left to be looked at in the old account."""
    if known.ended_at is not None or not steps.needs_token(known.todo):
        raise NotNow("This transfer does not need the old account's token.")


def reconnect(tenant: Tenant, transfer_id: UUID, token: str, *, actor: Actor) -> None:
    """Take another token of the old account, and go on with it. Raises NotFound or NotNow."""
    row = locked(tenant, transfer_id)
    check_needs_token(queries.ref(row))
    _seal(row, token)
    row.is_token_refused = False
    if step_of(row) not in steps.BY_PERSON:
        row.next_at = utcnow()
    _record(row, "connect", actor)
    jobs.request(Job.ADVANCE_TRANSFER, row.id, timeout_s=JOB_WITHIN_S)


def pick(tenant: Tenant, transfer_id: UUID, number: TheirNumber, *, actor: Actor) -> None:
    """Pick a number of the old account, or another one. Raises NotNow, CannotMove, TransferOpen."""
    row = locked(tenant, transfer_id)
    if not steps.may_pick(step_of(row), row.path) or is_running(row):
        raise NotNow(_TOO_LATE)
    held = findings.why_held(numbers.holder(number.e164), tenant.organization_id)
    why = findings.why_not(number, held=held)
    if why is not None:
        raise CannotMove(f"{phone.show(number.e164)} can't be brought over. {why}")
    assert row.path is not None  # may_pick says so
    row.e164, row.number_sid = number.e164, number.sid
    row.number_name = (number.name or phone.show(number.e164))[:64]
    row.findings, row.looked_at = [], None
    set_todo(row, steps.after_connecting(row.path)[1:])
    row.next_at = utcnow()
    _flush()
    _record(row, "pick", actor, number=row.e164)


def look_again(tenant: Tenant, transfer_id: UUID) -> None:
    """Have the check done anew. Raises NotNow."""
    row = locked(tenant, transfer_id)
    if step_of(row) is not Step.CONFIRM or row.number_sid is None:
        raise NotNow(_TOO_LATE)
    row.todo = [Step.CHECK.value, *row.todo]
    row.next_at = utcnow()


def confirm(
    account: AccountRef, transfer_id: UUID, signature: Signature | None, *, actor: Actor
) -> None:
    """Agree to what the move changes, sign it where it needs that, and let it begin.

    A second click changes nothing. Raises NotNow, CannotMove, SubscriptionNeeded,
    AccountRestricted.
    """
    row = locked(account.tenant, transfer_id)
    if step_of(row) is not Step.CONFIRM:
        if row.ended_at is None and Step.CONFIRM.value not in row.todo:
            return
        raise NotNow("This transfer is not ready to be agreed to.")
    number_service.check_allowed(account)
    if findings.is_stopped(queries.ref(row).findings):
        raise CannotMove("This number can't be brought over. Pick another one.")
    if row.path is Path.UNRELATED and signature is None:
        raise CannotMove("The owner of the old account has to sign first.")
    if signature is not None:
        row.signature = asdict(signature) | {"signed_at": signature.signed_at.isoformat()}
    set_todo(row, [Step(one) for one in row.todo[1:]])
    row.next_at = utcnow()
    db.session.flush()  # the audit entry comes last
    signed_by = signature.name if signature else None
    _record(row, "confirm", actor, number=row.e164, signed_by=signed_by)
    jobs.request(Job.ADVANCE_TRANSFER, row.id, timeout_s=JOB_WITHIN_S)


def note_request(tenant: Tenant, transfer_id: UUID, ticket: str, *, actor: Actor) -> None:
    """Note that the signed request went to Twilio's support. Raises NotNow."""
    row = locked(tenant, transfer_id)
    if step_of(row) is not Step.AWAIT:
        raise NotNow("No request to Twilio's support is waited for.")
    row.requested_at, row.ticket = utcnow(), ticket[:60]
    _record(row, "request", actor, ticket=row.ticket)


def try_now(tenant: Tenant, transfer_id: UUID, *, actor: Actor) -> None:
    """Go on at once with what waits; for people who mended what was in the way."""
    row = locked(tenant, transfer_id)
    if row.ended_at is not None or step_of(row) in steps.BY_PERSON or is_running(row):
        return
    row.next_at = utcnow()
    _record(row, "retry", actor)
    jobs.request(Job.ADVANCE_TRANSFER, row.id, timeout_s=JOB_WITHIN_S)


def go_on_without(tenant: Tenant, transfer_id: UUID, *, actor: Actor) -> None:
    """Leave out a step that can be done without. Raises NotNow."""
    row = locked(tenant, transfer_id)
    step = step_of(row)
    if step not in steps.MAY_BE_SKIPPED or is_running(row):
        raise NotNow("This step can't be left out.")
    skip(row, step)
    _record(row, "skip", actor, step=step.value)
    jobs.request(Job.ADVANCE_TRANSFER, row.id, timeout_s=JOB_WITHIN_S)


def give_up(tenant: Tenant, transfer_id: UUID, *, actor: Actor) -> None:
    """Leave the number where it is and delete the old account's token. Raises NotNow."""
    row = locked(tenant, transfer_id)
    if row.ended_at is not None:
        return
    if is_running(row):
        raise NotNow("A step is being done right now. Try again in a minute.")
    if not queries.ref(row).may_be_given_up:
        raise NotNow(
            "The number may have been moved already, so this has to be seen through. Look again."
        )
    end(row, Ending.GIVEN_UP)
    db.session.flush()  # the audit entry comes last
    _record(row, "give_up", actor, number=row.e164, is_token_deleted=True)


def expire(transfer_id: UUID) -> bool:
    """Give up what nobody went on with, so that the old account's token does not stay here."""
    row = db.session.get(Transfer, transfer_id, with_for_update=True, populate_existing=True)
    step = step_of(row) if row is not None else None
    if row is None or step is None or not queries.ref(row).may_be_given_up:
        return False
    waits = step in steps.BY_PERSON or row.trouble is not None
    if not steps.is_abandoned(step, row.step_since, utcnow(), waits_for_person=waits):
        return False
    end(row, Ending.EXPIRED)
    tell(row, "expired")
    _record(row, "expire", SYSTEM, number=row.e164, is_token_deleted=True)
    return True


def forget_token(transfer_id: UUID) -> bool:
    """Delete the token of a number that is here: a last look that failed for a day is left out."""
    row = db.session.get(Transfer, transfer_id, with_for_update=True, populate_existing=True)
    if row is None or row.sealed_token is None or row.sender_id is None or is_running(row):
        return False
    row.sealed_token = None
    if step_of(row) is Step.LAST_LOOK:
        skip(row, Step.LAST_LOOK)
    db.session.flush()  # the audit entry comes last
    _record(row, "forget", SYSTEM, number=row.e164, is_token_deleted=True)
    return True


def _unseen(row: Transfer, place: OldPlace) -> None:
    """Prepare a transfer of a number in an account that nobody can look into."""
    if numbers.holder(place.e164) == row.organization_id:
        raise CannotMove(f"{phone.show(place.e164)} is here already.")
    row.path, row.e164 = Path.UNRELATED, place.e164
    row.number_name = phone.show(place.e164)
    set_todo(row, steps.WITHOUT_TOKEN)
    row.next_at = None
    found = findings.unseen(place.e164, here_of(row.organization_id, place.e164))
    row.findings, row.looked_at = [asdict(one) for one in found], utcnow()


def _seal(row: Transfer, token: str) -> None:
    row.sealed_token = box().seal(token, queries.place_of_token(row.id, row.organization_id))


def _flush() -> None:
    """Let the constraints speak. Raises TransferOpen."""
    try:
        db.session.flush()
    except IntegrityError as error:
        raise TransferOpen(
            "This number, or this account, is in the middle of another transfer. Finish that first."
        ) from error


def _record(row: Transfer, verb: str, actor: Actor, **more: object) -> None:
    audit.record(
        f"transfers:transfer:{verb}",
        actor=actor,
        organization_id=row.organization_id,
        account_id=row.account_id,
        subject_id=row.id,
        old_account_sid=row.old_account_sid,
        **more,
    )
