"""Bills of losing carriers: checked by content, sealed on disk, gone once the number is here."""

import secrets
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, Final

from portal.core import private_files
from portal.core.clock import utcnow
from portal.core.errors import NotFound
from portal.core.rotation import SEALED
from portal.core.settings import settings
from portal.gateways import uploads
from portal.gateways.uploads import Kind, Upload, UploadRefused
from portal.porting import queries
from portal.porting.errors import BillRefused
from portal.porting.values import Bill

MAX_BYTES: Final = 5_000_000
_SAVED_WITHIN: Final = timedelta(days=1)  # far longer than a page takes to be saved
KINDS: Final = frozenset({Kind.PDF, Kind.PNG, Kind.JPEG})  # what Twilio takes


def check_bill(stream: BinaryIO, file_name: str) -> Upload:
    """Return a bill that may be kept. Raises BillRefused; the file's content decides."""
    try:
        return uploads.read(stream, file_name, kinds=KINDS, max_bytes=MAX_BYTES)
    except UploadRefused as error:
        raise BillRefused(error.message) from error


def keep(upload: Upload) -> Bill:
    """Keep a checked bill under a random name, sealed."""
    name = f"{secrets.token_hex(16)}{SEALED}"
    private_files.keep_sealed(_path(name), upload.content)
    return Bill(name, upload.file_name, upload.media_type, upload.sha256)


def content_of(bill: Bill) -> bytes:
    """Return a bill as it was handed in. Raises NotFound, or SecretUnreadable."""
    try:
        return private_files.read_sealed(_path(bill.name))
    except FileNotFoundError as error:
        raise NotFound("The bill is gone. Upload it again.") from error


def forget(bill: Bill) -> None:
    """Delete a bill; one that is gone is no error."""
    _path(bill.name).unlink(missing_ok=True)


def forget_strays() -> int:
    """Delete bills that no port-in has: what saved them was broken off; a sweep."""
    oldest = (utcnow() - _SAVED_WITHIN).timestamp()
    old = [path for path in _folder().glob("*") if path.stat().st_mtime < oldest]
    kept = queries.bill_names()
    strays = [path for path in old if path.name not in kept]
    for path in strays:
        path.unlink(missing_ok=True)
    return len(strays)


def _folder() -> Path:
    return settings().evidence_dir / "bills"


def _path(name: str) -> Path:
    return _folder() / name
