"""Area codes, digits, paces and the carrier's errors in words (N-1, N-6)."""

import pytest

from portal.core.errors import GatewayBusy, GatewayRejected, GatewayUnclear
from portal.numbers import rules
from portal.numbers.rules import Doing


@pytest.mark.parametrize("text", ["312", "212", "999"])
def test_an_area_code_has_three_digits(text):
    assert rules.is_area_code(text)


@pytest.mark.parametrize("text", ["", "31", "3122", "112", "012", "411", "911", "3a2", "３１２"])
def test_other_texts_are_no_area_code(text):
    assert not rules.is_area_code(text)


@pytest.mark.parametrize(
    ("text", "may"), [("01", True), ("0*42", True), ("5", False), ("a1", False)]
)
def test_digits_are_looked_for(text, may):
    assert rules.are_digits(text) is may


def test_all_states_are_there_once():
    assert len(dict(rules.STATES)) == len(rules.STATES) == 51
    assert dict(rules.STATES)["DC"] == "District of Columbia"
    assert all(len(code) == 2 and name for code, name in rules.STATES)


@pytest.mark.parametrize(
    ("e164", "is_sandbox", "pace"),
    [
        ("+13125550160", True, 100),
        ("+13125550160", False, 1),
        ("+18005550160", False, 3),
        ("+448005550160", False, 1),
    ],
)
def test_each_number_has_its_pace(e164, is_sandbox, pace):
    """RULINGS 12."""
    assert rules.pace(e164, is_sandbox=is_sandbox) == pace


BAD_CREDENTIALS = (
    "Something went wrong. Please check your Twilio account credentials and message support "
    "if this persists"
)
LISTING = (
    "Failed to retrieve Phone Numbers - Please refresh the page to attempt fetching the phone "
    "numbers again."
)


@pytest.mark.parametrize(
    ("error", "doing", "sentence", "cause"),
    [
        (GatewayRejected("Authenticate", 20003, 401), Doing.CONNECT, BAD_CREDENTIALS, "SID"),
        (GatewayRejected("", None, 401), Doing.CONNECT, BAD_CREDENTIALS, "token"),
        (
            GatewayRejected("Authenticate", 20003, 401),
            Doing.LIST,
            "Twilio returned Unauthorized.",
            "revoked",
        ),
        (
            GatewayRejected("not active", 20005, 403),
            Doing.LIST,
            "Twilio returned Unauthorized.",
            "suspended",
        ),
        (
            GatewayRejected("not active", 20005, 403),
            Doing.CONNECT,
            "Twilio returned Unauthorized.",
            "suspended",
        ),
        (
            GatewayRejected("no", 20403, 403),
            Doing.BUY,
            "Twilio returned Unauthorized.",
            "may not",
        ),
        (GatewayRejected("Bad filter", 20001, 400), Doing.LIST, LISTING, "Bad filter"),
        (GatewayBusy("x"), Doing.LIST, LISTING, "could not be reached"),
        (GatewayBusy("x"), Doing.CONNECT, "Twilio did not answer.", "Nothing was bought"),
        (GatewayBusy("x"), Doing.BUY, "Twilio could not be reached.", "Nothing was bought"),
        (GatewayUnclear("x"), Doing.BUY, "may or may not be yours", "look for it first"),
        (GatewayUnclear("x"), Doing.SET_UP, "The number is yours", "bought twice"),
        (GatewayRejected("", 21422, 400), Doing.BUY, "no longer available", ""),
        (GatewayRejected("Strange.", 29999, 400), Doing.BUY, "would not sell", "said: Strange."),
        (GatewayRejected("", 29999, 400), Doing.SET_UP, "would not set the number up", ""),
    ],
)
def test_errors_speak(error, doing, sentence, cause):
    """N-6."""
    trouble = rules.explain(error, doing)
    assert sentence in trouble.sentence
    assert cause in trouble.cause
    assert trouble.code == getattr(error, "code", None)


def test_texts_come_in_at_the_public_address_and_are_retried():
    assert rules.hooks("https://texts.example.com/").sms_url == (
        "https://texts.example.com/webhooks/twilio/sms#rc=5&rp=all&ct=3000&rt=8000"
    )
