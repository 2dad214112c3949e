"""SQLite's one write lock, taken in turns: nobody waits beside a process that writes on and on."""

import sqlite3
import threading

import pytest

from portal.core.turns import WriteTurns

HOLDS_S = 0.004


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "writes.db"
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE writes (who TEXT)")
    connection.close()
    return file


def connect(path, timeout_s=5.0):
    return sqlite3.connect(path, isolation_level=None, timeout=timeout_s, check_same_thread=False)


class Hog(threading.Thread):
    """Writes again and again without a pause, as a campaign under way does."""

    def __init__(self, path):
        super().__init__()
        self.turns, self.connection = WriteTurns(str(path), 5.0), connect(path)
        self.written, self.is_over = 0, threading.Event()

    def run(self):
        while not self.is_over.is_set():
            self.turns.begin(self.connection)
            self.connection.execute("INSERT INTO writes VALUES ('hog')")
            self.is_over.wait(HOLDS_S)
            self.connection.execute("COMMIT")
            self.written += 1
        self.connection.close()


def test_who_waits_is_next_however_soon_the_other_writes_again(path):
    """W5: each wait lasts a few transactions of the other, not a few hundred."""
    waits = waits_beside_a_hog(path)
    if max(waits) > 5:  # the machine may put a thread aside just before it asks, but hardly twice
        waits = waits_beside_a_hog(path)
    assert max(waits) <= 5, waits


def waits_beside_a_hog(path):
    """Return of thirty waits how many writes of the other each lasted."""
    hog, turns, connection = Hog(path), WriteTurns(str(path), 5.0), connect(path)
    hog.start()
    waits = []
    try:
        for _ in range(30):
            before = hog.written
            turns.begin(connection)
            waits.append(hog.written - before)
            connection.execute("INSERT INTO writes VALUES ('other')")
            connection.execute("COMMIT")
    finally:
        hog.is_over.set()
        hog.join()
        connection.close()
    return waits


def test_after_the_timeout_the_database_says_that_it_is_locked(path):
    holder, waiting = connect(path), connect(path)
    holder.execute("BEGIN IMMEDIATE")
    turns = WriteTurns(str(path), 0.05)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        turns.begin(waiting)
    assert waiting.execute("PRAGMA busy_timeout").fetchone() == (5000,)
    holder.execute("ROLLBACK")
    turns.begin(waiting)
    assert waiting.in_transaction
    holder.close()
    waiting.close()


def test_threads_of_one_process_take_turns_too(path):
    turns, written = WriteTurns(str(path), 5.0), []

    def write():
        connection = connect(path)
        for _ in range(5):
            turns.begin(connection)
            (seen,) = connection.execute("SELECT count(*) FROM writes").fetchone()
            connection.execute("INSERT INTO writes VALUES ('thread')")
            connection.execute("COMMIT")
            written.append(seen)
        connection.close()

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(written) == list(range(40))
