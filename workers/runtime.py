"""Runs jobs inside the application."""

import logging
import os
from collections.abc import Callable
from functools import cache, wraps
from typing import ParamSpec, TypeVar

from flask import Flask, has_app_context

from portal.core.db import db
from portal.core.errors import DomainError
from portal.core.settings import SettingsError
from portal.foundation import create_worker_app

P = ParamSpec("P")
R = TypeVar("R")

logger = logging.getLogger(__name__)


@cache
def application() -> Flask:
    """Return this process's application, made once; a worker makes it before it forks."""
    try:
        app = create_worker_app()
    except SettingsError as error:
        raise SystemExit(f"ConsentDesk can't start: {error}") from None
    os.register_at_fork(after_in_child=lambda: _forget_connections(app))
    return app


def job(function: Callable[P, R]) -> Callable[P, R | None]:
    """Give function an application context and a fresh session; tests bring their own.

    A rule that says no ends the job; anything else is a bug and stays in RQ's registry.
    """

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R | None:
        if has_app_context():
            return _run(function, *args, **kwargs)
        with application().app_context():
            return _run(function, *args, **kwargs)

    return run


def _run(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R | None:
    try:
        return function(*args, **kwargs)
    except DomainError as refusal:
        logger.info("%s refused: %s", function.__name__, refusal.code)
        return None
    finally:
        db.session.rollback()  # a read transaction must not outlive its job


def _forget_connections(app: Flask) -> None:
    """Leave the parent's database connections to the parent."""
    with app.app_context():
        db.engine.dispose(close=False)
