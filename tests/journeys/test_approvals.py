"""A lead writes to many, an officer looks at it and lets it go (S-12)."""

import pytest

from portal.core.db import unit_of_work
from portal.messaging.service import approvals
from tests import cast
from tests.factories.messaging import ALICE_ACTS, make_ready, make_recipients, texts
from tests.house.test_payloads_in_chromium import served
from tests.journeys.chromium import chromium, needs_chromium
from tests.messaging.composer import HI, Composer

pytestmark = [*needs_chromium, pytest.mark.pages, pytest.mark.xdist_group("journeys")]


def test_a_large_send_goes_once_somebody_else_has_looked(app, alice, vera, northside, tmp_path):
    make_ready(northside)
    with unit_of_work():
        approvals.set_policy(cast.JUNIPER, 2, reason="We lost a number", actor=ALICE_ACTS)
    where = Composer(alice, northside)(make_recipients(northside, 3), HI)
    with served(app) as base, chromium(tmp_path / "shots") as eye:
        be(eye, base, alice)
        eye.page.goto(f"{base}/accounts/{northside.id}/texts/drafts/{where['draft_id']}")
        eye.page.get_by_role("button", name="Calculate Cost").click()
        eye.page.get_by_text("somebody else approves first: Vera Okafor").wait_for()
        eye.look("asks")
        eye.page.get_by_role("button", name="Ask for approval").click()
        eye.page.get_by_role("button", name="Withdraw and write on").wait_for()
        be(eye, base, vera)
        eye.page.goto(f"{base}/organizations/{cast.JUNIPER}/approvals")
        eye.look("queue")
        eye.page.locator("#waiting").get_by_role("link", name=HI).click()
        eye.look("question")
        eye.page.get_by_role("button", name="Reject").click()
        eye.page.get_by_text("Give the reason in a few words").wait_for()
        eye.page.get_by_role("button", name="Approve and send").click()
        eye.page.get_by_text("Approved. It is on its way.").wait_for()
        assert eye.complaints == []
    assert len(texts(northside)) == 3


def be(eye, base, person):
    """Go on as somebody else."""
    value = person.client.get_cookie("desk").value
    eye.page.context.clear_cookies()
    eye.page.context.add_cookies([{"name": "desk", "value": value, "url": base}])
