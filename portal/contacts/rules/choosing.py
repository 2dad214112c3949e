"""Filters, selections and page marks as forms and addresses carry them (K-4)."""

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from portal.contacts.values import ContactFilter, Reach, Selection, Sort
from portal.core.errors import BadInput

_LONGEST: Final = 2000
_KEYS: Final = {Sort.NAME: 2, Sort.NEWEST: 2, Sort.STATE: 3}


def one(fields: Mapping[str, Sequence[str]], name: str) -> str:
    """Return a field's only text, on one line, without signs no database takes."""
    text = (fields.get(name) or [""])[0].replace("\0", "")
    return " ".join(text.encode("utf-8", "ignore").decode().split())[:100]


def filter_of(fields: Mapping[str, Sequence[str]]) -> ContactFilter:
    """Return the filter in a form or query: q, tag, state, source, reach."""
    reach = one(fields, "reach")
    if reach and reach not in set(Reach):
        raise BadInput(f"reach: choose one of {', '.join(Reach)}.")
    return ContactFilter(
        one(fields, "q"),
        one(fields, "tag"),
        one(fields, "state"),
        one(fields, "source"),
        Reach(reach) if reach else None,
    )


def selection_from_json(stored: Mapping[str, Any]) -> Selection:
    """Return the selection that to_json() wrote."""
    if "matching" in stored:
        return Selection(matching=filter_of({k: [v] for k, v in stored["matching"].items()}))
    return Selection(ids=tuple(UUID(text) for text in stored.get("ids", ())))


def identifier(text: str, name: str = "ids") -> UUID:
    """Return an id as a form gives it. Raises BadInput."""
    try:
        return UUID(text)
    except ValueError:
        raise BadInput(
            f"{name}: this is not the id of a contact. Select the people again."
        ) from None


def sort_of(text: str) -> Sort:
    """Return how to order the list. Raises BadInput."""
    if text and text not in set(Sort):
        raise BadInput(f"sort: choose one of {', '.join(Sort)}.")
    return Sort(text or Sort.NAME)


def mark_page(sort: Sort, key: Sequence[Any], *, backwards: bool = False) -> str:
    """Return the cursor for the page after, or before, the row with this key."""
    parts = [v.isoformat() if isinstance(v, datetime) else str(v) for v in key]
    text = json.dumps(["p" if backwards else "n", sort.value, *parts], ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_mark(cursor: str, sort: Sort) -> tuple[bool, tuple[Any, ...]]:
    """Return the direction (backwards?) and key of a cursor. Raises BadInput."""
    try:
        told = json.loads(base64.urlsafe_b64decode(cursor[:_LONGEST] + "=" * (-len(cursor) % 4)))
        is_text = all(isinstance(part, str) for part in told)
        direction, of, *parts = told if is_text else ("", "")
        key = _key(sort, parts)
    except (ValueError, TypeError, AttributeError, IndexError, OverflowError, RecursionError):
        direction, of, key = "", "", ()
    if of != sort.value or direction not in {"n", "p"} or len(key) != _KEYS[sort]:
        raise BadInput("after: this page mark is damaged. Start from the first page.")
    return direction == "p", key


def _key(sort: Sort, parts: Sequence[str]) -> tuple[Any, ...]:
    """Return the values of a cursor's key; a sign no database takes makes it none."""
    if "\0" in "".join(parts) or not "".join(parts).encode():  # a lone surrogate raises
        return ()
    key: list[Any] = [*parts[:-1], UUID(parts[-1])]
    if sort is Sort.NEWEST:
        key[0] = _moment(parts[0])
    return tuple(key)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment.astimezone(UTC)
