"""An officer imports a do-not-call list; an agent meets the block and what lifts it (S-2, M-5).

Every reason leads to a page that mends it. Nothing is sent.
"""

from datetime import date, timedelta

import pytest

from tests.factories.dnc import DATA
from tests.journeys.chromium import needs_chromium
from tests.journeys.test_credits import sign_in

pytestmark = [*needs_chromium, pytest.mark.pages, pytest.mark.xdist_group("journeys")]


def test_a_list_is_imported_met_and_exempted_from(product, eye):
    sign_in(eye, product, "Compliance officer")
    eye.page.get_by_text("No national or state do-not-call list is imported.").wait_for()
    import_a_list(eye)
    eye.page.context.clear_cookies()
    sign_in(eye, product, "Agent")
    meet_the_block(eye)
    lift_it(eye)
    assert eye.complaints == []


def import_a_list(eye):
    page = eye.page
    page.get_by_role("link", name="Import a list").click()
    page.get_by_text("No list is imported.").wait_for()
    eye.look("lists-empty")
    page.get_by_label("File", exact=True).set_input_files(DATA / "national_312_773.csv")
    page.get_by_role("button", name="Upload and check").click()
    page.get_by_text("Waits for you").wait_for()
    page.get_by_text("call me,later").wait_for()
    eye.look("list-checked")
    page.get_by_role("button", name="Load this list").click()
    page.get_by_text("In use").first.wait_for()
    eye.look("list-loaded")
    page.get_by_role("link", name="Do-not-call lists").first.click()
    page.get_by_text("31 days left").first.wait_for()
    eye.look("lists")


def meet_the_block(eye):
    page = eye.page
    page.get_by_role("link", name="Contacts").first.click()
    page.get_by_role("link", name="New contact").first.click()
    page.get_by_label("First name").fill("Ann")
    page.get_by_role("textbox", name="Phone number").first.fill("(773) 555-0122")
    page.get_by_role("button", name="Save").first.click()
    page.get_by_text("This number is on the national do-not-call list").first.wait_for()
    eye.look("contact-listed")
    page.get_by_role("link", name="See what exempts them").first.click()
    page.get_by_text("Listed.", exact=True).wait_for()
    eye.look("number-listed")


def lift_it(eye):
    page = eye.page
    page.get_by_label("A purchase, sale, lease").check()
    page.get_by_label("When it happened last").fill("2020-01-02")
    page.get_by_label("How it can be shown").fill("Closing of 12 Oak St")
    page.get_by_role("button", name="Record it").click()
    page.get_by_text("which ended on 1 Jul 2021").wait_for()
    page.get_by_label("When it happened last").fill(f"{date.today() - timedelta(days=30)}")
    page.get_by_role("button", name="Record it").click()
    page.get_by_text("Listed, but exempt.").wait_for()
    eye.look("number-exempt")
