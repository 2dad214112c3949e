"""Runs chaos, or its control, in a process of its own, and prints what came of it.

usage: python -m tests.chaos [--database sqlite|postgresql] [--seed N] [--full] [--control]
                             [--report FILE] [--keep]
"""

import argparse
import json
import logging
import secrets
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from tests.chaos.control import control
from tests.chaos.run import Scale, chaos
from tests.chaos.weather import Plan

# Texts, process faults and seconds of the storm at least; accounts, people of each, the largest
# send, and how fast time runs.
SHORT = {
    "sqlite": (200, 20, 20, 6, 25, 25, 2),
    "postgresql": (300, 40, 25, 6, 25, 25, 2),
}
FULL = {
    "sqlite": (5_000, 320, 600, 12, 80, 60, 2),
    "postgresql": (10_000, 1_000, 900, 12, 80, 60, 2),
}
SAYINGS = {False: 0.12, True: 0.06}  # texts from people for each text to them; in the full tier
WORKERS = {"sqlite": 1, "postgresql": 2}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--database", choices=list(SHORT), default="sqlite")
    parser.add_argument("--seed", type=int, help="replays the plan of an earlier run")
    parser.add_argument("--full", action="store_true", help="the long tier")
    parser.add_argument("--at-most", type=float, default=3_000, help="seconds of bad weather")
    parser.add_argument("--control", action="store_true", help="the naive sender instead")
    parser.add_argument("--report", type=Path, help="also write what is printed here, as JSON")
    parser.add_argument("--keep", action="store_true", help="leave the folder for a look")
    given = parser.parse_args()
    logging.basicConfig(level=logging.ERROR, stream=sys.stdout, format="%(message)s")
    logging.getLogger("chaos").setLevel(logging.INFO)
    log = logging.getLogger("chaos")

    seed = secrets.randbelow(10**6) if given.seed is None else given.seed
    scale = (FULL if given.full else SHORT)[given.database]
    texts, faults, seconds, accounts, people, largest, pace = scale
    is_postgresql = given.database == "postgresql"
    plan = Plan(seed, is_postgresql, WORKERS[given.database], accounts, people, texts, largest)
    home = Path(tempfile.mkdtemp(prefix="chaos"))
    log.info("seed %d on %s in %s", seed, given.database, home)
    try:
        if given.control:
            came = asdict(control(plan, home, seconds / faults))
        else:
            came = asdict(
                chaos(plan, Scale(seconds, faults, pace, SAYINGS[given.full], given.at_most), home)
            )
    finally:
        if not given.keep:
            shutil.rmtree(home, ignore_errors=True)
    printed = json.dumps(came, indent=2)
    log.info("%s", printed)
    if given.report:
        given.report.write_text(printed)
    return 1 if came.get("findings") else 0


if __name__ == "__main__":
    sys.exit(main())
