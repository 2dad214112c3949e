"""Texts whose fate is open are shown in plain words: what it means, what it costs, what to do."""

from datetime import timedelta

import pytest

from portal.core.db import unit_of_work
from portal.gateways.sms import Outcome, Verdict
from portal.messaging import queries
from portal.messaging.service import recovery
from tests.cast import ALICE, NORTHSIDE
from tests.factories.messaging import make_campaign, make_recipient, one_to_one
from workers import messaging
from workers.sending import drain


def nothing_said(clock):
    messaging.reconcile()


def a_day_without_a_trace(clock):
    clock.travel(by=timedelta(hours=25))
    messaging.reconcile()
    with unit_of_work():
        recovery.give_up()


def three_days_without_a_receipt(clock):
    clock.travel(by=timedelta(hours=73))


CASES = [
    (Verdict.UNKNOWN, nothing_said, "Checking", "only set aside", "not sent again by itself"),
    (Verdict.UNKNOWN, a_day_without_a_trace, "Not confirmed", "not charged", "Send again anyway"),
    (None, three_days_without_a_receipt, "no receipt", "It was charged", "ask the person"),
]


@pytest.mark.parametrize(("verdict", "then", "label", "cost", "action"), CASES)
def test_it_is_said_on_the_campaign_in_the_talk_and_on_the_timeline(
    verdict, then, label, cost, action, northside, sender, carrier_fake, clock, browser
):
    if verdict is not None:
        carrier_fake.plan(Outcome(verdict))
    person = make_recipient(northside)
    made = make_campaign(northside, [person], one_to_one())
    drain(str(northside.id))
    then(clock)
    alice = browser(ALICE)
    [talk] = queries.conversations(northside.tenant).rows
    campaign = alice.get("messaging.campaign", account_id=NORTHSIDE, campaign_id=made.id).text
    thread = alice.get("messaging.conversation", account_id=NORTHSIDE, conversation_id=talk.id).text
    timeline = alice.get(
        "messaging.contact", account_id=NORTHSIDE, contact_id=person.contact.id
    ).text
    for page in (campaign, thread, timeline):
        assert label.lower() in page.lower()
        assert cost.lower() in page.lower()
    assert action in thread
