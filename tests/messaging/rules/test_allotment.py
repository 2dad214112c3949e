"""Finding a day with room: full days are passed by, and nothing else (S-5)."""

from datetime import date, timedelta
from random import Random

import pytest

from portal.messaging.rules.allotment import Calendar, DayRoom

FIRST = date(2026, 3, 2)
PEOPLE = [f"+1312555{n:04d}" for n in range(40)]


def calendar(chance):
    """Ten days with little room, where some people have their place already."""
    rooms = [
        DayRoom(
            FIRST + timedelta(days=offset), chance.choice((0, 0, 1, 3)), chance.choice((0, 2, 4)), 1,
            counted=set(chance.sample(PEOPLE, 5)),
        )
        for offset in range(10)
    ]  # fmt: skip
    rooms.append(DayRoom(FIRST + timedelta(days=10), 1_000, 1_000, 100))
    return Calendar(FIRST, lambda day: rooms[(day - FIRST).days])


@pytest.mark.parametrize("seed", range(40))
def test_whoever_asks_gets_the_day_that_looking_through_all_would_find(seed):
    chance = Random(seed)
    slow, quick = calendar(Random(seed)), calendar(Random(seed))
    for _ in range(200):
        e164, segments = chance.choice(PEOPLE), chance.choice((1, 1, 2))
        found = []
        for days, skips in ((slow, False), (quick, True)):
            offset = 0
            while not days.room(offset).fits(e164, segments, 1, is_reply=False):
                offset = days.next_for(e164, offset + 1) if skips else offset + 1
            days.room(offset).take(e164, segments, 1, is_reply=False)
            found.append(offset)
        assert found[0] == found[1]


def test_days_that_are_full_are_not_looked_through():
    days = Calendar(FIRST, lambda day: DayRoom(day, int(day == FIRST + timedelta(days=9)), 9, 9))
    for offset in range(9):
        days.room(offset)
    assert days.next_for(PEOPLE[0], 1) == 9
