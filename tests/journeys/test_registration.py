"""A toll-free number registered as a team lead does it, rejected, mended and approved (issue 6, N-5).

The brokerage's brand and campaign are registered from the start.
"""

import pytest

from tests.journeys.chromium import needs_chromium
from tests.journeys.test_opt_in import sign_in

pytestmark = [*needs_chromium, pytest.mark.pages, pytest.mark.xdist_group("journeys")]


def test_a_toll_free_number_is_registered(product, eye):
    sign_in(eye, product)
    page = eye.page
    page.get_by_role("link", name="Registration").first.click()
    page.get_by_role("heading", name="Registration", level=1).wait_for()
    page.get_by_text("Registered", exact=True).first.wait_for()
    eye.look("registration")
    page.get_by_role("link", name="Open the registration").click()
    page.get_by_text("8,000 segments").wait_for()
    eye.look("registered")
    buy_toll_free(eye)
    page.get_by_role("link", name="See the registration").click()
    page.get_by_role("button", name="Verify").click()
    walk_through(eye, mark=" [30841]")
    see_the_rejection_and_mend_it(eye)
    page.get_by_text("Registered. Texts can leave.").wait_for()
    eye.look("toll-free-registered")
    assert eye.complaints == []


def buy_toll_free(eye):
    page = eye.page
    page.get_by_role("link", name="Numbers").first.click()
    page.get_by_role("link", name="Set up a number").first.click()
    page.get_by_label("Area code").fill("833")
    page.get_by_role("button", name="Search numbers").click()
    page.get_by_role("link", name="Choose").first.click()
    page.get_by_role("textbox", name="Name").fill("Toll-free line")
    page.get_by_role("button", name="Buy this number").click()
    page.get_by_text("This number can't send yet").wait_for()
    eye.look("toll-free-waits")


def walk_through(eye, mark=""):
    """Go through the wizard; the pages are looked at once, the first time."""
    page = eye.page
    look = eye.look if mark else lambda _name: None
    for name in ("business", "contact"):
        page.get_by_role("button", name="Save and go on").wait_for()
        look(f"wizard-{name}")
        page.get_by_role("button", name="Save and go on").click()
    description = page.get_by_label("Who texts, whom, and about what")
    text = description.input_value()
    description.fill(text.replace(" [30841]", "") + mark)
    look("wizard-messages")
    page.get_by_role("button", name="Save and go on").click()
    page.get_by_label("How people agree to be texted").wait_for()
    look("wizard-opt-in")
    page.get_by_role("button", name="Save and go on").click()
    page.get_by_role("button", name="Look at the pages").or_(
        page.get_by_role("button", name="Look again")
    ).first.click()
    page.get_by_role("button", name="Send in").wait_for()
    look("wizard-check")
    page.get_by_role("button", name="Send in").click()


def see_the_rejection_and_mend_it(eye):
    page = eye.page
    page.get_by_text("does not ask for consent to texts clearly enough").wait_for()
    eye.look("rejected")
    page.get_by_role("link", name="Mend and send in again").click()
    walk_through(eye)
