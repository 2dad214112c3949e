"""The blueprint of consent and what its pages share."""

from datetime import date
from enum import StrEnum
from typing import TypeVar

from flask import Blueprint, current_app, request

from portal.core.days import day_of
from portal.core.errors import BadInput

bp = Blueprint("consent", __name__)
E = TypeVar("E", bound=StrEnum)
PER_PAGE = 50


def has(endpoint: str) -> bool:
    """Say whether a page of another slice is there."""
    return endpoint in current_app.view_functions


def argument(name: str, most: int = 200) -> str:
    """Return a query argument, without the spaces around it. Raises BadInput when it is too long."""
    text = request.args.get(name, "").strip()
    if len(text) > most or "\0" in text:
        raise BadInput(f"{name}: keep it to {most} characters of text.")
    return text


def choice(name: str, kinds: type[E]) -> E | None:
    """Return a query argument as one of kinds, None when it is empty. Raises BadInput."""
    text = argument(name)
    if not text:
        return None
    try:
        return kinds(text)
    except ValueError:
        raise BadInput(f"{name}: choose one of {', '.join(kinds)}.") from None


def day(name: str) -> date | None:
    """Return a query argument as a day, None when it is empty. Raises BadInput."""
    return day_of(name, argument(name))
