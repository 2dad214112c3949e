"""What the trouble of an account comes from, by name, with the way there from its health (H-8)."""

from datetime import timedelta
from uuid import UUID

import pytest

from portal.consent.queries import NO_LIST, Source
from portal.core.db import db, unit_of_work
from portal.messaging.models import Campaign
from tests import cast
from tests.factories.health import came_of
from tests.factories.messaging import bulk, make_campaign, make_ready, make_recipient

FORM = Source(NO_LIST, "Open house")
PAPER = Source(NO_LIST, "", "paper")
NUMBERS = list(range(100))


def causes(page, name="opt_outs"):
    """Return what stands out: the name and the words under it."""
    rows = page.page.select(f"#{name}-causes tbody tr")
    return [
        [row.select_one(".datatable__name").get_text(strip=True)]
        + [sub.get_text(" ", strip=True) for sub in row.select("th .datatable__sub")]
        for row in rows
    ]


def show(person, account_id=cast.NORTHSIDE, **query):
    return person.get("reports.show_causes", account_id=account_id, query=query)


def sent(account, name, body=None):
    """Confirm a send to one person of its own, and return its id."""
    person = make_recipient(account, number=f"+1312556{NUMBERS.pop():04d}")
    found = make_campaign(account, [person], bulk(body or f"{name}, {{first_name}}"))
    with unit_of_work():
        db.session.get(Campaign, found.id).name = name
    return found.id


@pytest.fixture
def account(northside):
    make_ready(northside)
    return northside


def test_a_list_inside_a_good_campaign_is_named_before_it(account, clock, alice):
    spring, quiet = sent(account, "Spring list"), sent(account, "Quiet")
    for days in range(6):
        came_of(account, clock.now - timedelta(days=days), 900, opted_out=2, campaign=quiet,
                source=PAPER)  # fmt: skip
    came_of(account, clock.now, 500, opted_out=1, campaign=spring, source=PAPER, user=cast.BOB)
    came_of(account, clock.now, 450, opted_out=41, campaign=spring, source=FORM, user=cast.BOB)
    page = show(alice)
    [[name, words, shared]] = causes(page)
    assert name == "Form “Open house”"
    assert words == "41 of 54 opt-outs, 9.1 % against 0.22 % elsewhere"
    assert (
        shared
        == "Nearly all of them: Campaign “Spring list”; Number (312) 555-0100; Texts of Bob Tran"
    )
    assert "Nothing stands out" in page.text_of("#errors-causes")
    table = page.text_of("#table-opt_outs")
    assert table.index("Form “Open house”") < table.index("Campaign “Quiet”")


def test_the_same_words_from_several_sends_are_named_as_one(account, clock, alice):
    body = (
        "Hi {first_name}, sellers on your street got cash offers this week, want yours in writing?"
    )
    alike = [
        sent(account, f"Offer {n}", body.replace("cash", "fair " * n + "cash")) for n in range(3)
    ]
    quiet = sent(account, "Quiet")
    came_of(account, clock.now, 4_000, opted_out=6, campaign=quiet, source=PAPER)
    for number, campaign in enumerate(alike):
        for source in (FORM, PAPER):
            came_of(account, clock.now, 150, opted_out=9, campaign=campaign, source=source,
                    number=f"+1312555020{number}")  # fmt: skip
    [[name, words]] = causes(show(alice, window="24h"))
    assert name == "Nearly the same words in 3 sends from 3 numbers"
    assert words == "54 of 60 opt-outs, 6.0 % against 0.15 % elsewhere"


def test_dead_numbers_tell_their_list_and_their_code(account, clock, alice):
    came_of(account, clock.now, 4_000, wrong=40, code=30003, source=PAPER)
    came_of(account, clock.now, 300, source=FORM)
    came_of(account, clock.now, 0, wrong=200, code=30005, source=FORM)
    [[name, words, shared]] = causes(show(alice), "errors")
    assert (name, words) == (
        "Form “Open house”",
        "200 of 240 errors, 40.0 % against 0.99 % elsewhere",
    )
    assert "Code 30005, " in shared


def test_what_is_older_than_the_window_is_no_cause(account, clock, alice):
    came_of(account, clock.now - timedelta(days=9), 450, opted_out=41, source=FORM)
    assert causes(show(alice)) == []
    assert len(causes(show(alice, window="30d"))) == 1
    page = alice.get("reports.show_causes", 400, account_id=cast.NORTHSIDE, query={"window": "1y"})
    assert "window" in page.text_of("main")


def test_an_officer_sees_all_accounts_and_the_way_to_the_one_it_is_in(
    account, bobs, lakeview, clock, vera, bob
):
    came_of(account, clock.now, 4_000, opted_out=6, source=PAPER)
    came_of(bobs, clock.now, 450, opted_out=41, source=FORM)
    came_of(lakeview, clock.now, 450, opted_out=90, source=PAPER)
    page = vera.get("reports.show_causes", organization_id=cast.JUNIPER)
    [[name, *_]] = causes(page)
    assert name == "Form “Open house”"
    assert f"/accounts/{cast.BOBS}/causes" in str(page.page.select_one("#opt_outs-causes"))
    bob.get("reports.show_causes", 404, account_id=cast.LAKEVIEW)


def test_the_page_of_health_leads_there_and_back(account, clock, alice):
    page = alice.get("reports.show_health", account_id=cast.NORTHSIDE)
    assert "What causes it" not in page.text_of("main")
    came_of(account, clock.now, 450, opted_out=41, campaign=UUID(int=7))
    [[name, *_]] = causes(show(alice))  # its campaign is not there any more
    assert name in {"No record of consent", "Campaign that is gone"}
