"""What anybody can open: the page that checks a certificate, the verifier, and shared links.

Nobody signs in here, no session is begun, nothing is kept by a browser or found by a search
engine. A token that is unknown, over or revoked gets one and the same answer.
"""

from typing import Final

from flask import Response, request, send_file, url_for

from portal.core import checkpoints
from portal.core.access import open_to_all
from portal.core.clock import utcnow
from portal.core.db import unit_of_work
from portal.core.desk import FRAMING
from portal.core.errors import NotFound
from portal.core.unlisted import unlisted
from portal.core.web import page, see_other
from portal.proofs import queries
from portal.proofs.service import bundling, certifying, script, sharing
from portal.proofs.service.sharing import NOT_HERE, TOKEN_CHARS
from portal.proofs.service.typesetting import Setter
from portal.proofs.values import LinkRef, Story
from portal.proofs.views.blueprint import bp
from portal.proofs.views.records import (
    as_picture,
    as_served,
    download,
    evidence_urls,
    picture_words,
    stem,
)

_NO_CERTIFICATE: Final = (
    "There is no certificate with this address. Compare it with the one on the document, sign by "
    "sign, or scan its code."
)


@bp.get("/verify/<string:token>")
@open_to_all
@unlisted
def verify(token: str) -> Response:
    """Check a certificate anew and say what was found; no personal data is shown (C-6)."""
    certified = queries.certificate_by_token(token) if len(token) == TOKEN_CHARS else None
    if certified is None:
        raise NotFound(_NO_CERTIFICATE)
    return page(
        "proofs/verify.html",
        checked=certifying.checked(certified),
        issued_at=certified.issued_at,
        public_key=checkpoints.public_key(),
        now=utcnow(),
    )


@bp.get(f"/verify/{script.NAME}")
@open_to_all
def verifier() -> Response:
    """Send the offline verifier."""
    return download(script.script().encode(), "text/x-python", script.NAME)


@bp.get("/shared/<string:token>")
@open_to_all
@unlisted
def shared(token: str) -> Response:
    """Show what a link opens: one record or one bundle, or lead to its appeal (C-12)."""
    link = sharing.opened(token)
    if link.case_id is not None:
        return see_other(url_for("appeals.shared", token=token))
    note_visit(link, "page")
    if link.bundle_id is not None:
        bundle = queries.bundle_or_404(link.tenant, link.bundle_id)
        unproven = queries.unproven(bundle, 200)
        return page(
            "proofs/shared_bundle.html", link=link, bundle=bundle, unproven=unproven, token=token
        )
    found = _story(link)
    urls = evidence_urls(
        found, {"token": token}, file="proofs.shared_evidence", served="proofs.shared_page"
    )
    response = page(
        "proofs/shared_record.html",
        link=link,
        story=found,
        token=token,
        record_links=False,
        picture_url=None,
        pictures=[
            {
                "url": url_for("proofs.shared_picture", token=token, kind=p.kind.value),
                **picture_words(p),
            }
            for p in found.pictures
        ],
        **urls,
    )
    response.headers["Content-Security-Policy"] = FRAMING
    return response


@bp.get("/shared/<string:token>/certificate.pdf")
@open_to_all
@unlisted
def shared_pdf(token: str) -> Response:
    """Send the certificate of a shared record."""
    link = _opened(token, "certificate")
    found = _story(link)
    certified = queries.certificate_of(link.tenant, found.record.id)
    if certified is None:
        raise NotFound(NOT_HERE)
    with Setter() as setter:
        pdf = certifying.make(setter, found, certified).pdf
    return download(pdf.content, "application/pdf", f"{stem(found)}.pdf")


@bp.get("/shared/<string:token>/certificate.json")
@open_to_all
@unlisted
def shared_json(token: str) -> Response:
    """Send the certificate of a shared record as the JSON that is checked off line."""
    link = _opened(token, "certificate")
    found = _story(link)
    text = certifying.written(found)
    return download(text.encode(), "application/json", f"{stem(found)}.json")


@bp.get("/shared/<string:token>/evidence")
@open_to_all
@unlisted
def shared_evidence(token: str) -> Response:
    """Send the file behind a shared record, as a download."""
    link = _opened(token, "evidence")
    record = _story(link).record
    content = certifying.evidence_of(record)
    if record.evidence is None or content is None:
        raise NotFound(NOT_HERE)
    return download(content, record.evidence.media_type, record.evidence.file_name)


@bp.get("/shared/<string:token>/page")
@open_to_all
@unlisted
def shared_page(token: str) -> Response:
    """Show the served page behind a shared record, for a sandboxed frame of the link's page."""
    return as_served(_story(sharing.opened(token)).record)


@bp.get("/shared/<string:token>/pictures/<string:kind>")
@open_to_all
@unlisted
def shared_picture(token: str, kind: str) -> Response:
    """Show a picture of the form's page behind a shared record."""
    return as_picture(_story(sharing.opened(token)), kind)


@bp.get("/shared/<string:token>/bundle.zip")
@open_to_all
@unlisted
def shared_bundle(token: str) -> Response:
    """Send a shared bundle."""
    link = sharing.opened(token)
    if link.bundle_id is None:
        raise NotFound(NOT_HERE)
    bundle = queries.bundle_or_404(link.tenant, link.bundle_id)
    path = bundling.open_bundle(bundle)
    note_visit(link, "bundle")
    return send_file(
        path, mimetype="application/zip", as_attachment=True, download_name=bundle.file_name
    )


def _opened(token: str, what: str) -> LinkRef:
    """Return the link of a token, with this visit written down. Raises NotFound."""
    link = sharing.opened(token)
    note_visit(link, what)
    return link


def note_visit(link: LinkRef, what: str) -> None:
    """Write down that a link was opened, and for what."""
    agent = request.headers.get("User-Agent", "")
    with unit_of_work():
        sharing.note_visit(link, what, ip=request.remote_addr or "", user_agent=agent)


def _story(link: LinkRef) -> Story:
    if link.record_id is None:
        raise NotFound(NOT_HERE)
    return queries.story(link.tenant, link.record_id, utcnow())
