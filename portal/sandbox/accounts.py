"""The Accounts resource: the main account and its sub-accounts."""

import secrets
import sqlite3

from flask import Blueprint, Response, request

from portal.sandbox import formats
from portal.sandbox.auth import account_of
from portal.sandbox.config import SandboxConfig
from portal.sandbox.context import caller, carrier
from portal.sandbox.errors import TwilioError
from portal.sandbox.paging import answer, sliced
from portal.sandbox.store import Store

bp = Blueprint("accounts", __name__)
_STATES = ("active", "suspended", "closed")
_LONGEST_NAME = 64


def open_main_account(store: Store, config: SandboxConfig) -> None:
    """Make sure the main account exists and has the configured token."""
    at = formats.now()
    with store.work() as db:
        db.execute(
            "INSERT INTO accounts VALUES (?, ?, 'Main account', 'active', ?, ?, ?)"
            " ON CONFLICT (sid) DO UPDATE SET auth_token = excluded.auth_token",
            (config.account_sid, config.account_sid, config.auth_token, at, at),
        )


def open_account(store: Store, name: str, owner: str | None = None) -> str:
    """Open an account under its owner, or a main account of its own; returns the SID."""
    at, sid = formats.now(), formats.new_sid("AC")
    with store.work() as db:
        db.execute(
            "INSERT INTO accounts VALUES (?, ?, ?, 'active', ?, ?, ?)",
            (sid, owner or sid, name, secrets.token_hex(16), at, at),
        )
    return sid


def rotate_token(store: Store, sid: str) -> str:
    """Give an account another token and return it; the old one is refused from now on."""
    token = secrets.token_hex(16)
    with store.work() as db:
        found = db.execute("UPDATE accounts SET auth_token = ? WHERE sid = ?", (token, sid))
        if not found.rowcount:
            raise TwilioError(20404, sid)
    return token


def set_status(store: Store, sid: str, status: str) -> None:
    """Suspend, reactivate or close an account; closed is final."""
    found = store.row("SELECT status FROM accounts WHERE sid = ?", sid)
    if found is None:
        raise TwilioError(20404, sid)
    if status not in _STATES or (found["status"] == "closed" and status != "closed"):
        raise TwilioError(20001, f"Status {status} is not possible")
    with store.work() as db:
        db.execute(
            "UPDATE accounts SET status = ?, updated = ? WHERE sid = ?",
            (status, formats.now(), sid),
        )


def _shape(account: sqlite3.Row) -> dict[str, object]:
    uri = f"/2010-04-01/Accounts/{account['sid']}"
    parts = {
        "messages": "Messages",
        "incoming_phone_numbers": "IncomingPhoneNumbers",
        "available_phone_numbers": "AvailablePhoneNumbers",
        "balance": "Balance",
    }
    return {
        "sid": account["sid"],
        "owner_account_sid": account["owner_sid"],
        "friendly_name": account["friendly_name"],
        "status": account["status"],
        "type": "Full",
        "auth_token": account["auth_token"],
        "date_created": formats.rfc2822(account["created"]),
        "date_updated": formats.rfc2822(account["updated"]),
        "uri": f"{uri}.json",
        "subresource_uris": {name: f"{uri}/{path}.json" for name, path in parts.items()},
    }


@bp.get("/Accounts.json")
def index() -> Response:
    """List the caller's account and the ones it owns."""
    where, values = "owner_sid = ? OR sid = ?", [caller()["sid"], caller()["sid"]]
    query = f"SELECT * FROM accounts WHERE ({where})"  # noqa: S608  our own words
    for name, column in (("FriendlyName", "friendly_name"), ("Status", "status")):
        if asked := request.args.get(name):
            query += f" AND {column} = ?"
            values.append(asked)
    rows = carrier().store.rows(f"{query} ORDER BY created DESC, rowid DESC", *values)
    return sliced("accounts", rows, _shape)


@bp.post("/Accounts.json")
def create() -> Response:
    """Open a sub-account with a token of its own."""
    if caller()["sid"] != caller()["owner_sid"]:
        raise TwilioError(20001, "A subaccount cannot own subaccounts")
    made = formats.iso8601(formats.now())
    name = request.form.get("FriendlyName") or f"SubAccount Created at {made}"
    if len(name) > _LONGEST_NAME:
        raise TwilioError(20001, "FriendlyName is longer than 64 characters")
    sid = open_account(carrier().store, name, caller()["sid"])
    return answer(_shape(account_of(sid)), 201)


@bp.get("/Accounts/<sid>.json")
def fetch(sid: str) -> Response:
    """Show one account."""
    return answer(_shape(account_of(sid)))


@bp.post("/Accounts/<sid>.json")
def update(sid: str) -> Response:
    """Rename an account, or change its status as its owner."""
    account = account_of(sid)
    if status := request.form.get("Status"):
        if account["owner_sid"] != caller()["sid"]:
            raise TwilioError(20003)
        set_status(carrier().store, sid, status)
    if name := request.form.get("FriendlyName"):
        with carrier().store.work() as db:
            db.execute("UPDATE accounts SET friendly_name = ? WHERE sid = ?", (name, sid))
    return answer(_shape(account_of(sid)))


@bp.get("/Accounts/<sid>/Balance.json")
def balance(sid: str) -> Response:
    """Show a balance that never runs out."""
    return answer({"account_sid": account_of(sid)["sid"], "balance": "100.00", "currency": "USD"})
