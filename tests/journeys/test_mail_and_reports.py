"""Reports and what comes by mail, as a team lead meets them (M-1, M-3, M-4).

The lead reads reports, has one sent by mail, takes a file of texts, and chooses which mail to
get, once without JavaScript.
"""

import re

import pytest

from portal.reports.rules.tables import NAMES
from tests.journeys.chromium import needs_chromium
from tests.journeys.test_credits import sign_in

pytestmark = [*needs_chromium, pytest.mark.pages, pytest.mark.xdist_group("journeys")]


def test_a_team_lead_reads_reports_and_chooses_mail(product, eye):
    sign_in(eye, product, "Team lead")
    read_the_reports(eye)
    send_one_by_mail(eye)
    take_a_file_of_texts(eye)
    choose_mail(eye)
    choose_mail_without_script(eye, product)
    assert eye.complaints == []


def read_the_reports(eye):
    page = eye.page
    page.get_by_role("link", name="Reports", exact=True).first.click()
    for place, title in enumerate(NAMES.values()):
        tabs = page.get_by_role("navigation", name="Reports")
        tabs.get_by_role("link", name=title, exact=True).click()
        page.get_by_role("heading", level=1, name=title).wait_for()
        heads_stand_over_their_cells(eye, title)
        if title in ("Usage", "By campaign", "Delivery"):  # the others are made of the same pieces
            eye.look(f"report-{place}")


def heads_stand_over_their_cells(eye, title):
    """Compare how far in the first cells of tables stand, heads and rows."""
    begins = eye.page.evaluate(
        """() => [...document.querySelectorAll(".datatable tr > :first-child")].map(
             (cell) => parseFloat(getComputedStyle(cell).paddingLeft))"""
    )
    if len(set(begins)) > 1:
        eye.complaints.append(f"{title}: first cells stand at {sorted(set(begins))} px")


def send_one_by_mail(eye):
    page = eye.page
    page.get_by_role("link", name="By mail").click()
    page.get_by_role("heading", level=1, name="Reports by mail").wait_for()
    eye.look("reports-by-mail-none")
    page.get_by_label("To").fill("nobody@elsewhere.example")
    page.get_by_role("button", name="Send it by mail").click()
    page.get_by_text("nobody@elsewhere.example").last.wait_for()
    eye.look("reports-by-mail-refused")
    page.get_by_label("To").fill("")
    page.get_by_role("button", name="Send it by mail").click()
    page.locator("#schedules tbody tr").wait_for()
    eye.look("reports-by-mail")
    page.get_by_role("button", name=re.compile("^Stop")).click()
    page.get_by_text("No report goes by mail yet").wait_for()


def take_a_file_of_texts(eye):
    page = eye.page
    page.get_by_role("link", name="Reports", exact=True).first.click()
    page.get_by_role("link", name="By account", exact=True).click()
    page.locator("#table-accounts, main").get_by_role("link", name="Bob Tran").last.click()
    page.get_by_role("link", name="All texts").click()
    page.get_by_role("heading", level=1, name="Files of texts").wait_for()
    eye.look("files-of-texts-none")
    page.get_by_role("button", name="Make the file").click()
    page.get_by_role("link", name=re.compile("Download")).wait_for()
    eye.look("file-of-texts")


def choose_mail(eye):
    page = eye.page
    page.goto(page.url.split("/accounts/")[0] + "/notices")
    page.get_by_role("link", name="By e-mail and push").click()
    page.get_by_role("heading", level=1, name="Notifications by e-mail and push").wait_for()
    eye.look("preferences")
    page.locator("select[name^=mail_]").first.select_option("never")
    page.get_by_role("button", name="Save changes").click()
    page.get_by_text("Your choice is saved.").first.wait_for()
    eye.look("preferences-saved")


def choose_mail_without_script(eye, product):
    """The same page and the same answer in a browser that runs no script."""
    context = eye.page.context.browser.new_context(
        java_script_enabled=False, storage_state=eye.page.context.storage_state()
    )
    page = context.new_page()
    page.goto(f"{product.url}/profile/notifications")
    page.locator("select[name^=mail_]").first.select_option("at_once")
    page.get_by_role("button", name="Save changes").click()
    page.get_by_text("Your choice is saved.").first.wait_for()
    page.screenshot(path=eye.folder / "preferences-without-script.png")
    assert page.locator("select[name^=mail_]").first.input_value() == "at_once"
    context.close()
