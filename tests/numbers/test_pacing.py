"""When the next text of a number may leave (RULINGS 12)."""

from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as checks
from hypothesis import strategies as st

from portal.core.clock import utcnow
from portal.core.db import unit_of_work
from portal.core.errors import NotFound
from portal.numbers import service as numbers
from tests.factories.numbers import make_sender


def take(sender, segments, now):
    with unit_of_work():
        return numbers.take_slots(sender.id, segments, now)


def test_texts_follow_each_other_by_their_segments(northside):
    sender, now = make_sender(northside), utcnow()
    assert take(sender, [1, 3, 1], now) == [now + timedelta(seconds=s) for s in (0, 1, 4)]
    assert take(sender, [1], now) == [now + timedelta(seconds=5)]


def test_a_number_that_rested_does_not_burst(northside):
    sender, now = make_sender(northside), utcnow()
    take(sender, [1], now)
    later = now + timedelta(minutes=5)
    assert take(sender, [1, 1], later) == [later, later + timedelta(seconds=1)]


def test_a_fast_number_is_fast(northside):
    sender, now = make_sender(northside, segments_per_second=100), utcnow()
    assert take(sender, [1, 1], now)[1] - now == timedelta(milliseconds=10)


def test_nothing_to_send_takes_nothing(northside):
    sender, now = make_sender(northside), utcnow()
    assert take(sender, [], now) == []
    assert take(sender, [1], now) == [now]


def test_each_number_has_its_own_pace(northside):
    first, second, now = make_sender(northside), make_sender(northside), utcnow()
    take(first, [9], now)
    assert take(second, [1], now) == [now]


def test_an_unknown_number_has_no_slots(app):
    with pytest.raises(NotFound), unit_of_work():
        numbers.take_slots(uuid4(), [1], utcnow())
    assert numbers.room(uuid4(), utcnow(), timedelta(seconds=30)) == 0


def test_room_says_how_many_segments_may_still_start(northside):
    sender, now = make_sender(northside), utcnow()
    half_minute = timedelta(seconds=30)
    assert numbers.room(sender.id, now, half_minute) == 30
    take(sender, [25], now)
    assert numbers.room(sender.id, now, half_minute) == 5
    take(sender, [25], now)
    assert numbers.room(sender.id, now, half_minute) == 0
    assert numbers.room(sender.id, now + timedelta(seconds=20.5), half_minute) == 1


def test_a_carrier_that_says_slow_down_is_heard(northside):
    sender, now = make_sender(northside), utcnow()
    with unit_of_work():
        numbers.hold_back(sender.id, now + timedelta(seconds=7))
    assert take(sender, [1], now) == [now + timedelta(seconds=7)]
    with unit_of_work():
        numbers.hold_back(sender.id, now)  # never earlier
    assert take(sender, [1], now) == [now + timedelta(seconds=8)]


@checks(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.lists(st.integers(1, 10), min_size=1, max_size=5), st.integers(0, 20)),
        max_size=6,
    ),
    st.sampled_from([1, 3, 100]),
)
def test_slots_never_overlap_and_never_lie_in_the_past(northside, claims, pace):
    sender, now = make_sender(northside, segments_per_second=pace), utcnow()
    free_at = now
    for segments, pause in claims:
        now += timedelta(seconds=pause)
        for slot, count in zip(take(sender, segments, now), segments, strict=True):
            assert slot >= now
            assert slot >= free_at - timedelta(microseconds=2)
            free_at = slot + timedelta(seconds=count / pace)
