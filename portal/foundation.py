"""What every process of the product stands on: settings, clock, secrets, queue, database, carrier.

A worker needs no more, and no page, form or command is imported here: they are a quarter of
what a worker would hold (G12). The factory builds the web on top of it.
"""

import os
from collections.abc import Mapping

import redis
from flask import Flask

from portal.consent import queries as consent
from portal.contacts import queries as contacts
from portal.core import clock, jobs, secrets_box
from portal.core import settings as settings_module
from portal.core.db import compact_json, db, prepare_engine
from portal.core.settings import ROOT, Settings
from portal.gateways import carrier
from portal.gateways import webhooks as webhook_gateway
from portal.gateways.webhooks import HttpWebhooks


def lay(settings: Settings | None = None) -> Settings:
    """Set this process up by its environment and return its settings. Raises SettingsError."""
    settings = settings or settings_module.read(os.environ)
    settings_module.use(settings)
    clock.watch(settings.clock_file)
    secrets_box.use(secrets_box.SecretsBox(settings.encryption_keys))
    webhook_gateway.use(HttpWebhooks(is_sandbox=settings.is_sandbox))
    carrier.connect(settings.twilio_api_base)
    jobs.connect(redis.Redis.from_url(settings.redis_url, socket_timeout=5))
    contacts.add_mark_source(consent.contact_marks)  # who may not be texted (K-3)
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
    }
    app.config.from_mapping(config or {})
    db.init_app(app)
    with app.app_context():
        prepare_engine(db.engine)


def create_worker_app() -> Flask:
    """Return an application that serves no page: a database for those who work. Raises SettingsError."""
    settings = lay()
    app = Flask("portal", root_path=str(ROOT), static_folder=None)
    open_database(app, settings)
    return app
