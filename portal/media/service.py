"""Keeping files of texts, handing them out by links that end, and forgetting them (S-7, S15).

checked = media.check(stream, "house.jpg")     # outside a unit of work: it may take seconds
with unit_of_work():
ref = media.keep(account, checked, actor=actor)
"""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final
from uuid import UUID, uuid4

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from portal.core import audit, clock, private_files
from portal.core.audit import Actor
from portal.core.db import after_commit, db, is_sqlite
from portal.core.rotation import SEALED
from portal.core.settings import settings
from portal.core.tenancy import Tenant, owned
from portal.gateways import texted
from portal.gateways.texted import Texted
from portal.gateways.uploads import UploadRefused
from portal.media import queries, rules
from portal.media.errors import FileGone, FileRefused
from portal.media.models import MediaFetch, MediaFile
from portal.media.values import MOST_FETCHES, SEEN_FOR, FileRef, Link
from portal.texting_accounts.values import AccountRef

_SHOWN: Final = ".shown"
_STRAY_AFTER: Final = timedelta(days=1)  # a file whose row never came, or has gone


def check(stream: BinaryIO, file_name: str) -> Texted:
    """Return a file as it may go with a text. Raises FileRefused; the file's content decides."""
    try:
        return texted.read(stream, file_name)
    except UploadRefused as error:
        raise FileRefused(error.message) from error


def keep(account: AccountRef, checked: Texted, *, actor: Actor, is_used: bool = False) -> FileRef:
    """Keep a checked file of an account, sealed, under a name that says nothing."""
    stored_as = f"{secrets.token_hex(16)}{SEALED}"
    private_files.keep_sealed(_path(stored_as), checked.content)
    if checked.shown:
        private_files.keep_sealed(_path(_shown(stored_as)), checked.shown)
    row = MediaFile(
        id=uuid4(),
        organization_id=account.organization_id,
        account_id=account.id,
        name=checked.name,
        media_type=checked.media_type,
        size=len(checked.content),
        width=checked.width,
        height=checked.height,
        has_picture=bool(checked.shown),
        sha256=hashlib.sha256(checked.content).hexdigest(),
        stored_as=stored_as,
        token=secrets.token_urlsafe(16),
        is_used=is_used,
        created_at=clock.utcnow(),
        created_by=actor.id,
        created_by_name=actor.label[:200],
    )
    db.session.add(row)
    db.session.flush()  # texts refer to it
    audit.record(
        "media:file:keep",
        actor=actor,
        organization_id=account.organization_id,
        account_id=account.id,
        subject_id=row.id,
        media_type=row.media_type,
        size=row.size,
        sha256=row.sha256,
    )
    return queries.file_or_404(account.tenant, row.id)


def content_of(file: FileRef) -> bytes:
    """Return a file as it leaves. Raises FileGone, or SecretUnreadable if it was changed."""
    return _read(file.stored_as)


def picture_of(file: FileRef) -> bytes:
    """Return the small picture of a file. Raises FileGone where there is none."""
    if not file.has_picture:
        raise FileGone
    return _read(_shown(file.stored_as))


def carrier_url(file_id: UUID, message_id: UUID, until: datetime) -> str:
    """Return where the carrier fetches a file for one text, until then and a few times (S15)."""
    token = rules.written(_key(), Link(file_id, message_id, until))
    return f"{settings().public_url}/media/{token}"


def fetch(token: str) -> FileRef | None:
    """Return the file a carrier's link stands for, and count the fetch; None: it gets nothing.

    It is nothing for a link that is not ours, is over, was used up, or whose file is gone.
    """
    link = rules.read(_key(), token)
    if link is None or link.until <= clock.utcnow():
        return None
    file = queries.file_behind_link(link.file_id)
    return file if file is not None and _count(link) else None


def open_pages(tenant: Tenant, ids: Sequence[UUID], leaves_at: datetime) -> None:
    """Let whoever is sent there see these files from now on, for thirty days from the text."""
    until = leaves_at + SEEN_FOR
    db.session.execute(
        update(MediaFile)
        .where(
            owned(tenant, MediaFile),
            MediaFile.id.in_(ids),
            (MediaFile.token_until.is_(None)) | (MediaFile.token_until < until),
        )
        .values(token_until=until)
        .execution_options(synchronize_session=False)
    )


def hold(tenant: Tenant, ids: Sequence[UUID]) -> list[FileRef]:
    """Lock files a text is to rest on from now on, so that none is swept away. Raises FileGone."""
    found = db.session.scalars(
        select(MediaFile.id)
        .where(owned(tenant, MediaFile), MediaFile.id.in_(ids))
        .order_by(MediaFile.id)
        .with_for_update()
    ).all()
    if set(found) != set(ids):
        raise FileGone
    db.session.execute(
        update(MediaFile)
        .where(owned(tenant, MediaFile), MediaFile.id.in_(ids))
        .values(is_used=True)
        .execution_options(synchronize_session=False)
    )
    return queries.files(tenant, ids)


def forget(organization_id: UUID, ids: Iterable[UUID]) -> int:
    """Delete files for good, once no text rests on them; return how many."""
    gone = db.session.scalars(
        delete(MediaFile)
        .where(MediaFile.organization_id == organization_id, MediaFile.id.in_(list(ids)))
        .returning(MediaFile.stored_as)
    ).all()
    for stored_as in gone:
        after_commit(partial(_remove, stored_as))
    return len(gone)


def sweep_strays() -> int:
    """Remove files on disk that no row tells of: of a keep or a forget that was cut short."""
    old = clock.utcnow().timestamp() - _STRAY_AFTER.total_seconds()
    there = [p for p in _folder().glob(f"*/*{SEALED}") if p.stat().st_mtime < old]
    names = {p.name.removesuffix(SEALED).removesuffix(_SHOWN) + SEALED for p in there}
    known: set[str] = set()
    wanted = sorted(names)
    for start in range(0, len(wanted), 500):
        some = wanted[start : start + 500]
        known |= set(
            db.session.scalars(select(MediaFile.stored_as).where(MediaFile.stored_as.in_(some)))
        )
    for name in names - known:
        _remove(name)
    return len(names - known)


def _count(link: Link) -> bool:
    """Count one fetch, and say whether it is one of those allowed, however many come at once."""
    insert = (sqlite if is_sqlite() else postgresql).insert(MediaFetch)
    done = db.session.execute(
        insert.values(
            file_id=link.file_id, message_id=link.message_id, times=1, first_at=clock.utcnow()
        )
        .on_conflict_do_update(
            index_elements=["file_id", "message_id"],
            set_={"times": MediaFetch.times + 1},
            where=MediaFetch.times < MOST_FETCHES,
        )
        .returning(MediaFetch.times)
    )
    return done.first() is not None


def _key() -> bytes:
    return rules.link_key(settings().secret_key)


def _folder() -> Path:
    return settings().evidence_dir / "media"


def _path(stored_as: str) -> Path:
    return _folder() / stored_as[:2] / stored_as


def _shown(stored_as: str) -> str:
    return f"{stored_as.removesuffix(SEALED)}{_SHOWN}{SEALED}"


def _read(name: str) -> bytes:
    try:
        return private_files.read_sealed(_path(name))
    except FileNotFoundError as error:
        raise FileGone from error


def _remove(stored_as: str) -> None:
    _path(stored_as).unlink(missing_ok=True)
    _path(_shown(stored_as)).unlink(missing_ok=True)
