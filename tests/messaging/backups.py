"""A backup of the test's database, and its return: as a file, or as rows."""

import os
import shutil

from portal.core.db import db


def back_up(folder):
    """Keep the database as it is now; return what restores it."""
    db.session.remove()
    db.engine.dispose()
    if db.engine.dialect.name == "sqlite":
        path, kept = db.engine.url.database, folder / "backup.db"
        shutil.copy(path, kept)

        def restore():
            db.session.remove()
            db.engine.dispose()
            for suffix in ("-wal", "-shm"):
                if os.path.exists(path + suffix):
                    os.unlink(path + suffix)
            shutil.copy(kept, path)

        return restore

    tables = db.metadata.sorted_tables
    with db.engine.connect() as connection:
        rows = [(t, [dict(r._mapping) for r in connection.execute(t.select())]) for t in tables]
    names = ", ".join(f'"{t.name}"' for t in tables)

    def put_back():
        db.session.remove()
        with db.engine.begin() as connection:
            connection.exec_driver_sql(f"TRUNCATE {names}")
            for table, known in rows:
                if known:
                    connection.execute(table.insert(), known)

    return put_back
