"""All that is heard of a text, in any order, any number of times, in any batches (W1, I10)."""

from collections import defaultdict
from dataclasses import dataclass
from itertools import permutations

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import select

from portal.billing.models import CreditEntry, HouseEntry
from portal.contacts.models import PhoneNumber
from portal.core.db import db, unit_of_work
from portal.gateways.sms import Outcome, Verdict
from portal.messaging.models import Message, MessageAttempt
from portal.messaging.rules.proofs import Evidence, Source
from portal.messaging.service import evidence, outcomes, recovery, statuses
from portal.messaging.service.statuses import Callback
from portal.messaging.values import State
from tests.factories.messaging import make_leaving, make_ready
from tests.factories.numbers import make_carrier_account
from workers.sending import apply_statuses

CALLBACKS = {
    "queued": ("queued", None),
    "sent": ("sent", None),
    "delivered": ("delivered", None),
    "undelivered": ("undelivered", 30003),
    "no such number": ("undelivered", 30005),
    "failed": ("failed", 30008),
}
ANSWERS = {
    "answer": Outcome(Verdict.ACCEPTED, status=201),
    "no answer": Outcome(Verdict.UNKNOWN, detail="ReadTimeoutError"),
}
LISTED = {"listed": State.SENT}
SIX = ("queued", "sent", "delivered", "no such number", "answer", "listed")


@dataclass(frozen=True)
class Story:
    """What is heard of one text: bursts of news, the callbacks of each applied together."""

    text: object
    bursts: tuple

    @property
    def sid(self):
        return f"SM{self.text.message_id.hex}"


def play(account, stories):
    """Let all stories happen side by side, burst by burst."""
    for number in range(max(len(story.bursts) for story in stories)):
        running = [s for s in stories if number < len(s.bursts)]
        for place in range(max(len(s.bursts[number]) for s in running)):
            heard = defaultdict(list)
            for story in running:
                if place < len(story.bursts[number]):
                    heard[story.bursts[number][place]].append(story)
            for news, about in sorted(heard.items()):
                hear(account, news, about)
        apply_statuses()


def hear(account, news, stories):
    """Do what the portal does when it hears this of each story's text."""
    with unit_of_work():
        if news in CALLBACKS:
            status, code = CALLBACKS[news]
            for s in stories:
                statuses.store(
                    Callback(account.organization_id, s.sid, status, code, s.text.message_id, 1, {})
                )
        elif news in LISTED:
            evidence.apply_many(
                [
                    Evidence(s.text.message_id, s.sid, Source.LIST, LISTED[news], attempt=1)
                    for s in stories
                ]
            )
        elif news == "overdue":
            recovery.reap()
        else:
            answer = ANSWERS[news]
            is_accepted = answer.verdict is Verdict.ACCEPTED
            outcomes.record_many(
                [
                    (s.text, Outcome(answer.verdict, s.sid) if is_accepted else answer)
                    for s in stories
                ]
            )


def ends(stories):
    """Return all that is kept of each text once nothing more is heard, its own names left out."""
    db.session.rollback()
    ids = [s.text.message_id for s in stories]
    entries = defaultdict(list)
    for id_, kind, count in db.session.execute(
        select(CreditEntry.message_id, CreditEntry.kind, CreditEntry.credits)
    ):
        entries[id_].append((kind.value, count))
    house = set(db.session.scalars(select(HouseEntry.message_id)))
    unreachable = dict(pairs(PhoneNumber.e164, PhoneNumber.unreachable_code))
    attempts = dict(pairs(MessageAttempt.message_id, MessageAttempt.verdict))
    rows = db.session.execute(select(*Message.__table__.columns)).all()
    by_id = {row.id: row for row in rows}
    found = []
    for id_, story in zip(ids, stories, strict=True):
        row = by_id[id_]
        found.append(
            (
                row.state,
                None if row.sid is None else row.sid == story.sid,
                row.sid_source == Source.LIST,
                row.error_code,
                row.reason_code,
                row.next_check_at is None,
                attempts[id_],
                sorted(entries[id_]),
                id_ in house,
                unreachable.get(row.e164),
            )
        )
    return found


def pairs(*columns):
    return [tuple(row) for row in db.session.execute(select(*columns))]


@pytest.fixture
def leaving(northside, clock):
    """Give texts that are with the carrier, from an account that can pay for all of them."""
    sender = make_ready(northside, more_credits=50_000)
    make_carrier_account(northside.organization_id)
    return lambda count: make_leaving(northside, count, sender)


def test_all_orders_of_five_news_end_the_same(northside, leaving):
    """W1: callbacks, answer and list; state, ledger and number alike. Six are asked of the rule."""
    in_all_orders(northside, leaving, SIX[1:])


@pytest.mark.soak
def test_all_720_orders_of_six_news_end_the_same(northside, leaving):
    in_all_orders(northside, leaving, SIX)


def in_all_orders(account, leaving, news):
    orders = list(permutations(news))
    stories = [
        Story(text, tuple((one,) for one in order))
        for text, order in zip(leaving(len(orders)), orders, strict=True)
    ]
    play(account, stories)
    expected = (
        *(State.DELIVERED, True, False, None, None, True, "accepted"),
        *([("capture", 1), ("reserve", 1)], False, 30005),
    )
    for order, end in zip(orders, ends(stories), strict=True):
        assert end == expected, order


@st.composite
def two_tellings(draw):
    """The same news twice: in two orders, with repeats, in different bursts."""
    proofs = st.lists(st.sampled_from([*CALLBACKS, *LISTED]), min_size=1, max_size=5, unique=True)
    news = draw(proofs) + draw(st.sampled_from([[], ["overdue"]]))
    news.append(draw(st.sampled_from(list(ANSWERS))))
    return news, tuple(telling(draw, news) for _ in range(2))


def telling(draw, news):
    repeats = draw(st.lists(st.sampled_from(news), max_size=4))
    order = draw(st.permutations(news + repeats))
    bursts, start = [], 0
    while start < len(order):
        size = draw(st.integers(1, 4))
        bursts.append(tuple(order[start : start + size]))
        start += size
    return tuple(bursts)


def compare(account, leaving, told):
    """Tell one text each telling of a pair; both must end the same."""
    texts = leaving(2 * len(told))
    tellings = [telling for _, both in told for telling in both]
    stories = [Story(text, bursts) for text, bursts in zip(texts, tellings, strict=True)]
    play(account, stories)
    found = ends(stories)
    for number, (news, both) in enumerate(told):
        first, second = found[2 * number : 2 * number + 2]
        assert first == second, (news, both)


def thorough(examples):
    return hypothesis_settings(
        max_examples=examples,
        phases=(Phase.explicit, Phase.generate),  # with a database: shrinking takes minutes
        suppress_health_check=list(HealthCheck),
    )


@thorough(3)
@given(told=st.lists(two_tellings(), min_size=20, max_size=30))
def test_any_multiset_in_any_bursts_is_its_set(northside, leaving, told):
    compare(northside, leaving, told)


@pytest.mark.soak
@thorough(100)
@given(told=st.lists(two_tellings(), min_size=100, max_size=110))
def test_ten_thousand_multisets_are_their_sets(northside, leaving, told):
    """W1 in full."""
    compare(northside, leaving, told)


def test_a_name_that_was_guessed_for_another_finds_its_text_in_the_same_batch(northside, leaving):
    """The list took X for one text's; the carrier then names both, in one batch of callbacks."""
    one, other = leaving(2)
    x, y = "SM" + "a" * 32, "SM" + "b" * 32
    with unit_of_work():
        evidence.apply(Evidence(one.message_id, x, Source.LIST, State.DELIVERED, attempt=1))
        for sid, text in ((y, one), (x, other)):
            statuses.store(
                Callback(northside.organization_id, sid, "sent", None, text.message_id, 1, {})
            )
    apply_statuses()
    db.session.rollback()
    rows = db.session.execute(select(Message.id, Message.sid, Message.state, Message.sid_source))
    assert {row[0]: tuple(row[1:]) for row in rows} == {
        one.message_id: (y, State.SENT, "callback"),
        other.message_id: (x, State.SENT, "callback"),
    }
