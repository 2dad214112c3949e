"""Proof of opt-in, tried as people do it (issue 4): built, published, agreed to on a phone, seen.

A team lead builds a form and publishes it; somebody signs up on a phone without JavaScript; the
agent sees the record with every fact and the page as it was served.
"""

import re

import pytest

from tests.journeys.chromium import WIDTHS, needs_chromium

pytestmark = [*needs_chromium, pytest.mark.xdist_group("journeys")]

PERSON = {
    "Name": "Noor Haddad", "Mobile number": "(312) 555-0187", "E-mail": "noor@example.com",
    "Street address": "8 Maple Ct", "City": "Chicago", "State": "IL", "ZIP code": "60614",
}  # fmt: skip


def test_a_form_is_built_and_a_person_agrees_on_a_phone(product, eye):
    sign_in(eye, product)
    url = build_and_publish(eye)
    agree_on_a_phone(eye, url)
    see_the_record(eye)
    assert eye.complaints == []


def sign_in(eye, product):
    page, login = eye.page, product.login("Team lead")
    page.goto(product.url)
    page.get_by_label("E-mail").fill(login["email"])
    page.get_by_label("Password", exact=True).fill(login["password"])
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("heading", level=1).wait_for()
    page.get_by_role("button", name="Switch account").click()
    page.get_by_role("link", name="Bob Tran").click()


def build_and_publish(eye) -> str:
    page = eye.page
    page.get_by_role("link", name="Opt-in forms").first.click()
    page.get_by_role("heading", name="Opt-in forms", level=1).wait_for()
    eye.look("forms")
    page.get_by_role("link", name="New form").first.click()
    page.get_by_label("What you call it").fill("Open house, 44 Briar St")
    page.get_by_label("Help contact").fill("(312) 555-0100")
    page.get_by_label("Open house, English").check()
    eye.look("new-form")
    page.get_by_role("button", name="Begin the form").click()
    points = page.locator("#points")
    points.get_by_text("8 of 10").wait_for()
    page.get_by_label("Privacy policy").fill("https://juniper.example/privacy")
    points.get_by_text("9 of 10").wait_for()
    page.get_by_label("Terms").fill("https://juniper.example/terms")
    points.get_by_text("10 of 10").wait_for()
    page.get_by_label("Heading").fill("Texts about 44 Briar St")
    preview = page.frame_locator("iframe[title='Preview of the form']")
    preview.get_by_role("heading", name="Texts about 44 Briar St").wait_for()
    eye.look("builder")
    page.get_by_role("button", name="Save and publish").click()
    page.get_by_text("Version 1 is published.").wait_for()
    eye.look("published")
    return page.get_by_label("Link", exact=True).input_value()


def agree_on_a_phone(eye, url):
    width, height = WIDTHS["phone"]
    phone = eye.page.context.browser.new_context(
        java_script_enabled=False, viewport={"width": width, "height": height}
    )
    page = phone.new_page()
    page.goto(url)
    assert not page.get_by_role("checkbox").is_checked()
    page.get_by_role("button", name="Sign me up").click()
    assert page.get_by_text("nothing was kept").is_visible()
    for label, value in PERSON.items():
        page.get_by_role("textbox", name=label).fill(value)
    page.get_by_role("checkbox").check()
    page.wait_for_timeout(2_000)  # nobody reads a form in less
    page.screenshot(path=eye.folder / "phone.png", full_page=True)
    page.get_by_role("button", name="Sign me up").click()
    page.get_by_text("You are on the list.").wait_for()
    phone.close()
    look_at(eye, url)


def look_at(eye, url):
    """The public page as a person with a script sees it: axe, both widths, by day and night."""
    own = eye.page
    eye.page = own.context.browser.new_page()
    eye.page.goto(url)
    eye.look("public")
    eye.page.close()
    eye.page = own


def see_the_record(eye):
    page = eye.page
    page.reload()
    page.get_by_role("link", name="(312) 555-0187").click()
    page.get_by_role("heading", name="Noor Haddad").wait_for()
    eye.look("record")
    story = page.get_by_role("main").inner_text()
    for fact in (
        "8 Maple Ct, Chicago, IL 60614", "noor@example.com", "Ticked by the person", "Hosted form",
        "Open house, 44 Briar St, version 1", "Reply STOP to opt out", "100 %",
    ):  # fmt: skip
        assert fact in story, fact
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("Download open-house|Download .*\\.html")).click()
    kept = download.value.path().read_text()
    assert "Texts about 44 Briar St" in kept and "<script" not in kept
