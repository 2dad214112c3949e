"""Taking a submission: contact, consent record with the page as evidence, all at once (C-1, C-4)."""

from dataclasses import replace
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import select

from portal.consent import service as consent
from portal.consent.service import evidence
from portal.consent.values import Checkbox, Evidence, Method, NewConsent
from portal.contacts import service as contacts
from portal.contacts.service.joining import join_contact
from portal.contacts.values import ConsentSource, ContactDetails, NewNumber
from portal.core import audit
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.settings import settings
from portal.optin import queries
from portal.optin.models import Capture
from portal.optin.service import drawing, happenings
from portal.optin.service.confirming import ask_confirmation
from portal.optin.values import Answer, CaptureRef, Channel, VersionRef, Visit
from portal.texting_accounts import queries as accounts

_METHODS: Final = {
    Channel.HOSTED: Method.HOSTED_FORM,
    Channel.KIOSK: Method.HOSTED_FORM,
    Channel.EMBED: Method.EMBED,
}
_NO_AGENT: Final = "none sent by the browser"


def capture(version: VersionRef, answer: Answer, visit: Visit) -> CaptureRef:
    """Take a submission with its box ticked; the same token is taken once, however often it comes.

    Everything is written in one transaction: the person, the record with what the server served,
    and where the form texts afterwards, that it is to. Raises BadInput for a number that is none.
    """
    tenant = version.tenant
    actor = Actor(None, f"Form “{version.name}”"[:200], visit.ip or None)
    contacts.lock_numbers(tenant.organization_id, [answer.e164])
    # Whoever holds the number's lock sees what another post of the same token has written.
    earlier = db.session.scalar(select(Capture).where(Capture.nonce == visit.nonce))
    if earlier is not None:
        return replace(queries.capture_ref(earlier), is_repeat=True)
    contact, _ = join_contact(
        tenant,
        _details(version, answer),
        ConsentSource.RECORDED,
        actor=actor,
        through="optin",
    )
    if answer.custom:
        note = f"{version.content.custom_label} {answer.custom}"
        contacts.add_note(tenant, contact.id, note, actor=actor)
    record = consent.record_asked if version.content.is_double_opt_in else consent.record_consent
    record_id = record(tenant, _consent(version, answer, visit), actor)
    row = Capture(
        organization_id=version.organization_id,
        account_id=version.account_id,
        form_id=version.form_id,
        version_id=version.id,
        version=version.number,
        nonce=visit.nonce,
        channel=visit.channel,
        e164=answer.e164,
        record_id=record_id,
        contact_id=contact.id,
        page_url=visit.page_url[:2000],
        origin=visit.origin[:300],
        visitor=visit.visitor,
        served_at=visit.issued_at,
        at=utcnow(),
    )
    db.session.add(row)
    db.session.flush()  # the same token in two places at once ends here
    audit.record(
        "optin:form:take",
        actor=actor,
        organization_id=version.organization_id,
        account_id=version.account_id,
        subject_id=record_id,
        form=version.name,
        version=version.number,
        page_sha256=version.page_sha256,
        way=visit.channel.value,
    )
    if version.content.is_double_opt_in or version.content.has_confirmation_text:
        ask_confirmation(
            tenant, record_id, content=version.content, form_name=version.name, actor=actor
        )
    if not version.content.is_double_opt_in:
        happenings.SIGNED_UP.tell(tenant, version.form_id, contact.id)
    return queries.capture_ref(row)


def _details(version: VersionRef, answer: Answer) -> ContactDetails:
    return ContactDetails(
        first_name=answer.first_name,
        last_name=answer.last_name,
        email=answer.email,
        street=answer.street,
        city=answer.city,
        state=answer.state,
        zip=answer.zip,
        language=version.content.language,
        lead_source=f"form: {version.name}"[:100],
        tags=version.content.tags,
        numbers=(NewNumber(answer.e164, "mobile", is_preferred=True),),
    )


def _consent(version: VersionRef, answer: Answer, visit: Visit) -> NewConsent:
    now = utcnow()
    account = accounts.get_or_404(version.tenant)
    local = now.astimezone(ZoneInfo(account.timezone))
    return NewConsent(
        answer.e164,
        _METHODS[visit.channel],
        given_at=now,
        given_zone=account.timezone,
        given_as_written=f"{local:%Y-%m-%d %H:%M:%S}",
        name=answer.name,
        email=answer.email,
        postal_address=answer.postal_address,
        ip_address=visit.ip,
        method_details=_how(version, answer, visit),
        source_url=visit.page_url or f"{settings().public_url}/f/{version.slug}",
        disclosure_text=version.disclosure,
        checkbox=Checkbox.CHECKED,
        form_name=version.name,
        form_version=str(version.number),
        user_agent=visit.user_agent or _NO_AGENT,
        kinds=version.content.kinds,
        evidence=_page_shown(version, visit),
        idempotency_key=f"form:{visit.nonce}",
    )


def _page_shown(version: VersionRef, visit: Visit) -> Evidence:
    """Return the page as this person saw it (C-4).

    It is the published one, but for who was shown it again, or at a kiosk, after our templates
    had changed: theirs was drawn anew, and is kept under its own hash.
    """
    file_name = f"{version.slug}-v{version.number}.html"
    if visit.is_redrawn:
        drawn = drawing.draw(version.content, slug=version.slug, number=version.number)
        if drawn.html != version.html:
            return evidence.store_page(drawing.whole(version.content, version.css), file_name)
    return Evidence(version.page_name, version.page_sha256, file_name, "text/html")


def _how(version: VersionRef, answer: Answer, visit: Visit) -> str:
    """Return how it came, in words: the page around a frame is what the frame was told."""
    seconds = round((utcnow() - visit.issued_at).total_seconds())
    said = [f"The page was served {seconds} seconds before."]
    if visit.channel is Channel.EMBED:
        at = visit.origin or "a site that kept its name to itself, of those allowed"
        said.insert(0, f"In a frame on {at}; the site gave the page as {visit.page_url or 'none'}.")
    if visit.channel is Channel.KIOSK:
        said.insert(0, f"On a device put up by {visit.opened_by}.")
    if answer.custom:
        said.append(f"{version.content.custom_label} {answer.custom}")
    return " ".join(said)[:1000]
