"""The JSON control API under /_sandbox: what tests and demos turn and read."""

import base64
import binascii
import json
import sqlite3
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Blueprint, Response, request

from portal.core import clock
from portal.sandbox import accounts, calls, formats, inbound, lifecycle, messages, old_accounts
from portal.sandbox.accounts import open_main_account
from portal.sandbox.context import Carrier, carrier
from portal.sandbox.courier import Answer, PostRider, prepared
from portal.sandbox.errors import TwilioError
from portal.sandbox.paging import answer
from portal.sandbox.store import TABLES

bp = Blueprint("control", __name__, url_prefix="/_sandbox")
_WAIT = 15.0


class BadOrderError(Exception):
    """A control request that makes no sense; the words say why."""


@bp.errorhandler(BadOrderError)
@bp.errorhandler(ValueError)
def _explain(error: Exception) -> Response:
    return answer({"error": str(error)}, 400)


@bp.errorhandler(inbound.NotReachedError)
def _not_reached(error: inbound.NotReachedError) -> Response:
    return answer({"error": str(error)}, 409)


@bp.errorhandler(TwilioError)
def _refused(error: TwilioError) -> Response:
    return answer({"error": error.message}, error.status)


def _given() -> dict[str, Any]:
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        message = "Send a JSON object."
        raise BadOrderError(message)
    return body


@bp.get("/health")
def health() -> Response:
    """Say that the sandbox is up."""
    return answer({"ok": True})


@bp.get("/knobs")
def show_knobs() -> Response:
    """Show all knobs."""
    return answer(carrier().knobs.values())


@bp.post("/knobs")
def turn_knobs() -> Response:
    """Turn some knobs, and show all."""
    carrier().knobs.turn(_given())
    carrier().courier.ring()
    return answer(carrier().knobs.values())


@bp.post("/faults")
def plan_faults() -> Response:
    """Let the next texts, "writes" that are none, or "reads" meet these faults, in order."""
    given, knobs = _given(), carrier().knobs
    plans = {"faults": knobs.plan, "writes": knobs.plan_writes, "reads": knobs.plan_reads}
    for name, plan in plans.items():
        if name in given:
            plan([str(fault) for fault in given[name]])
    return answer(given)


@bp.post("/senders/<name>")
def set_sender(name: str) -> Response:
    """Switch carrier keywords of a number or service, or advanced opt-out of a service."""
    table = "services" if name.startswith("MG") else "numbers"
    allowed = {"carrier_keywords"} | ({"advanced_opt_out"} if table == "services" else set())
    given = _given()
    if not given or set(given) - allowed:
        message = f"Give one of: {', '.join(sorted(allowed))}."
        raise BadOrderError(message)
    changed = 0
    with carrier().store.work() as db:
        for column, value in given.items():
            query = f"UPDATE {table} SET {column} = ? WHERE sid = ?"  # noqa: S608  from the sets above
            if table == "numbers":
                query += " OR e164 = ?"
            names = (name, name) if table == "numbers" else (name,)
            changed = db.execute(query, (bool(value), *names)).rowcount
    if not changed:
        message = f"No such sender: {name}."
        raise BadOrderError(message)
    return answer({"sender": name, **given})


@bp.post("/inbound")
def send_inbound() -> Response:
    """Send a text as a person; waits until the portal has answered unless told not to."""
    given = _given()
    person, number = _number(given, "from"), _number(given, "to")
    pictures = tuple(_picture(medium) for medium in given.get("media", []))
    message = inbound.receive(carrier(), person, number, str(given.get("body", "")), pictures)
    if given.get("wait", True):
        carrier().courier.wait_for(message["sid"], _WAIT)
    rows = carrier().store.rows("SELECT * FROM webhooks WHERE message_sid = ?", message["sid"])
    return answer({"sid": message["sid"], "webhooks": [_shape_webhook(row) for row in rows]}, 201)


@bp.post("/calls")
def make_call() -> Response:
    """Call a number as a person; "outcome" is how a phone it is forwarded to takes it."""
    given = _given()
    outcome = str(given.get("outcome", "completed"))
    if outcome not in calls.OUTCOMES:
        message = f"The outcome is one of {', '.join(calls.OUTCOMES)}."
        raise BadOrderError(message)
    person, number = _number(given, "from"), _number(given, "to")
    heard = calls.call(carrier(), person, number, outcome, int(given.get("seconds", 30)))
    return answer({"sid": heard.sid, "seconds": heard.seconds, "steps": heard.steps}, 201)


@bp.get("/calls")
def show_calls() -> Response:
    """Show all calls with what was said on them, oldest first."""
    rows = carrier().store.rows("SELECT * FROM calls ORDER BY created, rowid")
    return answer({"calls": [dict(row) for row in rows]})


def _number(given: dict[str, Any], name: str) -> str:
    number = formats.e164(str(given.get(name, "")))
    if number is None:
        message = f"{given.get(name)} is not a phone number."
        raise BadOrderError(message)
    return number


def _picture(medium: object) -> lifecycle.Picture:
    if not isinstance(medium, dict):
        message = "A medium is an object with content_type and base64 data."
        raise BadOrderError(message)
    try:
        content = base64.b64decode(medium.get("data", ""), validate=True)
    except (binascii.Error, TypeError):
        message = "The data of a medium is base64."
        raise BadOrderError(message) from None
    return lifecycle.Picture(str(medium.get("content_type", "image/png")), content=content)


@bp.get("/log")
def show_log() -> Response:
    """Show every accept in order, or with ?all=1 every attempt: the truth, whatever was said."""
    where = "" if request.args.get("all") else "WHERE outcome = 'accepted'"
    since = int(request.args.get("after", "0"))
    rows = carrier().store.rows(
        f"SELECT * FROM (SELECT * FROM attempts {where}) WHERE seq > ? ORDER BY seq",  # noqa: S608
        since,
    )
    return answer({"log": [_shape_attempt(row) for row in rows]})


def _shape_attempt(row: sqlite3.Row) -> dict[str, object]:
    query = parse_qs(urlsplit(row["callback"] or "").query)
    return {
        "seq": row["seq"],
        "at": formats.iso8601(row["at"]),
        "at_epoch": row["at"],
        "outcome": row["outcome"],
        "answer": row["answer"],
        "code": row["code"],
        "sid": row["sid"],
        "account_sid": row["account_sid"],
        "to": row["recipient"],
        "from": row["sender"],
        "messaging_service_sid": row["service_sid"],
        "body": row["body"],
        "media": json.loads(row["media"] or "[]"),
        "callback": row["callback"],
        "m": query.get("m", [None])[0],
        "a": query.get("a", [None])[0],
    }


@bp.get("/messages")
def show_messages() -> Response:
    """Show all texts in both directions, oldest first, deleted ones too."""
    rows = carrier().store.rows("SELECT * FROM messages ORDER BY seq")
    return answer({"messages": [messages.shape(row) for row in rows]})


@bp.get("/blocks")
def show_blocks() -> Response:
    """Show who has stopped which number or service."""
    rows = carrier().store.rows("SELECT * FROM blocks ORDER BY since, person")
    return answer({"blocks": [{"scope": row["scope"], "person": row["person"]} for row in rows]})


@bp.get("/webhooks")
def show_webhooks() -> Response:
    """Show all webhooks, or those of one state or one text."""
    state, sid = request.args.get("state"), request.args.get("sid")
    rows = carrier().store.rows(
        "SELECT * FROM webhooks WHERE state = COALESCE(?, state)"
        " AND message_sid = COALESCE(?, message_sid) ORDER BY id",
        state,
        sid,
    )
    return answer({"webhooks": [_shape_webhook(row) for row in rows]})


def _shape_webhook(row: sqlite3.Row) -> dict[str, object]:
    parcel = prepared(carrier(), row)
    return {
        "id": row["id"],
        "kind": row["kind"],
        "sid": row["message_sid"],
        "method": row["method"],
        "url": parcel.url,
        "params": parcel.form,
        "headers": parcel.headers,
        "body": parcel.body,
        "state": row["state"],
        "attempts": row["attempts"],
        "answer": row["answer"],
        "problem": row["problem"],
        "closed": row["closed"],
    }


@bp.post("/webhooks/take")
def take_webhooks() -> Response:
    """Hand held webhooks to a test, which brings them to the portal itself."""
    with carrier().store.work() as db:
        rows = db.execute("SELECT * FROM webhooks WHERE state = 'pending' ORDER BY id").fetchall()
        db.execute("UPDATE webhooks SET state = 'taken' WHERE state = 'pending'")
    return answer({"webhooks": [_shape_webhook(row) for row in rows]})


@bp.post("/webhooks/<int:webhook_id>/answer")
def answer_webhook(webhook_id: int) -> Response:
    """Tell what the portal answered to a webhook that a test took."""
    row = carrier().store.row("SELECT * FROM webhooks WHERE id = ?", webhook_id)
    if row is None or row["state"] != "taken":
        message = "No such webhook was taken."
        raise BadOrderError(message)
    given = _given()
    status = int(given.get("status", 200))
    failure = "" if status // 100 == 2 else f"{status // 100}xx"
    said = Answer(
        status,
        failure,
        str(given.get("content_type", "text/xml")),
        str(given.get("body", "")).encode(),
    )
    _rider().settle(row, said)
    return answer({"ok": True})


def _rider() -> PostRider:
    courier = carrier().courier
    if not isinstance(courier, PostRider):
        message = "This sandbox carries no webhooks."
        raise BadOrderError(message)
    return courier


@bp.post("/flush")
def flush() -> Response:
    """Do all steps and carry all webhooks now; returns when done."""
    return answer(carrier().courier.flush())


@bp.post("/accounts/<sid>/status")
def set_account_status(sid: str) -> Response:
    """Suspend, close or reactivate an account, as the carrier's compliance team would."""
    accounts.set_status(carrier().store, sid, str(_given().get("status")))
    return answer({"sid": sid, "status": _given().get("status")})


@bp.post("/accounts")
def open_main() -> Response:
    """Open an unrelated main account, as somebody else's at the carrier."""
    name = str(_given().get("friendly_name", "Another brokerage"))
    sid = accounts.open_account(carrier().store, name)
    row = carrier().store.row("SELECT auth_token FROM accounts WHERE sid = ?", sid)
    return answer({"sid": sid, "auth_token": row["auth_token"] if row else ""}, 201)


@bp.post("/old-accounts")
def open_old() -> Response:
    """Open an old account of a brokerage: of the main account's owner, or with "related" false not."""
    given = _given()
    made = old_accounts.open_old(
        carrier().store,
        owner=carrier().config.account_sid if given.get("related", True) else None,
        numbers=int(given.get("numbers", 3)),
    )
    return answer(made, 201)


@bp.post("/numbers/<e164>/account")
def move_as_support(e164: str) -> Response:
    """Move a number to any account, as the carrier's support does for its owner."""
    account = str(_given().get("account_sid"))
    old_accounts.move_as_support(carrier().store, e164, account)
    return answer({"number": e164, "account_sid": account})


@bp.get("/numbers")
def show_numbers() -> Response:
    """Show every number with its account, service and webhooks: the truth."""
    rows = carrier().store.rows(
        "SELECT n.*, (SELECT COUNT(*) FROM moves m WHERE m.number_sid = n.sid) AS moves"
        " FROM numbers n ORDER BY e164"
    )
    return answer(
        {
            "numbers": [
                {
                    **{name: row[name] for name in ("sid", "e164", "account_sid", "service_sid")},
                    "moves": row["moves"],
                    **json.loads(row["settings"]),
                }
                for row in rows
            ]
        }
    )


@bp.post("/accounts/<sid>/token")
def rotate_token(sid: str) -> Response:
    """Revoke an account's token and give it another."""
    return answer({"sid": sid, "auth_token": accounts.rotate_token(carrier().store, sid)})


@bp.get("/clock")
def show_clock() -> Response:
    """Show the carrier's time and its offset."""
    return answer({"now": formats.iso8601(formats.now()), "offset": clock.offset().total_seconds()})


@bp.post("/clock")
def set_clock() -> Response:
    """Set the offset in seconds, or move time by some more."""
    given = _given()
    if "by" in given:
        move_clock(carrier(), clock.offset() + timedelta(seconds=float(given["by"])))
    else:
        move_clock(carrier(), timedelta(seconds=float(given.get("offset", 0))))
    return show_clock()


def move_clock(of: Carrier, offset: timedelta) -> None:
    """Move time for every process that watches the clock file."""
    if of.config.clock_file is None:
        message = "This sandbox was started without a clock file."
        raise BadOrderError(message)
    clock.write_offset(of.config.clock_file, offset)
    of.courier.ring()


@bp.post("/reset")
def reset() -> Response:
    """Forget all but the main account and put the knobs to rest."""
    store = carrier().store
    with store.work() as db:
        for table in TABLES:
            db.execute(f"DELETE FROM {table}")  # noqa: S608  our own table names
        open_main_account(store, carrier().config)
    carrier().knobs.rest()
    # Webhooks in hand land before the answer, so that none reaches the next test.
    carrier().courier.flush(timeout=5.0)
    return answer({"ok": True})
