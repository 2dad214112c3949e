"""An agent sees how their texts are taken; an officer sees all accounts and sets what is watched (H-3, H-7)."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from portal.compliance.rules.health import hour_of
from tests.journeys.chromium import needs_chromium
from tests.journeys.test_credits import sign_in

pytestmark = [*needs_chromium, pytest.mark.pages, pytest.mark.xdist_group("journeys")]

NOBODY, OURS, OTHER = "0" * 32, "+13125550100", "+13125550111"


def test_trouble_is_seen_and_judged_by_the_officers_thresholds(product, eye):
    month_of_texts(product)
    sign_in(eye, product, "Agent")
    see_own_health(eye)
    eye.page.context.clear_cookies()
    sign_in(eye, product, "Compliance officer")
    see_all_and_tighten(eye)
    assert eye.complaints == []


def month_of_texts(product):
    """Write what became of 30 days of texts of every account: well, but for one number lately."""
    offset = float((product.home / "var" / "clock-offset").read_text())
    now = hour_of(datetime.now(UTC) + timedelta(seconds=offset))
    with closing(sqlite3.connect(product.home / "var" / "consentdesk.db", timeout=60)) as database:
        own = database.execute("SELECT id, organization_id FROM texting_accounts").fetchall()
        for place, (account, organization) in enumerate(own):
            for day in range(30):
                wrong = 3 + day % 4
                rows = [(OURS, 0, 150, 150, 0, day % 9 == 0), (OURS, 30003, wrong, 0, wrong, 0)]
                if place == 0 and day < 2:
                    rows += [(OTHER, 0, 120, 120, 0, 9), (OTHER, 30005, 60, 0, 60, 0)]
                for number, code, *sums in rows:
                    database.execute(
                        "INSERT INTO health_hours VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                        (
                            account,
                            f"{now - timedelta(days=day):%Y-%m-%d %H:00:00.000000}",
                            number,
                            NOBODY,
                            code,
                            organization,
                            *map(int, sums),
                        ),
                    )
        database.commit()


def see_own_health(eye):
    page = eye.page
    page.get_by_role("link", name="Health", exact=True).first.click()
    page.get_by_role("heading", level=1, name="Health").wait_for()
    page.get_by_role("heading", name="Errors by code").wait_for()
    page.get_by_text("What is good, and how is it counted?").click()
    eye.look("health-of-an-account")
    page.get_by_role("link", name="30 days", exact=True).click()
    page.get_by_role("heading", name="Every day").wait_for()
    eye.look("health-of-a-month")


def see_all_and_tighten(eye):
    page = eye.page
    page.get_by_role("link", name="Health of all").click()
    page.get_by_role("heading", level=1, name="Health").wait_for()
    eye.look("health-of-all")
    page.get_by_text("What is good, and how is it counted?").click()
    page.get_by_role("link", name="The thresholds and who set them").click()
    page.get_by_label("Errors: good up to, %").fill("1")
    page.get_by_label("Errors: breach from, %").fill("40")
    # The journeys after this one send from the same accounts.
    page.get_by_label("A breach pauses bulk and plan texts until a person has looked").uncheck()
    page.get_by_label("Reason").fill("Our carrier asks for it.")
    page.get_by_role("button", name="Set these thresholds").click()
    page.get_by_text("Enter 2.00 to 20.00 %.").wait_for()
    eye.look("thresholds-refused")
    page.get_by_label("Errors: breach from, %").fill("2")
    page.get_by_role("button", name="Set these thresholds").click()
    page.get_by_text("Accounts are judged by this from").wait_for()
    eye.look("thresholds-set")
    page.get_by_role("link", name="Health", exact=True).first.click()
    page.get_by_role("heading", level=1, name="Health").wait_for()
    page.get_by_text("Breach", exact=True).nth(1).wait_for()
