"""An agent's plan: made from a ready one, looked at, people enrolled, run, paused; and its tasks (P-1, P-2)."""

import re

import pytest
from playwright.sync_api import expect

from portal.core.db import unit_of_work
from portal.drips.queries import intakes
from portal.drips.service import taking_in
from portal.messaging.values import Kind
from portal.texting_accounts import queries as accounts
from portal.texting_accounts import service as account_service
from tests import cast
from tests.drips.conftest import work
from tests.factories.drips import make_drip, task_step, text_step
from tests.factories.messaging import (
    ALICE_ACTS,
    make_ready,
    make_recipient,
    make_recipients,
    texts,
)
from tests.factories.tasks import make_task
from tests.house.test_payloads_in_chromium import served
from tests.journeys.chromium import chromium, needs_chromium
from tests.messaging.conftest import carrier_fake, sender
from workers import drips

__all__ = ["carrier_fake", "sender"]
pytestmark = [*needs_chromium, pytest.mark.pages, pytest.mark.xdist_group("journeys")]


def test_tasks_are_written_finished_and_put_off(app, alice, northside, tmp_path):
    """Issue 8: tasks on the agent's home, finished with one click."""
    make_ready(northside)
    maya = make_recipient(northside, first_name="Maya", last_name="Castellanos").contact
    make_task(northside, "Send the disclosures", hours=-20, contact_id=maya.id)
    account = f"/accounts/{cast.NORTHSIDE}"
    with served(app) as base, chromium(tmp_path / "shots") as eye:
        page = eye.page
        cookie = alice.client.get_cookie("desk").value
        page.context.add_cookies([{"name": "desk", "value": cookie, "url": base}])
        page.goto(f"{base}{account}/contacts/{maya.id}")
        page.get_by_role("link", name="New task").click()
        eye.look("new-task")
        page.get_by_role("button", name="Save task").click()
        expect(page.locator("#title-error")).to_contain_text("Say what is to be done")
        eye.look("task-without-words")
        page.locator("#title").fill("Call about the inspection")
        page.get_by_role("button", name="Save task").click()
        page.get_by_role("link", name="Call about the inspection").wait_for()
        eye.look("contact-with-tasks")
        page.goto(f"{base}{account}/home")
        eye.look("home")
        page.get_by_role("button", name="Done : Send the disclosures").click()
        expect(page.locator("#due-today")).to_contain_text("Done Today")
        page.goto(f"{base}{account}/tasks")
        eye.look("tasks")
        assert eye.complaints == []


def test_a_plan_is_made_previewed_run_and_paused(
    app, alice, northside, sender, carrier_fake, tmp_path
):
    make_recipient(northside, first_name="Maya", last_name="Castellanos")
    make_recipient(northside, first_name="Ruth", last_name="Abernathy")
    account = f"/accounts/{cast.NORTHSIDE}"
    with served(app) as base, chromium(tmp_path / "shots") as eye:
        page = eye.page
        cookie = alice.client.get_cookie("desk").value
        page.context.add_cookies([{"name": "desk", "value": cookie, "url": base}])
        page.goto(f"{base}{account}/plans")
        eye.look("no-plans")
        page.get_by_role("link", name="New from a ready plan").click()
        eye.look("ready-plans")
        page.get_by_role("link", name="Use it : New buyer lead").click()
        eye.look("editor")
        page.locator("#steps-0-body").fill(
            "Hi {first_name}, it’s Juniper Realty. Get a payday loan!"
        )
        page.locator("#step-0-check").get_by_text("Forbidden content").wait_for()
        eye.look("blocked")
        page.locator("#steps-0-body").fill(
            "Hi {first_name|there}, {agent_name} with {brokerage} here. Reply STOP to opt out."
        )
        page.get_by_role("button", name="Move up step 3: e-mail").click()
        expect(page.locator("#step-1-title")).to_have_text("Step 2: e-mail")
        page.get_by_role("button", name="Remove step 3: task").click()
        expect(page.locator("#step-2-title")).to_have_text("Step 3: text")
        page.get_by_role("button", name="Text", exact=True).click()
        expect(page.locator("#step-5-title")).to_have_text("Step 6: text")
        page.get_by_role("button", name="Save the plan").last.click()
        expect(page.locator("#steps-5-body-error")).to_contain_text("Write the text")
        eye.look("a-step-without-words")
        page.get_by_role("button", name="Remove step 6: text").click()
        expect(page.locator("#step-5")).to_have_count(0)
        page.get_by_role("button", name="Save the plan").last.click()
        page.get_by_role("heading", name="New buyer lead").wait_for()
        eye.look("plan")
        page.get_by_role("link", name="Enrol people").click()
        page.locator("#pick-filter-q").fill("maya")
        page.locator("#pick-filter-q").press("Enter")
        expect(page).to_have_url(re.compile("q=maya"))
        page.get_by_role("checkbox", name="Maya Castellanos").check()
        eye.look("picking")
        page.get_by_role("button", name="Preview").first.click()
        page.get_by_role("heading", name="Step by step").wait_for()
        eye.look("preview")
        page.get_by_role("button", name="Enrol 1 person").click()
        page.locator("#people").get_by_role("link", name="Maya Castellanos").wait_for()
        work(northside)
        page.reload()
        eye.look("running")
        page.locator("#people").get_by_role("link", name="Maya Castellanos").click()
        page.locator("#plans").wait_for()
        eye.look("contact")
        page.locator("#plans").get_by_role("button", name="Pause").click()
        expect(page.locator("#plans")).to_contain_text("Somebody chose so")
        page.locator("#plans").get_by_role("link", name="New buyer lead").click()
        page.get_by_role("link", name="Pause this plan").click()
        page.locator("#stop-plan #reason").fill("The words shall change")
        eye.look("pausing")
        page.get_by_role("button", name="Pause this plan").click()
        page.get_by_text("This plan is paused.").wait_for()
        eye.look("paused")
        page.get_by_role("link", name="Archive").click()
        expect(page.locator("#archive-plan")).to_contain_text("It ends for everybody in it")
        eye.look("archiving")
        page.get_by_role("button", name="Archive this plan").click()
        page.get_by_text("is archived. You find it under Archived.").wait_for()
        page.goto(f"{base}{account}/plans")
        eye.look("plans")
        assert eye.complaints == []
    assert len(texts(northside, kind=Kind.PLAN)) == 1


def test_texts_over_the_limit_and_many_people(app, vera, alice, northside, sender, carrier_fake, monkeypatch, tmp_path):  # fmt: skip
    """S-5: an officer lets plan texts go; P-1: many people are enrolled with progress."""
    monkeypatch.setattr(taking_in, "AT_ONCE", 2)
    with unit_of_work():
        account_service.set_limits(
            northside.id, daily_recipients=2, daily_segments=100, note="Slow", actor=ALICE_ACTS
        )
    account = accounts.account(northside.id)
    people = make_recipients(account, 4)
    drip = make_drip(account, [text_step(0, None), task_step(2), text_step(5)])
    here = f"/accounts/{cast.NORTHSIDE}/plans/{drip.id}"
    with served(app) as base, chromium(tmp_path / "shots") as eye:
        page = eye.page

        def become(person):
            cookie = person.client.get_cookie("desk").value
            page.context.add_cookies([{"name": "desk", "value": cookie, "url": base}])

        become(vera)
        page.goto(f"{base}/organizations/{cast.JUNIPER}/plan-limits")
        page.get_by_label("Go the same day, at the sender's risk").check()
        page.get_by_role("button", name="Set this from now on").click()
        expect(page.locator("#reason-error")).to_contain_text("Give the reason")
        eye.look("no-reason")
        page.locator("#reason").fill("Our agents know the risk")
        page.get_by_role("button", name="Set this from now on").click()
        expect(page.locator("#holds")).to_contain_text("at the sender's risk")
        eye.look("plan-limits")
        become(alice)
        page.goto(f"{base}{here}/people?q=%2B1312")
        for box in page.get_by_role("checkbox").all():
            box.check()
        page.get_by_role("button", name="Preview").first.click()
        expect(page.locator("#by-step")).to_contain_text("over the limit, at your risk")
        eye.look("preview-over")
        page.get_by_role("button", name="Enrol 4 people").click()
        expect(page.locator("#enrolling")).to_contain_text("0 of 4 people looked at")
        eye.look("enrolling")
        with unit_of_work():
            intake = intakes.moving_into(account.tenant, drip.id)
        drips.take_in(str(intake.id))
        expect(page.locator("#enrolling")).to_contain_text("Open New buyers")
        eye.look("enrolled")
        work(account)
        page.goto(f"{base}{here}")
        expect(page.locator("main")).to_contain_text("2 texts went over the limit of 2 people")
        eye.look("went-over")
        page.goto(f"{base}/accounts/{cast.NORTHSIDE}/reports/plans")
        eye.look("report")
        assert eye.complaints == []
    assert len(people) == len(texts(account, kind=Kind.PLAN))
