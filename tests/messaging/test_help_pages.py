"""Help says what the tables say: keywords, rates, limits, categories, error codes (M-5)."""

import csv

from portal.compliance.rules import lint_content
from portal.core.settings import ROOT
from portal.messaging.queries import contact_page
from portal.messaging.rules import keywords, rates, whys
from portal.messaging.service import system
from portal.registrations.rules import tiers


def test_keywords_stand_with_what_is_answered(bob):
    shown = bob.get("messaging.explain").text_of("#keywords")
    for word in keywords.STOP_WORDS | keywords.START_WORDS | keywords.HELP_WORDS:
        assert word.upper() in shown
    for answer in (system.STOP_REPLY, system.START_REPLY, system.HELP_REPLY):
        assert answer in shown


def test_rates_and_limits_are_those_that_hold(alice):
    help_ = alice.get("messaging.explain")
    table = rates.TABLES[-1]
    for value in (table.sms_plain, table.sms_special, table.mms_special):
        assert str(value) in help_.text_of("#rates")
    for _, cap in tiers.TIERS:
        assert f"{cap:,}" in help_.text_of("#limits")
    assert "200 people and 2,000 segments" in help_.text_of("#limits")


def test_every_rule_a_text_is_held_against_says_why_and_where_that_stands(bob):
    """M-5: the words of the gates' own table, which pages show beside each no."""
    shown = bob.get("messaging.explain").text_of("#gates")
    assert len(contact_page.GATES) > 12
    for label, codes in contact_page.GATES:
        source = whys.SOURCES[codes[0]]
        assert label in shown and source.why in shown and source.citation in shown
    assert whys.SOURCES["member_cap"].why in shown


def test_every_forbidden_category_says_why(vera):
    shown = vera.get("messaging.explain").text_of("#forbidden")
    kinds = lint_content.kinds("forbidden")
    assert len(kinds) > 5
    for name, why in kinds:
        assert name.capitalize() in shown
        assert why in shown


def test_every_error_code_is_in_the_dictionary_and_found(pat):
    file = ROOT / "portal" / "messaging" / "data" / "twilio_error_codes.csv"
    with file.open(encoding="utf-8", newline="") as lines:
        codes = {row["code"] for row in csv.DictReader(lines)}
    assert set(pat.get("messaging.explain_errors").texts_of("#codes th[scope=row]")) == codes
    found = pat.get("messaging.explain_errors", q="opted OUT").texts_of("#codes th[scope=row]")
    assert "21610" in found
    assert len(found) < len(codes)
    assert "No code matches" in pat.get("messaging.explain_errors", q="xyzzy").text


def test_help_is_one_click_away(alice):
    assert alice.get("messaging.explain").page.select("#profile a[href='/help']")


def test_a_stranger_signs_in_first(anyone):
    anyone.get("messaging.explain", 303)
