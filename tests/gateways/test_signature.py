"""Whose webhook is it, and what does it mean (FACTS 1.5, PROMISES 1.6 and 4 row 7)."""

import base64
import hashlib
import hmac

import pytest

from portal.gateways.signature import (
    BadWebhook,
    external_url,
    is_genuine,
    read_inbound,
    read_status,
)

TOKEN = "12345"
BODY_HASH = "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"
URL = "https://portal.example.com/hooks/sms?team=7"
ACCOUNT, MESSAGE = "AC" + "b" * 32, "SM" + "a" * 32
TEXT = {
    "MessageSid": MESSAGE,
    "AccountSid": ACCOUNT,
    "From": "+12025550143",
    "To": "+12025550100",
    "Body": "STOP",
    "NumMedia": "0",
}


def sign(params, url=URL, token=TOKEN):
    """Sign as the published rule says, not as our code does."""
    said = url + "".join(
        n + v
        for n in sorted(set(dict(params)))
        for v in sorted({value for name, value in params if name == n})
    )
    return base64.b64encode(hmac.new(token.encode(), said.encode(), hashlib.sha1).digest()).decode()


def pairs(**changes):
    return [(name, value) for name, value in {**TEXT, **changes}.items() if value is not None]


@pytest.mark.parametrize(
    ("url", "params", "signature"),
    [
        (
            "https://mycompany.com/myapp.php?foo=1&bar=2",
            {
                "CallSid": "CA1234567890ABCDE",
                "Caller": "+14158675310",
                "Digits": "1234",
                "From": "+14158675310",
                "To": "+18005551212",
            },
            "GvWf1cFY/Q7PnoempGyD5oXAezc=",
        ),
        (
            URL,
            {**TEXT, "MessageSid": MESSAGE},
            "6HI0ICBmaFgsT3lOfjHvilzIq+Y=",
        ),
        (
            f"https://portal.example.com/events?bodySHA256={BODY_HASH}",
            {},
            "BIW9GPTzfVNGC85vi4H8iXdK7IY=",
        ),
    ],
)
def test_published_vectors_are_genuine(url, params, signature):
    """FACTS 1.5."""
    assert is_genuine(url, list(params.items()), signature, [TOKEN])
    assert not is_genuine(url, list(params.items()), signature, ["12346"])
    assert not is_genuine(url + "x", list(params.items()), signature, [TOKEN])


@pytest.mark.parametrize("signature", [None, "", "x", "é" * 28, "GvWf1cFY/Q7PnoempGyD5oXAezc"])
def test_a_signature_of_the_wrong_form_is_refused(signature):
    assert not is_genuine(URL, pairs(), signature, [TOKEN])


def test_without_a_token_nothing_is_genuine():
    assert not is_genuine(URL, pairs(), sign(pairs()), [])


def test_two_tokens_count_while_one_is_changed():
    assert is_genuine(URL, pairs(), sign(pairs(), token="old"), ["new", "old"])


@pytest.mark.parametrize(
    ("signed", "ours"),
    [
        ("https://a.example/x?m=1", "https://a.example:443/x?m=1"),
        ("https://a.example:443/x?m=1", "https://a.example/x?m=1"),
        ("http://a.example:80/x", "http://a.example/x"),
        ("http://localhost:8000/x", "http://localhost:8000/x"),
    ],
)
def test_the_default_port_may_be_named_or_not(signed, ours):
    assert is_genuine(ours, pairs(), sign(pairs(), signed), [TOKEN])


def test_another_port_is_another_address():
    assert not is_genuine(
        "https://a.example:8443/x", pairs(), sign(pairs(), "https://a.example/x"), [TOKEN]
    )


def test_a_user_name_in_the_address_is_refused():
    """PROMISES 1.6: the client's own way to drop a port drops the user name's host with it."""
    url = "https://user:pw@a.example/x"
    assert not is_genuine(url, pairs(), sign(pairs(), url), [TOKEN])


def test_the_address_comes_from_settings():
    url = external_url("https://texts.example.com/", "/webhooks/twilio/status", "m=1&a=2")
    assert url == "https://texts.example.com/webhooks/twilio/status?m=1&a=2"
    assert external_url("https://texts.example.com", "/x", "") == "https://texts.example.com/x"


# One signature, several meanings: each trick keeps the signature and must fail on form.


@pytest.mark.parametrize(
    "params",
    [
        pytest.param(pairs(Body="STOPFrom+12025550143", From=None), id="From moved into the body"),
        pytest.param([*pairs(), ("Body", "STOP")], id="a value twice"),
        pytest.param([*pairs(), ("From", "+12025550143")], id="a number twice"),
        pytest.param([*pairs(), ("AccountSid", ACCOUNT)], id="an account twice"),
        pytest.param([*pairs(), ("NumMedia", "0")], id="a count twice"),
    ],
)
def test_parameters_that_share_a_signature_but_not_a_meaning_are_refused(params):
    assert is_genuine(URL, params, sign(pairs()), [TOKEN])  # the signature can't tell
    with pytest.raises(BadWebhook):
        read_inbound(params)


def test_a_number_cut_out_of_a_body_does_not_pass_for_the_sender():
    genuine = pairs(Body="noFrom+13125550111", From="+12025550143")
    forged = pairs(Body="no", From="+13125550111From+12025550143")
    assert is_genuine(URL, forged, sign(genuine), [TOKEN])
    with pytest.raises(BadWebhook, match="From"):
        read_inbound(forged)


@pytest.mark.parametrize("name", ["Call me", "", "9", "+", "Ä", "x" * 65])
def test_a_body_cut_into_a_strange_name_is_refused(name):
    with pytest.raises(BadWebhook):
        read_inbound([*pairs(), (name, "")])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AccountSid", "AC" + "B" * 32),
        ("AccountSid", "AC" + "b" * 33),
        ("AccountSid", ""),
        ("MessageSid", "CA" + "a" * 32),
        ("MessageSid", MESSAGE + "\n"),
        ("From", "12025550143"),
        ("From", "+0202555014"),
        ("From", "whatsapp:+12025550143"),
        ("From", "12"),
        ("To", "62966"),
        ("To", None),
        ("Body", None),
        ("NumMedia", "-1"),
        ("NumMedia", "1e3"),
        ("OptOutType", "STOP "),
        ("MessagingServiceSid", "MG1"),
        ("NumMedia", "1"),
    ],
)
def test_each_parameter_has_its_form(name, value):
    with pytest.raises(BadWebhook):
        read_inbound(pairs(**{name: value}))


def test_a_text_is_read_whole():
    text = read_inbound(
        [
            *pairs(NumMedia="1", Body="Hi 🏡", From="62966"),
            ("MediaUrl0", "https://api.twilio.com/2010-04-01/Accounts/x/Messages/y/Media/z"),
            ("MediaContentType0", "image/jpeg"),
            ("OptOutType", "STOP"),
            ("NumSegments", "2"),
            ("SomethingNew", "the carrier adds names without notice"),
            ("FromCity", ""),
        ]
    )
    assert (text.account_sid, text.message_sid, text.from_number) == (ACCOUNT, MESSAGE, "62966")
    assert (text.body, text.segments, text.opt_out_type) == ("Hi 🏡", 2, "STOP")
    assert [kind for _, kind in text.media] == ["image/jpeg"]
    assert text.params["SomethingNew"].startswith("the carrier")


def test_an_empty_body_is_a_text():
    assert read_inbound(pairs(Body="")).body == ""


def test_news_of_a_text_is_read():
    given = [("AccountSid", ACCOUNT), ("MessageSid", MESSAGE), ("MessageStatus", "undelivered")]
    assert read_status(given).error_code is None
    news = read_status([*given, ("ErrorCode", "30005"), ("From", "anything")])
    assert (news.status, news.error_code) == ("undelivered", 30005)


@pytest.mark.parametrize(
    "change",
    [("MessageStatus", "sent"), ("ErrorCode", "x"), ("ErrorCode", "30005; drop")],
)
def test_news_with_two_meanings_is_refused(change):
    given = [("AccountSid", ACCOUNT), ("MessageSid", MESSAGE), ("MessageStatus", "delivered")]
    with pytest.raises(BadWebhook):
        read_status([*given, change])


def test_news_without_a_status_is_refused():
    with pytest.raises(BadWebhook, match="MessageStatus"):
        read_status([("AccountSid", ACCOUNT), ("MessageSid", MESSAGE)])
