"""Setting certificates as PDF with typst (C-6, RULINGS 25).

What people wrote goes in as data and is set as content: nothing in it is ever read as markup.
The same document and time give the same bytes.
"""

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Self

import qrcode
import typst

from portal.core.settings import ROOT
from portal.proofs.rules import printing

_DATA: Final = Path(__file__).parents[1] / "data"
_TEMPLATE: Final = "certificate.typ"
_COVER: Final = "bundle.typ"
_PNG: Final = b"\x89PNG"
_NOT_ARCHIVAL: Final = (
    "Some signs above have no glyph in the fonts of this document, so it is a plain PDF and not "
    "PDF/A; their code points stand beside them, and the text itself in the JSON of this certificate."
)
_NO_PICTURE: Final = (
    "The picture could not be set here. It lies with the evidence as it was handed in."
)


@dataclass(frozen=True, slots=True)
class Pdf:
    """One certificate set, and whether it keeps the archival standard."""

    content: bytes
    is_archival: bool


class Setter:
    """One compiler for as many certificates as there are: fonts and template are read once (G15)."""

    def __init__(self) -> None:
        """Make a folder of its own, the only one the compiler can read."""
        self._folder = Path(tempfile.mkdtemp(prefix="certificates"))
        shutil.copy(_DATA / _TEMPLATE, self._folder / _TEMPLATE)
        self._logo = (ROOT / "static" / "logo.svg").read_text(encoding="utf-8")
        self._compiler = typst.Compiler(
            str(self._folder / _TEMPLATE), root=str(self._folder), ignore_system_fonts=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self._folder, ignore_errors=True)

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
                    return self._with_or_without_standard(data, at)
                data["pictures"] = []
                data["note"] = _joined(data.get("note"), _NO_PICTURE)
            return self._with_or_without_standard(data, at)
        finally:
            for name in laid:
                (self._folder / name).unlink(missing_ok=True)

    def _with_or_without_standard(self, data: dict[str, Any], at: datetime) -> Pdf:
        try:
            return Pdf(self.compile(data, at, archival=True), is_archival=True)
        except typst.TypstError:
            words = {name: value for name, value in data.items() if name not in {"logo", "qr"}}
            told = {**data, **printing.with_code_points(words)}
            told["note"] = _joined(data.get("note"), _NOT_ARCHIVAL)
            return Pdf(self.compile(told, at, archival=False), is_archival=False)

    def cover(self, document: Mapping[str, Any], at: datetime) -> bytes:
        """Return the cover of a bundle as PDF."""
        return typst.compile(
            (_DATA / _COVER).read_bytes(),
            format="pdf",
            ignore_system_fonts=True,
            sys_inputs={"data": json.dumps({**document, "logo": self._logo})},
            timestamp=int(at.timestamp()),
        )

    def dressed(self, document: Mapping[str, Any], address: str) -> dict[str, Any]:
        """Return a document with the logo and the QR code of its address."""
        return {**document, "logo": self._logo, "qr": qr_svg(address), "pictures": []}

    def compile(self, data: Mapping[str, Any], at: datetime, *, archival: bool) -> bytes:
        """Return a document as PDF, as it is given. Raises TypstError."""
        made = self._compiler.compile(
            format="pdf",
            sys_inputs={"data": json.dumps(data)},
            # PDF/A-2b is what archives and courts take.
            pdf_standards=["a-2b"] if archival else [],
            timestamp=int(at.timestamp()),
        )
        assert isinstance(made, bytes)
        return made

    def _lay(self, place: int, content: bytes) -> str:
        """Lay a picture into the folder under a name of ours."""
        name = f"picture{place}{'.png' if content.startswith(_PNG) else '.jpg'}"
        (self._folder / name).write_bytes(content)
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


def _joined(*notes: str | None) -> str:
    return " ".join(note for note in notes if note)
