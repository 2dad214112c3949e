"""R1: kills, freezes and hard stops under bad weather double nothing, lose nothing, charge right.

CHAOS_SEED=... replays a plan; each run prints its own before it begins.
"""

import json
import os
import secrets
import subprocess
import sys
from dataclasses import dataclass

import pytest

from tests.chaos.tiers import TIERS
from tests.chaos.weather import STOPS, Door


@dataclass(frozen=True)
class Least:
    """What must have happened for a run to prove anything."""

    texts: int
    process_faults: int
    provider_faults: int
    opt_outs: int  # said by people


LEAST = {
    ("short", "sqlite"): Least(300, 30, 80, 3),
    ("short", "postgresql"): Least(450, 60, 150, 4),
    ("full", "sqlite"): Least(5_000, 300, 1_250, 75),
    ("full", "postgresql"): Least(10_000, 1_000, 2_500, 150),
}

FAULTS_AT_LEAST = 150  # of both kinds, also in the short tier (PROMISES 5.1)


def run(*arguments, report, timeout_s):
    """Run chaos in a process of its own, whose time may move, and return what it reports.

    What it started ends with it, also when it is killed.
    """
    seed = os.environ.get("CHAOS_SEED") or str(secrets.randbelow(10**6))
    print(
        f"CHAOS_SEED={seed} {' '.join(arguments)}, a verdict within {timeout_s:.0f} s", flush=True
    )
    command = [sys.executable, "-m", "tests.chaos", *arguments, "--seed", seed]
    command += ["--report", str(report)]
    said = report.with_suffix(".log")
    with said.open("w") as out:
        try:
            subprocess.run(command, stdout=out, stderr=out, timeout=timeout_s, check=False)
        finally:
            print(said.read_text())
    assert report.exists(), said.read_text()
    return json.loads(report.read_text())


def assert_it_was_large_enough(came, tier):
    """What was judged must have happened: texts, faults, and STOPs and callbacks we answered."""
    least = LEAST[tier, came["database"]]
    assert came["texts"] >= least.texts
    assert sum(came["process_faults"].values()) >= least.process_faults
    assert sum(came["provider_faults"].values()) >= least.provider_faults
    faults = [*came["process_faults"].values(), *came["provider_faults"].values()]
    assert sum(faults) >= FAULTS_AT_LEAST
    said = sum(count for words, count in came["people_said"].items() if words in STOPS)
    assert said >= least.opt_outs
    # A third of the webhooks is lost, others find nobody at home: of a few STOPs most may be unheard.
    assert came["stops_judged"] >= (said // 3 if tier == "full" else 1)
    assert came["last_words_judged"] >= least.opt_outs
    assert came["callbacks"]["texts heard of"] >= came["accepted"] // 4
    # The full tier ends after its last day's sweep, which asks for what no callback told.
    assert came["delivered"] >= (0.95 if tier == "full" else 0.25) * came["accepted"]
    assert set(came["sends_by"]) == set(Door)
    assert len(came["segments"]) > 1
    assert came["double_clicks"] > 0


def assert_nothing_was_wrong(came):
    assert came["findings"] == [], f"seed {came['seed']} on {came['database']}"
    assert set(came["crimes"].values()) == {0}
    # Permitted without evidence only, and the last day has fair weather and a full list.
    assert came["unconfirmed_though_accepted"] == 0


@pytest.mark.slow
@pytest.mark.xdist_group("chaos")
def test_a_minute_of_chaos(request, tmp_path):
    database = request.config.getoption("--database")
    limit = TIERS["short", database].ends_within
    came = run("--database", database, report=tmp_path / "report.json", timeout_s=limit)
    assert_nothing_was_wrong(came)
    assert_it_was_large_enough(came, "short")


@pytest.mark.slow
@pytest.mark.xdist_group("chaos")
def test_the_weather_and_the_judge_catch_a_naive_sender(tmp_path):
    """The control: what retries on a missing answer doubles, and is seen to."""
    limit = TIERS["short", "sqlite"].ends_within
    came = run("--control", report=tmp_path / "report.json", timeout_s=limit)
    assert came["texts"] >= 200
    assert came["doubled"] >= 0.05 * came["texts"]


@pytest.mark.soak
def test_the_full_tier(request, tmp_path):
    """PROMISES 5.1: 10,000 texts, 1,000 process and 2,500 provider faults on PostgreSQL."""
    database = request.config.getoption("--database")
    options, limit = ["--full", "--database", database], TIERS["full", database].ends_within
    came = run(*options, report=tmp_path / "report.json", timeout_s=limit)
    naive = run(*options, "--control", report=tmp_path / "control.json", timeout_s=limit)
    assert_nothing_was_wrong(came)
    assert_it_was_large_enough(came, "full")
    assert naive["doubled"] >= 0.05 * naive["texts"]
