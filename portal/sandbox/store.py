"""The carrier's own memory: one SQLite file, one lock."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS accounts (
  sid TEXT PRIMARY KEY, owner_sid TEXT NOT NULL, friendly_name TEXT NOT NULL,
  status TEXT NOT NULL, auth_token TEXT NOT NULL, created REAL NOT NULL, updated REAL NOT NULL);
CREATE TABLE IF NOT EXISTS services (
  sid TEXT PRIMARY KEY, account_sid TEXT NOT NULL, settings TEXT NOT NULL,
  carrier_keywords INTEGER NOT NULL DEFAULT 1, advanced_opt_out INTEGER NOT NULL DEFAULT 0,
  created REAL NOT NULL, updated REAL NOT NULL);
CREATE TABLE IF NOT EXISTS numbers (
  sid TEXT PRIMARY KEY, account_sid TEXT NOT NULL, e164 TEXT NOT NULL UNIQUE,
  service_sid TEXT, joined REAL, settings TEXT NOT NULL,
  carrier_keywords INTEGER NOT NULL DEFAULT 1, created REAL NOT NULL, updated REAL NOT NULL);
CREATE TABLE IF NOT EXISTS moves (
  id INTEGER PRIMARY KEY AUTOINCREMENT, number_sid TEXT NOT NULL, source TEXT NOT NULL,
  target TEXT NOT NULL, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS messages (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, sid TEXT NOT NULL UNIQUE, account_sid TEXT NOT NULL,
  direction TEXT NOT NULL, sender TEXT, recipient TEXT NOT NULL, body TEXT NOT NULL,
  segments INTEGER NOT NULL, status TEXT NOT NULL, service_sid TEXT, error_code INTEGER,
  callback TEXT, price TEXT, free INTEGER NOT NULL DEFAULT 0, chosen INTEGER NOT NULL DEFAULT 0,
  created REAL NOT NULL, updated REAL NOT NULL, sent REAL, visible REAL NOT NULL,
  hidden INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS messages_recipient ON messages (recipient, seq);
CREATE INDEX IF NOT EXISTS messages_sender ON messages (sender, seq);
CREATE TABLE IF NOT EXISTS media (
  sid TEXT PRIMARY KEY, message_sid TEXT NOT NULL, account_sid TEXT NOT NULL,
  content_type TEXT NOT NULL, url TEXT, content BLOB, created REAL NOT NULL);
CREATE INDEX IF NOT EXISTS media_message ON media (message_sid);
CREATE TABLE IF NOT EXISTS blocks (
  scope TEXT NOT NULL, person TEXT NOT NULL, since REAL NOT NULL, PRIMARY KEY (scope, person));
CREATE TABLE IF NOT EXISTS steps (
  id INTEGER PRIMARY KEY AUTOINCREMENT, message_sid TEXT NOT NULL, status TEXT NOT NULL,
  error_code INTEGER, due REAL NOT NULL, on_time_only INTEGER NOT NULL DEFAULT 0,
  callback TEXT NOT NULL DEFAULT 'plain');
CREATE INDEX IF NOT EXISTS steps_due ON steps (due);
CREATE INDEX IF NOT EXISTS steps_message ON steps (message_sid);
CREATE TABLE IF NOT EXISTS webhooks (
  id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, message_sid TEXT NOT NULL,
  account_sid TEXT NOT NULL, url TEXT NOT NULL, method TEXT NOT NULL, params TEXT NOT NULL,
  fallback TEXT, loose INTEGER NOT NULL DEFAULT 0, token TEXT NOT NULL, created REAL NOT NULL,
  due REAL NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL,
  answer INTEGER, problem TEXT, closed REAL);
CREATE INDEX IF NOT EXISTS webhooks_open ON webhooks (due) WHERE state IN ('pending', 'running');
CREATE INDEX IF NOT EXISTS webhooks_message ON webhooks (message_sid);
CREATE TABLE IF NOT EXISTS calls (
  sid TEXT PRIMARY KEY, account_sid TEXT NOT NULL, direction TEXT NOT NULL, sender TEXT NOT NULL,
  recipient TEXT NOT NULL, said TEXT NOT NULL, status TEXT NOT NULL, created REAL NOT NULL);
CREATE TABLE IF NOT EXISTS attempts (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, outcome TEXT NOT NULL,
  answer TEXT NOT NULL, account_sid TEXT NOT NULL, sid TEXT, code INTEGER, sender TEXT,
  recipient TEXT, service_sid TEXT, body TEXT, media TEXT, callback TEXT);
CREATE TABLE IF NOT EXISTS bundles (
  sid TEXT PRIMARY KEY, account_sid TEXT NOT NULL, kind TEXT NOT NULL, friendly_name TEXT NOT NULL,
  email TEXT NOT NULL, policy_sid TEXT NOT NULL, verdict TEXT NOT NULL DEFAULT '',
  submitted REAL, due REAL, created REAL NOT NULL, updated REAL NOT NULL);
CREATE TABLE IF NOT EXISTS parts (
  sid TEXT PRIMARY KEY, account_sid TEXT NOT NULL, kind TEXT NOT NULL, type TEXT NOT NULL,
  friendly_name TEXT NOT NULL, attributes TEXT NOT NULL, created REAL NOT NULL,
  updated REAL NOT NULL);
CREATE TABLE IF NOT EXISTS assignments (
  sid TEXT PRIMARY KEY, account_sid TEXT NOT NULL, bundle_sid TEXT NOT NULL,
  object_sid TEXT NOT NULL, created REAL NOT NULL, UNIQUE (bundle_sid, object_sid));
CREATE TABLE IF NOT EXISTS registrations (
  sid TEXT PRIMARY KEY, account_sid TEXT NOT NULL, kind TEXT NOT NULL, parent TEXT NOT NULL,
  data TEXT NOT NULL, verdict TEXT NOT NULL, submitted REAL NOT NULL, due REAL NOT NULL,
  created REAL NOT NULL, updated REAL NOT NULL, UNIQUE (kind, parent));
CREATE TABLE IF NOT EXISTS documents (
  sid TEXT PRIMARY KEY, account_sid TEXT NOT NULL, name TEXT NOT NULL, sha256 TEXT NOT NULL,
  created REAL NOT NULL);
CREATE TABLE IF NOT EXISTS ports (
  sid TEXT PRIMARY KEY, account_sid TEXT NOT NULL, e164 TEXT NOT NULL, number_sid TEXT NOT NULL,
  data TEXT NOT NULL, pace REAL NOT NULL, created REAL NOT NULL, canceled REAL,
  arrived INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS ports_open ON ports (sid) WHERE arrived = 0 AND canceled IS NULL;
CREATE TABLE IF NOT EXISTS porting_hooks (account_sid TEXT PRIMARY KEY, url TEXT);
CREATE TABLE IF NOT EXISTS knobs (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS stripe_objects (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
  data TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS stripe_keys (
  name TEXT PRIMARY KEY, request TEXT NOT NULL, status INTEGER NOT NULL, answer TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS tallies (name TEXT PRIMARY KEY, times INTEGER NOT NULL);
"""

TABLES = (
    "accounts",
    "services",
    "numbers",
    "moves",
    "messages",
    "media",
    "blocks",
    "steps",
    "webhooks",
    "calls",
    "attempts",
    "bundles",
    "parts",
    "assignments",
    "registrations",
    "documents",
    "ports",
    "porting_hooks",
    "knobs",
    "tallies",
    "stripe_objects",
    "stripe_keys",
)


class Store:
    """One connection behind one lock: every reader and writer waits for its turn."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(
            folder / "carrier.sqlite", check_same_thread=False, isolation_level=None
        )
        self._connection.row_factory = sqlite3.Row
        self._depth = 0
        with self._lock:
            self._connection.execute("PRAGMA journal_mode=WAL")
            # A power cut may cost the twin its last texts; nothing real depends on them.
            self._connection.execute("PRAGMA synchronous=OFF")
            self._connection.executescript(_SCHEMA)

    @contextmanager
    def work(self) -> Iterator[sqlite3.Connection]:
        """Run a block as one transaction; a block inside a block joins the outer one."""
        with self._lock:
            if self._depth:
                yield self._connection
                return
            self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            else:
                self._connection.execute("COMMIT")
            finally:
                self._depth -= 1

    def rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        """Return all rows of a query."""
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    def row(self, query: str, *values: object) -> sqlite3.Row | None:
        """Return the first row of a query, or None."""
        with self._lock:
            found: sqlite3.Row | None = self._connection.execute(query, values).fetchone()
            return found

    def count(self, query: str, *values: object) -> int:
        """Return the number that a query yields."""
        found = self.row(query, *values)
        return int(found[0]) if found else 0

    def tally(self, name: str) -> int:
        """Count one more of something and return the new count."""
        with self.work() as db:
            found = db.execute(
                "INSERT INTO tallies VALUES (?, 1)"
                " ON CONFLICT (name) DO UPDATE SET times = times + 1 RETURNING times",
                (name,),
            ).fetchone()
            return int(found[0])

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()
