"""The officer's page of hours: every state with its source, a number to try, edits that tighten."""

import pytest

from portal.compliance import queries
from portal.core.audit import AuditEntry
from portal.core.db import db

EVENING = {"number": "(305) 555-0142", "state": "", "day": "2026-11-23", "at": "19:30"}
TIGHT = {
    "weekday_from": "10:00",
    "weekday_until": "18:00",
    "saturday_from": "10:00",
    "saturday_until": "18:00",
    "sunday_closed": "y",
    "holds_from": "2026-03-04",
    "note": "Advice of counsel",
}


@pytest.fixture
def here(juniper):
    return {"organization_id": juniper.id}


def tried(person, here, **asked):
    return person.get(
        "compliance.hours", query={**EVENING, "kind": "automated", **asked}, **here
    ).text


def test_every_state_stands_there_with_its_rule_and_source(bob, here, bobs):
    page = bob.get("compliance.hours", **here)
    for words in ("Rhode Island", "12:00-21:00", "73 P.S. 22", "State not known", "before 2026"):
        assert words in page.text
    assert "ME-AUTOMATED" not in page.text
    assert len(page.texts_of("tbody tr")) == 59
    assert "Rhode Island" in bob.get("compliance.hours", account_id=bobs.id).text


def test_a_number_and_a_time_show_the_rule_that_decides(vera, here):
    """19:30 in Chicago is 20:30 in Miami: closed for a program, open for a hand (P-3)."""
    automated = tried(vera, here)
    assert "Florida rule: texts go 08:00-20:00, New York time" in automated
    assert "Fla. Stat. 501.616(6)" in automated
    assert "area code" in automated
    assert "Open." in tried(vera, here, kind="by_hand")
    assert "Open." in tried(vera, here, at="18:30")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"number": ""}, "Enter a number"),
        ({"number": "call me"}, "read as a phone number"),
        ({"day": "tomorrow"}, "not a date"),
        ({"at": "late"}, "not a time"),
        ({"day": "9999-12-31"}, "between 2000 and 2100"),
        ({"kind": "magic"}, "Choose"),
    ],
)
def test_what_can_not_be_tried_is_said_beside_its_field(vera, here, asked, words):
    page = vera.get("compliance.hours", 422, {**EVENING, "kind": "automated", **asked}, **here)
    assert words in page.text


def test_an_officer_tightens_a_state_from_a_day_on_and_sees_it(vera, here, juniper, clock):
    """RULINGS 4: with a note, an entry in the log, and only from its day on."""
    state = {**here, "code": "FL"}
    saved = vera.post("compliance.set_hours", 303, data=TIGHT, **state)
    page = vera.follow(saved)
    assert "hold from 4 March 2026 on" in page.text
    assert "Monday to Friday 10:00-18:00" in page.text
    assert "Advice of counsel" in page.text
    assert "Changes on 4 Mar 2026" in vera.get("compliance.hours", **here).text
    for day, answer in (("2026-03-03", "Open."), ("2026-03-04", "Closed.")):
        assert answer in tried(vera, here, day=day, at="17:30")
    entry = db.session.query(AuditEntry).filter_by(event="compliance:hours:set").one()
    assert entry.payload["note"] == "Advice of counsel"
    assert entry.payload["weekday"] == "10:00-18:00"

    vera.post("compliance.set_hours", 303, data={**TIGHT, "do": "law"}, **state)
    assert "Open." in tried(vera, here, day="2026-03-04", at="17:30")
    assert len(queries.edits(juniper.id)) == 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"weekday_until": "21:00"}, "must lie within 08:00-20:00 (Fla. Stat."),
        ({"weekday_from": "19:00"}, "half an hour after the start"),
        ({"weekday_until": ""}, "Enter both times, or neither"),
        ({"holds_from": "2026-03-01"}, "Choose 2026-03-02 or a later day"),
        ({"holds_from": ""}, "Choose the day"),
        ({"note": ""}, "Say why"),
        ({"closed_days": "Mardi Gras"}, "Mardi is no day"),
        ({"weekday_from": "08:00", "weekday_until": "08:30", "saturday_closed": "y"}, "no time for people"),
    ],
)  # fmt: skip
def test_what_is_looser_than_law_or_unclear_is_refused_and_nothing_typed_is_lost(
    vera, here, juniper, change, words
):
    page = vera.post("compliance.set_hours", 422, data={**TIGHT, **change}, code="FL", **here)
    assert words in page.text
    assert page.field("saturday_from").startswith("10:00")
    assert queries.edits(juniper.id) == []


def test_who_is_no_officer_reads_and_can_not_edit(bob, here, juniper):
    assert "Save these hours" not in bob.get("compliance.state_hours", code="FL", **here).text
    bob.post("compliance.set_hours", 403, data=TIGHT, code="FL", **here)
    bob.get("compliance.state_hours", 404, code="ZZ", **here)
    bob.get("compliance.state_hours", 404, code="RECOMMENDED_DEFAULT", **here)


def test_the_rows_that_follow_from_others_can_not_be_edited(vera, here):
    assert (
        "Save these hours" not in vera.get("compliance.state_hours", code="STRICTEST", **here).text
    )
    vera.post("compliance.set_hours", 422, data=TIGHT, code="STRICTEST", **here)
