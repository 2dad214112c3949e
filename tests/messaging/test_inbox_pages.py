"""The inbox and a conversation, as people see them (Q-3, Q-5, K-6, C-8)."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from portal.contacts.models import Contact
from portal.core.audit import AuditEntry
from portal.core.db import db, unit_of_work
from portal.messaging import queries
from portal.messaging.values import State
from tests.factories.messaging import make_recipient
from tests.messaging.talks import MAYA, answer, hear, open_talk, post, send, set_state
from tests.messaging.test_index_use import asked

NASTY = "<script>alert(1)</script> <b>bold</b> &amp; <img src=x onerror=alert(1)>"


@pytest.fixture
def maya(northside, sender):
    """Somebody who agreed to all texts and has written."""
    make_recipient(northside, number=MAYA, first_name="Maya", last_name="Castellanos")
    return hear(northside)


class TestTheList:
    def test_an_empty_inbox_says_what_will_come(self, alice, northside):
        shown = alice.get("messaging.inbox", account_id=northside.id)
        assert "Nothing here yet" in shown.text

    def test_a_text_is_on_top_unread_with_name_and_preview(self, alice, northside, maya):
        shown = alice.get("messaging.inbox", account_id=northside.id)
        [row] = shown.texts_of(".convo--unread")
        assert "Maya Castellanos" in row
        assert "Is it still available?" in row
        assert "Unread 1" in shown.text_of("#inbox-views")
        assert "Needs answer 1" in shown.text_of("#inbox-views")

    def test_newest_first(self, alice, northside, maya, clock):
        clock.travel(by=timedelta(minutes=1))
        hear(northside, "hi saw your sign on Alder", "+18725550110")
        shown = alice.get("messaging.inbox", account_id=northside.id)
        assert "(872) 555-0110" in shown.texts_of(".convo")[0]

    def test_an_unknown_number_is_marked_as_a_new_lead(self, alice, northside, sender):
        """K-6"""
        hear(northside, "hi", "+18725550110")
        shown = alice.get("messaging.inbox", account_id=northside.id)
        assert "New lead" in shown.text_of(".convo")

    def test_views_narrow_the_list(self, alice, northside, maya, clock):
        clock.travel(by=timedelta(minutes=1))
        gone = hear(northside, "STOP", "+18725550110")
        assert gone.is_opted_out

        def names(view):
            shown = alice.get("messaging.inbox", query={"view": view}, account_id=northside.id)
            return shown.texts_of(".convo__name")

        assert len(names("all")) == 2
        assert names("opted_out") == ["Unread: (872) 555-0110"]
        assert names("needs_answer") == ["Unread: Maya Castellanos"]
        answer(northside)
        assert names("needs_answer") == []

    def test_an_unknown_view_or_cursor_is_refused_with_what_to_do(self, alice, northside):
        shown = alice.get("messaging.inbox", 400, {"view": "flagged"}, account_id=northside.id)
        assert "needs_answer" in shown.text
        alice.get("messaging.inbox", 400, {"after": "zzz"}, account_id=northside.id)

    def test_pages_are_linked_both_ways(self, alice, northside, sender, clock):
        for place in range(26):
            hear(northside, "hi", f"+1312557{place:04d}")
            clock.travel(by=timedelta(seconds=1))
        first = alice.get("messaging.inbox", account_id=northside.id)
        assert len(first.page.select(".convo")) == 25
        [older] = [a for a in first.page.select(".inbox-pages a") if a.text == "Older"]
        second = alice.open("GET", older["href"])
        assert len(second.page.select(".convo")) == 1
        assert second.texts_of(".inbox-pages a") == ["Newest"]
        assert not second.page.select("[hx-trigger='every 2s']")  # archived pages are still

    def test_bodies_are_text_only(self, alice, northside, sender):
        talk = hear(northside, NASTY)
        shown = alice.get("messaging.inbox", account_id=northside.id)
        assert shown.page.select_one(".convo__text").get_text() == NASTY
        opened = open_talk(alice, talk)
        assert opened.page.select_one(".chat__bubble--in").get_text().endswith(NASTY)
        assert not opened.page.select(".chat b, .chat script")


class TestNews:
    def poll_url(self, shown):
        return shown.page.select_one("#inbox-list > [hx-trigger='every 2s']")["hx-get"]

    def test_nothing_new_is_nothing(self, alice, northside, maya):
        shown = alice.get("messaging.inbox", account_id=northside.id)
        assert alice.htmx.open("GET", self.poll_url(shown), 204).data == b""

    def test_a_row_changes_in_place(self, alice, northside, maya):
        shown = alice.get("messaging.inbox", account_id=northside.id)
        hear(northside, "Hello?")
        news = alice.htmx.open("GET", self.poll_url(shown))
        assert "Hello?" in news.text_of("#inbox-list .convo")
        assert "HX-Retarget" not in news.headers

    def test_rows_never_move_by_themselves(self, alice, northside, maya, clock):
        shown = alice.get("messaging.inbox", account_id=northside.id)
        clock.travel(by=timedelta(minutes=1))
        hear(northside, "hi", "+18725550110")
        news = alice.htmx.open("GET", self.poll_url(shown))
        assert news.headers["HX-Retarget"] == "#inbox-news"
        assert news.text_of("#inbox-line") == "New lead: (872) 555-0110"
        assert news.text_of("#rail-live") == "2 waiting"
        assert "Unread 2" in news.text_of("#inbox-views")
        told = news.field("told")
        again = f"{self.poll_url(shown)}&told={told}"
        assert alice.htmx.open("GET", again, 204).data == b""
        fresh = alice.htmx.open("GET", news.page.select_one("a")["hx-get"])
        assert len(fresh.page.select("#inbox-list .convo")) == 2

    def test_an_empty_list_fills_at_once(self, alice, northside, sender):
        shown = alice.get("messaging.inbox", account_id=northside.id)
        hear(northside)
        news = alice.htmx.open("GET", self.poll_url(shown))
        assert len(news.page.select("#inbox-list .convo")) == 1


class TestReading:
    def test_looking_changes_nothing(self, alice, northside, maya):
        """RULINGS 23"""
        open_talk(alice, maya)
        assert queries.conversation(northside.tenant, MAYA).unread == 1

    def test_the_page_marks_it_read_by_a_post(self, alice, northside, maya):
        shown = open_talk(alice, maya)
        form = shown.page.select_one("#thread form[hx-trigger='load']")
        assert form["action"] == form["hx-post"]
        answered = alice.htmx.open("POST", form["hx-post"], 204)
        assert answered.headers["HX-Trigger"] == "inbox-changed"
        assert queries.conversation(northside.tenant, MAYA).unread == 0
        assert not open_talk(alice, maya).page.select("#thread form[hx-trigger='load']")

    def test_without_script_a_button_does_it(self, alice, northside, maya):
        assert alice.follow(post(alice, "messaging.mark_read", maya, 303)).status == 200
        assert queries.conversation(northside.tenant, MAYA).unread == 0

    def test_done_takes_it_off_what_needs_an_answer(self, alice, northside, maya):
        post(alice, "messaging.mark_answered", maya, 303)
        assert not queries.conversation(northside.tenant, MAYA).needs_answer

    def test_an_open_talk_asks_for_news(self, alice, northside, maya):
        shown = open_talk(alice, maya)
        poll = shown.page.select_one("#thread")["hx-get"]
        alice.htmx.open("GET", poll, 204)
        hear(northside, "Hello?")
        news = alice.htmx.open("GET", poll)
        assert "Hello?" in news.text_of("#thread")
        assert news.text_of("#talk-news") == "New text from Maya Castellanos: Hello?"
        assert not news.page.select("#reply-body")  # what is being typed stays

    def test_an_opt_out_reaches_a_page_that_is_open(self, alice, northside, maya):
        poll = open_talk(alice, maya).page.select_one("#thread")["hx-get"]
        hear(northside, "STOP")
        news = alice.htmx.open("GET", poll)
        assert "This person opted out" in news.text_of("#reply-note")
        assert "Opted out" in news.text_of("#standing")
        closed = open_talk(alice, maya).page.select_one("#thread")["hx-get"]
        hear(northside, "START")
        assert alice.htmx.open("GET", closed).page.select("#reply #reply-body")


class TestWho:
    def test_an_officer_reads_along_and_every_look_is_logged(self, vera, northside, maya):
        """SPEC 1"""
        vera.get("messaging.inbox", account_id=northside.id)
        shown = open_talk(vera, maya)
        assert not shown.page.select("#reply textarea, [hx-trigger='every 2s'], form[hx-trigger]")
        events = db.session.execute(
            select(AuditEntry.event, AuditEntry.subject_id, AuditEntry.actor_label)
            .where(AuditEntry.event.like("messaging:%:view"))
            .order_by(AuditEntry.position)
        ).all()
        assert events == [
            ("messaging:inbox:view", None, "Vera Okafor"),
            ("messaging:conversation:view", maya.id, "Vera Okafor"),
        ]

    def test_a_lead_is_not_logged(self, alice, maya):
        open_talk(alice, maya)
        looked = select(AuditEntry.id).where(AuditEntry.event.like("messaging:%:view"))
        assert db.session.scalars(looked).all() == []

    @pytest.mark.parametrize(
        "endpoint",
        ["reply", "reply_cost", "mark_read", "mark_answered"],
    )
    def test_an_officer_changes_nothing(self, vera, maya, endpoint):
        post(vera, f"messaging.{endpoint}", maya, 403, {"body": "x", "nonce": "12345678"})

    def test_an_officer_cannot_follow_without_a_log(self, vera, maya):
        vera.get(
            "messaging.conversation_thread",
            403,
            account_id=maya.account_id,
            conversation_id=maya.id,
        )

    def test_strangers_find_nothing(self, mallory, lakeview, maya):
        open_talk(mallory, maya, 404)
        send(mallory, maya, "Hello", 404)
        mallory.get("messaging.conversation", 404, account_id=lakeview.id, conversation_id=maya.id)
        mallory.get("messaging.inbox", 404, account_id=maya.account_id)

    def test_an_administrator_sees_no_texts(self, pat, maya):
        open_talk(pat, maya, 404)

    def test_one_account_does_not_open_the_talk_of_another(self, bob, bobs, maya):
        bob.get("messaging.conversation", 404, account_id=bobs.id, conversation_id=maya.id)


class TestQuietPolls:
    """A poll that meets nothing new asks one seek, and still misses nothing for long (G6)."""

    def poll(self, shown):
        return shown.page.select_one("#inbox-list > [hx-trigger='every 2s']")["hx-get"]

    def test_nothing_new_reads_no_conversation(self, alice, northside, maya, clock):
        shown = alice.get("messaging.inbox", account_id=northside.id)
        thread = open_talk(alice, maya).page.select_one("#thread")["hx-get"]
        clock.travel(to=datetime(2026, 3, 2, 18, 5, 15, tzinfo=UTC))
        for url in (self.poll(shown), thread):
            with asked() as statements:
                alice.htmx.open("GET", url, 204)
            read = [sql for sql, _ in statements if "preview" in sql or "FROM inbound_texts" in sql]
            assert read == []

    def test_a_change_is_seen_at_the_next_poll(self, alice, northside, maya, clock):
        shown = alice.get("messaging.inbox", account_id=northside.id)
        thread = open_talk(alice, maya).page.select_one("#thread")["hx-get"]
        clock.travel(to=datetime(2026, 3, 2, 18, 5, 15, tzinfo=UTC))
        hear(northside, "Are you there?")
        assert "Are you there?" in alice.htmx.open("GET", self.poll(shown)).text
        assert "Are you there?" in alice.htmx.open("GET", thread).text

    def test_the_fate_of_a_text_is_seen_too(self, alice, northside, maya, clock):
        answer(northside)
        thread = open_talk(alice, maya).page.select_one("#thread")["hx-get"]
        set_state(northside, State.DELIVERED)
        clock.travel(to=datetime(2026, 3, 2, 18, 5, 15, tzinfo=UTC))
        assert "Delivered" in alice.htmx.open("GET", thread).text

    def test_a_name_given_meanwhile_is_seen_within_a_minute(self, alice, northside, maya, clock):
        shown = alice.get("messaging.inbox", account_id=northside.id)
        with unit_of_work():
            db.session.execute(update(Contact).values(first_name="Mayra"))
        clock.travel(to=datetime(2026, 3, 2, 18, 5, 15, tzinfo=UTC))
        alice.htmx.open("GET", self.poll(shown), 204)
        clock.travel(to=datetime(2026, 3, 2, 18, 6, 1, tzinfo=UTC))
        assert "Mayra" in alice.htmx.open("GET", self.poll(shown)).text
