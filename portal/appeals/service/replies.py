"""What the carrier answers: kept on the ticket, and what follows from it (A-6).

Information requested waits for an answer in the same round; a reinstatement lifts the suspension;
a denial opens the next round with what was written and sent before.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import update

from portal.appeals import queries
from portal.appeals.errors import NotThatWay
from portal.appeals.models import AppealCase, AppealPart, AppealReply
from portal.appeals.rules import tallying, waiting
from portal.appeals.rules.states import Move, Party
from portal.appeals.service import cases, files, tickets
from portal.appeals.service.files import Checked
from portal.appeals.service.telling import notify, short, tell
from portal.appeals.values import (
    FROZEN,
    IN_PARTS,
    REPLY_LABELS,
    CaseRef,
    FileKind,
    FileRef,
    Happening,
    Reply,
    ReplyKind,
    Slot,
)
from portal.core import clock, formats
from portal.core.audit import Actor
from portal.core.db import db
from portal.core.tenancy import owned
from portal.messaging.service import reinstating
from portal.people import queries as people
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef, AccountState

Carried = Sequence[tuple[FileRef, Checked]]
MOVES: Final[Mapping[ReplyKind, Move]] = {
    ReplyKind.INFORMATION: Move.ASK_INFORMATION,
    ReplyKind.REINSTATED: Move.REINSTATE,
    ReplyKind.DENIED: Move.DENY,
    ReplyKind.WITHDRAWN: Move.WITHDRAW,
}
_TITLES: Final[Mapping[ReplyKind, str]] = {
    ReplyKind.INFORMATION: "The carrier asks about an appeal",
    ReplyKind.REINSTATED: "The carrier granted an appeal",
    ReplyKind.DENIED: "The carrier denied an appeal",
    ReplyKind.WITHDRAWN: "An appeal was withdrawn",
}


def carried_by(case: CaseRef) -> Carried:
    """Return the files a next round begins with: those of the parts, and what was sent.

    Outside a unit of work: they are opened and read whole.
    """
    return [
        (file, Checked(file.name, file.media_type, files.content_of(file)))
        for file in queries.files(case)
        if file.kind in FROZEN or (file.kind in IN_PARTS and file.part is not None)
    ]


def record(
    case: CaseRef,
    reply: Reply,
    by: frozenset[Party],
    *,
    actor: Actor,
    attached: Sequence[Checked] = (),
    carried: Carried = (),
) -> CaseRef:
    """Keep a reply and do what follows; return the case, or the next round after a denial.

    `carried` is what `carried_by` gave, for a denial. Raises BadReply, FileRefused, NotThatWay,
    or MovedMeanwhile where somebody kept a reply first: nothing is done twice.
    """
    account = accounts.get_or_404(case.tenant)
    today = accounts.today(account, clock.utcnow())
    reply = waiting.checked(reply, today=today, has_files=bool(attached))
    values: dict[str, Any] = {}
    if reply.due_on is not None:
        values["due_at"] = waiting.end_of(reply.due_on, account.timezone)
    said = f"{REPLY_LABELS[reply.kind]}, {reply.received_on.isoformat()}"
    answer = f"Their answer of {formats.date_words(reply.received_on)}"
    now = cases.move(case, MOVES[reply.kind], by, actor=actor, reason=answer, values=values)
    row = AppealReply(
        id=uuid4(),
        organization_id=case.organization_id,
        account_id=case.account_id,
        case_id=case.id,
        kind=reply.kind,
        received_on=reply.received_on,
        text=reply.text,
        asked=reply.asked,
        due_on=reply.due_on,
        recorded_at=clock.utcnow(),
        recorded_by_id=actor.id,
        recorded_by=actor.label[:200],
    )
    db.session.add(row)
    for checked in attached:
        files.keep(now, checked, actor=actor, kind=FileKind.REPLY, about_id=row.id)
    tell(now, Happening.REPLIED, actor=actor, text=short(reply.asked or reply.text), line_id=row.id)
    if reply.ticket:
        now = tickets.name_ticket(now, reply.ticket, actor=actor)
    if reply.kind is ReplyKind.REINSTATED:
        _lift(account, case, said, actor)
    elif reply.kind is ReplyKind.DENIED:
        now = _next_round(account, now, carried, actor)
    _notify(account, now, reply, actor)
    return now


def _lift(account: AccountRef, case: CaseRef, said: str, actor: Actor) -> None:
    """Let the account send again, as slowly as after a pause (H-4, H-8); bulk texts stay paused.

    Nothing is lifted where another suspension holds by now, or where somebody lifted it before.
    What part 5 paused goes on once a person lifts it.
    """
    holds = cases.suspension(account)
    if account.state is not AccountState.SUSPENDED or (
        holds is not None and holds.id != case.restriction_id
    ):
        return
    reinstating.lift(account, f"Appeal, round {case.round}: {said}", actor=actor)


def _next_round(account: AccountRef, denied: CaseRef, carried: Carried, actor: Actor) -> CaseRef:
    """Open the next round with the answers and files of the one before, due by policy (A-6).

    That the traffic has ceased is confirmed anew: it may have gone on meanwhile.
    """
    holds = cases.suspension(account)
    if holds is None or holds.id != denied.restriction_id:
        return denied  # the suspension is over: there is nothing to appeal
    case = cases.open_case(account, denied.kind, actor=actor)
    if case.previous_id != denied.id:
        raise NotThatWay("Another appeal of this suspension is open.")
    policy = queries.settings_of(case.organization_id)
    db.session.execute(
        update(AppealCase)
        .where(owned(case.tenant, AppealCase), AppealCase.id == case.id)
        .values(
            due_at=waiting.expected_by(clock.utcnow(), account.timezone, policy.round_days),
            assignee_id=denied.assignee_id,
            assignee=denied.assignee,
            carrier_ticket=denied.carrier_ticket,
            # Whoever kept the denial has written nothing of it.
            created_by_id=denied.created_by_id,
            created_by=denied.created_by,
        )
        .execution_options(synchronize_session=False)
    )
    numbers = {part.slot: part.number for part in queries.parts(case)}
    before = queries.parts(denied)
    for part in before:
        if part.slot not in numbers or part.slot is Slot.CEASED:
            continue
        row = db.session.get_one(AppealPart, (case.id, numbers[part.slot]))
        row.answer, row.text, row.link = part.answer, part.text, part.link
        row.numbers = list(part.numbers)
        row.tally = tallying.as_json(part.tally) if part.tally else None
    slots = {part.number: part.slot for part in before}
    for file, checked in carried:
        if file.kind in FROZEN:
            name = f"round-{denied.round}-{checked.name}"
            files.keep(
                case, Checked(name, checked.media_type, checked.content),
                actor=actor, kind=FileKind.EARLIER, about_id=file.id,
            )  # fmt: skip
        elif file.part is not None and slots[file.part] in numbers:
            files.keep(case, checked, actor=actor, kind=file.kind, part=numbers[slots[file.part]])
    tell(case, Happening.ATTACHED, actor=actor, text=f"What round {denied.round} was written with")
    return queries.case_or_404(case.tenant, case.id)


def _notify(account: AccountRef, case: CaseRef, reply: Reply, actor: Actor) -> None:
    officers = [one.id for one in people.officers(case.organization_id)]
    wrote = [id_ for id_ in (case.created_by_id, case.assignee_id) if id_ is not None]
    told = [*accounts.watchers(account), *officers, *wrote]
    notify(
        case,
        account,
        [user for user in told if user != actor.id],
        title=_TITLES[reply.kind],
        text=f"{actor.label}: {short(reply.asked or reply.text) or REPLY_LABELS[reply.kind]}",
        key=f"appeal:{case.id}:{case.edits}:{reply.kind.value}",
    )
