"""Puts the sandbox together: API, control API and pages in one Flask app."""

import secrets
import time
from pathlib import Path
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, abort, request

from portal.core import clock
from portal.sandbox import (
    accounts,
    consents,
    control,
    handsets,
    media,
    messages,
    numbers,
    services,
)
from portal.sandbox.auth import sign_in
from portal.sandbox.config import SandboxConfig
from portal.sandbox.context import Carrier, carrier
from portal.sandbox.courier import PostRider
from portal.sandbox.errors import TwilioError
from portal.sandbox.faults import Fault, refusal
from portal.sandbox.knobs import Knobs
from portal.sandbox.store import Store

_PROJECT = Path(__file__).resolve().parents[2]
_OWN_HOSTS = {"127.0.0.1", "localhost", "::1"}
_LARGEST_BODY = 8 * 1024 * 1024
_CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def create_sandbox(config: SandboxConfig) -> Flask:
    """Return the sandbox as a Flask app; its courier is running."""
    app = Flask(
        __name__,
        static_folder=str(_PROJECT / "static"),
        template_folder=str(_PROJECT / "templates"),
    )
    app.config["MAX_CONTENT_LENGTH"] = _LARGEST_BODY
    app.secret_key = secrets.token_bytes(32)
    if config.clock_file is not None:
        clock.watch(config.clock_file)
    store = Store(config.state)
    accounts.open_main_account(store, config)
    knobs = Knobs(store)
    whole: list[Carrier] = []
    # The courier hands replies to the carrier, which in turn rings the courier.
    rider = PostRider(store, knobs, lambda: whole[0])
    whole.append(Carrier(config, store, knobs, rider))
    app.extensions["carrier"] = whole[0]

    api = Blueprint("api", __name__, url_prefix="/api/2010-04-01")
    for part in (accounts.bp, messages.bp, media.bp, numbers.bp):
        api.register_blueprint(part)
    newer = Blueprint("messaging", __name__, url_prefix="/messaging/v1")
    newer.register_blueprint(services.bp)
    of_accounts = Blueprint("accounts", __name__, url_prefix="/accounts/v1")
    of_accounts.register_blueprint(consents.bp)
    for door in (api, newer, of_accounts):
        door.before_request(_open_door)
        app.register_blueprint(door)
    app.register_blueprint(control.bp)
    app.register_blueprint(handsets.bp)

    app.add_url_rule("/healthz", "healthz", control.health)
    app.before_request(_stay_local)
    app.after_request(_harden)
    app.register_error_handler(TwilioError, refusal)
    app.register_error_handler(Fault, Fault.answer)
    app.register_error_handler(404, _not_found)
    return app


def _open_door() -> None:
    """Check credentials, then let the weather slow or fail a read."""
    if request.endpoint == "api.media.content":
        return
    sign_in()
    if request.method == "GET":
        latency = carrier().knobs.number("latency_ms")
        if latency:
            time.sleep(latency / 1000)
        if carrier().knobs.chance("rate_read_error"):
            raise TwilioError(20503)


def _stay_local() -> None:
    """Refuse foreign host names (DNS rebinding) and orders from other sites (CSRF)."""
    if urlsplit(f"//{request.host}").hostname not in _OWN_HOSTS:
        abort(421)
    if request.method in {"GET", "HEAD", "OPTIONS"}:
        return
    origin = request.headers.get("Origin")
    foreign = origin is not None and origin != request.host_url.rstrip("/")
    if foreign or request.headers.get("Sec-Fetch-Site", "same-origin") not in {
        "same-origin",
        "none",
    }:
        abort(403)


def _harden(response: Response) -> Response:
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    if response.mimetype == "text/html":
        response.headers["Content-Security-Policy"] = _CSP
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Cache-Control"] = "no-store"
    return response


def _not_found(error: Exception) -> Response:
    """Answer unknown paths as Twilio does, or with a page outside the API."""
    if request.path.startswith(("/api/", "/messaging/", "/accounts/")):
        return refusal(TwilioError(20404, request.path.removeprefix("/api")))
    return Response(str(error), 404, mimetype="text/plain")
