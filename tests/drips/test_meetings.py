"""Enrolling meets an archive, a pause, a STOP: nobody is left in a plan that sends nothing (P-1, Q-2)."""

from zoneinfo import ZoneInfo

import pytest

from portal.consent.values import Method
from portal.core.db import db, unit_of_work
from portal.drips.errors import DripArchived
from portal.drips.queries import enrolments as queries
from portal.drips.service import authoring, enrolling, stopping
from portal.drips.values import Because, Enrolled, EnrolmentState
from portal.messaging.service import optouts
from portal.texting_accounts import service as account_service
from tests import cast
from tests.factories.drips import TEN, enrol, keeper_of, make_drip, place_of, text_step, wait_step
from tests.factories.messaging import ALICE_ACTS, make_recipient
from tests.meanwhile import Meanwhile

MAYA = "+13125550142"


@pytest.fixture
def maya(northside, sender, carrier_fake):
    return make_recipient(northside, number=MAYA, first_name="Maya")


@pytest.fixture
def later(northside):
    """A plan whose first text is days away: nothing would look at a place in it before."""
    return make_drip(northside, [text_step(5)])


@pytest.fixture
def acts(northside, maya, later):
    """Return what meets what: enrolling, and all that stops a plan for somebody."""
    return {
        "enrol": lambda: enrolling.enrol(northside, later.id, [maya.contact.id], actor=ALICE_ACTS),
        "archive": lambda: authoring.archive(keeper_of(northside), later.id, actor=ALICE_ACTS),
        "pause": lambda: stopping.pause_drip(
            cast.JUNIPER, later.id, reason="A look at it", actor=ALICE_ACTS
        ),
        "stop": lambda: optouts.enter(
            northside.tenant, MAYA, method=Method.VERBAL, details="", said_at=None,
            evidence=None, actor=ALICE_ACTS,
        ),
    }  # fmt: skip


def meet(app, acts, first, second):
    """Do the second from the middle of the first; return what came of the second."""
    meanwhile = Meanwhile(app)
    with unit_of_work():
        acts[first]()
        db.session.flush()
        meanwhile.do(acts[second])
    [ended] = meanwhile.end()
    return ended


class TestEnrollingMeets:
    def test_an_archive_before_it_takes_nobody_in(self, app, northside, maya, acts):
        assert meet(app, acts, "archive", "enrol") is DripArchived
        db.session.rollback()
        assert queries.of_contact(northside.tenant, maya.contact.id) == []

    def test_an_archive_after_it_ends_the_place(self, app, northside, maya, acts):
        meet(app, acts, "enrol", "archive")
        place = place_of(northside, maya)
        assert (place.state, place.because) == (EnrolmentState.ENDED, Because.ARCHIVED)

    @pytest.mark.parametrize("order", [("pause", "enrol"), ("enrol", "pause")])
    def test_a_pause_keeps_the_place_until_the_plan_goes_on(self, app, northside, maya, later, acts, order):  # fmt: skip
        meet(app, acts, *order)
        place = place_of(northside, maya)
        assert place.state is EnrolmentState.ACTIVE
        with unit_of_work():
            resumed = stopping.resume_drip(
                cast.JUNIPER, later.id, reason="It is right", actor=ALICE_ACTS
            )
        assert resumed == 1
        place = place_of(northside, maya)
        assert [one.id for one in queries.due(place.due_at)] == [place.id]

    def test_a_stop_before_it_leaves_the_person_out(self, app, northside, maya, acts):
        assert meet(app, acts, "stop", "enrol") == Enrolled(0, 0, 1)
        db.session.rollback()
        assert queries.of_contact(northside.tenant, maya.contact.id) == []

    def test_a_stop_after_it_ends_the_place(self, app, northside, maya, acts):
        meet(app, acts, "enrol", "stop")
        place = place_of(northside, maya)
        assert (place.state, place.because) == (EnrolmentState.ENDED, Because.OPTED_OUT)


class TestAnotherZone:
    def zone(self, name):
        with unit_of_work():
            return account_service.edit_account(
                cast.NORTHSIDE, name="Northside", timezone=name, actor=ALICE_ACTS
            )

    def due(self, account, person, zone):
        place = place_of(account, person)
        return place.due_at.astimezone(zone).strftime("%d %H:%M"), place

    def test_timed_steps_keep_their_day_and_time_where_the_account_is_now(self, northside, maya, at):  # fmt: skip
        at("2026-03-02 12:00")
        enrol(northside, make_drip(northside, [text_step(2), wait_step(9)]), maya)
        west = ZoneInfo("America/Los_Angeles")
        account = self.zone(west.key)
        due, place = self.due(account, maya, west)
        assert due == "04 10:00"
        assert [one.id for one in queries.due(place.due_at)] == [place.id]
        at("2026-03-03 12:00")
        with unit_of_work():
            stopping.pause(account.tenant, [place.id], actor=ALICE_ACTS)
        account = self.zone("America/New_York")
        due, _ = self.due(account, maya, ZoneInfo("America/New_York"))
        assert due == "04 10:00"

    def test_what_another_zone_makes_late_comes_the_next_day(self, northside, maya, at):
        at("2026-03-02 07:00")
        enrol(northside, make_drip(northside, [text_step(0, TEN)]), maya)
        at("2026-03-02 09:30")
        east = ZoneInfo("Europe/London")
        account = self.zone(east.key)
        assert self.due(account, maya, east)[0] == "03 10:00"
