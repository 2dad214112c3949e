"""Files put to a text that is being written: taken in, looked at, taken off again (S-7)."""

from collections.abc import Sequence
from typing import BinaryIO, Final, cast
from uuid import UUID

from flask import g, request

from portal.core.access import me
from portal.core.db import unit_of_work
from portal.core.errors import DomainError
from portal.media import service as media
from portal.messaging.queries.attached import attachments
from portal.messaging.service import attaching
from portal.messaging.values import MediaRef
from portal.messaging.views.typed import identifier

TAKEN: Final = "attach"  # the field with the files themselves
KEPT: Final = "file"  # a hidden one for each file an answer has already
OFF: Final = "detach"  # a button with the id of one
_NO_FILE: Final = "This is not the id of a file. Attach it again."


def of_form() -> tuple[MediaRef, ...]:
    """Return the files the form of an answer carries, without the one that was taken off."""
    sent = request.form
    off = identifier(sent[OFF], _NO_FILE) if OFF in sent else None
    ids = [identifier(text, _NO_FILE) for text in sent.getlist(KEPT)[:20]]
    return attachments(g.account.tenant, [id_ for id_ in ids if id_ != off])


def is_complete(files: Sequence[MediaRef]) -> bool:
    """Say whether an answer has every file its form names; one may have been swept away (S-7)."""
    return len(files) == len(set(request.form.getlist(KEPT)[:20]))


def is_asked() -> bool:
    """Say whether a form of an answer brings a file or takes one off, so that it is not sent yet."""
    brings = any(upload.filename for upload in request.files.getlist(TAKEN))
    return brings or OFF in request.form or request.form.get("do") == "attach"


def added(before: Sequence[MediaRef]) -> tuple[tuple[MediaRef, ...], str]:
    """Return an answer's files with those its form brings, and what is wrong with one."""
    ids, fault = taken([UUID(item.file) for item in before])
    return attachments(g.account.tenant, ids), fault


def taken(before: Sequence[UUID]) -> tuple[list[UUID], str]:
    """Keep the files a form brings; return them after those it had, and what is wrong with one.

    Reading a file may take seconds, so it happens before the unit of work.
    """
    ids, tenant = list(before), g.account.tenant
    for upload in request.files.getlist(TAKEN):
        if not upload.filename:
            continue
        try:
            checked = media.check(cast("BinaryIO", upload.stream), upload.filename)
            with unit_of_work():
                kept = media.keep(g.account, checked, actor=me().actor)
                attaching.check(tenant, [*ids, kept.id])
        except DomainError as error:
            return ids, f"{upload.filename[:60]}: {error.message}"
        ids.append(kept.id)
    return ids, ""
