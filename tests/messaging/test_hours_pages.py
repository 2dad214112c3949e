"""What a person sees outside the hours: when the text goes, and the way to send it now (P-3, M-5).

Whoever looks signs in after time has moved, or their session has ended.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from portal.messaging.values import State
from tests.cast import ALICE
from tests.factories.integrations import Program, make_key
from tests.factories.messaging import bulk, make_campaign, make_recipient, only_text, texts
from tests.messaging.composer import HI, Composer, buttons, fates, press
from tests.messaging.talks import hear
from workers.sending import drain

MIAMI = "+13055550142"
NONCE = {"nonce": "n" * 16}
RULE = "Federal rule: texts go 08:00-21:00, New York time (47 CFR 64.1200(c)(1); 16 CFR 310.4(c))."


@pytest.fixture
def night(clock):
    """Ten on Monday evening in Chicago; eleven in Miami."""
    clock.travel(to=datetime(2026, 3, 2, 22, tzinfo=ZoneInfo("America/Chicago")))


@pytest.fixture
def person(northside, sender):
    return make_recipient(northside, MIAMI)


class TestConversation:
    @pytest.fixture
    def talk(self, northside, person, clock):
        ref = hear(northside, "Is it still available?", MIAMI)
        clock.travel(to=datetime(2026, 3, 4, 22, tzinfo=ZoneInfo("America/Chicago")))
        return {"account_id": northside.id, "conversation_id": ref.id}

    def test_the_button_says_when_and_the_rule_stands_beside_it(self, talk, alice, northside):
        shown = alice.get("messaging.conversation", **talk)
        assert "Send Thu 7:00 am" in shown.texts_of("#reply-form .btn")
        assert RULE in shown.text_of("#reply-note")
        assert "the area code" in shown.text_of("#reply-note .why")
        alice.post("messaging.reply", data={"body": "Yes, it is.", **NONCE}, **talk)
        assert only_text(northside).state is State.HELD
        assert "Thu 7:00 am" in alice.get("messaging.conversation", **talk).text_of("#thread")

    def test_sending_now_takes_a_reason_and_loses_nothing(self, talk, alice, northside):
        asked = {"body": "Yes, it is.", "do": "now", **NONCE}
        refused = alice.post("messaging.reply", 422, data={**asked, "now_because": " "}, **talk)
        assert "Say why it can't wait" in refused.text_of("#now_because-error")
        assert refused.field("body") == "Yes, it is."
        assert refused.page.select_one("#send-now").has_attr("open")
        alice.post("messaging.reply", data={**asked, "now_because": "They asked for it"}, **talk)
        assert only_text(northside).state is State.QUEUED

    def test_by_day_nothing_of_it_is_seen(self, alice, northside, person):
        ref = hear(northside, "Is it still available?", MIAMI)
        shown = alice.get("messaging.conversation", account_id=northside.id, conversation_id=ref.id)
        assert "Send" in shown.texts_of("#reply-form .btn")
        assert not shown.page.select("#send-now")


class TestComposer:
    def test_send_at_eight_is_first_and_send_now_second(self, northside, person, night, alice):
        where = Composer(alice, northside)([person], HI)
        shown = alice.follow(press(alice, "cost", 303, {"body": HI}, **where))
        assert fates(shown) == [0, 1, 0]
        assert buttons(shown)[-1] == "Send Tue 7:00 am"
        assert RULE in shown.text_of("#plan .gates__reason")
        refused = press(alice, "now", 422, {"body": HI}, **where)
        assert "Say why it can't wait" in refused.text_of("#now_because-error")
        sent = alice.follow(press(alice, "send", 303, {"body": HI}, **where))
        assert "Your text goes Tue 7:00 am." in sent.text
        assert only_text(northside).state is State.HELD

    def test_sending_now_sends_what_was_shown(self, northside, person, night, alice):
        where = Composer(alice, northside)([person], HI)
        press(alice, "cost", 303, {"body": HI}, **where)
        reason = {"body": HI, "now_because": "The offer ends at midnight"}
        changed = press(alice, "now", 303, {**reason, "body": HI + " Hurry."}, **where)
        assert "the cost now" in alice.follow(changed).text
        sent = alice.follow(press(alice, "now", 303, {**reason, "body": HI + " Hurry."}, **where))
        assert "Your text is on its way." in sent.text
        assert only_text(northside).state is State.QUEUED

    def test_of_many_each_group_says_when_it_goes(self, northside, person, night, alice):
        other = make_recipient(northside, "+18085550142")
        shown = alice.get("messaging.compose", **Composer(alice, northside)([person, other], HI))
        assert fates(shown) == [1, 1, 0]
        [why] = shown.texts_of("#plan .gates__reason")
        assert "Florida rule: texts go 08:00-20:00" in why
        assert "Goes Tue 7:00 am" in why
        assert "See the rule" in why
        assert "Quiet hours now" in shown.text
        assert not shown.page.select("#send-now")


def test_a_campaign_lists_whom_it_keeps_until_when_and_by_which_rule(
    browser, northside, person, carrier_fake, clock
):
    """S-11: and of those who went, the rule that let them."""
    campaign = make_campaign(northside, [person, make_recipient(northside, "+13125550177")])
    drain(str(northside.id))
    waiting = make_campaign(northside, [make_recipient(northside, "+12055550177")], bulk("Hi"))
    [text] = texts(northside, campaign_id=waiting.id)
    assert text.state is State.QUEUED
    clock.travel(to=datetime(2026, 3, 8, 12, tzinfo=ZoneInfo("America/Chicago")))
    drain(str(northside.id))
    alice = browser(ALICE)
    page = alice.get("messaging.campaign", account_id=northside.id, campaign_id=waiting.id)
    assert "no automated texts on Sundays (Ala. Admin. Code" in page.text
    assert "Goes Mon 8:00 am" in page.text
    assert page.page.select(f"a[href='/accounts/{northside.id}/hours']")
    went = alice.get("messaging.campaign", account_id=northside.id, campaign_id=campaign.id)
    assert "Florida hours 08:00-20:00 (Fla. Stat. 501.616(6) and 501.059)" in went.text


def test_page_and_program_say_the_same_of_a_number(app, northside, person, night, alice):
    """S-2: one rule, one sentence, for people and programs."""
    told = Program(app, make_key(northside)[1]).get(f"/numbers/{MIAMI}/may-text?kind=marketing")
    [gate] = told.json["gates"]
    assert gate["code"] == "quiet_hours"
    assert gate["held_until"] == "2026-03-03T13:00:00Z"
    assert gate["fix"]["url"].endswith(f"/accounts/{northside.id}/hours")
    page = alice.get(
        "messaging.contact", account_id=northside.id, contact_id=person.contact.id
    ).text_of("#may-text")
    assert gate["sentence"] in page
    assert "Not now" in page
