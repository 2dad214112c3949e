"""Enrolling people, looked at first; who is in a plan, pausing and removing them (P-1, S-1, S-5, K-4, K-5)."""

from collections import Counter
from datetime import time, timedelta
from uuid import UUID

import pytest

from portal.contacts import service as contacts
from portal.contacts.values import NewNumber, Selection
from portal.core.db import db, unit_of_work
from portal.drips.models import DripSend
from portal.drips.queries import library, people
from portal.drips.service import foreseeing, stopping
from portal.drips.values import DripState, EnrolmentState, Place
from portal.messaging.models import Campaign
from portal.messaging.values import Kind
from portal.texting_accounts import queries as accounts
from portal.texting_accounts import service as account_service
from tests import cast
from tests.drips.conftest import work
from tests.drips.test_running import renumber
from tests.factories.drips import TEN, enrol, keeper_of, make_drip, place_of, task_step, text_step
from tests.factories.messaging import ALICE_ACTS, make_recipient, make_recipients, texts
from tests.messaging.talks import hear
from tests.messaging.test_index_use import asked

HERE = {"account_id": cast.NORTHSIDE}
MAYA = "+13125550142"
THREE = [text_step(0, None), task_step(1), text_step(3, time(22))]


@pytest.fixture
def maya(northside, sender, carrier_fake):
    return make_recipient(northside, number=MAYA, first_name="Maya", last_name="Castellanos")


def see(account, drip, *recipients):
    chosen = Selection(ids=tuple(r.contact.id for r in recipients))
    return foreseeing.foresee(account, drip, chosen)


def look(person, drip, *recipients, status=200):
    ids = [str(r.contact.id) for r in recipients]
    return person.post("drips.preview", status, {"plan": drip.id, "ids": ids}, **HERE)


class TestForesight:
    def test_each_step_is_looked_at_for_the_moment_it_is_due(self, northside, maya, at):
        """P-3: what is due at ten at night goes the next morning."""
        at("2026-03-02 12:00")
        sight = see(northside, make_drip(northside, THREE), maya)
        first, task, late = sight.steps
        assert (first.goes, first.held, first.credits) == (1, 0, 1)
        assert (task.goes, task.credits) == (1, 0)
        assert (late.goes, late.held, late.blocked) == (0, 1, 0)
        assert f"{late.due_at:%d}" == "06"  # ten at night in Chicago
        assert late.latest > late.due_at
        assert (sight.new, sight.credits) == (1, 2)
        assert [f"{day:%d}" for day, _ in sight.days] == ["02", "06"]

    def test_nothing_is_changed_by_looking(self, northside, maya):
        drip = make_drip(northside, THREE)
        see(northside, drip, maya)
        db.session.rollback()
        assert people.of_person(maya.contact) == []
        assert texts(northside) == []

    def test_a_days_limit_holds_whom_it_has_no_room_for(self, northside, maya, at):
        """S-5"""
        at("2026-03-02 12:00")
        with unit_of_work():
            account_service.set_limits(
                northside.id, daily_recipients=2, daily_segments=100, note="Slow", actor=ALICE_ACTS
            )
        account = accounts.account(cast.NORTHSIDE)
        five = make_recipients(account, 5)
        sight = see(account, make_drip(account, [text_step(0, None)]), *five)
        assert (sight.steps[0].goes, sight.steps[0].held) == (2, 3)
        assert [count for _, count in sight.days] == [2, 2, 1]

    def test_what_is_known_of_people_is_read_once_for_all_steps(self, northside, sender):
        """Thousands of people times five steps would read the same for seconds."""
        five = make_recipients(northside, 5)
        drip = make_drip(northside, [text_step(day, TEN) for day in (1, 3, 5, 8, 13)])
        with asked() as statements:
            assert see(northside, drip, *five).credits == 25
        assert sum("first_notices" in statement for statement, _ in statements) == 1

    def test_who_opted_out_has_no_consent_or_is_in_it_is_told_apart(self, northside, maya):
        drip = make_drip(northside, [text_step(0, None)])
        out = make_recipient(northside, number="+13125550143", first_name="Olga")
        hear(northside, "STOP", "+13125550143")
        unasked = make_recipient(northside, number="+13125550144", method=None, first_name="Uma")
        enrol(northside, drip, maya)
        sight = see(northside, drip, maya, out, unasked)
        assert (sight.people, sight.new, sight.already, sight.opted_out) == (3, 1, 1, 1)
        told = {one.person.first_name: (one.left_out, len(one.blocked)) for one in sight.persons}
        assert told["Maya"] == ("In this plan already", 0)
        assert told["Olga"][0] == "Opted out"
        assert told["Uma"] == ("", 1)

    def test_without_a_number_the_page_says_what_becomes_of_texts(self, alice, northside):
        """S-6"""
        alone = make_recipient(northside, number=MAYA)
        page = look(alice, make_drip(northside), alone)
        assert "become tasks to text by hand" in page.text

    def test_everybody_is_reckoned_and_no_more_than_can_be_enrolled(self, northside, alice, sender, monkeypatch):  # fmt: skip
        five = make_recipients(northside, 5)
        drip = make_drip(northside)
        assert see(northside, drip, *five).is_whole
        monkeypatch.setattr(foreseeing, "MOST_AT_ONCE", 2)
        sight = see(northside, drip, *five)
        assert (sight.people, sight.looked_at, sight.is_whole) == (5, 2, False)
        page = look(alice, drip, *five)
        assert "Narrow the filter" in page.text_of("#enrol")

    def test_whose_number_is_in_it_for_somebody_else_is_not_counted_as_new(self, northside, maya):
        """What the preview counts is what enrolling does."""
        drip = make_drip(northside, THREE)
        enrol(northside, drip, maya)
        with unit_of_work():
            stopping.pause(northside.tenant, [place_of(northside, maya).id], actor=ALICE_ACTS)
        renumber(northside, maya, NewNumber("+13125550177"))
        heir = make_recipient(northside, number=MAYA, first_name="Max")
        other = make_recipient(northside, number="+13125550150")
        sight = see(northside, drip, maya, heir, other)
        assert (sight.new, sight.already, sight.opted_out) == (1, 2, 0)
        assert sum(count for _, count in sight.days) == 2
        told = {one.person.first_name: one.left_out for one in sight.persons}
        assert told["Max"] == "Somebody else with this number is in it"
        done = enrol(northside, drip, maya, heir, other)
        assert (done.enrolled, done.already) == (sight.new, sight.already)

    def test_later_steps_follow_what_is_held_and_share_the_days(self, northside, sender, carrier_fake, at, days_pass):  # fmt: skip
        """The calendar of all steps together is what happens then (P-1, S-5)."""
        at("2026-03-02 12:00")
        with unit_of_work():
            account_service.set_limits(
                northside.id, daily_recipients=2, daily_segments=100, note="Slow", actor=ALICE_ACTS
            )
        account = accounts.account(cast.NORTHSIDE)
        five = make_recipients(account, 5)
        drip = make_drip(account, [text_step(0, None), task_step(1), text_step(2, TEN)])
        sight = see(account, drip, *five)
        assert max(count for _, count in sight.days) == 2
        enrol(account, drip, *five)
        left = days_pass(9, every=timedelta(minutes=15))
        left_on = Counter(when.date() for when, _, _ in left)
        assert sorted(left_on.items()) == list(sight.days)


class TestEnrolling:
    def test_from_the_list_of_contacts_by_way_of_the_preview(self, alice, northside, maya):
        """K-4"""
        drip = make_drip(northside, THREE)
        bulk = alice.get("contacts.index", **HERE)
        assert "Enrol in a plan" in bulk.texts_of("#bulk button")
        page = alice.post("drips.choose", 200, {"ids": maya.contact.id}, **HERE)
        assert drip.name in page.text
        page = look(alice, drip, maya)
        assert "Enrol 1 person" in page.texts_of("#enrol button")
        assert "Quiet hours" in page.text_of("#by-step") or "held" in page.text_of("#by-person")
        data = {"plan": drip.id, "ids": maya.contact.id}
        done = alice.follow(alice.post("drips.enrol", 303, data, **HERE))
        assert "1 person enrolled." in done.text
        assert "Maya Castellanos" in done.text_of("#people")
        again = alice.follow(alice.post("drips.enrol", 303, data, **HERE))
        assert "1 person was in it already" in again.text

    def test_everybody_with_a_tag_and_people_found_by_name(self, alice, northside, maya):
        make_recipient(northside, number="+13125550150", first_name="Ruth")
        drip = make_drip(northside)
        with unit_of_work():
            contacts.tag_contacts(
                northside.tenant, Selection(ids=(maya.contact.id,)), "Buyers", actor=ALICE_ACTS
            )
        page = alice.get("drips.pick", query={"q": "castell"}, drip_id=drip.id, **HERE)
        assert "Maya Castellanos" in page.text_of("#found")
        assert "Ruth" not in page.text_of("#found")
        page = alice.get("drips.pick", query={"q": "nobody"}, drip_id=drip.id, **HERE)
        assert "Nobody matches" in page.text_of("#found")
        data = {"plan": drip.id, "all_matching": "1", "tag": "Buyers"}
        page = alice.post("drips.preview", 200, data, **HERE)
        assert page.field("all_matching") == "1"
        assert page.field("tag") == "Buyers"
        alice.post("drips.enrol", 303, data, **HERE)
        assert [one.person.first_name for one in people.in_drip(northside.tenant, drip.id, list(EnrolmentState))] == ["Maya"]  # fmt: skip

    @pytest.mark.parametrize(
        ("data", "status"),
        [
            ({}, 400), ({"ids": ""}, 400), ({"ids": "x"}, 400), ({"ids": str(cast.BOB)}, 400),
            ({"plan": "x"}, 404), ({"plan": str(cast.BOB)}, 404), ({"plan": ""}, 400),
        ],
    )  # fmt: skip
    def test_nobody_or_no_plan_is_said(self, alice, northside, maya, data, status):
        drip = make_drip(northside)
        whole = {"plan": str(drip.id), "ids": str(maya.contact.id)}
        sent = whole | data if "plan" in data else {"plan": str(drip.id), **data}
        for endpoint in ("drips.preview", "drips.enrol"):
            alice.post(endpoint, status, sent, **HERE)

    def test_an_archived_plan_and_another_teams_take_nobody(self, alice, bob, northside, maya):
        drip = make_drip(northside)
        alice.post("drips.archive", 303, drip_id=drip.id, **HERE)
        look(alice, drip, maya, status=400)
        alice.get("drips.pick", 400, drip_id=drip.id, **HERE)

    def test_an_officer_enrols_nobody(self, vera, northside, maya):
        drip = make_drip(northside)
        look(vera, drip, maya, status=403)
        vera.post("drips.enrol", 403, {"plan": drip.id, "ids": maya.contact.id}, **HERE)


class TestThePlansPeople:
    def test_it_runs_and_says_what_comes_next(self, alice, northside, maya, at):
        at("2026-03-02 12:00")
        drip = make_drip(northside, [text_step(0, None), text_step(2, TEN)])
        enrol(northside, drip, maya)
        page = alice.get("drips.show", drip_id=drip.id, **HERE)
        assert "Next: step 1 of 2, text, Today 12:00 pm" in page.text_of("#people")
        work(northside)
        page = alice.get("drips.show", drip_id=drip.id, **HERE)
        assert "Next: step 2 of 2, text, Wed 10:00 am" in page.text_of("#people")
        assert len(texts(northside, kind=Kind.PLAN)) == 1

    def test_one_person_is_paused_resumed_and_removed(self, alice, northside, maya):
        drip = make_drip(northside, [text_step(3)])
        enrol(northside, drip, maya)
        where = {**HERE, "enrolment_id": place_of(northside, maya).id}
        contact = alice.url("messaging.contact", contact_id=maya.contact.id, **HERE)
        back = alice.post("drips.pause_person", 303, {"next": contact}, **where)
        assert back.location == contact
        assert place_of(northside, maya).state is EnrolmentState.PAUSED
        page = alice.follow(back)
        assert "Somebody chose so" in page.text_of("#plans")
        alice.post("drips.resume_person", 303, **where)
        assert place_of(northside, maya).state is EnrolmentState.ACTIVE
        gone = alice.follow(alice.post("drips.remove_person", 303, **where))
        assert "Removed from the plan" in gone.text
        assert "Nobody here" in gone.text_of("#people")
        over = alice.get("drips.show", query={"state": "over"}, drip_id=drip.id, **HERE)
        assert "Maya Castellanos" in over.text_of("#people")
        again = alice.follow(alice.post("drips.remove_person", 303, **where))
        assert "somebody was faster" in again.text

    def test_a_whole_plan_is_paused_with_a_reason_and_goes_on(self, alice, bob, northside, maya):
        """H-8"""
        drip = make_drip(northside, [text_step(0, None)])
        enrol(northside, drip, maya)
        where = {**HERE, "drip_id": drip.id}
        page = alice.post("drips.pause", 422, {"reason": " "}, **where)
        assert "Give the reason in a few words" in page.text_of(".field__error")
        page = alice.follow(
            alice.post("drips.pause", 303, {"reason": "Wrong words in it"}, **where)
        )
        assert "This plan is paused. Wrong words in it" in page.text
        work(northside)
        assert texts(northside) == []
        alice.post("drips.resume", 422, {"reason": ""}, **where)
        alice.post("drips.resume", 303, {"reason": "The words are right"}, **where)
        assert library.drip_or_404(keeper_of(northside), drip.id).state is DripState.ACTIVE
        work(northside)
        assert len(texts(northside)) == 1

    def test_a_shared_plan_is_stopped_by_leads_alone(self, bob, northside):
        drip = make_drip(northside, place=Place(team_id=cast.NORTHSIDE_TEAM))
        bob.post("drips.pause", 403, {"reason": "I don't like it"}, drip_id=drip.id, **HERE)

    def test_how_many_a_limit_holds_and_until_when(self, alice, northside, maya, at):
        """S-5"""
        at("2026-03-02 12:00")
        with unit_of_work():
            account_service.set_limits(
                northside.id, daily_recipients=1, daily_segments=100, note="Slow", actor=ALICE_ACTS
            )
        account = accounts.account(cast.NORTHSIDE)
        drip = make_drip(account, [text_step(0, None)])
        enrol(account, drip, maya, *make_recipients(account, 2))
        work(account)
        assert people.held_by_limits(account.tenant, drip.id).people == 2
        page = alice.get("drips.show", drip_id=drip.id, **HERE)
        assert "2 people are held by a daily limit." in page.text

    def test_what_a_limit_holds_is_counted_over_every_send_of_a_plan(self, northside, maya, at):
        """S-5: who comes by a tag or a form is a send of their own, hundreds in a month."""
        at("2026-03-02 12:00")
        with unit_of_work():
            account_service.set_limits(
                northside.id, daily_recipients=1, daily_segments=100, note="Slow", actor=ALICE_ACTS
            )
        account = accounts.account(cast.NORTHSIDE)
        drip = make_drip(account, [text_step(0, None)])
        enrol(account, drip, maya)
        work(account)
        many_sends(drip, 600)
        enrol(account, drip, *make_recipients(account, 2))
        work(account)
        assert people.held_by_limits(account.tenant, drip.id).people == 2

    def test_many_are_shown_some_at_a_time(self, alice, northside, sender, monkeypatch):
        monkeypatch.setattr("portal.drips.views.library.PEOPLE", 2)
        drip = make_drip(northside, [text_step(3)])
        enrol(northside, drip, *make_recipients(northside, 3))
        page = alice.get("drips.show", drip_id=drip.id, **HERE)
        assert len(page.texts_of("#people .numbers__line")) == 2
        [more] = [a["href"] for a in page.page.select("#people a") if a.text == "Further people"]
        further = alice.open("GET", more.partition("#")[0], 200)
        assert len(further.texts_of("#people .numbers__line")) == 1
        alice.get("drips.show", 400, query={"after": "x"}, drip_id=drip.id, **HERE)
        alice.get("drips.show", 400, query={"state": "x"}, drip_id=drip.id, **HERE)

    def test_the_library_counts_who_is_in(self, alice, northside, maya):
        drip = make_drip(northside, [text_step(3)])
        enrol(northside, drip, maya)
        assert alice.get("drips.index", **HERE).texts_of("#plan-list td.num")[0] == "1"


class TestThePersonsPage:
    def test_plans_stand_there_and_on_the_timeline(self, alice, northside, maya, clock):
        """K-5"""
        drip = make_drip(northside, [text_step(0, None)], "Buyers")
        page = alice.get("messaging.contact", contact_id=maya.contact.id, **HERE)
        assert "In no plan" in page.text_of("#plans")
        enrol(northside, drip, maya)
        work(northside)
        clock.travel(by=timedelta(minutes=20))
        work(northside)
        page = alice.get("messaging.contact", contact_id=maya.contact.id, **HERE)
        assert "Buyers" in page.text_of("#plans")
        told = page.texts_of("#timeline-list .timeline__title")
        assert {"Enrolled in Buyers", "Plan text"} <= set(told)
        assert "Finished Buyers" in told


def many_sends(drip, count):
    """Let a step have had so many sends more, all of which have left."""
    one = db.session.execute(db.select(Campaign.__table__)).mappings().first()
    ids = [UUID(int=n + 1) for n in range(count)]
    with unit_of_work():
        db.session.execute(
            db.insert(Campaign.__table__), [{**one, "id": id_, "nonce": id_.hex} for id_ in ids]
        )
        about = {
            "organization_id": one["organization_id"], "account_id": one["account_id"],
            "drip_id": drip.id, "step_id": drip.steps[0].id,
        }  # fmt: skip
        db.session.execute(
            db.insert(DripSend.__table__), [{**about, "campaign_id": id_} for id_ in ids]
        )
