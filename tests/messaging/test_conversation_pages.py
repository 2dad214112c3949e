"""A conversation: the talk, its answer and what stands in the way (Q-3, S-10, C-8)."""

from datetime import timedelta
from uuid import uuid4

import pytest

from portal.consent import queries as consent
from portal.consent import service as consent_service
from portal.consent.values import Method
from portal.contacts import service as contacts
from portal.contacts.values import Selection
from portal.core.audit import SYSTEM
from portal.core.db import unit_of_work
from portal.messaging import queries
from portal.messaging.values import State
from portal.texting_accounts import service as accounts
from tests import cast
from tests.factories.contacts import make_contact
from tests.factories.messaging import agree, make_campaign, make_recipient, one_to_one, texts
from tests.messaging.talks import MAYA, answer, hear, open_talk, post, send, set_state

AGAIN = "Send again anyway"
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
        where = {"account_id": northside.id, "message_id": message_id}
        bob.post("messaging.send_again", 403, data={"phrase": "send again", "talk": "1"}, **where)

    def test_one_click_sends_no_text_again_that_may_have_arrived(self, alice, northside, maya):
        """RULINGS 22: it leads to the page that asks first, and from there back to the talk."""
        answer(northside)
        message_id = set_state(northside, State.UNCONFIRMED)
        thread = open_talk(alice, maya).page.select_one("#thread")
        assert not thread.select("form[action$='/again']")
        [way] = [a["href"] for a in thread.select("a") if a.get_text(strip=True) == AGAIN]
        asked = alice.open("GET", way)
        assert asked.text_of(".page-head__crumb") == "Conversation"
        form = {name: asked.field(name) for name in ("nonce", "talk")}
        where = {"account_id": northside.id, "message_id": message_id}
        refused = alice.post("messaging.send_again", 422, data=form, **where)
        assert refused.field("talk") == "1"
        assert len(texts(northside)) == 1
        typed = {**form, "phrase": "send again"}
        for _ in range(2):
            done = alice.post("messaging.send_again", 303, data=typed, **where)
            assert done.location.endswith(f"/conversations/{maya.id}")
        assert [t.resend_of for t in texts(northside)] == [None, message_id]

    @pytest.mark.parametrize("more", [{}, {"anyway": "1"}, {"phrase": "send again"}])
    def test_nothing_said_to_the_talk_itself_sends_it(self, alice, northside, maya, more):
        """RULINGS 22: what a page kept open since before may still post, nobody was asked."""
        answer(northside)
        message_id = set_state(northside, State.UNCONFIRMED)
        data = {"nonce": uuid4().hex, **more}
        for browser in (alice, alice.htmx):
            said = post(
                browser, "messaging.send_reply_again", maya, 403, data, message_id=message_id
            )
            assert "reload the page" in said.text
        assert len(texts(northside)) == 1

    def test_a_failed_text_is_sent_again_through_all_gates(self, alice, northside, maya):
        answer(northside)
        message_id = set_state(northside, State.FAILED, error_code=30008)
        data = {"nonce": uuid4().hex}
        for _ in range(2):  # a second click does nothing more
            post(alice, "messaging.send_reply_again", maya, 303, data, message_id=message_id)
        assert [t.resend_of for t in texts(northside)] == [None, message_id]

    def test_a_text_of_another_talk_is_not_found_here(self, alice, northside, maya):
        other = hear(northside, "hi", "+18725550110")
        answer(northside)
        message_id = set_state(northside, State.FAILED)
        for endpoint in ("messaging.send_reply_again", "messaging.cancel_reply"):
            post(alice, endpoint, other, 404, {"nonce": uuid4().hex}, message_id=message_id)

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
