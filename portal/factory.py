"""Builds the application: the only module that knows every slice."""

import secrets
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, g, render_template, request, session, url_for
from flask_compress import Compress
from flask_migrate import Migrate
from flask_wtf import CSRFProtect
from flask_wtf.csrf import CSRFError
from htmx_flask import Htmx
from markupsafe import Markup
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException, SecurityError
from werkzeug.middleware.proxy_fix import ProxyFix

from portal import audit_cli, cli, demo, foundation
from portal.appeals import views as appeal_views
from portal.billing import queries as billing
from portal.billing import views as billing_views
from portal.calls import views as call_views
from portal.compliance import views as compliance_views
from portal.consent import api as consent_api
from portal.consent import cli as consent_cli
from portal.consent import views as consent_views
from portal.contacts import api as contact_api
from portal.contacts import cli as contact_cli
from portal.contacts import views as contact_views
from portal.core import assets, clock, formats, health, navigation, reading, same_site
from portal.core.access import Me, Permission
from portal.core.db import db
from portal.core.desk import Desk
from portal.core.errors import DomainError, NotAllowed
from portal.core.health import Gauges
from portal.core.posted import LONGEST_URL
from portal.core.settings import ROOT, Settings, SettingsError
from portal.core.web import refuse, wants_partial
from portal.dnc import cli as dnc_cli
from portal.dnc import queries as dnc
from portal.dnc import views as dnc_views
from portal.doctor import cli as doctor_cli
from portal.doctor import queries as doctor
from portal.dossiers import views as dossier_views
from portal.drips import views as drip_views
from portal.go_live import views as go_live_views
from portal.integrations import api as integration_api
from portal.integrations import views as integration_views
from portal.integrations.api import problems
from portal.integrations.api.operations import PREFIX
from portal.leaving import views as leaving_views
from portal.mail import queries as mail
from portal.media import views as media_views
from portal.messaging import api as messaging_api
from portal.messaging import cli as messaging_cli
from portal.messaging import queries as messaging
from portal.messaging import views as messaging_views
from portal.messaging.views import webhooks
from portal.notifications import views as notification_views
from portal.numbers import views as number_views
from portal.optin import views as optin_views
from portal.people import views as people_views
from portal.people.views.session_store import DeskSession
from portal.porting import views as porting_views
from portal.proofs import views as proof_views
from portal.registrations import views as registration_views
from portal.reports import views as report_views
from portal.retention import views as retention_views
from portal.schedules import views as schedule_views
from portal.site_checks import views as site_check_views
from portal.tasks import views as task_views
from portal.texting_accounts import views as account_views
from portal.texting_accounts.values import AccountRef
from portal.transfers import views as transfer_views
from portal.webhook_checks import service as webhook_checks
from portal.webhook_checks import views as webhook_check_views

csrf = CSRFProtect()
MAX_FORM_BYTES = 1_000_000
_KEPT_DRAWINGS = 1_000  # of a macro that draws the same again and again, such as an icon (G6)
_UNREADABLE = (
    "What was sent came broken off, or in a form no page of ours sends. "
    "Go back, reload the page and send it again."
)
# Each has views with a blueprint `bp`, or several in `blueprints`; init_app() where it must set up.
_VIEWS = (
    people_views,
    account_views,
    media_views,
    notification_views,
    integration_views,
    billing_views,
    contact_views,
    consent_views,
    optin_views,
    site_check_views,
    number_views,
    registration_views,
    webhook_check_views,
    porting_views,
    call_views,
    task_views,
    compliance_views,
    dnc_views,
    transfer_views,
    messaging_views,
    drip_views,
    proof_views,
    dossier_views,
    retention_views,
    appeal_views,
    leaving_views,
    go_live_views,
    report_views,
    schedule_views,
)
_GAUGES = (
    Gauges(
        "consentdesk_findings",
        "Contradictions that stood at the last check-up",
        "invariant",
        doctor.findings_by_invariant,
    ),
    Gauges(
        "consentdesk_oldest_checkup_seconds",
        "How long ago the account longest unvisited was checked",
        "of",
        doctor.age_of_oldest_visit,
    ),
    Gauges(
        "consentdesk_call_list_days_left",
        "Days the do-not-call list that runs out first still counts; below 0 it is too old",
        "of",
        dnc.days_left_of_oldest,
    ),
    Gauges(
        "consentdesk_oldest_mail_seconds",
        "How long the mail that waits longest has waited for the mail server",
        "of",
        mail.age_of_oldest_waiting,
    ),
)
_APIS = (integration_api, contact_api, consent_api, messaging_api)  # each has a blueprint `bp`


def create_app(
    settings: Settings | None = None, config: Mapping[str, object] | None = None
) -> Flask:
    """Return a new application; a wrong environment ends the program with one line (X-4)."""
    try:
        settings = foundation.lay(settings)
    except SettingsError as error:
        cli.stop(error)

    app = Desk("portal", root_path=str(ROOT), template_folder="templates", static_folder="static")
    app.config.from_mapping(_config(settings))
    app.config.from_mapping(config or {})
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]

    foundation.open_database(app, settings, config)
    try:
        foundation.refuse_demo(app, settings)
    except SettingsError as error:
        cli.stop(error)
    Migrate(app, db, directory=str(ROOT / "migrations"), render_as_batch=True)
    Htmx(app)
    app.before_request(same_site.check)  # first: behind it, Referer is an address
    csrf.init_app(app)
    assets.init_app(app)
    Compress(app)
    health.init_app(app, _GAUGES)
    reading.init_app(app)
    _register_slices(app)
    _answer_errors(app)
    _teach_templates(app, settings)
    return app


def _config(settings: Settings) -> dict[str, Any]:
    return {
        "SECRET_KEY": settings.secret_key,
        "MAX_CONTENT_LENGTH": 30_000_000,
        "MAX_FORM_MEMORY_SIZE": MAX_FORM_BYTES,
        "MAX_FORM_PARTS": 2_000,
        "TRUSTED_HOSTS": None if settings.is_sandbox else [settings.host.partition(":")[0]],
        "WTF_CSRF_TIME_LIMIT": None,  # as long as the session
        "COMPRESS_MIMETYPES": ["text/css", "text/javascript", "image/svg+xml"],  # nothing secret
        "PREFERRED_URL_SCHEME": "https" if settings.is_https else "http",
    }


def _register_slices(app: Flask) -> None:
    for views in _VIEWS:
        if hasattr(views, "init_app"):
            views.init_app(app)
        for bp in getattr(views, "blueprints", None) or [views.bp]:
            app.register_blueprint(bp)
    for api in _APIS:
        app.register_blueprint(api.bp)
        csrf.exempt(api.bp)  # a key opens it, no cookie does
    csrf.exempt(optin_views.public.bp)  # a one-time token of its own
    csrf.exempt(notification_views.links)  # signed, and mail programs post to it by themselves
    csrf.exempt(drip_views.links)  # likewise
    csrf.exempt(webhooks.bp)  # the carrier signs instead
    csrf.exempt(call_views.webhooks.bp)  # likewise
    csrf.exempt(webhook_check_views.door)  # so do we, in its stead
    csrf.exempt(porting_views.webhooks)
    csrf.exempt(billing_views.webhooks)  # so does the card provider
    for command in (
        cli.config_command,
        cli.setup_command,
        audit_cli.audit_group,
        cli.keys_group,
        contact_cli.group,
        consent_cli.group,
        dnc_cli.group,
        doctor_cli.doctor_command,
        messaging_cli.restored_command,
        messaging_cli.recount_command,
        demo.demo_command,
    ):
        app.cli.add_command(command)


def _answer_errors(app: Flask) -> None:
    app.register_error_handler(DomainError, refuse)

    @app.errorhandler(CSRFError)
    def _expired(_error: CSRFError) -> Response:
        return refuse(
            NotAllowed("This page was open too long. Go back, reload it and send the form again.")
        )

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> Response | tuple[str, int] | HTTPException:
        code = error.code or 500
        if code < 400:
            return error
        if _is_api():
            return problems.of_http(error)
        if isinstance(error, SecurityError):
            # A foreign Host: no page can be drawn, for none of its links could be built.
            name = request.headers.get("Host", "")
            seen = f"{request.scheme}://{name}{request.path}"[:LONGEST_URL]
            webhook_checks.note_foreign_host(request.path, seen)
            return Response("The portal has another address.\n", code, mimetype="text/plain")
        name = f"errors/{code}.html"
        if not (Path(app.root_path) / "templates" / name).exists():
            name = "errors/refused.html"
        is_stock = error.description == type(error).description
        message = _UNREADABLE if is_stock else error.description
        return render_template(name, error=error, message=message), code

    @app.errorhandler(Exception)
    def _bug(error: Exception) -> Response | tuple[str, int]:
        incident = secrets.token_hex(4)
        app.logger.error("unhandled error %s", incident, exc_info=error)
        if app.config.get("PROPAGATE_EXCEPTIONS"):
            raise error
        if _is_api():
            return problems.of_bug(incident)
        g.me = None  # the shell asks the database, which may be what broke
        _leave_the_database_alone(error)
        return render_template("errors/500.html", incident=incident), 500


def _is_api() -> bool:
    return request.path.startswith(f"{PREFIX}/")


def _leave_the_database_alone(error: Exception) -> None:
    """Ask a database in trouble for nothing more in this request, the session included."""
    if isinstance(error, SQLAlchemyError) and isinstance(session, DeskSession):
        session.set_aside()
        db.session.rollback()


def _teach_templates(app: Flask, settings: Settings) -> None:
    def zone() -> str:
        person = g.get("me")
        return person.timezone if person is not None else "America/Chicago"

    app.jinja_env.filters.update(
        when=lambda at: formats.when(at, zone()),
        moment=lambda at: formats.moment(at, zone()),
        moment_in=formats.moment,
        day=lambda at: formats.day(at, zone()),
        iso=formats.iso,
        number=formats.number,
        percent=formats.percent,
        money=formats.money,
        short_hash=formats.short_hash,
        phone=formats.phone,
    )
    app.jinja_env.globals.update(
        kept=_kept,
        kept_menus=navigation.KEPT_MENUS,
        plural=formats.plural,
        application_name=settings.application_name,
        sandbox_url=settings.sandbox_url,
        support_email=settings.support_email,
    )

    @app.context_processor
    def _shell() -> dict[str, object]:
        """Give the layout what it draws around every page."""
        person = g.get("me")
        if person is None:
            return {"me": None}
        if wants_partial():
            return {}  # a piece of a page has no shell; polls need not ask for it
        account = g.get("account")
        return {
            "nav": navigation.groups(person, _counts(person, account)),
            "rail_meter": _rail_meter(person, account),
            "search_url": _search_url(person, account),
            "clock_note": _clock_note(),
        }


def _kept(draw: Callable[..., Markup], most: int = _KEPT_DRAWINGS) -> Callable[..., Markup]:
    """Return a macro that draws the same only once; text and markup are told apart."""
    return lru_cache(maxsize=most, typed=True)(draw)


def _counts(person: Me, account: AccountRef | None) -> dict[str, int]:
    if account is None or not person.may(Permission.VIEW_CONVERSATIONS):
        return {}
    return {"messaging.inbox": messaging.unread_count(account.tenant)}


def _rail_meter(person: Me, account: AccountRef | None) -> dict[str, Any] | None:
    if account is None or not person.may(Permission.VIEW_CREDITS):
        return None
    url = url_for("billing.statement", account_id=account.id)
    return {**billing.rail_meter(account), "url": url}


def _search_url(person: Me, account: AccountRef | None) -> str | None:
    if account is None or not person.may(Permission.VIEW_CONTACTS):
        return None
    return url_for("contacts.index", account_id=account.id)


def _clock_note() -> str | None:
    """Say how far time was moved in the sandbox, so that nobody wonders at the dates."""
    hours = round(clock.offset().total_seconds() / 3600)
    if hours == 0:
        return None
    way, hours = ("ahead" if hours > 0 else "back"), abs(hours)
    far = formats.plural(hours // 24, "day") if hours >= 48 else formats.plural(hours, "hour")
    return f"Demo time: {far} {way}"
