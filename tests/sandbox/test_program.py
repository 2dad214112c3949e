"""The sandbox as a program: state over restarts, a clean end, the command line."""

import signal
import socket
import subprocess
import sys
import time

import pytest
import urllib3

from portal.sandbox import SandboxConfig
from tests.sandbox.server import run_sandbox

PERSON = "+13125550101"


def test_state_survives_a_restart_with_what_was_still_to_be_carried(tmp_path, ear):
    with run_sandbox(tmp_path) as first:
        first.turn(hold_callbacks=True)
        client = first.client()
        number = client.incoming_phone_numbers.create(area_code="312").phone_number
        message = client.messages.create(
            to=PERSON, from_=number, body="Hi", status_callback=f"{ear.url}/status"
        )
        first.flush()
        first.says("+13125550102", number, "STOP")
        token = first.token
    with run_sandbox(tmp_path, token=token) as second:
        assert second.get("knobs")["hold_callbacks"] is True
        assert second.get("blocks")["blocks"][0]["person"] == "+13125550102"
        assert second.client().messages(message.sid).fetch().status == "delivered"
        second.turn(hold_callbacks=False)
        second.flush()
    assert ear.statuses() == ["sent", "delivered"]


def test_the_program_starts_and_ends_on_a_signal_within_two_seconds(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "portal.sandbox", "--port", str(port)]
    command += ["--state", str(tmp_path), "--account-sid", "AC" + "a" * 32, "--auth-token", "t"]
    command += ["--clock-file", str(tmp_path / "clock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        assert f"http://127.0.0.1:{port}" in program.stdout.readline()
        with urllib3.PoolManager(retries=False) as http:
            url = f"http://127.0.0.1:{port}"
            assert http.request("GET", f"{url}/healthz").status == 200
            http.request("POST", f"{url}/_sandbox/clock", json={"by": 3600})
            assert float((tmp_path / "clock").read_text()) == 3600
            start = time.monotonic()
            program.send_signal(signal.SIGTERM)
            assert program.wait(timeout=5) == 0
            assert time.monotonic() - start < 2


def test_nonsense_on_the_command_line_is_explained(tmp_path):
    with pytest.raises(ValueError, match="32 hexadecimal"):
        SandboxConfig(tmp_path, "AC1", "t")
    with pytest.raises(ValueError, match="auth token is missing"):
        SandboxConfig(tmp_path, "AC" + "a" * 32, "")


def test_without_a_clock_file_time_stands_where_it_is(tmp_path):
    with run_sandbox(tmp_path) as running:
        with pytest.raises(ValueError, match="without a clock file"):
            running.post("clock", by=60)
        assert running.get("clock")["now"]
