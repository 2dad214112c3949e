"""Pictures people upload for forms, through the one door for files (PROMISES threat 6).

Reading one takes a program of its own and up to seconds: it belongs outside a unit of work.
"""

from typing import BinaryIO, Final

from portal.gateways import uploads

LOGO_BYTES: Final = 2_000_000
_LOGO_WITHIN: Final = (480, 160)
_PAGE_WITHIN: Final = (4000, 12_000)  # a picture of a page is no larger, a photograph may be


def logo(stream: BinaryIO, file_name: str) -> bytes:
    """Return a logo as a small PNG of our own. Raises UploadRefused."""
    return _png(stream, file_name, LOGO_BYTES, _LOGO_WITHIN)


def page(stream: BinaryIO, file_name: str) -> bytes:
    """Return a picture of a page as a PNG of our own. Raises UploadRefused."""
    return _png(stream, file_name, uploads.MAX_BYTES, _PAGE_WITHIN)


def _png(stream: BinaryIO, file_name: str, max_bytes: int, within: tuple[int, int]) -> bytes:
    taken = uploads.read(
        stream, file_name, kinds=uploads.PICTURES, max_bytes=max_bytes, within=within
    )
    assert taken.picture is not None  # pictures alone are let in
    return taken.picture.content
