"""Searching, buying, changing, moving and releasing numbers."""

import json
import sqlite3

from flask import Blueprint, Response, request

from portal.sandbox import formats, inventory
from portal.sandbox.auth import account_of, missing, require_active
from portal.sandbox.context import caller, carrier
from portal.sandbox.errors import TwilioError
from portal.sandbox.magic import BUY, find
from portal.sandbox.paging import answer, page_size, sliced

bp = Blueprint("numbers", __name__)
_OWN = "/Accounts/<account>/IncomingPhoneNumbers"
_LONGEST_NAME = 64
# Settings a caller may set, and how they rest. The names are Twilio's, in both spellings.
SETTINGS: dict[str, str] = {
    "sms_url": "",
    "sms_method": "POST",
    "sms_fallback_url": "",
    "sms_fallback_method": "POST",
    "sms_application_sid": "",
    "voice_url": "",
    "voice_method": "POST",
    "voice_fallback_url": "",
    "voice_fallback_method": "POST",
    "voice_application_sid": "",
    "trunk_sid": "",  # set, calls go there, whatever the voice addresses say
    "status_callback": "",
    "status_callback_method": "POST",
    "emergency_status": "Inactive",
    "address_sid": "",
    "bundle_sid": "",
    "identity_sid": "",
}
_NONE_AT_REST = ("address_sid", "bundle_sid", "identity_sid", "trunk_sid")


def camel(name: str) -> str:
    """Return a name as Twilio's forms spell it."""
    return "".join(part.capitalize() for part in name.split("_"))


def _shape(number: sqlite3.Row) -> dict[str, object]:
    settings = SETTINGS | json.loads(number["settings"])
    return {
        "sid": number["sid"],
        "account_sid": number["account_sid"],
        "phone_number": number["e164"],
        "capabilities": {"voice": True, "sms": True, "mms": True, "fax": False},
        "address_requirements": "none",
        "api_version": "2010-04-01",
        "beta": False,
        "origin": "twilio",
        "status": "in-use",
        "type": "toll-free" if formats.is_toll_free(number["e164"]) else "local",
        "voice_caller_id_lookup": False,
        "voice_receive_mode": "voice",
        "emergency_address_sid": None,
        "emergency_address_status": "unregistered",
        "date_created": formats.rfc2822(number["created"]),
        "date_updated": formats.rfc2822(number["updated"]),
        "uri": f"/2010-04-01/Accounts/{number['account_sid']}/IncomingPhoneNumbers/"
        f"{number['sid']}.json",
        **settings,
        **{name: settings[name] or None for name in _NONE_AT_REST},
    }


@bp.get("/Accounts/<account>/AvailablePhoneNumbers/<country>/<kind>.json")
def search(account: str, country: str, kind: str) -> Response:
    """List numbers on sale; there is no Mobile kind in North America."""
    account_of(account)
    if country not in {"US", "CA"} or kind not in {"Local", "TollFree"}:
        raise missing()
    args = request.args
    wanted = inventory.Search(
        country=country,
        toll_free=kind == "TollFree",
        area_code=args.get("AreaCode", ""),
        contains=args.get("Contains", ""),
        region=args.get("InRegion", ""),
        locality=args.get("InLocality", ""),
    )
    # Every number texts, sends pictures and takes calls; none is a fax.
    refused = any(
        not formats.flag(args.get(name, "true"))
        for name in ("SmsEnabled", "MmsEnabled", "VoiceEnabled")
    ) or formats.flag(args.get("FaxEnabled", "false"))
    found = [] if refused else inventory.available(carrier().store, wanted, page_size())
    return answer(
        {
            "available_phone_numbers": [_offer(number, country) for number in found],
            "uri": request.full_path.removeprefix("/api").rstrip("?"),
        }
    )


def _offer(number: str, country: str) -> dict[str, object]:
    place = inventory.place_of(number)
    return {
        "friendly_name": formats.national(number),
        "phone_number": number,
        "lata": None,
        "locality": place.locality if place else None,
        "rate_center": place.locality.upper() if place else None,
        "latitude": None,
        "longitude": None,
        "region": place.region if place else None,
        "postal_code": None,
        "iso_country": country,
        "address_requirements": "none",
        "beta": False,
        "capabilities": {"voice": True, "SMS": True, "MMS": True, "fax": False},
    }


def _rows(account: str, *, toll_free: bool | None = None) -> list[sqlite3.Row]:
    rows = carrier().store.rows(
        "SELECT * FROM numbers WHERE account_sid = ? ORDER BY created DESC, rowid DESC",
        account_of(account)["sid"],
    )
    part = request.args.get("PhoneNumber", "").strip("*")
    name = request.args.get("FriendlyName")
    return [
        row
        for row in rows
        if part in row["e164"]
        and name in {None, json.loads(row["settings"])["friendly_name"]}
        and toll_free in {None, formats.is_toll_free(row["e164"])}
        and request.args.get("Origin", "twilio") == "twilio"
    ]


@bp.get(f"{_OWN}.json")
def index(account: str) -> Response:
    """List the account's numbers."""
    return sliced("incoming_phone_numbers", _rows(account), _shape)


@bp.get(f"{_OWN}/Local.json")
def index_local(account: str) -> Response:
    """List the account's local numbers."""
    return sliced("incoming_phone_numbers", _rows(account, toll_free=False), _shape)


@bp.get(f"{_OWN}/TollFree.json")
def index_toll_free(account: str) -> Response:
    """List the account's toll-free numbers."""
    return sliced("incoming_phone_numbers", _rows(account, toll_free=True), _shape)


@bp.post(f"{_OWN}.json")
def buy(account: str) -> Response:
    """Buy one number, by name or by area code; twice is two purchases, as at Twilio."""
    owner = account_of(account)
    require_active(owner)
    settings = SETTINGS | _changes()
    at, sid = formats.now(), formats.new_sid("PN")
    with carrier().store.work() as db:
        number = _choose()
        settings.setdefault("friendly_name", formats.national(number))
        db.execute(
            "INSERT INTO numbers (sid, account_sid, e164, settings, created, updated)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (sid, owner["sid"], number, json.dumps(settings), at, at),
        )
    return answer(_shape(_find(account, sid)), 201)


def _choose() -> str:
    """Return the number to be bought, or refuse."""
    area_code, raw = request.form.get("AreaCode", ""), request.form.get("PhoneNumber", "")
    magic = find(BUY, raw or area_code)
    if magic is not None and magic.effect == "refuse":
        raise TwilioError(magic.code, raw or area_code)
    store = carrier().store
    if not raw:
        if area_code not in inventory.places():
            raise TwilioError(21451, area_code)
        place = inventory.places()[area_code]
        wanted = inventory.Search(country=place.country, area_code=area_code)
        found = inventory.available(store, wanted, 1)
        if not found:
            raise TwilioError(21452, area_code)
        return found[0]
    number = formats.e164(raw)
    if number is None or not number.startswith("+1"):
        raise TwilioError(21421, raw)
    if store.count("SELECT COUNT(*) FROM numbers WHERE e164 = ?", number):
        raise TwilioError(21422, number)
    return number


def _changes() -> dict[str, str]:
    """Return the settings that this form sets."""
    form = request.form
    changes = {name: form[camel(name)] for name in SETTINGS if camel(name) in form}
    if "FriendlyName" in form:
        if len(form["FriendlyName"]) > _LONGEST_NAME:
            raise TwilioError(20001, "FriendlyName is longer than 64 characters")
        changes["friendly_name"] = form["FriendlyName"]
    # A trunk and a voice application shut each other out: the one set last stays.
    for one, other in (
        ("trunk_sid", "voice_application_sid"),
        ("voice_application_sid", "trunk_sid"),
    ):
        if changes.get(one):
            changes.setdefault(other, "")
    return changes


def _find(account: str, sid: str) -> sqlite3.Row:
    number = carrier().store.row(
        "SELECT * FROM numbers WHERE sid = ? AND account_sid = ?", sid, account_of(account)["sid"]
    )
    if number is None:
        raise missing()
    return number


@bp.get(f"{_OWN}/<sid>.json")
def fetch(account: str, sid: str) -> Response:
    """Show one number."""
    return answer(_shape(_find(account, sid)))


@bp.post(f"{_OWN}/<sid>.json")
def update(account: str, sid: str) -> Response:
    """Change a number's settings, or move it to another account of the same owner."""
    number = _find(account, sid)
    settings = json.loads(number["settings"]) | _changes()
    target = request.form.get("AccountSid", number["account_sid"])
    with carrier().store.work() as db:
        if target != number["account_sid"]:
            _require_parent(target)
            # A move leaves the service and the webhooks behind; the new owner sets its own.
            settings = SETTINGS | {"friendly_name": settings["friendly_name"]} | _changes()
            put(db, number, target)
        db.execute(
            "UPDATE numbers SET settings = ?, updated = ? WHERE sid = ?",
            (json.dumps(settings), formats.now(), sid),
        )
    return answer(_shape(_find(target, sid)))


def put(db: sqlite3.Connection, number: sqlite3.Row, target: str) -> None:
    """Move a number to an account, out of its service, and remember that."""
    db.execute(
        "UPDATE numbers SET account_sid = ?, service_sid = NULL, joined = NULL WHERE sid = ?",
        (target, number["sid"]),
    )
    db.execute(
        "INSERT INTO moves (number_sid, source, target, at) VALUES (?, ?, ?, ?)",
        (number["sid"], number["account_sid"], target, formats.now()),
    )


def _require_parent(target: str) -> None:
    """Raise 21474 unless the caller is a parent, 21473 unless the target is in its family."""
    if caller()["sid"] != caller()["owner_sid"]:
        raise TwilioError(21474)
    account = carrier().store.row("SELECT owner_sid FROM accounts WHERE sid = ?", target)
    if account is None or account["owner_sid"] != caller()["sid"]:
        raise TwilioError(21473, target)


@bp.delete(f"{_OWN}/<sid>.json")
def release(account: str, sid: str) -> Response:
    """Give a number back."""
    number = _find(account, sid)
    with carrier().store.work() as db:
        db.execute("DELETE FROM numbers WHERE sid = ?", (number["sid"],))
    return Response(status=204)
