"""Texts and credits by SmartPlan (M-3)."""

from portal.core.db import unit_of_work
from portal.drips.service import authoring
from tests import cast
from tests.drips.conftest import carrier_fake, sender, work
from tests.factories.drips import enrol, keeper_of, make_drip, text_step
from tests.factories.messaging import ALICE_ACTS, bulk, make_campaign, make_recipients

__all__ = ["carrier_fake", "sender"]


def test_each_plan_says_what_its_texts_came_to(alice, northside, sender, carrier_fake):
    """A plan's own sends alone; an archived plan keeps what it cost."""
    people = make_recipients(northside, 3)
    welcome = make_drip(northside, [text_step(0, None), text_step(5)], "Welcome")
    older = make_drip(northside, [text_step(0, None, "Juniper: " + "word " * 50)], "After a tour")
    make_drip(northside, name="Nobody is in it")
    enrol(northside, welcome, *people)
    enrol(northside, older, people[0])
    work(northside)
    work(northside)
    make_campaign(northside, people, bulk("Come and see"))
    with unit_of_work():
        authoring.archive(keeper_of(northside), older.id, actor=ALICE_ACTS)
    page = alice.get("reports.show", name="plans", account_id=cast.NORTHSIDE)
    rows = [
        [cell.get_text(" ", strip=True) for cell in row.select("th, td")]
        for row in page.page.select("#table-plans tr")
    ]
    rows = rows[1:]
    assert [row[0] for row in rows] == ["After a tour", "Welcome", "In all"]
    assert [row[-1] for row in rows] == ["2", "3", "5"]
    assert [row[1] for row in rows] == ["1", "3", "4"]
