"""What one person may use of a shared account's credits a month (SPEC 1)."""

from datetime import timedelta
from uuid import uuid4

import pytest

from portal.billing import queries as billing
from portal.core.audit import SYSTEM, Actor
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.messaging.errors import TextRefused
from portal.messaging.queries import contact_page
from portal.messaging.rules.price import Share
from portal.messaging.service import campaigns, limits, sending, shares
from portal.messaging.values import Gate
from portal.texting_accounts import service as accounts
from tests import cast
from tests.factories.drips import enrol, make_drip, text_step
from tests.factories.messaging import (
    bulk,
    make_campaign,
    make_recipient,
    make_recipients,
    one_to_one,
    texts,
)
from tests.meanwhile import all_at_once
from tests.messaging.composer import HI, Composer, press
from tests.messaging.talks import hear
from workers import drips

BOB_ACTS = Actor(cast.BOB, "Bob")


@pytest.fixture
def capped(northside, sender):
    """Bob may use three credits a month."""
    cap(northside, 3)
    return northside


def cap(account, credits_a_month):
    with unit_of_work():
        accounts.add_account_member(account.id, cast.BOB, monthly_cap=credits_a_month, actor=SYSTEM)


def text(account, recipients, draft=None, actor=BOB_ACTS):
    with unit_of_work():
        return sending.confirm(
            account, recipients, draft or bulk(), nonce=uuid4().hex, shown_key=None, actor=actor
        )


def left(account):
    db.session.rollback()
    return shares.share_of(account, cast.BOB, utcnow()).left


def test_a_send_beyond_it_is_refused_whole_and_says_what_is_left(capped):
    people = make_recipients(capped, 5)
    text(capped, people[:2])
    with pytest.raises(TextRefused) as refused:
        text(capped, people[2:4])
    assert refused.value.gate.code == "member_cap"
    assert str(refused.value.gate.sentence) == (
        "This send needs 2 credits, and of your 3 a month in this account 1 is left. A team lead "
        "can raise your cap; a new month begins on the 1st."
    )
    assert (len(texts(capped)), billing.balance(capped.id).reserved, left(capped)) == (2, 2, 1)
    text(capped, people[4:])
    assert left(capped) == 0


def test_an_answer_counts_too_and_a_cap_of_nothing_lets_nothing_go(capped):
    cap(capped, 0)
    with pytest.raises(TextRefused, match="of your 0 a month"):
        text(capped, [make_recipient(capped)], one_to_one())


def test_a_reply_can_be_written_meanwhile_as_where_credits_are_short(capped):
    """It says why; a new month or a lead frees it, so nothing is shut for good."""
    gate = Share(3, 3).gate(1)
    box = contact_page.reply_box([gate], may_record=True)
    assert (box.state, box.gate) == ("write", gate)
    asks = Gate("consent_missing", "There is no record.")
    assert contact_page.reply_box([asks, gate], may_record=True).state == "ask"


def test_what_others_plans_and_people_send_draws_on_the_account_alone(capped, carrier_fake):
    make_campaign(capped, make_recipients(capped, 4))  # Alice has no cap
    enrol(capped, make_drip(capped, [text_step(0, None)]), make_recipient(capped))
    drips.run_plans()
    hear(capped)
    assert left(capped) == 3


def test_what_is_canceled_comes_back(capped):
    sent = text(capped, make_recipients(capped, 3))
    assert left(capped) == 0
    with unit_of_work():
        campaigns.cancel(capped.tenant, sent.id, actor=BOB_ACTS)
    assert left(capped) == 3


def test_a_new_month_begins_anew(capped, clock):
    text(capped, make_recipients(capped, 3))
    clock.travel(by=timedelta(days=31))
    assert left(capped) == 3


def test_a_cap_that_was_lowered_leaves_nothing_and_none_asks_for_nothing(capped):
    people = make_recipients(capped, 5)
    text(capped, people[:3])
    cap(capped, 1)
    assert left(capped) == 0
    cap(capped, None)
    text(capped, people[3:])
    assert shares.share_of(capped, cast.BOB, utcnow()) is None


def test_two_sends_at_once_do_not_pass_it_together(app, capped):
    """Each for another day, so no day's limit has one wait for the other."""
    now = utcnow()
    people = make_recipients(capped, 4)
    assert limits.day_of(capped, now) != limits.day_of(capped, now + timedelta(days=2))

    def one(some, days):
        def work():
            later = bulk(send_at=now + timedelta(days=days))
            try:
                text(capped, some, later)
            except TextRefused as refusal:
                return refusal.gate.code
            return "sent"

        return work

    ends = all_at_once(app, one(people[:2], 1), one(people[2:], 2))
    assert sorted(ends) == ["member_cap", "sent"]
    assert left(capped) == 1


def test_the_composer_shows_what_is_left_and_why_it_is_not_enough(bob, capped):
    where = Composer(bob, capped)(make_recipients(capped, 4), HI)
    reply = bob.get("messaging.compose", **where)
    assert "Your credits this month" in reply.text_of("#limit-meters")
    assert "of your 3 a month in this account 3 are left" in reply.text_of("#action-sum")
    assert press(bob, "send", 303, data={"body": HI}, **where)  # shows the cost first
    assert "of your 3 a month" in press(bob, "send", 409, data={"body": HI}, **where).text
    assert texts(capped) == []
