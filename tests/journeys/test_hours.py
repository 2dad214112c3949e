"""An officer tightens a state's hours and sees it; an agent's texts wait for them (P-3, M-5).

Every reason the agent meets leads to the rule behind it. Nothing is sent.
"""

import re

import pytest

from tests.journeys.chromium import needs_chromium
from tests.journeys.test_credits import sign_in

pytestmark = [*needs_chromium, pytest.mark.pages, pytest.mark.xdist_group("journeys")]

INGRID = "(952) 555-0134"  # of the demo, in Minnesota; it is a quarter past four there
OWN = "Minnesota rule: texts go 18:00-21:00"


def test_hours_are_tightened_tried_and_kept(product, eye):
    sign_in(eye, product, "Compliance officer")
    try_a_number(eye, "Open.")
    eye.look("hours-open")
    tighten_minnesota(eye)
    try_a_number(eye, "Closed.")
    eye.page.get_by_text(OWN).wait_for()
    eye.look("hours-closed")
    eye.page.context.clear_cookies()
    sign_in(eye, product, "Agent")
    see_why_a_campaign_waits_for_ingrid(eye)
    see_when_the_others_go(eye)
    schedule_into_the_night(eye)
    assert eye.complaints == []


def try_a_number(eye, answer):
    page = eye.page
    page.get_by_role("link", name="Hours", exact=True).first.click()
    page.get_by_label("Phone number").fill(INGRID)
    page.get_by_role("button", name="Show the rule").click()
    page.locator("#try").get_by_text(answer).wait_for()


def tighten_minnesota(eye):
    page = eye.page
    page.get_by_role("link", name="Minnesota").click()
    page.get_by_text("Minn. Stat. 325E.30").wait_for()
    page.get_by_label("Monday to Friday from").fill("07:00")
    page.get_by_label("Why").fill("Advice of counsel")
    page.get_by_role("button", name="Save these hours").click()
    page.get_by_text("must lie within 09:00-21:00").wait_for()
    eye.look("looser-than-law")
    page.get_by_label("Monday to Friday from").fill("18:00")
    page.get_by_role("button", name="Save these hours").click()
    page.get_by_text("The hours of Minnesota hold from").wait_for()
    eye.look("tightened")


def see_why_a_campaign_waits_for_ingrid(eye):
    page = eye.page
    page.get_by_role("link", name="Contacts").first.click()
    page.get_by_role("link", name="Solberg, Ingrid").click()
    why = page.locator("#may-text")
    why.get_by_text(OWN).wait_for()
    why.get_by_text("Why?").click()
    why.get_by_text("as your organization tightened it").wait_for()
    eye.look("may-text")
    why.get_by_role("link", name=re.compile("See the rule")).click()
    page.get_by_role("heading", name="Hours", level=1).wait_for()
    page.get_by_text("Tightened").first.wait_for()


def see_when_the_others_go(eye):
    page = eye.page
    page.get_by_role("link", name="Contacts").first.click()
    for name in ("Solberg, Ingrid", "Castellanos, Maya"):
        page.get_by_role("checkbox", name=f"Select {name}").check()
    page.get_by_role("button", name=re.compile("Send Text Message")).first.click()
    page.locator("#body").fill("Open house on Saturday at 2.")
    gates = page.locator("#gates")
    gates.get_by_text("Goes Today 6:00 pm").wait_for()
    gates.get_by_text(OWN).wait_for()
    eye.look("one-waits")
    gates.get_by_role("link", name="See the rule").click()
    page.get_by_role("heading", name="Hours", level=1).wait_for()


def schedule_into_the_night(eye):
    page = eye.page
    page.get_by_role("link", name="Contacts").first.click()
    page.get_by_role("link", name="Castellanos, Maya").click()
    page.get_by_role("button", name=re.compile("Send Text Message")).first.click()
    page.locator("#body").fill("See you on Saturday.")
    page.get_by_label("Later", exact=True).check()
    day = page.evaluate("new Date(Date.now() + 20 * 864e5).toISOString().slice(0, 10)")
    page.get_by_label("Day", exact=True).fill(day)
    page.get_by_label("Time", exact=True).fill("23:00")
    page.get_by_label("Time", exact=True).blur()
    gates = page.locator("#gates")
    gates.get_by_text("Federal rule: texts go 08:00-21:00, Chicago time").wait_for()
    gates.get_by_text(re.compile("Goes .*8:00 am|Goes ")).first.wait_for()
    eye.look("into-the-night")
