"""A lead off-boards an agent (SPEC 1)."""

import pytest

from portal.texting_accounts import queries as accounts
from tests import cast
from tests.house.test_payloads_in_chromium import served
from tests.journeys.chromium import chromium, needs_chromium
from tests.leaving.world import hold_everything

pytestmark = [*needs_chromium, pytest.mark.pages, pytest.mark.xdist_group("journeys")]


def test_an_agent_leaves_and_the_lead_gets_the_account(app, alice, bobs, northside, tmp_path):
    hold_everything(bobs, northside)
    with served(app) as base, chromium(tmp_path / "shots") as eye:
        page = eye.page
        cookie = alice.client.get_cookie("desk").value
        page.context.add_cookies([{"name": "desk", "value": cookie, "url": base}])
        page.goto(f"{base}/organizations/{cast.JUNIPER}/members")
        page.get_by_role("link", name="Off-board somebody").click()
        page.get_by_role("heading", name="Off-board somebody").wait_for()
        eye.look("choose")
        page.get_by_role("link", name="Off-board Bob Tran").click()
        page.get_by_label("What becomes of the account").select_option(label="Alice Moreno gets it")
        eye.look("decide")
        page.get_by_role("button", name="See the summary").click()
        page.locator("#reason-error").wait_for()
        eye.look("decide-refused")
        page.get_by_label("Why, or a note").fill("Moved to Texas")
        page.get_by_role("button", name="See the summary").click()
        page.get_by_text("The account goes to Alice Moreno.").wait_for()
        eye.look("summary")
        page.get_by_role("button", name="Change something").click()
        page.get_by_label("Why, or a note").wait_for()
        page.get_by_role("button", name="See the summary").click()
        page.get_by_role("button", name="Off-board Bob Tran now").click()
        page.get_by_role("heading", name="Bob Tran has left").wait_for()
        eye.look("left")
        assert eye.complaints == []
    assert accounts.account(cast.BOBS).owner_user_id == cast.ALICE
