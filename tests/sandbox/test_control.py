"""The control API explains mistakes and changes nothing by them."""

import pytest

PERSON = "+13125550101"


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("inbound", {"from": "12", "to": PERSON}, "12 is not a phone number"),
        ("inbound", {"from": PERSON}, "None is not a phone number"),
        ("senders/+13125550199", {"carrier_keywords": False}, "No such sender"),
        ("senders/+13125550199", {}, "Give one of: carrier_keywords"),
        ("webhooks/99/answer", {"status": 200}, "No such webhook was taken"),
        ("accounts/AC1/status", {"status": "suspended"}, "was not found"),
        ("accounts/AC1/token", {}, "was not found"),
        ("accounts/AC" + "a" * 32 + "/status", {"status": "sleepy"}, "sleepy is not possible"),
        ("clock", {"by": "soon"}, "could not convert"),
    ],
)
def test_a_mistake_is_explained(sandbox, path, body, words):
    with pytest.raises(ValueError, match=words):
        sandbox.post(path, **body)


@pytest.mark.parametrize("media", [["a.png"], [{"data": "no base64"}], [{"data": 7}]], ids=str)
def test_a_broken_picture_is_explained(sandbox, number, media):
    with pytest.raises(ValueError, match=r"medium|base64"):
        sandbox.says(PERSON, number, "Hi", media=media)
    assert sandbox.get("messages")["messages"] == []


def test_what_is_no_json_object_is_refused(sandbox):
    url = f"{sandbox.base_url}/_sandbox/knobs"
    for body in (b"", b"[]", b"{"):
        answer = sandbox.http.request("POST", url, body=body)
        assert (answer.status, answer.json()) == (400, {"error": "Send a JSON object."})


def test_time_moves_by_some_or_to_an_offset(sandbox, clock):
    start = sandbox.get("clock")["offset"]
    assert sandbox.post("clock", by=3600)["offset"] != start
    sandbox.post("clock", offset=0)
    assert (sandbox.state.parent / "clock").read_text() == "0.0"


def test_a_reset_forgets_everything_but_the_main_account(sandbox, twilio, send, number):
    send()
    sandbox.says(PERSON, number, "STOP")
    twilio.api.v2010.accounts.create(friendly_name="Gone")
    sandbox.turn(latency_ms=1)
    sandbox.reset()
    assert sandbox.get("knobs")["latency_ms"] == 0
    assert sandbox.log(all="1") == []
    assert sandbox.get("blocks")["blocks"] == []
    assert sandbox.get("webhooks")["webhooks"] == []
    assert twilio.incoming_phone_numbers.list() == []
    assert [account.sid for account in twilio.api.v2010.accounts.list()] == [sandbox.sid]


def test_the_log_is_read_on_from_a_place(sandbox, send):
    send(body="one")
    place = sandbox.log()[-1]["seq"]
    send(body="two")
    assert [entry["body"] for entry in sandbox.log(after=str(place))] == ["two"]
