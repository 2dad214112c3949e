"""The audit log of an organization (M-4, C-5)."""

from typing import Any
from uuid import UUID

from flask import Response, g, url_for

from portal.consent import queries
from portal.consent.views.blueprint import argument, bp
from portal.core import audit
from portal.core.access import Permission, requires
from portal.core.errors import BadInput
from portal.core.web import page, takes
from portal.texting_accounts import queries as accounts

CHECKED_AT_ONCE = 2_000  # a longer chain is checked when somebody asks


@bp.get("/organizations/<uuid:organization_id>/audit")
@requires(Permission.VIEW_AUDIT)
@takes("before", "check")
def audit_log(organization_id: UUID) -> Response:
    """List what was done, by whom and when, and say whether the chain holds."""
    before = argument("before", 12)
    if before and not (before.isascii() and before.isdecimal()):
        raise BadInput("before: this page mark is damaged. Start from the newest entry.")
    found = queries.audit_page(organization_id, before=int(before) if before else None)
    is_checked = bool(argument("check")) or (not before and found.length <= CHECKED_AT_ONCE)
    holds, fault = audit.verify(organization_id) if is_checked else (0, None)
    names = {a.id: a.name for a in accounts.of_organization(organization_id)}
    here: dict[str, Any] = {"organization_id": organization_id}
    return page(
        "consent/audit_log.html",
        "consent/_audit_entries.html",
        found=found,
        is_checked=is_checked,
        holds=holds,
        fault=fault,
        account_names=names,
        organization=g.organization,
        first_url=url_for("consent.audit_log", **here) if before else None,
        next_url=url_for("consent.audit_log", before=found.next, **here) if found.next else None,
        check_url=url_for("consent.audit_log", check=1, **here),
    )
