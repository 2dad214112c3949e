"""N1, PROMISES 5.0: bugs planted into a copy of the product, one by one; the tests must see each one.

A bug is a patch in bugs/, applied with `git apply` to a copy of portal/ and workers/. The tests
beside it must pass on the untouched copy and fail on the patched one: by what they assert, an
AssertionError or pytest's own failure, not by breaking. A patch that no longer fits the code fails here, too: mend it with the code.
"""

import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import databases

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
# A bug is caught in 5 s (RULINGS 28), most of which the copy takes to import the product. It is
# asked in processor time, which doubles where a core is shared.
CAUGHT_WITHIN_CPU_S = 2 * 5
NEEDED = ("app.py", "pyproject.toml", "migrations", "static", "templates")

_PROTOCOL = "messaging/test_protocol.py::test_every_text_ends_where_the_table_says"
_VERDICT = "gateways/test_outcomes.py::test_each_behaviour_has_the_verdict_of_the_table"
_JOBS, _HOOKS = "messaging/test_jobs.py", "messaging/test_webhooks.py"
_MEET, _LEDGER = "messaging/test_meetings.py", "billing/test_service.py"
_OUTAGE, _RESTORE = "messaging/test_outage.py", "messaging/test_restore.py"
_OPENINGS = "messaging/test_openings.py"

CAUGHT_BY = {
    # bug: what catches it
    "retry_after_a_timeout": f"{_PROTOCOL}[nowhere-callbacks]",
    "retry_after_a_5xx": f"{_VERDICT}[500 with code]",
    "reaper_queues_again": f"{_PROTOCOL}[post_before_t3-callbacks]",
    "absence_from_the_list_is_proof": f"{_PROTOCOL}[post_before_t3-silence]",
    "fence_not_checked": f"{_JOBS}::test_a_stale_worker_changes_nothing",
    "stop_forgets_what_is_claimed": f"{_HOOKS}::test_a_claimed_text_does_not_survive_a_stop",
    "plan_goes_on_after_a_reply": (
        "drips/test_running.py::TestStops::test_a_reply_pauses_and_resuming_goes_on_in_order"
    ),
    "plan_begins_again_for_a_program": (
        "integrations/test_contacts.py"
        "::TestPlan::test_whoever_was_in_a_plan_once_is_not_put_into_it_again"
    ),
    "start_undoes_a_later_stop": (
        f"{_OUTAGE}::test_a_stop_heard_late_holds_and_an_older_start_opens_nothing"
    ),
    "webhooks_named_by_a_header": (
        "messaging/test_walls.py::test_only_what_is_signed_says_which_text_it_is"
    ),
    "last_status_wins": f"{_HOOKS}::TestStatus::test_any_order_ends_the_same[order1]",
    "second_name_is_not_told": (f"{_HOOKS}::TestStatus::test_a_second_sid_raises_the_double_alarm"),
    "second_click_is_a_second_send": (
        "messaging/test_sending.py::test_a_double_click_is_one_campaign"
    ),
    "balance_left_to_the_worker": f"{_LEDGER}::TestReserve::test_is_all_or_nothing",
    "charge_without_a_name": "billing/test_books.py::test_a_text_is_charged_or_given_back_never_both",
    "refund_before_it_is_settled": f"{_JOBS}::test_failed_texts_are_refunded_after_three_days",
    "late_proof_is_charged": f"{_LEDGER}::TestResolve::test_late_proof_is_paid_by_the_house",
    "alert_told_before_the_burst_ends": (
        "billing/test_alerts.py::test_a_burst_in_one_unit_of_work_is_one_alert"
    ),
    "upgrade_keeps_the_old_limit": (
        "billing/test_alerts.py::test_an_upgrade_is_a_new_limit_and_80_percent_can_alert_again"
    ),
    "key_of_one_column": (
        "messaging/test_walls.py::test_a_text_of_an_account_cannot_be_another_organizations"
    ),
    "grant_without_a_name": f"{_LEDGER}::TestGrant::test_of_one_reference_counts_once",
    "doubts_are_never_given_up": f"{_PROTOCOL}[post_before_t3-silence]",
    "same_words_leave_beside_a_doubt": f"{_JOBS}::test_the_same_words_are_never_in_doubt_twice",
    "deadline_is_not_looked_at": (
        "gateways/test_connections.py::test_the_deadline_is_kept_before_the_first_byte"
    ),
    # what recovery hangs on after an outage, a restore or a lost webhook
    "gate_opens_at_the_first_reading": (
        f"{_OUTAGE}::test_a_stop_that_the_list_tells_late_is_known_before_the_first_bulk_text"
    ),
    "mark_outside_is_not_compared": (
        f"{_RESTORE}::test_a_restore_is_noticed_by_the_very_next_text_too"
    ),
    "fence_lets_texts_go": (
        "messaging/test_last_look.py"
        "::test_a_fence_holds_every_kind_of_text_and_frees_it_when_lifted"
    ),
    "fence_lifts_before_the_lag": f"{_RESTORE}::test_a_reading_counts_from_when_it_began",
    "proof_of_the_unsent_stops_nothing": (
        f"{_RESTORE}::test_evidence_for_a_text_that_never_left_stops_everybody_of_the_organization"
    ),
    "strays_stop_nothing": (
        f"{_OUTAGE}::TestStrays::test_they_are_told_once_for_each_and_stop_sending"
    ),
    "sweep_hears_nobody": (
        f"{_OUTAGE}::test_a_stop_heard_late_holds_and_an_older_start_opens_nothing"
    ),
    "lost_webhooks_are_not_heard": (
        f"{_JOBS}::test_a_stop_whose_webhook_was_lost_is_found_in_the_list"
    ),
    "webhook_is_answered_though_not_kept": (
        "messaging/test_webhook_load.py"
        "::test_while_the_database_is_down_the_carrier_is_asked_to_come_again[INSERT-1]"
    ),
    # which STOP and which START counts
    "opt_out_is_confirmed_again": (
        f"{_HOOKS}::test_an_opt_out_is_confirmed_once_however_often_it_is_said"
    ),
    "stop_spares_other_accounts": (
        f"{_HOOKS}::test_stop_blocks_marketing_of_every_account_of_the_organization"
    ),
    "refusal_of_an_opt_out_is_forgotten": (
        f"{_JOBS}::test_a_refusal_because_of_an_opt_out_is_an_opt_out"
    ),
    "start_counts_from_its_arrival": (
        f"{_OPENINGS}::test_a_start_that_comes_late_does_not_undo_the_stop_that_overtook_it"
    ),
    "undated_start_opens_at_once": (
        f"{_OPENINGS}::TestNobodyCanReadIt::test_what_the_carrier_does_not_know_opens_nothing"
    ),
}
CAUGHT_ON_POSTGRESQL = {
    # SQLite has one writer at a time and hides these
    "stop_takes_credits_first": f"{_MEET}::test_a_stop_and_cancel_the_rest",
    "texts_locked_as_they_come": f"{_MEET}::test_cancel_the_rest_and_the_gate",
    "place_given_back_unseen": (
        f"{_MEET}::test_a_confirm_counts_on_a_place_that_a_cancel_gives_back"
    ),
    "gate_looks_before_it_locks": (f"{_MEET}::test_the_gate_waits_for_a_stop_that_is_being_stored"),
    "limit_looked_at_before_it_is_locked": f"{_MEET}::test_two_sends_reach_the_limit_of_the_day",
    "balance_looked_at_before_it_is_locked": f"{_MEET}::test_two_sends_reach_for_the_last_credits",
}


def pytest_generate_tests(metafunc):
    if "bug" in metafunc.fixturenames:
        is_sqlite = metafunc.config.getoption("--database") == "sqlite"
        metafunc.parametrize("bug", CAUGHT_BY if is_sqlite else CAUGHT_ON_POSTGRESQL)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of the product with its tests."""
    tree = tmp_path_factory.mktemp("controls")
    half_written = shutil.ignore_patterns("*.pyc.*")  # byte code that others are writing
    for folder in ("portal", "workers", "tests"):  # with the byte code, which still fits
        shutil.copytree(ROOT / folder, tree / folder, ignore=half_written)
    for other in NEEDED:
        (tree / other).symlink_to(ROOT / other)
    return tree


@pytest.fixture(scope="module")
def database_of_copy(request):
    """A server for the copy alone: the outer test's database stays as it is."""
    if request.config.getoption("--database") == "sqlite":
        yield "sqlite", {}
        return
    with databases.postgres_server() as server:
        yield "postgresql", {"TEST_DATABASE_URL": server}


@pytest.fixture(scope="module")
def ask(database_of_copy, tree):
    """Run tests of the copy in a fork of one warm process."""
    database, more = database_of_copy
    process = subprocess.Popen(
        [sys.executable, str(HERE / "warm.py")],
        env={**os.environ, **more, "PYTEST_ADDOPTS": ""},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def run(tests):
        wanted = [f"tests/{test}" for test in tests]
        asked = {"tree": str(tree), "tests": wanted, "database": database}
        process.stdin.write(json.dumps(asked) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    yield run
    process.stdin.close()
    process.wait()
    process.stdout.close()


@pytest.fixture(scope="module")
def untouched(request, ask):
    """What becomes of all these tests where no bug was planted."""
    is_sqlite = request.config.getoption("--database") == "sqlite"
    return ask((CAUGHT_BY if is_sqlite else CAUGHT_ON_POSTGRESQL).values())


def apply(bug, tree, *options):
    """Apply a bug's patch to a copy, wherever that lies: no repository around it is asked."""
    done = subprocess.run(
        ["git", "apply", *options, str(HERE / "bugs" / f"{bug}.patch")],
        cwd=tree,
        env={**os.environ, "GIT_CEILING_DIRECTORIES": str(tree.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{bug}.patch no longer fits the code: {done.stderr}"


@contextmanager
def planted(bug, tree):
    """Plant a bug in the copy, and leave the copy as it was."""
    apply(bug, tree)
    try:
        yield
    finally:
        apply(bug, tree, "--reverse")


@pytest.mark.slow
@pytest.mark.xdist_group("controls")  # one warm process and one untouched run for all
def test_a_planted_bug_is_caught(bug, tree, untouched, ask):
    test = {**CAUGHT_BY, **CAUGHT_ON_POSTGRESQL}[bug]
    assert f"tests/{test}" in untouched["passed"], untouched["why"]
    with planted(bug, tree):
        verdict = ask([test])
    assert (verdict["failed"], verdict["broken"]) == ([f"tests/{test}"], []), verdict
    assert verdict["cpu_s"] <= CAUGHT_WITHIN_CPU_S
    print(f"{bug}: caught in {verdict['cpu_s']} CPU-s")


def test_every_patch_is_planted_somewhere():
    patches = {path.stem for path in (HERE / "bugs").glob("*.patch")}
    assert patches == CAUGHT_BY.keys() | CAUGHT_ON_POSTGRESQL.keys()
