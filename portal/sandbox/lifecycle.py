"""A text from queued to its end: rows, steps on a timetable, and status callbacks."""

import sqlite3
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast

from portal.sandbox import formats, outbox, segments
from portal.sandbox.errors import DELIVERY_ERRORS
from portal.sandbox.knobs import Knobs
from portal.sandbox.magic import TO, Magic, find
from portal.sandbox.store import Store

API_VERSION = "2010-04-01"
FINAL = ("delivered", "undelivered", "failed", "canceled", "received")
_CENTS_PER_PART = 0.0079
_SUSPENDED, _EXPIRED = 30002, 30036
_NEVER = 10 * 365 * 86400.0


@dataclass(frozen=True)
class Picture:
    """One attachment: a link the sender gave, or bytes from a handset."""

    content_type: str
    url: str = ""
    content: bytes = b""


@dataclass(frozen=True)
class Draft:
    """A text about to be written down."""

    account_sid: str
    direction: str
    recipient: str
    body: str
    sender: str | None = None
    service_sid: str | None = None
    callback: str | None = None
    status: str = "queued"
    free: bool = False
    validity: int = 36000
    send_at: float | None = None
    pictures: tuple[Picture, ...] = field(default=())
    error_code: int | None = None  # what the carriers make of it, whatever the phone would do


def write(store: Store, knobs: Knobs, draft: Draft) -> sqlite3.Row:
    """Write a text down and return it as stored; outbound ones get their timetable."""
    at = formats.now()
    sid = formats.new_sid("MM" if draft.pictures else "SM")
    with store.work() as db:
        db.execute(
            "INSERT INTO messages (sid, account_sid, direction, sender, recipient, body, segments,"
            " status, service_sid, callback, free, chosen, created, updated, visible)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                sid,
                draft.account_sid,
                draft.direction,
                draft.sender,
                draft.recipient,
                draft.body,
                1 if draft.pictures else segments.count(draft.body),
                draft.status,
                draft.service_sid,
                draft.callback,
                draft.free,
                draft.status == "accepted",
                at,
                at,
                at + knobs.number("list_lag_seconds"),
            ),
        )
        for picture in draft.pictures:
            db.execute(
                "INSERT INTO media VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    formats.new_sid("ME"),
                    sid,
                    draft.account_sid,
                    picture.content_type,
                    picture.url or None,
                    picture.content or None,
                    at,
                ),
            )
        if draft.direction != "inbound":
            _plan(db, knobs, sid, draft, at)
    return get(store, sid)


def get(store: Store, sid: str) -> sqlite3.Row:
    """Return a text that is known to exist."""
    return cast("sqlite3.Row", store.row("SELECT * FROM messages WHERE sid = ?", sid))


def _plan(db: sqlite3.Connection, knobs: Knobs, sid: str, draft: Draft, at: float) -> None:
    """Write the timetable of an outbound text."""
    magic = find(TO, draft.recipient) or Magic("", "deliver", "")
    start = draft.send_at or at
    sent = start + knobs.number("sent_seconds")
    done = start + (magic.seconds or knobs.number("delivery_seconds"))
    steps: list[tuple[str, int | None, float, bool, str]] = []
    if draft.status in {"accepted", "scheduled"}:
        steps.append(("queued", None, start, False, magic.callbacks))
    if draft.error_code is not None:
        steps.append(("undelivered", draft.error_code, done, False, "plain"))
    elif magic.effect == "stick":
        steps.append(("failed", _EXPIRED, start + draft.validity, True, "plain"))
    else:
        late = done > start + draft.validity
        if magic.final != "failed":
            steps.append(("sent", None, sent, False, magic.callbacks))
        if late:
            steps.append(("failed", _EXPIRED, start + draft.validity, True, "plain"))
        elif magic.final != "sent":
            manner = "plain" if magic.callbacks == "reordered" else magic.callbacks
            steps.append((magic.final, magic.code or None, max(sent, done), False, manner))
    db.executemany(
        "INSERT INTO steps (message_sid, status, error_code, due, on_time_only, callback)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        [(sid, *step) for step in steps],
    )
    if draft.send_at is not None:
        # A flush must not send what is scheduled for later.
        db.execute("UPDATE steps SET on_time_only = 1 WHERE message_sid = ?", (sid,))


def take_steps(store: Store, knobs: Knobs, *, flushing: bool, limit: int = 200) -> int:
    """Do the steps that are due, in order, and return how many; a flush skips the waiting."""
    at = formats.now()
    with store.work() as db:
        due = db.execute(
            "SELECT * FROM steps WHERE due <= CASE WHEN ? AND on_time_only = 0 THEN ? ELSE ? END"
            " ORDER BY due, id LIMIT ?",
            (flushing, at + _NEVER, at, limit),
        ).fetchall()
        for step in due:
            db.execute("DELETE FROM steps WHERE id = ?", (step["id"],))
            _advance(store, knobs, step, at)
    return len(due)


def _advance(store: Store, knobs: Knobs, step: sqlite3.Row, at: float) -> None:
    """Move one text one step and post its callback."""
    message = store.row("SELECT * FROM messages WHERE sid = ?", step["message_sid"])
    if message is None or message["status"] in FINAL:
        return
    status, code = step["status"], step["error_code"]
    owner = store.row(
        "SELECT a.status AS own, o.status AS parents FROM accounts a"
        " JOIN accounts o ON o.sid = a.owner_sid WHERE a.sid = ?",
        message["account_sid"],
    )
    if owner is None or owner["own"] != "active" or owner["parents"] != "active":
        status, code = "failed", _SUSPENDED
    final = status in FINAL
    parts = message["segments"]
    price = "0.00000" if message["free"] else f"-{_CENTS_PER_PART * parts:.5f}"
    with store.work() as db:
        db.execute(
            "UPDATE messages SET status = ?, error_code = ?, updated = ?, chosen = 0,"
            " sent = COALESCE(sent, ?), price = COALESCE(?, price) WHERE sid = ?",
            (
                status,
                code,
                at,
                at if status in {"sent", "delivered", "undelivered"} else None,
                price if final else None,
                message["sid"],
            ),
        )
        if message["status"] == "scheduled":
            db.execute(
                "UPDATE steps SET on_time_only = 0 WHERE message_sid = ? AND error_code IS NOT ?",
                (message["sid"], _EXPIRED),
            )
        if final:
            db.execute("DELETE FROM steps WHERE message_sid = ?", (message["sid"],))
    if message["callback"]:
        letter = outbox.Letter(
            kind="status",
            message_sid=message["sid"],
            account_sid=message["account_sid"],
            url=message["callback"],
            params=_status_params(get(store, message["sid"])),
        )
        outbox.post(store, knobs, letter, manner=step["callback"])


def _status_params(message: sqlite3.Row) -> dict[str, str]:
    """Return the form of a status callback."""
    params = {
        "AccountSid": message["account_sid"],
        "ApiVersion": API_VERSION,
        "From": message["sender"] or "",
        "To": message["recipient"],
        "MessageSid": message["sid"],
        "MessageStatus": message["status"],
        "SmsSid": message["sid"],
        "SmsStatus": message["status"],
    }
    if message["service_sid"]:
        params["MessagingServiceSid"] = message["service_sid"]
    if message["error_code"]:
        params["ErrorCode"] = str(message["error_code"])
        params["ErrorMessage"] = DELIVERY_ERRORS.get(message["error_code"], "Unknown error")
    if message["status"] in {"delivered", "undelivered"}:
        at = datetime.fromtimestamp(message["updated"], UTC)
        params["RawDlrDoneDate"] = at.strftime("%y%m%d%H%M")
    return params
