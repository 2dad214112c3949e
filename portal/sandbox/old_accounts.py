"""Accounts a brokerage had at the carrier before: to bring a number over from (N-2).

Each has numbers with webhooks of another tool, a messaging service with a campaign, and a month
of texts in which people stopped. One belongs to the main account's owner, one to somebody else.
"""

import json
import sqlite3
from dataclasses import dataclass

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.sandbox import accounts, formats, inventory
from portal.sandbox.context import carrier
from portal.sandbox.errors import TwilioError
from portal.sandbox.numbers import SETTINGS, put
from portal.sandbox.services import resting
from portal.sandbox.store import Store

bp = Blueprint("old_accounts", __name__, url_prefix="/old-accounts")
_DAY = 86_400.0
_NAME = "Old account"
_TOOL = "https://old-crm.example"
# Who texted the first number, how many days ago, and what; the newest last.
TEXTS = (
    ("+18725550101", 40, "Is the loft on Fulton still for sale?"),
    ("+18725550102", 30, "STOP"),
    ("+18725550103", 25, "Stop"),
    ("+18725550104", 20, "please take me off your list"),
    ("+18725550103", 10, "START"),
    ("+18725550101", 2, "Thanks, see you on Sunday"),
)
STOPPED = ("+18725550102", "+18725550104")


@dataclass(frozen=True)
class OldAccount:
    """One old account as the page shows it."""

    sid: str
    token: str
    name: str
    is_related: bool
    numbers: list[sqlite3.Row]


def open_old(store: Store, *, owner: str | None, numbers: int) -> dict[str, object]:
    """Open an old account, under an owner or on its own, and return its credentials."""
    name = f"{_NAME}, same owner" if owner else f"{_NAME}, another owner"
    area = "872" if owner else "224"
    with store.work() as db:
        sid = accounts.open_account(store, name, owner)
        service = _service(db, sid)
        e164s = []
        for place in range(numbers):
            e164 = _free(store, area)
            e164s.append(e164)
            _number(db, sid, e164, service if place == 0 else None)
        if e164s:
            _texts(db, sid, e164s[0], service)
    row = store.row("SELECT auth_token FROM accounts WHERE sid = ?", sid)
    return {"sid": sid, "auth_token": row["auth_token"] if row else "", "numbers": e164s}


def _free(store: Store, area: str) -> str:
    found = inventory.available(store, inventory.Search(area_code=area), 1)
    return found[0] if found else inventory.available(store, inventory.Search(), 1)[0]


def _service(db: sqlite3.Connection, sid: str) -> str:
    at, service = formats.now(), formats.new_sid("MG")
    settings = resting() | {"friendly_name": "Old CRM texts", "inbound_request_url": f"{_TOOL}/in"}
    db.execute(
        "INSERT INTO services (sid, account_sid, settings, created, updated) VALUES (?, ?, ?, ?, ?)",
        (service, sid, json.dumps(settings), at, at),
    )
    db.execute(
        "INSERT INTO registrations VALUES (?, ?, 'campaign', ?, '{}', '{}', ?, ?, ?, ?)",
        (formats.new_sid("QE"), sid, service, at, at, at, at),
    )
    return service


def _number(db: sqlite3.Connection, sid: str, e164: str, service: str | None) -> None:
    at = formats.now()
    settings = SETTINGS | {
        "friendly_name": formats.national(e164),
        "sms_url": f"{_TOOL}/sms?key=of-the-old-tool",
        "voice_url": f"{_TOOL}/voice",
    }
    db.execute(
        "INSERT INTO numbers (sid, account_sid, e164, service_sid, joined, settings, created, updated)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            formats.new_sid("PN"),
            sid,
            e164,
            service,
            at if service else None,
            json.dumps(settings),
            at,
            at,
        ),
    )


def _texts(db: sqlite3.Connection, sid: str, e164: str, service: str) -> None:
    for person, days, body in TEXTS:
        at = formats.now() - days * _DAY
        db.execute(
            "INSERT INTO messages (sid, account_sid, direction, sender, recipient, body, segments,"
            " status, service_sid, created, updated, visible)"
            " VALUES (?, ?, 'inbound', ?, ?, ?, 1, 'received', ?, ?, ?, ?)",
            (formats.new_sid("SM"), sid, person, e164, body, service, at, at, at),
        )
    db.execute(
        "INSERT OR IGNORE INTO blocks VALUES (?, ?, ?)", (service, STOPPED[0], formats.now())
    )


def move_as_support(store: Store, e164: str, target: str) -> None:
    """Move a number between any two accounts; its webhooks stay as they were."""
    number = store.row("SELECT * FROM numbers WHERE e164 = ?", e164)
    if number is None or store.row("SELECT 1 FROM accounts WHERE sid = ?", target) is None:
        raise TwilioError(20404, e164 if number is None else target)
    with store.work() as db:
        put(db, number, target)


@bp.get("")
def index() -> Response:
    """Show the old accounts with their credentials and numbers."""
    store = carrier().store
    rows = store.rows("SELECT * FROM accounts ORDER BY created, rowid")
    old = [
        OldAccount(
            row["sid"],
            row["auth_token"],
            row["friendly_name"],
            row["owner_sid"] != row["sid"],
            store.rows("SELECT * FROM numbers WHERE account_sid = ? ORDER BY e164", row["sid"]),
        )
        for row in rows
        if row["friendly_name"].startswith(_NAME)
    ]
    targets = [
        row
        for row in rows
        if row["owner_sid"] == carrier().config.account_sid
        and row["sid"] != row["owner_sid"]
        and not row["friendly_name"].startswith(_NAME)
    ]
    return make_response(
        render_template(
            "sandbox/old_accounts.html",
            here="old_accounts",
            accounts=old,
            targets=targets,
            national=formats.national,
        )
    )


@bp.post("")
def open_both() -> Response:
    """Open one old account of each kind."""
    for owner in (carrier().config.account_sid, None):
        open_old(carrier().store, owner=owner, numbers=3)
    flash("Two old accounts are open.", "ok")
    return redirect(url_for("old_accounts.index"), 303)


@bp.post("/support")
def support() -> Response:
    """Do what the carrier's support does with a signed request."""
    e164 = request.form.get("number", "")
    try:
        move_as_support(carrier().store, e164, request.form.get("account_sid", ""))
    except TwilioError as error:
        flash(error.message, "bad")
    else:
        flash(f"{formats.national(e164)} was moved.", "ok")
    return redirect(url_for("old_accounts.index"), 303)
