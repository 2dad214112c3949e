"""What plans listen to: said once for the process, by `foundation`."""

from portal.contacts.service import happenings as contacts
from portal.drips.service import closing, moving, stopping, triggering
from portal.messaging.service import happenings as messaging
from portal.optin.service import happenings as forms
from portal.texting_accounts import service as accounts


def listen() -> None:
    """Have plans hear of what happens below them; again changes nothing."""
    contacts.TAGGED.heard_by(triggering.tagged)
    contacts.CAME.heard_by(triggering.came)
    contacts.PLAN_WISHED.heard_by(triggering.wished)
    forms.SIGNED_UP.heard_by(triggering.signed_up)
    messaging.LEAD.heard_by(triggering.came)
    contacts.REMOVING.heard_by(stopping.removing)
    messaging.OPTING_OUT.heard_by(stopping.lock_places_of)
    messaging.OPTED_OUT.heard_by(stopping.opted_out)
    messaging.REPLIED.heard_by(stopping.replied)
    messaging.CLOSED.heard_by(stopping.end_account)
    messaging.CLOSED.heard_by(closing.close)
    accounts.ZONE_CHANGED.heard_by(moving.move)
