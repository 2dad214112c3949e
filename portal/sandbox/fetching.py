"""Pictures and files that go with a text: fetched from this machine before it is sent, as Twilio does.

Nothing is fetched from anywhere else: what lies on another host stays a link on the phone.
"""

import sqlite3
from typing import Final
from urllib.parse import urlsplit

import urllib3

from portal.sandbox import formats, lifecycle
from portal.sandbox.store import Store

_HERE: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_MOST_BYTES: Final = 5_000_000  # of all media of a text
_TAKEN: Final = ("image/", "video/", "audio/", "text/", "application/pdf")
_WAITS: Final = urllib3.Timeout(connect=2.0, read=5.0)
_NO_ANSWER, _TOO_LARGE, _NO_MEDIA = 11200, 11751, 12300
_QUERY: Final = (
    "SELECT d.sid, d.url, d.message_sid FROM media d JOIN messages m ON m.sid = d.message_sid"
    " WHERE d.content IS NULL AND d.url IS NOT NULL AND m.status NOT IN (?, ?, ?, ?, ?)"
    " AND EXISTS (SELECT 1 FROM steps s WHERE s.message_sid = d.message_sid AND s.due <= ?)"
    " ORDER BY d.rowid LIMIT 20"
)


def collect(store: Store, http: urllib3.PoolManager, *, flushing: bool) -> int:
    """Fetch what texts about to be sent want fetched; one that fails fails its text."""
    until = float("inf") if flushing else formats.now()
    due = store.rows(_QUERY, *lifecycle.FINAL, until)
    mine = [medium for medium in due if urlsplit(medium["url"]).hostname in _HERE]
    failed: set[str] = set()
    for medium in mine:
        if medium["message_sid"] not in failed and not _fetch(store, http, medium):
            failed.add(medium["message_sid"])
    return len(mine)


def _fetch(store: Store, http: urllib3.PoolManager, medium: sqlite3.Row) -> bool:
    """Keep the bytes of one, or have its text fail; say which."""
    code, media_type, content = _NO_ANSWER, "", b""
    try:
        answer = http.request(
            "GET", medium["url"], timeout=_WAITS, redirect=False, preload_content=False
        )
        try:
            media_type = answer.headers.get("Content-Type", "").partition(";")[0].strip()
            content = answer.read(_MOST_BYTES + 1)
            if answer.status == 200:
                code = 0 if media_type.startswith(_TAKEN) else _NO_MEDIA
        finally:
            answer.drain_conn()
            answer.release_conn()
    except urllib3.exceptions.HTTPError:
        code = _NO_ANSWER
    if not code and _size(store, medium["message_sid"]) + len(content) > _MOST_BYTES:
        code = _TOO_LARGE
    with store.work() as db:
        if code:
            db.execute("DELETE FROM steps WHERE message_sid = ?", (medium["message_sid"],))
            db.execute(
                "INSERT INTO steps (message_sid, status, error_code, due, on_time_only, callback)"
                " VALUES (?, 'failed', ?, ?, 0, 'plain')",
                (medium["message_sid"], code, formats.now()),
            )
        else:
            db.execute(
                "UPDATE media SET content = ?, content_type = ? WHERE sid = ?",
                (content, media_type, medium["sid"]),
            )
    return not code


def _size(store: Store, message_sid: str) -> int:
    query = "SELECT COALESCE(SUM(LENGTH(content)), 0) FROM media WHERE message_sid = ?"
    return store.count(query, message_sid)
