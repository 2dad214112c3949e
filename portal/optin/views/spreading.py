"""Bringing a form to people: QR code, kiosk, invitation by e-mail (C-2)."""

from io import BytesIO
from typing import Final
from uuid import UUID, uuid4

import qrcode
from flask import Response, flash, g, request, url_for
from qrcode.constants import ERROR_CORRECT_Q
from qrcode.image.svg import SvgPathImage

from portal.contacts import queries as contacts
from portal.contacts.values import ContactRef
from portal.core.access import Permission, me, requires
from portal.core.clock import utcnow
from portal.core.db import unit_of_work
from portal.core.errors import NotFound
from portal.core.settings import settings
from portal.core.web import page, see_other
from portal.mail import service as mail
from portal.mail.rules import one_line
from portal.mail.values import Outgoing
from portal.optin import queries
from portal.optin import service as optin
from portal.optin.forms import InvitationForm
from portal.optin.rules import tokens
from portal.optin.rules.tokens import KioskToken
from portal.optin.values import FormRef, FormState, VersionRef
from portal.optin.views.blueprint import bp, form_of_account

_FORM: Final = "/accounts/<uuid:account_id>/forms/<uuid:form_id>"


@bp.get(f"{_FORM}/qr.svg")
@requires(Permission.VIEW_CONSENT)
def qr_svg(account_id: UUID, form_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Give the QR code of a form's address as a drawing."""
    form = _published(form_id)[0]
    drawing = BytesIO()
    _code(form).make_image(image_factory=SvgPathImage).save(drawing)
    return _download(drawing.getvalue(), "image/svg+xml", f"{form.slug}.svg")


@bp.get(f"{_FORM}/qr.png")
@requires(Permission.VIEW_CONSENT)
def qr_png(account_id: UUID, form_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Give the QR code of a form's address as a picture; ?inline=1 shows it in a page."""
    form = _published(form_id)[0]
    picture = BytesIO()
    _code(form).make_image().save(picture, "PNG")
    if request.args.get("inline"):
        return Response(picture.getvalue(), mimetype="image/png")
    return _download(picture.getvalue(), "image/png", f"{form.slug}.png")


@bp.get(f"{_FORM}/qr-sheet")
@requires(Permission.VIEW_CONSENT)
def qr_sheet(account_id: UUID, form_id: UUID) -> Response:
    """Show a sheet to print and put up."""
    form, version = _published(form_id)
    return page(
        "optin/qr_sheet.html",
        form=form,
        content=version.content,
        url=_address(form),
        qr_url=url_for(".qr_png", account_id=account_id, form_id=form_id, inline=1),
    )


@bp.post(f"{_FORM}/kiosk")
@requires(Permission.RECORD_CONSENT)
def open_kiosk(account_id: UUID, form_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Put the form up on this device for half a day."""
    form, _ = _published(form_id)
    token = KioskToken(form.id, me().name, utcnow())
    with unit_of_work():
        optin.note_kiosk(form, actor=me().actor)
    signed = tokens.sign_kiosk(settings().secret_key, token)
    return see_other(url_for("hosted.kiosk", slug=form.slug, kiosk_token=signed))


@bp.route(f"{_FORM}/invite", methods=["GET", "POST"])
@requires(Permission.RECORD_CONSENT)
def invite(account_id: UUID, form_id: UUID) -> Response:
    """Send one person the form's link by e-mail; ?contact= fills in who."""
    found, version = _published(form_id)
    form = InvitationForm(contact=request.args.get("contact", "")[:40])
    contact = _contact(form.contact.data)
    if request.method == "GET" and contact is not None:
        form.email.data = contact.email
    if not form.validate_on_submit():
        return page(
            "optin/invite.html",
            None,
            422 if form.errors else 200,
            found=found,
            form=form,
            contact=contact,
        )
    email = form.email.data.strip()
    with unit_of_work():
        optin.note_invitation(found, email, contact.id if contact else None, actor=me().actor)
        mail.post(
            Outgoing(
                to=email,
                template="optin_invitation",
                subject=one_line(version.content.title),
                key=f"optin-invitation:{uuid4()}",
                context={
                    "content": version.content,
                    "note": (form.note.data or "").strip(),
                    "url": _address(found),
                },
                organization_id=found.organization_id,
            )
        )
    flash(f"The invitation is on its way to {email}.", "ok")
    return see_other(url_for(".show", account_id=account_id, form_id=form_id))


def _published(form_id: UUID) -> tuple[FormRef, VersionRef]:
    form = form_of_account(form_id)
    if form.state is not FormState.PUBLISHED:
        raise NotFound("This form is not published. Publish it first, then share it.")
    return form, queries.version_or_404(form.tenant, form_id, form.latest)


def _contact(text: str | None) -> ContactRef | None:
    try:
        return contacts.get_or_404(g.account.tenant, UUID(text or ""))
    except (ValueError, NotFound):
        return None


def _address(form: FormRef) -> str:
    return f"{settings().public_url}{form.path}"


def _code(form: FormRef) -> qrcode.QRCode:
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_Q, border=4)
    code.add_data(_address(form))
    return code


def _download(content: bytes, media_type: str, name: str) -> Response:
    response = Response(content, mimetype=media_type)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
