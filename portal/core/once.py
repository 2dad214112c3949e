"""Reads that one page asks for several times are made once (SPEED G6)."""

from collections.abc import Callable, Hashable
from functools import wraps
from inspect import unwrap
from typing import ParamSpec, TypeVar, cast

from flask import has_request_context

from portal.core.db import READ_ONCE, db, is_in_unit_of_work

P = ParamSpec("P")
R = TypeVar("R")


def once_a_page(read: Callable[P, R]) -> Callable[P, R]:
    """Let a request that reads ask the database once for the same arguments.

    For small answers nobody changes: values, or tuples of them. A unit of work asks anew, and
    forgets what was read before it.
    """

    @wraps(read)
    def remembered(*args: P.args, **kwargs: P.kwargs) -> R:
        if not has_request_context() or is_in_unit_of_work():
            return read(*args, **kwargs)
        known: dict[Hashable, object] = db.session().info.setdefault(READ_ONCE, {})
        asked = (read, args, tuple(sorted(kwargs.items())))
        if asked not in known:
            known[asked] = read(*args, **kwargs)
        return cast("R", known[asked])

    return remembered


def answered(read: Callable[P, R], answer: R, *args: P.args, **kwargs: P.kwargs) -> None:
    """Remember what a larger question found out, as if `read` had been asked it.

    Nothing is kept where `read` would not keep it.
    """
    if has_request_context() and not is_in_unit_of_work():
        asked = (unwrap(read), args, tuple(sorted(kwargs.items())))
        db.session().info.setdefault(READ_ONCE, {})[asked] = answer
