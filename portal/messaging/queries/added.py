"""What slices above put on a contact's page: lines of its timeline, and a panel (K-5).

Each says so once, under a name of its own; saying it again changes nothing.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final, NamedTuple

from portal.contacts.values import ContactRef


class Line(NamedTuple):
    """One line of the timeline."""

    at: datetime
    icon: str
    title: str
    actor: str
    tone: str = ""  # ok, bad or nothing
    body: str = ""


Lines = Callable[[ContactRef], Iterable[Line]]
Panel = Callable[[ContactRef], dict[str, Any]]
_lines: Final[dict[str, Lines]] = {}
_panels: Final[dict[str, Panel]] = {}


def add_lines(name: str, read: Lines) -> None:
    """Let the timeline of every contact hold what `read` says."""
    _lines[name] = read


def add_panel(template: str, read: Panel) -> None:
    """Let the page of every contact show a template with what `read` says."""
    _panels[template] = read


def lines(contact: ContactRef) -> list[Line]:
    """Return everything that was added to a contact's timeline."""
    return [line for read in _lines.values() for line in read(contact)]


def panels(contact: ContactRef) -> list[tuple[str, dict[str, Any]]]:
    """Return the panels that were added to a contact's page, each with what it says."""
    return [(template, read(contact)) for template, read in _panels.items()]
