"""What goes on acting for a person who can't sign in: slices above know it."""

from collections.abc import Callable
from uuid import UUID

WaysSource = Callable[[UUID, UUID], tuple[str, ...]]
_sources: list[WaysSource] = []


def add_ways_source(source: WaysSource) -> None:
    """Have a slice above tell what somebody of an organization left open, in figures; again is harmless."""
    if source not in _sources:
        _sources.append(source)


def ways_left(organization_id: UUID, user_id: UUID) -> list[str]:
    """Return what somebody made that stays open when they are disabled: "2 API keys"."""
    return [way for source in _sources for way in source(organization_id, user_id)]
