"""What the rules of hours make of a text: never outside a window, never into its last minute (L5)."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from portal.compliance.rules import places
from portal.compliance.rules.policy import DatedEdit, Edit, Span, rulebook
from portal.messaging.rules import hours
from portal.messaging.rules.hours import LEAST, Clockwork
from portal.messaging.values import Timing
from tests.compliance.test_windows_hold import AREAS, STATES, is_barred, is_open

SECOND = timedelta(seconds=1)
SINCE_ACT_47 = datetime(2026, 10, 20, tzinfo=UTC)
# Nights on which clocks change, from the evening before.
NIGHTS = [datetime.fromisoformat(f"{day}T20:00+00:00") for day in ("2026-10-31", "2027-03-13")]


def instant(random):
    """Any second of six years, a quarter of them in a night on which clocks change."""
    if random.random() < 0.25:
        return random.choice(NIGHTS) + timedelta(seconds=random.randrange(40 * 3600))
    return SINCE_ACT_47 + timedelta(seconds=random.randrange(6 * 365 * 86400))


def law_lets(codes, keys, at):
    keys = [places.zone(key) for key in keys]
    return is_open(codes, keys, at) and not is_barred(codes, keys, at)


@pytest.mark.parametrize("count", [1_500, pytest.param(100_000, marks=pytest.mark.soak)])
def test_no_text_of_any_state_zone_and_instant_goes_outside_its_window(count):
    """The hours are read from the data anew; split area codes and DST nights among them."""
    random, clockwork = Random(count), Clockwork(rulebook())
    split = [area for area in AREAS if "|" in area["candidate_zones"]]
    outside = []
    for _ in range(count):
        area = random.choice(split if random.random() < 0.3 else AREAS)
        state = random.choice(STATES)["code"] if random.random() < 0.5 else ""
        e164, at = f"+1{area['npa']}5550123", instant(random)
        timing = random.choice([Timing.AUTOMATED, Timing.BY_HAND])
        told = clockwork.look(at, state=state, e164=e164, timing=timing)
        first, *_ = places.presume(state or None, e164)
        codes = (*(first.codes or ("STRICTEST",)), "US") if timing is Timing.AUTOMATED else ("US",)
        keys = told.facts["zones"]
        if set(keys) != set(first.zones) or told.facts["rule"] not in codes:
            codes = (state, "US")  # the two places share no open hour: the address alone
        last = told.closes_at - SECOND
        fine = (
            told.opens_at >= at
            and told.is_open == (told.opens_at == at)
            and told.closes_at - told.opens_at >= LEAST
            and law_lets(codes, keys, told.opens_at)
            and law_lets(codes, keys, last)
        )
        if not fine:
            outside.append((area["npa"], state, at, timing, told))
    assert outside == []


FLORIDA = {"state": "FL", "e164": "+13055550142", "timing": Timing.AUTOMATED}
NOON = datetime(2026, 11, 23, 17, tzinfo=UTC)  # in Miami


def test_an_organization_s_own_rule_is_told_as_its_own():
    edit = DatedEdit("FL", NOON.date(), Edit(weekday=Span.read("13:00", "18:00")))
    told = Clockwork(rulebook((edit,))).look(NOON, **FLORIDA)
    assert (told.code, told.opens_at) == ("quiet_hours", NOON + timedelta(hours=1))
    assert (told.rule.is_own, told.rule.hours) == (True, "13:00-18:00")
    assert Clockwork(rulebook()).look(NOON, **FLORIDA).is_open


@pytest.mark.parametrize(
    ("state", "at", "code"),
    [
        ("FL", "2026-11-24T02:00", "quiet_hours"),
        ("PA", "2026-11-22T17:00", "quiet_day"),
        ("PA", "2026-11-26T17:00", "holiday"),
    ],
)
def test_each_reason_has_its_code_and_the_way_to_the_rule(state, at, code):
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    gate = (
        Clockwork(rulebook())
        .look(moment, state=state, e164="+12155550142", timing=Timing.AUTOMATED)
        .gate
    )
    assert (gate.code, gate.fix_endpoint) == (code, "compliance.hours")
    assert gate.rule.citation in gate.sentence
    assert gate.held_until > moment


def test_a_day_closed_by_the_organization_is_called_so():
    edit = DatedEdit("FL", NOON.date(), Edit(closed_days=frozenset([NOON.date()])))
    told = Clockwork(rulebook((edit,))).look(NOON, **FLORIDA)
    assert told.code == "closed_day"
    assert "your organization closed this day" in told.sentence


@pytest.mark.parametrize(
    ("until", "is_open"),
    [(None, False), (timedelta(seconds=79), False), (timedelta(seconds=80), True)],
)
def test_what_frees_a_text_of_hours_must_last_until_it_has_left(until, is_open):
    at = NOON + timedelta(hours=10)
    shut = Clockwork(rulebook()).look(at, **FLORIDA)
    free = hours.freed(shut, at, at + until if until else None, Timing.BY_HAND)
    assert free.is_open is is_open
    assert not is_open or free.closes_at == at + until


def test_an_open_window_is_not_shortened_by_what_would_free_the_text():
    told = Clockwork(rulebook()).look(NOON, **FLORIDA)
    assert hours.freed(told, NOON, NOON + timedelta(minutes=15), Timing.INSISTED) is told
