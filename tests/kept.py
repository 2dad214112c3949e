"""All that is kept, as whoever steals a backup reads it (PROMISES S10)."""

from sqlalchemy import select

from portal.core.db import Base, db
from portal.core.settings import settings


def everything(redis) -> list[str]:
    """Return every table, the queue and the files of evidence as text."""
    db.session.rollback()
    tables = [repr(db.session.execute(select(t)).all()) for t in Base.metadata.sorted_tables]
    queue = [f"{key!r}{redis.dump(key)!r}" for key in redis.scan_iter()]
    files = [
        path.read_bytes().decode("latin-1")
        for path in sorted(settings().evidence_dir.rglob("*"))
        if path.is_file()
    ]
    return [*tables, *queue, *files]
