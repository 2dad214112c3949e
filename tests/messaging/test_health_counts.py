"""What became of texts is counted by the hour they left, opt-outs at the last text got (H-3)."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select

from portal.compliance.rules.health import Outcomes, Window, hour_of, thresholds_on
from portal.consent import service as consent
from portal.consent.values import Checkbox, Method, NewConsent
from portal.core.db import db, unit_of_work
from portal.gateways import sms
from portal.messaging.models import CauseHour, HealthHour, OptOutCause
from portal.messaging.queries import health
from portal.messaging.service import counting, optouts
from tests.factories.messaging import (
    ALICE_ACTS,
    bulk,
    make_campaign,
    make_ready,
    make_recipient,
    one_to_one,
)
from tests.messaging.talks import hear
from tests.messaging.test_counts import ODD, off
from tests.messaging.world import Carrier, sweep

NAMES = ("created_201", "taken_then_undelivered", "rejected_21211", "opted_out_21610")


class Desk:
    """An account, four people the carrier treats in its ways, and what became of their texts."""

    def __init__(self, account, number, clock):
        self.account, self.number, self.clock = account, number, clock
        self.people = [
            make_recipient(account, number=f"+1312557{place:04d}", first_name=name)
            for place, name in enumerate(NAMES)
        ]
        self.carrier = Carrier(
            {p.number.e164: ODD[name] for p, name in zip(self.people, NAMES, strict=True)}
        )
        sms.use(self.carrier)

    def send(self, *places, draft=None):
        """Confirm a send, have it leave, and hear of its end; return its id."""
        sent = make_campaign(self.account, [self.people[p] for p in places], draft or bulk())
        self.work()
        return sent.id

    def work(self):
        for _ in range(2):
            sweep(self.account)
            self.carrier.call_back(self.account.organization_id)
        sweep(self.account)

    def says(self, place, words="STOP"):
        hear(self.account, words, self.people[place].number.e164)

    def since(self, hours=24):
        db.session.rollback()
        return self.clock.now - timedelta(hours=hours)

    @property
    def outcomes(self):
        return health.outcomes(self.account, self.since())

    @property
    def by_campaign(self):
        return self.campaigns_of(24)

    def campaigns_of(self, hours):
        by, since = thresholds_on(self.clock.now.date()), self.since(hours)
        return {c.id: c.outcomes for c in health.by_campaign(self.account, since, by, 20)}


@pytest.fixture
def desk(northside, clock):
    number = make_ready(northside, more_credits=5_000).e164
    return Desk(northside, number, clock)


def test_what_the_carrier_took_is_counted_by_number_send_and_code(desk):
    sent = desk.send(0, 1, 2)
    assert desk.outcomes == Outcomes(attempted=2, delivered=1, wrong=1)  # one never left
    assert desk.by_campaign == {sent: Outcomes(2, 1, 1)}
    [(number, counted)] = health.by_number(desk.account, desk.since()).items()
    assert (number, counted) == (desk.number, Outcomes(2, 1, 1))
    assert health.by_code(desk.account, desk.since()) == {30003: 1}
    assert off(desk.account) == []


def test_a_text_counts_in_the_hour_it_left_not_in_that_of_its_confirm(desk):
    later = desk.clock.now + timedelta(hours=26)
    make_campaign(desk.account, desk.people[:1], bulk(send_at=later))
    desk.clock.travel(by=timedelta(hours=27))
    desk.work()
    [hour] = health.by_hour(desk.account, desk.since(48))
    assert hour == hour_of(desk.clock.now)
    assert off(desk.account) == []


def test_what_is_older_than_a_window_has_left_it(desk):
    desk.send(0)
    desk.clock.travel(by=timedelta(days=2))
    counted = [
        health.outcomes(
            desk.account, each.since(desk.clock.now, thresholds_on(desk.clock.now.date()))
        )
        for each in Window
    ]
    assert [each.delivered for each in counted] == [0, 1, 1]


def test_an_opt_out_counts_at_the_last_text_the_person_had_got(desk):
    """H-3: one person once, however often they say it; again after they came back."""
    first = desk.send(0, 1)
    desk.clock.travel(by=timedelta(hours=1))
    second = desk.send(0)
    desk.clock.travel(by=timedelta(hours=1))
    desk.says(0)
    desk.says(0)
    assert [desk.by_campaign[each].opted_out for each in (first, second)] == [0, 1]
    desk.says(0, "START")
    desk.says(0)
    assert desk.by_campaign[second].opted_out == 2
    assert desk.outcomes.opted_out == 2
    assert off(desk.account) == []


def test_an_opt_out_after_a_text_to_one_person_is_no_sends(desk):
    sent = desk.send(0, 1)
    desk.clock.travel(by=timedelta(minutes=5))
    desk.send(0, draft=one_to_one("Shall we meet at noon?"))
    desk.clock.travel(by=timedelta(minutes=5))
    desk.says(0)
    assert desk.by_campaign[sent].opted_out == 0
    assert desk.by_campaign[None].opted_out == 1


def test_who_never_got_a_text_opted_out_of_none(desk):
    """A text that was refused or blocked was not got either."""
    desk.says(0)
    desk.send(2)
    desk.says(2)
    assert desk.outcomes == Outcomes()
    assert db.session.scalars(select(OptOutCause)).all() == []


def test_a_list_of_old_opt_outs_is_no_trouble_of_texts_sent_since(desk):
    """Q-7: what was said before the first text is not said of it; what was said after is."""
    sent = desk.send(0, 1)
    said = {0: desk.clock.now - timedelta(days=40), 1: desk.clock.now + timedelta(hours=2)}
    desk.clock.travel(by=timedelta(hours=3))
    with unit_of_work():
        optouts.store_many(
            desk.account.tenant,
            [
                NewConsent(
                    desk.people[place].number.e164,
                    Method.IMPORT,
                    given_at=at,
                    idempotency_key=f"old-{place}",
                )
                for place, at in said.items()
            ],
            import_id=None,
            actor=ALICE_ACTS,
        )
    assert desk.by_campaign[sent].opted_out == 1
    assert off(desk.account) == []


def test_an_opt_out_somebody_entered_counts_when_it_was_said(desk):
    sent = desk.send(0)
    said_at = desk.clock.now + timedelta(minutes=30)
    desk.clock.travel(by=timedelta(hours=30))
    with unit_of_work():
        optouts.enter(
            desk.account.tenant,
            desk.people[0].number.e164,
            method=Method.CALL,
            details="Said so on the phone.",
            said_at=said_at,
            evidence=None,
            actor=ALICE_ACTS,
        )
    assert desk.outcomes.opted_out == 0  # more than a day ago
    assert desk.campaigns_of(48)[sent].opted_out == 1


def test_an_opt_out_the_carrier_knew_first_counts_at_the_text_before(desk):
    """21610: the carrier says so when it refuses a text, and the one before it was the last got."""
    desk.carrier.behaviours.clear()
    sent = desk.send(3)
    desk.carrier.behaviours[desk.people[3].number.e164] = ODD["opted_out_21610"]
    desk.clock.travel(by=timedelta(hours=1))
    refused = desk.send(3)
    assert desk.by_campaign[sent].opted_out == 1
    assert refused not in desk.by_campaign


def test_lost_counts_are_made_anew(desk):
    desk.send(0, 1)
    desk.clock.travel(by=timedelta(minutes=5))
    desk.says(0)
    before = desk.outcomes
    with unit_of_work():
        db.session.execute(delete(HealthHour))
    assert off(desk.account) != []
    with unit_of_work():
        counting.recount(desk.account.tenant)
    assert (desk.outcomes, off(desk.account)) == (before, [])


def test_what_became_of_texts_is_counted_by_who_sent_them_and_where_consent_came_from(desk):
    """H-8: by the record a text rested on; an opt-out at the last text the person had got."""
    with unit_of_work():
        consent.record_consent(
            desk.account.tenant,
            NewConsent(
                desk.people[1].number.e164,
                Method.HOSTED_FORM,
                given_at=desk.clock.now,
                form_name="Open house",
                name="Carol Diaz",
                disclosure_text="I agree to texts from Juniper Realty.",
                checkbox=Checkbox.CHECKED,
            ),
            ALICE_ACTS,
        )
    sent = desk.send(0, 1)
    desk.clock.travel(by=timedelta(minutes=5))
    desk.says(0)
    c = CauseHour
    sums = [func.sum(n) for n in (c.attempted, c.delivered, c.wrong, c.opted_out)]
    shared = (c.campaign_id, c.user_id, c.form_name, c.method, c.from_e164, c.error_code)
    counted = db.session.execute(select(*shared, *sums).group_by(*shared).having(sums[0] > 0))
    who = ALICE_ACTS.id
    assert sorted(map(tuple, counted)) == [
        (sent, who, "", "hosted_form", desk.number, 0, 1, 1, 0, 1),
        (sent, who, "Open house", "", desk.number, 30003, 1, 0, 1, 0),
    ]
    assert off(desk.account) == []
