"""An agent keeps words once and answers with them from the keyboard (Q-5)."""

import re

import pytest
from playwright.sync_api import expect

from tests import cast
from tests.factories.messaging import make_ready, make_recipient, texts
from tests.house.test_payloads_in_chromium import served
from tests.journeys.chromium import chromium, needs_chromium
from tests.messaging.talks import MAYA, hear

pytestmark = [*needs_chromium, pytest.mark.pages, pytest.mark.xdist_group("journeys")]

PARKING = "Hi {first_name}, park behind the house, the gate is open."


def test_words_are_kept_and_chosen_from_the_keyboard(app, alice, northside, tmp_path):
    make_ready(northside)
    make_recipient(northside, number=MAYA, first_name="Maya", last_name="Castellanos")
    talk = hear(northside, "Where can I park?")
    account = f"/accounts/{cast.NORTHSIDE}"
    with served(app) as base, chromium(tmp_path / "shots") as eye:
        page = eye.page
        cookie = alice.client.get_cookie("desk").value
        page.context.add_cookies([{"name": "desk", "value": cookie, "url": base}])
        page.goto(f"{base}{account}/saved-replies")
        eye.look("nothing-saved")
        page.get_by_role("link", name="New saved reply").first.click()
        page.locator("#name").fill("Parking")
        page.locator("#body").fill(PARKING)
        page.locator("#saved-check").get_by_text("Hi Maya, park behind the house").wait_for()
        eye.look("new")
        page.get_by_role("button", name="Save").click()
        page.get_by_role("heading", name="Parking").wait_for()
        page.goto(f"{base}{account}/conversations/{talk.id}")
        page.locator("#reply-body").press("/")
        page.locator("#saved-find").press_sequentially("park")
        page.get_by_role("button", name="Use Parking").wait_for()
        eye.look("choosing")
        page.get_by_role("button", name="Use Parking").press("Enter")
        expect(page.locator("#reply-body")).to_have_value(re.compile("Hi Maya, park behind"))
        eye.look("chosen")
        page.keyboard.type(" See you!")
        expect(page.locator("#reply-body")).to_have_value(re.compile("open. See you!$"))
        assert eye.complaints == []
    assert texts(northside) == [], "choosing sends nothing"
