"""What is written down of a form being brought to people (C-2, M-4)."""

from uuid import UUID

from portal.contacts import service as contacts
from portal.core import audit
from portal.core.audit import Actor
from portal.optin.values import FormRef


def note_kiosk(form: FormRef, *, actor: Actor) -> None:
    """Write down who put a form up on a device."""
    _log("optin:kiosk:open", form, actor)


def note_invitation(form: FormRef, email: str, contact_id: UUID | None, *, actor: Actor) -> None:
    """Write down who invites whom, on the contact too."""
    _log("optin:invitation:send", form, actor, email=email)
    if contact_id is not None:
        note = f"Invited by e-mail to sign up on the form “{form.name}”."
        contacts.add_note(form.tenant, contact_id, note, actor=actor)


def _log(event: str, form: FormRef, actor: Actor, **payload: object) -> None:
    audit.record(
        event,
        actor=actor,
        organization_id=form.organization_id,
        account_id=form.account_id,
        subject_id=form.id,
        form=form.name,
        **payload,
    )
