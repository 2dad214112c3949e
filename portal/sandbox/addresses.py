"""The Addresses resource."""

import json
import sqlite3

from flask import Blueprint, Response, request

from portal.sandbox import formats
from portal.sandbox.auth import account_of, missing
from portal.sandbox.context import carrier
from portal.sandbox.errors import TwilioError
from portal.sandbox.paging import answer, sliced
from portal.sandbox.trust import keep

bp = Blueprint("addresses", __name__)
_FIELDS = ("CustomerName", "Street", "City", "Region", "PostalCode", "IsoCountry")


def _shape_address(row: sqlite3.Row) -> dict[str, object]:
    given = json.loads(row["attributes"])
    return {
        "sid": row["sid"],
        "account_sid": row["account_sid"],
        "friendly_name": row["friendly_name"],
        "customer_name": given["CustomerName"],
        "street": given["Street"],
        "street_secondary": given.get("StreetSecondary"),
        "city": given["City"],
        "region": given["Region"],
        "postal_code": given["PostalCode"],
        "iso_country": given["IsoCountry"],
        "emergency_enabled": False,
        "validated": True,
        "verified": True,
        "date_created": formats.rfc2822(row["created"]),
        "date_updated": formats.rfc2822(row["updated"]),
        "uri": f"/2010-04-01/Accounts/{row['account_sid']}/Addresses/{row['sid']}.json",
    }


@bp.get("/Accounts/<account>/Addresses.json")
def list_addresses(account: str) -> Response:
    """List an account's addresses, by name where one is asked for."""
    rows = carrier().store.rows(
        "SELECT * FROM parts WHERE account_sid = ? AND kind = 'address'"
        " AND friendly_name = COALESCE(?, friendly_name) ORDER BY created DESC, rowid DESC",
        account_of(account)["sid"],
        request.args.get("FriendlyName"),
    )
    return sliced("addresses", rows, _shape_address)


@bp.post("/Accounts/<account>/Addresses.json")
def create_address(account: str) -> Response:
    """Keep an address."""
    account_of(account)
    form = request.form
    given = {name: form.get(name, "") for name in _FIELDS}
    for name, value in given.items():
        if not value:
            raise TwilioError(20001, f"{name} is required")
    sid = keep("address", "AD", "address", form.get("FriendlyName", ""), json.dumps(given))
    return answer(_shape_address(_address(account, sid)), 201)


@bp.post("/Accounts/<account>/Addresses/<sid>.json")
def update_address(account: str, sid: str) -> Response:
    """Change an address."""
    given = json.loads(_address(account, sid)["attributes"])
    for name in _FIELDS:
        given[name] = request.form.get(name, given[name])
    with carrier().store.work() as db:
        db.execute(
            "UPDATE parts SET attributes = ?, updated = ? WHERE sid = ?",
            (json.dumps(given), formats.now(), sid),
        )
    return answer(_shape_address(_address(account, sid)))


def _address(account: str, sid: str) -> sqlite3.Row:
    row = carrier().store.row(
        "SELECT * FROM parts WHERE sid = ? AND account_sid = ? AND kind = 'address'",
        sid,
        account_of(account)["sid"],
    )
    if row is None:
        raise missing()
    return row
