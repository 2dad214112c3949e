"""A join keyword: one plain word that means nothing else, answered with the whole disclosure (Q-6)."""

from dataclasses import replace

import pytest

from portal.consent.rules import disclosures
from portal.contacts.values import Language
from portal.messaging.rules import joining, keywords
from portal.messaging.rules.joining import JoinWords
from portal.messaging.rules.segments import analyze

WORDS = JoinWords(
    "Juniper Realty", "new listings in Lincoln Park", "Up to 4 messages a month",
    "help@juniper.example", "https://juniper.example/terms", "https://juniper.example/privacy",
)  # fmt: skip


@pytest.mark.parametrize("word", ["HOMES", " homes ", "Briar44", "LISTINGS", "Open24"])
def test_a_plain_word_may_be_a_keyword(word):
    assert joining.problem(word) is None


@pytest.mark.parametrize(
    "word",
    [
        *sorted(keywords.STOP_WORDS), *sorted(keywords.START_WORDS), *sorted(keywords.HELP_WORDS), "S.T.O.P", "Ｓtop",
        "opt out", "yes", "no", "alto", "remove", "", "ab", "x" * 16, "two words", "44", "4homes",
        "ho-mes", "😀", "日本語", "unsubscribe!", "stop all",
    ],
)  # fmt: skip
def test_a_word_that_means_something_else_may_not(word):
    assert joining.problem(word)


@pytest.mark.parametrize(
    "body", ["HOMES", "homes", " Homes! ", "“homes”", "HOMES 😀", "ＨＯＭＥＳ"]
)
def test_the_whole_text_is_the_keyword(body):
    assert joining.hears(body, "homes")


@pytest.mark.parametrize("body", ["homes please", "home", "nice homes", "STOP", "", "ho mes"])
def test_talk_is_no_keyword(body):
    assert not joining.hears(body, "homes")


@pytest.mark.parametrize("language", Language)
def test_the_answer_makes_every_point_that_applies_to_a_text(language):
    words = replace(WORDS, language=language)
    assert joining.missing(words) == {}
    for said in (joining.answer(words), joining.sign(words, "homes", "(312) 555-0160")):
        for part in (
            "Juniper Realty",
            "new listings",
            "Up to 4",
            "HELP",
            "STOP",
            "/terms",
            "/priv",
        ):
            assert part in said
    assert analyze(joining.answer(replace(words, language=Language.EN))).encoding == "GSM-7"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"frequency": ""}, "how often you text"),
        ({"frequency": "Now and then, we promise to be nice"}, "how often you text"),
        ({"terms_url": ""}, "the link to the terms"),
        ({"privacy_url": ""}, "the link to the privacy policy"),
    ],
)
def test_an_answer_that_lacks_a_point_says_which(change, told):
    assert joining.missing(replace(WORDS, **change)) == {next(iter(change)): [told]}


def test_the_checker_itself_agrees_but_for_the_box():
    html = joining.answer(WORDS).replace(
        WORDS.terms_url, f'<a href="{WORDS.terms_url}">terms</a>'
    ).replace(WORDS.privacy_url, f'<a href="{WORDS.privacy_url}">privacy policy</a>')  # fmt: skip
    found = disclosures.check(html)
    assert [point for point, is_there in found.items() if not is_there] == ["checkbox"]
