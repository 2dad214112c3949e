"""Which notices are pushed, chosen by kind, and what a browser without pushes is told (Q-5)."""

import pytest
from playwright.sync_api import expect

from portal.notifications import queries
from tests import cast
from tests.house.test_payloads_in_chromium import served
from tests.journeys.chromium import chromium, needs_chromium
from workers.notifications import keep_push_key

pytestmark = [*needs_chromium, pytest.mark.pages, pytest.mark.xdist_group("journeys")]


def test_one_chooses_what_is_pushed_and_a_browser_that_says_no_is_told_what_to_do(
    app, bob, tmp_path
):
    keep_push_key()
    with served(app) as base, chromium(tmp_path / "shots") as eye:
        page = eye.page
        cookie = bob.client.get_cookie("desk").value
        page.context.add_cookies([{"name": "desk", "value": cookie, "url": base}])
        page.goto(f"{base}/profile/notifications")
        page.locator("#by-push").get_by_label("Replies").uncheck()
        page.get_by_role("button", name="Save changes").click()
        page.locator("#flash").get_by_text("Your choice is saved.").wait_for()
        eye.look("chosen")
        page.get_by_role("button", name="Push to this browser").click()
        expect(page.locator("#push-said")).to_contain_text("did not agree")
        eye.look("refused")
        assert page.evaluate("caches.keys()") == []
        # Chromium says on the console that its window without a profile has no pushes.
        assert [each for each in eye.complaints if "incognito" not in each] == []
    assert queries.preferences(cast.BOB).by_push["reply"] is False
    assert queries.devices(cast.BOB) == []
