"""The menu: every place there is, and who sees it. What is not built is not in the table."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from typing import Any, Final
from uuid import UUID

from flask import Flask, current_app, g, request, url_for

from portal.core.access import Me, Permission

KEPT_MENUS: Final = 200  # of one page, role and account each: those who work now


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
    is_live: bool = False  # a page may change its count in place


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Places that belong together. One is like itself alone: so its drawing is quickly found (G6)."""

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
        _P.READ_TALKS,
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
    Place("tasks.index", "Tasks", "check", "Work", _P.VIEW_CONTACTS, True, also=("tasks.*",)),
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
        "drips.index",
        "SmartPlans",
        "plan",
        "Programme",
        _P.VIEW_CONVERSATIONS,
        True,
        also=("drips.*",),
    ),
    Place(
        "messaging.saved_replies",
        "Saved replies",
        "copy",
        "Programme",
        _P.VIEW_CONVERSATIONS,
        True,
        also=("messaging.*saved_repl*",),
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
            "dnc.number",
            "dnc.*relationship",
            "dnc.confirm_check",
        ),
    ),
    Place(
        "optin.index", "Opt-in forms", "doc", "Programme", _P.VIEW_CONSENT, True, also=("optin.*",)
    ),
    Place(
        "billing.connected_apps",
        "Connected apps",
        "link",
        "Account",
        _P.VIEW_CREDITS,
        True,
        also=("billing.marketplace", "billing.confirm", "billing.payment"),
    ),
    Place(
        "billing.statement",
        "Credits",
        "card",
        "Account",
        _P.VIEW_CREDITS,
        True,
        also=("billing.invoices", "billing.invoice", "billing.statement_file"),
    ),
    Place(
        "reports.show_health",
        "Health",
        "flag",
        "Account",
        _P.VIEW_CREDITS,
        True,
        also=("compliance.*thresholds", "reports.show_causes"),
    ),
    Place(
        "reports.show",
        "Reports",
        "chart",
        "Account",
        _P.VIEW_CREDITS,
        True,
        also=("schedules.*", "messaging.*text_file*"),
    ),
    Place(
        "numbers.index",
        "Numbers",
        "number",
        "Account",
        _P.VIEW_ACCOUNT,
        True,
        also=(
            "numbers.search",
            "numbers.choose",
            "numbers.show",
            "numbers.leave",
            "calls.*",
            "porting.*",
            "transfers.*",
        ),
    ),
    Place(
        "texting_accounts.settings",
        "Settings",
        "cog",
        "Account",
        _P.VIEW_ACCOUNT,
        True,
        also=(
            "messaging.countries",
            "integrations.*",
            "compliance.*restriction",
            "compliance.*suspension",
            "appeals.index",
            "appeals.show",
            "appeals.carrier",
        ),
    ),
    Place(
        "reports.accounts",
        "Accounts",
        "building",
        "Organization",
        _P.EDIT_LIMITS,
        True,
        also=("messaging.*plan_limits",),
    ),
    Place(
        "registrations.index",
        "Registration",
        "shield",
        "Organization",
        _P.VIEW_ORGANIZATION,
        True,
        also=("registrations.*",),
    ),
    Place(
        "webhook_checks.index", "Carrier webhooks", "link", "Organization", _P.CHECK_WEBHOOKS, True
    ),
    Place(
        "people.members",
        "Members",
        "people",
        "Organization",
        _P.MANAGE_MEMBERS,
        True,
        also=("leaving.*",),
    ),
    Place("billing.payer", "Billing details", "doc", "Organization", _P.EDIT_BILLING, True),
    Place(
        "messaging.opt_outs",
        "Opt-outs",
        "stop",
        "Organization",
        _P.REVIEW_OPT_OUTS,
        True,
        also=("messaging.opt_out_reach", "messaging.set_opt_out_reach"),
    ),
    Place(
        "messaging.all_revocations",
        "Asked to stop",
        "pause",
        "Organization",
        _P.REVIEW_REVOCATIONS,
        True,
        also=("messaging.*revocation*",),
    ),
    Place(
        "messaging.all_approvals",
        "Approvals",
        "check",
        "Organization",
        _P.APPROVE_SENDS,
        True,
        also=("messaging.*approval*",),
    ),
    Place(
        "appeals.queue",
        "Appeals",
        "scale",
        "Organization",
        _P.SEND_APPEALS,
        True,
        also=("appeals.*template", "appeals.settings"),
    ),
    Place(
        "compliance.hours",
        "Hours",
        "clock",
        "Organization",
        _P.SET_HOURS,
        True,
        also=("compliance.*hours",),
    ),
    Place(
        "dnc.lists",
        "Do-not-call lists",
        "phoneoff",
        "Organization",
        _P.LOAD_CALL_LISTS,
        True,
        also=("dnc.*list*",),
    ),
    Place(
        "messaging.lint_rules",
        "Content check",
        "eye",
        "Organization",
        _P.SET_LINT,
        True,
        also=("messaging.*lint*",),
    ),
    Place(
        "messaging.similar_texts",
        "Similar texts",
        "copy",
        "Organization",
        _P.REVIEW_SIMILAR,
        True,
        also=("messaging.*similar_*", "messaging.*_template*"),
    ),
    Place("consent.audit_log", "Audit log", "lock", "Organization", _P.VIEW_AUDIT, True),
    Place(
        "retention.keeping",
        "Retention",
        "calendar",
        "Organization",
        _P.RELEASE_HOLDS,
        True,
        also=("retention.*",),
    ),
    Place("go_live.index", "Go live", "check", "Work", _P.ADMINISTER, True),
    Place("people.admin_organizations", "Organizations", "building", "Work", _P.ADMINISTER),
    Place("people.admin_users", "People", "people", "Work", _P.ADMINISTER),
    Place("webhook_checks.admin_index", "Carrier webhooks", "link", "Work", _P.ADMINISTER, True),
    Place(
        "notifications.outbox",
        "Outbox",
        "inbox",
        "Work",
        _P.ADMINISTER,
        True,
        also=("notifications.outbox_mail",),
    ),
    Place("billing.admin_plans", "Plan catalogue", "card", "Work", _P.ADMINISTER),
    Place(
        "billing.admin_invoices",
        "Invoices",
        "doc",
        "Work",
        _P.ADMINISTER,
        also=(
            "billing.admin_invoice",
            "billing.issuer",
            "billing.mark_invoice_paid",
            "billing.void_invoice",
        ),
    ),
)


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
