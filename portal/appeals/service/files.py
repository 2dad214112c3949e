"""Files of a case: checked by content, pictures written anew, sealed on disk (PROMISES 4 rows 6, 25)."""

import hashlib
import io
import secrets
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final
from uuid import UUID, uuid4

from sqlalchemy import delete

from portal.appeals import queries
from portal.appeals.errors import FileRefused
from portal.appeals.models import AppealFile
from portal.appeals.values import CaseRef, FileKind, FileRef
from portal.core import clock, private_files
from portal.core.audit import Actor
from portal.core.db import after_commit, db
from portal.core.errors import NotFound
from portal.core.rotation import SEALED
from portal.core.secrets_box import SecretUnreadable
from portal.core.settings import settings
from portal.core.tenancy import owned
from portal.gateways import texted, uploads
from portal.gateways.uploads import SCANS, Kind, UploadRefused

MOST_FILES: Final = 60  # of one case, those it sent and got included
FILMS: Final = frozenset({Kind.MP4, Kind.THREE_GP})
_LONGEST_NAME: Final = 200
_COUNTED: Final = frozenset({FileKind.UPLOAD, FileKind.NOTE, FileKind.REPLY, FileKind.ANSWER})


class Checked:
    """A file that may be kept: its bytes as they are kept, never as they came where that can be."""

    def __init__(self, name: str, media_type: str, content: bytes) -> None:
        self.name, self.media_type, self.content = name, media_type, content


def check(stream: BinaryIO, file_name: str) -> Checked:
    """Return a picture, film or PDF as it is kept. Raises FileRefused; the content decides.

    Outside a unit of work: reading a picture may take seconds.
    """
    try:
        content, kind = uploads.opened(stream, SCANS | FILMS, uploads.MAX_BYTES)
        again = io.BytesIO(content)
        if kind in FILMS:
            film = texted.read(again, file_name)
            return Checked(film.name, film.media_type, film.content)
        upload = uploads.read(again, file_name)
    except UploadRefused as error:
        raise FileRefused(error.message) from error
    if upload.picture is None:
        return Checked(upload.file_name, upload.media_type, upload.content)
    written = Kind.PNG if upload.picture.media_type == "image/png" else Kind.JPEG
    stem = upload.file_name if upload.kind is written else upload.file_name.rpartition(".")[0]
    name = uploads.safe_name(stem, written)
    return Checked(name, upload.picture.media_type, upload.picture.content)


def keep(
    case: CaseRef,
    checked: Checked,
    *,
    actor: Actor,
    kind: FileKind = FileKind.UPLOAD,
    part: int | None = None,
    about_id: UUID | None = None,
) -> FileRef:
    """Keep a file of a case, sealed, under a name that says nothing. Raises FileRefused if full.

    `about_id` names the reply, answer or comment it came with.
    """
    if kind in _COUNTED and len(queries.files(case)) >= MOST_FILES:
        raise FileRefused(f"An appeal takes {MOST_FILES} files. Remove one first.")
    stored_as = f"{secrets.token_hex(16)}{SEALED}"
    private_files.keep_sealed(_path(stored_as), checked.content)
    row = AppealFile(
        id=uuid4(),
        organization_id=case.organization_id,
        account_id=case.account_id,
        case_id=case.id,
        part=part,
        about_id=about_id,
        kind=kind,
        name=checked.name[-_LONGEST_NAME:],
        media_type=checked.media_type,
        size=len(checked.content),
        sha256=hashlib.sha256(checked.content).hexdigest(),
        stored_as=stored_as,
        created_at=clock.utcnow(),
        created_by_id=actor.id,
        created_by=actor.label[:200],
    )
    db.session.add(row)
    db.session.flush()  # the parts are read with it
    return queries.file_ref(row)


def remove(case: CaseRef, file_id: UUID) -> FileRef:
    """Take a file out of a case; its bytes go once that is committed. Raises NotFound."""
    file = queries.file_or_404(case, file_id)
    db.session.execute(
        delete(AppealFile)
        .where(owned(case.tenant, AppealFile), AppealFile.id == file.id)
        .execution_options(synchronize_session=False)
    )
    after_commit(partial(_path(file.stored_as).unlink, missing_ok=True))
    return file


def content_of(file: FileRef) -> bytes:
    """Return a file's bytes. Raises NotFound, or SecretUnreadable if it was changed."""
    try:
        return private_files.read_sealed(_path(file.stored_as))
    except FileNotFoundError as error:
        raise NotFound(f"The file “{file.name}” is gone from where it was kept.") from error
    except SecretUnreadable as error:
        raise SecretUnreadable(
            f"The file “{file.name}” can't be read: it was changed, or its key is missing."
        ) from error


def _path(stored_as: str) -> Path:
    return settings().evidence_dir / "appeals" / stored_as[:2] / stored_as
