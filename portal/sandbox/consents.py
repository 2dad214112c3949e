"""The carrier's consent API: opt-outs and opt-ins told in bulk become its own blocks."""

import json
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, request

from portal.sandbox import formats
from portal.sandbox.context import caller, carrier
from portal.sandbox.errors import TwilioError
from portal.sandbox.paging import answer

bp = Blueprint("consents", __name__)
_MOST_ITEMS = 25
_WRONG_ITEM = 30646
_SOURCES = {"website", "offline", "opt-in-message", "opt-out-message", "others"}


@bp.post("/Consents/Bulk")
def create() -> Response:
    """Take up to 25 consents; each is answered for itself, a wrong one stops no other."""
    given = request.form.getlist("Items")
    if not 1 <= len(given) <= _MOST_ITEMS:
        raise TwilioError(20001, f"Items must hold 1 to {_MOST_ITEMS} objects")
    try:
        items = [json.loads(text) for text in given]
    except ValueError as error:
        raise TwilioError(20001, "Items must be JSON objects") from error
    if not all(isinstance(item, dict) for item in items):
        raise TwilioError(20001, "Items must be JSON objects")
    with carrier().store.work():
        answers = [_take(item) for item in items]
    return answer({"items": answers}, 201)


def _take(item: dict[str, Any]) -> dict[str, object]:
    correlation_id = str(item.get("correlation_id", ""))
    wrong = _faults(item)
    if not wrong:
        _obey(item)
    return {
        "correlation_id": correlation_id,
        "error_code": _WRONG_ITEM if wrong else 0,
        "error_messages": wrong,
    }


def _faults(item: dict[str, Any]) -> list[str]:
    """Return what is wrong with an item, in the carrier's words."""
    person = str(item.get("contact_id", ""))
    checks = (
        ("INVALID_CONTACT_ID", formats.e164(person) == person),
        ("INVALID_CORRELATION_ID", len(str(item.get("correlation_id", ""))) == 32),
        ("INVALID_SENDER_ID", _is_own_sender(str(item.get("sender_id", "")))),
        ("INVALID_STATUS", item.get("status") in {"opt-in", "opt-out"}),
        ("INVALID_SOURCE", item.get("source") in _SOURCES),
        ("INVALID_DATE_OF_CONSENT", _date(item) is not None),
    )
    return [name for name, is_right in checks if not is_right]


def _is_own_sender(sender: str) -> bool:
    """Say whether a number or a service is the caller's."""
    table, column = ("services", "sid") if formats.is_sid(sender, "MG") else ("numbers", "e164")
    return (
        carrier().store.count(
            f"SELECT COUNT(*) FROM {table} WHERE {column} = ? AND account_sid = ?",  # noqa: S608
            sender,
            caller()["sid"],
        )
        > 0
    )


def _date(item: dict[str, Any]) -> float | None:
    """Return when the consent was given or taken back, None for what is no date or to come."""
    written = item.get("date_of_consent")
    if not written:
        return formats.now()
    try:
        at = datetime.fromisoformat(str(written))
    except ValueError:
        return None
    seconds = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    return seconds if seconds <= formats.now() + 1 else None


def _obey(item: dict[str, Any]) -> None:
    """Block, or lift a block that is not newer than the consent."""
    person, scope, at = item["contact_id"], item["sender_id"], _date(item)
    with carrier().store.work() as db:
        if item["status"] == "opt-out":
            db.execute(
                "INSERT INTO blocks VALUES (?, ?, ?) ON CONFLICT (scope, person)"
                " DO UPDATE SET since = max(since, excluded.since)",
                (scope, person, at),
            )
        else:
            db.execute(
                "DELETE FROM blocks WHERE scope = ? AND person = ? AND since <= ?",
                (scope, person, at),
            )
