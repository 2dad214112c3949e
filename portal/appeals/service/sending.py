"""An appeal goes to the carrier, and so do answers: by mail once, or by hand (A-5, A-6).

    request(case, actor=...)          # in the unit of work that submits and freezes it
    sending = claim(sending_id)       # a worker, in a unit of work of its own
    parcel = frozen(case)             # what was frozen, or the files of an answer
    finish(sending, parcel)           # files, mail and mark in one unit of work

The mail is a row beside the mark, so that a worker that dies leaves both or neither; the mail
server is then asked as for every mail (`portal.mail`): retried, leased, one Message-ID.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update

from portal.appeals import queries
from portal.appeals.errors import BadReply, NotThatWay, SentAlready
from portal.appeals.models import AppealCase, AppealSending
from portal.appeals.rules import waiting
from portal.appeals.rules.states import Move, Party
from portal.appeals.service import cases, files, tickets
from portal.appeals.service.files import Checked
from portal.appeals.service.telling import notify, tell
from portal.appeals.values import (
    FROZEN,
    CaseRef,
    FileKind,
    Happening,
    SendingRef,
    SendingState,
)
from portal.core import clock, jobs
from portal.core.audit import SYSTEM, Actor
from portal.core.db import db
from portal.core.errors import DomainError
from portal.core.jobs import Job, Lane
from portal.core.settings import settings
from portal.core.tenancy import lock, owned
from portal.core.typed import line
from portal.mail import queries as mails
from portal.mail import service as mail
from portal.mail.values import Attachment, MailState, Outgoing
from portal.people import queries as people
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef

LEASE: Final = timedelta(minutes=5)  # longer than the files of one case take
JOB_TIMEOUT_S: Final = 280
MOST_TRIES: Final = 3  # that may end without a word, as where the machine dies; then people look
MOST_BY_MAIL: Final = 15 * 1024 * 1024  # bytes; mail servers take 20 to 25 MB once encoded
_NO_ADDRESS: Final = "No support address is set."
_TOO_LARGE: Final = "The files are too large for mail ({size:.1f} MB)."
_MEND: Final = "Ask an administrator to put it back from a backup, then try again."
_UNMADE: Final = (
    "The files could not be made in {tries} tries. Ask an administrator to look for send_appeal in "
    "the log, then try again."
)


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is sent: the PDF people read, and the ZIP with everything behind it."""

    files: Sequence[tuple[FileKind, Checked]]
    is_kept: bool = False  # its files were frozen before

    @property
    def size(self) -> int:
        """Return the bytes of all files."""
        return sum(len(checked.content) for _, checked in self.files)


def support_address(organization_id: UUID) -> str:
    """Return where an organization's appeals go; empty where nobody said so.

    Unless officers set one, it is the installation's SUPPORT_EMAIL.
    """
    chosen = queries.settings_of(organization_id).support_address
    general = settings().support_email
    return chosen or ("" if general.endswith("@localhost.example") else general)


def request(case: CaseRef, *, actor: Actor, words: str = "") -> SendingRef:
    """Have the files of a submitted case made and sent; an answer has words of its own."""
    s = AppealSending
    last = db.session.scalar(
        select(func.max(s.number)).where(owned(case.tenant, s), s.case_id == case.id)
    )
    now = clock.utcnow()
    row = AppealSending(
        id=uuid4(),
        organization_id=case.organization_id,
        account_id=case.account_id,
        case_id=case.id,
        number=(last or 0) + 1,
        state=SendingState.WAITING,
        words=words,
        asked_at=now,
        asked_by_id=actor.id,
        asked_by=actor.label[:200],
        moved_at=now - LEASE,  # free to be taken at once
    )
    db.session.add(row)
    db.session.flush()
    jobs.request(Job.SEND_APPEAL, row.id, lane=Lane.REPORTS, timeout_s=JOB_TIMEOUT_S)
    return queries.sending_or_404(case, row.number)


def frozen(case: CaseRef) -> Parcel:
    """Return what was frozen when a case was submitted. Raises NotFound, or SecretUnreadable."""
    return Parcel(
        [
            (file.kind, Checked(file.name, file.media_type, files.content_of(file)))
            for file in queries.files(case)
            if file.kind in FROZEN and file.about_id is None
        ],
        is_kept=True,
    )


def answer(
    case: CaseRef,
    words: str,
    by: frozenset[Party],
    *,
    actor: Actor,
    attached: Sequence[Checked] = (),
) -> CaseRef:
    """Send the carrier what it asked for, in the same round; frozen like the appeal (A-6).

    Raises BadReply, FileRefused, NotThatWay, or MovedMeanwhile where somebody answered first.
    """
    words = words.replace("\0", "").strip()
    if len(words.split()) < 2:
        raise BadReply("words", "Write the answer; files go beside it.")
    if len(words) > waiting.LONGEST:
        raise BadReply("words", f"Use at most {waiting.LONGEST:,} characters, or attach a file.")
    now = cases.move(
        case,
        Move.ANSWER,
        by,
        actor=actor,
        reason="The answer is on its way",
    )
    sending = request(now, actor=actor, words=words)
    for checked in attached:
        files.keep(now, checked, actor=actor, kind=FileKind.ANSWER, about_id=sending.id)
    return now


def claim(sending_id: UUID) -> SendingRef | None:
    """Take what waits to be made and sent; None: nothing does, or another worker is at it.

    What was tried too often is given up: people are told, and it waits for them.
    """
    now, s = clock.utcnow(), AppealSending
    asked = queries.sending_by_id(sending_id)
    if asked is None:
        return None
    _locked(asked)
    tries = db.session.scalar(
        update(s)
        .where(s.id == sending_id, s.state == SendingState.WAITING, s.moved_at <= now - LEASE)
        .values(moved_at=now, tries=s.tries + 1)
        .returning(s.tries)
        .execution_options(synchronize_session=False)
    )
    taken = queries.sending_by_id(sending_id) if tries else None
    if taken is not None and tries is not None and tries > MOST_TRIES:
        give_up(taken, _UNMADE.format(tries=MOST_TRIES))
        return None
    return taken


def give_up(sending: SendingRef, problem: str = "", *, lost: DomainError | None = None) -> None:
    """Stop trying to send what can't be read or made, and tell whom it concerns what to do.

    `lost` is what reading its files raised. Nothing is done where somebody moved it meanwhile.
    """
    if lost is not None:
        problem = f"{lost.message} {_MEND}"
    problem, case = problem[:300], _locked(sending)
    if case.is_over:
        _leave(sending, case)
        return
    if not _move(sending, {SendingState.WAITING}, state=SendingState.BROKEN, problem=problem):
        return
    tell(case, Happening.MAILED, actor=SYSTEM, text=f"{_what(sending)} could not go out")
    account = accounts.get_or_404(sending.tenant)
    asker = [sending.asked_by_id] if sending.asked_by_id else []
    title = "An appeal could not go out"
    # Under a key of its own each time: what was mended may break again.
    key = f"appeal-broken:{sending.id}:{clock.utcnow().isoformat()}"
    _tell_people(account, case, sending, problem, title=title, key=key, also=asker)


def again(sending: SendingRef, *, actor: Actor) -> None:
    """Try to send what was given up, from the beginning. Raises SentAlready, or NotThatWay."""
    case = _locked(sending)
    if case.is_over:
        raise NotThatWay(f"This appeal is “{case.state_label}”: nothing goes out any more.")
    now = clock.utcnow()
    if not _move(
        sending,
        {SendingState.BROKEN},
        state=SendingState.WAITING,
        problem="",
        tries=0,
        moved_at=now - LEASE,  # free to be taken at once
    ):
        raise SentAlready
    tell(case, Happening.MAILED, actor=actor, text=f"{_what(sending)}: tried again")
    jobs.request(Job.SEND_APPEAL, sending.id, lane=Lane.REPORTS, timeout_s=JOB_TIMEOUT_S)


def finish(sending: SendingRef, parcel: Parcel) -> bool:
    """Freeze what was made and mail it, or leave it to be sent by hand; False: it was done before.

    An appeal that ended meanwhile goes nowhere: what is sent of it is given up, with the reason.
    """
    account = accounts.get_or_404(sending.tenant)
    case = _locked(sending)
    if case.is_over:
        _leave(sending, case)
        return False
    to = support_address(case.organization_id)
    problem = ""
    if not to:
        problem = _NO_ADDRESS
    elif parcel.size > MOST_BY_MAIL:
        problem = _TOO_LARGE.format(size=parcel.size / 1024 / 1024)
    state = SendingState.READY if problem else SendingState.MAILED
    if not _move(sending, {SendingState.WAITING}, state=state, to_address=to, problem=problem):
        return False
    actor = Actor(sending.asked_by_id, sending.asked_by)
    for kind, checked in () if parcel.is_kept else parcel.files:
        files.keep(case, checked, actor=actor, kind=kind, about_id=sending.id)
    if problem:
        _tell_people(account, case, sending, f"{problem} Download it and send it by hand.")
        return True
    mail.post(_letter(account, case, sending, to, parcel))
    tell(case, Happening.MAILED, actor=actor, text=f"{_what(sending)} to {to}")
    return True


def _locked(sending: SendingRef) -> CaseRef:
    """Return the case as it is now, locked before what is sent of it, as erasing and replies do."""
    lock(sending.tenant, AppealCase, sending.case_id)
    return queries.case_or_404(sending.tenant, sending.case_id)


def _leave(sending: SendingRef, case: CaseRef) -> None:
    problem = f"The appeal was “{case.state_label}” before this went out, so it did not go."
    if _move(sending, {SendingState.WAITING}, state=SendingState.BROKEN, problem=problem):
        tell(case, Happening.MAILED, actor=SYSTEM, text=f"{_what(sending)} did not go out any more")


def note_mail(sending_id: UUID) -> bool:
    """Write down what became of a mail to the carrier; say whether that is settled now."""
    sending = queries.sending_by_id(sending_id)
    if sending is None or sending.state is not SendingState.MAILED or sending.sent_at is not None:
        return False
    posted = mails.mail_of_key(_key(sending), sending.to_address)
    if posted is None or posted.state is MailState.WAITING:
        return False
    case = _locked(sending)
    if posted.state is not MailState.FAILED:
        at = posted.sent_at or posted.created_at
        return _move(sending, {SendingState.MAILED}, sent_at=at, sent_by="E-mail")
    problem = f"The mail server refused it: {posted.last_error or 'no reason given'}"[:300]
    if not _move(sending, {SendingState.MAILED}, state=SendingState.FAILED, problem=problem):
        return False
    tell(case, Happening.MAILED, actor=SYSTEM, text=f"{_what(sending)} did not go by mail")
    account = accounts.get_or_404(sending.tenant)
    _tell_people(account, case, sending, "The e-mail did not go. Download it and send it by hand.")
    return True


def mark_by_hand(
    sending: SendingRef, sent_on: date, note: str, *, actor: Actor, ticket: str = ""
) -> None:
    """Keep that a person sent the files, on which day and how, and the ticket they were given.

    Raises BadReply, SentAlready.
    """
    account = accounts.get_or_404(sending.tenant)
    zone, now = ZoneInfo(account.timezone), clock.utcnow()
    note = line(note, 300)
    if not note:
        raise BadReply("note", "Say how it was sent, such as: ticket 4711 on the carrier's page.")
    if sent_on > now.astimezone(zone).date():
        raise BadReply("sent_on", "This day is not here yet. Give the day it was sent.")
    if sent_on < sending.asked_at.astimezone(zone).date():
        raise BadReply("sent_on", "This is before it was submitted. Give the day it was sent.")
    noon = datetime.combine(sent_on, datetime.min.time(), zone) + timedelta(hours=12)
    case = _locked(sending)
    moved = _move(
        sending,
        {SendingState.READY, SendingState.FAILED},
        state=SendingState.BY_HAND,
        sent_at=min(now, noon.astimezone(now.tzinfo)),
        sent_by=actor.label[:200],
        note=note,
    )
    if not moved:
        raise SentAlready
    said = f"{_what(sending)} sent by hand on {sent_on.isoformat()}: {note}"
    tell(case, Happening.MAILED, actor=actor, text=said)
    if ticket:
        tickets.name_ticket(case, ticket, actor=actor)


def _move(sending: SendingRef, before: set[SendingState], **values: Any) -> bool:
    moved = db.session.scalar(
        update(AppealSending)
        .where(
            owned(sending.tenant, AppealSending),
            AppealSending.id == sending.id,
            AppealSending.state.in_(before),
        )
        .values({"moved_at": clock.utcnow(), **values})
        .returning(AppealSending.id)
        .execution_options(synchronize_session=False)
    )
    return moved is not None


def _letter(
    account: AccountRef, case: CaseRef, sending: SendingRef, to: str, parcel: Parcel
) -> Outgoing:
    organization = people.organization(case.organization_id)
    name = organization.name if organization else ""
    asker = people.user(sending.asked_by_id) if sending.asked_by_id else None
    ticket = f" [{case.carrier_ticket}]" if case.carrier_ticket else ""
    subject = f"{_what(sending)}: {name}, {account.name}, round {case.round}{ticket}"
    return Outgoing(
        to=to,
        template="appeal",
        subject=" ".join(subject.split())[:200],
        key=_key(sending),
        context={
            "what": _what(sending),
            "organization": name,
            "account": account.name,
            "round": case.round,
            "ticket": case.carrier_ticket,
            "words": sending.words,
            "asked_by": sending.asked_by,
            "reply_to": asker.email if asker else "",
            "files": [(c.name, len(c.content)) for _, c in parcel.files],
        },
        organization_id=case.organization_id,
        zone=account.timezone,
        attachments=tuple(Attachment(c.name, c.media_type, c.content) for _, c in parcel.files),
    )


def _key(sending: SendingRef) -> str:
    return f"appeal:{sending.case_id}:{sending.number}"


def _what(sending: SendingRef) -> str:
    return "Answer to your question" if sending.is_answer else "Appeal"


def _tell_people(
    account: AccountRef,
    case: CaseRef,
    sending: SendingRef,
    text: str,
    *,
    title: str = "An appeal waits to be sent",
    key: str = "",
    also: Sequence[UUID] = (),
) -> None:
    officers = [one.id for one in people.officers(case.organization_id)]
    notify(
        case,
        account,
        dict.fromkeys([*accounts.watchers(account), *officers, *also]),
        title=title,
        text=text,
        key=key or f"appeal-sending:{sending.id}:{text[:60]}",
        where="/carrier",
    )
