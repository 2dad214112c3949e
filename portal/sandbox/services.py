"""Messaging Services and the numbers in their pools."""

import json
import sqlite3

from flask import Blueprint, Response, request

from portal.sandbox import formats, inventory
from portal.sandbox.auth import missing
from portal.sandbox.campaigns import is_registered
from portal.sandbox.context import caller, carrier
from portal.sandbox.errors import TwilioError
from portal.sandbox.numbers import camel
from portal.sandbox.paging import answer, newer

bp = Blueprint("services", __name__)
_POOL_LIMIT = 400
_FLAGS: dict[str, bool] = {
    "sticky_sender": True,
    "mms_converter": True,
    "smart_encoding": True,
    "fallback_to_long_code": False,
    "area_code_geomatch": False,
    "synchronous_validation": False,
    "use_inbound_webhook_on_number": False,
}
_TEXTS: dict[str, str | None] = {
    "inbound_request_url": None,
    "inbound_method": "POST",
    "fallback_url": None,
    "fallback_method": "POST",
    "status_callback": None,
    "scan_message_content": "inherit",
    "usecase": "undeclared",
}
_LONGEST_VALIDITY = 36000


def _url(service: str) -> str:
    return f"https://messaging.twilio.com/v1/Services/{service}"


def _shape(service: sqlite3.Row) -> dict[str, object]:
    url = _url(service["sid"])
    return {
        "sid": service["sid"],
        "account_sid": service["account_sid"],
        "date_created": formats.iso8601(service["created"]),
        "date_updated": formats.iso8601(service["updated"]),
        "us_app_to_person_registered": is_registered(service["sid"]),
        **json.loads(service["settings"]),
        "url": url,
        "links": {
            "phone_numbers": f"{url}/PhoneNumbers",
            "short_codes": f"{url}/ShortCodes",
            "alpha_senders": f"{url}/AlphaSenders",
            "us_app_to_person": f"{url}/Compliance/Usa2p",
        },
    }


def resting() -> dict[str, object]:
    """Return the settings of a service for which nothing was said."""
    return {**_TEXTS, **_FLAGS, "validity_period": _LONGEST_VALIDITY}


def _changes() -> dict[str, object]:
    form = request.form
    changes: dict[str, object] = {
        name: form[camel(name)] or None for name in _TEXTS if camel(name) in form
    }
    changes |= {name: formats.flag(form[camel(name)]) for name in _FLAGS if camel(name) in form}
    if "FriendlyName" in form:
        changes["friendly_name"] = form["FriendlyName"]
    if validity := form.get("ValidityPeriod"):
        if not validity.isdigit() or not 1 <= int(validity) <= _LONGEST_VALIDITY:
            raise TwilioError(21624, validity)
        changes["validity_period"] = int(validity)
    return changes


def _find(sid: str) -> sqlite3.Row:
    service = carrier().store.row(
        "SELECT * FROM services WHERE sid = ? AND account_sid = ?", sid, caller()["sid"]
    )
    if service is None:
        raise missing()
    return service


@bp.get("/Services")
def index() -> Response:
    """List the caller's services."""
    rows = carrier().store.rows(
        "SELECT * FROM services WHERE account_sid = ? ORDER BY created DESC, rowid DESC",
        caller()["sid"],
    )
    return newer("services", rows, _shape)


@bp.post("/Services")
def create() -> Response:
    """Make a service."""
    if not request.form.get("FriendlyName"):
        raise TwilioError(20001, "FriendlyName is required")
    settings = resting() | _changes()
    at, sid = formats.now(), formats.new_sid("MG")
    with carrier().store.work() as db:
        db.execute(
            "INSERT INTO services (sid, account_sid, settings, created, updated)"
            " VALUES (?, ?, ?, ?, ?)",
            (sid, caller()["sid"], json.dumps(settings), at, at),
        )
    return answer(_shape(_find(sid)), 201)


@bp.get("/Services/<sid>")
def fetch(sid: str) -> Response:
    """Show one service."""
    return answer(_shape(_find(sid)))


@bp.post("/Services/<sid>")
def update(sid: str) -> Response:
    """Change a service."""
    settings = json.loads(_find(sid)["settings"]) | _changes()
    with carrier().store.work() as db:
        db.execute(
            "UPDATE services SET settings = ?, updated = ? WHERE sid = ?",
            (json.dumps(settings), formats.now(), sid),
        )
    return answer(_shape(_find(sid)))


@bp.delete("/Services/<sid>")
def delete(sid: str) -> Response:
    """Remove a service; its numbers stay with the account."""
    _find(sid)
    with carrier().store.work() as db:
        db.execute("UPDATE numbers SET service_sid = NULL WHERE service_sid = ?", (sid,))
        db.execute("DELETE FROM services WHERE sid = ?", (sid,))
    return Response(status=204)


def _shape_member(number: sqlite3.Row) -> dict[str, object]:
    place = inventory.place_of(number["e164"])
    return {
        "sid": number["sid"],
        "account_sid": number["account_sid"],
        "service_sid": number["service_sid"],
        "phone_number": number["e164"],
        "country_code": place.country if place else "US",
        "capabilities": ["MMS", "SMS", "Voice"],
        "date_created": formats.iso8601(number["joined"]),
        "date_updated": formats.iso8601(number["joined"]),
        "url": f"{_url(number['service_sid'])}/PhoneNumbers/{number['sid']}",
    }


def _member(service: str, sid: str) -> sqlite3.Row:
    number = carrier().store.row(
        "SELECT * FROM numbers WHERE sid = ? AND service_sid = ?", sid, _find(service)["sid"]
    )
    if number is None:
        raise missing()
    return number


@bp.get("/Services/<service>/PhoneNumbers")
def members(service: str) -> Response:
    """List the numbers of a pool."""
    rows = carrier().store.rows(
        "SELECT * FROM numbers WHERE service_sid = ? ORDER BY joined, rowid", _find(service)["sid"]
    )
    return newer("phone_numbers", rows, _shape_member)


@bp.post("/Services/<service>/PhoneNumbers")
def join(service: str) -> Response:
    """Put a number into a pool; a number is in one pool at most."""
    _find(service)
    store = carrier().store
    with store.work() as db:
        number = store.row(
            "SELECT * FROM numbers WHERE sid = ? AND account_sid = ?",
            request.form.get("PhoneNumberSid", ""),
            caller()["sid"],
        )
        if number is None:
            raise missing()
        if number["service_sid"] == service:
            raise TwilioError(21710, number["e164"])
        if number["service_sid"]:
            raise TwilioError(21712, number["e164"])
        pool = store.count("SELECT COUNT(*) FROM numbers WHERE service_sid = ?", service)
        if pool >= _POOL_LIMIT:
            raise TwilioError(21714)
        db.execute(
            "UPDATE numbers SET service_sid = ?, joined = ? WHERE sid = ?",
            (service, formats.now(), number["sid"]),
        )
    return answer(_shape_member(_member(service, number["sid"])), 201)


@bp.get("/Services/<service>/PhoneNumbers/<sid>")
def fetch_member(service: str, sid: str) -> Response:
    """Show one number of a pool."""
    return answer(_shape_member(_member(service, sid)))


@bp.delete("/Services/<service>/PhoneNumbers/<sid>")
def leave(service: str, sid: str) -> Response:
    """Take a number out of a pool."""
    number = _member(service, sid)
    with carrier().store.work() as db:
        db.execute(
            "UPDATE numbers SET service_sid = NULL, joined = NULL WHERE sid = ?", (number["sid"],)
        )
    return Response(status=204)
