"""The main job, tried as a new user would (issue "The spine", its last section).

A team lead signs in, buys a plan, sets up a number, imports contacts and consents, texts the
Texas buyers, watches it go, hears STOP and a question from two handsets, sees both, finds the
opted-out person blocked, reads the statement to the last credit and verifies the audit log.
"""

import csv
import io
import json
import math
import os
import re
import time
import urllib.request
from pathlib import Path

import pytest

from tests.journeys.chromium import needs_chromium
from tests.journeys.product import ROOT

pytestmark = [*needs_chromium, pytest.mark.xdist_group("journeys")]

DATA = ROOT / "tests" / "data"
TEXT = "Hi {first_name}, Alice at Juniper Realty 🏡 Three new homes near you under $400k. Want the list?"
QUESTION = "Is it still available?"
AFTERWARDS = "Could we come on Saturday instead?"
SHOWN_WITHIN_S = 3  # our aim, where nothing else runs
CROWDED = 5  # times as long as that, beside two more workers of the suite
ANSWER = "Yes, it is. I can show it Friday after 4 pm."


def credits_by_hand(body: str, to: str) -> int:
    """Price one text without the product's own rules (R-1, R-2)."""
    is_plain = all(c.isascii() and c != "`" for c in body)
    size = 160 if is_plain else 70
    units = len(body) if is_plain else len(body.encode("utf-16-le")) // 2
    return max(1, math.ceil(units / size)) * (1 if to.startswith("+1") else 2)


def test_a_brokerage_texts_its_leads(product, eye):
    page = eye.page
    sign_in(eye, product)
    granted = buy_a_plan(eye)
    number = set_up_a_number(eye)
    settle_opt_outs(eye)
    import_contacts(eye)
    import_consents(eye)
    sent_to = text_the_texas_buyers(eye, product)
    asker, leaver = sorted(sent_to)[:2]
    answer_from_handsets(eye, product, number, asker, leaver)
    see_both_in_the_inbox(eye, product)
    see_a_reply_in_an_open_inbox(eye, product, number, asker)
    find_the_opted_out_blocked(eye)
    read_the_statement(eye, product, granted)
    verify_the_log(eye, product)
    assert page.url.startswith(product.url)
    assert eye.complaints == []


def sign_in(eye, product):
    page, login = eye.page, product.login("Team lead")
    page.goto(product.url)
    eye.look("sign-in")
    page.get_by_label("E-mail").fill(login["email"])
    page.get_by_label("Password", exact=True).fill(login["password"])
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("heading", level=1).wait_for()
    page.get_by_role("button", name="Switch account").click()
    page.get_by_role("link", name="Northside").click()
    eye.look("home")


def buy_a_plan(eye) -> int:
    page = eye.page
    page.get_by_role("link", name="Connected apps").first.click()
    eye.look("connected-apps")
    page.get_by_role("link", name="Subscribe in Marketplace").first.click()
    eye.look("marketplace")
    row = page.locator("article, li, tr, section").filter(has_text="1,000").last
    row.get_by_role("link").last.click()
    eye.look("buy")
    page.get_by_role("button", name=re.compile("^Buy ")).click()
    page.get_by_role("heading", level=1).wait_for()
    return 1000


def set_up_a_number(eye) -> str:
    page = eye.page
    page.get_by_role("link", name="Numbers").first.click()
    eye.look("numbers")
    page.get_by_role("link", name=re.compile("number", re.IGNORECASE)).last.click()
    page.get_by_label("Area code").fill("512")
    page.get_by_role("button", name="Search numbers").click()
    eye.look("number-search")
    page.get_by_role("link", name=re.compile("^Choose")).first.click()
    eye.look("number-choose")
    page.get_by_role("button", name="Buy this number").click()
    page.get_by_text("is yours").wait_for()
    eye.look("number-ready")
    shown = re.search(r"\((\d{3})\) (\d{3})-(\d{4})", page.locator("main").inner_text())
    return "+1" + "".join(shown.groups())


def import_contacts(eye):
    page = eye.page
    page.get_by_role("link", name="Contacts").first.click()
    eye.look("contacts-empty")
    page.get_by_role("link", name="Import").first.click()
    page.set_input_files("input[type=file]", DATA / "command_export.csv")
    eye.look("import-upload")
    page.get_by_role("button", name="Upload and match columns").click()
    page.get_by_role("button", name="Check the file").wait_for()
    page.get_by_label("They agreed to be texted, and I will import the records next").check()
    page.get_by_label("Where and when they agreed").fill(
        "Register form on juniperhomes.example, 2026"
    )
    eye.look("import-columns")
    page.get_by_role("button", name="Check the file").click()
    page.get_by_role("button", name=re.compile("^Import .* contacts")).wait_for()
    eye.look("import-checked")
    page.get_by_role("button", name=re.compile("^Import .* contacts")).click()
    page.get_by_role("link", name="Show contacts").wait_for()
    eye.look("import-done")


def settle_opt_outs(eye):
    """Say that no tool was used before: bulk texts to imported people wait for that (Q-7)."""
    page = eye.page
    page.get_by_role("link", name="Consent", exact=True).first.click()
    page.get_by_role("link", name="Opt-out lists").click()
    page.get_by_label("How do you know?").fill("We texted nobody before")
    eye.look("opt-outs-none")
    page.get_by_role("button", name="There are no opt-outs to bring over").click()
    page.get_by_text("Noted: there are no opt-outs").wait_for()


def import_consents(eye):
    page = eye.page
    page.get_by_role("link", name="Consent", exact=True).first.click()
    page.get_by_role("link", name="Import").first.click()
    page.set_input_files("input[type=file]", DATA / "consents.csv")
    page.get_by_role("button", name="Upload and match columns").click()
    eye.look("consent-columns")
    page.get_by_role("button", name="Check the file").click()
    page.get_by_role("button", name=re.compile("^Import ")).wait_for()
    page.get_by_role("button", name=re.compile("^Import ")).click()
    page.get_by_role("link", name="Show the records").wait_for()
    eye.look("consent-imported")


def text_the_texas_buyers(eye, product) -> list[str]:
    page = eye.page
    page.get_by_role("link", name="Contacts").first.click()
    page.locator("select[name=tag]").select_option("buyer")
    page.locator("select[name=state]").select_option("TX")
    page.wait_for_url(re.compile("state=TX"))
    eye.look("texas-buyers")
    page.locator("[data-pick-all]").check()
    page.get_by_role("button", name="Send Text Message").click()
    page.get_by_role("textbox", name="Text", exact=True).fill(TEXT)
    page.get_by_role("button", name="Calculate Cost").click()
    page.get_by_role("button", name="Send", exact=True).wait_for()
    assert "🏡" in page.locator("main").inner_text()
    eye.look("composer")
    keep_screenshot(page)
    page.get_by_role("button", name="Send", exact=True).click()
    page.wait_for_url(re.compile("/campaigns/"))
    page.get_by_text("Done", exact=True).or_(page.get_by_text("Finished")).first.wait_for()
    eye.look("campaign")
    sent = [entry["to"] for entry in accepted(product) if "🏡" in entry["body"]]
    assert len(sent) == len(set(sent)) > 10
    return sent


def accepted(product) -> list[dict]:
    """Return what the carrier took, from its own log."""
    with urllib.request.urlopen(f"{product.handsets}/_sandbox/log") as answer:
        return [e for e in json.load(answer)["log"] if e["outcome"] == "accepted"]


def answer_from_handsets(eye, product, number, asker, leaver):
    page = eye.page
    for person, words in ((leaver, "STOP"), (asker, QUESTION)):
        page.goto(f"{product.handsets}/handsets/{person.removeprefix('+')}?with=%2B{number[1:]}")
        page.get_by_role("textbox").last.fill(words)
        page.get_by_role("button", name="Send", exact=True).click()
        page.get_by_text(words, exact=True).last.wait_for()
        eye.look(f"handset-{words[:4].lower()}", axe=False)
    page.goto(product.url)


def see_both_in_the_inbox(eye, product):
    page = eye.page
    page.get_by_role("link", name="Inbox").first.click()
    page.get_by_text(QUESTION).first.wait_for()
    page.get_by_text("STOP", exact=True).first.wait_for()
    eye.look("inbox")
    page.get_by_role("link").filter(has_text=QUESTION).first.click()
    page.get_by_role("textbox", name=re.compile("^Reply to")).fill(ANSWER)
    eye.look("conversation")
    page.get_by_role("button", name=re.compile("^Send")).last.click()
    delivered = f'.chat__bubble:has-text("{ANSWER}") + .chat__meta:has-text("Delivered")'
    page.locator(delivered).wait_for()
    eye.look("answered")
    assert any(entry["body"] == ANSWER for entry in accepted(product))


def see_a_reply_in_an_open_inbox(eye, product, number, asker):
    """Q-5: from the handset's Send to another open inbox, through every process, in seconds."""
    page, handset = eye.page, eye.page.context.browser.new_page()
    page.get_by_role("link", name="Inbox").first.click()
    page.locator("#inbox-list .convo").first.wait_for()
    handset.goto(f"{product.handsets}/handsets/{asker.removeprefix('+')}?with=%2B{number[1:]}")
    handset.get_by_role("textbox").last.fill(AFTERWARDS)
    handset.get_by_role("button", name="Send", exact=True).click()
    began = time.monotonic()
    page.locator(".convo__text").get_by_text(AFTERWARDS).or_(
        page.locator("#inbox-line")
    ).first.wait_for()
    took = time.monotonic() - began
    handset.close()
    print(f"A reply was seen after {took:.1f} s; the aim is {SHOWN_WITHIN_S}.")
    assert took <= SHOWN_WITHIN_S * CROWDED, f"it took {took:.1f} s"


def find_the_opted_out_blocked(eye):
    page = eye.page
    page.get_by_role("link", name="Contacts").first.click()
    page.locator("select[name=tag]").select_option("buyer")
    page.locator("select[name=state]").select_option("TX")
    page.wait_for_url(re.compile("state=TX"))
    page.locator("table").get_by_role("button", name=re.compile("^Opted out")).first.wait_for()
    page.locator("[data-pick-all]").check()
    page.get_by_role("button", name="Send Text Message").click()
    page.get_by_role("textbox", name="Text", exact=True).fill(TEXT)
    page.get_by_role("button", name="Calculate Cost").click()
    page.get_by_text(re.compile("opted out", re.IGNORECASE)).first.wait_for()
    eye.look("opted-out-is-blocked")


TEAM_NOTICE = (
    "To better serve you, messages may be shared with other team members. "
    "Please call or text me with questions."
)  # S-4


def read_the_statement(eye, product, granted):
    """The statement's last line equals what the test adds up from the carrier's own log."""
    page = eye.page
    free = {
        "Prefer a phone call or email? Reply STOP to unsubscribe. Msg&Data Rates May Apply.",  # S-3
        TEAM_NOTICE,
    }
    spent = sum(
        credits_by_hand(entry["body"], entry["to"])
        for entry in accepted(product)
        if entry["body"] not in free
    )
    heard = sum(credits_by_hand(body, "+1") for body in ("STOP", QUESTION, AFTERWARDS))
    page.get_by_role("link", name="Credits", exact=True).first.click()
    eye.look("statement")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text("utf-8-sig"))))
    assert int(rows[-1]["left_after"]) == granted - spent - heard
    assert sum(int(row["left_change"]) for row in rows) == granted - spent - heard
    assert sum(int(row["charged_change"]) for row in rows) == spent + heard


def verify_the_log(eye, product):
    eye.page.get_by_role("link", name="Audit log").first.click()
    eye.look("audit-log")
    told = product.command("audit", "verify")
    assert told.returncode == 0, told.stderr
    assert "0 chains are broken" in told.stdout


def keep_screenshot(page):
    """Keep the README's picture when asked to."""
    target = os.environ.get("README_SCREENSHOT")
    if target:
        page.screenshot(path=target)
