"""Entering what somebody said, with the file that shows it: shared by two pages (Q-7)."""

from flask import g

from portal.consent.errors import EvidenceRefused, GivenLater
from portal.consent.service import evidence as evidence_files
from portal.consent.values import Evidence
from portal.core.access import me
from portal.core.db import unit_of_work
from portal.core.errors import DomainError
from portal.messaging.forms.opting_out import SaidForm
from portal.messaging.service import optouts

_FIELDS: dict[type[DomainError], str] = {EvidenceRefused: "scan", GivenLater: "said_at"}


def enter_said(form: SaidForm, e164: str) -> int | None:
    """Opt a number out as the form says; None, with the reason on its field, when it can't be."""
    scan: Evidence | None = None
    try:
        if form.scan.data:
            scan = evidence_files.store(form.scan.data.stream, form.scan.data.filename or "")
        with unit_of_work():
            return optouts.enter(
                g.account.tenant,
                e164,
                method=form.how(),
                details=form.details.data or "",
                said_at=form.received_at(g.account.timezone),
                evidence=scan,
                actor=me().actor,
            )
    except DomainError as error:
        if scan is not None:
            evidence_files.remove(scan)
        form.refuse(_FIELDS.get(type(error), "details"), error)
        return None
