"""Tasks: writing down, finishing, putting off, telling that they are due (P-1, S-6, K-5)."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from portal.contacts import service as contacts
from portal.contacts.values import Selection
from portal.core.audit import AuditEntry
from portal.core.days import moment_of
from portal.core.db import db, unit_of_work
from portal.core.errors import BadInput, NotFound
from portal.notifications.models import Notice
from portal.retention.service import erasing
from portal.tasks import queries, rules, service
from portal.tasks.queries import Wanted
from portal.tasks.values import PutOff, Source
from portal.texting_accounts import service as accounts
from portal.texting_accounts.errors import AccountClosed
from portal.texting_accounts.models import AccountMember
from tests import cast
from tests.factories.contacts import make_contact
from tests.factories.messaging import ALICE_ACTS
from tests.factories.tasks import make_task
from workers import tasks as jobs

HERE = {"account_id": cast.NORTHSIDE}
CHICAGO = "America/Chicago"


def typed(**more):
    return {
        "title": "Call about the offer", "due_on": "2026-03-03", "due_time": "15:30", "for_id": "",
        "note": "", "contact": "", **more,
    }  # fmt: skip


def lines(page):
    return page.texts_of("#task-list .datatable__name")


def told(user_id):
    db.session.rollback()
    found = db.session.query(Notice).filter(Notice.user_id == user_id, Notice.kind == "task")
    return [notice.title for notice in found.order_by(Notice.created_at)]


def entries():
    db.session.rollback()
    found = db.session.query(AuditEntry).filter(AuditEntry.event.like("tasks:%"))
    return [e.event.rpartition(":")[2] for e in found.order_by(AuditEntry.position)]


def end_membership_in_team(user_id):
    """Take somebody out of the shared account, as when they leave its team."""
    with unit_of_work():
        db.session.query(AccountMember).filter(AccountMember.user_id == user_id).delete()


class TestWhenItIsDue:
    def test_a_day_and_a_time_are_the_accounts_own(self):
        assert moment_of(date(2026, 7, 1), time(9), CHICAGO) == datetime(2026, 7, 1, 14, tzinfo=UTC)  # fmt: skip

    def test_a_time_the_clocks_skip_is_an_hour_later(self):
        assert moment_of(date(2026, 3, 8), time(2, 30), CHICAGO) == datetime(2026, 3, 8, 8, 30, tzinfo=UTC)  # fmt: skip

    @pytest.mark.parametrize(
        ("far", "day"), [(PutOff.TOMORROW, 8), (PutOff.THREE_DAYS, 10), (PutOff.WEEK, 14)]
    )
    def test_putting_off_counts_from_today_and_keeps_the_time_of_day(self, far, day):
        """Over the night the clocks move on, nine stays nine."""
        due, now = datetime(2026, 3, 1, 15, tzinfo=UTC), datetime(2026, 3, 7, 18, tzinfo=UTC)
        later = rules.put_off_to(due, now, far, CHICAGO)
        assert later == datetime(2026, 3, day, 14, tzinfo=UTC)


class TestRemind:
    def test_the_same_key_makes_one_task(self, northside):
        """The engine of SmartPlans may ask twice (P-1)."""
        first = make_task(northside, key="enrolment:1:2", source=Source.PLAN)
        again = make_task(northside, "Other words", key="enrolment:1:2", source=Source.PLAN)
        assert first == again
        assert [row.title for row in queries.tasks(northside, Wanted())] == ["Call about the offer"]
        assert entries() == ["add"]

    def test_what_no_person_typed_is_cut_and_what_one_typed_is_refused(self, northside):
        task_id = make_task(northside, "x" * 300, source=Source.TEXT, key="a")
        assert len(queries.get_or_404(northside.tenant, task_id).title) == rules.LONGEST_TITLE
        with pytest.raises(BadInput):
            make_task(northside, "x" * 300)

    def test_it_may_be_for_somebody_who_works_there_alone(self, northside, bobs):
        make_task(northside, for_id=cast.BOB)
        with pytest.raises(BadInput):
            make_task(bobs, for_id=cast.ALICE)

    def test_a_contact_of_another_account_is_as_good_as_missing(self, northside, bobs):
        with pytest.raises(NotFound):
            make_task(northside, contact_id=make_contact(bobs).id)

    def test_a_closed_account_takes_nothing_new_by_hand_and_tells_of_nothing(self, bobs, clock):
        make_task(bobs)
        with unit_of_work():
            accounts.close(bobs.id, reason="Left", actor=ALICE_ACTS)
        with pytest.raises(AccountClosed):
            make_task(bobs)
        clock.travel(by=timedelta(hours=2))
        assert jobs.tell_due_tasks() == 0
        assert told(cast.BOB) == []


class TestTelling:
    def test_who_it_is_for_is_told_once_when_it_is_due(self, northside, clock):
        """M-2"""
        make_task(northside, for_id=cast.BOB)
        assert jobs.tell_due_tasks() == 0
        clock.travel(by=timedelta(hours=1, minutes=1))
        assert (jobs.tell_due_tasks(), jobs.tell_due_tasks()) == (1, 0)
        assert (told(cast.BOB), told(cast.ALICE)) == (["To do: Call about the offer"], [])

    def test_for_everybody_the_owner_is_told_or_the_leads_of_the_team(self, northside, bobs, clock):
        make_task(northside)
        make_task(bobs, "Bob's own")
        clock.travel(by=timedelta(hours=2))
        assert jobs.tell_due_tasks() == 2
        assert told(cast.ALICE) == ["To do: Call about the offer"]
        assert told(cast.BOB) == ["To do: Bob's own"]

    def test_when_somebody_left_the_leads_are_told(self, northside, clock):
        """SPEC 1: off-boarding forgets nothing."""
        make_task(northside, for_id=cast.BOB)
        end_membership_in_team(cast.BOB)
        clock.travel(by=timedelta(hours=2))
        jobs.tell_due_tasks()
        assert (told(cast.BOB), told(cast.ALICE)) == ([], ["To do: Call about the offer"])

    def test_what_is_put_off_is_told_anew_and_what_is_done_is_not(self, northside, clock):
        task_id = make_task(northside)
        done = make_task(northside, "Done before")
        with unit_of_work():
            service.finish(northside.tenant, done, actor=ALICE_ACTS)
        clock.travel(by=timedelta(hours=2))
        assert jobs.tell_due_tasks() == 1
        with unit_of_work():
            service.put_off(northside, task_id, PutOff.TOMORROW, actor=ALICE_ACTS)
        assert jobs.tell_due_tasks() == 0
        clock.travel(by=timedelta(days=1))
        assert jobs.tell_due_tasks() == 1
        assert told(cast.ALICE) == ["To do: Call about the offer"] * 2

    def test_one_that_breaks_holds_up_no_other(self, northside, clock, monkeypatch):
        make_task(northside, "Breaks", hours=0.5)
        make_task(northside, "Goes")
        clock.travel(by=timedelta(hours=2))
        whole = service.notifications.notify

        def notify(**said):
            if "Breaks" in said["title"]:
                raise RuntimeError("no")
            return whole(**said)

        monkeypatch.setattr(service.notifications, "notify", notify)
        assert jobs.tell_due_tasks() == 1
        assert told(cast.ALICE) == ["To do: Goes"]


class TestThePages:
    def test_a_task_is_written_changed_and_finished(self, alice, northside):
        carol = make_contact(northside)
        form = alice.get("tasks.new", query={"contact": carol.id}, **HERE)
        assert form.field("due_on") == "2026-03-02"
        data = typed(contact=carol.id, for_id=cast.BOB)
        there = alice.post("tasks.add", 303, data, **HERE).location
        assert there.endswith(f"/contacts/{carol.id}#tasks")
        page = alice.open("GET", there.partition("#")[0], 200)
        assert "Call about the offer" in page.text_of("#tasks")
        [task] = queries.tasks(northside, Wanted())
        assert task.due_at == datetime(2026, 3, 3, 21, 30, tzinfo=UTC)
        where = {**HERE, "task_id": task.id}
        alice.post("tasks.change", 303, typed(title="Call again", edits="0"), **where)
        assert lines(alice.get("tasks.index", **HERE)) == ["Call again"]
        alice.post("tasks.finish", 303, **where)
        alice.post("tasks.finish", 303, **where)
        assert lines(alice.get("tasks.index", **HERE)) == []
        assert lines(alice.get("tasks.index", query={"view": "done"}, **HERE)) == ["Call again"]
        alice.post("tasks.reopen", 303, **where)
        assert entries() == ["add", "change", "finish", "reopen"]

    def test_other_words_leave_a_plans_task_due_when_it_was(self, alice, northside, clock):
        """Pages show minutes; what is due within one is not due anew, and nobody is told again."""
        clock.travel(to=datetime(2026, 3, 2, 16, 20, 37, tzinfo=UTC))
        task_id = make_task(northside, hours=0)
        jobs.tell_due_tasks()
        where = {**HERE, "task_id": task_id}
        form = alice.get("tasks.task", **where)
        data = {name: form.field(name) for name in ("due_on", "due_time", "edits")}
        alice.post("tasks.change", 303, typed(title="Call again") | data, **where)
        assert queries.get_or_404(northside.tenant, task_id).title == "Call again"
        assert jobs.tell_due_tasks() == 0

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"title": "  "}, "Say what is to be done"),
            ({"title": "x" * 201}, "Keep it to 200 characters"),
            ({"due_on": "soon"}, "This is not a date"),
            ({"due_on": "0026-03-03"}, "Check the year"),
            ({"due_time": "25:00"}, "This is not a time"),
            ({"due_time": ""}, "Choose the time"),
            ({"note": "x" * 2001}, "Keep the note to 2,000 characters"),
            ({"for_id": str(cast.MALLORY)}, "Choose one of the list"),
        ],
    )
    def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_lost(self, alice, wrong, said):
        data = typed(note="Ask for the keys") | wrong
        page = alice.post("tasks.add", 422, data, **HERE)
        assert said in page.text_of(".field__error")
        assert page.field("note") == data["note"]
        assert page.field("due_on") in (data["due_on"], "")

    @pytest.mark.parametrize("gone", ["not-an-id", str(cast.MALLORY)])
    def test_a_contact_that_is_gone_takes_nothing_that_was_typed_along(
        self, alice, northside, gone
    ):
        data = typed(note="Ask for the keys", contact=gone)
        page = alice.post("tasks.add", 422, data | {"title": ""}, **HERE)
        assert page.field("note") == data["note"]
        page = alice.post("tasks.add", 422, data, **HERE)
        assert "The contact is not there any more" in page.text_of(".field__error")
        alice.post("tasks.add", 303, data | {"contact": page.field("contact")}, **HERE)
        [task] = queries.tasks(northside, Wanted())
        assert (task.contact_id, task.note) == (None, data["note"])

    def test_who_was_faster_is_told_and_what_was_typed_is_kept(self, alice, northside):
        task_id = make_task(northside)
        where = {**HERE, "task_id": task_id}
        alice.post("tasks.change", 303, typed(title="First", edits="0"), **where)
        page = alice.post("tasks.change", 422, typed(title="Second", edits="0"), **where)
        assert "reads “First”" in page.text
        assert (page.field("title"), page.field("edits")) == ("Second", "1")
        alice.post("tasks.change", 303, typed(title="Second", edits="1"), **where)

    def test_one_click_swaps_the_line_alone_and_can_be_taken_back(self, alice, northside):
        task_id = make_task(northside)
        where = {**HERE, "task_id": task_id}
        line = alice.htmx.post("tasks.finish", 200, **where)
        assert line.is_partial
        assert "Done Today 12:00 pm by Alice Moreno" in line.text_of(f"#task-{task_id}")
        line = alice.htmx.post("tasks.reopen", 200, **where)
        assert "Due Today 1:00 pm" in line.text_of(f"#task-{task_id}")
        line = alice.htmx.post("tasks.put_off", 200, {"far": "tomorrow"}, **where)
        assert "Due Tue 1:00 pm" in line.text_of(f"#task-{task_id}")
        alice.post("tasks.put_off", 400, {"far": "never"}, **where)

    def test_without_script_a_click_leads_back_to_where_it_was_and_nowhere_else(self, alice, northside):  # fmt: skip
        where = {**HERE, "task_id": make_task(northside)}
        home = alice.url("reports.account_home", **HERE)
        assert alice.post("tasks.finish", 303, {"next": home}, **where).location == home
        away = alice.post("tasks.finish", 303, {"next": "//evil.example/"}, **where).location
        assert away == alice.url("tasks.index", **HERE)

    def test_the_home_shows_what_is_due_overdue_first(self, alice, bob, northside):
        """Issue 8: tasks on the agent's home."""
        make_task(northside, "Today")
        make_task(northside, "Next week", hours=7 * 24)
        make_task(northside, "Yesterday", hours=-24)
        make_task(northside, "Bob's", for_id=cast.BOB)
        due = "#due-today .datatable__name"
        assert alice.get("reports.account_home", **HERE).texts_of(due) == ["Yesterday", "Today"]
        assert len(bob.get("reports.account_home", **HERE).texts_of(due)) == 3
        assert "Overdue" in alice.get("reports.account_home", **HERE).text_of("#due-today")

    def test_views_and_filters(self, alice, northside):
        carol = make_contact(northside)
        make_task(northside, "Late", hours=-30, contact_id=carol.id)
        make_task(northside, "From a plan", source=Source.PLAN, key="k")
        make_task(northside, "Later", hours=48, for_id=cast.BOB, note="the ALDER keys")

        def shown(**query):
            return lines(alice.get("tasks.index", query=query, **HERE))

        assert shown() == ["Late", "From a plan", "Later"]
        assert shown(view="due") == ["Late", "From a plan"]
        assert shown(view="later") == ["Later"]
        assert shown(q="alder") == ["Later"]
        assert shown(source="plan") == ["From a plan"]
        assert shown(contact=carol.id) == ["Late"]
        assert shown(mine="1") == ["Late", "From a plan"]
        assert "Clear filters" in alice.get("tasks.index", query={"q": "no such"}, **HERE).text
        alice.get("tasks.index", 400, query={"view": "mine"}, **HERE)
        alice.get("tasks.index", 400, query={"contact": "x"}, **HERE)

    def test_an_officer_looks_and_changes_nothing(self, vera, northside):
        task_id = make_task(northside)
        page = vera.get("tasks.index", **HERE)
        assert page.page.select("#task-list button") == []
        assert vera.get("tasks.task", task_id=task_id, **HERE).page.select("#title") == []
        vera.post("tasks.finish", 403, task_id=task_id, **HERE)

    def test_another_brokerages_task_is_as_good_as_missing(self, alice, lakeview):
        task_id = make_task(lakeview)
        alice.get("tasks.task", 404, task_id=task_id, **HERE)
        alice.post("tasks.finish", 404, task_id=task_id, **HERE)


class TestThePersonItIsAbout:
    def test_it_stands_on_the_timeline_when_written_and_when_done(self, alice, northside):
        """K-5"""
        carol = make_contact(northside)
        task_id = make_task(northside, contact_id=carol.id, note="About the roof")
        with unit_of_work():
            service.finish(northside.tenant, task_id, actor=ALICE_ACTS)
        page = alice.get("messaging.contact", contact_id=carol.id, **HERE)
        told = page.texts_of("#timeline-list .timeline__what")
        assert any(line.startswith("Task done Call about the offer") for line in told)
        assert any("About the roof" in line for line in told)

    def test_it_goes_with_the_contact(self, northside):
        carol = make_contact(northside)
        make_task(northside, contact_id=carol.id)
        make_task(northside, "Stays")
        with unit_of_work():
            contacts.delete_contacts(northside.tenant, Selection(ids=(carol.id,)), actor=ALICE_ACTS)
        assert [row.title for row in queries.tasks(northside, Wanted())] == ["Stays"]

    def test_an_erasure_takes_tasks_about_the_person_and_those_that_name_the_number(self, northside):  # fmt: skip
        """C-10"""
        carol = make_contact(northside, number="+13125550177")
        make_task(northside, contact_id=carol.id)
        make_task(northside, "Ring (312) 555-0177 back")
        make_task(northside, "Stays")
        with unit_of_work():
            asked = erasing.report(
                cast.JUNIPER, "+13125550177", reason="Asked", evidence="Mail", actor=ALICE_ACTS
            )
            done = erasing.erase(cast.JUNIPER, asked, actor=ALICE_ACTS)
        assert done["tasks"] == 2
        assert [row.title for row in queries.tasks(northside, Wanted())] == ["Stays"]

    def test_the_audit_log_never_says_the_words(self, northside):
        make_task(northside, "Ring Zelda Quillfeather", note="She is ill")
        db.session.rollback()
        entry = db.session.query(AuditEntry).filter_by(event="tasks:task:add").one()
        assert "Zelda" not in str(entry.payload)
        assert "ill" not in str(entry.payload)
