"""Many people are enrolled by a worker: with progress, once each, and nothing is lost without it (P-1)."""

from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy import event, select

from portal.contacts.values import Selection
from portal.core import jobs
from portal.core.db import db, unit_of_work
from portal.core.jobs import Job
from portal.drips.models import DripEnrolment, DripIntake
from portal.drips.queries import intakes
from portal.drips.service import authoring, enrolling, taking_in
from portal.drips.values import IntakeState
from portal.messaging.service import optouts
from tests.drips.test_people_pages import HERE
from tests.drips.test_proofs import Killed
from tests.factories.drips import enrol, keeper_of, make_drip, text_step
from tests.factories.messaging import ALICE_ACTS, make_recipients
from tests.meanwhile import all_at_once
from workers import drips


@pytest.fixture
def seven(northside, sender, monkeypatch):
    """Seven people, a worker that takes two at once, and pages that enrol up to three themselves."""
    monkeypatch.setattr(taking_in, "AT_ONCE", 3)
    monkeypatch.setattr(taking_in, "_BATCH", 2)
    return make_recipients(northside, 7)


@pytest.fixture
def drip(northside):
    return make_drip(northside, [text_step(3)])


def begin(account, drip, people):
    chosen = Selection(ids=tuple(one.contact.id for one in people))
    with unit_of_work():
        return taking_in.begin(account, drip.id, chosen, actor=ALICE_ACTS)


def stands(account, intake_id):
    db.session.rollback()
    found = intakes.intake_or_404(account.tenant, intake_id)
    enrolled = db.session.scalars(select(DripEnrolment.contact_id)).all()
    assert len(enrolled) == len(set(enrolled)) == found.enrolled + found.already
    return found


def test_the_page_answers_at_once_and_shows_how_far_it_is(alice, northside, seven, drip):
    data = {"plan": drip.id, "ids": [str(one.contact.id) for one in seven]}
    answer = alice.post("drips.enrol", 303, data, **HERE)
    page = alice.follow(answer)
    assert "0 of 7 people looked at" in page.text_of("#enrolling")
    assert page.page.select_one("#enrolling").has_attr("hx-get")
    shown = alice.get("drips.show", drip_id=drip.id, **HERE)
    assert "7 people are being enrolled" in shown.text
    [intake] = db.session.scalars(select(DripIntake)).all()
    assert jobs.queue().job_ids
    with unit_of_work():
        assert taking_in.step(intake.id)
    assert "2 of 7 people looked at" in alice.get("drips.enrolling", intake_id=intake.id, **HERE).text  # fmt: skip
    drips.take_in(str(intake.id))
    part = alice.htmx.get("drips.enrolling", intake_id=intake.id, **HERE)
    assert part.is_partial
    assert not part.page.select_one("#enrolling").has_attr("hx-get")
    assert "Enrolled 7" in part.text
    assert "being enrolled" not in alice.get("drips.show", drip_id=drip.id, **HERE).text


def test_more_than_go_at_once_are_refused_in_words(alice, northside, seven, drip, monkeypatch):
    monkeypatch.setattr(enrolling, "MOST_AT_ONCE", 6)
    data = {"plan": drip.id, "ids": [str(one.contact.id) for one in seven]}
    for at_once in (3, 10):  # a worker's, and the page's own
        monkeypatch.setattr(taking_in, "AT_ONCE", at_once)
        page = alice.post("drips.enrol", 422, data, **HERE)
        assert "Enrol at most 6 people at once. Narrow the filter." in page.text
    assert db.session.scalars(select(DripIntake)).all() == []


def test_it_tells_apart_who_is_in_it_and_who_opted_out(northside, seven, drip):
    enrol(northside, drip, seven[0])
    with unit_of_work():
        optouts.opt_out(
            northside.tenant, seven[1].number.e164, source="page", details="", actor=ALICE_ACTS
        )
    intake_id = begin(northside, drip, seven)
    drips.take_in(str(intake_id))
    found = stands(northside, intake_id)
    assert (found.state, found.enrolled, found.already, found.opted_out) == (IntakeState.DONE, 5, 1, 1)  # fmt: skip
    assert db.session.get(DripIntake, intake_id).contact_ids == []


def test_without_a_worker_nothing_is_lost(northside, seven, drip, clock, redis):
    intake_id = begin(northside, drip, seven)
    jobs.queue().empty()
    drips.resume_intakes()
    assert jobs.queue().job_ids == []
    clock.travel(by=timedelta(minutes=3))
    drips.resume_intakes()
    assert jobs.queue().job_ids == [f"{Job.TAKE_IN.name.lower()}-default-{intake_id}"]


def test_a_worker_that_dies_at_any_statement_has_done_a_batch_or_not(northside, seven, drip):
    intake_id = begin(northside, drip, seven)
    for place in count(1):
        left = [place]

        def die(*_, left=left):
            left[0] -= 1
            if left[0] == 0:
                raise Killed

        event.listen(db.engine, "before_cursor_execute", die)
        try:
            drips.take_in(str(intake_id))
        except Killed:
            pass
        finally:
            event.remove(db.engine, "before_cursor_execute", die)
            db.session.remove()
        found = stands(northside, intake_id)
        assert found.looked_at == found.enrolled
        if left[0] > 0:
            break
    assert (found.state, found.enrolled, found.already) == (IntakeState.DONE, 7, 0)


def test_two_workers_at_once_enrol_each_person_once(app, northside, seven, drip):
    intake_id = begin(northside, drip, seven)
    all_at_once(app, *[lambda: drips.take_in(str(intake_id))] * 2)
    found = stands(northside, intake_id)
    assert (found.state, found.enrolled, found.already) == (IntakeState.DONE, 7, 0)


def test_a_plan_archived_meanwhile_stops_it_with_the_reason(alice, northside, seven, drip):
    intake_id = begin(northside, drip, seven)
    with unit_of_work():
        taking_in.step(intake_id)
    with unit_of_work():
        authoring.archive(keeper_of(northside), drip.id, actor=ALICE_ACTS)
    drips.take_in(str(intake_id))
    found = stands(northside, intake_id)
    assert (found.state, found.enrolled) == (IntakeState.STOPPED, 2)
    page = alice.get("drips.enrolling", intake_id=intake_id, **HERE)
    assert "It stopped after 2 people" in page.text
    assert "archived" in page.text
