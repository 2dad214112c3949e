"""The running counts say what the texts say, whatever happens in whatever order (M-3, I11)."""

from datetime import date, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import delete, event, func, select

from portal.core import clock as core_clock
from portal.core.audit import SYSTEM
from portal.core.db import db, part_of_work, unit_of_work
from portal.doctor.queries.counts import counted_otherwise
from portal.doctor.queries.looking import Look
from portal.gateways import sms
from portal.messaging.models import BasisDay, CampaignCount, FormDay, Message, ReceivedDay, TextDay
from portal.messaging.rules.stages import LEFT, STAGES, WENT_WRONG, Stage
from portal.messaging.service import campaigns, counting, recovery
from portal.messaging.values import Kind, State
from portal.texting_accounts import service as accounts
from tests.cast import ALICE
from tests.factories.messaging import (
    ALICE_ACTS,
    bulk,
    make_campaign,
    make_ready,
    make_recipient,
    make_recipients,
    one_to_one,
)
from tests.messaging.talks import hear
from tests.messaging.world import BEHAVIOURS, Behaviour, Carrier, sweep

ODD = {
    **BEHAVIOURS,
    "failed_later": Behaviour(True, final="failed"),
    "unsubscribed": Behaviour(takes=True),
}
PEOPLE = list(ODD)


def off(account):
    """Return what the doctor finds wrong with the counts of an account."""
    db.session.rollback()
    look = Look(account.organization_id, account.id, core_clock.utcnow())
    return [found.sentence for found in counted_otherwise(look)]


def total(model, column="texts", **where):
    db.session.rollback()
    wanted = select(func.coalesce(func.sum(getattr(model, column)), 0)).filter_by(**where)
    return db.session.scalar(wanted)


@pytest.fixture
def living(northside, clock):
    """An account, people the carrier treats in every way, and what may happen to them."""
    make_ready(northside, more_credits=50_000)
    people = [
        make_recipient(northside, number=f"+1312557{place:04d}", first_name=name)
        for place, name in enumerate(PEOPLE)
    ]
    carrier = Carrier({p.number.e164: ODD[n] for n, p in zip(PEOPLE, people, strict=True)})
    sms.use(carrier)
    return Life(northside, people, carrier, clock)


class Life:
    """What may happen to an account, one thing at a time."""

    def __init__(self, account, people, carrier, clock_):
        self.account, self.people, self.carrier, self.clock = account, people, carrier, clock_
        self.sent = []

    def send(self, who):
        some = [p for place, p in enumerate(self.people) if who >> place & 1]
        if some:
            self._confirm(some, bulk())

    def text_one(self, who):
        self._confirm([self.people[who % len(self.people)]], one_to_one())

    def send_long(self, who):
        self._confirm([self.people[who % len(self.people)]], bulk("A long story. " * 120))

    def work(self, _):
        sweep(self.account)

    def call_back(self, how):
        self.carrier.call_back(
            self.account.organization_id, reverse=bool(how & 1), twice=bool(how & 2)
        )
        if how & 4:
            self.carrier.callbacks.clear()

    def wait(self, how):
        self.clock.travel(by=timedelta(minutes=(1, 20, 300, 1500)[how % 4]))
        with unit_of_work():
            recovery.refund_failed(recovery.to_refund())

    def cancel(self, which):
        if self.sent:
            with unit_of_work():
                campaigns.cancel(
                    self.account.tenant, self.sent[which % len(self.sent)], actor=ALICE_ACTS
                )

    def reply(self, how):
        words = ("STOP", "Is it still there?", "START", "HELP")[how % 4]
        hear(self.account, words, self.people[-1].number.e164)

    def _confirm(self, people, draft):
        try:
            self.sent.append(make_campaign(self.account, people, draft).id)
        except Exception as refused:  # limits, hours, an opt-out: nothing may be counted then
            assert type(refused).__module__.endswith("errors"), refused


STEPS = st.tuples(
    st.sampled_from(
        ["send", "text_one", "send_long", "work", "work", "call_back", "wait", "cancel", "reply"]
    ),
    st.integers(0, 2 ** len(PEOPLE) - 1),
)


def live_through(living, steps):
    for name, how in steps:
        getattr(living, name)(how)
        assert off(living.account) == []
    counted = total(TextDay, account_id=living.account.id)
    assert counted == db.session.scalar(
        select(func.count()).where(Message.account_id == living.account.id)
    )


OF_ONE_LIFE = {  # each example goes on where the one before it ended: what holds, holds on
    "deadline": None,
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
}


@hypothesis_settings(max_examples=8, **OF_ONE_LIFE)
@given(steps=st.lists(STEPS, min_size=1, max_size=8))
def test_counts_equal_a_recount_after_every_step_of_any_history(living, steps):
    """M-3: callbacks in any order and twice, re-sends, cancels, stops, texts in doubt."""
    live_through(living, steps)


@pytest.mark.soak
@hypothesis_settings(max_examples=300, **OF_ONE_LIFE)
@given(steps=st.lists(STEPS, min_size=5, max_size=40))
def test_counts_equal_a_recount_in_long_histories(living, steps):
    live_through(living, steps)


def test_a_text_is_counted_on_the_day_of_its_confirm_whatever_comes_later(living):
    """PROMISES 3.5: charged after midnight, called back a day later; reports never move."""
    living.clock.travel(to=datetime.fromisoformat("2026-03-04T01:30:00+00:00"))  # 7:30 pm
    living.send(1)
    living.work(0)
    living.clock.travel(by=timedelta(hours=20))
    with unit_of_work():
        accounts.edit_account(
            living.account.id, name="Northside", timezone="Asia/Tokyo", actor=SYSTEM
        )
    living.call_back(0)
    living.work(0)
    [day] = db.session.scalars(
        select(TextDay.day).where(TextDay.texts > 0, TextDay.kind == Kind.BULK)
    )
    assert day == date(2026, 3, 3)
    assert off(living.account) == []


def test_who_sent_which_way_it_went_and_its_code_are_told_apart(living):
    living.send(1 << PEOPLE.index("taken_then_undelivered") | 1)
    living.text_one(PEOPLE.index("rejected_21211"))
    for _ in range(2):
        living.work(0)
        living.call_back(0)
    living.work(0)
    kept = {
        (row.kind, row.stage, row.error_code): (row.texts, row.segments, row.credits)
        for row in db.session.scalars(
            select(TextDay).where(TextDay.user_id == ALICE, TextDay.texts > 0)
        )
    }
    assert kept == {
        (Kind.BULK, Stage.DELIVERED, 0): (1, 1, 1),
        (Kind.BULK, Stage.UNDELIVERED, 30003): (1, 1, 1),
        (Kind.ONE_TO_ONE, Stage.REJECTED, 21211): (1, 1, 1),
    }
    assert total(CampaignCount, campaign_id=living.sent[0]) == 2
    assert total(CampaignCount, campaign_id=living.sent[1]) == 0  # one person: not a campaign


def test_what_comes_in_is_counted_with_its_keyword_and_price(living):
    hear(living.account, "Is it still there?", living.people[0].number.e164)
    hear(living.account, "STOP", living.people[1].number.e164)
    hear(living.account, "yes", living.people[2].number.e164)  # talk: nobody asked
    kept = {row.keyword: row.texts for row in db.session.scalars(select(ReceivedDay))}
    assert kept == {"": 2, "stop": 1}
    assert total(ReceivedDay, "credits") == 3


def test_work_that_is_undone_is_not_counted(northside, living):
    living.send(1)
    with pytest.raises(RuntimeError), unit_of_work():
        _count(northside)
        raise RuntimeError("undone")
    with unit_of_work():
        with pytest.raises(RuntimeError), part_of_work():
            _count(northside)
            raise RuntimeError("undone")
        _count(northside)
    assert total(ReceivedDay) == 1
    assert off(northside) != []  # the doctor sees what no text stands for


def test_counting_takes_one_statement_a_table_however_many_texts(northside, clock):
    """G1, G5: a send of many texts and a batch of callbacks cost the counts one upsert each."""
    make_ready(northside, more_credits=500)
    people = make_recipients(northside, 40)
    carrier = Carrier({})
    sms.use(carrier)
    asked = []

    def note(_connection, _cursor, statement, _parameters, _context, is_many):
        if statement.startswith(("INSERT INTO text_days", "INSERT INTO campaign_counts")):
            asked.append((statement.split()[2], is_many))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        make_campaign(northside, people)
        assert sorted(name for name, _ in asked) == ["campaign_counts", "text_days"]
        asked.clear()
        sweep(northside)
        sent = len(asked)
        assert sent < 2 * len(people)
        asked.clear()
        carrier.call_back(northside.organization_id)
        sweep(northside)
        assert sorted(name for name, _ in asked)[:2] == ["campaign_counts", "text_days"]
        assert len(asked) <= 6
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def test_counts_that_were_lost_are_made_anew_by_command(app, living):
    living.send(7)
    living.work(0)
    with unit_of_work():
        db.session.execute(delete(TextDay))
        db.session.execute(delete(CampaignCount))
        db.session.execute(delete(FormDay))
        db.session.execute(delete(BasisDay))
    assert off(living.account) != []
    said = app.test_cli_runner().invoke(args=["recount"])
    assert "Counted again: 3 account(s)." in said.output
    assert off(living.account) == []


def test_what_left_is_counted_by_the_form_it_rested_on_and_what_waits_is_not(living):
    """M-3: every text the carrier took, and that rests on consent, is in one form's day."""
    living.send(7)
    assert total(FormDay) == 0
    living.work(0)
    took = Message.state.in_([state for state, stage in STAGES.items() if stage in LEFT])
    rests = Message.consent_record_id.is_not(None), Message.kind != Kind.SYSTEM
    left = db.session.scalars(select(Message.id).where(*rests, took)).all()
    assert len(left) == total(FormDay) > 0
    assert off(living.account) == []


def test_what_left_is_counted_by_its_basis_and_stays_however_it_ends(living):
    """M-6: each text the carrier took, notices aside, in one basis of its day."""
    living.send(7)
    assert total(BasisDay) == 0
    living.work(0)
    took = Message.state.in_([state for state, stage in STAGES.items() if stage in LEFT])
    left = db.session.scalars(select(Message.id).where(took, Message.kind != Kind.SYSTEM)).all()
    assert len(left) == total(BasisDay) > 0
    assert off(living.account) == []


def test_every_state_has_its_stage():
    assert set(STAGES) == set(State)
    assert set(STAGES.values()) == set(Stage)
    assert set(Stage) > WENT_WRONG


def _count(account):
    counting.receive(account.tenant, date(2026, 3, 2), uuid4().hex[:3], 1, 1)
