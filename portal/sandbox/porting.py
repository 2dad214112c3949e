"""Porting in: checked, asked for with a bill, signed, moved over by and by, or turned down.

What happens to a request is chosen by the account number it gives, whether a number can move by
its last digits. Each part of the way takes `port_seconds`: review, signature, losing carrier,
date; then the number is the account's.
"""

import hashlib
import json
import sqlite3
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from flask import Blueprint, Response, request

from portal.core import clock
from portal.sandbox import formats
from portal.sandbox.auth import missing
from portal.sandbox.context import caller, carrier
from portal.sandbox.errors import TwilioError
from portal.sandbox.numbers import SETTINGS
from portal.sandbox.paging import answer
from portal.sandbox.signature import sign

bp = Blueprint("porting", __name__)
uploads = Blueprint("uploads", __name__)
orders = Blueprint("porting_orders", __name__, url_prefix="/_sandbox")
LEAD_DAYS = 7


@dataclass(frozen=True)
class MagicPort:
    """One input, what it is, and what comes of it."""

    given: str
    words: str
    reason: str = ""
    code: int = 0
    ends: str = "rejected"  # at the losing carrier; or "unsigned", "canceled"

    @property
    def shown(self) -> str:
        """Return the input as the page writes it."""
        return f"…{self.given}"


UNPORTABLE: tuple[MagicPort, ...] = (
    MagicPort("0190", "rate center not served", "UNSUPPORTED", 22130),
    MagicPort("0191", "at Twilio, another owner's", "ALREADY_IN_TWILIO_DIFFERENT_OWNER", 22132),
    MagicPort("0192", "by hand in the Console only", "MANUAL_PORTING_AVAILABLE", 22133),
    MagicPort("0193", "another request is open", "PORT_ALREADY_IN_PROGRESS", 22137),
)
WITH_PIN = "0194"  # a mobile number: it can move, with a PIN and an account number
REJECTED: tuple[MagicPort, ...] = (
    MagicPort("1001", "account number wrong", "Account number does not match", 9001),
    MagicPort("1002", "PIN wrong", "PIN or passcode is invalid", 9002),
    MagicPort("1003", "name wrong", "End user name does not match", 9003),
    MagicPort("1004", "address wrong", "Service address mismatch", 9004),
    MagicPort("1005", "open order", "Pending order on the account", 9005),
    MagicPort("1006", "frozen", "Number has a port freeze (port protection)", 9006),
    MagicPort("1007", "bill too old", "Invoice is older than 30 days", 9007),
    MagicPort("1008", "nobody signs", ends="unsigned"),
    MagicPort("1009", "canceled by Twilio", "Canceled by the porting team", ends="canceled"),
)
_REVIEW, _SIGNATURE, _ASKED, _DATED, _OVER = range(5)
_LOSING = (
    "customer_name",
    "authorized_representative",
    "authorized_representative_email",
    "customer_type",
)
_ADDRESS = ("street", "city", "state", "zip", "country")


@bp.get("/Porting/Portability/PhoneNumber/<number>")
def portability(number: str) -> Response:
    """Say whether a number can move, and why not."""
    e164 = formats.e164(number)
    if e164 is None:
        raise TwilioError(20001, f"{number} is not a phone number")
    why = _why_not(e164)
    kind = "TOLL-FREE" if formats.is_toll_free(e164) else "LOCAL"
    return answer(
        {
            "phone_number": e164,
            "account_sid": None,
            "portable": why is None,
            "pin_and_account_number_required": e164.endswith(WITH_PIN),
            "not_portable_reason": why.reason if why else None,
            "not_portable_reason_code": why.code if why else None,
            "number_type": "MOBILE" if e164.endswith(WITH_PIN) else kind,
            "country": "US",
            "url": f"https://numbers.twilio.com/v1/Porting/Portability/PhoneNumber/{e164}",
        }
    )


@uploads.post("/Documents")
def upload() -> Response:
    """Take a bill in: a PDF, a JPEG or a PNG of at most 10 MB."""
    file = request.files.get("File")
    content = file.read() if file else b""
    if request.form.get("document_type") != "utility_bill" or file is None or not content:
        raise TwilioError(20001, "document_type and File are required")
    if not content.startswith((b"%PDF-", b"\x89PNG", b"\xff\xd8\xff")):
        raise TwilioError(20001, "File must be a PDF, a JPEG or a PNG")
    sid, at = formats.new_sid("RD"), formats.now()
    with carrier().store.work() as db:
        db.execute(
            "INSERT INTO documents VALUES (?, ?, ?, ?, ?)",
            (sid, caller()["sid"], file.filename or "", hashlib.sha256(content).hexdigest(), at),
        )
    body = {"sid": sid, "account_sid": caller()["sid"], "document_type": "utility_bill"}
    return answer(body | {"mime_type": file.mimetype, "status": "pending"}, 201)


@bp.post("/Porting/PortIn")
def create() -> Response:
    """Take a request in; one number may be in one open request only."""
    given = request.get_json(silent=True) or {}
    losing = given.get("losing_carrier_information") or {}
    address = losing.get("address") or {}
    lacking = [name for name in _LOSING if not losing.get(name)]
    lacking += [name for name in _ADDRESS if not address.get(name)]
    if lacking or given.get("account_sid") != caller()["sid"] or not given.get("phone_numbers"):
        raise TwilioError(20001, f"Required: {', '.join(lacking) or 'account_sid, phone_numbers'}")
    for sid in given.get("documents") or ["none"]:
        if not carrier().store.row("SELECT 1 FROM documents WHERE sid = ?", sid):
            raise TwilioError(20001, f"documents: {sid} is not a document")
    [number] = given["phone_numbers"]
    e164 = formats.e164(str(number.get("phone_number", ""))) or ""
    on = given.get("target_port_in_date") or ""
    if on and date.fromisoformat(on) < clock.utcnow().date() + timedelta(days=LEAD_DAYS):
        raise TwilioError(20001, f"target_port_in_date must be at least {LEAD_DAYS} days ahead")
    if why := _why_not(e164):
        raise TwilioError(why.code if why.code == 22137 else 20001, why.reason)
    if e164.endswith(WITH_PIN) and not (number.get("pin") and losing.get("account_number")):
        raise TwilioError(20001, "pin and account_number are required for this number")
    sid, at = formats.new_sid("KW"), formats.now()
    pace = carrier().knobs.number("port_seconds")
    with carrier().store.work() as db:
        db.execute(
            "INSERT INTO ports (sid, account_sid, e164, number_sid, data, pace, created)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (sid, caller()["sid"], e164, formats.new_sid("PU"), json.dumps(given), pace, at),
        )
        _announce(db, _find(sid))
    return answer(_shape(_find(sid)), 202)


@bp.get("/Porting/PortIn/PortInRequests")
def index() -> Response:
    """List the caller's requests, which say no number; each is to be fetched."""
    rows = carrier().store.rows(
        "SELECT * FROM ports WHERE account_sid = ? AND created <= ? ORDER BY created DESC",
        caller()["sid"],
        formats.now() - carrier().knobs.number("list_lag_seconds"),
    )
    listed = [
        {
            "port_in_request_sid": row["sid"],
            "port_in_request_status": _status(row)[0],
            "status_last_updated_timestamp": formats.iso8601(row["created"])[:10],
            "phone_numbers_requested": 1,
            "phone_numbers_ported": int(row["arrived"]),
            "suggested_action": None,
        }
        for row in rows
    ]
    meta = {"next_token": None, "previous_token": None}
    return answer({"port_in_requests": listed, "meta": meta})


@bp.get("/Porting/PortIn/<sid>")
def fetch(sid: str) -> Response:
    """Show one request."""
    return answer(_shape(_find(sid)))


@bp.delete("/Porting/PortIn/<sid>")
def cancel(sid: str) -> Response:
    """Call a request off, as long as the number has not moved."""
    row = _find(sid)
    if _status(row)[1] == "completed":
        raise TwilioError(20001, "A completed port in request can't be canceled")
    with carrier().store.work() as db:
        db.execute(
            "UPDATE ports SET canceled = ? WHERE sid = ? AND canceled IS NULL",
            (formats.now(), sid),
        )
        db.execute("DELETE FROM webhooks WHERE message_sid = ? AND state = 'pending'", (sid,))
    return Response(status=204)


@bp.post("/Porting/Configuration/Webhook")
def listen() -> Response:
    """Set where news of all requests of the caller and its sub-accounts goes."""
    given = request.get_json(silent=True) or {}
    with carrier().store.work() as db:
        db.execute(
            "REPLACE INTO porting_hooks VALUES (?, ?)",
            (caller()["sid"], given.get("port_in_target_url")),
        )
    return answer(given, 201)


@orders.post("/port-out")
def port_out() -> Response:
    """Let another carrier take a number, and say so where news goes; for tests and demos."""
    given = request.get_json(silent=True) or {}
    e164 = formats.e164(str(given.get("number", ""))) or ""
    with carrier().store.work() as db:
        is_ours = db.execute("DELETE FROM numbers WHERE e164 = ?", (e164,)).rowcount > 0
        if is_ours:
            payload = {"phone_number": e164, "status": "PortOutPhoneNumberCompleted"}
            _post(db, e164, payload, formats.now())
    carrier().courier.ring()
    return answer({"ok": is_ours}, 200 if is_ours else 404)


def arrive() -> None:
    """Give accounts the numbers that have moved by now."""
    store = carrier().store
    for row in store.rows("SELECT * FROM ports WHERE arrived = 0 AND canceled IS NULL"):
        if _status(row)[1] != "completed":
            continue
        settings = SETTINGS | {"friendly_name": formats.national(row["e164"])}
        at = formats.now()
        with store.work() as db:
            db.execute(
                "INSERT OR IGNORE INTO numbers"
                " (sid, account_sid, e164, settings, created, updated) VALUES (?, ?, ?, ?, ?, ?)",
                (
                    formats.new_sid("PN"),
                    row["account_sid"],
                    row["e164"],
                    json.dumps(settings),
                    at,
                    at,
                ),
            )
            db.execute("UPDATE ports SET arrived = 1 WHERE sid = ?", (row["sid"],))


def _why_not(e164: str) -> MagicPort | None:
    """Return why a number can't move: by its digits, its kind, or what is known of it."""
    if formats.is_toll_free(e164):
        return UNPORTABLE[2]
    if carrier().store.row("SELECT 1 FROM numbers WHERE e164 = ?", e164):
        return MagicPort("", "", "ALREADY_IN_ONE_OF_YOUR_TWILIO_ACCOUNTS", 22131)
    open_ones = carrier().store.rows("SELECT * FROM ports WHERE e164 = ?", e164)
    if any(_status(row)[1] not in {"completed", "canceled", "expired"} for row in open_ones):
        return UNPORTABLE[3]
    return next((magic for magic in UNPORTABLE if e164.endswith(magic.given)), None)


def _magic(row: sqlite3.Row) -> MagicPort | None:
    losing = json.loads(row["data"])["losing_carrier_information"]
    number = str(losing.get("account_number") or "")
    return next((magic for magic in REJECTED if number.endswith(magic.given)), None)


def _part(row: sqlite3.Row) -> int:
    """Return which part of its way a request is on."""
    gone = formats.now() - row["created"]
    return _OVER if gone >= _OVER * row["pace"] else int(gone / row["pace"])


def _status(row: sqlite3.Row) -> tuple[str, str]:
    """Return the status of a request and of its number."""
    magic, part = _magic(row), _part(row)
    if row["canceled"] is not None:
        return "Canceled", "canceled"
    if part == _REVIEW:
        return "In review", "in review"
    if magic is not None and magic.ends == "canceled":
        return "Canceled", "canceled"
    if magic is not None and magic.ends == "unsigned" and part > _ASKED:
        return "Expired", "expired"
    if part == _SIGNATURE or (magic is not None and magic.ends == "unsigned"):
        return "Waiting for Signature", "waiting for signature"
    if part == _ASKED:
        return "In progress", "submitted"
    if magic is not None:
        return "Action Required", "rejected"
    return ("In progress", "pending") if part == _DATED else ("Completed", "completed")


def _shape(row: sqlite3.Row) -> dict[str, object]:
    given: dict[str, Any] = json.loads(row["data"])
    whole, own = _status(row)
    magic = _magic(row)
    losing = {**given["losing_carrier_information"]}
    is_dated = own in {"pending", "completed"}
    return {
        "port_in_request_sid": row["sid"],
        "url": f"https://numbers.twilio.com/v1/Porting/PortIn/{row['sid']}",
        "account_sid": row["account_sid"],
        "notification_emails": given.get("notification_emails") or [],
        "target_port_in_date": given.get("target_port_in_date"),
        "target_port_in_time_range_start": None,
        "target_port_in_time_range_end": None,
        "port_in_request_status": whole,
        "order_cancellation_reason": magic.reason if magic and whole == "Canceled" else None,
        "losing_carrier_information": losing,
        "documents": given["documents"],
        "date_created": formats.iso8601(row["created"]),
        "support_ticket_id": None,
        "signature_request_url": f"{carrier().config.base_url}/_sandbox/"
        if whole == "Waiting for Signature"
        else None,
        "phone_numbers": [
            {
                "phone_number": row["e164"],
                "port_in_phone_number_sid": row["number_sid"],
                "port_in_phone_number_status": own,
                "portable": True,
                "not_portability_reason": None,
                "not_portability_reason_code": None,
                "number_type": "LOCAL",
                "port_date": f"{given['target_port_in_date']}T15:00:00Z"
                if is_dated and given.get("target_port_in_date")
                else None,
                "rejection_reason": magic.reason if magic and own == "rejected" else None,
                "rejection_reason_code": str(magic.code) if magic and own == "rejected" else None,
            }
        ],
    }


def _find(sid: str) -> sqlite3.Row:
    row = carrier().store.row("SELECT * FROM ports WHERE sid = ?", sid)
    if row is None or caller()["sid"] not in {row["account_sid"], carrier().config.account_sid}:
        raise missing()
    return row


def _announce(db: sqlite3.Connection, row: sqlite3.Row) -> None:
    """Put news of every part of the way into the outbox, each for its time."""
    for part in range(_SIGNATURE, _OVER + 1):
        payload = {"port_in_request_sid": row["sid"], "phone_number": row["e164"], "part": part}
        _post(db, row["sid"], payload, row["created"] + part * row["pace"])


def _post(db: sqlite3.Connection, about: str, payload: dict[str, Any], at: float) -> None:
    hook = db.execute("SELECT * FROM porting_hooks").fetchone()
    if hook is None or not hook["url"]:
        return
    db.execute(
        "INSERT INTO webhooks (kind, message_sid, account_sid, url, method, params, loose,"
        " token, created, due, state) VALUES ('porting', ?, ?, ?, 'POST', ?, 0, ?, ?, ?,"
        " 'pending')",
        (
            about,
            hook["account_sid"],
            hook["url"],
            json.dumps({"payload": json.dumps(payload)}),
            str(uuid4()),
            at,
            at,
        ),
    )


def as_json(token: str, url: str, payload: str) -> tuple[str, dict[str, str]]:
    """Return where a JSON webhook is posted, and its headers: the address signs the body."""
    digest = hashlib.sha256(payload.encode()).hexdigest()
    whole = f"{url}{'&' if '?' in url else '?'}bodySHA256={digest}"
    return whole, {
        "X-Twilio-Signature": sign(token, whole, {}),
        "Content-Type": "application/json",
    }
