"""Numbers go back to the carrier once their subscription has ended (B-7)."""

from datetime import timedelta

import pytest

from portal.billing import service as billing
from portal.core.audit import SYSTEM
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.core.errors import GatewayUnclear
from portal.gateways.numbers import Owned
from portal.notifications import queries as notifications
from portal.numbers import queries
from portal.numbers.models import SenderNumber
from portal.numbers.values import SenderState
from tests import cast
from tests.factories.billing import make_subscription
from tests.factories.numbers import make_carrier_account, make_sender
from workers.numbers import release_numbers

E164 = "+13125550160"


@pytest.fixture
def number(lessor, subscribed):
    """A number of Northside that is in use, here and at the carrier."""
    make_carrier_account(subscribed.organization_id)
    sender = make_sender(subscribed, e164=E164)
    lessor.owned[E164] = Owned(sender.carrier_sid, E164, sender.name, "", sender.capabilities)
    return sender


def end(account, clock):
    with unit_of_work():
        billing.cancel(account, actor=SYSTEM)
    clock.travel(by=timedelta(days=31))
    with unit_of_work():
        billing.settle_due(utcnow())


def state(sender):
    db.session.commit()
    return db.session.get(SenderNumber, sender.id).state


def test_a_number_goes_back_when_its_subscription_has_ended(number, subscribed, lessor, clock):
    with unit_of_work():
        billing.cancel(subscribed, actor=SYSTEM)
    assert release_numbers() == 0  # canceled, and still running
    end(subscribed, clock)
    assert release_numbers() == 1
    assert (state(number), lessor.owned) == (SenderState.RELEASED, {})
    assert queries.default_sender(subscribed.id) is None
    [notice] = [n for n in notifications.latest(cast.ALICE) if n.kind == "numbers"]
    assert "was given back" in notice.title
    assert release_numbers() == 0


def test_an_unheard_answer_is_asked_again(number, subscribed, lessor, clock):
    end(subscribed, clock)
    lessor.failures["release"] = [GatewayUnclear("no answer")]
    assert release_numbers() == 0
    assert state(number) is SenderState.READY
    assert release_numbers() == 1


def test_who_subscribes_again_first_keeps_it(number, subscribed, lessor, clock):
    end(subscribed, clock)
    make_subscription(subscribed)
    assert release_numbers() == 0
    assert E164 in lessor.owned


def test_a_number_without_any_subscription_in_its_past_is_left_alone(number, bobs, lessor):
    make_sender(bobs, e164="+13125550199")
    assert release_numbers() == 0
