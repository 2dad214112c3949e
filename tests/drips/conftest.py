"""What tests of plans share: an account that may send, and time that goes on step by step."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from portal.core.clock import utcnow
from portal.core.db import unit_of_work
from portal.messaging.service import claims
from tests.messaging.conftest import carrier_fake, sender
from workers import drips
from workers.sending import drain

__all__ = ["carrier_fake", "sender"]

ZONE = ZoneInfo("America/Chicago")


@pytest.fixture
def at(clock):
    """Go to a time of Chicago's; the 2nd of March 2026 is a Monday."""

    def go(written):
        clock.travel(to=datetime.fromisoformat(written).replace(tzinfo=ZONE))

    return go


@pytest.fixture
def days_pass(clock, northside, carrier_fake):
    """Let time go on by the quarter of an hour, with all that runs by itself; tell what left when."""
    left = []

    def on(days, every=timedelta(minutes=15)):
        until = utcnow() + timedelta(days=days)
        while utcnow() < until:
            work(northside)
            left.extend(_told(carrier_fake, len(left)))
            clock.travel(by=every)
        return left

    return on


def work(account):
    """Let the sweep run once, and the sender where a text is due."""
    drips.run_plans()
    with unit_of_work():
        is_due = bool(claims.due_accounts())
    if is_due:
        drain(str(account.id))


def _told(carrier, known):
    now = utcnow().astimezone(ZONE)
    return [(now, sent.to, sent.body) for sent in _own(carrier)[known:]]


def _own(carrier):
    return [sent for sent in carrier.sent if "Reply STOP to unsubscribe" not in sent.body]
