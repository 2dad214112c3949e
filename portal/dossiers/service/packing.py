"""Putting files into the ZIP of a dossier piece by piece, with their hashes."""

import hashlib
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final

from portal.dossiers.rules.readme import Packed
from portal.proofs.service.packing import info_of

_BLOCK: Final = 1 << 20
_BETWEEN: Final = 32  # blocks: some tenths of a second
_LARGE: Final = 1 << 30
_PACKED: Final = (
    ".pdf",
    ".jpg",
    ".png",
    ".gif",
    ".webp",
    ".mp4",
    ".3gp",
    ".zip",
)  # no smaller when packed again


class Joiner:
    """Copies files into a ZIP and takes down the hash and size of each."""

    def __init__(self, archive: zipfile.ZipFile, between: Callable[[], object]) -> None:
        """Pack into this ZIP; `between` is called now and then."""
        self._archive, self._between = archive, between
        self._blocks = 0
        self.files: list[Packed] = []

    def text(self, name: str, text: str) -> None:
        """Pack a text."""
        self._copy(name, io.BytesIO(text.encode()), None)

    def file(self, name: str, path: Path, rows: int | None) -> None:
        """Pack a file that holds so many rows."""
        with path.open("rb") as content:
            self._copy(name, content, rows, is_large=path.stat().st_size > _LARGE)

    def unpacked(self, path: Path) -> None:
        """Pack every file of another ZIP."""
        with zipfile.ZipFile(path) as other:
            for info in other.infolist():
                with other.open(info) as content:
                    self._copy(info.filename, content, None)

    def _copy(
        self, name: str, content: IO[bytes], rows: int | None, *, is_large: bool = False
    ) -> None:
        total, size = hashlib.sha256(), 0
        kind = zipfile.ZIP_STORED if name.endswith(_PACKED) else zipfile.ZIP_DEFLATED
        with self._archive.open(info_of(name, kind), "w", force_zip64=is_large) as copy:
            while block := content.read(_BLOCK):
                total.update(block)
                size += len(block)
                copy.write(block)
                self._blocks += 1
                if self._blocks % _BETWEEN == 0:
                    self._between()
        self.files.append(Packed(name, total.hexdigest(), size, rows))


def sha256_of(path: Path, between: Callable[[], object]) -> str:
    """Return the SHA-256 of a file; `between` is called now and then."""
    total = hashlib.sha256()
    with path.open("rb") as file:
        blocks = 0
        while block := file.read(_BLOCK):
            total.update(block)
            blocks += 1
            if blocks % _BETWEEN == 0:
                between()
    return total.hexdigest()
