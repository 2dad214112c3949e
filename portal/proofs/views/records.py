"""One consent record as a story, and its certificate (C-1, C-6)."""

import secrets
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from flask import Response, g, request, url_for

from portal.consent import queries as consent
from portal.consent.service import evidence as evidence_files
from portal.consent.values import RecordRef
from portal.core.access import Permission, me, requires
from portal.core.clock import utcnow
from portal.core.db import unit_of_work
from portal.core.desk import FRAMING
from portal.core.errors import NotFound
from portal.core.web import page, see_other
from portal.optin.values import PICTURE_WORDS, PictureRef
from portal.proofs import queries
from portal.proofs.errors import NotCertified
from portal.proofs.rules import mending, printing
from portal.proofs.service import certifying
from portal.proofs.service.typesetting import Setter
from portal.proofs.values import Certificate, Story
from portal.proofs.views.blueprint import ACCOUNT, bp, has

_HTML: Final = "text/html"
# A page somebody else may have written: it runs nothing, loads nothing, and only we may frame it.
SERVED: Final = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)


@bp.get(f"{ACCOUNT}/consent/<uuid:record_id>")
@requires(Permission.VIEW_CONSENT)
def record(account_id: UUID, record_id: UUID) -> Response:
    """Tell one record: what, when, where, what was shown, what followed, what stands now."""
    found = queries.story(g.account.tenant, record_id, utcnow())
    where: dict[str, Any] = {"account_id": account_id, "record_id": record_id}
    contact_url = None
    if found.contact_id and has("messaging.contact"):
        contact_url = url_for(
            "messaging.contact", account_id=account_id, contact_id=found.contact_id
        )
    kept = found.record.evidence
    response = page(
        "proofs/record.html",
        story=found,
        facts_to_show=facts_to_show(found),
        contact_url=contact_url,
        certificate=queries.certificate_of(g.account.tenant, record_id),
        nonce=secrets.token_hex(16),
        may_share=me().may(Permission.SHARE_PROOF),
        record_links=True,
        picture_url=url_for("consent.picture", **where)
        if kept and evidence_files.has_picture(kept)
        else None,
        pictures=[
            {"url": url_for("proofs.picture", kind=p.kind.value, **where), **picture_words(p)}
            for p in found.pictures
        ],
        **evidence_urls(found, where, file="consent.evidence", served="proofs.served_page"),
    )
    response.headers["Content-Security-Policy"] = FRAMING
    return response


@bp.get(f"{ACCOUNT}/consent/<uuid:record_id>/page")
@requires(Permission.VIEW_CONSENT)
def served_page(account_id: UUID, record_id: UUID) -> Response:  # noqa: ARG001 (g.account)
    """Show the page as it was served to the person, for a sandboxed frame."""
    return as_served(consent.record_or_404(g.account.tenant, record_id))


@bp.get(f"{ACCOUNT}/consent/<uuid:record_id>/pictures/<string:kind>")
@requires(Permission.VIEW_CONSENT)
def picture(account_id: UUID, record_id: UUID, kind: str) -> Response:  # noqa: ARG001 (g.account)
    """Show a picture of the form's page behind a record."""
    return as_picture(queries.story(g.account.tenant, record_id, utcnow()), kind)


@bp.post(f"{ACCOUNT}/consent/<uuid:record_id>/certificate")
@requires(Permission.VIEW_CONSENT)
def certify(account_id: UUID, record_id: UUID) -> Response:
    """Certify a record, have a checkpoint cover it, and go on to the certificate."""
    record_ = consent.record_or_404(g.account.tenant, record_id)
    measured = certifying.measured(g.account.organization_id)
    with unit_of_work():
        certifying.cover(measured)
        certifying.certify(g.account.tenant, [record_], actor=me().actor)
    form = "json" if request.form.get("form") == "json" else "pdf"
    where: dict[str, Any] = {"account_id": account_id, "record_id": record_id}
    return see_other(url_for(f"proofs.certificate_{form}", **where))


@bp.get(f"{ACCOUNT}/consent/<uuid:record_id>/certificate.pdf")
@requires(Permission.VIEW_CONSENT)
def certificate_pdf(account_id: UUID, record_id: UUID) -> Response:  # noqa: ARG001 (g.account)
    """Send the certificate as PDF."""
    found, certified = _certified(record_id)
    with Setter() as setter:
        made = certifying.make(setter, found, certified)
    _note_download(found, "pdf")
    return download(made.pdf.content, "application/pdf", f"{stem(found)}.pdf")


@bp.get(f"{ACCOUNT}/consent/<uuid:record_id>/certificate.json")
@requires(Permission.VIEW_CONSENT)
def certificate_json(account_id: UUID, record_id: UUID) -> Response:  # noqa: ARG001 (g.account)
    """Send the certificate as the JSON that is checked off line."""
    found, _ = _certified(record_id)
    text = certifying.written(found)
    _note_download(found, "json")
    return download(text.encode(), "application/json", f"{stem(found)}.json")


def facts_to_show(story: Story) -> list[dict[str, Any]]:
    """Return what a record has and lacks, for a checklist: the gaps first, each with its mend."""
    gaps = mending.ways(story.record, story.complete.missing)
    return [
        *({"state": "missing", "text": capital(fact), "note": mend} for fact, mend in gaps),
        *({"state": "done", "text": capital(f), "note": None} for f in story.complete.have),
    ]


def evidence_urls(
    story: Story, where: Mapping[str, Any], *, file: str, served: str
) -> dict[str, Any]:
    """Return where the file behind a record is downloaded, and its page framed, by endpoint."""
    kept = story.record.evidence
    is_page = kept is not None and kept.media_type == _HTML
    return {
        "evidence_url": url_for(file, **where) if kept else None,
        "page_url": url_for(served, **where) if is_page else None,
    }


def as_served(found: RecordRef) -> Response:
    """Answer with the page behind a record, boxed in. Raises NotFound."""
    if found.evidence is None or found.evidence.media_type != _HTML:
        raise NotFound("No page was kept with this record.")
    content = certifying.evidence_of(found)
    if content is None:
        raise NotFound("No page was kept with this record.")
    response = Response(content, mimetype=_HTML)
    response.headers["Content-Security-Policy"] = SERVED
    return response


def as_picture(story: Story, kind: str) -> Response:
    """Answer with one picture of the form's page. Raises NotFound."""
    found = next((p for p in story.pictures if p.kind == kind), None)
    content = certifying.picture_of(found) if found else None
    if found is None or content is None or not printing.is_picture(found.media_type):
        raise NotFound("There is no such picture of the page.")
    response = Response(content, mimetype=found.media_type)
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


def picture_words(picture: PictureRef) -> dict[str, Any]:
    """Return what stands beneath a picture."""
    return {
        "words": PICTURE_WORDS[picture.kind],
        "taken_at": picture.taken_at,
        "sha256": picture.sha256,
    }


def download(content: bytes, media_type: str, name: str) -> Response:
    """Answer with a file to be saved."""
    response = Response(content, mimetype=media_type)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


def stem(story: Story) -> str:
    """Return the name a certificate is saved under, without its ending."""
    return f"certificate-{story.record.e164[1:]}-{story.record.id.hex[:8]}"


def capital(text: str) -> str:
    """Return text with its first letter large."""
    return text[:1].upper() + text[1:]


def _certified(record_id: UUID) -> tuple[Story, Certificate]:
    """Return a record that was certified. Raises NotFound or NotCertified."""
    found = queries.story(g.account.tenant, record_id, utcnow())
    certified = queries.certificate_of(g.account.tenant, record_id)
    if certified is None:
        raise NotCertified("Make the certificate first: open the record and download it there.")
    return found, certified


def _note_download(story: Story, what: str) -> None:
    with unit_of_work():
        certifying.note_download(story.record, what, actor=me().actor)
