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
from dataclasses import asdict, replace
from pathlib import Path

from tests.chaos.control import control
from tests.chaos.run import chaos
from tests.chaos.tiers import TIERS
from tests.chaos.weather import Plan

WORKERS = {"sqlite": 1, "postgresql": 2}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--database", choices=list(WORKERS), default="sqlite")
    parser.add_argument("--seed", type=int, help="replays the plan of an earlier run")
    parser.add_argument("--full", action="store_true", help="the long tier")
    parser.add_argument("--at-most", type=float, help="seconds of bad weather")
    parser.add_argument("--control", action="store_true", help="the naive sender instead")
    parser.add_argument("--report", type=Path, help="also write what is printed here, as JSON")
    parser.add_argument("--keep", action="store_true", help="leave the folder for a look")
    given = parser.parse_args()
    logging.basicConfig(level=logging.ERROR, stream=sys.stdout, format="%(message)s")
    logging.getLogger("chaos").setLevel(logging.INFO)
    log = logging.getLogger("chaos")

    seed = secrets.randbelow(10**6) if given.seed is None else given.seed
    tier = TIERS["full" if given.full else "short", given.database]
    is_postgresql = given.database == "postgresql"
    plan = Plan(
        seed,
        is_postgresql,
        WORKERS[given.database],
        tier.accounts,
        tier.people,
        tier.texts,
        tier.largest_send,
    )
    scale = tier.scale if given.at_most is None else replace(tier.scale, at_most=given.at_most)
    home = Path(tempfile.mkdtemp(prefix="chaos"))
    log.info("seed %d on %s in %s", seed, given.database, home)
    try:
        if given.control:
            came = asdict(control(plan, home, scale))
        else:
            came = asdict(chaos(plan, scale, home))
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
