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
ANSWER = "Here it is, Maya. Would Saturday suit?"
ACCOUNT = f"/accounts/{cast.NORTHSIDE}"


@pytest.fixture
def maya(northside):
    """Maya asks for a picture; a plan and a task wait."""
    make_ready(northside)
    person = make_recipient(northside, number=MAYA, first_name="Maya", last_name="Castellanos")
    make_drip(northside, name="New buyers")
    make_task(northside, "Send the disclosures", hours=-2, contact_id=person.contact.id)
    hear(northside, "Could you send me a picture?")
    return person


def photo():
    return {"name": "house.jpg", "mimeType": "image/jpeg", "buffer": picture("JPEG", (800, 600))}


def is_done(account, person):
    """The answer went with its photo, Maya is in the plan, and nothing is left to do."""
    [text] = texts(account)
    assert (text.body, text.credits, text.media[0]["name"]) == (ANSWER, 3, "house.jpg")
    return place_of(account, person).is_live and not tasks.about(account.tenant, person.contact.id)


def test_notice_reply_with_a_photo_plan_and_task_from_a_phone(
    app, alice, northside, maya, tmp_path
):
    with served(app) as base, chromium(tmp_path / "shots") as eye:
        page = eye.page
        cookie = alice.client.get_cookie("desk").value
        page.context.add_cookies([{"name": "desk", "value": cookie, "url": base}])
        page.set_viewport_size(PHONE)

        page.goto(f"{base}/notices")
        eye.look("notices")
        page.set_viewport_size(PHONE)
        page.get_by_role("button", name="Maya Castellanos replied").first.click()
        page.locator("#reply-body").fill(ANSWER)
        page.locator("#attach").set_input_files(photo())
        page.locator(".attach__name", has_text="house.jpg").wait_for()
        expect(page.locator("#reply-cost")).to_contain_text("3 credits")
        eye.look("cost")
        page.set_viewport_size(PHONE)
        page.get_by_role("button", name="Send", exact=True).click()
        page.locator("#thread .chat__shot--out img").wait_for()

        page.goto(f"{base}{ACCOUNT}/contacts/{maya.contact.id}")
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

        page.goto(f"{base}{ACCOUNT}/home")
        page.get_by_role("button", name="Done : Send the disclosures").click()
        expect(page.locator("#due-today")).to_contain_text("Done Today")
        eye.look("home")
        assert eye.complaints == []
    assert is_done(northside, maya)


def test_the_same_day_without_javascript(app, alice, northside, maya, tmp_path):
    """Each of its steps is a form or a link; a file goes with the form."""
    with served(app) as base, chromium(tmp_path / "shots") as eye:
        context = eye.page.context.browser.new_context(java_script_enabled=False, viewport=PHONE)
        cookie = alice.client.get_cookie("desk").value
        context.add_cookies([{"name": "desk", "value": cookie, "url": base}])
        page = context.new_page()

        page.goto(f"{base}/notices")
        page.get_by_role("button", name="Maya Castellanos replied").first.click()
        page.locator("#reply-body").fill(ANSWER)
        page.locator("#attach").set_input_files(photo())
        page.get_by_role("button", name="Attach", exact=True).click()
        expect(page.locator(".attach__name")).to_contain_text("house.jpg")
        expect(page.locator("#reply-body")).to_have_value(ANSWER)
        expect(page.locator("#reply-cost")).to_contain_text("3 credits")
        page.get_by_role("button", name="Send", exact=True).click()
        page.locator("#thread .chat__shot--out img").wait_for()

        page.goto(f"{base}{ACCOUNT}/contacts/{maya.contact.id}")
        page.get_by_role("button", name="Enrol Maya Castellanos in a plan").click()
        page.get_by_role("radio", name="New buyers").check()
        page.get_by_role("button", name="Preview").click()
        page.get_by_role("heading", name="Step by step").wait_for()
        page.get_by_role("button", name="Enrol 1 person").click()
        page.locator("#people").get_by_role("link", name="Maya Castellanos").wait_for()

        page.goto(f"{base}{ACCOUNT}/home")
        page.get_by_role("button", name="Done : Send the disclosures").click()
        expect(page.get_by_role("button", name="Done : Send the disclosures")).to_have_count(0)
        context.close()
    assert is_done(northside, maya)
