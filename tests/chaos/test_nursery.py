"""A run that is killed leaves nobody behind: neither processes nor the servers beside them."""

import json
import signal
import subprocess
import sys
import time

from tests.chaos.nursery import birth, is_alive

A_RUN = """
import json, subprocess, sys, time
from pathlib import Path
from tests.chaos.nursery import Nursery
from tests.chaos.stage import SID, TOKEN, environment
from tests.sandbox.server import free_port

home, port = Path(sys.argv[1]), free_port()
nursery = Nursery(home, environment(free_port(), port, f"sqlite:///{home / 'x.db'}"))
words = ["--port", str(port), "--state", str(home / "carrier")]
words += ["--account-sid", SID, "--auth-token", TOKEN]
carrier = nursery.start("sandbox", home / "log", *words)
servers = [subprocess.Popen(["sleep", "600"], start_new_session=True).pid for _ in range(2)]
nursery.adopt(servers[0])
print(json.dumps([nursery.pid, carrier, *servers]), flush=True)
time.sleep(600)
"""


def test_a_killed_run_takes_with_it_what_it_started_and_adopted(tmp_path):
    command = [sys.executable, "-c", A_RUN, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        *ended, stranger = json.loads(run.stdout.readline())
        assert all(is_alive(pid) for pid in ended)
        run.kill()
    try:
        end = time.monotonic() + 30
        while any(is_alive(pid) for pid in ended) and time.monotonic() < end:
            time.sleep(0.05)
        assert not any(is_alive(pid) for pid in ended)
        assert is_alive(stranger)  # nobody adopted it
    finally:
        subprocess.run(["kill", "-9", str(stranger)], check=False)


def test_a_process_is_told_from_a_later_one_of_its_number():
    with subprocess.Popen(["sleep", "600"]) as process:
        born = birth(process.pid)
        process.send_signal(signal.SIGKILL)
    assert born
    assert birth(process.pid) == ""
