"""What every process of the product stands on: settings, clock, secrets, queue, database, carrier.

A worker needs no more, and no page, form or command is imported here: they are a quarter of
what a worker would hold (G12). The factory builds the web on top of it.
"""

import gc
import logging
import os
from collections.abc import Mapping
from typing import Final

import redis
from flask import Flask
from sqlalchemy import inspect
from sqlalchemy.exc import SQLAlchemyError

from portal.consent import queries as consent
from portal.contacts import queries as contacts
from portal.core import clock, jobs, secrets_box
from portal.core import settings as settings_module
from portal.core.db import compact_json, db, prepare_engine
from portal.core.settings import ROOT, Settings, SettingsError
from portal.dnc import queries as dnc
from portal.drips.service import hearing as drips
from portal.gateways import carrier, email, payments
from portal.gateways import webhooks as webhook_gateway
from portal.gateways.stripe import StripeCards
from portal.gateways.webhooks import HttpWebhooks
from portal.notifications import service as notifications
from portal.people import queries as people_queries
from portal.people.happenings import ENDING

logger = logging.getLogger(__name__)

# Python looks for circles among what was made lately after so many things more were made than
# went. Its own 700 is less than one page makes, and each look costs more the more is in hand: a
# third of an import's time went there (G9).
_MADE_BETWEEN_LOOKS: Final = 50_000


def lay(settings: Settings | None = None) -> Settings:
    """Set this process up by its environment and return its settings. Raises SettingsError."""
    gc.set_threshold(_MADE_BETWEEN_LOOKS, 10, 10)
    settings = settings or settings_module.read(os.environ)
    settings_module.use(settings)
    clock.watch(settings.clock_file)
    secrets_box.use(secrets_box.SecretsBox(settings.encryption_keys))
    webhook_gateway.use(HttpWebhooks(is_sandbox=settings.is_sandbox))
    email.use_settings(settings)
    carrier.connect(settings.twilio_api_base)
    payments.use(
        StripeCards(settings.stripe_secret_key, settings.stripe_api_base)
        if settings.stripe_secret_key
        else None  # invoices are written (B-12)
    )
    jobs.connect(redis.Redis.from_url(settings.redis_url, socket_timeout=5))
    contacts.add_mark_source(consent.contact_marks)  # who may not be texted (K-3)
    contacts.add_mark_source(dnc.contact_marks)
    contacts.add_note_source(dnc.listed_notes)
    contacts.narrow_listed_by(dnc.is_listed)
    drips.listen()
    # A browser that is signed out gets no pushes.
    ENDING.heard_by(notifications.forget_devices)
    return settings


def open_database(
    app: Flask, settings: Settings, config: Mapping[str, object] | None = None
) -> None:
    """Give an application its database; `config` goes before what the settings say."""
    is_sqlite = settings.database_url.startswith("sqlite")
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {
        "pool_size": 20,
        "max_overflow": 10,
        "pool_pre_ping": not is_sqlite,
        "json_serializer": compact_json,
        "hide_parameters": True,  # an error is logged, and they hold names and texts
    }
    app.config.from_mapping(config or {})
    db.init_app(app)
    with app.app_context():
        prepare_engine(db.engine)


def refuse_demo(app: Flask, settings: Settings) -> None:
    """Refuse real credentials beside the demo brokerage (X-1). Raises SettingsError.

    A database that is empty or older than its code has none to find. One that does not answer
    yet stops no start, as it stops none without this: the page *Go live* looks again.
    """
    if settings.is_sandbox:
        return
    with app.app_context():
        try:
            is_demo = inspect(db.engine).has_table("organizations") and people_queries.has_demo()
        except SQLAlchemyError as error:
            logger.warning("whether the demo is here is not known: %s", type(error).__name__)
            return
        finally:
            db.session.remove()
    if is_demo:
        raise SettingsError(
            "TWILIO_ACCOUNT_SID is set, but the database holds the demo brokerage, which never "
            "mixes with real texts. Name an empty database in DATABASE_URL, or run make reset."
        )


def settle() -> None:
    """Keep what is loaded by now for ever, out of every later look for garbage."""
    gc.collect()
    gc.freeze()


def create_worker_app() -> Flask:
    """Return an application that serves no page: a database for those who work. Raises SettingsError."""
    settings = lay()
    app = Flask("portal", root_path=str(ROOT), static_folder=None)
    open_database(app, settings)
    refuse_demo(app, settings)
    return app
