"""What is done with opt-in forms. Each function belongs inside a unit of work."""

from portal.optin.service.building import (
    begin_form,
    edit_form,
    findings_of,
    publish_form,
    unpublish_form,
)
from portal.optin.service.capturing import capture
from portal.optin.service.confirming import (
    ask_confirmation,
    confirm,
    decline,
    expire_unanswered,
    mark_texted,
)
from portal.optin.service.noting import note_invitation, note_kiosk

__all__ = [
    "ask_confirmation",
    "begin_form",
    "capture",
    "confirm",
    "decline",
    "edit_form",
    "expire_unanswered",
    "findings_of",
    "mark_texted",
    "note_invitation",
    "note_kiosk",
    "publish_form",
    "unpublish_form",
]
