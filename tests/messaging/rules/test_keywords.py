"""A reply that is only a keyword is one; talk that holds the word is not (Q-1, Q-6)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.messaging.rules.keywords import (
    HELP_WORDS,
    START_WORDS,
    STOP_WORDS,
    classify,
    is_conversational_yes,
)

KINDS = {
    **dict.fromkeys(STOP_WORDS, "stop"),
    **dict.fromkeys(START_WORDS, "start"),
    **dict.fromkeys(HELP_WORDS, "help"),
}
AROUND = st.text(st.sampled_from(" \t\n\r.,!?\"'*-_()…’🛑👍\ufe0f\u200b\u00a0"), max_size=6)

STOPS = [
    "STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "OPTOUT", "REVOKE",
    "stop", "Stop", "sToP", "  stop  ", "stop.", "STOP!!!", '"STOP"', "“Stop”", "'stop'",
    "(stop)", "*STOP*", "stop\n", "\n\tSTOP\r\n", "STOP.\u200b", "\ufeffSTOP", "STOP\u00a0",
    "ＳＴＯＰ", "𝐒𝐓𝐎𝐏", "ⓈⓉⓄⓅ", "STÓP", "STOP🛑", "🛑 STOP 🛑", "STOP ❤️", "S.T.O.P.", "s-t-o-p",
    "opt out", "Opt Out", "OPT-OUT", "opt–out", "opt  out.", "Opt, out!", "opt\nout", "opt_out",
    "STOP-ALL", "un-subscribe", "End.", "quit…", "¡Cancel!", "Revoke,",
]  # fmt: skip
STARTS = [
    "START",
    "start",
    "Start!",
    " yes ",
    "YES",
    "Yes.",
    "yes!!",
    "UNSTOP",
    "unstop.",
    "Yes 👍",
]
HELPS = ["HELP", "help", "Help?", "HELP!", "INFO", "info.", " Info ", "ＨＥＬＰ", "help 🙏"]
TALK = [
    "", " ", "...", "👍", "❤️", "stop by at 5", "cancel the showing", "yes please", "Yes, Saturday works",
    "please stop", "stop please", "stop texting me", "stop all", "STOP STOP", "stop it", "the end",
    "end of the week", "quit claim deed", "cancelled", "stopped", "stops", "ending", "non-stop",
    "opt", "out", "out opt", "opt out please", "opt me out", "opting out", "unsubscribe me",
    "start over", "restart", "started", "yess", "yes or no", "yes/no", "y", "yep", "ok", "no",
    "un-stop", "st.art", "info please", "helpful", "help me", "information", "can you help",
    "STOP 2", "STOP1", "5", "HOMES", "wrong number", "Arrêt", "not yet", "I quit my job",
]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        *((body, "stop") for body in STOPS),
        *((body, "start") for body in STARTS),
        *((body, "help") for body in HELPS),
        *((body, None) for body in TALK),
    ],
)
def test_labelled_replies(body, kind):
    assert classify(body) == kind


@given(st.sampled_from(sorted(KINDS)), AROUND, AROUND, st.randoms())
def test_case_space_and_punctuation_around_a_keyword_change_nothing(word, before, after, random):
    mixed = "".join(random.choice((char.upper(), char.lower())) for char in word)
    assert classify(before + mixed + after) == KINDS[word]


@given(st.sampled_from(sorted(KINDS)), st.sampled_from(["please", "the", "at", "5", "now"]))
def test_a_second_word_makes_it_talk(word, other):
    assert classify(f"{word} {other}") is None
    assert classify(f"{other} {word}") is None


@given(st.text(max_size=60))
def test_any_text_gets_an_answer(body):
    assert classify(body) in {"stop", "start", "help", None}


@pytest.mark.parametrize(
    ("body", "is_yes"),
    [("YES", True), ("yes!", True), ("ＹＥＳ", True), ("START", False), ("yes please", False)],
)
def test_yes_is_the_opt_in_people_also_say(body, is_yes):
    assert is_conversational_yes(body) is is_yes
