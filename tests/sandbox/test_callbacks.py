"""Webhooks: retries, faults of the post, and taking them by hand."""

import pytest
from twilio.request_validator import RequestValidator

from portal.sandbox.outbox import overrides
from portal.sandbox.signature import sign

_BODY_HASH = "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"


@pytest.mark.parametrize(
    ("url", "form", "signature"),
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
            "https://portal.example.com/hooks/sms?team=7",
            {
                "MessageSid": "SM" + "a" * 32,
                "AccountSid": "AC" + "b" * 32,
                "From": "+12025550143",
                "To": "+12025550100",
                "Body": "STOP",
                "NumMedia": "0",
            },
            "6HI0ICBmaFgsT3lOfjHvilzIq+Y=",
        ),
        (
            f"https://portal.example.com/events?bodySHA256={_BODY_HASH}",
            {},
            "BIW9GPTzfVNGC85vi4H8iXdK7IY=",
        ),
    ],
)
def test_signatures_are_twilios(url, form, signature):
    assert sign("12345", url, form) == signature


def test_the_fragment_overrides_how_a_webhook_is_tried():
    plain = overrides("https://portal.example/x")
    assert (plain.connect, plain.read, plain.total, plain.retries) == (5, 15, 15, 1)
    assert plain.deserves_retry("ct")
    assert not plain.deserves_retry("5xx")
    asked = overrides("https://portal.example/x?y=1#rc=9&rp=5xx,rt&ct=300&rt=nonsense")
    assert (asked.connect, asked.read, asked.retries) == (0.3, 15, 5)
    assert asked.deserves_retry("5xx")
    assert not asked.deserves_retry("4xx")
    assert overrides("https://portal.example/x#rp=all").deserves_retry("4xx")


def test_a_5xx_is_not_retried_unless_asked_for(sandbox, ear, send):
    ear.answers[:] = [(500, "text/plain", "")] * 2
    send(hook="")
    assert sandbox.flush() == {"failed": 2}
    assert ear.statuses() == ["sent", "delivered"]


def test_with_retries_asked_for_each_callback_arrives_in_order(sandbox, ear, send):
    ear.answers[:] = [(503, "text/plain", "")] * 3
    send(hook="#rc=5&rp=all&ct=3000&rt=8000")
    assert sandbox.flush() == {"done": 2}
    assert ear.statuses() == ["sent"] * 4 + ["delivered"]
    tokens = [call["headers"]["I-Twilio-Idempotency-Token"] for call in ear.heard]
    assert len(set(tokens)) == 2
    assert len(set(tokens[:4])) == 1


def test_a_webhook_nobody_hears_fails_with_11205(sandbox, twilio, number):
    twilio.messages.create(
        to="+13125550101", from_=number, body="Hi", status_callback="http://127.0.0.1:9/x#rc=0"
    )
    assert sandbox.flush() == {"failed": 2}
    problems = {hook["problem"] for hook in sandbox.get("webhooks")["webhooks"]}
    assert problems == {"11205: ct"}


@pytest.mark.parametrize(
    ("ending", "statuses"),
    [
        ("1071", []),
        ("1072", ["sent", "sent", "delivered", "delivered"]),
        ("1073", ["delivered", "sent"]),
    ],
)
def test_magic_numbers_lose_double_and_reorder_callbacks(sandbox, ear, send, ending, statuses):
    message = send(to=f"+1312555{ending}")
    sandbox.flush()
    assert sorted(ear.statuses()) == sorted(statuses)
    if ending == "1073":
        assert ear.statuses() == statuses
    assert message.fetch().status == "delivered"


def test_doubled_callbacks_have_tokens_of_their_own(sandbox, ear, send):
    sandbox.turn(callbacks_doubled=1)
    send()
    sandbox.flush()
    tokens = {call["headers"]["I-Twilio-Idempotency-Token"] for call in ear.heard}
    assert len(tokens) == 4


def test_lost_callbacks_never_arrive(sandbox, ear, send):
    sandbox.turn(callbacks_lost=1)
    send()
    assert sandbox.flush() == {"lost": 2}
    assert ear.heard == []


def test_held_callbacks_are_taken_by_the_test_and_answered_by_it(sandbox, ear, send, number):
    sandbox.turn(hold_callbacks=True)
    send()
    sandbox.flush()
    sandbox.says("+13125550101", number, "Hello")
    taken = sandbox.post("webhooks/take")["webhooks"]
    assert [hook["kind"] for hook in taken] == ["status", "status", "inbound"]
    for hook in taken:
        signature = hook["headers"]["X-Twilio-Signature"]
        assert RequestValidator(sandbox.token).validate(hook["url"], hook["params"], signature)
        assert "#" not in hook["url"]
    twiml = "<Response><Message>Thanks</Message></Response>"
    sandbox.post(f"webhooks/{taken[2]['id']}/answer", body=twiml)
    assert sandbox.get("messages")["messages"][-1]["body"] == "Thanks"
    assert ear.heard == []


def test_a_flush_leaves_nothing_pending(sandbox, ear, send):
    for n in range(30):
        send(body=str(n))
    assert sandbox.flush()["done"] <= 60  # a slow machine has had some of them already
    by_text = {}
    for form in ear.forms():
        by_text.setdefault(form["MessageSid"], []).append(form["MessageStatus"])
    assert set(map(tuple, by_text.values())) == {("sent", "delivered")}
    assert len(by_text) == 30


def test_weather_can_turn_while_callbacks_are_posted(sandbox, ear, send):
    sandbox.turn(callbacks_doubled=0.5)
    for n in range(20):
        send(body=str(n))
        sandbox.turn(callbacks_doubled=0.5 + n / 100)
    sandbox.flush()
    posted = len(sandbox.get("webhooks")["webhooks"])  # some went out before, on a slow machine
    assert 40 < posted < 80
    assert len(ear.heard) == posted
