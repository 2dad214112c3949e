"""Trust Hub: customer profiles and trust products, what they are made of, and their review."""

import json
import sqlite3

from flask import Blueprint, Response, request

from portal.sandbox import formats, reviews
from portal.sandbox.auth import missing
from portal.sandbox.context import caller, carrier
from portal.sandbox.errors import TwilioError
from portal.sandbox.paging import answer, newer

bp = Blueprint("trust", __name__)
PRIMARY_POLICY = "RN6433641899984f951173ef1738c3bdd0"
_BUNDLES = {"CustomerProfiles": "customer", "TrustProducts": "product"}
_PARTS = {"EndUsers": ("part", "IT"), "SupportingDocuments": ("document", "RD")}
_ASSIGNMENTS = ("EntityAssignments", "ChannelEndpointAssignments")
_REVIEW = ("pending-review", "in-review")
# What a bundle must hold before it is compliant, by the types of its parts.
_NEEDED = {
    "customer": {
        "customer_profile_business_information",
        "authorized_representative_1",
        "customer_profile_address",
        "primary",
    },
    "product": {"us_a2p_messaging_profile_information", "customer"},
}
_BUSINESS_FIELDS = ("business_name", "business_registration_number", "website_url")


def _kind(path: str) -> str:
    if path not in _BUNDLES:
        raise missing()
    return _BUNDLES[path]


def primary_profile(account: str) -> dict[str, object]:
    """Return the approved profile that every main account of the sandbox has."""
    return {
        "sid": "BU" + account[2:],
        "account_sid": account,
        "policy_sid": PRIMARY_POLICY,
        "friendly_name": "Primary business profile",
        "status": "twilio-approved",
        "email": "",
        "date_created": formats.iso8601(0),
        "date_updated": formats.iso8601(0),
    }


def _status(bundle: sqlite3.Row) -> str:
    if bundle["submitted"] is None:
        return "draft"
    return reviews.status(bundle, _REVIEW, "twilio-approved", "twilio-rejected")


def _shape(bundle: sqlite3.Row) -> dict[str, object]:
    path = next(name for name, kind in _BUNDLES.items() if kind == bundle["kind"])
    url = f"https://trusthub.twilio.com/v1/{path}/{bundle['sid']}"
    status = _status(bundle)
    errors = []
    if status == "twilio-rejected":
        errors = [{"code": 18601, "message": "The business could not be verified"}]
    return {
        "sid": bundle["sid"],
        "account_sid": bundle["account_sid"],
        "policy_sid": bundle["policy_sid"],
        "friendly_name": bundle["friendly_name"],
        "status": status,
        "valid_until": None,
        "email": bundle["email"],
        "status_callback": None,
        "errors": errors,
        "date_created": formats.iso8601(bundle["created"]),
        "date_updated": formats.iso8601(bundle["updated"]),
        "url": url,
        "links": {name: f"{url}/{name}" for name in _ASSIGNMENTS},
    }


def _bundle(path: str, sid: str) -> sqlite3.Row:
    found = carrier().store.row(
        "SELECT * FROM bundles WHERE sid = ? AND account_sid = ? AND kind = ?",
        sid,
        caller()["sid"],
        _kind(path),
    )
    if found is None:
        raise missing()
    return found


@bp.get("/<path>")
def index(path: str) -> Response:
    """List the caller's bundles, or what they are made of."""
    if path in _PARTS:
        return _list_parts(path)
    rows = carrier().store.rows(
        "SELECT * FROM bundles WHERE account_sid = ? AND kind = ? ORDER BY created DESC, rowid DESC",
        caller()["sid"],
        _kind(path),
    )
    shapes = [_shape(row) for row in rows]
    if path == "CustomerProfiles" and caller()["sid"] == caller()["owner_sid"]:
        shapes.append(primary_profile(caller()["sid"]))
    for name, key in (("Status", "status"), ("FriendlyName", "friendly_name"), ("PolicySid", "policy_sid")):  # fmt: skip
        if asked := request.args.get(name):
            shapes = [shape for shape in shapes if shape[key] == asked]
    return newer("results", shapes, lambda shape: shape, host="trusthub")


@bp.post("/<path>")
def create(path: str) -> Response:
    """Make an empty bundle, or a part of one."""
    if path in _PARTS:
        return _create_part(path)
    kind, form = _kind(path), request.form
    for name in ("FriendlyName", "Email", "PolicySid"):
        if not form.get(name):
            raise TwilioError(20001, f"{name} is required")
    if form["PolicySid"] == PRIMARY_POLICY:
        raise TwilioError(20001, "This operation is restricted for Primary Customer Profiles")
    at, sid = formats.now(), formats.new_sid("BU")
    with carrier().store.work() as db:
        db.execute(
            "INSERT INTO bundles (sid, account_sid, kind, friendly_name, email, policy_sid,"
            " created, updated) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (sid, caller()["sid"], kind, form["FriendlyName"], form["Email"], form["PolicySid"], at, at),
        )  # fmt: skip
    return answer(_shape(_bundle(path, sid)), 201)


@bp.get("/<path>/<sid>")
def fetch(path: str, sid: str) -> Response:
    """Show one bundle, or one part."""
    return answer(_shape_part(_part(path, sid)) if path in _PARTS else _shape(_bundle(path, sid)))


@bp.post("/<path>/<sid>")
def update(path: str, sid: str) -> Response:
    """Change a part, or send a bundle in for review."""
    if path in _PARTS:
        return _update_part(path, sid)
    bundle = _bundle(path, sid)
    if request.form.get("Status") == "pending-review":
        if _status(bundle) in {*_REVIEW, "twilio-approved"}:
            raise TwilioError(20001, "The bundle is under review or approved already")
        if lacking(bundle):
            raise TwilioError(20001, "The bundle is not compliant")
        at = formats.now()
        number = business_number(sid) if bundle["kind"] == "customer" else ""
        magic = reviews.of_business(number)
        is_bad = magic is not None and magic.feedback == "PROFILE"
        with carrier().store.work() as db:
            db.execute(
                "UPDATE bundles SET submitted = ?, due = ?, verdict = ?, updated = ? WHERE sid = ?",
                (at, reviews.due(at), reviews.verdict(magic, is_bad=is_bad), at, sid),
            )
    return answer(_shape(_bundle(path, sid)))


def _objects(bundle_sid: str) -> list[str]:
    rows = carrier().store.rows(
        "SELECT object_sid FROM assignments WHERE bundle_sid = ? ORDER BY created, rowid",
        bundle_sid,
    )
    return [row["object_sid"] for row in rows]


def business_number(customer_sid: str) -> str:
    """Return the registration number that a customer profile holds."""
    for sid in _objects(customer_sid):
        part = carrier().store.row("SELECT * FROM parts WHERE sid = ?", sid)
        if part is not None and part["type"] == "customer_profile_business_information":
            return str(json.loads(part["attributes"]).get("business_registration_number", ""))
    return ""


def lacking(bundle: sqlite3.Row) -> set[str]:
    """Return what a bundle still needs."""
    held: set[str] = set()
    for sid in _objects(bundle["sid"]):
        part = carrier().store.row("SELECT * FROM parts WHERE sid = ?", sid)
        if part is not None:
            held.add(part["type"])
            given = json.loads(part["attributes"])
            if part["type"] == "customer_profile_business_information" and not all(
                given.get(name) for name in _BUSINESS_FIELDS
            ):
                held.discard(part["type"])
            continue
        other = carrier().store.row("SELECT kind FROM bundles WHERE sid = ?", sid)
        held.add(other["kind"] if other else "primary")
    return _NEEDED[bundle["kind"]] - held


@bp.post("/<path>/<sid>/Evaluations")
def evaluate(path: str, sid: str) -> Response:
    """Say whether a bundle holds what its policy wants."""
    bundle = _bundle(path, sid)
    missing_parts = sorted(lacking(bundle))
    return answer(
        {
            "sid": formats.new_sid("EL"),
            "account_sid": bundle["account_sid"],
            "policy_sid": bundle["policy_sid"],
            "status": "noncompliant" if missing_parts else "compliant",
            "results": [
                {"friendly_name": name, "passed": False, "failure_reason": f"{name} is missing"}
                for name in missing_parts
            ],
            "date_created": formats.iso8601(formats.now()),
        },
        201,
    )


@bp.get("/<path>/<sid>/EntityAssignments")
def assigned(path: str, sid: str) -> Response:
    """List what a bundle holds."""
    rows = carrier().store.rows(
        "SELECT * FROM assignments WHERE bundle_sid = ? ORDER BY created, rowid",
        _bundle(path, sid)["sid"],
    )
    return newer("results", rows, _shape_assignment, host="trusthub")


@bp.post("/<path>/<sid>/EntityAssignments")
def assign(path: str, sid: str) -> Response:
    """Put a part or another bundle into a bundle; what is in it already is refused."""
    bundle, thing = _bundle(path, sid), request.form.get("ObjectSid", "")
    store, at, made = carrier().store, formats.now(), formats.new_sid("BV")
    is_known = (
        thing == primary_profile(caller()["owner_sid"])["sid"]
        or store.count("SELECT COUNT(*) FROM parts WHERE sid = ?", thing)
        or store.count("SELECT COUNT(*) FROM bundles WHERE sid = ?", thing)
    )
    if not is_known:
        raise TwilioError(20404, thing)
    with store.work() as db:
        try:
            db.execute(
                "INSERT INTO assignments VALUES (?, ?, ?, ?, ?)",
                (made, bundle["account_sid"], sid, thing, at),
            )
        except sqlite3.IntegrityError:
            raise TwilioError(20001, f"{thing} is assigned already") from None
    row = store.row("SELECT * FROM assignments WHERE sid = ?", made)
    assert row is not None
    return answer(_shape_assignment(row), 201)


def _shape_assignment(row: sqlite3.Row) -> dict[str, object]:
    return {
        "sid": row["sid"],
        "account_sid": row["account_sid"],
        "object_sid": row["object_sid"],
        "date_created": formats.iso8601(row["created"]),
    }


def _shape_part(part: sqlite3.Row) -> dict[str, object]:
    return {
        "sid": part["sid"],
        "account_sid": part["account_sid"],
        "friendly_name": part["friendly_name"],
        "type": part["type"],
        "attributes": json.loads(part["attributes"]),
        "status": "draft",
        "date_created": formats.iso8601(part["created"]),
        "date_updated": formats.iso8601(part["updated"]),
    }


def _part(path: str, sid: str) -> sqlite3.Row:
    found = carrier().store.row(
        "SELECT * FROM parts WHERE sid = ? AND account_sid = ? AND kind = ?",
        sid,
        caller()["sid"],
        _PARTS[path][0],
    )
    if found is None:
        raise missing()
    return found


def _list_parts(path: str) -> Response:
    rows = carrier().store.rows(
        "SELECT * FROM parts WHERE account_sid = ? AND kind = ? ORDER BY created DESC, rowid DESC",
        caller()["sid"],
        _PARTS[path][0],
    )
    return newer("results", rows, _shape_part, host="trusthub")


def _create_part(path: str) -> Response:
    form, (kind, prefix) = request.form, _PARTS[path]
    for name in ("FriendlyName", "Type"):
        if not form.get(name):
            raise TwilioError(20001, f"{name} is required")
    sid = keep(kind, prefix, form["Type"], form["FriendlyName"], _attributes())
    return answer(_shape_part(_part(path, sid)), 201)


def _update_part(path: str, sid: str) -> Response:
    _part(path, sid)
    with carrier().store.work() as db:
        db.execute(
            "UPDATE parts SET attributes = ?, updated = ? WHERE sid = ?",
            (_attributes(), formats.now(), sid),
        )
    return answer(_shape_part(_part(path, sid)))


def _attributes() -> str:
    try:
        given = json.loads(request.form.get("Attributes") or "{}")
    except ValueError:
        raise TwilioError(20001, "Attributes is not JSON") from None
    return json.dumps(given)


def keep(kind: str, prefix: str, type_: str, name: str, attributes: str) -> str:
    """Keep one part of the caller's; returns its SID."""
    at, sid = formats.now(), formats.new_sid(prefix)
    with carrier().store.work() as db:
        db.execute(
            "INSERT INTO parts VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (sid, caller()["sid"], kind, type_, name, attributes, at, at),
        )
    return sid
