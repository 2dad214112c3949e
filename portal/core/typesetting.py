"""Documents set as PDF with typst (C-6, B-12, RULINGS 25).

What people wrote goes in as data and is set as content: nothing in it is ever read as markup.
The same document and time give the same bytes. Not imported by what sends texts (G12).
"""

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Self

import typst

from portal.core import glyphs
from portal.core.settings import ROOT

_PICTURES: Final = frozenset({"logo", "qr"})  # SVG of ours, without words
_FONTS: Final = files("font_source_sans_pro").joinpath("files")
_PPI: Final = 192  # two dots for one of a page
NOT_ARCHIVAL: Final = (
    "Some signs above have no glyph in the fonts of this document, so it is a plain PDF and not "
    "PDF/A; their code points stand beside them."
)


@dataclass(frozen=True, slots=True)
class Pdf:
    """One document set, and whether it keeps the archival standard."""

    content: bytes
    is_archival: bool


class Typesetter:
    """One compiler for as many documents of a template as there are: fonts are read once (G15)."""

    def __init__(self, template: Path) -> None:
        """Make a folder of its own, the only one the compiler can read."""
        self.folder = Path(tempfile.mkdtemp(prefix="documents"))
        shutil.copy(template, self.folder / template.name)
        self.logo = (ROOT / "static" / "logo.svg").read_text(encoding="utf-8")
        self._compiler = typst.Compiler(
            str(self.folder / template.name),
            root=str(self.folder),
            font_paths=[str(_FONTS)],  # beside those that typst brings
            ignore_system_fonts=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def set_document(
        self, data: Mapping[str, Any], at: datetime, *, not_archival: str = NOT_ARCHIVAL
    ) -> Pdf:
        """Return a document as PDF/A, or as plain PDF where it has a sign without a glyph.

        The latter names the code points and says so in its `note`. Raises TypstError.
        """
        try:
            return Pdf(self.compile(data, at, archival=True), is_archival=True)
        except typst.TypstError:
            words = {name: value for name, value in data.items() if name not in _PICTURES}
            told = {**data, **glyphs.with_code_points(words)}
            told["note"] = joined(data.get("note"), not_archival)
            return Pdf(self.compile(told, at, archival=False), is_archival=False)

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

    def draw(self, data: Mapping[str, Any], at: datetime) -> bytes:
        """Return a document of one page as a PNG, as it is given. Raises TypstError."""
        made = self._compiler.compile(
            format="png",
            ppi=_PPI,
            sys_inputs={"data": json.dumps(data)},
            timestamp=int(at.timestamp()),
        )
        assert isinstance(made, bytes)
        return made


def joined(*notes: str | None) -> str:
    """Return notes as one, those that are there."""
    return " ".join(note for note in notes if note)
