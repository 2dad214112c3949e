"""Files nobody else of the machine can read: uploads, evidence, what was made to be downloaded."""

import os
from pathlib import Path
from typing import IO

from portal.core.secrets_box import box


def create(path: Path) -> IO[bytes]:
    """Open a new file to write, and to read what was written; its folder is made where it lacks.

    Raises FileExistsError: no file is ever written over.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b")


def keep_sealed(path: Path, content: bytes) -> None:
    """Write a new file, sealed under its own name. Raises FileExistsError."""
    with create(path) as file:
        file.write(box().seal_file(content, path.name))


def read_sealed(path: Path) -> bytes:
    """Return what was sealed in a file. Raises FileNotFoundError, or SecretUnreadable."""
    return box().open_file(path.read_bytes(), path.name)
