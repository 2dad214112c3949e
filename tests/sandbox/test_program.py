"""The sandbox as a program: state over restarts, a clean end, the command line."""

import signal
import socket
import time

import pytest

from portal.sandbox import SandboxConfig
from portal.sandbox.__main__ import main
from tests.patience import PROCESS_S
from tests.sandbox.server import run_sandbox, spawn_sandbox

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


@pytest.fixture
def deaf():
    """A portal that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(PROCESS_S)
        yield listening


def test_the_program_ends_on_a_signal_and_waits_for_no_hook_that_hangs(tmp_path, deaf):
    hook = f"http://127.0.0.1:{deaf.getsockname()[1]}/status"
    with spawn_sandbox(tmp_path, clock_file=tmp_path / "clock") as (sandbox, program):
        assert sandbox.http.request("GET", f"{sandbox.base_url}/healthz").status == 200
        sandbox.post("clock", by=3600)
        assert float((tmp_path / "clock").read_text()) == 3600
        sandbox.turn(sent_seconds=0)
        sandbox.client().messages.create(
            to=PERSON, from_="+15005550006", body="Hi", status_callback=hook
        )
        with deaf.accept()[0]:
            start = time.monotonic()
            program.send_signal(signal.SIGTERM)
            assert program.wait(timeout=PROCESS_S) == 0
            assert time.monotonic() - start < 12  # the hook may take 15 s


def test_nonsense_on_the_command_line_is_explained(tmp_path):
    with pytest.raises(ValueError, match="32 hexadecimal"):
        SandboxConfig(tmp_path, "AC1", "t")
    with pytest.raises(ValueError, match="auth token is missing"):
        SandboxConfig(tmp_path, "AC" + "a" * 32, "")


def test_a_port_in_use_stops_the_start_with_one_clear_line(tmp_path, deaf, capsys):
    port = deaf.getsockname()[1]
    command = ["--port", str(port), "--state", str(tmp_path)]
    with pytest.raises(SystemExit) as ended:
        main([*command, "--account-sid", "AC" + "a" * 32, "--auth-token", "t"])
    assert ended.value.code == 1
    said = capsys.readouterr().err
    assert said == f"Port {port} cannot be used: Address already in use.\n"


def test_wrong_credentials_stop_the_start(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--port", "1", "--state", str(tmp_path), "--account-sid", "AC1"])
    assert ended.value.code == 2
    assert "32 hexadecimal digits" in capsys.readouterr().err


def test_without_a_clock_file_time_stands_where_it_is(tmp_path):
    with run_sandbox(tmp_path) as running:
        with pytest.raises(ValueError, match="without a clock file"):
            running.post("clock", by=60)
        assert running.get("clock")["now"]
