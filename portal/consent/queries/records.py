"""The history of consent: records by number, by account, and their place in the chain."""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, NamedTuple, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    String,
    Subquery,
    Table,
    and_,
    bindparam,
    case,
    exists,
    false,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy import cast as sql_cast

from portal.consent.models import ConsentRecord, ConsentWord
from portal.consent.queries.standings import standing
from portal.consent.values import (
    Evidence,
    MessageKind,
    Method,
    RecordFilter,
    RecordPage,
    RecordRef,
    Strength,
)
from portal.contacts.rules.numbers import read
from portal.contacts.rules.people import search_words
from portal.core.columns import Id
from portal.core.db import db
from portal.core.errors import BadInput, NotFound
from portal.core.once import once_a_page
from portal.core.tenancy import THAT_ONE, Tenant, owned

COMMON: Final = 2_000  # a word that so many records have is not looked up first
_AT_ONCE: Final = 500  # ids in one statement
_ORIGINS: Final = select(
    ConsentRecord.id,
    ConsentRecord.form_name,
    ConsentRecord.form_version,
    ConsentRecord.method,
    ConsentRecord.strength,
    ConsentRecord.import_id,
)
_RECORD: Final = cast(Table, ConsentRecord.__table__)
_TOLD: Final = (  # made once: every open conversation asks it (G6)
    select(*_RECORD.columns)
    .where(
        owned(THAT_ONE, _RECORD),
        _RECORD.c.e164 == bindparam("e164"),
        or_(_RECORD.c.method != Method.INQUIRY, _RECORD.c.id == bindparam("resting", type_=Id())),
    )
    .order_by(_RECORD.c.recorded_at.desc(), _RECORD.c.id.desc())
)
LAST_SIGN: Final = "\U0010ffff"


def record_or_404(tenant: Tenant, record_id: UUID) -> RecordRef:
    """Return one record of the account, or raise NotFound."""
    row = db.session.scalar(
        select(ConsentRecord).where(ConsentRecord.id == record_id, owned(tenant, ConsentRecord))
    )
    if row is None:
        raise NotFound("We can't find that consent record.")
    return ref_of(row)


def records(tenant: Tenant, e164: str) -> list[RecordRef]:
    """Return the whole history of a number in the account, newest first."""
    return history(tenant, [e164])


def history(tenant: Tenant, e164s: Sequence[str], limit: int | None = None) -> list[RecordRef]:
    """Return the history of some numbers, newest first, for a timeline (K-5)."""
    if not e164s:
        return []
    r = ConsentRecord
    found = (
        select(r)
        .where(owned(tenant, r), r.e164.in_(e164s))
        .order_by(r.recorded_at.desc(), r.id.desc())
    )
    return [ref_of(row) for row in db.session.scalars(found.limit(limit) if limit else found)]


@once_a_page
def told(tenant: Tenant, e164: str) -> tuple[RecordRef, ...]:
    """Return what a talk tells of a number's consent, newest first, and the record it rests on.

    The person's own texts are left out, unless it rests on one: they stand in the talk themselves.
    """
    asked = {**tenant.named, "e164": e164, "resting": standing(tenant, e164).record_id}
    return tuple(ref_of(row) for row in db.session.execute(_TOLD, asked))


def find_records(
    tenant: Tenant, filter_: RecordFilter, *, zone: str = "UTC", cursor: str = "", limit: int = 50
) -> RecordPage:
    """Return one page of the account's records, newest first. Raises BadInput on a bad cursor.

    Days of the filter are days in `zone`. Every filter reads an index of its own, in the order of
    the list; a word that few records have leads to them (G6).
    """
    r = ConsentRecord
    found = (
        select(r)
        .where(owned(tenant, r), *_conditions(tenant, filter_, zone))
        .order_by(r.recorded_at.desc(), r.id.desc())
    )
    if cursor:
        at, id_ = _read_cursor(cursor)
        found = found.where(or_(r.recorded_at < at, and_(r.recorded_at == at, r.id < id_)))
    rows = list(db.session.scalars(found.limit(limit + 1)))
    refs = tuple(ref_of(row) for row in rows[:limit])
    more = refs[-1] if len(rows) > limit else None
    return RecordPage(refs, f"{more.recorded_at.timestamp():.6f}_{more.id.hex}" if more else None)


def form_names(tenant: Tenant, most: int = 50) -> list[str]:
    """Return the names of forms records came from, stepping through the index: no scan (G6)."""
    found: list[str] = []
    while len(found) < most:
        last = found[-1] if found else ""
        following = db.session.scalar(
            select(func.min(ConsentRecord.form_name)).where(
                owned(tenant, ConsentRecord), ConsentRecord.form_name > last
            )
        )
        if not following:
            break
        found.append(following)
    return found


def records_of(tenant: Tenant, ids: Sequence[UUID]) -> dict[UUID, RecordRef]:
    """Return at most 500 records by their ids; what is not the tenant's is not there."""
    if not ids:
        return {}
    rows = db.session.scalars(
        select(ConsentRecord).where(ConsentRecord.id.in_(ids), owned(tenant, ConsentRecord))
    )
    return {row.id: ref_of(row) for row in rows}


class Source(NamedTuple):
    """The list, else the form, else the way a consent came from: one of them, the others empty (H-8)."""

    import_id: UUID
    form_name: str = ""
    method: str = ""

    @property
    def key(self) -> str:
        """Return it as one word: list:<id>, form:<name>, way:<method>, none:."""
        if self.import_id != NO_LIST:
            return f"list:{self.import_id}"
        if self.form_name:
            return f"form:{self.form_name}"
        return f"way:{self.method}" if self.method else "none:"


NO_LIST: Final = UUID(int=0)
NO_SOURCE: Final = Source(NO_LIST)  # of a text that rests on no record


def source_of(key: str) -> Source:
    """Return the source that has this key. Raises ValueError where none can."""
    kind, _, rest = key.partition(":")
    if kind == "list":
        return Source(UUID(rest))
    if kind == "form" and rest:
        return Source(NO_LIST, rest)
    if kind == "way":
        return Source(NO_LIST, "", Method(rest).value)
    if key == NO_SOURCE.key:
        return NO_SOURCE
    raise ValueError(key)


class Origin(NamedTuple):
    """Where a consent came from: by which form, if any, in what way, and how much it carries."""

    form_name: str
    form_version: str
    method: Method
    strength: Strength
    import_id: UUID | None

    @property
    def source(self) -> Source:
        """Return what its texts are counted under by source."""
        if self.import_id is not None:
            return Source(self.import_id)
        if self.form_name:
            return Source(NO_LIST, self.form_name)
        return Source(NO_LIST, "", self.method.value)


def origins() -> Subquery:
    """Return id and origin of every record, for counts that join them."""
    return _ORIGINS.subquery("origins")


def sources(
    origins: Subquery,
) -> tuple[ColumnElement[UUID], ColumnElement[str], ColumnElement[str]]:
    """Return the three parts of a source, of origins that are joined or missing, as columns."""
    c = origins.c
    is_list, has_form = c.import_id.is_not(None), func.coalesce(c.form_name, "") != ""
    return (
        func.coalesce(c.import_id, literal(NO_LIST, c.import_id.type)).label("import_id"),
        case((is_list, ""), else_=func.coalesce(c.form_name, "")).label("form_name"),
        case(
            (or_(is_list, has_form), ""),
            else_=func.coalesce(sql_cast(c.method, String(32)), ""),
        ).label("method"),
    )


def of_source(tenant: Tenant, source: Source) -> Select[UUID]:
    """Return the records of an account that came from one source, to be looked up in."""
    r = ConsentRecord
    wanted = select(r.id).where(owned(tenant, r))
    if source.import_id != NO_LIST:
        return wanted.where(r.import_id == source.import_id)
    if source.form_name:
        return wanted.where(r.import_id.is_(None), r.form_name == source.form_name)
    return wanted.where(r.import_id.is_(None), r.form_name == "", r.method == source.method)


def origins_of(ids: Collection[UUID]) -> dict[UUID | None, Origin]:
    """Return the origin of these records; form and version are empty without a form."""
    known: dict[UUID | None, Origin] = {}
    wanted = sorted(ids)
    for begin in range(0, len(wanted), _AT_ONCE):
        some = wanted[begin : begin + _AT_ONCE]
        rows = db.session.execute(_ORIGINS.where(ConsentRecord.id.in_(some)))
        known |= {row.id: Origin(*row[1:]) for row in rows}
    return known


def logged_together(tenant: Tenant, subject_ids: Sequence[UUID]) -> dict[UUID, list[RecordRef]]:
    """Return the records that entries of the chain stand for, by the entry's subject.

    One entry stands for one record, or for a batch of an import (RULINGS 8).
    """
    found: dict[UUID, list[RecordRef]] = {}
    if not subject_ids:
        return found
    r = ConsentRecord
    for row in db.session.scalars(
        select(r).where(owned(tenant, r), r.audit_subject_id.in_(subject_ids)).order_by(r.id)
    ):
        found.setdefault(row.audit_subject_id, []).append(ref_of(row))
    return found


def ref_of(row: ConsentRecord | Row[*tuple[Any, ...]]) -> RecordRef:
    """Return a record as other slices see it."""
    evidence = None
    if row.evidence_name is not None:
        evidence = Evidence(
            row.evidence_name,
            row.evidence_sha256 or "",
            row.evidence_file_name or "",
            row.evidence_media_type or "",
        )
    return RecordRef(
        id=row.id,
        organization_id=row.organization_id,
        account_id=row.account_id,
        e164=row.e164,
        event=row.event,
        method=row.method,
        strength=row.strength,
        kinds=tuple(MessageKind(kind) for kind in row.kinds),
        is_imported=row.is_imported,
        is_staff_entry=row.is_staff_entry,
        name=row.name,
        email=row.email,
        postal_address=row.postal_address,
        given_at=row.given_at,
        given_zone=row.given_zone,
        given_as_written=row.given_as_written,
        recorded_at=row.recorded_at,
        expires_at=row.expires_at,
        ip_address=row.ip_address,
        method_details=row.method_details,
        source_url=row.source_url,
        disclosure_text=row.disclosure_text,
        checkbox=row.checkbox,
        form_name=row.form_name,
        form_version=row.form_version,
        user_agent=row.user_agent,
        collected_by=row.collected_by,
        evidence=evidence,
        import_id=row.import_id,
        audit_subject_id=row.audit_subject_id,
        sha256=row.sha256,
        redacted_at=row.redacted_at,
    )


def _conditions(tenant: Tenant, filter_: RecordFilter, zone: str) -> Iterator[ColumnElement[bool]]:
    r = ConsentRecord
    if filter_.method:
        yield r.method == filter_.method
    if filter_.strength:
        yield r.strength == filter_.strength
    if filter_.event:
        yield r.event == filter_.event
    if filter_.form:
        yield r.form_name == filter_.form
    if filter_.since:
        yield r.recorded_at >= datetime.combine(filter_.since, time(), ZoneInfo(zone))
    if filter_.until and filter_.until < date.max:
        after = filter_.until + timedelta(days=1)
        yield r.recorded_at < datetime.combine(after, time(), ZoneInfo(zone))
    if filter_.text.strip():
        yield from _named(tenant, filter_.text.strip())


def _named(tenant: Tenant, text: str) -> Iterator[ColumnElement[bool]]:
    """Give the conditions that a record is of this number, or has words that begin so."""
    number = read(text)
    digits = "".join(c for c in text if c.isdigit())
    if number.e164 is not None:
        yield ConsentRecord.e164 == number.e164
    elif digits and not any(c.isalpha() or c == "@" for c in text):
        is_home = text.startswith("+1") or (len(digits) == 11 and digits[0] == "1")
        yield _has_word(tenant, digits[1:] if is_home else digits)
    else:
        words = search_words(text)[:6]
        for word in words:
            yield _has_word(tenant, word)
        if not words:
            yield false()


def _has_word(tenant: Tenant, start: str) -> ColumnElement[bool]:
    """Return the condition that a record has a word that begins so, as contacts are found (G6)."""
    w = ConsentWord
    begins = (owned(tenant, w), w.word >= start, w.word < start + LAST_SIGN)
    found = select(w.record_id).where(*begins)
    if db.session.scalar(found.offset(COMMON).limit(1)) is None:
        return ConsentRecord.id.in_(found)
    return exists().where(w.record_id == ConsentRecord.id, *begins)


def _read_cursor(cursor: str) -> tuple[datetime, UUID]:
    try:
        at, _, id_ = cursor.partition("_")
        return datetime.fromtimestamp(float(at), UTC), UUID(hex=id_)
    except (ValueError, OverflowError, OSError):
        raise BadInput("This page link is damaged. Go back to the first page.") from None
