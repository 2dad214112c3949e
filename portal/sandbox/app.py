"""Puts the sandbox together: API, control API and pages in one Flask app."""

import secrets
import time
from pathlib import Path
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, abort, g, request

from portal.core import clock
from portal.sandbox import (
    accounts,
    addresses,
    calls,
    campaigns,
    checkout,
    consents,
    control,
    handsets,
    media,
    messages,
    numbers,
    old_accounts,
    porting,
    services,
    stripe,
    toll_free,
    trust,
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
    for part in (accounts.bp, messages.bp, media.bp, numbers.bp, addresses.bp, calls.bp):
        api.register_blueprint(part)
    newer = Blueprint("messaging", __name__, url_prefix="/messaging/v1")
    for part in (services.bp, campaigns.bp, toll_free.bp):
        newer.register_blueprint(part)
    of_trust = Blueprint("trusthub", __name__, url_prefix="/trusthub/v1")
    of_trust.register_blueprint(trust.bp)
    of_accounts = Blueprint("accounts", __name__, url_prefix="/accounts/v1")
    of_accounts.register_blueprint(consents.bp)
    of_numbers = Blueprint("numbers_host", __name__, url_prefix="/numbers/v1")
    of_numbers.register_blueprint(porting.bp)
    of_uploads = Blueprint("uploads_host", __name__, url_prefix="/numbers-upload/v1")
    of_uploads.register_blueprint(porting.uploads)
    for door in (api, newer, of_accounts, of_trust, of_numbers, of_uploads):
        door.before_request(_open_door)
        door.after_request(_close_door)
        app.register_blueprint(door)
    app.register_blueprint(control.bp)
    app.register_blueprint(porting.orders)
    app.register_blueprint(handsets.bp)
    app.register_blueprint(calls.pages)
    app.register_blueprint(old_accounts.bp)
    if config.stripe_key:
        app.register_blueprint(stripe.bp)
        app.register_blueprint(checkout.bp)

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
    if request.endpoint != "api.messages.create":  # whose time is measured
        porting.arrive()
    if request.method == "GET":
        latency = carrier().knobs.number("latency_ms")
        if latency:
            time.sleep(latency / 1000)
        if carrier().knobs.chance("rate_read_error"):
            raise TwilioError(20503)
        if fault := carrier().knobs.next_read_fault():
            raise Fault(fault)
        return
    if request.endpoint == "api.messages.create":
        return  # a text has its own weather
    g.fault = carrier().knobs.next_write_fault()
    if g.fault and not g.fault.endswith("_after"):
        raise Fault(g.fault)


def _close_door(response: Response) -> Response:
    """Lose the answer to a write that was carried out."""
    fault = g.get("fault", "")
    if fault.endswith("_after") and response.status_code < 300:
        return Fault(fault).answer()
    return response


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
        response.headers.setdefault("Content-Security-Policy", _CSP)
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Cache-Control"] = "no-store"
    return response


def _not_found(error: Exception) -> Response:
    """Answer unknown paths as Twilio does, or with a page outside the API."""
    if request.path.startswith(("/api/", "/messaging/", "/accounts/", "/trusthub/", "/numbers")):
        return refusal(TwilioError(20404, request.path.removeprefix("/api")))
    return Response(str(error), 404, mimetype="text/plain")
