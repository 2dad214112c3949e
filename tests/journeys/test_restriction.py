"""An officer enters what the carrier wrote, everything stops, and it is lifted with a reason (A-1, H-4, H-6)."""

import pytest

from portal.core.db import db
from portal.texting_accounts import queries
from tests.factories.health import went
from tests.factories.optin import make_published
from tests.house.test_payloads_in_chromium import served
from tests.journeys.chromium import chromium, needs_chromium
from workers import messaging

pytestmark = [*needs_chromium, pytest.mark.pages, pytest.mark.xdist_group("journeys")]

WROTE = "Mail of 2 March, ticket 4711: 13 % of the texts of a week failed."


@pytest.fixture
def desk(app, vera, tmp_path):
    """Vera's browser, signed in."""
    with served(app) as base, chromium(tmp_path / "shots") as eye:
        value = vera.client.get_cookie("desk").value
        eye.page.context.add_cookies([{"name": "desk", "value": value, "url": base}])
        eye.base = base
        yield eye


def test_from_the_carriers_mail_to_sending_again(desk, bobs):
    make_published(bobs)
    page = desk.page
    page.goto(f"{desk.base}/accounts/{bobs.id}/settings")
    page.get_by_role("link", name="Restrictions of this account").click()
    page.get_by_text("Never restricted").wait_for()
    desk.look("never-restricted")
    page.get_by_label("What the carrier wrote").fill(WROTE)
    page.get_by_role("button", name="Suspend the account").click()
    page.get_by_text("Choose the reason, or Other.").wait_for()
    assert page.get_by_label("What the carrier wrote").input_value() == WROTE
    desk.look("no-reason")
    page.get_by_label("The carrier's reason").select_option("High error rate")
    page.get_by_role("button", name="Suspend the account").click()
    page.get_by_text("nothing leaves any more").wait_for()
    page.locator("#standstill").get_by_text("ticket 4711").wait_for()
    desk.look("suspended")
    page.locator("#appeal").get_by_role("link", name="Open the appeal").wait_for()
    page.get_by_role("link", name="See the errors by code").click()
    page.locator("#standstill").get_by_role("link", name="Open the appeal").click()
    page.get_by_role("link", name="Restrictions").click()
    page.get_by_label("What the carrier said").fill("Lifted by their mail of today")
    page.get_by_role("button", name="Lift the suspension").click()
    page.get_by_text("This account sends.").wait_for()
    page.locator("#history").get_by_text("Lifted by their mail of today").wait_for()
    desk.look("lifted")
    assert queries.account(bobs.id).is_active
    assert [one for one in desk.complaints if "status of 422" not in one] == []


def test_from_a_breach_to_going_on(desk, bobs, clock):
    """H-4, H-8: each page says why bulk texts wait; a typed reason lets them go on."""
    went(bobs, clock.now, 1_000, opted_out=32)
    messaging.watch_health()
    page = desk.page
    page.goto(f"{desk.base}/accounts/{bobs.id}/home")
    page.locator("#standstill").get_by_text("3.20 % of 1,000").wait_for()
    desk.look("paused-home")
    page.locator("#standstill").get_by_role("link", name="See what to do").click()
    page.get_by_role("heading", name="Bulk and plan texts wait").wait_for()
    desk.look("paused")
    page.get_by_role("button", name="Let bulk and plan texts go on").click()
    page.get_by_text("Give the reason: it stands in the history and in the log.").wait_for()
    page.get_by_label("What was the cause").fill("A bought list, deleted")
    page.get_by_role("button", name="Let bulk and plan texts go on").click()
    page.get_by_text("go on, to 200 people a day at first").wait_for()
    desk.look("going-on")
    page.goto(f"{desk.base}/organizations/{bobs.organization_id}/thresholds")
    desk.look("thresholds")
    db.session.rollback()
    assert queries.account(bobs.id).bulk_pause is None
    assert [one for one in desk.complaints if "status of 422" not in one] == []
