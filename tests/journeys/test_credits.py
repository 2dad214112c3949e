"""Credits as a team lead meets them (B-1, B-5, B-10, B-13).

The lead changes a plan with its arithmetic shown first, reads the statement, asks why a text was
charged, and acts on several accounts at once.
"""

import re

import pytest

from tests.journeys.chromium import needs_chromium

pytestmark = [*needs_chromium, pytest.mark.xdist_group("journeys")]


def test_a_team_lead_looks_after_the_credits(product, eye):
    sign_in(eye, product, "Team lead")
    see_all_accounts(eye)
    change_the_plan_of_one(eye)
    read_the_statement(eye)
    ask_why(eye)
    act_on_several(eye)
    assert eye.complaints == []


def sign_in(eye, product, role):
    page, login = eye.page, product.login(role)
    page.goto(product.url)
    page.get_by_label("E-mail").fill(login["email"])
    page.get_by_label("Password", exact=True).fill(login["password"])
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("heading", level=1).wait_for()


def see_all_accounts(eye):
    page = eye.page
    page.get_by_role("link", name="Accounts", exact=True).first.click()
    page.get_by_role("heading", level=1, name="Accounts").wait_for()
    eye.look("accounts")
    page.get_by_label("State").select_option("none")
    page.get_by_text(re.compile("match(es)?$")).first.wait_for()  # or that none does
    eye.look("accounts-without-plan")
    page.get_by_role("link", name="Clear filters").first.click()
    page.locator("#account-list tbody tr").nth(1).wait_for()


def change_the_plan_of_one(eye):
    page = eye.page
    page.locator("#account-list a", has_text=re.compile("^Agent|^Starter|^Team")).first.click()
    eye.look("marketplace-own-plan")
    page.get_by_role("link", name=re.compile("^Change plan")).last.click()
    eye.look("change-arithmetic")
    page.get_by_role("button", name=re.compile("^Change to")).click()
    page.get_by_text(re.compile("The plan is .* now")).first.wait_for()


def read_the_statement(eye):
    page = eye.page
    page.get_by_role("link", name="Credits", exact=True).first.click()
    page.get_by_role("heading", level=1, name="Credit statement").wait_for()
    eye.look("statement")
    page.get_by_label("Kind").select_option("capture")
    page.wait_for_url(re.compile("kind=capture"))
    page.locator("#ledger tbody tr").first.wait_for()
    eye.look("statement-charged")


def ask_why(eye):
    page = eye.page
    page.locator("#ledger a.price-link:visible").first.click()
    page.get_by_role("heading", level=1, name="Why was I charged?").wait_for()
    eye.look("why-charged")
    page.get_by_role("link", name="Inbox").first.click()
    page.locator("a[href*='/conversations/']:visible").first.click()
    page.locator("#thread a.price-link").last.click()
    page.locator("#thread .charge").first.wait_for()
    eye.look("why-charged-in-the-talk")


def act_on_several(eye):
    page = eye.page
    page.get_by_role("link", name="Accounts", exact=True).first.click()
    tick_all(page)
    eye.look("accounts-ticked")
    page.get_by_role("button", name="Pause sending").click()
    page.get_by_role("heading", level=1, name="Pause several accounts").wait_for()
    page.get_by_label("Reason").fill("The words are checked first")
    eye.look("pause-several")
    page.get_by_role("button", name=re.compile("^Pause .* accounts")).click()
    page.get_by_role("heading", level=1, name=re.compile("accounts paused")).wait_for()
    eye.look("paused-several")
    page.get_by_role("link", name="Back to the accounts").click()
    tick_all(page)
    page.get_by_role("button", name="Resume sending").click()
    page.get_by_role("button", name=re.compile("^Resume .* accounts")).click()
    page.get_by_role("heading", level=1, name=re.compile("accounts resumed")).wait_for()
    page.get_by_role("link", name="Back to the accounts").click()
    tick_all(page)
    page.get_by_role("button", name="Change plan").click()
    page.get_by_label("Plan", exact=True).select_option(index=0)
    page.get_by_role("button", name="Show what it costs").click()
    page.get_by_role("button", name=re.compile("^Change .* account")).wait_for()
    eye.look("change-several")
    page.get_by_role("button", name=re.compile("^Change .* account")).click()
    page.get_by_role("heading", level=1, name=re.compile("changed$")).wait_for()
    eye.look("changed-several")


def tick_all(page):
    page.get_by_label("Select all on this page").check()
