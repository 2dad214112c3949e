"""Files of texts, read as values."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select

from portal.core.db import db
from portal.core.settings import settings
from portal.core.tenancy import Tenant, owned
from portal.media.errors import FileGone
from portal.media.models import MediaFile
from portal.media.values import FileRef

_ROW: Final = tuple(getattr(MediaFile, name) for name in FileRef.__dataclass_fields__)


def files(tenant: Tenant, ids: Sequence[UUID]) -> list[FileRef]:
    """Return those of these files that are the tenant's, in the order asked for."""
    if not ids:
        return []
    rows = db.session.execute(select(*_ROW).where(owned(tenant, MediaFile), MediaFile.id.in_(ids)))
    found = {row[0]: FileRef(*row) for row in rows}
    return [found[id_] for id_ in dict.fromkeys(ids) if id_ in found]


def file_or_404(tenant: Tenant, file_id: UUID) -> FileRef:
    """Return one file of the tenant. Raises FileGone."""
    found = files(tenant, [file_id])
    if not found:
        raise FileGone
    return found[0]


def unused(organization_id: UUID, before: datetime) -> list[UUID]:
    """Return the files of an organization that were put to no text that went."""
    return list(
        db.session.scalars(
            select(MediaFile.id)
            .where(
                MediaFile.organization_id == organization_id,
                MediaFile.created_at <= before,
                MediaFile.is_used.is_(False),
            )
            .order_by(MediaFile.created_at, MediaFile.id)
        )
    )


def page_url(file: FileRef) -> str:
    """Return where a person whom no picture reaches sees a file (R-3)."""
    return f"{settings().public_url}/m/{file.token}"


def file_behind_link(file_id: UUID) -> FileRef | None:
    """Return the file a signed link stands for, whoever's it is: the signature is the key."""
    row = db.session.execute(select(*_ROW).where(MediaFile.id == file_id)).one_or_none()
    return FileRef(*row) if row else None


def file_of_page(token: str, now: datetime) -> FileRef | None:
    """Return the file whose own page a person was sent to, as long as that lasts (R-3)."""
    row = db.session.execute(
        select(*_ROW).where(MediaFile.token == token, MediaFile.token_until > now)
    ).one_or_none()
    return FileRef(*row) if row else None
