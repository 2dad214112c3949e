"""The web's signs of life: a thread in each of its processes (PROMISES 2.4).

The web alone knows whether webhooks can reach us, so its silence, not the scheduler's, is an
outage. The first sign after one is what makes bulk texts wait.
"""

import logging
import threading

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from portal.core.db import db, unit_of_work
from portal.messaging.service import heartbeat

logger = logging.getLogger(__name__)


def start(app: Flask) -> None:
    """Give signs of life from now on, until the process ends."""
    threading.Thread(target=_go_on, args=(app,), name="signs-of-life", daemon=True).start()


def give(app: Flask) -> None:
    """Give one sign. Raises SQLAlchemyError when the database is away: then we are silent."""
    with app.app_context():
        try:
            with unit_of_work():
                heartbeat.beat()
        finally:
            db.session.remove()


def _go_on(app: Flask) -> None:
    pause = threading.Event()
    while True:
        try:
            give(app)
        except SQLAlchemyError as error:
            logger.warning("no sign of life could be given: %s", type(error).__name__)
        pause.wait(heartbeat.BEAT_EVERY.total_seconds())
