"""The menu of one person on one page, out of the table of places."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from typing import Any, Final
from uuid import UUID

from flask import Flask, current_app, g, request, url_for

from portal.core.access import Me, Permission
from portal.core.places import PLACES

KEPT_MENUS: Final = 200  # of one page, role and account each: those who work now


@dataclass(frozen=True, slots=True)
class Item:
    """One place as the layout draws it."""

    label: str
    icon: str
    url: str
    is_current: bool
    is_extra: bool
    count: int | None = None
    is_hot: bool = False
    is_live: bool = False  # a page may change its count in place


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Places that belong together. One is like itself alone: so its drawing is quickly found (G6)."""

    title: str | None
    items: Sequence[Item]


def groups(person: Me, counts: dict[str, int]) -> tuple[Group, ...]:
    """Return the menu of this person on this page; counts by endpoint are shown beside places."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 (Flask's own way)
    held, counted = tuple(_held().items()), tuple(counts.items())
    here = request.endpoint or ""
    return _groups(app, request.root_path, here, person.permissions, held, counted)


@lru_cache(maxsize=KEPT_MENUS)
def _groups(
    app: Flask,
    _root: str,  # addresses begin with it
    here: str,
    permissions: frozenset[Permission],
    held: tuple[tuple[str, UUID], ...],
    counted: tuple[tuple[str, int], ...],
) -> tuple[Group, ...]:
    """Return the same. It follows from what is told alone, and is the same for many pages (G6)."""
    found: dict[str, list[Item]] = {}
    current, tenants, counts = _current(here), dict(held), dict(counted)
    for place in PLACES:
        if place.permission is not None and place.permission not in permissions:
            continue
        url = _url(app, place.endpoint, tenants)
        if url is None:
            continue
        count = counts.get(place.endpoint)
        item = Item(
            place.label,
            place.icon,
            url,
            is_current=place.endpoint in current,
            is_extra=place.is_extra,
            count=count,
            is_hot=bool(count),
            is_live=place.endpoint in counts,
        )
        found.setdefault(place.group, []).append(item)
    return tuple(Group(title, items) for title, items in found.items())


@cache
def _current(here: str) -> frozenset[str]:
    """Return the places a page belongs to; there are as many answers as endpoints."""
    return frozenset(
        place.endpoint
        for place in PLACES
        if any(fnmatchcase(here, pattern) for pattern in (place.endpoint, *place.also))
    )


def _held() -> dict[str, UUID]:
    """Return what the addresses of places may be told: the current account and organization."""
    tenants = {"account_id": g.get("account"), "organization_id": g.get("organization")}
    return {name: one.id for name, one in tenants.items() if one is not None}


def _url(app: Flask, endpoint: str, held: dict[str, Any]) -> str | None:
    """Return the place's URL, or None when it needs what isn't there."""
    for names in _asked(app, endpoint):
        if held.keys() >= names:
            return url_for(endpoint, **{name: held[name] for name in names})
    return None


@cache
def _asked(app: Flask, endpoint: str) -> tuple[frozenset[str], ...]:
    """Return what each address of a page must be told; nothing when there is no such page."""
    rules = app.url_map.iter_rules(endpoint) if endpoint in app.view_functions else ()
    return tuple(frozenset(rule.arguments) for rule in rules if "GET" in (rule.methods or ()))
