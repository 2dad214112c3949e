"""The inbox and a conversation, as people see them (Q-3, Q-5, K-6, C-8)."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from portal.consent import queries as consent
from portal.consent import service as consent_service
from portal.consent.values import Method
from portal.contacts import service as contacts
from portal.contacts.values import Selection
from portal.core.audit import SYSTEM, AuditEntry
from portal.core.db import db, unit_of_work
from portal.messaging import queries
from portal.messaging.values import State
from portal.texting_accounts import service as accounts
from tests import cast
from tests.factories.contacts import make_contact
from tests.factories.messaging import agree, make_campaign, make_recipient, one_to_one, texts
from tests.messaging.talks import MAYA, answer, hear, set_state

NASTY = "<script>alert(1)</script> <b>bold</b> &amp; <img src=x onerror=alert(1)>"


@pytest.fixture
def maya(northside, sender):
    """Somebody who agreed to all texts and has written."""
    make_recipient(northside, number=MAYA, first_name="Maya", last_name="Castellanos")
    return hear(northside)


@pytest.fixture
def later(alice, clock):
    """Let time pass; Alice signs in again then."""

    def go(**by):
        clock.travel(by=timedelta(**by))
        cast.sign_in(alice.client, cast.ALICE)

    return go


def open_talk(person, talk, status=200, **query):
    return person.get(
        "messaging.conversation",
        status,
        query=query,
        account_id=talk.account_id,
        conversation_id=talk.id,
    )


def send(person, talk, body, status=None, nonce=None, **more):
    return person.post(
        "messaging.reply",
        status,
        data={"body": body, "nonce": nonce or uuid4().hex, **more},
        account_id=talk.account_id,
        conversation_id=talk.id,
    )


def post(person, endpoint, talk, status=None, data=None, **where):
    return person.post(
        endpoint,
        status,
        data=data,
        account_id=talk.account_id,
        conversation_id=talk.id,
        **where,
    )


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
        for place in range(51):
            hear(northside, "hi", f"+1312557{place:04d}")
            clock.travel(by=timedelta(seconds=1))
        first = alice.get("messaging.inbox", account_id=northside.id)
        assert len(first.page.select(".convo")) == 50
        [older] = [a for a in first.page.select(".inbox-pages a") if a.text == "Older"]
        second = alice.open("GET", older["href"])
        assert len(second.page.select(".convo")) == 1
        assert second.texts_of(".inbox-pages a") == ["Newest"]
        assert not second.page.select("[hx-trigger='every 3s']")  # archived pages are still

    def test_bodies_are_text_only(self, alice, northside, sender):
        talk = hear(northside, NASTY)
        shown = alice.get("messaging.inbox", account_id=northside.id)
        assert shown.page.select_one(".convo__text").get_text() == NASTY
        opened = open_talk(alice, talk)
        assert opened.page.select_one(".chat__bubble--in").get_text().endswith(NASTY)
        assert not opened.page.select(".chat b, .chat script")


class TestNews:
    def poll_url(self, shown):
        return shown.page.select_one("#inbox-list > [hx-trigger='every 3s']")["hx-get"]

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
        assert news.text == "New from (872) 555-0110"
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


class TestTheTalk:
    def test_both_ways_with_status_and_price(self, alice, northside, maya):
        answer(northside, "Yes, it is. Want to see it?")
        set_state(northside, State.DELIVERED)
        shown = open_talk(alice, maya)
        assert "Is it still available?" in shown.text_of(".chat__bubble--in")
        assert "Yes, it is. Want to see it?" in shown.text_of(".chat__bubble--out")
        assert "1 credit" in shown.texts_of(".chat__meta--out")[0]
        assert "Delivered" in shown.texts_of(".chat__meta--out")[0]
        assert shown.texts_of(".chat__day") == ["Today"]

    def test_days_are_parted(self, alice, northside, maya, later):
        later(days=3)
        hear(northside, "Hello again")
        shown = open_talk(alice, maya)
        assert shown.texts_of(".chat__day") == ["Monday 2 March", "Today"]

    @pytest.mark.parametrize(
        ("state", "columns", "said"),
        [
            (State.UNDELIVERED, {"error_code": 30006}, "30006"),
            (State.UNKNOWN, {}, "We are checking whether this arrived"),
            (State.UNCONFIRMED, {}, "Send again anyway"),
            (State.FAILED, {"error_code": 30008}, "Send again"),
            (
                State.HELD,
                {"reason_code": "x", "reason": "Today's limit is reached."},
                "limit is reached",
            ),
            (State.CANCELED, {}, "not charged"),
        ],
        ids=lambda value: str(value)[:20],
    )
    def test_each_state_says_what_happened_and_what_to_do(
        self, alice, northside, maya, state, columns, said
    ):
        """S-10"""
        answer(northside)
        set_state(northside, state, **columns)
        assert said in open_talk(alice, maya).text_of("#thread")

    def test_sending_again_anyway_is_for_leads_and_owners(self, bob, northside, maya):
        """RULINGS 22"""
        answer(northside)
        message_id = set_state(northside, State.UNCONFIRMED)
        assert "Send again anyway" not in open_talk(bob, maya).text
        data = {"nonce": uuid4().hex, "anyway": "1"}
        post(bob, "messaging.send_reply_again", maya, 403, data, message_id=message_id)

    def test_a_failed_text_is_sent_again_through_all_gates(self, alice, northside, maya):
        answer(northside)
        message_id = set_state(northside, State.FAILED, error_code=30008)
        data = {"nonce": uuid4().hex}
        for _ in range(2):  # a second click does nothing more
            post(alice, "messaging.send_reply_again", maya, 303, data, message_id=message_id)
        assert [t.resend_of for t in texts(northside)] == [None, message_id]

    def test_a_held_text_can_be_canceled(self, alice, northside, maya):
        """S-8"""
        answer(northside)
        message_id = set_state(northside, State.HELD, reason_code="x", reason="Waits.")
        post(alice, "messaging.cancel_reply", maya, 303, message_id=message_id)
        assert [t.state for t in texts(northside)] == [State.CANCELED]

    def test_stop_and_start_are_events_of_the_talk(self, alice, northside, maya):
        """Q-3"""
        hear(northside, "STOP")
        shown = open_talk(alice, maya)
        assert "Opted out by text" in shown.text_of("#thread")
        assert "The carrier answered by itself" in shown.text_of("#thread")
        hear(northside, "START")
        assert "Opted in again by text" in open_talk(alice, maya).text_of("#thread")

    def test_help_and_our_own_automatic_answers_are_seen(self, alice, northside, maya):
        """Q-1: the carrier doesn't know "opt out", so we answer it ourselves."""
        hear(northside, "opt out")
        shown = open_talk(alice, maya)
        assert "automatic answer, free" in shown.text_of("#thread")
        assert "The carrier answered" not in shown.text_of("#thread")
        hear(northside, "HELP")
        assert "The carrier answered by itself" in open_talk(alice, maya).text_of("#thread")

    def test_a_campaign_is_named_in_the_talk(self, alice, northside, sender):
        person = make_recipient(northside, number=MAYA)
        make_campaign(northside, [person])
        talk = hear(northside, "Yes please")
        assert "Open house" in open_talk(alice, talk).texts_of(".chat__meta--out")[0]

    def test_older_texts_are_a_link_away(self, alice, northside, maya, clock):
        for place in range(101):
            clock.travel(by=timedelta(seconds=1))
            hear(northside, f"number {place}")
        shown = open_talk(alice, maya)
        assert "number 100" in shown.text
        assert "Is it still available?" not in shown.text_of("#thread")
        older = alice.open("GET", shown.page.select_one(".chat__more")["href"])
        assert "Is it still available?" in older.text_of("#thread")
        assert not older.page.select("#thread[hx-trigger]")

    def test_a_damaged_moment_is_refused(self, alice, maya):
        open_talk(alice, maya, 400, before="yesterday")

    def test_the_talk_tells_what_it_cost(self, alice, northside, maya):
        answer(northside)
        set_state(northside, State.DELIVERED)
        assert "2 in this talk" in open_talk(alice, maya).text_of("#standing")

    def test_the_consent_it_rests_on_stands_beside_it(self, alice, maya):
        shown = open_talk(alice, maya)
        assert "Express written consent" in shown.text_of("#standing")
        assert "Bulk texts and plans included." in shown.text_of("#standing")


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


class TestAnswering:
    def test_an_answer_goes_into_the_outbox(self, alice, northside, maya):
        done = send(alice, maya, "Yes, it is.\r\nSaturday?", 303)
        assert "Yes, it is." in alice.follow(done).text_of(".chat__bubble--out")
        [sent] = texts(northside)
        assert (sent.body, sent.e164, sent.state) == ("Yes, it is.\nSaturday?", MAYA, State.QUEUED)
        assert not queries.conversation(northside.tenant, MAYA).needs_answer

    def test_htmx_gets_the_talk_and_an_empty_box(self, alice, northside, maya):
        done = send(alice.htmx, maya, "Yes, it is.", 200)
        assert done.is_partial
        assert done.field("body") == ""
        assert done.headers["HX-Trigger-After-Swap"] == "inbox-changed"

    def test_one_form_sends_once(self, alice, northside, maya):
        """PROMISES I9"""
        nonce = uuid4().hex
        send(alice, maya, "Yes, it is.", 303, nonce)
        send(alice, maya, "Yes, it is.", 303, nonce)
        assert len(texts(northside)) == 1
        again = send(alice, maya, "No, it is not.", 422, nonce)
        assert again.field("body") == "No, it is not."

    @pytest.mark.parametrize(
        ("body", "said"),
        [
            ("", "Write a text first."),
            ("Hi {first_nam}", "first_nam"),
            ("x" * 9000, "Shorten it"),
        ],
    )
    def test_what_was_typed_is_kept_when_it_cannot_go(self, alice, maya, body, said):
        for browser in (alice, alice.htmx):
            refused = send(browser, maya, body, 422)
            assert said in refused.text_of("#reply-body-error")
            assert refused.field("body") == body

    def test_too_few_credits_say_so_keep_the_text_and_lead_to_more(self, alice, northside, maya):
        make_campaign(northside, [make_recipient(northside)], one_to_one("x" * 160 * 48))
        for _ in range(10):
            make_campaign(northside, [make_recipient(northside)], one_to_one("x" * 160 * 45))
        refused = send(alice, maya, "x" * 161, 422)
        assert "1 credit is left" in refused.text_of("#reply-body-error")
        assert refused.field("body") == "x" * 161
        assert refused.page.select("#reply a[href*='marketplace']")

    def test_the_cost_follows_what_is_typed(self, alice, maya):
        """R-6"""
        shown = post(alice.htmx, "messaging.reply_cost", maya, 200, {"body": "a" * 161})
        assert shown.text_of("#reply-cost").startswith("2 credits , 499 left")
        assert "159 characters to go" in shown.text_of("#reply-cost")

    def test_a_curly_quote_is_named_with_its_remedy(self, alice, northside, maya):
        body = "It’s here"
        shown = post(alice.htmx, "messaging.reply_cost", maya, 200, {"body": body})
        assert "’" in shown.text_of("#reply-cost kbd")
        mended = send(alice.htmx, maya, body, 200, plain="1")
        assert mended.field("body") == "It's here"
        assert texts(northside) == []

    def test_who_opted_out_cannot_be_answered(self, alice, northside, maya):
        """Q-2"""
        hear(northside, "STOP")
        shown = open_talk(alice, maya)
        assert not shown.page.select("#reply textarea")
        assert "Only they can opt in again" in shown.text_of("#reply")
        refused = send(alice, maya, "Please come back", 422)
        assert "Please come back" in refused.text_of("#reply .reply__kept")
        assert texts(northside) == []

    def test_a_paused_account_says_so_and_leads_to_its_settings(self, alice, northside, maya):
        with unit_of_work():
            accounts.pause(northside.id, reason="Holiday.", actor=SYSTEM)
        shown = open_talk(alice, maya)
        assert "Sending is paused" in shown.text_of("#reply")
        assert shown.page.select("#reply a[href$='/settings']")

    def test_without_a_record_the_composer_asks_once(self, alice, northside, sender, later):
        """C-8: the person's own text allows 90 days of answers."""
        make_contact(northside, number=MAYA, first_name="Maya")
        talk = hear(northside)
        later(days=91)
        shown = open_talk(alice, talk)
        assert "How did they agree?" in shown.text_of("#reply")
        kept = post(
            alice,
            "messaging.reply_consent",
            talk,
            422,
            {"how": "", "given_on": "2026-03-02", "body": "Hi"},
        )
        assert kept.field("given_on") == "2026-03-02"
        assert kept.field("body") == "Hi"
        done = post(
            alice,
            "messaging.reply_consent",
            talk,
            200,
            {
                "how": "At the open house on Alder Ct",
                "given_on": "2026-03-02",
                "body": "Hi",
                "nonce": uuid4().hex,
            },
        )
        assert done.page.select_one("#reply-body").get_text().strip() == "Hi"
        assert "Agent-stated" in done.text_of("#standing")
        [stated, _inquiry] = consent.records(northside.tenant, MAYA)
        assert (stated.method, stated.collected_by) == (Method.AGENT_STATED, "Alice Moreno")

    def test_a_day_to_come_is_refused(self, alice, northside, sender, later):
        talk = hear(northside)
        later(days=91)
        data = {"how": "At the open house", "given_on": "2027-03-02"}
        refused = post(alice, "messaging.reply_consent", talk, 422, data)
        assert "future" in refused.text_of("#reply")

    def test_a_number_nobody_has_any_more_can_be_answered(self, alice, northside, maya):
        with unit_of_work():
            contacts.delete_contacts(
                northside.tenant, Selection(ids=(maya.contact_id,)), actor=SYSTEM
            )
        assert "Nobody in your contacts" in open_talk(alice, maya).text_of("#standing")
        send(alice, maya, "Hello", 303)
        assert len(texts(northside)) == 1


class TestWho:
    def test_an_officer_reads_along_and_every_look_is_logged(self, vera, northside, maya):
        """SPEC 1"""
        vera.get("messaging.inbox", account_id=northside.id)
        shown = open_talk(vera, maya)
        assert not shown.page.select("#reply textarea, [hx-trigger='every 3s'], form[hx-trigger]")
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


def test_do_not_contact_closes_the_box_and_leads_to_the_list(alice, juniper, northside, maya):
    with unit_of_work():
        consent_service.add_do_not_contact(juniper.id, MAYA, reason="Asked", actor=SYSTEM)
    shown = open_talk(alice, maya)
    assert "do-not-contact list" in shown.text_of("#reply")
    assert shown.page.select("#reply a[href*='do-not-contact']")


def test_an_agreement_found_later_opens_the_box(alice, northside, sender, later):
    talk = hear(northside)
    later(days=91)
    poll = open_talk(alice, talk).page.select_one("#thread")["hx-get"]
    agree(northside, MAYA)
    assert alice.htmx.open("GET", poll).page.select("#reply-body")
