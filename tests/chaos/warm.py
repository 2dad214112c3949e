"""Runs tests against copies of the product, each in a fork of one warm process.

The parent knows every library and nothing of the product, so a copy is imported anew in each
fork, and a run costs what the product costs, not what its libraries cost. It also compiles the
patterns that a run compiled: what comes of a pattern hangs on nothing else.

usage: python tests/chaos/warm.py, then one JSON object a line:
    {"tree": folder, "tests": [ids], "database": name} -> {"failed": [ids], "broken": [ids], ...}
"""

import gc
import importlib
import json
import os
import re
import sys
import time
from contextlib import suppress

import pytest

OURS = {"portal", "workers", "tests", "app", "conftest"}


class Verdicts:
    """What became of each test: failed by what it asserts, or broken on the way there."""

    def __init__(self):
        self.passed, self.failed, self.broken, self.why = [], set(), [], ""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item, call):
        report = yield
        meant = (AssertionError, pytest.fail.Exception)
        report.is_asserted = call.excinfo is not None and call.excinfo.errisinstance(meant)
        return report

    def pytest_runtest_logreport(self, report):
        if report.failed and (report.when == "setup" or not report.is_asserted):
            self.broken.append(report.nodeid)
        elif report.failed:
            self.failed.add(report.nodeid)  # by itself, or by a check that follows every test
        elif report.when == "call":
            self.passed.append(report.nodeid)
        if report.failed and not self.why:
            self.why = str(report.longrepr)[-1500:]

    def pytest_collectreport(self, report):
        if report.failed:
            self.broken.append(report.nodeid)
            self.why = str(report.longrepr)[-1500:]


def run(tree, tests, database):
    """Run tests of a copy in this process; return the verdicts and the libraries they needed."""
    os.chdir(tree)
    sys.path.insert(0, tree)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)  # the answers go through a pipe of their own
    os.dup2(null, 2)
    verdicts = Verdicts()
    options = ["-p", "no:cacheprovider", "-p", "no:randomly", "--basetemp=basetemp"]
    options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # they are warm
    options += ["-p", "no:hypothesispytest"]  # it reads all our code for constants to try
    started = time.process_time()
    gc.disable()  # until all is imported, see conftest: it would walk what stays
    pytest.main([*options, f"--database={database}", *tests], plugins=[verdicts])
    return {
        "passed": verdicts.passed,
        "failed": sorted(verdicts.failed),
        "broken": verdicts.broken,
        "why": verdicts.why,
        "cpu_s": round(time.process_time() - started, 2),
        "libraries": [m for m in sys.modules if m.partition(".")[0] not in OURS],
        "patterns": [[p, f] for kind, p, f in re._cache if kind is str],
    }


def in_a_fork(request):
    """Do what is asked in a child, so that this process never imports the product."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        with os.fdopen(writing, "w") as pipe:
            json.dump(run(**request), pipe)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        answer = json.loads(pipe.read() or '{"broken": ["the process"], "why": "it died"}')
    os.waitpid(child, 0)
    return answer


def main():
    sys.path.pop(0)  # this folder
    for line in sys.stdin:
        answer = in_a_fork(json.loads(line))
        for name in answer.pop("libraries", ()):
            with suppress(Exception):
                importlib.import_module(name)
        for pattern, flags in answer.pop("patterns", ()):
            re.compile(pattern, flags)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
