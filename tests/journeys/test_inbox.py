"""An agent's answer on a phone: told of a reply, opens it, answers, gives it on (Q-5)."""

import re

import pytest
from playwright.sync_api import expect

from portal.core.db import db
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
        page.locator("#assign > summary").click()
        eye.look("giving")
        page.set_viewport_size(PHONE)
        page.locator("#assign").get_by_role("button", name="Bob Tran").click()
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


def test_news_comes_in_place_and_keys_do_the_rest(app, alice, northside, maya, tmp_path):
    """Q-5, WCAG 2.1.4: what is unread stands in rail and title; letters do nothing while typing."""
    with served(app) as base, chromium(tmp_path / "shots") as eye:
        page = eye.page
        sign_in(page, base, alice)
        page.goto(f"{base}/accounts/{cast.NORTHSIDE}/inbox")
        expect(page).to_have_title(re.compile(r"^\(1\) Inbox"))
        hear(northside, "Could we come on Sunday?")
        page.locator(".convo__text").get_by_text("Could we come on Sunday?").wait_for()
        hear(northside, "saw your sign", "+18725550110")
        page.locator("#inbox-line").get_by_text("New lead: (872) 555-0110").wait_for()
        expect(page).to_have_title(re.compile(r"^\(2\) Inbox"))
        expect(page.locator("#rail-live")).to_contain_text("2")
        page.locator("#inbox-line a").click()
        expect(page.locator(".convo")).to_have_count(2)
        page.keyboard.press("j")
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.locator(".talk__name").get_by_text("Maya Castellanos").wait_for()
        expect(page.locator("#rail-live")).to_contain_text("1")
        hear(northside, "Or on Monday?")
        page.locator(".chat__bubble--in").get_by_text("Or on Monday?").wait_for()
        page.keyboard.press("r")
        expect(page.locator("#reply-body")).to_be_focused()
        page.keyboard.type("eager? a jar/k")
        expect(page.locator("#reply-body")).to_have_value("eager? a jar/k")
        page.locator(".talk__name").focus()
        page.keyboard.press("a")
        expect(page.locator("#assign")).to_have_attribute("open", "")
        page.keyboard.press("?")
        expect(page.locator("#keys")).to_be_visible()
        eye.look("keys")
        page.locator("#keys").get_by_role("button", name="Turn letters off").click()
        page.locator("#keys[data-off]").wait_for(state="attached")
        page.keyboard.press("Escape")
        expect(page.locator("#reply-body")).to_have_value("eager? a jar/k")
        page.locator(".talk__name").focus()
        page.keyboard.press("?")
        expect(page.locator("#keys")).to_be_hidden()
        page.locator("#inbox-more > summary").click()
        page.locator("#keys-open").click()
        page.locator("#keys").get_by_role("button", name="Turn letters on").click()
        page.locator("#keys:not([data-off])").wait_for(state="attached")
        page.keyboard.press("Escape")
        page.locator(".talk__name").focus()
        page.keyboard.press("e")
        expect(page.locator("#done")).to_have_count(0)
        page.locator(".talk__name").focus()  # in an empty reply it opens the saved ones
        page.keyboard.press("/")
        expect(page.locator("#site-search")).to_be_focused()
        assert eye.complaints == []
    db.session.rollback()  # what was read before is not what stands now
    assert not queries.conversation(northside.tenant, MAYA).needs_answer


def test_without_script_one_answers_and_assigns_just_so(app, alice, northside, maya):
    shown = alice.get("messaging.conversation", account_id=northside.id, conversation_id=maya.id)
    assert shown.page.select_one("#assign form")["method"] == "post"
    assert shown.page.select_one("#reply-form")["method"] == "post"
