"""ZIP archives that people upload: whatever is wrong with one, it is damaged and no error of ours (S19)."""

import lzma
import struct
import zipfile
import zlib
from typing import BinaryIO, Final

# What the library raises at names that are no UTF-8, versions of no known ZIP, ways of packing it
# doesn't know, sizes that aren't so and ends that are missing.
DAMAGED: Final = (
    zipfile.BadZipFile, EOFError, OSError, ValueError, NotImplementedError, KeyError, OverflowError,
    struct.error, zlib.error, lzma.LZMAError,
)  # fmt: skip


def opened(stream: BinaryIO) -> zipfile.ZipFile:
    """Return an archive, its list of files read. Raises BadZipFile for one that can't be read."""
    try:
        return zipfile.ZipFile(stream)
    except DAMAGED as error:
        raise zipfile.BadZipFile(str(error)) from error
