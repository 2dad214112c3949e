"""Campaigns paused, resumed, canceled, sent again, and one with a STOP in its middle."""

import random
import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.billing import queries as billing
from portal.consent import queries as consent
from portal.core import audit
from portal.core.db import db, unit_of_work
from portal.gateways.sms import Outcome, Verdict
from portal.messaging import queries
from portal.messaging.errors import TooLate
from portal.messaging.models import Message, MessageAttempt
from portal.messaging.service import campaigns
from portal.messaging.values import State
from portal.texting_accounts import queries as accounts
from portal.texting_accounts import service as account_service
from tests.factories.billing import make_credits
from tests.factories.messaging import (
    ALICE_ACTS,
    make_campaign,
    make_recipient,
    make_recipients,
    one_to_one,
    only_text,
    texts,
)
from tests.messaging.world import says
from workers import messaging
from workers.sending import drain


class TestCampaigns:
    """S-8: pause, resume, cancel; S-10, S-11: send again."""

    def test_a_paused_campaign_waits_and_goes_on(self, northside, sender, carrier_fake):
        campaign = make_campaign(northside, make_recipients(northside, 2))
        with unit_of_work():
            campaigns.pause(northside.tenant, campaign.id, actor=ALICE_ACTS)
        drain(str(northside.id))
        assert carrier_fake.sent == []
        assert {t.reason_code for t in texts(northside)} == {"campaign_paused"}
        for _ in range(2):
            with unit_of_work():
                campaigns.resume(northside.tenant, campaign.id, actor=ALICE_ACTS)
        drain(str(northside.id))
        assert {t.state for t in texts(northside)} == {State.ACCEPTED}

    def test_a_canceled_campaign_is_over(self, northside, sender, carrier_fake):
        campaign = make_campaign(northside, make_recipients(northside, 2))
        with unit_of_work():
            campaigns.cancel(northside.tenant, campaign.id, actor=ALICE_ACTS)
        with pytest.raises(TooLate), unit_of_work():
            campaigns.resume(northside.tenant, campaign.id, actor=ALICE_ACTS)
        drain(str(northside.id))
        assert carrier_fake.sent == []
        assert queries.campaign(northside.tenant, campaign.id).counts == {State.CANCELED: 2}

    def test_an_unconfirmed_text_is_sent_again_only_anyway(
        self, northside, sender, carrier_fake, clock
    ):
        """RULINGS 22, PROMISES 2.4: a new row that names the first."""
        from portal.core.errors import NotAllowed

        carrier_fake.plan(Outcome(Verdict.UNKNOWN))
        make_campaign(northside, [make_recipient(northside)], one_to_one("A {{brace}}"))
        drain(str(northside.id))
        clock.travel(by=timedelta(hours=25))
        messaging.reconcile()
        lost = only_text(northside)
        assert lost.state is State.UNCONFIRMED

        def again(**how):
            with unit_of_work():
                return campaigns.send_again(
                    northside, lost.id, nonce="again", actor=ALICE_ACTS, **how
                )

        with pytest.raises(NotAllowed):
            again()
        again(anyway=True)
        fresh = texts(northside)[-1]
        assert (fresh.resend_of, fresh.body, fresh.state) == (lost.id, lost.body, State.QUEUED)

    def test_another_tenants_campaign_is_missing(self, northside, lakeview, sender):
        from portal.core.errors import NotFound

        campaign = make_campaign(northside, [make_recipient(northside)])
        with pytest.raises(NotFound):
            queries.campaign(lakeview.tenant, campaign.id)
        with pytest.raises(NotFound), unit_of_work():
            campaigns.cancel(lakeview.tenant, campaign.id, actor=ALICE_ACTS)


@pytest.mark.parametrize(
    ("count", "stops", "rounds"),
    [(300, 40, 1), pytest.param(5_000, 500, 20, marks=pytest.mark.soak)],
)
def test_a_stop_race(count, stops, rounds, northside, sender, built_app, carrier_fake):
    """R12: people say STOP while a bulk send runs; none of them is cleared after that."""
    with unit_of_work():
        account_service.set_limits(
            northside.id,
            daily_recipients=count + 1,  # the same people in every round
            daily_segments=2 * rounds * count + 1,
            note="x",
            actor=ALICE_ACTS,
        )
    account = accounts.account(northside.id)
    make_credits(account, 2 * rounds * count)
    people = make_recipients(account, count)
    slow, under_way = carrier_fake.send, threading.Event()

    def send(outgoing, deadline):
        time.sleep(0.02)
        outcome = slow(outgoing, deadline)
        under_way.set()
        return outcome

    carrier_fake.send = send
    for round_ in range(rounds):
        stopping = people[round_ % 7 :: 7][:stops]
        random.Random(round_).shuffle(stopping)  # so STOPs and texts meet all along the way
        under_way.clear()
        stop_race(account, sender, people, stopping, built_app, under_way)
        for person in stopping:  # back in for the next round
            with unit_of_work():
                says(account, sender, person.number.e164, "START")
    assert audit.verify(account.organization_id)[1] is None


def stop_race(account, sender, people, stopping, built_app, under_way):
    """Run one send with its STOPs, said once it is under way, and look at every text of it."""
    before = billing.balance(account.id)
    campaign = make_campaign(account, people)

    def say_stop():
        assert under_way.wait(60)
        with built_app.app_context():
            for person in stopping:
                with unit_of_work():
                    says(account, sender, person.number.e164, "STOP")

    crowd = threading.Thread(target=say_stop)
    crowd.start()
    drain(str(account.id))
    crowd.join()
    while any(t.state is State.QUEUED for t in texts(account, campaign_id=campaign.id)):
        drain(str(account.id))

    started = dict(
        db.session.execute(
            select(Message.e164, MessageAttempt.started_at)
            .join(MessageAttempt, MessageAttempt.message_id == Message.id)
            .where(Message.campaign_id == campaign.id)
        ).all()
    )
    by_number = {t.e164: t for t in texts(account, campaign_id=campaign.id)}
    for person in stopping:
        e164 = person.number.e164
        stopped_at = consent.standing(account.tenant, e164).opted_out_at
        if e164 in started:
            assert started[e164] <= stopped_at
            assert by_number[e164].state is State.ACCEPTED
        else:
            assert by_number[e164].reason_code == "opted_out"
    told_to_stop = {person.number.e164 for person in stopping}
    rest = [t for e164, t in by_number.items() if e164 not in told_to_stop]
    assert {t.state for t in rest} == {State.ACCEPTED}
    assert 0 < len(told_to_stop & started.keys()) < len(stopping)  # some too late, some in time
    blocked = sum(t.state is State.BLOCKED for t in by_number.values())
    books = billing.balance(account.id)
    assert books.reserved == 0
    assert books.spent - before.spent == len(people) - blocked + len(stopping)
    print(f"R12: {len(people)} texts, {len(stopping)} STOPs, {blocked} of them in time, 0 after")
