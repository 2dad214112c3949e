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


def path_of(name: str) -> Path:
    """Return where a stored piece of evidence lies."""
    return settings().evidence_dir / "consent" / name


def remove(evidence: Evidence) -> None:
    """Delete a file whose record was refused."""
    path_of(evidence.name).unlink(missing_ok=True)
