"""Pages that explain are in order at both widths, by day and by night: similar texts, help, every why (H-2, M-5)."""

from uuid import UUID

import pytest

from portal.core.db import unit_of_work
from portal.messaging.queries import similar as queries
from portal.messaging.rules.similar import Threshold
from portal.messaging.service import approving
from tests.factories.messaging import (
    ALICE_ACTS,
    make_campaign,
    make_ready,
    make_recipient,
    one_to_one,
)
from tests.house.test_payloads_in_chromium import served
from tests.journeys.chromium import chromium, needs_chromium
from workers.messaging import sort_texts

pytestmark = [*needs_chromium, pytest.mark.xdist_group("journeys")]

PITCH = "Buyers pay above asking for homes like yours while inventory stays low. Shall I estimate yours?"
WHY = "Each agent texts their own past clients from the number these clients know."


@pytest.fixture
def group(northside, bobs, clock) -> UUID:
    """Nearly the same text from two numbers, flagged; another wording that was approved."""
    organization_id = northside.organization_id
    with unit_of_work():
        approving.set_threshold(
            organization_id, Threshold(2, 2), reason="Two offices", actor=ALICE_ACTS
        )
        approving.approve_template(
            organization_id,
            name="Open house",
            body="The open house on Alder Court begins at noon, bring the whole family along.",
            justification=WHY,
            actor=ALICE_ACTS,
        )
    for account, number in ((northside, "+13125550150"), (bobs, "+13125550177")):
        make_ready(account)
        make_campaign(account, [make_recipient(account, number=number)], one_to_one(PITCH))
    sort_texts()
    [found] = queries.groups(organization_id, clock.now)
    return found.id


def test_pages_that_explain_are_in_order(app, vera, northside, group, tmp_path):
    approval = queries.approvals(northside.organization_id)[0]
    silent = make_recipient(northside, number="+13125550199", method=None)
    organization = f"/organizations/{northside.organization_id}"
    account = f"/accounts/{northside.id}"
    with served(app) as base, chromium(tmp_path / "shots") as eye:
        cookie = vera.client.get_cookie("desk").value
        eye.page.context.add_cookies([{"name": "desk", "value": cookie, "url": base}])
        for name, path, says in (
            ("similar-texts", f"{organization}/similar-texts", "Flagged"),
            ("similar-group", f"{organization}/similar-texts/{group}", PITCH),
            ("approve", f"{organization}/similar-texts/{group}/wording", PITCH),
            ("approved-wordings", f"{organization}/approved-templates", "Open house"),
            ("approved-wording", f"{organization}/approved-templates/{approval.id}", WHY),
            ("help", "/help", "Why a text waits or is left out"),
            ("error-codes", "/help/errors", "21610"),
            ("person", f"{account}/contacts/{silent.contact.id}", "no record that this person"),
        ):
            eye.page.goto(base + path)
            assert says in eye.page.content()
            for one in eye.page.locator("details.why > summary").all():
                one.click()
            eye.look(name)
    assert eye.complaints == []
