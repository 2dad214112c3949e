"""Merge fields take a value, fall back, or are reported missing; braces are checked (S-9)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.messaging.rules.merge import (
    FIELDS,
    MergeError,
    fields,
    merge,
    unknown_fields,
)

MAYA = {"first_name": "Maya", "city": "Oak Park", "last_name": "", "agent_name": None}


@pytest.mark.parametrize(
    ("template", "body", "missing"),
    [
        ("Hi {first_name}.", "Hi Maya.", ()),
        ("Hi { First_Name }.", "Hi Maya.", ()),
        ("{first_name} of {city}, {first_name}", "Maya of Oak Park, Maya", ()),
        ("Hi {last_name}", "Hi {last_name}", ("last_name",)),
        ("{agent_name}, {last_name}, {agent_name}", "{agent_name}, {last_name}, {agent_name}",
         ("agent_name", "last_name")),
        ("Hi {last_name|there}", "Hi there", ()),
        ("Hi {last_name|}!", "Hi !", ()),
        ("Hi {first_name|there}", "Hi Maya", ()),
        ("{last_name|a|b}", "a|b", ()),
        ("From {brokerage}", "From Juniper Realty", ()),
        ("{brokerage|us}", "us", ()),
        ("{{first_name}}", "{first_name}", ()),
        ("{{{first_name}}}", "{Maya}", ()),
        ("a }} b {{ c", "a } b { c", ()),
        ("", "", ()),
    ],
)  # fmt: skip
def test_merging(template, body, missing):
    merged = merge(template, MAYA, fallbacks={"brokerage": "Juniper Realty"})
    assert (merged.body, merged.missing) == (body, missing)


@pytest.mark.parametrize(
    ("value", "merged"),
    [
        ("{city}", "{city}"),
        ("{{", "{{"),
        ("Ma\r\nya", "Ma ya"),
        ("Ma\x00\x1b\u2028ya", "Ma ya"),
        ("O’Neil 🏡", "O’Neil 🏡"),
        (" \n ", "there"),
        ("\x00", "there"),
    ],
)
def test_values_go_in_as_they_are_on_one_line(value, merged):
    assert merge("{first_name|there}", {"first_name": value}).body == merged


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1))
def test_a_value_is_never_read_as_a_template(value):
    merged = merge("<{first_name}>", {"first_name": value, "city": "Oak Park"})
    assert merged.body == (f"<{value}>" if value.strip() else "<{first_name}>")


@given(st.text())
def test_doubled_braces_give_any_text_back(text):
    assert merge(text.replace("{", "{{").replace("}", "}}"), {}).body == text


@given(st.text(st.sampled_from("{}|a_ ")))
def test_a_template_is_read_or_refused_with_a_place_in_it(template):
    try:
        fields(template)
    except MergeError as error:
        assert 1 <= error.position <= len(template)


@pytest.mark.parametrize(
    ("template", "position", "words"),
    [
        ("Hi {first_name", 4, "no } after it"),
        ("Hi first_name}", 14, "no { before it"),
        ("{}", 1, "names no field"),
        ("Hi { |there}", 4, "names no field"),
        ("{first name}", 1, "not a field name"),
        ("{a{b}}", 1, "no } after it"),
        ("{1st}", 1, "not a field name"),
    ],
)
def test_a_wrong_brace_is_reported_with_its_place(template, position, words):
    with pytest.raises(MergeError, match=words) as caught:
        merge(template, {})
    assert caught.value.position == position
    assert caught.value.message.startswith(f"Character {position}: ")
    assert caught.value.message.endswith(".")


def test_fields_are_listed_once_in_order():
    assert fields("{city} {first_name|x} {city} {{no}}") == ("city", "first_name")


def test_unknown_fields_are_named():
    assert unknown_fields("{first_name} {shoe_size}") == ("shoe_size",)
    assert unknown_fields("{shoe_size}", known={"shoe_size"}) == ()
    assert unknown_fields("".join(f"{{{name}}}" for name in FIELDS)) == ()
