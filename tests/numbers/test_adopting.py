"""A number that came from elsewhere is taken in once, and sends when its campaign covers it (N-2, N-3)."""

import pytest

from portal.core.audit import SYSTEM
from portal.core.db import unit_of_work
from portal.numbers import queries
from portal.numbers import service as numbers
from portal.numbers.errors import NumberTaken
from portal.numbers.values import Arrival, Capabilities
from tests.factories.numbers import make_carrier_account, make_sender

ARRIVAL = Arrival("+13125550111", "Old line", "PN" + "7" * 32, Capabilities(sms=True), "move-1")


def adopt(account, arrival=ARRIVAL):
    with unit_of_work():
        return numbers.adopt(account.tenant, arrival, actor=SYSTEM)


def test_an_arrival_is_taken_in_once_and_cannot_send_at_first(northside):
    make_carrier_account(northside.organization_id)
    first, again = adopt(northside), adopt(northside)
    assert first.id == again.id
    assert (first.is_ready, first.may_send, first.is_default) == (True, False, True)
    assert queries.sender_by_e164(northside.organization_id, ARRIVAL.e164).id == first.id


@pytest.mark.parametrize(
    ("e164", "has_campaign", "may_send"),
    [
        ("+13125550111", True, True),
        ("+13125550111", False, False),
        ("+18335550111", True, False),  # verified by itself
    ],
)
def test_once_it_joined_the_campaign_decides(northside, e164, has_campaign, may_send):
    make_carrier_account(northside.organization_id)
    with unit_of_work():
        numbers.note_campaign(northside.organization_id, is_live=has_campaign)
    sender = adopt(northside, Arrival(e164, "x", ARRIVAL.carrier_sid, ARRIVAL.capabilities, "k"))
    with unit_of_work():
        numbers.note_joined(sender.tenant, sender.id)
    assert queries.sender(sender.id).may_send is may_send


def test_what_somebody_here_has_is_not_taken_in_twice(northside, lakeview):
    make_sender(lakeview, ARRIVAL.e164)
    with pytest.raises(NumberTaken):
        adopt(northside)
    assert queries.senders(northside.id) == []
