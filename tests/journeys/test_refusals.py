"""What a lead meets when the carrier says no, and the way on each time (N-6, N-7).

The portal and the carrier's twin run inside the test, so that both can be broken and mended.
"""

import re
from dataclasses import replace

import pytest

from portal.core import settings as settings_module
from portal.core.db import db, unit_of_work
from portal.numbers import queries
from portal.numbers import service as number_service
from tests import cast
from tests.factories.billing import make_subscription
from tests.factories.messaging import make_campaign, make_recipients
from tests.factories.numbers import make_carrier_account
from tests.house.test_payloads_in_chromium import served
from tests.journeys.chromium import chromium, needs_chromium
from tests.sandbox.wired import TOKEN, wired
from workers.sending import drain

pytestmark = [*needs_chromium, pytest.mark.pages, pytest.mark.xdist_group("journeys")]
WRONG = "0" * 32
BAD_CREDENTIALS = (
    "Something went wrong. Please check your Twilio account credentials and message support if "
    "this persists"
)
LISTING_FAILED = (
    "Failed to retrieve Phone Numbers - Please refresh the page to attempt fetching the phone "
    "numbers again."
)
RESTRICTED = "This account is suspended (The carrier has suspended it (20005))"


@pytest.fixture
def twin(app, tmp_path):
    """A carrier that does not know the token this installation was given; what was comes back."""
    with wired(tmp_path, twilio_auth_token=WRONG) as running:
        given = settings_module.settings()
        running.mend = lambda: settings_module.use(replace(given, twilio_auth_token=TOKEN))
        yield running


@pytest.fixture
def desk(app, alice, tmp_path):
    """Alice's browser, signed in."""
    with served(app) as base, chromium(tmp_path / "shots") as eye:
        value = alice.client.get_cookie("desk").value
        eye.page.context.add_cookies([{"name": "desk", "value": value, "url": base}])
        eye.base = base
        yield eye


def test_each_refusal_says_what_is_wrong_and_leads_on(northside, twin, desk):
    make_subscription(northside)
    page = desk.page
    page.goto(f"{desk.base}/accounts/{northside.id}/numbers/search")
    page.get_by_label("Area code").fill("512")
    page.get_by_role("button", name="Search numbers").click()
    refused(desk, BAD_CREDENTIALS, "Twilio does not accept the account SID or the token.")
    twin.mend()
    try_again(page)
    twin.turn(rate_read_error=1.0)
    page.reload()
    refused(desk, LISTING_FAILED, "Twilio could not be reached.")
    twin.turn(rate_read_error=0.0)
    try_again(page)
    buy(page)
    page.get_by_text("is yours.").wait_for()
    forward_calls(desk, twin)
    no_way_in(desk)
    revoked_token(desk, twin, northside)
    suspended_at_the_carrier(desk, twin, northside)
    restricted(desk, northside)
    # A dropped read and a 5xx are told on the page; the console's own line about them is no fault.
    assert [one for one in desk.complaints if "status of 5" not in one and "409" not in one] == []


def refused(desk, sentence, cause):
    """N-6: the exact sentence, its cause, and a way to try again."""
    alert = desk.page.get_by_role("alert")
    alert.get_by_text(sentence, exact=True).wait_for()
    assert cause in alert.inner_text()
    desk.page.get_by_role("link", name="Try again").wait_for()


def try_again(page):
    page.get_by_role("link", name="Try again").click()
    page.get_by_role("link", name="Choose").first.wait_for()


def buy(page):
    page.get_by_role("link", name="Choose").first.click()
    page.get_by_role("button", name="Buy this number").click()


def forward_calls(desk, twin):
    """N-8: a phone is called with a code, and calls go there once it is entered."""
    page = desk.page
    page.get_by_role("link", name="What happens to calls").click()
    page.get_by_label("Phone that takes the calls").fill("(312) 555-0142")
    page.get_by_role("button", name="Call this phone with a code").click()
    page.get_by_role("button", name="Confirm").wait_for()
    desk.look("calls-code")
    [said] = [one["said"] for one in twin.get("calls")["calls"]]
    code = re.search(r"(?:\d, ){5}\d", said).group()
    page.get_by_role("textbox", name="Code").fill(code)
    page.get_by_role("button", name="Confirm").click()
    page.get_by_text("by Alice Moreno").wait_for()


def no_way_in(desk):
    """Issue 6: the test call says that nobody answers at the public address, and what mends it."""
    page = desk.page
    page.get_by_role("link", name="Carrier webhooks").click()
    page.get_by_role("button", name="Make a test call").click()
    page.get_by_text("The public address did not answer").wait_for()
    desk.look("no-way-in")


def search(desk, account):
    desk.page.goto(f"{desk.base}/accounts/{account.id}/numbers/search?area_code=512")


def revoked_token(desk, twin, account):
    db.session.rollback()
    sid = queries.credentials(account.organization_id).account_sid
    token = twin.post(f"accounts/{sid}/token")["auth_token"]
    search(desk, account)
    refused(desk, "Twilio returned Unauthorized.", "it was changed or revoked")
    make_carrier_account(account.organization_id, account_sid=sid, auth_token=token)
    try_again(desk.page)


def suspended_at_the_carrier(desk, twin, account):
    """The carrier refuses a text of a suspended account, and so the portal learns of it."""
    sid = queries.credentials(account.organization_id).account_sid
    twin.post(f"accounts/{sid}/status", status="suspended")
    search(desk, account)
    refused(desk, "Twilio returned Unauthorized.", "is suspended or closed (code 20005)")
    with unit_of_work():
        number_service.note_campaign(account.organization_id, is_live=True)
    make_campaign(account, make_recipients(account, 1))
    drain(str(account.id))
    twin.post(f"accounts/{sid}/status", status="active")


def restricted(desk, account):
    """N-7: no number is bought or given back; it says why, with the way to where it is lifted."""
    page = desk.page
    page.get_by_role("link", name="Try again").click()
    page.get_by_text(RESTRICTED).wait_for()
    assert page.get_by_role("link", name="Choose").count() == 0
    desk.look("restricted")
    [sender] = queries.senders(cast.NORTHSIDE)
    page.goto(f"{desk.base}/accounts/{account.id}/numbers/{sender.id}/leave")
    page.get_by_text(RESTRICTED).wait_for()
    assert page.get_by_role("button", name="Give it back").count() == 0
    page.get_by_role("link", name="Open the appeal").first.click()
    page.get_by_role("button", name="Begin the appeal").wait_for()
    page.get_by_role("link", name="Restrictions").click()
    page.locator("#sending-state").get_by_text("The carrier has suspended it (20005).").wait_for()
    desk.look("restriction")
    panel = page.locator("#lift")
    panel.get_by_label("What the carrier said").fill("Reinstated, ticket 4711")
    panel.get_by_role("button", name="Lift the suspension").click()
    page.get_by_text("This account sends.").wait_for()
    search(desk, account)
    buy(page)
    page.get_by_text("is yours.").wait_for()
    db.session.rollback()  # an old view of the database ends here
    assert len(queries.senders(cast.NORTHSIDE)) == 2
