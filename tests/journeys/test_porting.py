"""A number brought over from another carrier as a team lead does it, turned down, mended and here.

The agent sees how it stands (issue 6, N-3, N-4).
"""

import re

import pytest

from tests.journeys.chromium import needs_chromium
from tests.journeys.signing_in import sign_in_as
from tests.journeys.test_opt_in import sign_in

pytestmark = [*needs_chromium, pytest.mark.pages, pytest.mark.xdist_group("journeys")]
BILL = {
    "name": "bill.pdf",
    "mimeType": "application/pdf",
    "buffer": b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\nstartxref\n9\n%%EOF\n",
}


def test_a_number_is_brought_over(product, eye):
    sign_in(eye, product)
    page = eye.page
    page.get_by_role("link", name="Numbers").first.click()
    page.get_by_role("link", name="Bring numbers over from another carrier").click()
    page.get_by_role("textbox", name="Numbers").fill("(312) 555-0194\n(312) 555-0190")
    page.get_by_role("button", name="Check").click()
    page.get_by_text("It can be brought over.").wait_for()
    eye.look("checked")
    page.get_by_role("button", name="Bring it over").click()
    describe(page, eye)
    page.get_by_text("In the carrier's words: PIN or passcode is invalid").wait_for()
    eye.look("turned-down")
    page.get_by_role("link", name="Mend it").click()
    page.get_by_label("Account number").fill("884120")
    eye.look("mending")
    page.get_by_role("button", name="Save and go on").click()
    page.get_by_role("button", name="Save and go on").click()
    sign(page)
    page.get_by_text("The number is here.").wait_for()
    eye.look("here")
    page.get_by_role("link", name="See the number").click()
    page.get_by_role("link", name="Take it to another carrier, or give it back").click()
    page.get_by_role("heading", name="Give it back").wait_for()
    eye.look("leave")
    see_it_as_an_agent(product, eye)
    assert eye.complaints == []


def describe(page, eye):
    page.get_by_role("heading", name="Current carrier", level=1).wait_for()
    page.get_by_label("Account number").fill("881002")
    page.get_by_label("PIN for moving a number").fill("4417")
    page.get_by_label("Service address").fill("214 Wells St")
    page.get_by_label("City").fill("Chicago")
    page.get_by_label("State").select_option("IL")
    page.get_by_label("ZIP code").fill("60606")
    eye.look("carrier")
    page.get_by_role("button", name="Save and go on").click()
    page.get_by_label("This person owns the account").check()
    page.get_by_label("Newest bill").set_input_files(BILL)
    eye.look("authority")
    page.get_by_role("button", name="Save and go on").click()
    page.get_by_role("heading", name="Letter of authorization").wait_for()
    eye.look("letter")
    sign(page)


def sign(page):
    signature = page.get_by_label("Your signature")
    signature.wait_for()
    name = re.search(r"I, (.+?), may make", page.locator("main").inner_text())[1]
    signature.fill(name)
    page.get_by_role("button", name=re.compile("end in")).click()


def see_it_as_an_agent(product, eye):
    page = eye.page
    page.context.clear_cookies()
    sign_in_as(page, product, "Agent")
    page.get_by_role("link", name="Numbers").first.click()
    page.get_by_role("link", name="Bring numbers over from another carrier").click()
    page.get_by_role("link", name="(312) 555-0194").click()
    page.get_by_text("The number is here.").wait_for()
    eye.look("agent")
