"""What plans listen to: said once for the process, by `foundation`."""

from portal.drips.service import closing
from portal.messaging.service import happenings


def listen() -> None:
    """Have plans hear of what happens below them; again changes nothing."""
    happenings.CLOSED.heard_by(closing.close)
