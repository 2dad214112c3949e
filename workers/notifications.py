"""Jobs of notices: their mail, at once or in a digest."""

from portal.core.batches import one_by_one
from portal.notifications import queries
from portal.notifications import service as notifications
from workers.runtime import at_once, each, job, together


@job
def mail_notices() -> int:
    """Write the mails of notices nobody looked at yet; a sweep. Return how many were settled."""
    return together(queries.mails_due, notifications.mail_due, "notice %s was not mailed")


@job
def send_digests() -> int:
    """Write the digests whose hour has come; a sweep. Return how many were written."""
    return each(
        one_by_one(queries.digests_due),
        at_once(notifications.send_digest),
        "the digest of user %s was not written",
    )
