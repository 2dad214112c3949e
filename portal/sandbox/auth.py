"""Who is calling the API, and whether they may."""

import hmac
import sqlite3

from flask import g, request

from portal.sandbox.context import caller, carrier
from portal.sandbox.errors import TwilioError


def sign_in() -> None:
    """Find the account of the Basic credentials; raises 20003, or 20005 when it sleeps."""
    given = request.authorization
    if given is None or given.type != "basic" or not given.username:
        raise TwilioError(20003)
    account = carrier().store.row("SELECT * FROM accounts WHERE sid = ?", given.username)
    token = account["auth_token"] if account else ""
    if not account or not hmac.compare_digest(token.encode(), (given.password or "").encode()):
        raise TwilioError(20003)
    require_active(account)
    g.caller = account


def account_of(sid: str) -> sqlite3.Row:
    """Return the account in the path: the caller's own, or one it owns."""
    account = carrier().store.row("SELECT * FROM accounts WHERE sid = ?", sid)
    if account is None or caller()["sid"] not in {account["sid"], account["owner_sid"]}:
        raise TwilioError(20404, request.path.removeprefix("/api"))
    return account


def require_active(account: sqlite3.Row) -> None:
    """Raise 20005 unless the account and its owner are active."""
    owner = carrier().store.row("SELECT status FROM accounts WHERE sid = ?", account["owner_sid"])
    if account["status"] != "active" or owner is None or owner["status"] != "active":
        raise TwilioError(20005, account["sid"])


def missing() -> TwilioError:
    """Return the refusal for a resource that is not there."""
    return TwilioError(20404, request.path.removeprefix("/api"))
