"""Entering a consent by hand: paper, spoken, or as an agent states it (C-2, C-8)."""

import secrets
from contextlib import suppress
from dataclasses import replace
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Response, flash, g, request, url_for

from portal.consent import queries
from portal.consent import service as consent
from portal.consent.errors import EvidenceNeeded, EvidenceRefused, GivenEarlier, GivenLater
from portal.consent.forms import ENTERED, ConsentForm
from portal.consent.service import evidence as evidence_files
from portal.consent.values import Evidence, Method
from portal.consent.views.blueprint import argument, bp
from portal.contacts import queries as contacts
from portal.contacts.rules.numbers import read
from portal.core.access import Permission, me, requires
from portal.core.clock import utcnow
from portal.core.db import unit_of_work
from portal.core.errors import DomainError
from portal.core.phone import show
from portal.core.web import own_path, page, see_other

_FIELDS = {
    EvidenceNeeded: "scan",
    EvidenceRefused: "scan",
    GivenLater: "given_at",
    GivenEarlier: "given_at",
}


@bp.get("/accounts/<uuid:account_id>/consent/new")
@requires(Permission.RECORD_CONSENT)
def enter(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Ask how and when a person agreed; ?phone= and ?method= fill the form in."""
    data: dict[str, object] = {
        "request_key": secrets.token_urlsafe(16),
        "phone": argument("phone", 40),
        "next": argument("next", 300),
    }
    number = read(str(data["phone"])).e164
    known = contacts.by_numbers(g.account.tenant, [number]).get(number) if number else None
    if known is not None and number:
        address = ", ".join(
            p for p in (known.street, known.city, f"{known.state} {known.zip}".strip()) if p
        )
        data |= {
            "phone": show(number),
            "name": f"{known.first_name} {known.last_name}".strip(),
            "email": known.email,
            "postal_address": address,
        }
    with suppress(ValueError):
        method = Method(argument("method"))
        data["method"] = method.value if method in ENTERED else Method.PAPER.value
    return _form_page(ConsentForm(formdata=None, data=data))


@bp.post("/accounts/<uuid:account_id>/consent/new")
@requires(Permission.RECORD_CONSENT)
def record_entered(account_id: UUID) -> Response:
    """Record what was entered; everything typed is kept when something is wrong."""
    form = ConsentForm()
    if not form.validate_on_submit():
        return _form_page(form, 422)
    scan: Evidence | None = None
    try:
        if form.scan.data:
            scan = evidence_files.store(form.scan.data.stream, form.scan.data.filename or "")
        with unit_of_work():
            record_id = consent.enter_consent(
                g.account.tenant,
                replace(form.consent(g.account.timezone), evidence=scan),
                role=me().role,
                actor=me().actor,
            )
    except DomainError as error:
        if scan is not None:
            evidence_files.remove(scan)
        form.refuse(_FIELDS.get(type(error), "phone"), error)
        return _form_page(form, 422)
    kept = queries.record_or_404(g.account.tenant, record_id).evidence
    if scan is not None and (kept is None or kept.name != scan.name):
        evidence_files.remove(scan)  # the button was pressed twice: the record has the first one
    flash("Consent recorded.", "ok")
    back = own_path(form.next.data or "", account_id)
    return see_other(back or url_for("proofs.record", account_id=account_id, record_id=record_id))


def _form_page(form: ConsentForm, status: int = 200) -> Response:
    local_now = utcnow().astimezone(ZoneInfo(g.account.timezone))
    return page(
        "consent/enter.html",
        None,
        status,
        form=form,
        latest=f"{local_now:%Y-%m-%dT%H:%M}",
        zone=f"{local_now:%Z}",
        action=request.path,
    )
