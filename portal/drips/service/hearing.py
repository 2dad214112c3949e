"""What plans listen to: said once for the process, by `foundation`."""

from portal.contacts.service import happenings as contacts
from portal.drips.service import closing, stopping
from portal.messaging.service import happenings as messaging


def listen() -> None:
    """Have plans hear of what happens below them; again changes nothing."""
    contacts.REMOVING.heard_by(stopping.removing)
    messaging.OPTED_OUT.heard_by(stopping.opted_out)
    messaging.REPLIED.heard_by(stopping.replied)
    messaging.CLOSED.heard_by(stopping.end_account)
    messaging.CLOSED.heard_by(closing.close)
