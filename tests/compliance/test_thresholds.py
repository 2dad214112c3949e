"""Officers set by which thresholds health is judged, from a day on, within what the code allows (H-7)."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from portal.compliance import queries
from portal.compliance.rules import health
from portal.compliance.rules.health import LIMITS, Band, Outcomes, Thresholds, thresholds_on
from portal.core.audit import AuditEntry
from portal.core.db import db, unit_of_work
from portal.messaging.service import breaches as messaging
from portal.texting_accounts import queries as accounts
from tests import cast
from tests.factories.health import went
from tests.reports.test_health import table

DAY = date(2026, 3, 2)
USUAL = thresholds_on(DAY)
ENTERED = {
    "opt_out_watch": "0.50",
    "opt_out_breach": "2.00",
    "error_watch": "4",
    "error_breach": "8.25",
    "least_delivered": "100",
    "least_events": "3",
    "pause_least": "150",
    "pauses": "y",
    "judged_days": "10",
    "short_hours": "12",
    "long_days": "60",
    "holds_from": "2026-03-02",
    "reason": "Advice of counsel.",
}
WANTED = Thresholds(DAY, 50, 200, 400, 825, 100, 3, 150, True, 12, 10, 60)


def test_the_usual_ones_are_within_what_may_be_set():
    assert health.fault(USUAL) is None


@pytest.mark.parametrize(
    ("field", "value", "mend"),
    [
        ("opt_out_watch", 4, "Enter 0.05 to 1.00 %."),
        ("opt_out_watch", 101, "Enter 0.05 to 1.00 %."),
        ("opt_out_breach", 501, "Enter 0.50 to 5.00 %."),
        ("error_breach", 2_001, "Enter 2.00 to 20.00 %."),
        ("least_delivered", 49, "Enter 50 to 1,000."),
        ("least_events", 2, "Enter 3 to 20."),
        ("pause_least", 49, "Enter 50 to 5,000."),
        ("judged_days", 2, "Enter 3 to 14."),
        ("judged_days", 15, "Enter 3 to 14."),
        ("short_hours", 49, "Enter 6 to 48."),
        ("long_days", 91, "Enter 15 to 90."),
        ("error_breach", 600, "Let a breach begin above where watch begins."),
    ],
)
def test_what_goes_too_far_names_its_field_and_the_way_back(field, value, mend):
    assert health.fault(replace(USUAL, **{field: value})) == (field, mend)


@given(values=st.tuples(*(st.integers(least, most) for least, most in LIMITS.values())))
def test_no_allowed_threshold_lets_the_carriers_own_pass_as_good(values):
    """Whatever is set within the limits: 5 % opt-outs or 20 % errors of a real volume is a breach."""
    wanted = Thresholds(DAY, **dict(zip(LIMITS, values, strict=True)))
    if health.fault(wanted) is None:
        told = Outcomes(10_000, 8_000, 2_000, 400)
        assert told.opt_outs(wanted) is told.errors(wanted) is Band.BREACH
        assert Outcomes(5, 5, 0, 1).opt_outs(wanted) is Band.FEW  # H-7: one STOP out of five


def test_own_ones_hold_from_their_day_on_and_the_last_of_one_day_wins():
    first, second, later = (
        replace(WANTED, least_events=each, holds_from=day)
        for each, day in ((3, DAY), (4, DAY), (5, DAY + timedelta(days=9)))
    )
    own = [later, first, second]
    assert thresholds_on(DAY - timedelta(days=1), own) == USUAL
    assert thresholds_on(DAY, own) == second
    assert thresholds_on(DAY + timedelta(days=9), own) == later


@pytest.fixture
def page(vera):
    return lambda **changed: vera.post(
        "compliance.set_thresholds",
        422 if changed else 303,
        organization_id=cast.JUNIPER,
        data={**ENTERED, **changed},
    )


def test_an_officer_sets_them_and_accounts_are_judged_by_them(page, vera, northside, clock):
    went(northside, clock.now, 1_000, opted_out=20)
    assert _judged(vera) == "Watch"
    page()
    assert _judged(vera) == "Breach"
    assert queries.thresholds(cast.JUNIPER, DAY) == WANTED
    assert queries.thresholds(cast.LAKEVIEW_HOMES, DAY) == USUAL  # of nobody else
    told = vera.get("compliance.thresholds", organization_id=cast.JUNIPER)
    assert "good up to 0.50 %, breach from 2.00 %" in told.text_of("#holds")
    assert "Advice of counsel." in told.text_of("#history")


def _judged(vera):
    shown = vera.get("reports.show_health", account_id=cast.NORTHSIDE)
    return table(shown, "windows")[2][4]


def test_the_change_is_in_the_audit_log_with_what_was_before(page):
    page()
    [entry] = db.session.scalars(
        select(AuditEntry).where(AuditEntry.event == "compliance:thresholds:set")
    )
    assert entry.payload["before"]["opt_out_watch"] == 30
    assert entry.payload["after"]["opt_out_watch"] == 50
    assert (entry.payload["before"]["pause_least"], entry.payload["after"]["pause_least"]) == (
        200,
        150,
    )
    assert entry.payload["reason"] == "Advice of counsel."


def test_over_how_long_accounts_are_judged_is_part_of_the_policy(
    page, vera, alice, northside, clock
):
    """H-7: the judge, the pages, the board and the file go by the window that holds today."""
    went(northside, clock.now - timedelta(days=9), 1_000, opted_out=60)
    assert list(messaging.to_judge(cast.JUNIPER, clock.now)) == []  # of 7 days nothing is left
    assert _judged(vera) == "Too few to judge"
    page()
    assert list(messaging.to_judge(cast.JUNIPER, clock.now)) == [cast.NORTHSIDE]
    with unit_of_work():
        assert messaging.judge(cast.NORTHSIDE, clock.now) == 1
    paused = accounts.account(cast.NORTHSIDE).bulk_pause
    assert paused == "A breach: 6.00 % of 1,000 texts delivered opted out in the last 10 days."
    shown = vera.get("reports.show_health", account_id=cast.NORTHSIDE)
    assert [row[0] for row in table(shown, "windows")[1:]] == ["12 hours", "10 days", "60 days"]
    assert _judged(vera) == "Breach"
    assert "Opt-outs, 10 days" in vera.get("reports.home").text
    told = vera.get("compliance.thresholds", organization_id=cast.JUNIPER).text_of("#holds")
    assert "the last 10 days; 12 hours and 60 days are shown beside them" in told
    causes = alice.get("reports.show_causes", account_id=cast.NORTHSIDE)
    assert causes.text_of(".segmented [aria-current]") == "10 days"


def test_an_officer_lets_a_breach_pause_nothing(page, vera, clock, northside):
    """H-4, H-7: the action is part of the dated policy."""
    told = vera.get("compliance.thresholds", organization_id=cast.JUNIPER).text_of("#holds")
    assert "wait for a look, from 200 texts on" in told
    vera.post(
        "compliance.set_thresholds",
        303,
        organization_id=cast.JUNIPER,
        data={name: value for name, value in ENTERED.items() if name != "pauses"},
    )
    assert not queries.thresholds(cast.JUNIPER, DAY).pauses
    assert "nothing is paused" in vera.get(
        "compliance.thresholds", organization_id=cast.JUNIPER
    ).text_of("#holds")


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("opt_out_watch", "many", "Enter a number, like 12.50."),
        ("opt_out_watch", "nan", "Enter a number from 0 to 100."),
        ("opt_out_breach", "9", "Enter 0.50 to 5.00 %."),
        ("error_breach", "4", "Let a breach begin above where watch begins."),
        ("least_delivered", "", "Enter a whole number."),
        ("holds_from", "2026-03-01", "Choose 2026-03-02 or a later day"),
        ("reason", "because", "Give the reason in a few words"),
    ],
)
def test_what_cannot_be_set_is_said_at_its_field_and_stays_typed(page, field, value, said):
    told = page(**{field: value})
    assert said in told.text_of(f"#{field}-error")
    assert told.page.select_one(f"#{field}")["value"] == value
    assert told.page.select_one("#reason")["value"] == (
        value if field == "reason" else ENTERED["reason"]
    )
    assert queries.health_policies(cast.JUNIPER) == []


def test_who_is_no_officer_reads_them(bob):
    told = bob.get("compliance.thresholds", organization_id=cast.JUNIPER)
    assert "good up to 0.30 %, breach from 3.00 %" in told.text_of("#holds")
    assert told.page.select_one("form#set, #set form") is None
    bob.post("compliance.set_thresholds", 403, organization_id=cast.JUNIPER, data=ENTERED)
