"""R1: kills, freezes and hard stops under bad weather double nothing, lose nothing, charge right.

CHAOS_SEED=... replays a plan; the seed of each run is printed.
"""

import json
import os
import subprocess
import sys

import pytest

from tests.chaos.weather import STOPS

SHORT_S, FULL_S = 300, 3600
LEAST = {  # texts, process faults, provider faults, opt-outs
    ("short", "sqlite"): (200, 20, 50, 2),
    ("short", "postgresql"): (300, 40, 110, 3),
    ("full", "sqlite"): (5_000, 300, 1_250, 75),
    ("full", "postgresql"): (10_000, 1_000, 2_500, 150),
}


def run(*arguments, report, timeout_s):
    """Run chaos in a process of its own, whose time may move, and return what it reports."""
    command = [sys.executable, "-m", "tests.chaos", *arguments, "--report", str(report)]
    if seed := os.environ.get("CHAOS_SEED"):
        command += ["--seed", seed]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)
    print(done.stdout)
    assert report.exists(), done.stdout + done.stderr
    return json.loads(report.read_text())


def assert_it_was_large_enough(came, tier):
    texts, killed, provider, opt_outs = LEAST[tier, came["database"]]
    assert came["texts"] >= texts
    assert sum(came["process_faults"].values()) >= killed
    assert sum(came["provider_faults"].values()) >= provider
    assert sum(count for words, count in came["people_said"].items() if words in STOPS) >= opt_outs


def assert_nothing_was_wrong(came):
    assert came["findings"] == [], f"seed {came['seed']} on {came['database']}"
    assert set(came["crimes"].values()) == {0}


@pytest.mark.slow
@pytest.mark.xdist_group("chaos")
def test_a_minute_of_chaos(request, tmp_path):
    database = request.config.getoption("--database")
    came = run("--database", database, report=tmp_path / "report.json", timeout_s=SHORT_S)
    assert_nothing_was_wrong(came)
    assert_it_was_large_enough(came, "short")


@pytest.mark.slow
@pytest.mark.xdist_group("chaos")
def test_the_weather_and_the_judge_catch_a_naive_sender(tmp_path):
    """The control: what retries on a missing answer doubles, and is seen to."""
    came = run("--control", report=tmp_path / "report.json", timeout_s=SHORT_S)
    assert came["texts"] >= 200
    assert came["doubled"] >= 0.05 * came["texts"]


@pytest.mark.soak
def test_the_full_tier(request, tmp_path):
    """PROMISES 5.1: 10,000 texts, 1,000 process and 2,500 provider faults on PostgreSQL."""
    database = request.config.getoption("--database")
    options = ["--full", "--database", database]
    came = run(*options, report=tmp_path / "report.json", timeout_s=FULL_S)
    naive = run(*options, "--control", report=tmp_path / "control.json", timeout_s=FULL_S)
    assert_nothing_was_wrong(came)
    assert_it_was_large_enough(came, "full")
    assert naive["doubled"] >= 0.05 * naive["texts"]
