"""An agent's day on a phone: notice, open, reply with a photo, see the cost, enrol, finish a task (issue 8)."""

import pytest
from playwright.sync_api import expect

from portal.tasks import queries as tasks
from tests import cast
from tests.factories.drips import make_drip, place_of
from tests.factories.files import picture
from tests.factories.messaging import make_ready, make_recipient, texts
from tests.factories.tasks import make_task
from tests.house.test_payloads_in_chromium import served
from tests.journeys.chromium import WIDTHS, chromium, needs_chromium
from tests.messaging.talks import MAYA, hear

pytestmark = [*needs_chromium, pytest.mark.pages, pytest.mark.xdist_group("journeys")]

PHONE = dict(zip(("width", "height"), WIDTHS["phone"], strict=True))


def test_notice_reply_with_a_photo_plan_and_task_from_a_phone(app, alice, northside, tmp_path):
    make_ready(northside)
    maya = make_recipient(northside, number=MAYA, first_name="Maya", last_name="Castellanos")
    make_drip(northside, name="New buyers")
    todo = make_task(northside, "Send the disclosures", hours=-2, contact_id=maya.contact.id)
    hear(northside, "Could you send me a picture?")
    account = f"/accounts/{cast.NORTHSIDE}"
    photo = {"name": "house.jpg", "mimeType": "image/jpeg", "buffer": picture("JPEG", (800, 600))}
    with served(app) as base, chromium(tmp_path / "shots") as eye:
        page = eye.page
        cookie = alice.client.get_cookie("desk").value
        page.context.add_cookies([{"name": "desk", "value": cookie, "url": base}])
        page.set_viewport_size(PHONE)

        page.goto(f"{base}/notices")
        eye.look("notices")
        page.set_viewport_size(PHONE)
        page.get_by_role("button", name="Maya Castellanos replied").first.click()
        page.locator("#reply-body").fill("Here it is, Maya. Would Saturday suit?")
        page.locator("#attach").set_input_files(photo)
        page.locator(".attach__name", has_text="house.jpg").wait_for()
        expect(page.locator("#reply-cost")).to_contain_text("3 credits")
        eye.look("cost")
        page.set_viewport_size(PHONE)
        page.get_by_role("button", name="Send", exact=True).click()
        page.locator("#thread .chat__shot--out img").wait_for()

        page.goto(f"{base}{account}/contacts/{maya.contact.id}")
        page.get_by_role("button", name="Enrol Maya Castellanos in a plan").click()
        eye.look("choosing-a-plan")
        page.set_viewport_size(PHONE)
        page.get_by_role("radio", name="New buyers").check()
        page.get_by_role("button", name="Preview").click()
        page.get_by_role("heading", name="Step by step").wait_for()
        eye.look("who-gets-what-when")
        page.set_viewport_size(PHONE)
        page.get_by_role("button", name="Enrol 1 person").click()
        page.locator("#people").get_by_role("link", name="Maya Castellanos").wait_for()

        page.goto(f"{base}{account}/home")
        page.get_by_role("button", name="Done : Send the disclosures").click()
        expect(page.locator("#due-today")).to_contain_text("Done Today")
        eye.look("home")
        assert eye.complaints == []
    [text] = texts(northside)
    assert (text.body, text.credits) == ("Here it is, Maya. Would Saturday suit?", 3)
    assert text.media[0]["name"] == "house.jpg"
    assert place_of(northside, maya).is_live
    assert tasks.get_or_404(northside.tenant, todo).is_done
