"""An agent's answer on a phone: told of a reply, opens it, answers, gives it on (Q-5)."""

import pytest
from playwright.sync_api import expect

from portal.messaging import queries
from tests import cast
from tests.factories.messaging import make_ready, make_recipient, texts
from tests.house.test_payloads_in_chromium import served
from tests.journeys.chromium import WIDTHS, chromium, needs_chromium
from tests.messaging.talks import MAYA, hear

pytestmark = [*needs_chromium, pytest.mark.pages, pytest.mark.xdist_group("journeys")]

PHONE = dict(zip(("width", "height"), WIDTHS["phone"], strict=True))


@pytest.fixture
def maya(northside):
    make_ready(northside)
    make_recipient(northside, number=MAYA, first_name="Maya", last_name="Castellanos")
    return hear(northside, "Is it still available?")


def sign_in(page, base, person):
    cookie = person.client.get_cookie("desk").value
    page.context.add_cookies([{"name": "desk", "value": cookie, "url": base}])


def test_a_reply_is_answered_and_given_on_from_a_phone(app, alice, northside, maya, tmp_path):
    with served(app) as base, chromium(tmp_path / "shots") as eye:
        page = eye.page
        sign_in(page, base, alice)
        page.set_viewport_size(PHONE)
        page.goto(f"{base}/notices")
        page.get_by_role("button", name="Maya Castellanos replied").first.click()
        expect(page.locator("#reply-body")).to_be_focused()
        eye.look("opened")
        page.set_viewport_size(PHONE)
        page.keyboard.type("Yes! Want to see it?")
        page.locator("#reply-cost").get_by_text("1 credit").wait_for()
        page.get_by_role("button", name="Send").first.click()
        page.locator(".chat__bubble--out").get_by_text("Want to see it?").wait_for()
        page.locator(".assign > summary").click()
        eye.look("giving")
        page.set_viewport_size(PHONE)
        page.locator(".assign").get_by_role("button", name="Bob Tran").click()
        page.locator("#thread").get_by_text("Assigned to Bob Tran").wait_for()
        eye.look("given")
        page.set_viewport_size(PHONE)
        page.get_by_role("link", name="All conversations").click()
        page.locator(".convo__pills").get_by_text("Bob Tran").wait_for()
        eye.look("list")
        assert eye.complaints == []
    [text] = texts(northside)
    assert text.body == "Yes! Want to see it?"
    assert queries.conversation(northside.tenant, MAYA).assignee_id == cast.BOB
