"""Nearly the same text is known by its words, whoever it is filled in for (H-2)."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.compliance.rules import similar
from portal.compliance.rules.lint_text import listed
from tests.compliance.likeness import ALIKE, APART

PITCH = (
    "Thinking of selling? Buyers pay above asking for homes like yours while inventory stays low."
)
WORDS = sorted({w for pair in (*ALIKE.values(), *APART.values()) for w in re.findall("[a-z]+", pair[0])})  # fmt: skip
TEXTS = st.text(max_size=400)
TOLD = st.lists(st.sampled_from(WORDS), min_size=12, max_size=40).map(" ".join)
NAMES = st.text("abcdefghijklmnopqrstuvwxyz", min_size=2, max_size=12).map(str.capitalize)


def likeness(one, other):
    return similar.likeness(similar.sketch(one), similar.sketch(other))


@pytest.mark.parametrize("name", ALIKE)
def test_nearly_the_same_is_found(name):
    assert similar.are_alike(*map(similar.sketch, ALIKE[name]))


@pytest.mark.parametrize("name", APART)
def test_other_words_and_ordinary_talk_are_left_alone(name):
    assert not similar.are_alike(*map(similar.sketch, APART[name]))


def test_the_line_lies_well_between_the_two():
    """A case near the line would fall to either side by one word more."""
    nearest = min(likeness(*pair) for pair in ALIKE.values())
    furthest = max(likeness(*pair) for pair in APART.values())
    assert furthest + 0.1 < similar.ALIKE_FROM < nearest - 0.1


def test_known_names_say_nothing():
    one = similar.sketch(f"{PITCH} Ask for Priya Raman of Lakeside Brokers", ("Priya Raman", "Lakeside Brokers"))  # fmt: skip
    assert one == similar.sketch(f"{PITCH} Ask for of")


def test_a_name_of_a_common_word_does_not_hide_it():
    assert similar.telling("Will you sell the house", ("Will House",)) == ["will", "you", "sell", "the"]  # fmt: skip


@given(TEXTS)
def test_any_text_has_a_sketch_that_survives_storing(body):
    found = similar.sketch(body)
    assert similar.unpacked(similar.packed(found)) == found
    assert len(found) <= similar.KEPT
    assert list(found) == sorted(set(found))


@given(TOLD, TOLD)
def test_likeness_is_the_same_both_ways_and_between_nothing_and_all(one, other):
    first, second = similar.sketch(one), similar.sketch(other)
    assert similar.likeness(first, second) == similar.likeness(second, first)
    assert 0 <= similar.likeness(first, second) <= 1
    assert similar.likeness(first, first) == (1 if first else 0)


@given(NAMES, NAMES)
def test_whoever_a_template_is_filled_in_for_it_stays_the_same(one, other):
    filled = [f"Hi {name}, {PITCH}" for name in (one, other, "{first_name}")]
    assert len({similar.sketch(body) for body in filled}) == 1


@given(st.integers(0, 10**7), st.integers(0, 10**7))
def test_numbers_prices_and_links_make_no_difference(one, other):
    filled = [f"{PITCH} Now ${n:,}, see https://juniper.com/{n}" for n in (one, other)]
    assert len({similar.sketch(body) for body in filled}) == 1


LONG = [
    body
    for pair in ALIKE.values()
    for body in pair
    if len(set(similar.telling(body)) - listed("common_words")) > similar.FEWEST_WORDS
]


@given(st.sampled_from(LONG), st.data())
def test_a_word_left_out_or_exchanged_hides_no_text(body, data):
    """Any one word, of texts that are not at the very edge of being too short to tell apart."""
    told = body.split()
    place = data.draw(st.integers(0, len(told) - 1))
    other = [*told[:place], *data.draw(st.sampled_from([[], ["xylophone"]])), *told[place + 1 :]]
    assert similar.are_alike(similar.sketch(body), similar.sketch(" ".join(other)))


TALK = ("on", "my", "way", "thanks", "see", "you", "then", "ok", "yes", "no", "sure", "great")


@given(st.lists(st.sampled_from(TALK)))
def test_small_talk_is_never_alike(told):
    assert similar.sketch(" ".join(told)) == ()


@given(TOLD, TOLD)
def test_texts_alike_share_one_of_their_smallest_hashes(one, other):
    """What others like it are found by: its first hashes."""
    first, second = similar.sketch(one), similar.sketch(f"{one} {other[:20]}")
    if similar.likeness(first, second) > 0.6:
        assert set(first[: similar.SOUGHT]) & set(second[: similar.SOUGHT])
