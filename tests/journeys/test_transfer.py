"""A team lead brings the brokerage's Twilio number over, and a number of another owner (issue 6, N-2).

The agent whose account it comes into sees how it stands, then and when it is here.
The sandbox gives the old accounts out; a handset sends the test text; who stopped there stays out.
"""

import re

import pytest

from tests.journeys.chromium import needs_chromium
from tests.journeys.signing_in import sign_in_as
from tests.journeys.test_opt_in import sign_in

pytestmark = [*needs_chromium, pytest.mark.pages, pytest.mark.xdist_group("journeys")]


def test_numbers_of_old_accounts_are_brought_over(product, eye):
    sign_in(eye, product)
    related, strangers = old_accounts(eye, product)
    begin(eye, product)
    eye.look("connect")
    connect(eye, related["sid"], "f" * 32)
    eye.page.get_by_text("Please check your Twilio account credentials").first.wait_for()
    eye.look("bad-credentials")
    eye.page.get_by_label("Auth token", exact=True).fill(related["token"])
    eye.page.get_by_role("button", name="Connect again").click()
    eye.page.get_by_text("Connected.").wait_for()
    number = pick(eye)
    eye.look("check")
    eye.page.get_by_label("I have read what changes").check()
    eye.page.get_by_role("button", name=re.compile("^Move")).click()
    eye.page.get_by_text("The number is here. Text it from a phone.").wait_for()
    eye.look("test")
    text_from_a_handset(eye, product, number)
    eye.page.get_by_text("The number is here.", exact=True).wait_for()
    eye.page.get_by_text("Opt-outs carried along").wait_for()
    eye.look("done")
    eye.page.get_by_role("link", name="Open the number").click()
    eye.page.get_by_text("Ready", exact=True).first.wait_for()
    with eye.of_another() as agents:
        see_it_as_the_agent(agents, product, number)
        sign_for_another(eye, product, strangers, agents)
    assert eye.complaints == []


def old_accounts(eye, product):
    """Return the credentials of both old accounts, as the sandbox's page shows them."""
    page = eye.page
    back = page.url
    page.goto(f"{product.handsets}/old-accounts")
    page.get_by_role("button", name="Open two old accounts").click()
    page.get_by_role("heading", name="Old account, same owner").wait_for()
    eye.look("sandbox-old-accounts")
    found = [
        {
            "sid": page.locator(f"[data-sid='{kind}']").inner_text(),
            "token": page.locator(f"[data-token='{kind}']").inner_text(),
        }
        for kind in (1, 0)
    ]
    page.goto(back)
    return found


def begin(eye, product):
    page = eye.page
    page.get_by_role("link", name="Connected apps").first.click()
    page.get_by_role("link", name="Transfer my current Twilio number").wait_for()
    eye.look("connected-apps")
    page.get_by_role("link", name="Transfer my current Twilio number").click()
    page.get_by_role("heading", name="Transfer a Twilio number", level=1).wait_for()


def connect(eye, sid, token):
    page = eye.page
    page.get_by_label("Account SID").fill(sid)
    page.get_by_label("Auth token", exact=True).fill(token)
    page.get_by_role("button", name="Connect", exact=True).click()


def pick(eye) -> str:
    """Pick the last of the list, the first the old account had, and return it."""
    page = eye.page
    page.get_by_role("link", name="Pick a number").click()
    page.get_by_role("heading", name="Pick a number", level=1).wait_for()
    eye.look("pick")
    button = page.get_by_role("button", name=re.compile("^Choose")).last
    number = re.sub(r"\D", "", button.inner_text())
    button.click()
    page.get_by_role("heading", name="What changes").wait_for()
    return number[-10:]


def text_from_a_handset(eye, product, number):
    answer = eye.page.request.post(
        f"{product.handsets}/_sandbox/inbound",
        data={"from": "+13125550142", "to": f"+1{number}", "body": "Does this work?"},
    )
    assert answer.status == 201


def see_it_as_the_agent(eye, product, number):
    """Find the number that came among the agent's own, and the transfer with what it did."""
    page = eye.page
    sign_in_as(page, product, "Agent")
    page.get_by_role("link", name="Numbers").first.click()
    page.locator("table").get_by_text(re.compile(rf"{number[3:6]}-{number[6:]}")).first.wait_for()
    eye.look("agent-numbers")
    page.get_by_role("link", name="from another Twilio account").click()
    page.get_by_role("heading", level=1).wait_for()
    eye.look("agent-transfers")
    page.locator("table").get_by_role("link").first.click()
    page.get_by_text("The number is here.", exact=True).wait_for()
    page.get_by_text("Opt-outs carried along").wait_for()
    eye.look("agent-transfer-done")


def sign_for_another(eye, product, strangers, agents):
    page = eye.page
    begin(eye, product)
    connect(eye, strangers["sid"], strangers["token"])
    page.get_by_text("Connected.").wait_for()
    pick(eye)
    page.get_by_label("Your name").fill("Ann Old")
    page.get_by_label("Your role").fill("Owner")
    page.get_by_label("E-mail address of the account's owner").fill("ann@old.example")
    page.get_by_label("I have read what changes").check()
    eye.look("sign")
    page.get_by_role("button", name="Sign and go on").click()
    page.get_by_role("heading", name="Send this to Twilio").wait_for()
    eye.look("letter")
    transfer = page.url
    agents.page.goto(transfer)
    agents.page.get_by_text("Send this to Twilio").first.wait_for()
    agents.look("agent-transfer-waits")
    page.goto(f"{product.handsets}/old-accounts")
    page.get_by_role("button", name="Move it from Old account, another owner").click()
    page.get_by_text("was moved.").wait_for()
    page.goto(transfer)
    page.get_by_role("button", name="Look now").click()
    page.get_by_text("The number is here. Text it from a phone.").wait_for()
    page.get_by_role("button", name="Go on without a test").click()
    page.get_by_text("The number is here.", exact=True).wait_for()
    eye.look("moved-by-support")
    agents.page.reload()
    agents.page.get_by_text("The number is here.", exact=True).wait_for()
