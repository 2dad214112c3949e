"""One act for several things, each for itself: what one refuses takes nothing from the others."""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from portal.core.db import db, unit_of_work
from portal.core.errors import BadInput, DomainError

T = TypeVar("T")
MOST_AT_ONCE = 500
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """What became of one of them: done, or refused with the reason."""

    item: T
    is_done: bool
    said: str


def do_each(items: Iterable[T], act: Callable[[T], str]) -> list[Outcome[T]]:
    """Act on each in a unit of work of its own and return what became of every one.

    `act` says what it did, or refuses with a DomainError. A fault of the database is told like
    a refusal: what was done before stays, and the whole may be asked for again.
    """
    outcomes = []
    for item in items:
        try:
            with unit_of_work():
                said = act(item)
        except DomainError as error:
            outcomes.append(Outcome(item, is_done=False, said=error.message))
        except SQLAlchemyError:
            _log.exception("one of several was not done")
            db.session.rollback()
            outcomes.append(
                Outcome(
                    item,
                    is_done=False,
                    said="The database did not take it, so nothing changed here. "
                    "Send the list again: what is done is not done twice.",
                )
            )
        else:
            outcomes.append(Outcome(item, is_done=True, said=said))
    return outcomes


def chosen_ids(values: Sequence[str]) -> list[UUID]:
    """Return the ids of a form's ticked rows, each once. Raises BadInput."""
    if not values:
        raise BadInput("ids: nothing is ticked. Go back to the list and tick at least one row.")
    if len(values) > MOST_AT_ONCE:
        raise BadInput(f"ids: {len(values)} rows are ticked. Tick at most {MOST_AT_ONCE}.")
    try:
        return list(dict.fromkeys(UUID(value) for value in values))
    except ValueError:
        raise BadInput("ids: one of these is not the id of a row. Tick the rows again.") from None
