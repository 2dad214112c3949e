"""Saved replies by rule: whose they are, how names compare, and fields filled in for one person (Q-5)."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.messaging.rules.merge import MergeError, fill, merge
from portal.messaging.rules.saved import (
    LONGEST_KEY,
    LONGEST_NAME,
    Place,
    Reader,
    Shelf,
    is_found,
    joined,
    name_key,
)

HOUSE, ANN, NORTH, SOUTH = (UUID(int=n) for n in range(1, 5))
AGENT = Reader(HOUSE, ANN, (NORTH,))
LEAD = Reader(HOUSE, ANN, (NORTH,), (NORTH, SOUTH), may_share=True)
KNOWN = {"first_name": "Maya", "city": " "}


@pytest.mark.parametrize(
    ("place", "agent", "lead"),
    [
        (Place(user_id=ANN), True, True),
        (Place(user_id=HOUSE), False, False),
        (Place(team_id=NORTH), False, True),
        (Place(team_id=HOUSE), False, False),
        (Place(), False, True),
    ],
)
def test_ones_own_is_ones_own_and_leads_keep_what_is_shared(place, agent, lead):
    assert (AGENT.may_change(place), LEAD.may_change(place)) == (agent, lead)


def test_a_place_knows_its_shelf():
    shelves = [Place(user_id=ANN).shelf, Place(team_id=NORTH).shelf, Place().shelf]
    assert shelves == [Shelf.OWN, Shelf.TEAM, Shelf.ORGANIZATION]
    assert LEAD.seen_team_ids == (NORTH, SOUTH)


def test_names_that_read_alike_are_one():
    assert name_key("  Open   House ") == name_key("open house") != name_key("openhouse")


@given(st.text(max_size=LONGEST_NAME))
def test_a_name_of_any_letters_has_a_key_that_fits(name):
    assert len(name_key(name)) <= LONGEST_KEY


@pytest.mark.parametrize(
    ("typed", "both"), [("", "Hi"), (" \n", "Hi"), ("Yes.", "Yes.\nHi"), ("Yes. \n\n", "Yes.\nHi")]
)
def test_choosing_adds_and_takes_nothing_away(typed, both):
    assert joined(typed, "Hi") == both


def test_a_search_wants_every_word_in_name_or_text():
    kept = ("Showing tomorrow", "Park on Alder Ct")
    assert [is_found(w, kept) for w in ("", "ALDER show", "alder monday")] == [True, True, False]


@pytest.mark.parametrize(
    ("template", "filled", "missing"),
    [
        ("Hi {first_name}", "Hi Maya", ()),
        ("Hi {last_name}", "Hi {last_name}", ("last_name",)),
        ("In {city|your area}", "In your area", ()),
        ("In {city}, {city}", "In {city}, {city}", ("city",)),
        ("{{kept}} {first_name}", "{{kept}} Maya", ()),
    ],
)
def test_what_is_known_is_filled_in_and_the_rest_stays_a_field(template, filled, missing):
    done = fill(template, KNOWN)
    assert (done.body, done.missing) == (filled, missing)


def test_a_broken_template_says_so():
    with pytest.raises(MergeError):
        fill("Hi {first_name", KNOWN)


@given(st.text(), st.text(alphabet="ab{} \n|", max_size=20))
def test_what_is_filled_in_is_sent_as_it_reads(value, words):
    """It is merged once more when it leaves: braces in a name open no field."""
    template = words.replace("{", "{{").replace("}", "}}") + "{first_name}"
    values = {"first_name": value}
    once = merge(template, values)
    assert merge(fill(template, values).body, values) == once
