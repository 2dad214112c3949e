"""Planning and confirming a send: who goes, what it costs, and that it is done once (S-1, T0)."""

from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.billing import queries as billing
from portal.billing.errors import NotEnoughCredits
from portal.consent.values import Method
from portal.core import audit
from portal.core.clock import utcnow
from portal.core.db import unit_of_work
from portal.messaging import queries
from portal.messaging.errors import (
    CostChanged,
    EmptyText,
    LimitChoiceNeeded,
    NonceReused,
    NothingToSend,
    TextRefused,
)
from portal.messaging.rules.allotment import DayRoom
from portal.messaging.rules.merge import MergeError
from portal.messaging.service import limits, sending
from portal.messaging.service.planning import plan, shut_gates
from portal.messaging.values import Fate, Kind, State
from portal.texting_accounts import queries as accounts
from portal.texting_accounts import service as account_service
from tests.factories.messaging import (
    ALICE_ACTS,
    bulk,
    make_campaign,
    make_recipient,
    make_recipients,
    one_to_one,
    texts,
)


def planned(account, recipients, draft):
    return plan(account, recipients, draft, utcnow())


def fates(found):
    return [(t.outcome, t.gate.code if t.gate else None) for t in found.texts]


def test_a_plan_says_who_goes_and_who_does_not_and_why(northside, sender):
    """S-1: counts, reasons, cost and what is left, before anything is sent."""
    people = [
        make_recipient(northside),
        make_recipient(northside, method=None),
        make_recipient(northside, number=""),
        make_recipient(northside, method=Method.AGENT_STATED),
    ]
    found = planned(northside, people, bulk())
    assert fates(found) == [
        (Fate.GO, None),
        (Fate.BLOCKED, "consent_missing"),
        (Fate.BLOCKED, "invalid_number"),
        (Fate.BLOCKED, "consent_insufficient"),
    ]
    assert (found.go, found.blocked, found.credits) == (1, 3, 1)
    assert (found.available, found.balance_after) == (500, 499)
    assert [(r.gate.code, r.count) for r in found.reasons if r.gate.code == "invalid_number"]
    assert found.counters.recipients_limit == 200
    assert (found.recipients_taken, found.segments_taken) == (1, 1)


def test_cost_is_by_the_merged_text_and_by_class(northside, sender):
    """S-9, R-1, R-2, R-8: an emoji and a long name cost where they stand."""
    with unit_of_work():
        limits.allow_country(northside, 44, actor=ALICE_ACTS)
    people = [
        make_recipient(northside, first_name="Al"),
        make_recipient(northside, first_name="A" * 100),
        make_recipient(northside, number="+447911123456", first_name="Di"),
    ]
    found = planned(northside, people, bulk("Hi {first_name}, " + "x" * 100))
    assert [t.credits for t in found.texts] == [1, 2, 2]
    assert [(c.label, c.people, c.credits_each) for c in found.classes] == [
        ("United States, Canada and Caribbean", 1, 1),
        ("United States, Canada and Caribbean", 1, 2),
        ("Other countries", 1, 2),
    ]
    emoji = planned(northside, people[:1], bulk("Hi {first_name} 😀" + "x" * 70))
    assert (emoji.texts[0].credits, emoji.forcing) == (2, ("😀",))


def test_a_missing_value_blocks_or_falls_back_as_chosen(northside, sender):
    """S-9."""
    person = make_recipient(northside, first_name="", last_name="Diaz")
    template = "Hi {first_name}!"
    assert fates(planned(northside, [person], bulk(template))) == [(Fate.BLOCKED, "missing_value")]
    assert planned(northside, [person], bulk(template, missing="fallback")).texts[0].body == (
        "Hi there!"
    )
    own = bulk(template, missing="fallback", fallbacks={"first_name": "neighbor"})
    assert planned(northside, [person], own).texts[0].body == "Hi neighbor!"


@pytest.mark.parametrize(
    ("body", "error"),
    [("", EmptyText), ("   ", EmptyText), ("Hi {first", MergeError), ("Hi {nonsense}", MergeError)],
)
def test_a_bad_text_is_refused_in_words(body, error, northside, sender):
    with pytest.raises(error) as refusal:
        planned(northside, [], bulk(body))
    assert refusal.value.status == 400


def test_an_account_that_may_not_send_stops_everything(bobs):
    """S-2: no subscription, and the way to one."""
    person = make_recipient(bobs)
    found = planned(bobs, [person], bulk())
    assert (found.stopper.code, found.stopper.fix_endpoint) == (
        "no_subscription",
        "billing.marketplace",
    )
    with pytest.raises(TextRefused, match="active subscription"):
        make_campaign(bobs, [person])


def test_a_foreign_number_needs_its_country_switched_on(northside, sender, clock):
    """S-2: then 100 a day by default."""
    clock.travel(by=timedelta(hours=22))  # four in London, within the strictest hours (P-3)
    person = make_recipient(northside, number="+447911123456")
    assert fates(planned(northside, [person], bulk()))[0][1] == "region_blocked"
    with unit_of_work():
        limits.allow_country(northside, 44, daily_limit=1, actor=ALICE_ACTS)
    assert planned(northside, [person], bulk()).go == 1
    make_campaign(northside, [person])
    another = make_recipient(northside, number="+447911123457")
    assert fates(planned(northside, [another], bulk())) == [(Fate.HELD, "daily_country")]


def test_confirming_reserves_all_and_stores_everybody(northside, sender):
    """T0, S-11: rows for who goes and for who doesn't; one audit entry for all."""
    people = [make_recipient(northside), make_recipient(northside, method=None)]
    campaign = make_campaign(northside, people)
    assert campaign.counts == {State.QUEUED: 1, State.BLOCKED: 1}
    assert (campaign.credits, campaign.people) == (1, 2)
    assert billing.balance(northside.id).reserved == 1
    blocked = queries.campaign_rows(northside.tenant, campaign.id, frozenset({State.BLOCKED})).rows
    assert [(row.reason_code, row.credits) for row in blocked] == [("consent_missing", 1)]
    assert audit.verify(northside.organization_id)[1] is None


def test_a_double_click_is_one_campaign(northside, sender):
    """I9."""
    people = [make_recipient(northside)]
    first = make_campaign(northside, people, nonce="once")
    assert make_campaign(northside, people, nonce="once").id == first.id
    assert len(texts(northside)) == 1
    assert billing.balance(northside.id).reserved == 1


def test_a_nonce_stands_for_one_text(northside, sender):
    people = [make_recipient(northside)]
    make_campaign(northside, people, nonce="once")
    with pytest.raises(NonceReused):
        make_campaign(northside, people, bulk("Another text"), nonce="once")


def test_the_cost_shown_is_the_cost_taken(northside, sender):
    """R-8: what changed since it was shown is shown again."""
    person = make_recipient(northside)
    shown = planned(northside, [person], bulk())

    def send(key, draft=None):
        with unit_of_work():
            return sending.confirm(
                northside,
                [person],
                draft or bulk(),
                nonce=uuid4().hex,
                shown_key=key,
                actor=ALICE_ACTS,
            )

    with pytest.raises(CostChanged):
        send(shown.key, bulk("Something else"))
    assert send(shown.key).credits == shown.credits


def test_a_send_without_enough_credits_is_refused_whole(northside, sender):
    """PROMISES 3.2: with the exact shortfall, nothing written."""
    people = make_recipients(northside, 2)
    dear = bulk("x" * 1600 * 4)  # 4 parts of 10 credits
    make_campaign(northside, people[:1], bulk("y" * 1600 * 4))
    needed = planned(northside, people, bulk("x" * 7000))
    assert needed.shortfall == 0
    with unit_of_work():
        account_service.set_limits(
            northside.id, daily_recipients=200, daily_segments=100_000, note="x", actor=ALICE_ACTS
        )
    account = accounts.account(northside.id)
    many = make_recipients(account, 0) + people * 1
    for _ in range(5):
        make_campaign(account, many, dear)
    with pytest.raises(NotEnoughCredits) as refusal:
        make_campaign(account, many, dear)
    assert (refusal.value.needed, refusal.value.available) == (80, 60)
    assert billing.balance(account.id).reserved == 440


def test_nobody_to_text_is_said(northside, sender):
    with pytest.raises(NothingToSend):
        make_campaign(northside, [])
    with pytest.raises(NothingToSend):
        make_campaign(northside, [make_recipient(northside, method=None) for _ in range(2)])


def test_one_person_who_may_not_be_texted_is_named_with_the_gate(northside, sender):
    with pytest.raises(TextRefused, match="no record that this person agreed"):
        make_campaign(northside, [make_recipient(northside, method=None)], one_to_one())


def test_the_same_number_twice_on_a_list_gets_one_text(northside, sender):
    person = make_recipient(northside)
    campaign = make_campaign(northside, [person, person])
    assert campaign.counts == {State.QUEUED: 1, State.BLOCKED: 1}


class TestDailyLimits:
    """S-5, RULINGS 16: nothing passes a limit."""

    @pytest.fixture
    def tight(self, northside, sender):
        with unit_of_work():
            account_service.set_limits(
                northside.id, daily_recipients=2, daily_segments=10, note="x", actor=ALICE_ACTS
            )
        return accounts.account(northside.id)

    def test_a_bulk_send_over_the_limit_asks_what_to_do(self, tight):
        with pytest.raises(LimitChoiceNeeded, match="3 people"):
            make_campaign(tight, make_recipients(tight, 5))

    def test_trim_leaves_out_whoever_is_beyond(self, tight):
        campaign = make_campaign(tight, make_recipients(tight, 5), bulk(over_limit="trim"))
        assert campaign.counts == {State.QUEUED: 2, State.BLOCKED: 3}
        assert queries.counters(tight, utcnow()).recipients == 2

    def test_spread_goes_on_over_the_next_days(self, tight):
        people = make_recipients(tight, 5)
        found = planned(tight, people, bulk(over_limit="spread"))
        assert [(share.people) for share in found.days] == [2, 2, 1]
        campaign = make_campaign(tight, people, bulk(over_limit="spread"))
        assert campaign.counts == {State.QUEUED: 2, State.HELD: 3}
        assert campaign.credits == 5  # reserved now
        held = texts(tight, state=State.HELD)
        assert [t.held_until.isoformat() for t in held] == [
            "2026-03-03T15:00:00+00:00",
            "2026-03-03T15:00:00+00:00",
            "2026-03-04T15:00:00+00:00",
        ]

    def test_a_one_to_one_text_over_the_limit_waits_for_tomorrow(self, tight):
        make_campaign(tight, make_recipients(tight, 2))
        late = make_recipient(tight)
        assert make_campaign(tight, [late], one_to_one()).counts == {State.HELD: 1}

    def test_a_second_text_to_the_same_person_takes_no_second_place(self, tight):
        people = make_recipients(tight, 2)
        make_campaign(tight, people)
        assert make_campaign(tight, people, bulk("And again")).counts == {State.QUEUED: 2}
        assert queries.counters(tight, utcnow()).recipients == 2

    def test_segments_are_limited_too(self, tight):
        person = make_recipient(tight)
        make_campaign(tight, [person], bulk("x" * 1500))  # 10 segments
        assert fates(planned(tight, [person], bulk("y")))[0][1] == "daily_segments"

    def test_what_is_canceled_gives_its_place_back(self, tight):
        from portal.messaging.service import campaigns

        campaign = make_campaign(tight, make_recipients(tight, 2))
        with unit_of_work():
            report = campaigns.cancel(tight.tenant, campaign.id, actor=ALICE_ACTS)
        assert (report.canceled, report.credits_back) == (2, 2)
        assert queries.counters(tight, utcnow()).recipients == 0
        assert queries.counters(tight, utcnow()).segments == 0
        assert billing.balance(tight.id).reserved == 0


def test_a_long_text_becomes_parts_that_wait_for_each_other(northside, sender, carrier_fake):
    """R-4."""
    from workers.sending import drain

    campaign = make_campaign(northside, [make_recipient(northside)], bulk("word " * 700))
    rows = texts(northside)
    assert [(t.part, t.parts, t.state, t.reason_code) for t in rows] == [
        (1, 3, State.QUEUED, None),
        (2, 3, State.HELD, "part_waits"),
        (3, 3, State.HELD, "part_waits"),
    ]
    assert campaign.credits == sum(t.credits for t in rows)
    for _ in range(3):
        drain(str(northside.id))
    sent = [out.body for out in carrier_fake.sent if out.body.startswith("word")]
    assert "".join(sent) == "word " * 700
    assert {t.state for t in texts(northside)} == {State.ACCEPTED}


def test_a_scheduled_send_waits_for_its_time(northside, sender, carrier_fake, clock):
    """S-8."""
    from workers.sending import drain

    later = utcnow() + timedelta(hours=3)
    make_campaign(northside, [make_recipient(northside)], bulk(send_at=later))
    drain(str(northside.id))
    assert carrier_fake.sent == []
    clock.travel(by=timedelta(hours=3, minutes=1))
    drain(str(northside.id))
    assert len(carrier_fake.sent) >= 1


def test_may_i_text_names_every_shut_gate(northside, sender):
    person = make_recipient(northside, method=None, number="+447911123456")
    codes = [g.code for g in shut_gates(northside, person, Kind.ONE_TO_ONE, utcnow())]
    assert codes == ["region_blocked", "consent_missing"]
    assert shut_gates(northside, make_recipient(northside), Kind.BULK, utcnow()) == []


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(1, 4), st.booleans()), max_size=40),
    st.integers(0, 8),
    st.integers(0, 20),
)
def test_a_day_never_gives_more_than_it_has(wishes, recipients, segments):
    """I7, whatever is asked and in any order."""
    room = DayRoom(utcnow().date(), recipients, segments, segments // 10)
    people, used = set(), 0
    for who, size, is_reply in wishes:
        e164 = f"+1312555{who:04d}"
        if room.fits(e164, size, 1, is_reply=is_reply):
            room.take(e164, size, 1, is_reply=is_reply)
            used += size
            if not is_reply:
                people.add(e164)
    assert len(people) <= recipients
    assert used <= segments + segments // 10
    assert room.recipients >= 0 and room.segments >= 0 and room.replies >= 0
