"""One step of a plan is stopped, and nothing else of it (H-8, P-1)."""

import pytest
from sqlalchemy import select

from portal.appeals.service import stopping
from portal.compliance.rules.causes import Dimension, Trouble
from portal.core.db import db, unit_of_work
from portal.drips.queries import library
from portal.drips.service import authoring
from portal.drips.values import DripState
from portal.messaging.models import Message, TrafficStop
from portal.messaging.rules.gates import TRAFFIC_STOPPED
from portal.messaging.values import Kind, State
from portal.people import queries as people
from tests import cast
from tests.factories.drips import enrol, keeper_of, make_drip, place_of, runs, text_step
from tests.factories.messaging import ALICE_ACTS, bulk, make_campaign, make_recipient
from workers import drips

FIRST = "Juniper Realty: welcome {first_name|there}. Reply STOP to end."
SECOND = "Juniper Realty: shall we value your home, {first_name|there}? Reply STOP to end."
MAYA, NINA = "+13125550142", "+13125550143"
MENDED = "The words are changed, and the list is read again."


class Plan:
    def __init__(self, account, at):
        self.account, self.at = account, at
        self.drip = make_drip(account, [text_step(0, None, FIRST), text_step(1, body=SECOND)])
        self.alice = people.person(cast.ALICE, account.organization_id)
        self.step = str(self.drip.steps[1].id)

    def person(self, number, name):
        one = make_recipient(self.account, number=number, first_name=name)
        enrol(self.account, self.drip, one)
        return one

    def foresee(self):
        db.session.rollback()
        return stopping.foresee(self.account, Dimension.STEP, self.step, self.alice)

    def stop(self):
        with unit_of_work():
            return stopping.stop(
                self.account, Dimension.STEP, self.step, Trouble.OPT_OUTS, self.alice
            )

    def lift(self):
        [stop] = db.session.scalars(select(TrafficStop).where(TrafficStop.lifted_at.is_(None)))
        with unit_of_work():
            return stopping.lift(self.account, stop.id, reason=MENDED, actor=self.alice.actor)

    def texts(self, number):
        """Return how each text of the plan to somebody stands, in order."""
        db.session.rollback()
        rows = db.session.execute(
            select(Message.state, Message.reason_code)
            .where(Message.e164 == number, Message.kind == Kind.PLAN)
            .order_by(Message.created_at, Message.id)
        )
        return [(row.state, row.reason_code) for row in rows]


@pytest.fixture
def plan(northside, sender, at):
    at("2026-03-02 11:00")
    return Plan(northside, at)


HELD = (State.HELD, TRAFFIC_STOPPED)


def test_a_step_is_stopped_for_who_is_at_it_and_who_comes_to_it_and_others_go_on(plan, days_pass):
    maya = plan.person(MAYA, "Maya")
    days_pass(0.1)
    assert plan.foresee().sentence == (
        "Holds this step alone: 0 texts that wait, and the texts of whoever comes to it in this "
        "account. Who waits here goes on from here; other steps go on."
    )
    assert plan.stop() == "Step 2 of the plan “New buyers” is stopped: 0 texts held."
    assert plan.foresee().is_stopped
    plan.at("2026-03-03 11:00")
    nina = plan.person(NINA, "Nina")
    days_pass(0.1)
    assert plan.texts(MAYA)[0][0] is not State.HELD
    assert plan.texts(MAYA)[1] == HELD
    assert len(plan.texts(NINA)) == 1
    assert plan.texts(NINA)[0][0] is not State.HELD  # her first step is another one
    assert plan.account.bulk_pause is None
    days_pass(1)
    assert plan.texts(NINA)[1] == HELD
    for one in (maya, nina):
        assert place_of(plan.account, one).state.value == "active"  # nobody's plan is over
    assert plan.lift() == 2
    days_pass(1)
    assert HELD not in plan.texts(MAYA) + plan.texts(NINA)
    assert all(len(runs(plan.account, one)) == 2 for one in (maya, nina))
    assert {place_of(plan.account, one).state.value for one in (maya, nina)} == {"done"}


def test_what_waits_of_a_step_is_held_at_once_and_a_bulk_text_of_the_same_words_is_not(
    plan, days_pass, at
):
    plan.person(MAYA, "Maya")
    days_pass(0.1)
    at("2026-03-03 07:00")
    bulk_id = make_campaign(
        plan.account, [make_recipient(plan.account, number=NINA)], bulk(SECOND)
    ).id
    at("2026-03-03 10:00")
    drips.run_plans()
    assert plan.foresee().sentence.startswith("Holds this step alone: 1 text that waits, ")
    assert plan.stop().endswith("is stopped: 1 text held.")
    assert plan.texts(MAYA)[1] == HELD
    kept = db.session.scalars(select(Message.reason_code).where(Message.campaign_id == bulk_id))
    assert TRAFFIC_STOPPED not in kept.all()


def test_a_newer_version_with_the_same_words_is_stopped_too_and_other_words_are_not(plan):
    by = keeper_of(plan.account)
    plan.stop()
    for words, is_stopped in ((SECOND, True), (SECOND.replace("value", "look at"), False)):
        drip = library.drip_or_404(by, plan.drip.id)
        steps = [text_step(0, None, FIRST + " "), text_step(2, body=words)]
        with unit_of_work():
            authoring.save_steps(
                plan.account, by, drip.id, steps=steps, edits=drip.edits,
                lint_ok=authoring.lint_key(authoring.verdicts(plan.account, steps)),
                actor=ALICE_ACTS,
            )  # fmt: skip
        plan.step = str(library.drip_or_404(by, drip.id).steps[1].id)
        assert plan.foresee().is_stopped is is_stopped


def test_a_paused_plan_says_so_and_the_page_marks_a_stopped_step(plan, alice):
    where = {"account_id": plan.account.id, "drip_id": plan.drip.id}
    assert "Stopped" not in alice.get("drips.show", **where).text_of("#steps")
    data = {"dimension": "step", "value": plan.step, "trouble": "opt-outs"}
    alice.post("appeals.stop_cause", 303, account_id=plan.account.id, data=data)
    assert alice.get("drips.show", **where).text_of("#steps").count("Stopped") == 1
    page = alice.get("appeals.traffic_stops", account_id=plan.account.id)
    assert "Step 2 of the plan “New buyers”" in page.text_of("main")
    plan.lift()
    alice.post("drips.pause", 303, **where, data={"reason": "We look at the plan."})
    assert plan.foresee().sentence == "The plan “New buyers” is paused."
    assert plan.drip.state is DripState.ACTIVE  # as it was read
