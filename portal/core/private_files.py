"""Files nobody else of the machine can read: uploads, evidence, what was made to be downloaded."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from portal.core.secrets_box import box


def create(path: Path) -> IO[bytes]:
    """Open a new file to write, and to read what was written; its folder is made where it lacks.

    Raises FileExistsError: no file is ever written over.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b")


@contextmanager
def whole(path: Path) -> Iterator[IO[bytes]]:
    """Write a file whole or not at all: it takes its place once all of it is on the disk.

    What breaks off leaves nothing, or a disk that is full stays full. A process that is killed
    leaves a name that ends in .new.
    """
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    try:
        with create(fresh) as into:
            yield into
            into.flush()
            os.fsync(into.fileno())
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def keep_sealed(path: Path, content: bytes) -> None:
    """Write a new file, sealed under its own name. Raises FileExistsError."""
    with create(path) as file:
        file.write(box().seal_file(content, path.name))


def read_sealed(path: Path) -> bytes:
    """Return what was sealed in a file. Raises FileNotFoundError, or SecretUnreadable."""
    return box().open_file(path.read_bytes(), path.name)
