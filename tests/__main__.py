"""Runs all tests: on SQLite, then on PostgreSQL where a server is installed or named, come what may.

With --soak it runs the long tiers instead, one at a time, and shows what they print.
"""

import os
import subprocess
import sys

from portal.bench import postgres

# One more than two cores, as many tests wait for processes they started.
PARALLEL = ["-n", "3", "--dist", "loadgroup"]
SOAK = ["-m", "soak", "-s"]  # a soak wants the machine for itself


def main() -> int:
    arguments = sys.argv[1:]
    soaks = "--soak" in arguments
    if soaks:
        arguments.remove("--soak")
    databases = ["sqlite"]
    if os.environ.get("TEST_DATABASE_URL") or postgres.binaries():
        databases.append("postgresql")
    else:
        print("PostgreSQL is not installed here: the suite runs on SQLite alone.")
    statuses = []
    for database in databases:
        print(f"== the suite on {database}", flush=True)
        command = [
            sys.executable,
            "-m",
            "pytest",
            f"--database={database}",
            *(SOAK if soaks else PARALLEL),
            *arguments,
        ]
        statuses.append(subprocess.run(command, check=False).returncode)
    return max(statuses, key=abs)


if __name__ == "__main__":
    sys.exit(main())
