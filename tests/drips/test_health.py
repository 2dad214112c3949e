"""How the texts of each step arrive and are taken (H-3)."""

from datetime import date, timedelta

import pytest

from portal.compliance.rules.health import Band, Outcomes, Window, thresholds_on
from portal.core.db import db, unit_of_work
from portal.drips.models import DripSend
from portal.drips.queries import health, library
from portal.drips.service import authoring
from tests.drips.conftest import work
from tests.factories.drips import enrol, keeper_of, make_drip, text_step, wait_step
from tests.factories.health import went
from tests.factories.messaging import ALICE_ACTS, make_campaign, make_recipient
from tests.messaging.talks import hear
from tests.reports.test_health import show, table

MAYA = "+13125550142"
BY = thresholds_on(date(2026, 3, 2))


@pytest.fixture
def sent(northside, sender, carrier_fake):
    """Maya has had the first text of a plan; return the plan and the send it was."""
    drip = make_drip(northside, [text_step(0, None), wait_step(1), text_step(2)])
    enrol(northside, drip, make_recipient(northside, number=MAYA, first_name="Maya"))
    work(northside)
    return drip, db.session.query(DripSend).one().campaign_id


def of_plan(account, drip, now):
    db.session.rollback()
    return health.of_plan(account, drip, now, BY)


def test_a_step_answers_for_the_texts_that_left_for_it(northside, sent, clock):
    drip, _ = sent
    hear(northside, "STOP", e164=MAYA)
    first, second = of_plan(northside, drip, clock.now)
    assert (first.step.position, second.step.position) == (1, 3)
    assert first.windows[Window.DAY] == Outcomes(1, 0, 0, 1)
    assert second.windows[Window.MONTH] == Outcomes()
    clock.travel(by=timedelta(days=2))
    first, _ = of_plan(northside, drip, clock.now)
    assert [each.opted_out for each in first.windows.values()] == [0, 1, 1]
    assert first.windows[Window.WEEK].worst(thresholds_on(clock.now.date())) is Band.FEW


def test_the_plans_page_shows_each_text_with_its_volume_and_band(northside, sent, alice, clock):
    drip, campaign = sent
    went(northside, clock.now - timedelta(days=3), 1_000, opted_out=40, campaign=campaign)
    shown = alice.get("drips.show", account_id=northside.id, drip_id=drip.id).text_of("#health")
    assert "Breach 4.00 % of 1,000 opted out" in " ".join(shown.split())
    assert "Too few to judge" in shown  # of 24 hours
    assert "None left" in shown


def test_a_plan_that_sent_nothing_says_nothing(northside, sender, alice):
    drip = make_drip(northside, [text_step(0, None)])
    page = alice.get("drips.show", account_id=northside.id, drip_id=drip.id)
    assert page.page.select_one("#health") is None


def test_steps_of_earlier_versions_stand_together(northside, sent, clock):
    drip, _ = sent
    steps = [text_step(0, None, "Juniper Realty: new words. Reply STOP to end.")]
    by = keeper_of(northside)
    with unit_of_work():
        authoring.save_steps(
            northside, by, drip.id, steps=steps, edits=drip.edits,
            lint_ok=authoring.lint_key(authoring.verdicts(northside, steps)), actor=ALICE_ACTS,
        )  # fmt: skip
    now, earlier = of_plan(northside, library.drip_or_404(by, drip.id), clock.now)
    assert now.windows[Window.MONTH] == Outcomes()
    assert earlier.step is None
    assert earlier.windows[Window.DAY].attempted == 1
    assert health.by_step(northside, Window.DAY.since(clock.now, BY))[0].label == (
        "New buyers, step 1 (day 0, version 1)"
    )


def test_the_health_page_tells_of_steps_apart_from_campaigns(northside, sent, alice, clock):
    """H-3: the most trouble first, with the way to the plan; a plan's sends are no campaigns."""
    drip, campaign = sent
    went(northside, clock.now - timedelta(days=1), 500, wrong=80, campaign=campaign)
    bulk = make_campaign(northside, [make_recipient(northside, number="+13125550177")]).id
    went(northside, clock.now - timedelta(days=1), 300, campaign=bulk, number="+13125550111")
    page = show(alice)
    _, row = table(page, "steps")
    assert row[0] == "New buyers, step 1 (day 0)"
    assert row[-1] == "Breach"
    assert page.page.select_one(f'#table-steps a[href$="/plans/{drip.id}"]')
    assert len(table(page, "campaigns")) == 2  # its head, and the bulk send


def test_other_accounts_see_nothing_of_it(northside, bobs, sent, clock):
    drip, _ = sent
    assert of_plan(bobs, drip, clock.now) == []
    assert health.by_step(bobs, Window.MONTH.since(clock.now, BY)) == []
