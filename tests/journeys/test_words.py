"""Words that end consent, and words that should not go out (Q-4, H-1, S-12).

Somebody asks in plain words for no more texts; the officer reads it and releases the hold with a
reason. The agent's answer holds a public short link: the check warns, and the agent types OK.
"""

import re

import pytest

from tests.journeys.chromium import PATIENCE_MS, needs_chromium
from tests.journeys.test_credits import sign_in

pytestmark = [*needs_chromium, pytest.mark.pages, pytest.mark.xdist_group("journeys")]

MAYA = "13125550142"
WORDS = "Please take me off your list"
ANSWER = "Sure, Maya. The photos: bit.ly/3xYz"


def test_an_officer_releases_a_hold_and_an_agent_types_ok(product, eye):
    sign_in(eye, product, "Agent")
    number = our_number(eye)
    agent = eye.page
    say_no_more(eye, product, number)
    somebody_else(eye)
    sign_in(eye, product, "Compliance officer")
    review_and_release(eye)
    eye.page = agent
    agent.goto(product.url)
    answer_with_a_warning(eye)
    assert eye.complaints == []


def somebody_else(eye):
    """Open a browser in which nobody is signed in."""
    context = eye.page.context.browser.new_context(
        viewport={"width": 1280, "height": 900}, reduced_motion="reduce"
    )
    eye.page = context.new_page()
    eye.page.set_default_timeout(PATIENCE_MS)


def our_number(eye) -> str:
    page = eye.page
    page.get_by_role("link", name="Numbers").first.click()
    page.get_by_role("heading", name="Numbers", level=1).wait_for()
    number = re.compile(r"\((\d{3})\) (\d{3})-(\d{4})")
    shown = number.search(page.locator("main").get_by_text(number).first.inner_text())
    return "1" + "".join(shown.groups())


def say_no_more(eye, product, number):
    page = eye.page
    page.goto(f"{product.handsets}/handsets/{MAYA}?with=%2B{number}")
    page.get_by_role("textbox").last.fill(WORDS)
    page.get_by_role("button", name="Send", exact=True).click()
    page.get_by_text(re.compile("Reply STOP to make it final")).first.wait_for()


def review_and_release(eye):
    page = eye.page
    page.locator(".stat").filter(has_text="Asked to stop").wait_for()
    eye.look("officer-home")
    page.locator(".stat").filter(has_text="Asked to stop").click()
    page.get_by_role("heading", name="Asked to stop", level=1).wait_for()
    eye.look("revocations")
    page.get_by_role("link", name=re.compile("^Look")).first.click()
    page.get_by_role("heading", name=re.compile("^Asked to stop: Maya")).wait_for()
    eye.look("revocation")
    page.get_by_role("button", name="Release the hold").click()
    page.get_by_text("Give the reason").first.wait_for()
    page.get_by_label("Reason").fill("Called her: she meant the showing list")
    page.get_by_role("button", name="Release the hold").click()
    page.get_by_text("Released. Texts to Maya").first.wait_for()
    eye.look("released")
    page.get_by_role("link", name="Content check").first.click()
    page.get_by_role("heading", name="Content check", level=1).wait_for()
    eye.look("content-check")


def answer_with_a_warning(eye):
    page = eye.page
    page.get_by_role("link", name="Inbox").first.click()
    page.get_by_role("link").filter(has_text=WORDS).first.click()
    box = page.get_by_role("textbox", name=re.compile("^Reply to"))
    box.fill(ANSWER)
    page.locator("#reply-lint").get_by_text("Public link shortener").wait_for()
    eye.look("reply-warned")
    page.get_by_role("button", name=re.compile("^Send")).last.click()
    page.get_by_text("type OK to send anyway").wait_for()
    page.get_by_label("Type OK to send with this warning").fill("OK")
    eye.look("reply-ok")
    page.get_by_role("button", name=re.compile("^Send")).last.click()
    delivered = f'.chat__bubble:has-text("{ANSWER}") + .chat__meta:has-text("Delivered")'
    page.locator(delivered).wait_for()
    eye.look("reply-delivered")
    page.get_by_role("link", name="New text").first.click()
    page.get_by_role("textbox", name="Text", exact=True).fill("Juniper Realty: payday loans today!")
    page.locator("#lint").get_by_text("Forbidden content").wait_for()
    eye.look("composer-blocked")
