"""Keeping the scan, page or screenshot behind a record: sealed, under a random name (C-1, threat 6).

The original is kept as it was handed in and only ever sent as a download; what is shown of a
picture is a copy written anew. Files kept before they were sealed are read as they are.
"""

import hashlib
import re
import secrets
from pathlib import Path
from typing import BinaryIO, Final

from portal.consent.errors import EvidenceRefused
from portal.consent.values import Evidence
from portal.core import private_files
from portal.core.errors import NotFound
from portal.core.rotation import SEALED
from portal.core.settings import settings
from portal.gateways import uploads
from portal.gateways.uploads import Upload, UploadRefused

_SHOWN: Final = ".shown"
_LONGEST_NAME: Final = 200


def store(stream: BinaryIO, file_name: str) -> Evidence:
    """Check and keep a scan or picture. Raises EvidenceRefused; the file's content decides."""
    return keep_upload(checked(stream, file_name))


def checked(stream: BinaryIO, file_name: str) -> Upload:
    """Return a scan or picture that may be evidence. Raises EvidenceRefused."""
    try:
        return uploads.read(stream, file_name)
    except UploadRefused as error:
        raise EvidenceRefused(error.message) from error


def keep_upload(upload: Upload) -> Evidence:
    """Keep a checked file: the original, and beside it what may be shown of it."""
    kept = keep_file(upload.content, upload.file_name, upload.media_type)
    if upload.picture is not None:
        private_files.keep_sealed(path_of(_shown(kept.name)), upload.picture.content)
    return kept


def keep_file(content: bytes, file_name: str, media_type: str) -> Evidence:
    """Keep a file of our own making or checked before, such as a page as it was served."""
    name = f"{secrets.token_hex(16)}{SEALED}"
    private_files.keep_sealed(path_of(name), content)
    sha256 = hashlib.sha256(content).hexdigest()
    return Evidence(name, sha256, file_name[-_LONGEST_NAME:], media_type)


def content_of(evidence: Evidence) -> bytes:
    """Return the original, byte for byte. Raises NotFound, or SecretUnreadable if it was changed."""
    return read_kept(evidence.name)


def has_picture(evidence: Evidence) -> bool:
    """Say whether there is something to show of it."""
    return _is_own_picture(evidence.name) or path_of(_shown(evidence.name)).is_file()


def picture_of(evidence: Evidence) -> tuple[bytes, str] | None:
    """Return what may be shown of a picture, with its media type; None: nothing may be."""
    if not has_picture(evidence):
        return None
    name = evidence.name
    content = read_kept(name if _is_own_picture(name) else _shown(name))
    return content, "image/jpeg" if content.startswith(b"\xff\xd8\xff") else "image/png"


def store_page(html: str, file_name: str) -> Evidence:
    """Keep a page we served under its own hash, so that a page is kept once (C-4)."""
    content = html.encode()
    digest = hashlib.sha256(content).hexdigest()
    return _put(f"{digest}.html", content, file_name, "text/html")


def store_picture(content: bytes, file_name: str) -> Evidence:
    """Keep a PNG we made under its own hash."""
    digest = hashlib.sha256(content).hexdigest()
    return _put(f"{digest}.png", content, file_name, "image/png")


def _put(name: str, content: bytes, file_name: str, media_type: str) -> Evidence:
    """Write a file whole or not at all; the same content may be there already."""
    path = path_of(name)
    if not path.exists():
        with private_files.whole(path) as file:
            file.write(content)
    return Evidence(name, hashlib.sha256(content).hexdigest(), file_name, media_type)


def path_of(name: str) -> Path:
    """Return where a stored piece of evidence lies."""
    return settings().evidence_dir / "consent" / name


def remove(evidence: Evidence) -> None:
    """Delete a file whose record was refused."""
    path_of(evidence.name).unlink(missing_ok=True)
    path_of(_shown(evidence.name)).unlink(missing_ok=True)


def is_published(name: str) -> bool:
    """Say whether a file is a page or picture of a form itself: it is about nobody and stays."""
    return re.fullmatch(r"[0-9a-f]{64}\.(?:html|png)", name) is not None


def _is_own_picture(name: str) -> bool:
    """Say whether we made a picture ourselves: then its name is its hash."""
    return re.fullmatch(r"[0-9a-f]{64}\.png", name) is not None


def _shown(name: str) -> str:
    return f"{name.removesuffix(SEALED)}{_SHOWN}{SEALED}"


def read_kept(name: str) -> bytes:
    """Return a file by the name it is kept under. Raises NotFound when the folder is without it."""
    path = path_of(name)
    try:
        return private_files.read_sealed(path) if name.endswith(SEALED) else path.read_bytes()
    except FileNotFoundError as error:
        raise NotFound("The file is missing. Restore the evidence folder from a backup.") from error
