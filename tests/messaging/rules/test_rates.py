"""Texts cost what the rate table says, parts and media included (R-1 to R-5, R-7, B-10)."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.messaging.rules import rates
from portal.messaging.rules.segments import analyze

BODIES = st.text(st.sampled_from("ab c\n{€ê😀👩\u200d🏽\u0301🇺"), min_size=1, max_size=300)
FAMILY = "👨\u200d👩\u200d👧\u200d👦"


@pytest.mark.parametrize(
    ("body", "country_code", "media_count", "price"),
    [
        ("a", 1, 0, 1),
        ("a" * 160, 1, 0, 1),
        ("a" * 161, 1, 0, 2),
        ("a" * 300, 1, 0, 2),
        ("a" * 310, 1, 0, 2),
        ("€" * 81, 1, 0, 2),
        ("ê" * 70, 1, 0, 1),
        ("ê" * 71, 1, 0, 2),
        ("😀" * 35, 1, 0, 1),
        ("😀" * 36, 1, 0, 2),
        ("a" * 160, 44, 0, 2),
        ("a" * 161, 44, 0, 4),
        ("ê" * 71, 61, 0, 4),
        ("", 1, 1, 3),
        ("a" * 1600, 1, 1, 3),
        ("a" * 1600, 44, 1, 3),
        ("a" * 1601, 1, 1, 6),
        ("ê" * 700, 1, 10, 3),
        ("ê" * 701, 1, 1, 6),
    ],
)
def test_one_message(body, country_code, media_count, price):
    assert rates.credits(body, country_code, media_count) == price


@pytest.mark.parametrize(
    ("body", "price", "segments"), [("a" * 310, 2, 3), ("a" * 300, 2, 2), ("ê" * 135, 2, 3)]
)
def test_credits_keep_their_rule_where_carriers_cut_shorter(body, price, segments):
    assert rates.credits(body, 1) == price
    assert analyze(body).segments == segments


def test_neither_text_nor_media_is_refused():
    with pytest.raises(ValueError, match="empty text"):
        rates.credits("", 1)


@pytest.mark.parametrize(
    ("body", "media_count", "price"),
    [
        ("a" * 1600, 0, 10),
        ("a" * 1601, 0, 11),
        ("a" * 3200, 0, 20),
        ("a" * 1700, 1, 4),
        ("", 1, 3),
    ],
)
def test_a_long_text_costs_the_sum_of_its_parts(body, media_count, price):
    assert rates.total_credits(body, 1, media_count) == price


@given(st.text(st.sampled_from("word {€ê😀"), min_size=1, max_size=4000))
def test_parts_each_cost_what_they_cost_alone(body):
    parts = rates.split_parts(body)
    assert rates.total_credits(body, 44) == sum(rates.credits(part, 44) for part in parts)


@pytest.mark.parametrize(
    ("body", "media_count", "keyword", "price"),
    [
        ("STOP", 0, "stop", 1),
        ("START" + " " * 200, 0, "start", 1),
        ("HELP", 0, "help", 2),
        ("Hello", 0, None, 2),
        ("", 0, None, 2),
        ("", 1, None, 3),
        ("a" * 161, 0, None, 4),
    ],
)
def test_received_texts_cost_the_same_and_opt_keywords_one(body, media_count, keyword, price):
    assert rates.inbound_credits(body, 44, media_count, keyword=keyword) == price


@pytest.mark.parametrize(
    ("body", "country_code", "region", "sms", "mms"),
    [
        ("a" * 481, 1, "US", 4, 3),
        ("ê" * 701, 1, "CA", 11, 6),
        ("a" * 161, 61, "AU", 4, 3),
        ("a" * 1700, 1, "US", 11, 4),
    ],
)
def test_advises_media_where_it_saves(body, country_code, region, sms, mms):
    advice = rates.mms_advice(body, country_code, region)
    assert (advice.sms_credits, advice.mms_credits, advice.saves) == (sms, mms, sms - mms)


@pytest.mark.parametrize(
    ("body", "country_code", "region"),
    [
        ("a" * 480, 1, "US"),
        ("a" * 481, 1, "BS"),
        ("a" * 481, 44, "GB"),
        ("a" * 481, 1, None),
        ("a" * 160, 61, "AU"),
        ("", 1, "US"),
    ],
)
def test_advises_nothing_where_media_is_not_delivered_or_saves_nothing(body, country_code, region):
    assert rates.mms_advice(body, country_code, region) is None


def test_dear_media_is_not_advised():
    table = replace(rates.TABLES[-1], mms=9)
    assert rates.mms_advice("a" * 481, 1, "US", table=table) is None


def test_the_table_of_the_day_prices_the_text():
    old = rates.TABLES[0]
    new = replace(old, holds_from=date(2027, 1, 1), sms_home=5)
    tables = (old, new)
    assert rates.table_on(date(2026, 12, 31), tables) is old
    assert rates.table_on(date(2027, 1, 1), tables) is new
    assert rates.credits("a", 1, table=new) == 5
    with pytest.raises(LookupError, match="2020-01-01"):
        rates.table_on(date(2020, 1, 1), tables)


@pytest.mark.parametrize(
    ("body", "limit", "parts"),
    [
        ("", 10, []),
        ("one two", 10, ["one two"]),
        ("one two three", 10, ["one two ", "three"]),
        ("onetwothree", 5, ["onetw", "othre", "e"]),
        ("{{{{{{", 5, ["{{", "{{", "{{"]),
        ("{{{{ê", 5, ["{{{{ê"]),
        ("abc" + FAMILY + "d", 12, ["abc", FAMILY + "d"]),
        ("abcde\u0301", 5, ["abcd", "e\u0301"]),
        ("ab🇺🇸🇨🇦", 8, ["ab🇺🇸", "🇨🇦"]),
        ("abc👍🏽", 5, ["abc", "👍🏽"]),
        ("🇺🇸🇨🇦", 8, ["🇺🇸🇨🇦"]),
        ("abc\r\n", 4, ["abc", "\r\n"]),
        ("a\u0301\u0301\u0301\u0301", 3, ["a\u0301\u0301", "\u0301\u0301"]),
        ("😀😀", 3, ["😀", "😀"]),
        ("abc\ud83d\ude00", 4, ["abc", "\ud83d\ude00"]),
        ("ab\U0001f3f4\U000e0067", 5, ["ab", "\U0001f3f4\U000e0067"]),
    ],
)
def test_cuts_where_a_reader_would(body, limit, parts):
    assert rates.split_parts(body, limit) == parts


@given(BODIES, st.integers(2, 60))
def test_parts_joined_are_the_text_and_each_fits(body, limit):
    parts = rates.split_parts(body, limit)
    assert "".join(parts) == body
    assert all(analyze(part).units <= limit for part in parts)


@given(st.text(st.sampled_from("ab "), min_size=1, max_size=200), st.integers(5, 40))
def test_words_that_fit_are_never_cut(body, limit):
    for part in rates.split_parts(body, limit)[:-1]:
        assert " " not in part or part.endswith(" ")


def test_a_limit_too_small_for_an_emoji_is_refused():
    with pytest.raises(ValueError, match="2 units"):
        rates.split_parts("a", 1)
