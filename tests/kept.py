"""All that is kept, as whoever steals a backup reads it (PROMISES S10)."""

import io
import zipfile
import zlib
from pathlib import Path

from sqlalchemy import select

from portal.core.db import Base, db
from portal.core.settings import settings

_READERS = {
    b"string": lambda redis, key: [redis.get(key)],
    b"list": lambda redis, key: redis.lrange(key, 0, -1),
    b"set": lambda redis, key: redis.smembers(key),
    b"zset": lambda redis, key: redis.zrange(key, 0, -1),
    b"hash": lambda redis, key: [x for pair in redis.hgetall(key).items() for x in pair],
    b"stream": lambda redis, key: [
        x for _, fields in redis.xrange(key) for pair in fields.items() for x in pair
    ],
}


def everything(redis) -> list[str]:
    """Return every table, the queue and all files as text."""
    db.session.rollback()
    tables = [repr(db.session.execute(select(t)).all()) for t in Base.metadata.sorted_tables]
    return [*tables, *queued(redis), *files()]


def queued(redis) -> list[str]:
    """Return what the queue holds: jobs, their errors, counters; what RQ packs is unpacked."""
    found = []
    for key in redis.scan_iter():
        values = _READERS[redis.type(key)](redis, key)
        found += [f"{key!r}{plain(value)}" for value in values]
    return found


def files() -> list[str]:
    """Return every file of the installation: evidence, made files, marks, checkpoints.

    On SQLite the database lies there too, with what was written over and not yet swept.
    """
    roots = [settings().var, settings().evidence_dir]
    paths = {path for root in roots for path in root.rglob("*") if path.is_file()}
    if db.engine.dialect.name == "sqlite":
        database = Path(db.engine.url.database)
        paths |= set(database.parent.glob(f"{database.name}*"))
    return [plain(path.read_bytes()) for path in sorted(paths)]


def plain(content: bytes) -> str:
    """Return bytes as text: what is packed by zlib or ZIP (also XLSX) with what is in it."""
    if content[:2] == b"\x78\x9c":
        content = zlib.decompress(content)
    if content[:2] == b"PK" and zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as opened:
            return "\n".join(plain(opened.read(name)) for name in opened.namelist())
    return content.decode("latin-1")
