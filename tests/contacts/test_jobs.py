"""The import as a job, through the queue, and as a command (K-1, RULINGS 31)."""

import csv
from datetime import timedelta
from pathlib import Path

import pytest
from rq import SimpleWorker

from portal.contacts import queries
from portal.contacts.service import importing
from portal.contacts.service.contact_import import ContactHandler
from portal.contacts.values import ConsentSource, ImportKind, ImportState
from portal.core import jobs
from portal.core.audit import SYSTEM
from portal.core.db import db, unit_of_work
from portal.core.jobs import Lane
from tests.factories.contacts import check, upload
from workers.contacts import import_contacts, resume_imports

DATA = Path(__file__).parents[1] / "data"
FILE = "Name,Phone\nAnn Lee,3125550142\nBo Ray,3125550143\nCy,call office\n"


@pytest.fixture
def waiting(app, northside):
    """An import a person has confirmed."""
    import_ = check(northside, upload(northside, FILE))
    with unit_of_work():
        importing.confirm(northside.tenant, import_.id, actor=SYSTEM)
    return import_


def after(import_):
    return queries.import_or_404(import_.tenant, import_.id)


def test_the_job_imports_once_however_often_it_runs(waiting):
    import_contacts(str(waiting.id))
    import_contacts(str(waiting.id))
    done = after(waiting)
    assert (done.state, done.imported, done.rejected) == (ImportState.DONE, 2, 1)
    assert queries.count(waiting.tenant) == 2


def test_the_job_does_the_dry_run_too_and_stores_nothing(app, northside, monkeypatch):
    monkeypatch.setattr(importing, "INLINE_ROWS", 1)
    import_ = upload(northside, FILE)
    with unit_of_work():
        importing.match_columns(
            northside.tenant, import_.id, ContactHandler(), import_.mapping,
            consent_source=ConsentSource.NONE_YET, actor=SYSTEM,
        )  # fmt: skip
    assert jobs.waiting(Lane.REPORTS) == 1
    import_contacts(str(import_.id))
    assert after(import_).state is ImportState.CHECKED
    assert queries.count(northside.tenant) == 0


def test_a_job_for_an_import_that_waits_for_a_person_does_nothing(app, northside):
    import_ = upload(northside, FILE)
    import_contacts(str(import_.id))
    assert after(import_) == import_


def test_the_job_goes_through_the_queue(waiting):
    assert jobs.waiting(Lane.REPORTS) == 1
    worker = SimpleWorker(
        [jobs.queue(Lane.REPORTS)], connection=jobs.connection(), serializer="json"
    )
    worker.work(burst=True, logging_level="ERROR")
    db.session.commit()
    assert after(waiting).state is ImportState.DONE


def test_the_sweep_asks_again_for_an_import_nobody_moves(waiting, clock, redis):
    redis.flushall()
    resume_imports()
    assert jobs.waiting(Lane.REPORTS) == 0
    clock.travel(by=timedelta(minutes=3))
    resume_imports()
    resume_imports()
    assert jobs.waiting(Lane.REPORTS) == 1
    assert queries.stalled_imports(ImportKind.CONSENTS) == []


# ---- the command ----


@pytest.fixture
def run(app):
    return lambda *args: app.test_cli_runner().invoke(args=["contacts", "import", *map(str, args)])


def test_the_command_imports_says_how_much_and_writes_the_rejects_beside(run, northside, tmp_path):
    """RULINGS 31"""
    file = tmp_path / "people.csv"
    file.write_bytes((DATA / "command_export.csv").read_bytes())
    done = run(file, "--account", northside.id)
    assert done.exit_code == 0, done.output
    assert "imported 1957, merged 116, rejected 8" in done.output
    assert "72 kept that cannot be texted" in done.output
    with (tmp_path / "people-rejected.csv").open(encoding="utf-8-sig", newline="") as rejects:
        rows = list(csv.DictReader(rejects))
    assert len(rows) == 8 and rows[0]["Reason"]

    again = run(file, "--account", "northside")
    assert again.exit_code == 0 and "imported 0, merged 2073, rejected 8" in again.output


@pytest.mark.parametrize(
    ("content", "arguments", "said"),
    [
        (FILE, ["--account", "Nowhere"], "No account has the id or name Nowhere"),
        (FILE, ["--account", "00000000-0000-0000-0000-000000000001"], "No account has"),
        (FILE, ["--account", "Northside", "--consent-source", "bought_list"], "cannot be bought"),
        ("Color\nblue\n", ["--account", "Northside"], "Phone number or E-mail"),
        ("", ["--account", "Northside"], "The file is empty"),
        ("Name,Phone\nCy,call office\n", ["--account", "Northside"], "rejected 1"),
        (FILE, [], "--account"),
    ],
)
def test_the_command_that_keeps_no_row_fails_with_the_reason(
    run, northside, tmp_path, content, arguments, said
):
    file = tmp_path / "people.csv"
    file.write_text(content)
    done = run(file, *arguments)
    assert done.exit_code != 0
    assert said in done.output
    assert queries.count(northside.tenant) == 0


def test_the_command_warns_of_numbers_that_follow_each_other(run, northside, tmp_path):
    file = tmp_path / "people.csv"
    file.write_text("Name,Phone\n" + "".join(f"P{i},312555{i:04d}\n" for i in range(12)))
    assert "warning: 12 numbers follow each other" in run(file, "--account", "Northside").output
