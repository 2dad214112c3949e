"""Every bench runs, at a small size, as the command runs it. What it measures is not judged here."""

import os
import subprocess
import sys

import pytest

from portal.bench.cli import BENCHES
from tests.keys import fernet_key

COMMAND = (sys.executable, "-m", "flask", "--app", "app", "bench")
TARGETS = {
    "send": {"G1", "G2", "G3", "G18"},
    "webhooks": {"G7 stored", "G7 sending", "W5 p99", "W5 lost", "G8"},
    "start": {"G16 start", "G16 page", "G12 memory", "G12 growth"},
    "import": {"G9", "G9 memory"},
    "dnc": {"G17", "G17 look-up", "G17 memory"},
    "pages": {"G6 growth", "G6 hello"},
    "inbox": {"G6 growth", "G6 hello"},
    "health": {"G13"},
    "reports": {"G13"},
    "segments": {"G10"},
    "similar": {"H-2 sorted", "H-2 growth", "H-2 found", "H-2 look"},
    "form": {"form opened", "form opened p95", "S9 form taken p95"},
    "bundle": {"G15", "G15 memory"},
    "gates": {"gates", "gates capped"},
    "confirm": {"G4", "G5", "R14 time", "R14 memory"},
    "audit": {"G14", "G14 time"},
    "rules": {""},  # precision and recall, which have no number in SPEED
}


SHORT = {
    "confirm",
    "gates",
    "segments",
    "similar",
}  # the others start whole installations; they run with the soaks


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [n if n in SHORT else pytest.param(n, marks=pytest.mark.soak) for n in BENCHES]
)
def test_a_bench_prints_a_line_for_each_of_its_targets(name, tmp_path):
    # In a process of its own: a bench puts its scratch installation in place of all settings.
    done = subprocess.run(
        [*COMMAND, name, "--size", "20", "--rounds", "1", "--database", "sqlite"],
        env={
            **os.environ,
            "DATABASE_URL": f"sqlite:///{tmp_path}/untouched.db",
            "SECRET_KEY": "x" * 32,
            "ENCRYPTION_KEYS": fernet_key("tests"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = [line.split("|") for line in done.stdout.splitlines() if line.startswith("| ")][1:]
    assert {cells[1].strip() for cells in lines} == TARGETS[name]
    assert not (tmp_path / "untouched.db").exists()


def test_every_bench_has_its_targets_here():
    assert TARGETS.keys() == BENCHES.keys()
