"""What a text costs, as the composer shows it (R-1 to R-6, S-9)."""

import pytest

from portal.core.db import unit_of_work
from tests.factories.messaging import ALICE_ACTS, make_recipient, make_recipients
from tests.messaging.composer import HI, Composer, cells, fates, press, total


@pytest.fixture
def compose(alice, northside):
    return Composer(alice, northside)


# What it costs ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "left", "encoding", "segments", "each", "whole"),
    [
        ("a" * 160, 0, "GSM-7", 1, 1, 3),
        ("a" * 161, 159, "GSM-7", 2, 2, 6),
        ("a" * 300, 20, "GSM-7", 2, 2, 6),
        ("€" * 80, 0, "GSM-7", 1, 1, 3),  # an extension character counts 2
        ("ё" * 70, 0, "UCS-2", 1, 1, 3),
        ("ё" * 71, 69, "UCS-2", 2, 2, 6),
        ("ё" * 140, 0, "UCS-2", 3, 2, 6),  # segments and credits differ; both are shown
        ("😀" * 35, 0, "UCS-2", 1, 1, 3),
    ],
    ids=[
        "R-1",
        "R-1 over",
        "R-4",
        "R-4 extension",
        "R-1 special",
        "R-1 special over",
        "R-5",
        "emoji",
    ],
)
def test_the_cost_strip(
    alice, northside, sender, compose, body, left, encoding, segments, each, whole
):
    """R-1, R-4, R-5, R-6, by hand, for three people at home."""
    where = compose(make_recipients(northside, 3))
    reply = alice.htmx.post("messaging.measure", 200, data={"body": body}, **where)
    assert reply.is_partial
    assert cells(reply) == {
        "Characters left": f"{left}",
        "Encoding": encoding,
        "Segments each": f"{segments}",
        "Credits each": f"{each}",
        "Credits in all": f"{whole}",
    }
    assert compose.draft(where).body == body  # typing is kept as well


def test_foreign_people_cost_double_and_stand_in_a_class_of_their_own(
    alice, northside, sender, compose
):
    """R-2, R-8"""
    from portal.messaging.service import limits

    with unit_of_work():
        limits.allow_country(northside, 44, actor=ALICE_ACTS)
    people = [*make_recipients(northside, 2), make_recipient(northside, number="+447911123456")]
    where = compose(people)
    body = "a" * 200  # 2 units: 2 + 2 credits at home, 4 abroad
    page = alice.follow(press(alice, "cost", 303, data={"body": body}, **where))
    assert total(page) == "8"
    rows = page.texts_of("#cost-table tbody tr")
    assert rows == [
        "United States, Canada and Caribbean 2 segments each 2 2 4",
        "Other countries 2 segments each 1 4 4",
    ]
    assert page.text_of("#whole-sum") == "8"


def test_what_forced_the_dear_alphabet_is_named_and_replaced_in_one_click(
    alice, northside, sender, compose
):
    """R-6"""
    body = "It’s open – Saturday 1–3 pm. " + "x" * 60
    where = compose(make_recipients(northside, 3), body)
    reply = alice.get("messaging.compose", **where)
    assert reply.texts_of(".char") == ["’", "–"]
    assert reply.text_of(".coststrip__why button") == "Use ' and - (saves 3)"
    reply = alice.post("messaging.save_draft", 303, data={"body": body, "replace": "1"}, **where)
    page = alice.follow(reply)
    assert page.field("body") == "It's open - Saturday 1-3 pm. " + "x" * 60
    assert total(page) == "3"


def test_line_breaks_count_once(alice, northside, sender, compose):
    where = compose(make_recipients(northside, 1))
    reply = alice.htmx.post(
        "messaging.measure", data={"body": "a" * 80 + "\r\n" + "b" * 79}, **where
    )
    assert cells(reply)["Characters left"] == "0"


def test_measuring_without_a_draft_counts_the_text_alone(alice, northside, sender):
    reply = alice.htmx.post("messaging.measure", data={"body": "a" * 161}, account_id=northside.id)
    assert cells(reply)["Credits each"] == "2"


@pytest.mark.parametrize("body", ["Hi {first", "Hi }", "Hi {shoe_size}", "{}"])
def test_a_half_typed_field_is_a_hint_while_typing_and_an_error_when_sent(
    alice, northside, sender, compose, body
):
    where = compose(make_recipients(northside, 2))
    reply = alice.htmx.post("messaging.measure", 200, data={"body": body}, **where)
    assert "Character " in reply.text_of("#fault")
    reply = press(alice, "cost", 422, data={"body": body}, **where)
    assert "Character " in reply.text_of("#body-error")
    assert reply.field("body") == body


def test_limits_and_credits_are_shown_before_and_after(alice, northside, sender, compose):
    """S-1, S-5: 3 people, 2 segments and 2 credits each."""
    where = compose(make_recipients(northside, 3), "a" * 161)
    meters = alice.get("messaging.compose", **where).texts_of("#limits .meter")
    assert meters[0] == "People today 3 of 200 0 before, 3 more. 197 left until midnight."
    assert meters[1] == "Segments today 6 of 2,000 0 before, 6 more."
    assert meters[2] == "Credits 500 now, 494 after 6 for this send."


# Merge fields -------------------------------------------------------------------------------------------------------


def test_the_preview_is_the_merged_text_of_the_person_chosen(alice, northside, sender, compose):
    """S-9, S-3"""
    people = make_recipients(northside, 3)
    where = compose(people, HI)
    reply = alice.get("messaging.compose", **where)
    shown = reply.texts_of(".phone .chat__bubble")
    assert shown[0] == "Hi P0, open house on Saturday at 2."
    assert "Reply STOP to unsubscribe" in shown[1]  # the free notice after a first text
    data = {"body": HI, "preview": str(people[2].contact.id)}
    reply = alice.htmx.post("messaging.measure", data=data, **where)
    assert reply.texts_of(".phone .chat__bubble")[0] == "Hi P2, open house on Saturday at 2."


def test_a_missing_value_blocks_or_falls_back_as_chosen(alice, northside, sender, compose):
    """S-9"""
    people = make_recipients(northside, 2)
    nameless = make_recipient(northside, first_name="", last_name="", number="+13125590001")
    where = compose([*people, nameless], HI)
    reply = alice.get("messaging.compose", **where)
    assert fates(reply) == [2, 0, 1]
    assert "1 person on this list lacks a value" in reply.text
    data = {"body": HI, "missing": "fallback"}
    page = alice.follow(alice.post("messaging.save_draft", 303, data=data, **where))
    assert fates(page) == [3, 0, 0]
    assert page.field("fallback_first_name") == "there"
    data |= {"fallback_first_name": "neighbor", "preview": str(nameless.contact.id)}
    page = alice.follow(alice.post("messaging.save_draft", 303, data=data, **where))
    assert page.texts_of(".phone .chat__bubble")[0] == "Hi neighbor, open house on Saturday at 2."


def test_something_else_left_empty_is_asked_for_beside_its_field(alice, northside, sender, compose):
    """S-9: never “Hi , news”, neither for a word that was cleared nor for one without a usual."""
    person = make_recipient(northside, first_name="", last_name="")
    where = compose([person, *make_recipients(northside, 1)])
    body = "Hi {first_name}, news on {street}."
    data = {"body": body, "missing": "fallback", "fallback_first_name": " "}
    for do in ("cost", "send"):
        reply = press(alice, do, 422, data=data, **where)
        for name in ("first_name", "street"):
            said = reply.text_of(f"#fallback_{name}-error")
            assert said.startswith("Write what stands here for people without a value")
        assert reply.field("body") == body
    data |= {"fallback_first_name": "friend", "fallback_street": "your street"}
    page = alice.follow(press(alice, "send", 303, data=data, **where))
    assert page.text_of("#actions .btn-primary") == "Send"
    cleared = alice.htmx.post("messaging.measure", data={**data, "fallback_street": ""}, **where)
    assert cleared.text_of("#actions .btn-primary") == "Verify & Send"


def test_a_field_with_a_word_of_its_own_needs_no_other(alice, northside, sender, compose):
    """S-9"""
    where = compose([make_recipient(northside, last_name="")])
    data = {"body": "Dear {last_name|neighbor}, news.", "missing": "fallback"}
    page = alice.follow(press(alice, "cost", 303, data=data, **where))
    assert page.texts_of(".phone .chat__bubble")[0] == "Dear neighbor, news."
    assert page.texts_of("#merge-choice label") == []


def test_a_clear_picture_makes_a_long_text_cheaper_where_it_is_delivered(
    alice, northside, sender, compose
):
    """R-7, R-3: 600 plain characters cost 4 as SMS, 3 with a picture; abroad it goes without."""
    from portal.messaging.service import limits

    with unit_of_work():
        limits.allow_country(northside, 44, actor=ALICE_ACTS)
    people = [*make_recipients(northside, 2), make_recipient(northside, number="+447911123456")]
    where, body = compose(people), "a" * 600
    page = alice.follow(press(alice, "cost", 303, data={"body": body}, **where))
    assert total(page) == "16"  # 2 x 4 at home, 8 abroad
    assert "2 people cost more than 3 credits each" in page.text
    assert "would save 2 credits in all" in page.text

    page = alice.follow(press(alice, "save", 303, data={"body": body, "picture": "clear"}, **where))
    assert "A clear picture goes with it" in page.text
    page = alice.follow(press(alice, "cost", 303, data={"body": body}, **where))
    assert total(page) == "14"  # 2 x 3 at home, 8 abroad
    assert compose.draft(where).options["picture"] == "clear"

    alice.follow(press(alice, "send", 303, data={"body": body}, **where))
    sent = {text.e164: (text.credits, len(text.media)) for text in _texts(northside)}
    assert sorted(sent.values()) == [(3, 1), (3, 1), (8, 0)]
    assert sent["+447911123456"] == (8, 0)


def test_the_clear_picture_can_be_taken_off_again(alice, northside, sender, compose):
    """R-7: nothing is attached that cannot be removed."""
    where = compose(make_recipients(northside, 1))
    body = "a" * 600
    press(alice, "save", 303, data={"body": body, "picture": "clear"}, **where)
    page = alice.follow(press(alice, "save", 303, data={"body": body, "picture": ""}, **where))
    assert "A clear picture goes with it" not in page.text
    assert "Attach a clear picture (saves 1)" in page.text


def test_the_clear_picture_is_there_for_the_carrier_to_fetch(anyone):
    """R-7: a small PNG, served without a sign-in."""
    answer = anyone.client.get("/static/clear.png")
    assert answer.mimetype == "image/png"
    assert answer.data.startswith(b"\x89PNG")
    answer.close()


def _texts(account):
    from sqlalchemy import select

    from portal.core.db import db
    from portal.messaging.models import Message

    return db.session.scalars(select(Message).where(Message.account_id == account.id)).all()
