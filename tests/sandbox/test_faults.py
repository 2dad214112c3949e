"""Bad weather: what is accepted, whatever the client is told."""

import time

import pytest
import requests
from twilio.base.exceptions import TwilioException, TwilioRestException

from portal.sandbox.magic import TO
from tests.patience import ANSWER_S
from tests.sandbox.server import Sandbox

PERSON = "+13125550101"
# What the twilio client raises for each way to break an answer.
SHAPES = {
    "400": TwilioRestException,
    "429": TwilioRestException,
    "500_before": TwilioRestException,
    "503_before": TwilioRestException,
    "500_after": TwilioRestException,
    "reset_before": requests.ConnectionError,
    "reset_after": requests.ConnectionError,
    "timeout_after": requests.ReadTimeout,
    "truncated_after": requests.exceptions.ChunkedEncodingError,
    "garbage_before": (TwilioRestException, ValueError),
    "garbage_after": (TwilioRestException, ValueError),
}


def client_for(fault: str, sandbox: Sandbox):
    """Return a client that waits a moment for what never comes, and else as long as it takes."""
    return sandbox.client(timeout=2 if fault == "timeout_after" else ANSWER_S)


@pytest.mark.parametrize("fault", SHAPES)
def test_a_planned_fault_breaks_the_answer_and_the_log_tells_the_truth(sandbox, number, fault):
    sandbox.plan(fault)
    with pytest.raises(SHAPES[fault]):
        client_for(fault, sandbox).messages.create(to=PERSON, from_=number, body="Hi")
    accepted = sandbox.log()
    assert len(accepted) == (1 if fault.endswith("_after") else 0)
    assert len(sandbox.log(all="1")) == 1
    assert sandbox.client().messages.create(to=PERSON, from_=number, body="Hi").sid


@pytest.mark.parametrize("magic", [m for m in TO if m.effect == "fault"], ids=lambda m: m.number)
def test_magic_faults_happen_as_often_as_told(sandbox, number, magic):
    to = "+1312" + magic.number.replace("-", "")
    with pytest.raises(SHAPES[magic.fault]):
        client_for(magic.fault, sandbox).messages.create(to=to, from_=number, body="Hi")
    assert len(sandbox.log()) == (1 if magic.fault.endswith("_after") else 0)
    if magic.times:
        assert sandbox.client().messages.create(to=to, from_=number, body="Hi").sid


def test_a_429_says_when_to_try_again(sandbox, number):
    sandbox.plan("429")
    answer = requests.post(
        f"{sandbox.base_url}/api/2010-04-01/Accounts/{sandbox.sid}/Messages.json",
        data={"To": PERSON, "From": number, "Body": "Hi"},
        auth=(sandbox.sid, sandbox.token),
        timeout=30,
    )
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    assert answer.json()["code"] == 20429


def test_shares_are_met_and_the_same_seed_gives_the_same_weather(sandbox, number):
    client = sandbox.client()

    def outcomes():
        sandbox.turn(rate_429=0.3, rate_500_after=0.3, seed=7)
        seen = []
        for _ in range(40):
            try:
                seen.append(client.messages.create(to=PERSON, from_=number, body="Hi").status)
            except TwilioRestException as error:
                seen.append(error.status)
        return seen

    first = outcomes()
    assert 4 <= first.count(429) <= 20
    assert 4 <= first.count(500) <= 20
    assert len(sandbox.log()) == 40 - first.count(429)
    assert outcomes() == first


def test_a_texts_weather_does_not_hang_on_the_others(sandbox, number):
    """Chaos is replayed by its seed, though threads come in another order each time."""
    client = sandbox.client()

    def weather(people):
        sandbox.turn(rate_429=0.5, seed=11)
        seen = {}
        for person in people:
            try:
                seen[person] = client.messages.create(to=person, from_=number, body="Hi").status
            except TwilioRestException as error:
                seen[person] = error.status
        return seen

    people = [f"+131255501{place:02d}" for place in range(12)]
    first = weather(people)
    assert set(first.values()) == {"queued", 429}
    assert weather(people[::-1]) == first


def test_latency_slows_creates_and_reads(sandbox, twilio, number):
    sandbox.turn(latency_ms=60)
    start = time.perf_counter()
    twilio.messages.create(to=PERSON, from_=number, body="Hi")
    twilio.messages.list()
    assert time.perf_counter() - start >= 0.12


def test_reads_can_fail(sandbox, twilio):
    sandbox.turn(rate_read_error=1)
    with pytest.raises(TwilioException, match="Unable to fetch page"):
        twilio.messages.list()


@pytest.mark.parametrize(
    ("knobs", "words"),
    [
        ({"rate_429": 2}, "between 0 and 1"),
        ({"rate_429": "often"}, "not a number"),
        ({"weather": 1}, "No knob is called weather"),
    ],
)
def test_a_wrong_knob_is_refused_and_nothing_turns(sandbox, knobs, words):
    with pytest.raises(ValueError, match=words):
        sandbox.turn(**{"latency_ms": 5, **knobs})
    assert sandbox.get("knobs")["latency_ms"] == 0


def test_an_unknown_fault_is_refused(sandbox):
    with pytest.raises(ValueError, match="No fault is called flood"):
        sandbox.plan("flood")


def test_foreign_hosts_and_foreign_sites_are_turned_away(sandbox):
    def status(method, path, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return sandbox.http.request(method, sandbox.base_url + path, headers=named).status

    assert status("GET", "/", Host="evil.example") == 421
    assert status("POST", "/_sandbox/reset", Origin="https://evil.example") == 403
    assert status("POST", "/handsets", Sec_Fetch_Site="cross-site") == 403
    assert status("POST", "/_sandbox/reset", Origin=sandbox.base_url) == 200
