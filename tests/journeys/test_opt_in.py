"""Proof of opt-in, tried as people do it (issue 4): built, published, agreed to on a phone, seen.

A team lead builds a form and publishes it; somebody signs up on a phone without JavaScript; the
agent sees the record with every fact and the page as it was served, downloads the certificate,
and checks it off line with nothing but Python, where one changed byte is refused.
"""

import json
import re
import subprocess
import sys

import pytest

from tests.journeys.chromium import WIDTHS, needs_chromium
from tests.journeys.signing_in import sign_in_as

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
    folder = save_the_certificate(eye)
    check_off_line(folder)
    check_on_the_public_page(eye)
    show_an_auditor(eye)
    see_how_far_accounts_are_covered(eye)
    assert eye.complaints == []


def sign_in(eye, product):
    page = eye.page
    sign_in_as(page, product, "Team lead")
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
    page.get_by_text("nothing was kept").wait_for()
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
    served = page.frame_locator("iframe[title='The page as it was served to the person']")
    served.get_by_role("heading", name="Texts about 44 Briar St").wait_for()
    page.locator("iframe.served").scroll_into_view_if_needed()
    eye.look("served-page")


def save_the_certificate(eye):
    """Save everything a court would be handed: certificate, its JSON, the evidence, the verifier."""
    page, folder = eye.page, eye.folder.parent / "court"
    for opens in (
        page.get_by_role("button", name="Download certificate"),
        page.get_by_role("button", name="JSON of the certificate"),
        page.get_by_role("link", name="Offline verifier"),
        page.get_by_role("link", name=re.compile(r"Download .*\.html")),
    ):
        with page.expect_download() as download:
            opens.click()
        download.value.save_as(folder / download.value.suggested_filename)
    [pdf] = folder.glob("*.pdf")
    assert pdf.read_bytes().startswith(b"%PDF")
    [kept] = folder.glob("*.html")
    assert "Texts about 44 Briar St" in kept.read_text()
    assert "<script" not in kept.read_text()
    return folder


def check_off_line(folder):
    [certificate] = folder.glob("*.json")
    found = verified(certificate)
    assert found.returncode == 0, found.stderr
    assert found.stdout.startswith("HOLDS")
    assert json.loads(certificate.read_text())["record"]["id"] in found.stdout

    [page_served] = folder.glob("*.html")
    for file, place, words in (
        (
            certificate,
            certificate.read_bytes().index(b"Noor Haddad"),
            "do not give its fingerprint",
        ),
        (page_served, 99, "its evidence file"),
    ):
        whole = file.read_bytes()
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        refused = verified(certificate)
        assert refused.returncode == 1
        assert "HOLDS" not in refused.stdout
        assert words in refused.stderr
        file.write_bytes(whole)


def verified(certificate):
    """Run the downloaded verifier as a stranger would: no packages, nothing of ours."""
    return subprocess.run(
        [sys.executable, "-I", "-S", "consentdesk-verify.py", certificate.name],
        cwd=certificate.parent,
        env={},
        capture_output=True,
        text=True,
        check=False,
    )


def check_on_the_public_page(eye):
    page = eye.page
    page.reload()
    address = page.get_by_role("link", name="its public page").get_attribute("href")
    own = eye.page
    eye.page = own.context.browser.new_page()  # somebody without a login
    eye.page.goto(f"{own.url.split('/accounts')[0]}{address}")
    eye.page.get_by_role("heading", name="This certificate is valid").wait_for()
    shown = eye.page.get_by_role("main").inner_text()
    assert not any(private in shown for private in ("Noor", "555-0187", "Maple"))
    eye.look("certificate-checked")
    eye.page.close()
    eye.page = own


def show_an_auditor(eye):
    """A link opens the record, with the page as it was served, for somebody without a login (C-12)."""
    page = eye.page
    page.get_by_role("link", name="Share with an auditor").click()
    page.get_by_role("textbox").and_(page.locator("[name=shared_with]")).fill("Casey Ito, counsel")
    page.get_by_role("button", name="Make the link").click()
    page.get_by_role("heading", name="Link made").wait_for()
    address = page.locator("#address").inner_text()
    eye.page = page.context.browser.new_page()
    eye.page.goto(address)
    eye.page.get_by_role("heading", name="Noor Haddad").wait_for()
    served = eye.page.frame_locator("iframe[title='The page as it was served to the person']")
    served.get_by_role("heading", name="Texts about 44 Briar St").wait_for()
    eye.page.locator("iframe.served").scroll_into_view_if_needed()
    eye.look("shared-record")
    eye.page.close()
    eye.page = page


def see_how_far_accounts_are_covered(eye):
    page = eye.page
    log = page.get_by_role("link", name="Audit log").first.get_attribute("href")
    page.goto(f"{page.url.split('/accounts')[0]}{log.removesuffix('/audit')}/consent")
    page.get_by_role("heading", name="Consent by account").wait_for()
    eye.look("coverage")
