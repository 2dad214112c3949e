"""Setting certificates as PDF with typst (C-6, RULINGS 25).

What people wrote goes in as data and is set as content: nothing in it is ever read as markup.
The same document and time give the same bytes.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import qrcode
import typst

from portal.core.typesetting import Pdf, Typesetter, joined

__all__ = ["Pdf", "Setter", "qr_svg"]

_DATA: Final = Path(__file__).parents[1] / "data"
_COVER: Final = "bundle.typ"
_PNG: Final = b"\x89PNG"
_NOT_ARCHIVAL: Final = (
    "Some signs above have no glyph in the fonts of this document, so it is a plain PDF and not "
    "PDF/A; their code points stand beside them, and the text itself in the JSON of this certificate."
)
_NO_PICTURE: Final = (
    "The picture could not be set here. It lies with the evidence as it was handed in."
)


class Setter(Typesetter):
    """One compiler for as many certificates as there are."""

    def __init__(self) -> None:
        """Read the template of certificates."""
        super().__init__(_DATA / "certificate.typ")

    def set(
        self,
        document: Mapping[str, Any],
        *,
        address: str,
        at: datetime,
        pictures: Sequence[tuple[str, bytes, str]] = (),
    ) -> Pdf:
        """Return a document as PDF, with the QR code of its address on the first page.

        `pictures` are a title, a PNG or JPEG, and a caption; each gets a page of its own. A sign
        without a glyph costs the archival standard, and a damaged picture their pages; the
        document then says so.
        """
        data = self.dressed(document, address)
        laid = [self._lay(place, content) for place, (_, content, _) in enumerate(pictures)]
        try:
            if laid:
                data["pictures"] = [
                    {"path": name, "title": title, "caption": caption}
                    for name, (title, _, caption) in zip(laid, pictures, strict=True)
                ]
                with suppress(typst.TypstError):
                    return self.set_document(data, at, not_archival=_NOT_ARCHIVAL)
                data["pictures"] = []
                data["note"] = joined(data.get("note"), _NO_PICTURE)
            return self.set_document(data, at, not_archival=_NOT_ARCHIVAL)
        finally:
            for name in laid:
                (self.folder / name).unlink(missing_ok=True)

    def cover(self, document: Mapping[str, Any], at: datetime) -> bytes:
        """Return the cover of a bundle as PDF."""
        return typst.compile(
            (_DATA / _COVER).read_bytes(),
            format="pdf",
            ignore_system_fonts=True,
            sys_inputs={"data": json.dumps({**document, "logo": self.logo})},
            timestamp=int(at.timestamp()),
        )

    def dressed(self, document: Mapping[str, Any], address: str) -> dict[str, Any]:
        """Return a document with the logo and the QR code of its address."""
        return {**document, "logo": self.logo, "qr": qr_svg(address), "pictures": []}

    def _lay(self, place: int, content: bytes) -> str:
        """Lay a picture into the folder under a name of ours."""
        name = f"picture{place}{'.png' if content.startswith(_PNG) else '.jpg'}"
        (self.folder / name).write_bytes(content)
        return name


def qr_svg(text: str) -> str:
    """Return a QR code as SVG, one path; the mask is fixed, which saves nine tenths of the time."""
    code = qrcode.QRCode(
        border=2, error_correction=qrcode.constants.ERROR_CORRECT_L, mask_pattern=3
    )
    code.add_data(text)
    code.make()
    rows = code.get_matrix()
    path = "".join(
        f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark
    )
    size = len(rows)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}">'
        f'<rect width="{size}" height="{size}" fill="#fff"/><path fill="#132024" d="{path}"/></svg>'
    )
