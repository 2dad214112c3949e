"""What an administrator looks after: mails, invoices, the catalogue (M-1, B-12, B-1).

The administrator reads a mail in the outbox, notes one invoice as paid and one as void, and sets a
price from a day on. Whoever got the mail turns its kind off by the link in it, signed in nowhere.
"""

import re
import time
from datetime import date, timedelta

import pytest

from tests.journeys.chromium import needs_chromium
from tests.journeys.test_credits import sign_in

pytestmark = [*needs_chromium, pytest.mark.pages, pytest.mark.xdist_group("journeys")]

MAIL_WITHIN_S = 180


def test_an_administrator_looks_after_mails_invoices_and_prices(product, eye):
    sign_in(eye, product, "Administrator")
    off_url = read_a_mail(eye)
    note_an_invoice_as_paid(eye)
    void_an_invoice(eye)
    set_a_price_from_a_day_on(eye)
    add_a_plan(eye)
    turn_the_mail_off(eye, off_url)
    assert eye.complaints == []


def read_a_mail(eye) -> str:
    """Look at the outbox and a mail of it; return the link that turns its kind off."""
    page = eye.page
    page.get_by_role("link", name="Outbox").first.click()
    page.get_by_role("heading", level=1, name="Outbox").wait_for()
    mail = page.get_by_role("link", name=re.compile("a new lead texted"))
    end = time.monotonic() + MAIL_WITHIN_S  # the demo's leads are told of by mail within seconds
    while not mail.count() and time.monotonic() < end:
        page.reload()
    eye.look("outbox")
    mail.first.click()
    page.get_by_role("heading", level=1, name=re.compile("a new lead texted")).wait_for()
    eye.look("outbox-mail")
    return page.locator("#mail-body a[href*='/unsubscribe/']").get_attribute("href")


def note_an_invoice_as_paid(eye):
    page = eye.page
    open_an_invoice(page)
    eye.look("invoice-open")
    page.get_by_role("button", name=re.compile("^Mark .* as paid")).click()
    page.get_by_text("Name the transfer or check").first.wait_for()
    eye.look("invoice-paid-refused")
    page.get_by_label("Reference").fill("Check 1042")
    page.get_by_role("button", name=re.compile("^Mark .* as paid")).click()
    page.get_by_text(re.compile("^INV-[0-9]+ is paid")).first.wait_for()
    eye.look("invoice-paid")


def void_an_invoice(eye):
    page = eye.page
    open_an_invoice(page)
    page.get_by_label("Reason").fill("Written twice")
    page.get_by_role("button", name=re.compile("^Void INV-")).click()
    page.get_by_text(re.compile("^INV-[0-9]+ is void")).first.wait_for()
    eye.look("invoice-void")


def open_an_invoice(page):
    page.get_by_role("link", name="Invoices", exact=True).first.click()
    page.get_by_role("heading", level=1, name="Invoices").wait_for()
    page.locator("#invoices tbody tr, #main tbody tr").filter(
        has_text=re.compile("Open|Overdue")
    ).first.get_by_role("link").first.click()
    page.get_by_role("button", name=re.compile("^Void INV-")).wait_for()


def set_a_price_from_a_day_on(eye):
    page = eye.page
    page.get_by_role("link", name="Plan catalogue").first.click()
    eye.look("catalogue")
    page.get_by_role("link", name="Agent", exact=True).click()
    eye.look("catalogue-plan")
    page.get_by_label("New price later, in dollars").fill("17.50")
    page.get_by_role("button", name="Save plan").click()
    page.get_by_text("Choose the day from which the new price holds.").first.wait_for()
    eye.look("price-without-a-day")
    day = date.today() + timedelta(days=40)
    page.get_by_label("from this day on").fill(day.isoformat())
    page.get_by_role("button", name="Save plan").click()
    page.get_by_text("Plan Agent saved.").first.wait_for()
    page.get_by_text(re.compile(r"^\$17\.50 from ")).wait_for()
    eye.look("price-from-a-day")


def add_a_plan(eye):
    page = eye.page
    page.get_by_role("link", name="Add a plan").click()
    page.get_by_label("Name").fill("Spring")
    page.get_by_label("Credits a month").fill("0")
    page.get_by_label("Price a month in dollars").fill("19.50")
    page.get_by_role("button", name="Save plan").click()
    eye.look("catalogue-refused")
    page.get_by_label("Credits a month").fill("600")
    page.get_by_role("button", name="Save plan").click()
    page.get_by_text("Plan Spring saved.").first.wait_for()


def turn_the_mail_off(eye, off_url):
    page = eye.page
    page.context.clear_cookies()
    page.goto(off_url)
    page.get_by_role("heading", level=1, name="Turn this mail off").wait_for()
    eye.look("unsubscribe")
    page.get_by_role("button", name="Turn it off").click()
    page.get_by_role("heading", level=1, name="Turned off").wait_for()
    eye.look("unsubscribed")
