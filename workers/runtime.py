"""Runs jobs inside the application."""

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, wraps
from typing import ParamSpec, TypeVar

from flask import Flask, has_app_context
from rq.timeouts import BaseTimeoutException
from sqlalchemy.exc import OperationalError

from portal.core.batches import in_batches
from portal.core.db import db, unit_of_work
from portal.core.errors import DomainError
from portal.core.settings import SettingsError
from portal.foundation import create_worker_app

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

logger = logging.getLogger(__name__)

# The database is away, or the job's time is up: for all others too.
ENDS_THE_JOB = (OperationalError, BaseTimeoutException)


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


@contextmanager
def on_its_own(what: str, of: object) -> Iterator[None]:
    """Let one of many things be done in this block: if it fails, the others still have their turn.

    `what`, with a %s for `of`, goes into the log. Raises what ENDS_THE_JOB.
    """
    try:
        yield
    except ENDS_THE_JOB:
        raise
    except Exception:
        db.session.rollback()  # what it read last may be what broke
        logger.exception(what, of)


def each(things: Iterable[T], act: Callable[[T], int], what: str) -> int:
    """Act on each of many things on its own; return the sum of what the acts returned.

    For sweeps, which read the things `one_by_one`: what fails is in the log, as `what` with a %s
    for it, and tried again by the next sweep. However much that is, all others have their turn in
    this one. Raises what ENDS_THE_JOB.
    """
    total = 0
    for one in things:
        with on_its_own(what, one):
            total += act(one)
    return total


def at_once(act: Callable[[T], int]) -> Callable[[T], int]:
    """Let an act be a unit of work."""

    @wraps(act)
    def work(thing: T) -> int:
        with unit_of_work():
            return act(thing)

    return work


def together(
    read: Callable[[T | None], Sequence[T]], act: Callable[[Sequence[T]], int], what: str
) -> int:
    """Act on whole batches of what `read` returns, each in a unit of work; return the sum.

    Like `each`, for what is quicker done together: a batch that fails is halved until what is
    wrong stands alone.
    """
    whole = at_once(act)
    return sum(halving(batch, whole, what) for batch in in_batches(read))


def halving(batch: Sequence[T], act: Callable[[Sequence[T]], int], what: str) -> int:
    """Act on a batch, and on its halves where that fails, until what is wrong stands alone.

    The act makes its own unit of work, one for all of it. Raises what ENDS_THE_JOB.
    """
    try:
        return act(batch)
    except ENDS_THE_JOB:
        raise
    except Exception:
        db.session.rollback()  # what it read last may be what broke
        if len(batch) == 1:
            logger.exception(what, batch[0])
            return 0
    middle = len(batch) // 2
    return halving(batch[:middle], act, what) + halving(batch[middle:], act, what)


def _run(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R | None:
    db.session.rollback()  # a job reads what stands when it begins, whatever its caller had read
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
