"""Mails as tests need them."""

from portal.core.db import unit_of_work
from portal.mail import queries
from portal.mail import service as mail
from portal.mail.values import Outgoing


def kept():
    """Return every mail that still holds its words, newest first."""
    return [opened for ref in queries.latest(500) if (opened := queries.opened(ref.id))]


def make_mail(key="a key", *, to="ana@example.com", **changes):
    """Post a mail in a unit of work of its own and say whether it was new."""
    given = {
        "template": "reset",
        "subject": "Hello",
        "context": {"url": "http://localhost/x"},
    }
    with unit_of_work():
        return mail.post(Outgoing(to=to, key=key, **given | changes))
