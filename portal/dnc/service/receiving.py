"""Taking a file in, and what a person decides about it once it was read (SPEC S-2)."""

import re
from datetime import date, datetime, timedelta
from typing import Any, BinaryIO, Final
from uuid import UUID, uuid4

from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError, NoResultFound

from portal.compliance.rules.places import STATE_NAMES
from portal.contacts.rules.cells import tidy
from portal.core import audit, jobs
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import db, part_of_work
from portal.core.errors import BadInput, NotFound
from portal.core.formats import date_words
from portal.core.jobs import Job, Lane
from portal.core.tenancy import Tenant, lock
from portal.dnc import queries
from portal.dnc.errors import ListBusy
from portal.dnc.models import DncImport, DncLoad
from portal.dnc.rules.days import FRESH_DAYS, is_fresh
from portal.dnc.rules.verdict import list_name
from portal.dnc.service import applying, files
from portal.dnc.values import NATIONAL, FileKind, ImportState, ListImportRef

INLINE_BYTES: Final = 2_000_000  # a file up to this size is read while the person waits
JOB_TIMEOUT_S: Final = 3_600
_AREA_CODE: Final = re.compile(r"[2-9][0-9]{2}")
_STRAYS_AFTER: Final = timedelta(days=1)


def receive(
    organization_id: UUID,
    file_name: str,
    stream: BinaryIO,
    *,
    source: str,
    kind: FileKind | None,
    as_of: date,
    today: date,
    area_code: str = "",
    actor: Actor,
    in_job: bool = True,
) -> ListImportRef:
    """Keep an uploaded list and ask for its dry run; a kind of None is found out.

    `as_of` is the day the file was downloaded, `today` the organization's. Raises BadInput or
    ListRefused, and then keeps nothing.
    """
    if source != NATIONAL and source not in STATE_NAMES:
        raise BadInput("source: choose the national list or a state.")
    if area_code and not _AREA_CODE.fullmatch(area_code):
        raise BadInput("area_code: it has three digits and begins with 2 to 9, like 312.")
    if as_of > today:
        raise BadInput("as_of: a file can't be from a day to come. Enter the day of the download.")
    if not is_fresh(as_of, today):
        raise BadInput(
            f"as_of: a list counts for {FRESH_DAYS} days, and {date_words(as_of)} is longer ago. "
            "Download it again."
        )
    stored = files.store(stream)
    try:
        row = DncImport(
            id=uuid4(),
            organization_id=organization_id,
            source=source,
            kind=kind or files.sniff(stored.name),
            as_of=as_of,
            area_code=area_code,
            file_name=tidy(file_name)[-200:] or "list.txt",
            stored_name=stored.name,
            size=stored.size,
            sha256=stored.sha256,
            created_by_id=actor.id,
            created_by=actor.label,
        )
        db.session.add(row)
        db.session.flush()  # the audit entry and the page name the row
        _record("upload", row, actor, sha256=row.sha256, size=row.size)
    except Exception:
        files.remove(stored.name)
        raise
    if in_job and row.size > INLINE_BYTES:
        ask(row.id)
    return queries.import_ref(row)


def forget_strays(now: datetime) -> int:
    """Delete files that no import still to be read names; return how many.

    An upload whose transaction failed leaves one, as does a machine that stops just before it
    would have deleted it. What was stored within a day may belong to an upload that goes on.
    """
    stored = files.stored_before(now - _STRAYS_AFTER)
    strays = stored - queries.stored_names_needed()
    for name in strays:
        files.remove(name)
    return len(strays)


def confirm(
    organization_id: UUID, import_id: UUID, *, actor: Actor, in_job: bool = True
) -> ListImportRef:
    """Begin to load a list whose dry run was read. Raises ListBusy."""
    row = _waiting(organization_id, import_id)
    load_id = db.session.scalar(
        insert(DncLoad).values(organization_id=organization_id).returning(DncLoad.id)
    )
    try:
        with part_of_work():
            row.state, row.load_id = ImportState.LOADING, load_id
            row.batches = row.position = 0
            row.moved_at = utcnow()
            db.session.flush()  # the database lets one list of an organization load at a time
    except IntegrityError:
        raise ListBusy("Another list is being loaded. Start this one when it is done.") from None
    _record("start", row, actor, sha256=row.sha256)
    if in_job and row.size > INLINE_BYTES:
        ask(row.id)
    return queries.import_ref(row)


def cancel(organization_id: UUID, import_id: UUID, *, actor: Actor) -> None:
    """Leave a list out that was read or is being loaded. Raises ListBusy once it is in use."""
    row = _locked(organization_id, import_id)
    if row.state not in (ImportState.CHECKED, ImportState.CHECKING, ImportState.LOADING):
        raise ListBusy("This import is over. Reload the page to see where it stands.")
    applying.give_up(row, ImportState.CANCELED)
    _record("cancel", row, actor)


def remove_list(organization_id: UUID, source: str, area_code: str, *, actor: Actor) -> int:
    """Take an area code of a list out of use, or all of it; return how many numbers that were."""
    there = applying.in_use(organization_id, source)
    rows = [row for row in there.values() if area_code in ("", row.area_code)]
    if not rows:
        raise BadInput(f"area_code: {list_name(source)} is not in use there. Reload the page.")
    numbers = sum(row.numbers for row in rows)
    for row in rows:
        applying.leave(row.load_id, row.area_code)
        db.session.delete(row)
    audit.record(
        "dnc:list:remove",
        actor=actor,
        organization_id=organization_id,
        source=source,
        areas=[row.area_code for row in rows],
        numbers=numbers,
    )
    return numbers


def ask(import_id: UUID) -> None:
    """Ask a worker for what an import waits for, after the commit."""
    jobs.request(Job.IMPORT_CALL_LIST, import_id, lane=Lane.REPORTS, timeout_s=JOB_TIMEOUT_S)


def _locked(organization_id: UUID, import_id: UUID) -> DncImport:
    try:
        return lock(Tenant(organization_id), DncImport, import_id)
    except NoResultFound:
        raise NotFound("We can't find that list.") from None


def _waiting(organization_id: UUID, import_id: UUID) -> DncImport:
    row = _locked(organization_id, import_id)
    if row.state is not ImportState.CHECKED:
        raise ListBusy("This import has moved on. Reload the page to see where it stands.")
    return row


def _record(verb: str, row: DncImport, actor: Actor, **facts: Any) -> None:
    audit.record(
        f"dnc:list:{verb}",
        actor=actor,
        organization_id=row.organization_id,
        subject_id=row.id,
        source=row.source,
        kind=row.kind.value,
        as_of=row.as_of.isoformat(),
        file=row.file_name,
        **facts,
    )
