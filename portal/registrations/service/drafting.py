"""Beginning a registration, filled in with what is known, and saving it page by page."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.dialects import postgresql, sqlite

from portal.core import audit, phone
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import db, is_sqlite
from portal.core.settings import settings
from portal.core.tenancy import Tenant
from portal.numbers import queries as numbers
from portal.numbers import rules as number_rules
from portal.optin import queries as optin
from portal.optin.values import FormRef, FormState
from portal.people import queries as people
from portal.registrations import queries
from portal.registrations.errors import AtTheCarrier, EditedMeanwhile, NotTollFree
from portal.registrations.models import Registration
from portal.registrations.rules import steps, wordings
from portal.registrations.service.rows import close, locked
from portal.registrations.values import Details, Kind, RegistrationRef, State
from portal.texting_accounts import queries as accounts


def published_forms(organization_id: UUID) -> list[FormRef]:
    """Return the published opt-in forms of all the organization's accounts, by name."""
    tenants = [account.tenant for account in accounts.of_organization(organization_id)]
    found = [form for tenant in tenants for form in optin.forms(tenant)]
    return sorted(
        (form for form in found if form.state is FormState.PUBLISHED), key=lambda form: form.name
    )


def begin(organization_id: UUID, *, actor: Actor) -> RegistrationRef:
    """Begin the registration of the organization's brand and campaign; again finds the first.

    It is filled in from what the organization is known by and its first published form (N-5).
    """
    if (existing := queries.of_organization(organization_id)) is not None:
        return existing
    details = _first(organization_id, actor)
    forms = published_forms(organization_id)
    if forms:
        details = _filled(details, forms[0])
    _insert(organization_id, Kind.A2P, None, details, actor)
    return _found(queries.of_organization(organization_id))


def begin_toll_free(organization_id: UUID, e164: str, *, actor: Actor) -> RegistrationRef:
    """Begin the verification of a toll-free number; again finds the first. Raises NotTollFree.

    A new request takes the place of one that can't be changed any more, or that was made before
    the number went and came back; it says what that one said. What the organization said of its
    business before is taken over.
    """
    sender = numbers.sender_by_e164(organization_id, e164)
    if sender is None or not number_rules.is_toll_free(e164):
        raise NotTollFree(f"{phone.show(e164)} is not a toll-free number of yours that is set up.")
    if (existing := queries.of_number(organization_id, e164)) is not None:
        row = locked(existing.tenant, existing.id)
        is_of_now = steps.is_of_holding(row.created_at, sender.ready_at)
        if row.ended_at is None and is_of_now and not queries.ref(row).may_begin_anew:
            return queries.ref(row)
        close(row, actor)
    earlier = queries.requests_of(organization_id, e164)
    known = earlier[0] if earlier else queries.of_organization(organization_id)
    details = known.details if known else _first(organization_id, actor)
    forms = published_forms(organization_id)
    if forms and not details.opt_in_url:
        details = _filled(details, forms[0])
    _insert(organization_id, Kind.TOLL_FREE, e164, details, actor)
    return _found(queries.of_number(organization_id, e164))


def fill_from_form(
    tenant: Tenant, registration_id: UUID, form_id: UUID, *, edits: int, actor: Actor
) -> RegistrationRef:
    """Fill the page about opting in from one of the organization's published forms.

    Raises NotFound, AtTheCarrier or EditedMeanwhile.
    """
    row = _editable(tenant, registration_id, edits)
    form = optin.form_or_404(tenant, form_id)
    details = _filled(Details.from_json(row.details), form)
    return _keep(row, details, actor, "registrations:registration:fill")


def save(
    tenant: Tenant,
    registration_id: UUID,
    changes: Mapping[str, Any],
    *,
    edits: int,
    actor: Actor,
) -> RegistrationRef:
    """Keep what was entered on one page; what is still wrong is told, not refused.

    Raises NotFound, AtTheCarrier or EditedMeanwhile.
    """
    row = _editable(tenant, registration_id, edits)
    details = replace(Details.from_json(row.details), **changes)
    return _keep(row, details, actor, "registrations:registration:edit")


def _editable(tenant: Tenant, registration_id: UUID, edits: int) -> Registration:
    row = locked(tenant, registration_id)
    if row.ended_at is not None:
        raise AtTheCarrier("A newer request took this one's place.")
    if queries.ref(row).may_begin_anew:
        raise AtTheCarrier("Twilio takes no more changes to this request. Begin a new one.")
    if not queries.ref(row).may_be_edited:
        raise AtTheCarrier("This is with the carriers now and can't be changed until they answer.")
    if row.edits != edits:
        raise EditedMeanwhile(
            f"{row.edited_by} saved this since you opened it. What you entered is still here: save "
            "again to keep yours, or reload the page to see theirs."
        )
    return row


def _keep(row: Registration, details: Details, actor: Actor, what: str) -> RegistrationRef:
    before = Details.from_json(row.details).to_json()
    after = details.to_json()
    changed = sorted(name for name, value in after.items() if before[name] != value)
    row.edits += 1
    if changed:
        row.details = after
        row.edited_by, row.edited_at = actor.label[:200], utcnow()
        db.session.flush()  # the audit entry comes last
        audit.record(
            what,
            actor=actor,
            organization_id=row.organization_id,
            subject_id=row.id,
            fields=changed,
        )
    return queries.ref(row)


def _insert(
    organization_id: UUID, kind: Kind, e164: str | None, details: Details, actor: Actor
) -> None:
    insert = (sqlite if is_sqlite() else postgresql).insert(Registration)
    now = utcnow()
    made = db.session.scalar(
        insert.values(
            id=uuid4(),
            organization_id=organization_id,
            kind=kind,
            e164=e164,
            state=State.DRAFT,
            details=details.to_json(),
            edited_by=actor.label[:200],
            edited_at=now,
            created_at=now,
        )
        .on_conflict_do_nothing()  # somebody else begins it at the same moment
        .returning(Registration.id)
    )
    if made is not None:
        audit.record(
            "registrations:registration:begin",
            actor=actor,
            organization_id=organization_id,
            subject_id=made,
            kind=kind.value,
            number=e164,
        )


def _first(organization_id: UUID, actor: Actor) -> Details:
    known = people.organization_settings(organization_id)
    person = people.user(actor.id) if actor.id else None
    return wordings.first_draft(
        organization=known.name,
        sender=known.sender_name,
        domains=known.website_domains,
        name=person.name if person else "",
        email=person.email if person else "",
    )


def _filled(details: Details, form: FormRef) -> Details:
    version = optin.version_or_404(form.tenant, form.id, form.latest)
    base = settings().public_url.rstrip("/")
    said = version.content
    return wordings.with_form(
        details,
        form_id=str(form.id),
        url=f"{base}{form.path}",
        title=said.title or form.name,
        sender=said.sender,
        sender_address=said.sender_address,
        disclosure=version.disclosure,
        privacy_url=said.privacy_url,
        terms_url=said.terms_url,
        image_url=f"{base}{form.path}",
    )


def _found(registration: RegistrationRef | None) -> RegistrationRef:
    assert registration is not None  # it was inserted a moment ago, by us or by somebody else
    return registration
