"""All accounts of an organization share the day of its registered brand (S-5, FACTS 5.5)."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.messaging.models import DailyBrand, Message
from portal.messaging.rules.brand import Leaving, foresee
from portal.messaging.values import State
from portal.notifications.models import Notice
from portal.registrations.models import Registration
from portal.registrations.rules import tiers
from portal.registrations.values import Details, Kind
from portal.registrations.values import State as Stands
from tests import cast
from tests.factories.messaging import (
    clear,
    make_campaign,
    make_ready,
    make_recipients,
    take,
    texts,
)
from tests.messaging.composer import Composer, press


@pytest.fixture
def registered(northside):
    """Northside's organization with a brand that may send 1,600 segments a day."""
    make_ready(northside)
    with unit_of_work():
        db.session.add(
            Registration(
                organization_id=cast.JUNIPER,
                kind=Kind.A2P,
                state=Stands.REGISTERED,
                details=Details().to_json(),
            )
        )
    return northside


def sent(count, at=None):
    """Say that so many segments left under the brand today."""
    with unit_of_work():
        day = tiers.day_of(at or utcnow())
        row = db.session.get(DailyBrand, (cast.JUNIPER, day))
        if row is None:
            row = DailyBrand(organization_id=cast.JUNIPER, day=day)
            db.session.add(row)
        row.segments = count


def used():
    return db.session.scalar(
        select(DailyBrand.segments).where(DailyBrand.day == tiers.day_of(utcnow()))
    )


def leave(account, count=3):
    make_campaign(account, make_recipients(account, count))
    return [clear(claim) for claim in take(account)]


def reasons(account):
    return [text.reason_code for text in texts(account) if text.state is State.HELD]


def test_what_leaves_is_counted_for_the_brand(registered):
    left = [one for one in leave(registered) if one]
    assert used() == len(left) * texts(registered)[0].segments
    assert reasons(registered) == []


def test_nothing_passes_the_brands_day_and_the_rest_waits_for_midnight_pacific(registered):
    size = 1
    sent(tiers.daily_cap(None) - size)
    left = leave(registered)
    held = [text for text in texts(registered) if text.reason_code == "brand_segments"]
    assert held
    assert used() <= tiers.daily_cap(None)
    assert len([one for one in left if one]) + len(held) == 3
    assert {text.held_until for text in held} == {tiers.next_day(utcnow()).astimezone(UTC)}
    assert "all accounts together" in held[0].reason


def test_an_organization_without_a_registered_brand_has_no_such_day(northside):
    make_ready(northside)
    leave(northside)
    assert used() is None


def test_a_reply_may_draw_on_what_is_beyond_our_cap_but_not_beyond_the_carriers(registered):
    """S-5: nobody is left unanswered."""
    make_campaign(registered, make_recipients(registered, 2))
    with unit_of_work():
        db.session.execute(db.update(Message).values(is_reply=True))
    sent(tiers.daily_cap(None))
    [first, second] = take(registered)
    assert clear(first) is not None
    sent(tiers.carrier_cap(None))
    assert clear(second) is None
    assert reasons(registered) == ["brand_segments"]


def test_the_next_day_begins_at_midnight_pacific(registered, clock):
    clock.travel(to=datetime(2026, 3, 3, 7, 58, tzinfo=UTC))
    sent(tiers.daily_cap(None))
    clock.travel(by=timedelta(minutes=3))
    assert used() is None


@pytest.mark.parametrize(("before", "share"), [(799, 50), (1119, 70)])
def test_half_and_seventy_percent_are_told_once_to_leads_and_officers(registered, before, share):
    sent(before)
    leave(registered, 3)  # one of them passes the mark
    told = db.session.scalars(select(Notice).where(Notice.kind == "trouble")).all()
    assert {notice.user_id for notice in told} == {cast.ALICE, cast.VERA}
    assert {notice.title[:4] for notice in told} == {f"{share} %"}
    assert len(told) == 2


NOW = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("texts", "used", "people", "days", "left"),
    [
        ([(0, 1)] * 3, 1_597, 0, 0, 0),  # just fits
        ([(0, 1)] * 3, 1_598, 1, 1, 2),
        ([(0, 2)] * 3, 1_599, 3, 1, 1),
        ([(0, 1)] * 3_300, 0, 1_700, 2, 1_600),  # spills over two days
        ([(2, 1)] * 3, 1_600, 0, 0, 0),  # another day, which is empty
        ([(0, 1), (1, 1_600)], 1_600, 2, 2, 0),  # who waits takes the place of who comes later
    ],
)
def test_who_will_wait_for_the_brands_next_days_is_foreseen(texts, used, people, days, left):
    """S-5: how many, and until when."""
    leaving = [Leaving(NOW + timedelta(days=day), size, is_reply=False) for day, size in texts]
    found = foresee(leaving, used, None, NOW)
    if not people:
        assert found is None
        return
    begins = datetime(2026, 3, 2 + days, 8, 0, tzinfo=UTC)  # midnight Pacific
    assert (found.people, found.until, found.left) == (people, begins, left)


def test_a_reply_waits_for_the_carriers_cap_alone():
    reply = [Leaving(NOW, 1, is_reply=True)]
    assert foresee(reply, 1_999, None, NOW) is None
    assert foresee(reply, 2_000, None, NOW).people == 1


def test_the_composer_says_how_many_will_wait_for_the_brand_and_until_when(registered, alice):
    sent(tiers.daily_cap(None) - 1)
    compose = Composer(alice, registered)
    where = compose(make_recipients(registered, 3), "Hi {first_name}, open house on Saturday.")
    reply = alice.follow(press(alice, "cost", 303, {"body": compose.draft(where).body}, **where))
    said = reply.text_of("#brand-wait")
    assert said.startswith("2 Of those who go will wait for another day of your brand")
    assert "1,600 segments a day" in said
    assert "1 is left" in said
    sent(0)
    reply = alice.get("messaging.compose", **where)
    assert reply.page.select_one("#brand-wait") is None
