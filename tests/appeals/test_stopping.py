"""One click stops what trouble comes from: what waits, what comes later, and nothing else (H-8)."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.appeals.errors import CantStop
from portal.appeals.service import stopping
from portal.compliance.rules.causes import Dimension, Trouble
from portal.consent.queries import NO_LIST, Source
from portal.core import phone
from portal.core.db import db, unit_of_work
from portal.core.errors import NotFound
from portal.gateways import sms
from portal.messaging.models import Message, TrafficStop
from portal.messaging.queries import stops as standing
from portal.messaging.rules.gates import TRAFFIC_STOPPED
from portal.messaging.service import recovery
from portal.messaging.values import State
from portal.people import queries as people
from portal.reports.queries import board
from tests import cast
from tests.factories.drips import make_drip
from tests.factories.health import came_of
from tests.factories.messaging import (
    bulk,
    make_campaign,
    make_ready,
    make_recipient,
    one_to_one,
)
from tests.messaging.world import Carrier, sweep

HOSTED = Source(NO_LIST, "", "hosted_form")
OPT_OUTS = Trouble.OPT_OUTS
BODY = (
    "Hi {first_name}, sellers on your street got fair cash offers this week, want yours in writing?"
)
FOUND = "The list was bought, its people are removed."


class Desk:
    """An account, people who agreed on paper or by form, and what waits for them."""

    def __init__(self, account, clock):
        self.account, self.clock, self.sender = account, clock, make_ready(account)
        self.form = [make_recipient(account, number=f"+131255600{n:02d}") for n in range(2)]
        sms.use(Carrier({}))
        self.alice = people.person(cast.ALICE, account.organization_id)

    def later(self, people_, body=BODY, **options):
        at = self.clock.now + timedelta(hours=2)
        return make_campaign(self.account, people_, bulk(body, send_at=at, **options)).id

    def foresee(self, dimension, value):
        db.session.rollback()
        return stopping.foresee(self.account, dimension, str(value), self.alice)

    def stop(self, dimension, value):
        with unit_of_work():
            return stopping.stop(self.account, dimension, str(value), OPT_OUTS, self.alice)

    def work(self):
        for _ in range(3):  # a number sends so many a second
            self.clock.travel(by=timedelta(seconds=10))
            sweep(self.account)

    def lift(self):
        [stop] = db.session.scalars(select(TrafficStop).where(TrafficStop.lifted_at.is_(None)))
        with unit_of_work():
            return stopping.lift(self.account, stop.id, reason=FOUND, actor=self.alice.actor)

    def states(self, **where):
        db.session.rollback()
        wanted = select(Message.state, Message.reason_code).filter_by(**where)
        return sorted(
            {(s.value, c if s is State.HELD else None) for s, c in db.session.execute(wanted)}
        )


@pytest.fixture
def desk(northside, clock):
    return Desk(northside, clock)


HELD = [("held", TRAFFIC_STOPPED)]
QUEUED = [("queued", None)]


def by_source(desk, sent):
    return Dimension.SOURCE, HOSTED.key


def by_number(desk, sent):
    return Dimension.NUMBER, desk.sender.e164


def by_person(desk, sent):
    return Dimension.AGENT, cast.ALICE


def by_words(desk, sent):
    return Dimension.WORDING, sent


@pytest.mark.parametrize("by", [by_source, by_number, by_person, by_words])
def test_a_stop_holds_what_waits_and_what_is_sent_later_until_it_is_lifted(desk, by):
    sent = desk.later(desk.form)
    cause = by(desk, sent)
    assert desk.foresee(*cause).sentence.startswith("Holds 2 texts that wait, ")
    assert "2 texts held" in desk.stop(*cause)
    assert desk.states(campaign_id=sent) == HELD
    assert desk.foresee(*cause).is_stopped
    assert desk.stop(*cause) == "Stopped already."
    newer = make_campaign(desk.account, desk.form[:1], bulk(BODY.replace("fair", "very good"))).id
    talk = make_campaign(desk.account, desk.form[1:], one_to_one("Shall we meet at noon?")).id
    desk.work()
    assert desk.states(campaign_id=newer) == HELD
    assert desk.states(campaign_id=talk) not in (HELD, QUEUED)  # it left
    assert desk.lift() == 3
    assert desk.states(campaign_id=sent) == QUEUED
    desk.work()
    assert desk.states(campaign_id=newer) not in (HELD, QUEUED)


def test_what_is_not_like_it_goes(desk):
    sent = desk.later(desk.form)
    other = make_campaign(
        desk.account,
        desk.form,
        bulk("Our office moves to Oak Street on Monday, come and see us there"),
    ).id
    paper = Source(NO_LIST, "", "paper")
    for cause in ((Dimension.SOURCE, paper.key), (Dimension.WORDING, sent),
                  (Dimension.AGENT, cast.BOB), (Dimension.NUMBER, "+13125559999")):  # fmt: skip
        desk.stop(*cause)
    desk.work()
    assert desk.states(campaign_id=other) not in (HELD, QUEUED)


def test_a_stop_of_a_campaign_pauses_it_and_of_an_account_all_bulk_texts(desk):
    sent = desk.later(desk.form)
    assert desk.foresee(Dimension.CAMPAIGN, sent).sentence == (
        "Holds 2 texts of this campaign that did not leave yet."
    )
    desk.stop(Dimension.CAMPAIGN, sent)
    assert desk.states(campaign_id=sent) == [("held", "campaign_paused")]
    assert desk.foresee(Dimension.CAMPAIGN, sent).is_stopped
    other = desk.later(desk.form, BODY + " Now.")
    desk.stop(Dimension.ACCOUNT, desk.account.id)
    assert desk.states(campaign_id=other) == [("held", "bulk_paused")]


def test_what_a_worker_held_as_the_stop_was_lifted_is_freed(desk):
    sent = desk.later(desk.form)
    desk.stop(*by_number(desk, sent))
    with unit_of_work():
        assert recovery.release_resumed() == 0
    with unit_of_work():
        db.session.scalars(select(TrafficStop)).one().lifted_at = desk.clock.now
    with unit_of_work():
        assert recovery.release_resumed() == 2


@pytest.mark.parametrize(
    ("dimension", "value", "error"),
    [
        (Dimension.CODE, "30005", CantStop),
        (Dimension.SOURCE, "list:nonsense", CantStop),
        (Dimension.CAMPAIGN, "nonsense", CantStop),
        (Dimension.CAMPAIGN, cast.BOB, NotFound),
        (Dimension.WORDING, cast.BOB, NotFound),
        (Dimension.STEP, cast.BOB, NotFound),
        (Dimension.NUMBER, "everything", CantStop),
    ],
)
def test_what_is_not_there_is_not_stopped(desk, dimension, value, error):
    with pytest.raises(error):
        desk.stop(dimension, value)
    assert db.session.scalars(select(TrafficStop)).all() == []


def test_a_cause_is_stopped_from_its_page_and_let_go_on_with_a_reason(desk, alice, bob, clock):
    sent = desk.later(desk.form)
    came_of(desk.account, clock.now, 3_000, opted_out=4)
    came_of(desk.account, clock.now, 450, opted_out=41, source=HOSTED)
    page = alice.get("reports.show_causes", account_id=cast.NORTHSIDE)
    form = page.page.select_one("#opt_outs-causes form")
    assert "Holds 2 texts that wait" in page.text_of("#opt_outs-causes")
    data = {i["name"]: i["value"] for i in form.select("input") if i["name"] != "csrf_token"}
    bob.post("appeals.stop_cause", 403, account_id=cast.NORTHSIDE, data=data)
    alice.post("appeals.stop_cause", 303, account_id=cast.NORTHSIDE, data=data)
    assert desk.states(campaign_id=sent) == HELD
    page = alice.get("appeals.traffic_stops", account_id=cast.NORTHSIDE)
    assert "Consent “Hosted form”" in page.text_of("main")
    [stop] = db.session.scalars(select(TrafficStop))
    where = {"account_id": cast.NORTHSIDE, "stop_id": stop.id}
    refused = alice.post("appeals.lift_stop", 422, **where, data={"reason": "ok"})
    assert refused.page.select_one("input[name=reason]")["value"] == "ok"
    bob.post("appeals.lift_stop", 403, **where, data={"reason": FOUND})
    alice.post("appeals.lift_stop", 303, **where, data={"reason": FOUND})
    assert desk.states(campaign_id=sent) == QUEUED
    assert FOUND in alice.get("appeals.traffic_stops", account_id=cast.NORTHSIDE).text_of("main")
    alice.post("appeals.lift_stop", 404, **where, data={"reason": FOUND})


def test_the_officers_board_tells_what_is_stopped_and_what_goes_on_again(desk, vera):
    """Issue 9, point 3: open holds stand with their account, and what changed since yesterday."""
    desk.later(desk.form)
    desk.stop(*by_number(desk, None))
    page = vera.get("reports.home")
    label = f"Number {phone.show(desk.sender.e164)}"
    waits = f"Stopped until somebody lets it go on: {label}"
    assert waits in page.text_of("#officer-accounts")
    assert f"Northside: {label} stopped by Alice Moreno" in page.text_of("#officer-changes")
    desk.lift()
    page = vera.get("reports.home")
    assert waits not in page.text_of("#officer-accounts")
    assert f"Northside: {label} goes on" in page.text_of("#officer-changes")
    assert FOUND in page.text_of("#officer-changes")
    later = board.board(people.organization(cast.JUNIPER), desk.clock.now + timedelta(days=2))
    assert not [each for each in later.changes if label in each.text]


def test_a_cause_is_kept_as_texts_say_it_of_themselves(desk):
    sent = desk.later(desk.form)
    desk.stop(Dimension.AGENT, f"{{{str(cast.ALICE).upper()}}}")
    [stop] = db.session.scalars(select(TrafficStop))
    assert stop.value == str(cast.ALICE)
    assert desk.states(campaign_id=sent) == HELD


def test_two_who_stop_a_cause_in_the_same_moment_stop_it_once(desk, monkeypatch):
    """The second looked before the first was done."""
    desk.later(desk.form)
    cause = by_number(desk, None)
    desk.stop(*cause)
    monkeypatch.setattr(standing, "standing_stops", lambda _tenant: [])
    assert "is stopped" in desk.stop(*cause)
    assert len(db.session.scalars(select(TrafficStop)).all()) == 1


def test_a_plan_of_another_account_is_not_stopped_from_here(desk, bobs):
    step = make_drip(bobs).steps[0].id
    assert not desk.foresee(Dimension.STEP, step).is_possible
    with pytest.raises(CantStop):
        desk.stop(Dimension.STEP, step)
