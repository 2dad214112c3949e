"""Reading appeals: a case with its parts, files and history, and the templates' wording."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID

from sqlalchemy import func, select

from portal.appeals.models import (
    AppealCase,
    AppealEvent,
    AppealFile,
    AppealPart,
    AppealReminder,
    AppealReply,
    AppealSending,
    AppealSettings,
    AppealTemplate,
)
from portal.appeals.rules import tallying
from portal.appeals.rules.templates import Template, first_version, template_of
from portal.appeals.values import (
    IN_PARTS,
    OVER,
    CaseRef,
    FileRef,
    HistoryRef,
    Kind,
    PartRef,
    ReplyRef,
    SendingRef,
    SendingState,
    SettingsRef,
    State,
    Urgency,
)
from portal.core.access import Me
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.tenancy import Tenant, owned
from portal.texting_accounts import queries as accounts

T = TypeVar("T")
_NOT_HERE: Final = "We can't find that appeal. It may be of another account."
_NAMED: Final = 100  # accounts a word finds at most
_PART: Final = tuple(
    name for name in PartRef.__dataclass_fields__ if name not in ("files", "numbers", "tally")
)


def case_or_404(tenant: Tenant, case_id: UUID) -> CaseRef:
    """Return one case of the tenant as it is now. Raises NotFound."""
    row = db.session.scalar(
        select(AppealCase)
        .where(owned(tenant, AppealCase), AppealCase.id == case_id)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound(_NOT_HERE)
    return ref(row)


def open_case(tenant: Tenant, restriction_id: UUID) -> CaseRef | None:
    """Return the case of a restriction that is not over, or None: it has one at a time."""
    row = db.session.scalars(
        select(AppealCase)
        .where(
            owned(tenant, AppealCase),
            AppealCase.restriction_id == restriction_id,
            AppealCase.state.not_in(OVER),
        )
        .order_by(AppealCase.created_at.desc(), AppealCase.id)
        .limit(1)
    ).first()
    return ref(row) if row else None


def cases(tenant: Tenant, *, limit: int) -> list[CaseRef]:
    """Return the newest cases of an account."""
    rows = db.session.scalars(
        select(AppealCase)
        .where(owned(tenant, AppealCase))
        .order_by(AppealCase.created_at.desc(), AppealCase.id)
        .limit(limit)
    )
    return [ref(row) for row in rows]


def open_with(organization_id: UUID, user_id: UUID) -> list[CaseRef]:
    """Return the appeals somebody works on that are not over, in whichever account."""
    c = AppealCase
    rows = db.session.scalars(
        select(c)
        .where(owned(Tenant(organization_id), c), c.assignee_id == user_id, c.state.not_in(OVER))
        .order_by(c.id)
    )
    return [ref(row) for row in rows]


def cases_in(
    tenant: Tenant,
    states: Sequence[State],
    *,
    limit: int,
    past: tuple[datetime, UUID] | None = None,
) -> list[CaseRef]:
    """Return an organization's cases in some states, the oldest first; `past` is the last one seen."""
    c = AppealCase
    wanted = select(c).where(owned(tenant, c), c.state.in_(states))
    if past is not None:
        at, id_ = past
        wanted = wanted.where((c.created_at > at) | ((c.created_at == at) & (c.id > id_)))
    rows = db.session.scalars(wanted.order_by(c.created_at, c.id).limit(limit))
    return [ref(row) for row in rows]


def newest_over(tenant: Tenant, *, limit: int) -> list[CaseRef]:
    """Return an organization's cases that are over, the newest decided first."""
    c = AppealCase
    rows = db.session.scalars(
        select(c)
        .where(owned(tenant, c), c.state.in_(OVER))
        .order_by(c.decided_at.desc(), c.id)
        .limit(limit)
    )
    return [ref(row) for row in rows]


def reached(
    person: Me,
    organization_id: UUID,
    states: Collection[State],
    *,
    words: str = "",
    past: tuple[datetime, UUID] | None = None,
    limit: int,
) -> list[CaseRef]:
    """Return cases of the accounts a person reaches: the oldest first, those over the newest first.

    `words` are of the carrier's ticket or the account's name; `past` is where the last page ended
    (`place_of`).
    """
    c = AppealCase
    mine = accounts.ids_reached(person.role)
    wanted = select(c).where(
        owned(Tenant(organization_id), c), c.state.in_(states), c.account_id.in_(mine)
    )
    if words:
        named = accounts.some_accounts(
            person.user_id, organization_id, person.role, words=words, limit=_NAMED
        )
        of_them = c.account_id.in_([one.id for one in named])
        wanted = wanted.where(c.carrier_ticket.icontains(words, autoescape=True) | of_them)
    if OVER.issuperset(states):
        if past is not None:
            at, id_ = past
            wanted = wanted.where((c.decided_at < at) | ((c.decided_at == at) & (c.id < id_)))
        wanted = wanted.order_by(c.decided_at.desc(), c.id.desc())
    else:
        if past is not None:
            at, id_ = past
            wanted = wanted.where((c.created_at > at) | ((c.created_at == at) & (c.id > id_)))
        wanted = wanted.order_by(c.created_at, c.id)
    asked = {"user": person.user_id, "organization": organization_id}
    return [ref(row) for row in db.session.scalars(wanted.limit(limit), asked)]


def place_of(case: CaseRef) -> tuple[datetime, UUID]:
    """Return where a page of `reached` that ends with a case ends."""
    return (case.decided_at if case.is_over else None) or case.created_at, case.id


def denied(tenant: Tenant, restriction_id: UUID) -> list[CaseRef]:
    """Return the rounds of a suspension's appeal that the carrier denied, the newest first (A-6)."""
    rows = db.session.scalars(
        select(AppealCase)
        .where(
            owned(tenant, AppealCase),
            AppealCase.restriction_id == restriction_id,
            AppealCase.state == State.DENIED,
        )
        .order_by(AppealCase.round.desc())
    )
    return [ref(row) for row in rows]


def parts(case: CaseRef) -> list[PartRef]:
    """Return the parts of a case in order, each with the files it shows."""
    rows = db.session.scalars(
        select(AppealPart)
        .where(owned(case.tenant, AppealPart), AppealPart.case_id == case.id)
        .order_by(AppealPart.number)
        .execution_options(populate_existing=True)
    ).all()
    shown: dict[int | None, list[FileRef]] = defaultdict(list)
    for file in files(case):
        if file.kind in IN_PARTS:
            shown[file.part].append(file)
    return [part_ref(row, shown[row.number]) for row in rows]


def part_or_404(case: CaseRef, number: int) -> PartRef:
    """Return one part of a case. Raises NotFound."""
    for part in parts(case):
        if part.number == number:
            return part
    raise NotFound("This appeal has no such part.")


def files(case: CaseRef) -> list[FileRef]:
    """Return every file of a case, the oldest first."""
    rows = db.session.scalars(
        select(AppealFile)
        .where(owned(case.tenant, AppealFile), AppealFile.case_id == case.id)
        .order_by(AppealFile.created_at, AppealFile.id)
    )
    return [file_ref(row) for row in rows]


def file_or_404(case: CaseRef, file_id: UUID) -> FileRef:
    """Return one file of a case. Raises NotFound."""
    row = db.session.scalar(
        select(AppealFile).where(
            owned(case.tenant, AppealFile),
            AppealFile.case_id == case.id,
            AppealFile.id == file_id,
        )
    )
    if row is None:
        raise NotFound("We can't find that file. It may have been removed.")
    return file_ref(row)


def history(case: CaseRef) -> list[HistoryRef]:
    """Return everything that happened to a case, the newest first."""
    rows = db.session.scalars(
        select(AppealEvent)
        .where(owned(case.tenant, AppealEvent), AppealEvent.case_id == case.id)
        .order_by(AppealEvent.position.desc())
    )
    return [_told(HistoryRef, row) for row in rows]


def last_position(case_id: UUID) -> int:
    """Return how many lines a case's history has; lock the case before adding one."""
    return (
        db.session.scalar(
            select(func.max(AppealEvent.position)).where(AppealEvent.case_id == case_id)
        )
        or 0
    )


def template(organization_id: UUID, kind: Kind, version: int | None = None) -> Template:
    """Return a version of a template's wording; the newest unless one is named. Raises NotFound."""
    if version == 1:
        return first_version(kind)
    t = AppealTemplate
    wanted = select(t).where(owned(Tenant(organization_id), t), t.kind == kind)
    if version is not None:
        wanted = wanted.where(t.version == version)
    row = db.session.scalars(wanted.order_by(t.version.desc()).limit(1)).first()
    if row is not None:
        return template_of(kind, row.version, row.headings)
    if version is not None:
        raise NotFound("There is no such version of this template.")
    return first_version(kind)


@dataclass(frozen=True, slots=True)
class WordingRef:
    """One version of a template's wording: who set it, when and why."""

    version: int
    headings: Sequence[str]
    reason: str
    set_at: datetime
    set_by: str


def wordings(organization_id: UUID, kind: Kind) -> list[WordingRef]:
    """Return every version of a template that officers made, the newest first."""
    t = AppealTemplate
    rows = db.session.scalars(
        select(t)
        .where(owned(Tenant(organization_id), t), t.kind == kind)
        .order_by(t.version.desc())
    )
    return [_told(WordingRef, row) for row in rows]


def sendings(case: CaseRef) -> list[SendingRef]:
    """Return what goes or went to the carrier for a case, the appeal first, then answers."""
    rows = db.session.scalars(
        select(AppealSending)
        .where(owned(case.tenant, AppealSending), AppealSending.case_id == case.id)
        .order_by(AppealSending.number)
        .execution_options(populate_existing=True)
    )
    return [_told(SendingRef, row) for row in rows]


def sending_or_404(case: CaseRef, number: int) -> SendingRef:
    """Return one thing that goes to the carrier. Raises NotFound."""
    for one in sendings(case):
        if one.number == number:
            return one
    raise NotFound("Nothing with this number was sent.")


def sending_by_id(sending_id: UUID) -> SendingRef | None:
    """Return what goes to the carrier as a worker knows it, or None."""
    row = db.session.get(AppealSending, sending_id, populate_existing=True)
    return _told(SendingRef, row) if row else None


def sendings_in(
    state: SendingState, before: datetime, after: UUID | None = None, *, is_unsent: bool = False
) -> list[UUID]:
    """Return some of what nobody moved since then, by id, those after a given one."""
    s = AppealSending
    wanted = select(s.id).where(s.state == state, s.moved_at <= before).order_by(s.id).limit(100)
    if is_unsent:
        wanted = wanted.where(s.sent_at.is_(None))
    return list(db.session.scalars(wanted if after is None else wanted.where(s.id > after)))


def open_anywhere(after: UUID | None = None) -> list[UUID]:
    """Return some cases that are not over, of every organization, those after a given one."""
    c = AppealCase
    wanted = select(c.id).where(c.state.not_in(OVER)).order_by(c.id).limit(100)
    return list(db.session.scalars(wanted if after is None else wanted.where(c.id > after)))


def replies(case: CaseRef) -> list[ReplyRef]:
    """Return what the carrier answered to a case, the oldest first."""
    rows = db.session.scalars(
        select(AppealReply)
        .where(owned(case.tenant, AppealReply), AppealReply.case_id == case.id)
        .order_by(AppealReply.recorded_at, AppealReply.id)
    )
    return [_told(ReplyRef, row) for row in rows]


def settings_of(organization_id: UUID) -> SettingsRef:
    """Return where an organization's appeals go, and how long what is waited for may take."""
    s = AppealSettings
    row = db.session.scalar(
        select(s).where(owned(Tenant(organization_id), s)).execution_options(populate_existing=True)
    )
    return _told(SettingsRef, row) if row else SettingsRef()


def due_by(before: datetime, urgency: Urgency, after: UUID | None = None) -> list[UUID]:
    """Return some cases due by then of which nobody was told so yet, those after a given one."""
    c, r = AppealCase, AppealReminder
    told = (
        select(r.case_id)
        .where(r.case_id == c.id, r.due_at == c.due_at, r.urgency == urgency)
        .exists()
    )
    wanted = select(c.id).where(c.due_at <= before, c.state.not_in(OVER), ~told)
    wanted = wanted.order_by(c.id).limit(100)
    return list(db.session.scalars(wanted if after is None else wanted.where(c.id > after)))


def case_by_id(case_id: UUID) -> CaseRef | None:
    """Return a case as a worker knows it, or None."""
    row = db.session.get(AppealCase, case_id, populate_existing=True)
    return ref(row) if row else None


def _told(kind: type[T], row: object) -> T:
    """Return a row as a plain value with the same names."""
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    return kind(**{name: getattr(row, name) for name in names})


def ref(row: AppealCase) -> CaseRef:
    """Return a case as others see it."""
    return _told(CaseRef, row)


def part_ref(row: AppealPart, shown: Sequence[FileRef]) -> PartRef:
    """Return a part with its files, as others see it."""
    told = {name: getattr(row, name) for name in _PART}
    return PartRef(
        **told,
        numbers=tuple(row.numbers),
        files=tuple(shown),
        tally=tallying.read(row.tally) if row.numbers else None,
    )


def file_ref(row: AppealFile) -> FileRef:
    """Return a file as others see it."""
    return _told(FileRef, row)
