"""The menu: every place there is, and who sees it. What is not built is not in the table."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from flask import current_app, g, request, url_for

from portal.core.access import Me, Permission


@dataclass(frozen=True, slots=True)
class Place:
    """One place of the product: its endpoint decides the URL, its permission who sees it."""

    endpoint: str
    label: str
    icon: str
    group: str
    permission: Permission | None = None
    is_extra: bool = False  # not in a phone's bottom bar
    also: tuple[str, ...] = ()  # endpoints of pages that belong to this place; * stands for any


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


@dataclass(frozen=True, slots=True)
class Group:
    """Places that belong together."""

    title: str | None
    items: Sequence[Item]


_P = Permission
PLACES = (
    Place("reports.home", "Home", "home", "Work", also=("reports.account_home",)),
    Place(
        "messaging.inbox",
        "Inbox",
        "inbox",
        "Work",
        _P.VIEW_CONVERSATIONS,
        also=("messaging.conversation",),
    ),
    Place("messaging.compose", "New text", "send", "Work", _P.SEND_TEXTS),
    Place(
        "contacts.index",
        "Contacts",
        "people",
        "Work",
        _P.VIEW_CONTACTS,
        also=("contacts.*", "messaging.contact*"),
    ),
    Place(
        "messaging.campaigns",
        "Campaigns",
        "campaign",
        "Programme",
        _P.VIEW_CONVERSATIONS,
        True,
        also=("messaging.campaign", "messaging.confirm_again"),
    ),
    Place(
        "consent.index",
        "Consent",
        "shield",
        "Programme",
        _P.VIEW_CONSENT,
        True,
        also=(
            "consent.enter",
            "consent.*import*",
            "consent.*do_not_contact",
            "proofs.*",
            "site_checks.*",
            "messaging.opt_out_*import*",
            "messaging.*new_opt_out",
            "messaging.*join*",
        ),
    ),
    Place(
        "optin.index",
        "Opt-in forms",
        "doc",
        "Programme",
        _P.VIEW_CONSENT,
        True,
        also=("optin.*",),
    ),
    Place(
        "billing.connected_apps",
        "Connected apps",
        "link",
        "Account",
        _P.VIEW_CREDITS,
        True,
        also=("billing.marketplace", "billing.confirm"),
    ),
    Place(
        "billing.statement",
        "Credits",
        "card",
        "Account",
        _P.VIEW_CREDITS,
        True,
        also=("billing.invoices",),
    ),
    Place(
        "numbers.index",
        "Numbers",
        "number",
        "Account",
        _P.VIEW_ACCOUNT,
        True,
        also=("numbers.search", "numbers.choose", "numbers.show"),
    ),
    Place(
        "texting_accounts.settings",
        "Settings",
        "cog",
        "Account",
        _P.VIEW_ACCOUNT,
        True,
        also=("messaging.countries", "integrations.*"),
    ),
    Place("texting_accounts.index", "Accounts", "building", "Organization", _P.EDIT_LIMITS, True),
    Place("people.members", "Members", "people", "Organization", _P.MANAGE_MEMBERS, True),
    Place(
        "messaging.opt_outs",
        "Opt-outs",
        "stop",
        "Organization",
        _P.REVIEW_OPT_OUTS,
        True,
        also=("messaging.opt_out_reach", "messaging.set_opt_out_reach"),
    ),
    Place("consent.audit_log", "Audit log", "lock", "Organization", _P.VIEW_AUDIT, True),
    Place(
        "retention.keeping",
        "Retention",
        "clock",
        "Organization",
        _P.RELEASE_HOLDS,
        True,
        also=("retention.*",),
    ),
    Place("people.admin_organizations", "Organizations", "building", "Work", _P.ADMINISTER),
    Place("people.admin_users", "People", "people", "Work", _P.ADMINISTER),
    Place("billing.admin_plans", "Plan catalogue", "card", "Work", _P.ADMINISTER),
)


def groups(person: Me, counts: dict[str, int]) -> list[Group]:
    """Return the menu of this person on this page; counts by endpoint are shown beside places."""
    found: dict[str, list[Item]] = {}
    for place in PLACES:
        if place.permission is not None and not person.may(place.permission):
            continue
        url = _url(place.endpoint)
        if url is None:
            continue
        count = counts.get(place.endpoint)
        item = Item(
            place.label,
            place.icon,
            url,
            is_current=_is_current(place),
            is_extra=place.is_extra,
            count=count,
            is_hot=bool(count),
        )
        found.setdefault(place.group, []).append(item)
    return [Group(title, items) for title, items in found.items()]


def _is_current(place: Place) -> bool:
    here = request.endpoint or ""
    return any(fnmatchcase(here, pattern) for pattern in (place.endpoint, *place.also))


def _url(endpoint: str) -> str | None:
    """Return the place's URL for the current account and organization, or None without them."""
    rules = current_app.url_map.iter_rules(endpoint) if endpoint in _endpoints() else ()
    held = {
        "account_id": getattr(g.get("account"), "id", None),
        "organization_id": getattr(g.get("organization"), "id", None),
    }
    for rule in rules:
        if "GET" in (rule.methods or ()) and all(held.get(name) for name in rule.arguments):
            return url_for(endpoint, **{name: held[name] for name in rule.arguments})
    return None


def _endpoints() -> frozenset[str]:
    return frozenset(current_app.view_functions)
