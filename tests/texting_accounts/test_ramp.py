"""The limit of a new number grows with clean days, and only limits above the start are held (H-5)."""

from datetime import date, timedelta

import pytest

from portal.core.audit import SYSTEM, AuditEntry
from portal.core.db import db, unit_of_work
from portal.texting_accounts import queries, rules, service
from portal.texting_accounts.rules import clean_days_after, days_to_next, limit_after, policy_on
from tests import cast
from tests.factories.messaging import ALICE_ACTS

TODAY = date(2026, 3, 2)
POLICY = policy_on(TODAY)


@pytest.mark.parametrize(
    ("clean", "limit"),
    [(0, 200), (2, 200), (3, 400), (6, 400), (7, 800), (14, 1_600), (21, 3_200), (29, 3_200)],
)
def test_the_limit_doubles_step_by_step(clean, limit):
    assert limit_after(clean, POLICY) == limit


def test_after_thirty_clean_days_any_limit_holds():
    assert limit_after(30, POLICY) is None


@pytest.mark.parametrize(
    ("clean", "people", "is_bad", "after"),
    [
        (5, 100, False, 6),
        (5, 99, False, 5),  # too few people to say anything
        (5, 500, True, 0),  # back to the step before: 200
        (8, 500, True, 3),
        (0, 500, True, 0),
    ],
)
def test_a_day_counts_with_a_hundred_people_and_a_bad_one_goes_back_a_step(
    clean, people, is_bad, after
):
    assert clean_days_after(clean, POLICY, people=people, is_bad=is_bad) == after


@pytest.mark.parametrize(("clean", "missing"), [(0, 3), (3, 4), (20, 1), (21, 9), (29, 1)])
def test_what_is_missing_to_the_next_step(clean, missing):
    assert days_to_next(clean, POLICY) == missing


@pytest.mark.parametrize(
    ("people", "start"),
    [
        ([], 200),  # nothing is known of it: as a new number
        ([0, 0], 200),
        ([3], 20),  # the least
        ([80, 80, 80], 40),
        ([200] * 30, 100),  # an account at the usual limit is slowed, too
        ([200] * 7 + [4] * 23, 100),  # quiet days, of a pause maybe, make it no slower
        ([60, 0, 41], 25),
        ([400] * 30, 200),
        ([5_000] * 30, 200),  # never more than a new number
    ],
)
def test_an_account_begins_again_with_half_of_what_its_busy_days_brought(people, start):
    assert rules.start_again(people, POLICY) == start


@pytest.mark.parametrize(
    ("clean", "start", "limit"),
    [
        (0, 25, 25),
        (3, 25, 50),
        (7, 25, 100),
        (14, 25, 200),
        (29, 25, 400),
        (30, 25, None),
        (3, 200, 400),
    ],
)
def test_from_a_lower_start_the_limit_doubles_as_fast(clean, start, limit):
    assert limit_after(clean, POLICY, start) == limit


@pytest.mark.parametrize(("people", "after"), [(11, 0), (12, 1), (25, 1)])
def test_of_a_low_limit_half_of_it_makes_a_day_count(people, after):
    assert clean_days_after(0, POLICY, people=people, is_bad=False, start=25) == after


def test_how_an_account_begins_again_is_told_in_words():
    assert rules.told_again(POLICY) == (
        "The account begins with 50 % of the people a day it texted before on its 7 busiest of 30 "
        "days, from 20 to 200, and may text more with clean days."
    )


def test_a_day_before_the_first_policy_keeps_the_first():
    assert policy_on(date(2020, 1, 1)) is rules.POLICIES[0]


def ramped(limit):
    with unit_of_work():
        service.set_limits(
            cast.BOBS, daily_recipients=limit, daily_segments=9_000, note="fair", actor=ALICE_ACTS
        )
        service.begin_ramp(cast.BOBS, today=TODAY, actor=SYSTEM)
    return cast.account(cast.BOBS)


def judge(day, people=150, *, is_bad=False):
    with unit_of_work():
        service.judge_ramp(
            cast.BOBS, day, people=people, is_bad=is_bad, figures="none", actor=SYSTEM
        )
    return cast.account(cast.BOBS)


def test_only_a_limit_raised_above_the_start_is_governed(app):
    assert ramped(500).recipients_a_day == 200
    assert ramped(150).recipients_a_day == 150
    assert not cast.account(cast.BOBS).is_ramping


def test_clean_days_bring_the_limit_and_each_is_judged_once(app):
    ramped(500)
    for place in range(1, 4):
        judge(TODAY + timedelta(days=place))
        account = judge(TODAY + timedelta(days=place))  # a second scheduler
    assert (account.ramp_clean_days, account.recipients_a_day) == (3, 400)
    assert judge(TODAY + timedelta(days=4), is_bad=True).recipients_a_day == 200
    told = [
        entry.payload
        for entry in db.session.query(AuditEntry).filter(AuditEntry.event.like("accounts:ramp:%"))
    ]
    assert len(told) == 5


def test_the_ramp_ends_after_the_last_step(app):
    ramped(9_000)
    for place in range(1, 31):
        account = judge(TODAY + timedelta(days=place))
    assert (account.ramp_limit, account.recipients_a_day) == (None, 9_000)
    assert judge(TODAY + timedelta(days=31)).ramp_limit is None
    assert queries.ramping() == []


def test_the_settings_say_what_holds_and_what_brings_the_next_step(alice, app):
    ramped(500)
    page = alice.get("texting_accounts.settings", account_id=cast.BOBS)
    assert "200 people a day for now, though the limit is 500" in page.text_of("#ramp")
    assert "3 more clean days bring 400." in page.text_of("#ramp")
