"""The officer sees at a glance which account wants a look, and what changed since yesterday."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from portal.appeals.rules.states import Move, Party
from portal.appeals.service import cases
from portal.appeals.values import Kind
from portal.compliance import service as suspending
from portal.compliance.rules.health import TABLES, Band, Outcomes
from portal.core.audit import SYSTEM
from portal.core.db import unit_of_work
from portal.reports.rules import board
from portal.reports.values import Risk
from portal.texting_accounts import service as accounts
from portal.texting_accounts.values import (
    AccountRef,
    AccountState,
    Cause,
    RestrictionKind,
    RestrictionRef,
)
from tests import cast

NOW = datetime(2026, 3, 2, 18, tzinfo=UTC)
GOOD = Outcomes(1_000, 1_000, 0, 1)
WATCH = Outcomes(1_000, 1_000, 0, 10)
BREACH = Outcomes(1_000, 1_000, 0, 40)
ONE = uuid4()


def account(name, state=AccountState.ACTIVE, bulk_pause=None):
    return AccountRef(
        uuid4(), ONE, name, None, None, "America/Chicago", state,
        None if state is AccountState.ACTIVE else "Code 30007", 200, 2_000, bulk_pause=bulk_pause,
    )  # fmt: skip


def ranked(*rows):
    """Rank accounts, each with its week, who waits and its short pages."""
    return board.lines(
        [row[0] for row in rows],
        TABLES[0],
        {row[0].id: row[1] for row in rows},
        {row[0].id: row[2] for row in rows if row[2]},
        {row[0].id: row[3] for row in rows if row[3]},
        appeals={row[0].id: "In review" for row in rows if row[0].state is AccountState.SUSPENDED},
    )


def test_the_gravest_account_stands_first_and_says_why():
    found = ranked(
        (account("Fine"), GOOD, 0, 0),
        (account("Shut", AccountState.CLOSED), BREACH, 3, 0),
        (account("Asked"), GOOD, 2, 0),
        (account("Page"), GOOD, 0, 1),
        (account("Watched"), WATCH, 0, 0),
        (account("Breached"), BREACH, 0, 0),
        (account("Held", bulk_pause="Opt-outs in breach"), GOOD, 0, 0),
        (account("Paused", AccountState.PAUSED), GOOD, 0, 0),
        (account("Gone", AccountState.SUSPENDED), GOOD, 0, 0),
    )
    assert [(line.account.name, line.risk) for line in found] == [
        ("Gone", Risk.SUSPENDED),
        ("Held", Risk.STOPPED),
        ("Paused", Risk.STOPPED),
        ("Breached", Risk.BREACH),
        ("Watched", Risk.WATCH),
        ("Asked", Risk.ASKED),
        ("Page", Risk.ASKED),
        ("Fine", Risk.NONE),
        ("Shut", Risk.OVER),
    ]
    whys = {line.account.name: line.whys for line in found}
    assert whys["Gone"] == ("Suspended: Code 30007", "Appeal: in review")
    assert whys["Held"] == ("Bulk and plan texts wait: Opt-outs in breach",)
    assert whys["Breached"] == ("Breach: 4.00 % of 1,000 texts delivered opted out",)
    assert whys["Asked"] == ("2 people asked to stop",)
    assert whys["Page"] == ("1 page short of the ten points",)
    assert whys["Fine"] == ()


def test_a_grave_account_names_every_reason_and_keeps_its_rank():
    [line] = ranked((account("All", AccountState.SUSPENDED, "Breach"), BREACH, 1, 2))
    assert line.risk is Risk.SUSPENDED
    assert [why.split(":")[0] for why in line.whys] == [
        "Suspended", "Appeal", "Bulk and plan texts wait", "Breach", "1 person asked to stop",
        "2 pages short of the ten points",
    ]  # fmt: skip


def restriction(account_id: UUID, set_at, lifted_at=None):
    lifted_by, note = ("Vera", "Looked at") if lifted_at else (None, None)
    return RestrictionRef(
        uuid4(), account_id, RestrictionKind.BULK_PAUSE, None, "Opt-outs", "System",
        set_at, lifted_by, lifted_at, note,
    )  # fmt: skip


def test_only_what_happened_since_yesterday_is_news_and_the_newest_stands_first():
    since, old, new = NOW - board.YESTERDAY, NOW - timedelta(days=3), NOW - timedelta(hours=2)
    a, b = uuid4(), uuid4()
    found = board.changes(
        {a: "North", b: "South"},
        since,
        judged=[(a, Band.BREACH, since), (b, Band.WATCH, old), (b, Band.GOOD, new)],
        restrictions=[restriction(a, old, new), restriction(b, old)],
        flagged=[(new - timedelta(hours=1), "Hi  there", 6), (old, "Old", 9)],
        lost=[(b, new - timedelta(hours=2), "https://juniper.example/join", "Frequency")],
        held=[(a, new - timedelta(hours=3), 2)],
        appealed=[(b, new - timedelta(hours=4), "handed in"), (b, old, "denied")],
    )
    assert [(each.text, each.kind, each.detail) for each in found] == [
        ("North: no longer bulk paused", "ok", "Looked at"),
        ("One wording went from 6 numbers", "bad", "Hi there"),
        ("South: a page lost Frequency", "bad", "https://juniper.example/join"),
        ("North: 2 people asked to stop in their own words", None, None),
        ("South: appeal handed in", "accent", None),
        ("North is in breach", "bad", None),
    ]


@pytest.mark.parametrize("lasts", [timedelta(hours=1), timedelta(hours=30)])
def test_the_home_tells_a_pause_as_long_as_it_is_news(lasts, vera, browser, clock):
    with unit_of_work():
        accounts.pause(cast.BOBS, reason="Bob is on leave", actor=SYSTEM)
    clock.travel(by=lasts)
    page = browser(cast.VERA).get("reports.home")
    first = page.page.select_one("#officer-accounts tbody tr")
    assert "Bob Tran" in first.text
    assert "Paused: Bob is on leave" in first.text
    news = page.text_of("#officer-changes")
    assert ("Bob Tran: paused" in news) is (lasts < board.YESTERDAY)
    assert ("Nothing crossed a limit" in news) is (lasts > board.YESTERDAY)


def test_another_organization_is_neither_listed_nor_told_of(vera):
    with unit_of_work():
        accounts.pause(cast.LAKEVIEW, reason="Elsewhere", actor=SYSTEM)
    page = vera.get("reports.home")
    assert "Elsewhere" not in page.text


def test_the_board_names_the_appeals_that_wait_for_the_officer(vera, bobs):
    """A-5."""
    with unit_of_work():
        suspending.suspend(bobs, "Their mail", cause=Cause.HIGH_ERRORS, actor=SYSTEM)
    with unit_of_work():
        case = cases.open_case(bobs, Kind.SUSPENSION, actor=SYSTEM)
    assert "appeal to review" not in vera.get("reports.home").text
    with unit_of_work():
        cases.move(case, Move.HAND_IN, frozenset({Party.WRITER}), actor=SYSTEM)
    page = vera.get("reports.home")
    assert "1 appeal to review" in page.text_of("main")
    assert "Appeal: in review" in page.text_of("#officer-accounts")
    assert "Bob Tran: appeal handed in" in page.text_of("#officer-changes")
