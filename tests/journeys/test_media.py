"""An agent answers with a photo from a phone, and puts one to a text of many (S-7, R-3, R-7)."""

import re

import pytest
from playwright.sync_api import expect

from portal.core.db import unit_of_work
from portal.messaging.service import limits
from tests import cast
from tests.factories.files import picture
from tests.factories.messaging import ALICE_ACTS, make_ready, make_recipient, texts
from tests.house.test_payloads_in_chromium import served
from tests.journeys.chromium import chromium, needs_chromium
from tests.messaging.talks import MAYA, hear

pytestmark = [*needs_chromium, pytest.mark.pages, pytest.mark.xdist_group("journeys")]

PHONE = {"width": 390, "height": 844}


def house(size=(1_600, 1_200)):
    return {"name": "house.jpg", "mimeType": "image/jpeg", "buffer": picture("JPEG", size, "teal")}


@pytest.fixture
def maya(northside):
    make_ready(northside)
    return make_recipient(northside, number=MAYA, first_name="Maya", last_name="Castellanos")


def signed_in(eye, base, person):
    cookie = person.client.get_cookie("desk").value
    eye.page.context.add_cookies([{"name": "desk", "value": cookie, "url": base}])
    return eye.page


def test_a_photo_goes_with_an_answer_from_a_phone(app, alice, northside, maya, tmp_path):
    talk = hear(northside, "Do you have a picture?")
    with served(app) as base, chromium(tmp_path / "shots") as eye:
        page = signed_in(eye, base, alice)
        page.set_viewport_size(PHONE)
        page.goto(f"{base}/accounts/{cast.NORTHSIDE}/conversations/{talk.id}")
        page.locator("#reply-body").fill("Here it is.")
        page.locator("#attach").set_input_files(house())
        page.locator(".attach__name", has_text="house.jpg").wait_for()
        expect(page.locator("#reply-body")).to_have_value("Here it is.")
        expect(page.locator("#reply-cost")).to_contain_text("3 credits as a picture message")
        eye.look("with-photo")
        page.set_viewport_size(PHONE)
        page.locator("#reply-body").press("Home")
        page.locator("#emoji summary").press("Enter")
        page.get_by_role("button", name="house with garden").press("Enter")
        expect(page.locator("#reply-body")).to_have_value("🏡Here it is.")
        expect(page.locator("#reply-cost")).to_contain_text("outside the plain alphabet")
        eye.look("emoji")
        page.set_viewport_size(PHONE)
        page.get_by_role("button", name="Send", exact=True).click()
        page.locator("#thread .chat__shot--out img").wait_for()
        expect(page.locator(".attach__name")).to_have_count(0)
        eye.look("sent")
        assert eye.complaints == []
    [text] = texts(northside)
    assert (text.body, text.credits, text.media[0]["name"]) == ("🏡Here it is.", 3, "house.jpg")


def test_a_text_of_many_shows_what_each_kind_of_person_gets(app, alice, northside, maya, tmp_path):
    with unit_of_work():
        limits.allow_country(northside, 44, actor=ALICE_ACTS)
    people = [maya, make_recipient(northside, number="+447911123456", first_name="Ian")]
    with served(app) as base, chromium(tmp_path / "shots") as eye:
        page = signed_in(eye, base, alice)
        reply = alice.post(
            "messaging.start_draft", 303,
            data={"ids": [str(p.contact.id) for p in people]}, account_id=northside.id,
        )  # fmt: skip
        page.goto(f"{base}{reply.location}")
        page.locator("#body").fill("New on the market: 12 Oak Street.")
        page.locator("#attach").set_input_files(
            [house(), {**house((300, 400)), "name": "hall.jpg"}]
        )
        page.locator(".attach__name", has_text="hall.jpg").wait_for()
        expect(page.locator("#cost-strip")).to_contain_text("text with a link to what is attached")
        page.get_by_role("button", name="Calculate Cost").first.click()
        page.locator("#whole-cost").wait_for()
        eye.look("both-kinds")
        page.get_by_role("button", name="Remove hall.jpg").click()
        expect(page.locator(".attach__name")).to_have_count(1)
        page.locator("#attach").set_input_files(
            {"name": "a.exe", "mimeType": "image/png", "buffer": b"MZ"}
        )
        expect(page.locator("#attach-error")).to_contain_text(
            re.compile("a.exe: This file is not what")
        )
        eye.look("refused")
        assert eye.complaints == []
