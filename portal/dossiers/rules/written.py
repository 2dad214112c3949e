"""How a value is written: in a cell of a CSV, and in JSON."""

import json
from collections.abc import Mapping
from datetime import date, datetime, time
from enum import Enum
from typing import Any
from uuid import UUID

from portal.core import formats
from portal.core.cells import safe


def cell(value: Any) -> str:
    """Return a value as a cell that no spreadsheet runs (S5); nothing is an empty cell."""
    said = plain(value)
    if said is None:
        return ""
    if isinstance(said, bool):
        return "yes" if said else "no"
    if isinstance(said, int | float):
        return str(said)  # a minus before a number runs nothing, and a spreadsheet adds it up
    if isinstance(said, dict | list):
        said = json.dumps(said, sort_keys=True, ensure_ascii=False, default=str)
    return safe(str(said))


def line(values: Mapping[str, Any]) -> str:
    """Return a row as a line of JSON."""
    named = {name: plain(value) for name, value in values.items()}
    return json.dumps(named, ensure_ascii=False, default=str) + "\n"


def plain(value: Any) -> Any:
    """Return a value as JSON has it: times in UTC, kinds and ids as their text."""
    if isinstance(value, datetime):
        return formats.iso(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, UUID | date | time):
        return str(value)
    return value
