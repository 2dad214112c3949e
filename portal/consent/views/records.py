"""The list of consent records, and the file behind one (C-1). One record's page is in proofs."""

from typing import Any
from uuid import UUID

from flask import Response, g, url_for

from portal.consent import queries
from portal.consent.service import evidence as evidence_files
from portal.consent.values import (
    METHOD_WORDS,
    STRENGTH_WORDS,
    Event,
    Method,
    RecordFilter,
    Strength,
)
from portal.consent.views.blueprint import argument, bp, choice, day
from portal.contacts import queries as contacts
from portal.core.access import Permission, me, requires
from portal.core.errors import NotFound
from portal.core.tenancy import Tenant
from portal.core.web import page, takes
from portal.texting_accounts import queries as accounts


@bp.get("/accounts/<uuid:account_id>/consent")
@requires(Permission.VIEW_CONSENT)
@takes("q", "method", "strength", "event", "form", "since", "until", "after")
def index(account_id: UUID) -> Response:
    """List the account's records, newest first, by phone, name, day, form, method or strength."""
    filter_ = RecordFilter(
        argument("q"),
        choice("method", Method),
        choice("strength", Strength),
        choice("event", Event),
        argument("form"),
        day("since"),
        day("until"),
    )
    cursor = argument("after", 80)
    found = queries.find_records(g.account.tenant, filter_, zone=g.account.timezone, cursor=cursor)
    nameless = [record.e164 for record in found.records if not record.name]
    known = contacts.by_numbers(g.account.tenant, nameless) if nameless else {}
    kept: dict[str, Any] = dict(filter_.fields())
    return page(
        "consent/index.html",
        "consent/_records.html",
        found=found,
        names={e164: known[e164].full_name if e164 in known else "" for e164 in nameless},
        filter=filter_,
        is_first=not cursor,
        first_url=url_for("consent.index", account_id=account_id, **kept),
        next_url=url_for("consent.index", account_id=account_id, after=found.next, **kept)
        if found.next
        else None,
        coverage=queries.coverage(g.account.tenant),
        methods=METHOD_WORDS,
        strengths=STRENGTH_WORDS,
        forms=queries.form_names(g.account.tenant),
    )


@bp.get("/organizations/<uuid:organization_id>/consent")
@requires(Permission.VIEW_CONSENT)
def organization_coverage(organization_id: UUID) -> Response:
    """Show for each account the person reaches how many of its numbers stand how (C-1)."""
    counted = queries.coverages(Tenant(organization_id))
    reached = accounts.accounts_for(me().user_id, organization_id, me().role)
    return page(
        "consent/coverage.html",
        None,
        accounts=[(account, counted.get(account.id, queries.Coverage())) for account in reached],
        organization=g.organization,
    )


@bp.get("/accounts/<uuid:account_id>/consent/<uuid:record_id>/evidence")
@requires(Permission.VIEW_CONSENT)
def evidence(account_id: UUID, record_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Send the file behind a record, always as a download."""
    found = queries.record_or_404(g.account.tenant, record_id).evidence
    if found is None:
        raise NotFound("There is no file behind this record.")
    response = Response(evidence_files.content_of(found), mimetype=found.media_type)
    response.headers.set("Content-Disposition", "attachment", filename=found.file_name)
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


@bp.get("/accounts/<uuid:account_id>/consent/<uuid:record_id>/picture")
@requires(Permission.VIEW_CONSENT)
def picture(account_id: UUID, record_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show the picture behind a record as it was written anew: pixels alone (threat 6)."""
    found = queries.record_or_404(g.account.tenant, record_id).evidence
    shown = evidence_files.picture_of(found) if found else None
    if shown is None:
        raise NotFound("There is no picture behind this record.")
    response = Response(shown[0], mimetype=shown[1])
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
