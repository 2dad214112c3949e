"""Asking for a dossier, handing it out, and letting it go (M-4, C-10)."""

import re
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import or_, update
from sqlalchemy.exc import IntegrityError

from portal.core import audit, jobs
from portal.core.audit import SYSTEM, Actor
from portal.core.clock import utcnow
from portal.core.db import after_commit, db, part_of_work
from portal.core.erasing import ERASED, wipe
from portal.core.jobs import Job, Lane
from portal.core.settings import settings
from portal.dossiers import queries
from portal.dossiers.errors import DossierRefused
from portal.dossiers.models import Dossier
from portal.dossiers.values import DossierRef, DossierState, Wanted
from portal.texting_accounts.values import AccountRef

JOB_TIMEOUT_S: Final = 7_200
_NAME: Final = re.compile(r"[0-9a-f]{32}(\..+)?")  # of what lies on the disk of a dossier


def ask(account: AccountRef, wanted: Wanted, *, nonce: str, actor: Actor) -> UUID:
    """Ask for everything about an account and return the dossier's id.

    The same click asks once, and while one is being made for the account it is that one. Raises
    DossierRefused.
    """
    if wanted.first and wanted.last and wanted.first > wanted.last:
        raise DossierRefused(
            f"{wanted.last} is before {wanted.first}. Give a day on or after the first one."
        )
    if (earlier := queries.asked_before(account.tenant, nonce)) is not None:
        return earlier
    row = Dossier(
        id=uuid4(),
        organization_id=account.organization_id,
        account_id=account.id,
        nonce=nonce,
        counsel=wanted.counsel,
        reason=wanted.reason,
        first=wanted.first,
        last=wanted.last,
        zone=account.timezone,
        created_by_id=actor.id,
        created_by=actor.label[:200],
    )
    try:
        with part_of_work():
            db.session.add(row)
            db.session.flush()  # an index lets one be made at a time
    except IntegrityError:
        other = queries.asked_before(account.tenant, nonce)
        if other is None:
            raise
        return other
    request(row.id)
    _log("ask", queries.ref(row), actor, for_=wanted.counsel, reason=wanted.reason, **_days(wanted))
    return row.id


def request(dossier_id: UUID) -> None:
    """Ask a worker to make, or to go on with, a dossier."""
    jobs.request(Job.MAKE_DOSSIER, dossier_id, lane=Lane.REPORTS, timeout_s=JOB_TIMEOUT_S)


def open_dossier(dossier: DossierRef) -> Path:
    """Return the file of a dossier that is ready. Raises DossierRefused."""
    path = file_of(dossier)
    if dossier.is_moving:
        raise DossierRefused("This export is still being made. It is ready in a while.")
    if not dossier.is_ready or not path.is_file():
        raise DossierRefused("This export's file is not here any more. Ask for it again.")
    return path


def note_download(dossier: DossierRef, *, actor: Actor) -> None:
    """Write down that everything about an account left the portal (M-4)."""
    _log("download", dossier, actor, sha256=dossier.sha256)


def let_go(dossier_id: UUID) -> bool:
    """Say that a dossier's days are over; its file is deleted after the commit."""
    return bool(_end([dossier_id], Dossier.state == DossierState.READY))


def forget_dossiers(
    organization_id: UUID, *, words: Sequence[str] = (), before: datetime, is_dry: bool
) -> int:
    """Delete the dossiers asked for by then, made or not: any of them may hold a person (C-10).

    Whom one was for and why it was needed goes where it names one of the words.
    """
    found = queries.kept_by(organization_id, before)
    if is_dry:
        return len(found)
    if found:
        _end(found, Dossier.organization_id == organization_id)
    own = (Dossier.organization_id == organization_id) & (Dossier.created_at <= before)
    for column in (Dossier.counsel, Dossier.reason):
        named = or_(False, *(column.contains(word, autoescape=True) for word in words))
        wipe(Dossier, own & named, {column.key: ERASED}, is_dry=False)
    return len(found)


def log_end(verb: str, dossier: DossierRef, **said: Any) -> None:
    """Write down how the making of a dossier ended, for whoever asked for it."""
    _log(verb, dossier, Actor(dossier.created_by_id, dossier.created_by), **said)


def file_of(dossier: DossierRef) -> Path:
    """Return where a dossier lies once it is ready: each run writes a file of its own."""
    return folder_of(dossier).with_suffix(f".{dossier.lease}.zip")


def folder_of(dossier: DossierRef) -> Path:
    """Return where its pieces lie while it is made."""
    return _folder() / dossier.id.hex


def clear(dossier: DossierRef) -> None:
    """Delete all that lies on the disk of a dossier."""
    shutil.rmtree(folder_of(dossier), ignore_errors=True)
    for path in folder_of(dossier).parent.glob(f"{dossier.id.hex}.*"):
        path.unlink(missing_ok=True)


def clear_rests(dossier: DossierRef) -> None:
    """Delete what runs before this one left half made; one that was only frozen fails by it."""
    rests = [
        *folder_of(dossier).glob("*.new"),
        *folder_of(dossier).parent.glob(f"{dossier.id.hex}.*"),
    ]
    for path in rests:
        if path != file_of(dossier):
            path.unlink(missing_ok=True)


def clear_strays() -> None:
    """Delete, after the commit, what still lies on the disk of dossiers that are over (C-10).

    Whoever ended one may have died before its file was deleted.
    """
    lying = [path for path in _folder().glob("*") if _NAME.fullmatch(path.name)]
    alive = {dossier.id.hex: dossier for dossier in queries.alive()}  # read after the names
    for path in lying:
        dossier = alive.get(path.name[:32])
        if dossier is None or (dossier.is_ready and path != file_of(dossier)):
            after_commit(lambda path=path: _delete(path))  # type: ignore[misc]


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _folder() -> Path:
    return settings().evidence_dir / "dossiers"


def _end(ids: list[UUID], *which: Any) -> list[UUID]:
    ended = list(
        db.session.scalars(
            update(Dossier)
            .where(Dossier.id.in_(ids), *which)
            .values(state=DossierState.GONE, moved_at=utcnow())
            .returning(Dossier.id)
            .execution_options(synchronize_session=False)
        )
    )
    for dossier_id in ended:
        dossier = queries.dossier_by_id(dossier_id)
        assert dossier is not None  # its row is locked by the update
        _log("delete", dossier, SYSTEM)
        after_commit(lambda dossier=dossier: clear(dossier))  # type: ignore[misc]
    return ended


def _days(wanted: Wanted) -> dict[str, str]:
    return {
        name: day.isoformat()
        for name, day in (("first", wanted.first), ("last", wanted.last))
        if day is not None
    }


def _log(verb: str, dossier: DossierRef, actor: Actor, **said: Any) -> None:
    audit.record(
        f"dossiers:dossier:{verb}",
        actor=actor,
        organization_id=dossier.organization_id,
        account_id=dossier.account_id,
        subject_id=dossier.id,
        **said,
    )
