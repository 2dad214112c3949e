"""One sandbox and one ear for each module of tests, reset before each test."""

import pytest

from tests.sandbox.server import run_ear, run_sandbox

HOOK = "#rc=0&rp=all"


@pytest.fixture(scope="module")
def _sandbox(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sandbox")
    with run_sandbox(folder / "state", clock_file=folder / "clock") as running:
        yield running


@pytest.fixture(scope="module")
def _ear():
    with run_ear() as listening:
        yield listening


@pytest.fixture
def sandbox(_sandbox):
    _sandbox.reset()
    return _sandbox


@pytest.fixture
def ear(_ear):
    _ear.forget()
    return _ear


@pytest.fixture
def twilio(sandbox):
    return sandbox.client()


@pytest.fixture
def number(twilio, ear):
    """A number that tells the ear what people text."""
    bought = twilio.incoming_phone_numbers.create(
        phone_number="+13125550160", sms_url=f"{ear.url}/sms?n=1"
    )
    return bought.phone_number


@pytest.fixture
def send(twilio, ear, number):
    """Send a text whose callbacks come to the ear."""

    def send(to="+13125550101", body="Hi", *, hook="#rc=0", **more):
        more.setdefault("from_", number)
        return twilio.messages.create(
            to=to, body=body, status_callback=f"{ear.url}/status?m=7&a=1{hook}", **more
        )

    return send
