"""Putting photos and files to a text, in the composer and in an answer, with and without script (S-7, R-7, R-8)."""

import io
from uuid import uuid4

import pytest

from portal.core.db import unit_of_work
from portal.messaging.queries.attached import attachments
from portal.messaging.service import limits
from tests.factories.files import picture
from tests.factories.media import make_file
from tests.factories.messaging import (
    ALICE_ACTS,
    bulk,
    make_campaign,
    make_recipient,
    make_recipients,
    texts,
)
from tests.messaging.composer import Composer, cells, press, total
from tests.messaging.talks import MAYA, hear, open_talk

pytestmark = pytest.mark.pages
LONDON = "+447911123456"


def photo(name="house.jpg"):
    return io.BytesIO(picture("JPEG")), name


@pytest.fixture
def compose(alice, northside):
    return Composer(alice, northside)


@pytest.fixture
def abroad(northside):
    with unit_of_work():
        limits.allow_country(northside, 44, actor=ALICE_ACTS)


def names(page):
    return [text.rpartition(" ")[0].rpartition(" ")[0] for text in page.texts_of(".attach__name")]


class TestComposer:
    def test_a_photo_is_put_to_a_draft_and_costs_three_credits(
        self, alice, northside, sender, compose
    ):
        where = compose(make_recipients(northside, 2))
        data = {"body": "Look at this.", "attach": [photo()]}
        page = alice.follow(press(alice, "attach", 303, data=data, **where))

        assert names(page) == ["house.jpg"]
        assert page.field("body") == "Look at this."
        assert "/picture" in page.page.select_one("#attached img")["src"]
        page = alice.follow(press(alice, "cost", 303, data={"body": "Look at this."}, **where))
        assert total(page) == "6"
        alice.follow(press(alice, "send", 303, data={"body": "Look at this."}, **where))
        assert [(t.credits, t.media[0]["name"]) for t in texts(northside)] == [(3, "house.jpg")] * 2

    def test_whoever_approves_and_whoever_looks_later_sees_what_goes_along(
        self, alice, northside, sender
    ):
        """S-12"""
        people, kept = make_recipients(northside, 2), make_file(northside)
        draft = bulk("Look at this.", media=attachments(northside.tenant, [kept.id]))
        campaign = make_campaign(northside, people, draft)
        page = alice.get("messaging.campaign", account_id=northside.id, campaign_id=campaign.id)
        assert page.page.select_one(".chat__shot--out img")["alt"] == "Picture we sent: house.png"

    def test_a_photo_chosen_and_sent_at_once_shows_the_cost_first(
        self, alice, northside, sender, compose
    ):
        """R-8, without script: the file comes with Send."""
        where = compose(make_recipients(northside, 1))
        body = "Look at this."
        alice.follow(press(alice, "cost", 303, data={"body": body}, **where))
        page = alice.follow(
            press(alice, "send", 303, data={"body": body, "attach": [photo()]}, **where)
        )

        assert "Something changed since the cost was shown" in page.text
        assert total(page) == "3"
        assert texts(northside) == []

    def test_a_photo_begins_a_draft_on_an_empty_page(self, alice, northside, sender):
        reply = alice.post(
            "messaging.start_draft", 303,
            data={"body": "Hi", "do": "attach", "attach": [photo()]}, account_id=northside.id,
        )  # fmt: skip
        assert names(alice.follow(reply)) == ["house.jpg"]

    def test_a_picture_alone_is_reckoned_and_sent(self, alice, northside, sender, compose):
        """R-3, R-6: without words, for nobody yet, for people, and with words again."""
        where = compose(make_recipients(northside, 2))
        page = alice.follow(
            press(alice, "attach", 303, data={"body": "", "attach": [photo()]}, **where)
        )
        assert cells(page)["Credits in all"] == "6"
        assert cells(page)["Characters left"] == "1,600"
        assert "3 credits hold 1,600" in page.text_of("#cost-strip")
        alice.follow(press(alice, "cost", 303, data={"body": ""}, **where))
        alice.follow(press(alice, "send", 303, data={"body": ""}, **where))
        assert [t.credits for t in texts(northside)] == [3, 3]

    def test_special_characters_hold_seven_hundred_with_a_picture(
        self, alice, northside, sender, compose
    ):
        """R-3"""
        where = compose(make_recipients(northside, 1))
        data = {"body": "😀", "attach": [photo()]}
        page = alice.follow(press(alice, "attach", 303, data=data, **where))
        assert (cells(page)["Characters left"], cells(page)["Credits each"]) == ("698", "3")

    def test_emoji_are_named_and_say_what_they_cost(self, alice, northside, sender, compose):
        page = alice.get("messaging.compose", **compose(make_recipients(northside, 1)))
        signs = page.page.select("#emoji [data-insert]")
        assert len(signs) >= 30
        assert all(
            sign["data-into"] == "#body" and sign.select_one(".sr-only").text for sign in signs
        )
        assert "70 characters" in page.text_of("#emoji")

    def test_a_file_is_taken_off_again(self, alice, northside, sender, compose):
        where = compose(make_recipients(northside, 1))
        data = {"body": "Hi", "attach": [photo("a.jpg"), photo("b.jpg")]}
        page = alice.follow(press(alice, "attach", 303, data=data, **where))
        off = page.page.select("[name=detach]")[0]["value"]
        page = alice.follow(
            alice.post("messaging.save_draft", 303, data={"body": "Hi", "detach": off}, **where)
        )
        assert names(page) == ["b.jpg"]

    @pytest.mark.parametrize(
        ("file", "words"),
        [
            ((io.BytesIO(b"MZ" + b"\0" * 99), "a.exe"), "a.exe: This file is not what we can read"),
            ((io.BytesIO(b"<svg/>"), "a.svg"), "a.svg: This is a drawing or a web page"),
            ((io.BytesIO(b""), "b.jpg"), "b.jpg: The file is empty"),
        ],
    )  # fmt: skip
    def test_what_is_refused_says_why_and_keeps_all_that_was_typed(
        self, alice, northside, sender, compose, file, words
    ):
        where = compose(make_recipients(northside, 1))
        data = {
            "body": "Look at this.",
            "attach": [photo(), (io.BytesIO(file[0].getvalue()), file[1])],
        }
        page = press(alice, "attach", 422, data=data, **where)

        assert words in page.text_of("#attach-error")
        assert page.field("body") == "Look at this."
        assert page.page.select_one("#attach")["aria-invalid"] == "true"

    def test_each_kind_of_recipient_is_priced_and_previewed(
        self, alice, northside, sender, abroad, compose
    ):
        """S-7: who gets the picture, who a link, who nothing."""
        people = [
            make_recipient(northside),
            make_recipient(northside, LONDON),
            make_recipient(northside, "+33612345678"),
        ]
        where = compose(people)
        page = alice.follow(
            press(alice, "attach", 303, data={"body": "See it.", "attach": [photo()]}, **where)
        )

        strip = page.text_of("#cost-strip")
        assert "with what is attached (MMS): 1 person, 3 credits each" in strip
        assert (
            "Other countries, text with a link to what is attached: 1 person, 2 credits each"
            in strip
        )
        assert "Left out: 1 person" in strip
        preview = page.page.select_one("#preview-panel")
        assert preview.select_one(".phone img.chat__picture")
        assert "/m/" in preview.select(".phone")[1].text
        assert "gets nothing" in preview.text

    def test_the_saving_is_shown_by_class_where_they_differ(
        self, alice, northside, sender, abroad, compose
    ):
        """R-7"""
        people = [*make_recipients(northside, 2), make_recipient(northside, LONDON)]
        page = alice.follow(press(alice, "cost", 303, data={"body": "a" * 600}, **compose(people)))

        assert page.texts_of("#cost-strip .dot-list li") == [
            "United States and Canada: 2 people, 3 instead of 4 credits each, saves 2",
            "Other countries: 1 person, saves nothing, for no picture message is delivered there",
        ]

    def test_a_strangers_file_is_nobodys(self, alice, northside, bobs, sender, compose):
        where = compose(make_recipients(northside, 1))
        theirs = make_file(bobs)
        page = alice.follow(
            alice.post(
                "messaging.save_draft", 303, data={"body": "Hi", "detach": str(theirs.id)}, **where
            )
        )
        assert names(page) == []


class TestAnswer:
    @pytest.fixture
    def maya(self, northside, sender):
        make_recipient(northside, number=MAYA, first_name="Maya", last_name="Castellanos")
        return hear(northside)

    def answer(self, alice, maya, status=200, **data):
        page = open_talk(alice, maya)
        data = {"nonce": page.field("nonce"), **data}
        return alice.post(
            "messaging.reply",
            status,
            data=data,
            account_id=maya.account_id,
            conversation_id=maya.id,
        )

    def test_a_photo_is_put_to_an_answer_with_its_cost_and_then_sent(self, alice, northside, maya):
        page = self.answer(alice, maya, body="Like this one?", do="attach", attach=[photo()])
        assert names(page) == ["house.jpg"]
        assert page.field("body") == "Like this one?"
        assert "3 credits as a picture message" in page.text_of("#reply-cost")
        assert texts(northside) == []
        kept = page.page.select_one("#attached input[name=file]")["value"]

        page = alice.follow(self.answer(alice, maya, 303, body="Like this one?", file=[kept]))
        assert page.page.select_one("#thread .chat__shot--out img")["alt"].endswith("house.jpg")
        assert names(page) == []
        assert [t.credits for t in texts(northside)] == [3]

    def test_an_answer_may_be_a_picture_alone(self, alice, northside, maya):
        kept = make_file(northside)
        self.answer(alice, maya, 303, body="", file=[str(kept.id)])
        assert [t.body for t in texts(northside)] == [""]

    def test_an_answer_without_words_or_files_is_asked_for_words(self, alice, northside, maya):
        page = self.answer(alice, maya, 422, body=" ")
        assert "Write a text first." in page.text

    def test_while_one_types_the_files_count(self, alice, northside, maya):
        kept = make_file(northside)
        where = {"account_id": northside.id, "conversation_id": maya.id}
        page = alice.htmx.post(
            "messaging.reply_cost", data={"body": "Hi", "file": [str(kept.id)]}, **where
        )
        assert "3 credits as a picture message" in page.text

    def test_a_refused_file_leaves_words_and_files_as_they_were(self, alice, northside, maya):
        kept = make_file(northside)
        page = self.answer(
            alice,
            maya,
            422,
            body="Hi",
            file=[str(kept.id)],
            attach=[(io.BytesIO(b"MZ\0"), "a.exe")],
        )
        assert "a.exe" in page.text_of("#attach-error")
        assert names(page) == ["house.png"]
        assert page.field("body") == "Hi"

    def test_one_is_taken_off(self, alice, northside, maya):
        kept, off = make_file(northside), make_file(northside, name="other.png")
        page = self.answer(
            alice, maya, body="Hi", file=[str(kept.id), str(off.id)], detach=str(off.id)
        )
        assert names(page) == ["house.png"]

    def test_files_are_not_lost_when_the_answer_is_refused(self, alice, northside, maya):
        kept = make_file(northside)
        page = self.answer(alice, maya, 422, body="Hi", file=[str(kept.id)], nonce="x")
        assert names(page) == ["house.png"]

    def test_it_does_not_go_without_a_file_that_is_gone(self, alice, northside, maya):
        """R-8: what was shown and priced is what is sent; a page may stay open for long."""
        kept, gone = make_file(northside), str(uuid4())
        page = self.answer(alice, maya, 422, body="Like this?", file=[str(kept.id), gone])
        assert "no longer here" in page.text_of("#attach-error")
        assert (names(page), page.field("body"), texts(northside)) == (
            ["house.png"],
            "Like this?",
            [],
        )

    def test_no_id_is_refused_in_words(self, alice, northside, maya):
        self.answer(alice, maya, 400, body="Hi", file=["not-an-id"])
