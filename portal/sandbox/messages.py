"""The Messages and Media resources."""

import json
import sqlite3
import time
from datetime import UTC, date, datetime, timedelta

from flask import Blueprint, Response, request

from portal.sandbox import formats, lifecycle, sending
from portal.sandbox.auth import account_of, missing, require_active
from portal.sandbox.context import carrier
from portal.sandbox.errors import DELIVERY_ERRORS, TwilioError
from portal.sandbox.faults import Fault, refusal_code
from portal.sandbox.magic import TO, find
from portal.sandbox.paging import answer, envelope, page_size

bp = Blueprint("messages", __name__)
_ROOT = "/Accounts/<account>/Messages"
_PAIR_END = "PA"


def shape(message: sqlite3.Row) -> dict[str, object]:
    """Return a text as the API shows it."""
    uri = f"/2010-04-01/Accounts/{message['account_sid']}/Messages/{message['sid']}"
    media = carrier().store.count(
        "SELECT COUNT(*) FROM media WHERE message_sid = ?", message["sid"]
    )
    return {
        "sid": message["sid"],
        "account_sid": message["account_sid"],
        "api_version": lifecycle.API_VERSION,
        "body": message["body"],
        # A service picks the sender and counts the parts after it has said "accepted".
        "num_segments": "0" if message["chosen"] else str(message["segments"]),
        "num_media": str(media),
        "direction": message["direction"],
        "from": None if message["chosen"] else message["sender"],
        "to": message["recipient"],
        "status": message["status"],
        "messaging_service_sid": message["service_sid"],
        "price": message["price"],
        "price_unit": "USD",
        "error_code": message["error_code"],
        "error_message": DELIVERY_ERRORS.get(message["error_code"]),
        "date_created": formats.rfc2822(message["created"]),
        "date_updated": formats.rfc2822(message["updated"]),
        "date_sent": formats.rfc2822(message["sent"]),
        "uri": f"{uri}.json",
        "subresource_uris": {"media": f"{uri}/Media.json", "feedback": f"{uri}/Feedback.json"},
    }


@bp.post(f"{_ROOT}.json")
def create(account: str) -> Response:
    """Take a text, or refuse it, or fail on the way as the weather has it."""
    owner = account_of(account)
    order = sending.Order(owner, request.form, request.form.getlist("MediaUrl"))
    fault = _fault(order)
    latency = carrier().knobs.number("latency_ms")
    if latency:
        time.sleep(latency / 1000)
    if fault and fault != "400" and not fault.endswith("_after"):
        _log(order, "dropped", fault)
        raise Fault(fault)
    try:
        require_active(owner)
        draft = _checked(order, fault)
    except TwilioError as refused:
        _log(order, "refused", str(refused.status), code=refused.code)
        raise
    with carrier().store.work():
        message = lifecycle.write(carrier().store, carrier().knobs, draft)
        _log(order, "accepted", fault or "201", sid=message["sid"])
    carrier().courier.ring()
    if fault:
        raise Fault(fault)
    return answer(shape(message), 201)


def _checked(order: sending.Order, fault: str) -> lifecycle.Draft:
    """Return the draft of a text, or raise the refusal it earns or meets."""
    if fault == "400":
        raise TwilioError(refusal_code(order.get("To")), order.get("To"))
    return sending.check(carrier(), order)


def _fault(order: sending.Order) -> str:
    """Return the fault this text meets: by its number, else by the weather."""
    recipient = order.get("To")
    magic = find(TO, formats.e164(recipient) or recipient)
    if magic is not None and magic.effect == "fault":
        used = carrier().store.tally(f"fault {recipient}")
        return "" if magic.times and used > magic.times else magic.fault
    return carrier().knobs.next_fault(f"{recipient} {order.get('Body')}")


def _log(
    order: sending.Order,
    outcome: str,
    said: str,
    *,
    sid: str | None = None,
    code: int | None = None,
) -> None:
    """Write one line of the truth log: what was asked, what happened, what was said."""
    with carrier().store.work() as db:
        db.execute(
            "INSERT INTO attempts (at, outcome, answer, account_sid, sid, code, sender, recipient,"
            " service_sid, body, media, callback) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                formats.now(),
                outcome,
                said,
                order.account["sid"],
                sid,
                code,
                order.get("From") or None,
                order.get("To") or None,
                order.get("MessagingServiceSid") or None,
                order.get("Body"),
                json.dumps(list(order.media)),
                order.get("StatusCallback") or None,
            ),
        )


@bp.get(f"{_ROOT}.json")
def index(account: str) -> Response:
    """List texts, newest first; ones younger than the list lag are missing."""
    where = ["account_sid = ?", "hidden = 0", "visible <= ?"]
    values: list[object] = [account_of(account)["sid"], formats.now()]
    for name, column in (("To", "recipient"), ("From", "sender")):
        if asked := request.args.get(name):
            where.append(f"{column} = ?")
            values.append(formats.e164(asked) or asked)
    for name, test in (("DateSent>", ">="), ("DateSent<", "<")):
        if asked := request.args.get(name):
            start, length = _moment(asked)
            where.append(f"sent {test} ?")
            values.append(start + length if test == "<" else start)
    if asked := request.args.get("DateSent"):
        # Twilio's client writes a day as its first second.
        start, length = _moment(asked.removesuffix("T00:00:00Z"))
        where.append("sent >= ? AND sent < ?")
        values += [start, start + length]
    token = request.args.get("PageToken", "")
    if token.startswith(_PAIR_END) and token[len(_PAIR_END) :].isdigit():
        where.append("seq < ?")
        values.append(int(token[len(_PAIR_END) :]))
    query = "SELECT * FROM messages WHERE " + " AND ".join(where)  # noqa: S608  our own words
    rows = carrier().store.rows(f"{query} ORDER BY seq DESC LIMIT ?", *values, page_size() + 1)
    shown = rows[: page_size()]
    more = f"{_PAIR_END}{shown[-1]['seq']}" if len(rows) > len(shown) else ""
    return envelope("messages", [shape(row) for row in shown], next_token=more)


def _moment(text: str) -> tuple[float, float]:
    """Return the start and the length in seconds of a day or an instant."""
    try:
        if len(text) == len("2026-11-22"):
            day = date.fromisoformat(text)
            start = datetime(day.year, day.month, day.day, tzinfo=UTC)
            return start.timestamp(), timedelta(days=1).total_seconds()
        at = datetime.fromisoformat(text)
    except ValueError:
        raise TwilioError(20001, f"DateSent {text} is not a date") from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp(), 1.0


def _find(account: str, sid: str) -> sqlite3.Row:
    message = carrier().store.row(
        "SELECT * FROM messages WHERE sid = ? AND account_sid = ? AND hidden = 0",
        sid,
        account_of(account)["sid"],
    )
    if message is None:
        raise missing()
    return message


@bp.get(f"{_ROOT}/<sid>.json")
def fetch(account: str, sid: str) -> Response:
    """Show one text."""
    return answer(shape(_find(account, sid)))


@bp.post(f"{_ROOT}/<sid>.json")
def update(account: str, sid: str) -> Response:
    """Redact a text's body, or cancel a scheduled one."""
    message = _find(account, sid)
    with carrier().store.work() as db:
        if request.form.get("Status") == "canceled":
            if message["status"] != "scheduled":
                raise TwilioError(30409)
            db.execute("UPDATE messages SET status = 'canceled' WHERE sid = ?", (sid,))
            db.execute("DELETE FROM steps WHERE message_sid = ?", (sid,))
        if request.form.get("Body") == "":
            db.execute("UPDATE messages SET body = '' WHERE sid = ?", (sid,))
    return answer(shape(lifecycle.get(carrier().store, sid)))


@bp.delete(f"{_ROOT}/<sid>.json")
def delete(account: str, sid: str) -> Response:
    """Remove a finished text from the API; the handset keeps it, as a phone would."""
    message = _find(account, sid)
    if message["status"] not in lifecycle.FINAL:
        raise TwilioError(20001, "The message is still on its way")
    with carrier().store.work() as db:
        db.execute("UPDATE messages SET hidden = 1 WHERE sid = ?", (sid,))
    return Response(status=204)


@bp.post(f"{_ROOT}/<sid>/Feedback.json")
def feedback(account: str, sid: str) -> Response:
    """Take note that a text was acted upon."""
    message = _find(account, sid)
    at = formats.rfc2822(formats.now())
    return answer(
        {
            "account_sid": message["account_sid"],
            "message_sid": sid,
            "outcome": request.form.get("Outcome", "unconfirmed"),
            "date_created": at,
            "date_updated": at,
            "uri": f"/2010-04-01/Accounts/{account}/Messages/{sid}/Feedback.json",
        },
        201,
    )
