"""An import's ZIP: one CSV and the files its rows name as evidence (C-2, threat 6).

The archive is judged before anything is unpacked: names that leave it, names given twice, locked
or nested archives and what would swell beyond its limits are refused in words. Each file is then
read alone, bounded, and checked by its content like any other upload.
"""

import zipfile
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO, Final

from portal.consent.errors import EvidenceRefused
from portal.consent.service import evidence as files
from portal.contacts.errors import FileRefused
from portal.contacts.service import reading
from portal.core.archives import DAMAGED, opened
from portal.core.rotation import SEALED
from portal.core.secrets_box import box
from portal.gateways.uploads import MAX_BYTES, Upload

MAX_ARCHIVE_BYTES: Final = 25_000_000
MAX_FILES: Final = 2_000
MAX_UNPACKED: Final = 500_000_000
MOST_INLINE: Final = 20  # files checked while the person waits
_TABLES: Final = (".csv", ".tsv", ".txt")
_LOCKED: Final = 0x1


@dataclass(frozen=True, slots=True)
class Opened:
    """An archive that was judged: its table of consents, and all of it."""

    table: bytes
    content: bytes


def is_archive(stream: BinaryIO, file_name: str) -> bool:
    """Say whether a file is a ZIP that is no workbook, and leave the stream where it was."""
    head = stream.read(4)
    stream.seek(0)
    if head != b"PK\x03\x04":
        return False
    try:
        with opened(stream) as archive:
            names = archive.namelist()
            is_workbook = "[Content_Types].xml" in names or "xl/workbook.xml" in names
    except DAMAGED:
        is_workbook = not file_name.lower().endswith(".zip")
    stream.seek(0)
    return not is_workbook


def judge(stream: BinaryIO) -> Opened:
    """Return the table of an archive. Raises FileRefused for an archive that is not taken."""
    content = stream.read(MAX_ARCHIVE_BYTES + 1)
    if len(content) > MAX_ARCHIVE_BYTES:
        raise FileRefused("The ZIP is larger than 25 MB. Split it and import the parts.")
    try:
        with opened(BytesIO(content)) as archive:
            found = [info for info in archive.infolist() if not info.is_dir()]
            _check(found)
            tables = [i for i in found if i.filename.lower().endswith(_TABLES) and _is_own(i)]
            if len(tables) != 1:
                raise FileRefused(
                    f"The ZIP holds {len(tables) or 'no'} CSV files. Put exactly one into it, "
                    "beside the files it names."
                )
            if tables[0].file_size > reading.MAX_BYTES:
                raise FileRefused("The CSV in the ZIP is larger than 25 MB. Split it.")
            return Opened(_read(archive, tables[0], reading.MAX_BYTES), content)
    except DAMAGED as error:
        raise FileRefused("The ZIP is damaged. Pack it anew and upload that.") from error


def keep(stored_name: str, opened: Opened) -> None:
    """Keep an archive, sealed, beside the table taken out of it."""
    path = reading.path_of(_name(stored_name))
    path.touch(mode=0o600)
    path.write_bytes(box().seal_file(opened.content, path.name))


def of_import(stored_name: str) -> "Archive | None":
    """Return the archive an import's table came in, None where it came alone."""
    path = reading.path_of(_name(stored_name))
    if not path.is_file():
        return None
    return Archive(box().open_file(path.read_bytes(), path.name))


class Archive:
    """The files of one archive, found by the names its table gives them."""

    def __init__(self, content: bytes) -> None:
        self._zip = opened(BytesIO(content))
        found = [info for info in self._zip.infolist() if not info.is_dir() and _is_own(info)]
        self.count = len(found) - 1  # the table is no evidence
        self._by_path = {_folded(info.filename): info for info in found}
        self._by_name: dict[str, list[zipfile.ZipInfo]] = {}
        for info in found:
            self._by_name.setdefault(_folded(info.filename.rpartition("/")[2]), []).append(info)

    def file(self, name: str) -> Upload:
        """Return a file by its path or its name. Raises EvidenceRefused, saying what is wrong."""
        wanted = _folded(name.replace("\\", "/").removeprefix("./"))
        info = self._by_path.get(wanted)
        if info is None:
            named = self._by_name.get(wanted, [])
            if len(named) > 1:
                raise EvidenceRefused(
                    f"The ZIP holds several files called {name}. Name its folder, too."
                )
            if not named:
                raise EvidenceRefused(f"The ZIP holds no file called {name}. Add it.")
            info = named[0]
        if info.file_size > MAX_BYTES:
            raise EvidenceRefused(f"{name} is larger than 10 MB. Save it smaller.")
        try:
            content = _read(self._zip, info, MAX_BYTES)
        except DAMAGED as error:
            raise EvidenceRefused(f"{name} is damaged in the ZIP. Pack it anew.") from error
        try:
            return files.checked(BytesIO(content), info.filename)
        except EvidenceRefused as error:
            raise EvidenceRefused(f"{name}: {error.message}") from error


def _check(found: list[zipfile.ZipInfo]) -> None:
    if len(found) > MAX_FILES:
        raise FileRefused(f"The ZIP holds more than {MAX_FILES:,} files. Split it.")
    seen: set[str] = set()
    for info in found:
        name = info.orig_filename
        shown = "".join(c if c.isprintable() else "?" for c in name)[:80]
        parts = name.replace("\\", "/").split("/")
        if name.startswith(("/", "\\")) or ".." in parts or ":" in name or "\0" in name:
            raise FileRefused(f"{shown}: this name leads out of the ZIP. Pack the files anew.")
        if info.flag_bits & _LOCKED:
            raise FileRefused(f"{shown} is locked by a password. Pack the files without one.")
        if _folded(name) in seen:
            raise FileRefused(f"{shown} is in the ZIP twice. Keep one of them.")
        seen.add(_folded(name))
    if sum(info.file_size for info in found) > MAX_UNPACKED:
        raise FileRefused("The ZIP holds more than 500 MB once unpacked. Split it.")


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> bytes:
    """Return a file of an archive; one that is larger than it says is damaged."""
    with archive.open(info) as file:
        content = file.read(most + 1)
    if len(content) != info.file_size:
        raise zipfile.BadZipFile("its size is not what the archive says")
    return content


def _is_own(info: zipfile.ZipInfo) -> bool:
    """Leave out what a Mac packs beside the files."""
    name = info.filename.rpartition("/")[2]
    return not info.filename.startswith("__MACOSX/") and not name.startswith(".")


def _folded(name: str) -> str:
    return name.replace("\\", "/").strip().casefold()


def _name(stored_name: str) -> str:
    return f"{stored_name}.zip{SEALED}"
