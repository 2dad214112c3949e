"""Groups are found again by a few hashes, however many there are (H-2)."""

from uuid import uuid4

import pytest

from portal.compliance.rules.similar import SOUGHT, are_alike, sketch
from portal.messaging.rules.similar import CROWDED, KEYED, Shelf, Threshold
from tests.compliance.likeness import ALIKE, APART


@pytest.mark.parametrize("name", ALIKE)
def test_a_text_finds_the_group_of_one_like_it_among_others(name):
    one, other = map(sketch, ALIKE[name])
    shelf = Shelf(())
    for pair in APART.values():
        for body in pair:
            made = sketch(body)
            if made and not are_alike(made, one) and not are_alike(made, other):
                shelf.add(made)
    group_id, keys = shelf.add(one)
    assert len(keys) == min(KEYED, len(one))
    assert set(keys) <= set(one[:SOUGHT])
    assert shelf.find(other) == group_id


@pytest.mark.parametrize("name", APART)
def test_a_text_like_none_finds_none(name):
    one, other = map(sketch, APART[name])
    shelf = Shelf(())
    shelf.add(one)
    assert shelf.find(other) is None


def test_a_hash_that_many_share_is_passed_over():
    """Else every text with an everyday word would be held against all others with it."""
    words = sketch(ALIKE["capitals"][0])
    crowd = [(words[0], uuid4()) for _ in range(CROWDED)]
    shelf = Shelf(crowd)
    group_id, keys = shelf.add(words)
    assert words[0] not in keys
    assert shelf.find(sketch(ALIKE["capitals"][1])) == group_id


def test_what_is_not_held_is_like_nothing():
    words = sketch(ALIKE["capitals"][0])
    stranger = uuid4()
    shelf = Shelf((key, stranger) for key in words)
    assert shelf.candidates(words) == [stranger]
    assert shelf.find(words) is None
    shelf.hold({stranger: words})
    assert shelf.find(words) == stranger


def test_a_threshold_needs_both_and_is_near_one_number_before():
    limit = Threshold(5, 10)
    assert [limit.is_reached(*sums) for sums in ((5, 10), (4, 99), (99, 9))] == [True, False, False]
    assert [limit.is_near(numbers) for numbers in (3, 4, 5)] == [False, True, True]
    assert not Threshold(2, 2).is_near(1)
