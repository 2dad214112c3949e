"""Tasks in their simplest right form."""

from datetime import timedelta

from portal.core import clock
from portal.core.audit import SYSTEM
from portal.core.db import unit_of_work
from portal.tasks import service


def make_task(account, title="Call about the offer", *, hours=1, actor=SYSTEM, **more):
    """Return the id of a task that is due in some hours."""
    due_at = clock.utcnow() + timedelta(hours=hours)
    with unit_of_work():
        return service.remind(account, title=title, due_at=due_at, actor=actor, **more)
