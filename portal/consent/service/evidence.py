"""Storing the scan, page or recording note behind a record; never served inline (C-2)."""

import hashlib
import os
import secrets
from pathlib import Path
from typing import BinaryIO, Final

from portal.consent.errors import EvidenceRefused
from portal.consent.values import Evidence
from portal.contacts.rules.cells import tidy
from portal.core.settings import settings

MAX_BYTES: Final = 10_000_000
_KINDS: Final = (
    (b"%PDF-", "application/pdf", ".pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png", ".png"),
    (b"\xff\xd8\xff", "image/jpeg", ".jpg"),
)


def store(stream: BinaryIO, file_name: str) -> Evidence:
    """Keep a scan under a random name. Raises EvidenceRefused; the file's content decides."""
    content = stream.read(MAX_BYTES + 1)
    if not content:
        raise EvidenceRefused("The file is empty. Choose the scan again.")
    if len(content) > MAX_BYTES:
        raise EvidenceRefused("The scan is larger than 10 MB. Save it smaller and attach that.")
    found = next((kind for kind in _KINDS if content.startswith(kind[0])), None)
    if found is None:
        raise EvidenceRefused("This is no PDF, PNG or JPEG. Scan or photograph the paper.")
    _, media_type, ending = found
    name = f"{secrets.token_hex(16)}{ending}"
    folder = path_of("")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as f:
        f.write(content)
    shown = tidy(Path(file_name.replace("\\", "/")).name)[-200:] or f"scan{ending}"
    return Evidence(name, hashlib.sha256(content).hexdigest(), shown, media_type)


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
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = path.with_name(f"{secrets.token_hex(8)}.new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    return Evidence(name, hashlib.sha256(content).hexdigest(), file_name, media_type)


def path_of(name: str) -> Path:
    """Return where a stored piece of evidence lies."""
    return settings().evidence_dir / "consent" / name


def remove(evidence: Evidence) -> None:
    """Delete a file whose record was refused."""
    path_of(evidence.name).unlink(missing_ok=True)
