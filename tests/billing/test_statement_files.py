"""Long statements as files that a worker makes (B-13, M-3): the same job as files of texts."""

import csv
import io
from datetime import UTC, datetime

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from portal.billing import service as billing
from portal.billing.views import books
from portal.core import workbook
from portal.core.audit import AuditEntry
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.exports import queries as exports
from portal.exports import service as files
from portal.exports.values import Subject
from tests import cast
from tests.factories.billing import make_credits, make_reserve
from workers.exports import SOURCES, make_file


@pytest.fixture
def long(northside, clock, monkeypatch):
    """An account with seven lines where five are long: a grant in March, texts on 2 April."""
    monkeypatch.setattr(books, "AT_ONCE", 5)
    make_credits(northside, 100)
    clock.travel(to=datetime(2026, 4, 3, 4, 59, tzinfo=UTC))  # 11:59 pm on the 2nd in Chicago
    [sent, *_] = make_reserve(northside, 3, 2, 1, 1, 1)
    with unit_of_work():
        billing.capture(northside.id, sent)
    clock.travel(to=datetime(2026, 4, 3, 18, 0, tzinfo=UTC))
    return northside


def ask(person, account, file="csv", status=303, **query):
    page = person.get("billing.statement", account_id=account.id, **query)
    forms = {
        f.select_one("[name=file]")["value"]: f for f in page.page.select("form:has([name=file])")
    }
    form = forms[file]
    sent = {i["name"]: i["value"] for i in form.select("input[name]")}
    return person.open("POST", form["action"], status=status, data=sent)


def newest(account):
    db.session.rollback()
    return exports.exports(account.tenant, Subject.STATEMENT)[0]


def download(person, export):
    where = {"account_id": export.account_id, "export_id": export.id}
    url = person.url("billing.download_statement_file", **where)
    return person.open("GET", url, buffered=True).data


def test_a_long_statement_is_made_by_a_worker_and_shown_with_its_progress(browser, long):
    lead = browser(cast.ALICE)
    ask(lead, long)
    export = newest(long)
    where = {"account_id": long.id, "export_id": export.id}
    page = lead.get("billing.statement_file", **where)
    assert page.text_of("#export-progress") == "0 of 7"
    assert page.page.select_one("#export-file")["hx-trigger"] == "every 2s"
    make_file(str(export.id))
    make_file(str(export.id))
    done = lead.htmx.get("billing.statement_file", **where)
    assert "hx-trigger" not in done.page.select_one("#export-file").attrs
    rows = list(csv.reader(io.StringIO(download(lead, newest(long)).decode("utf-8-sig"))))
    assert rows[0][2] == "time (America/Chicago)"
    assert [row[3] for row in rows[1:]] == ["Granted", *["Reserved"] * 5, "Charged"]
    assert rows[-1][2] == "2026-04-02 23:59:00"
    listed = lead.get("billing.statement", account_id=long.id)
    assert "Ready" in listed.text_of(f"#export-{export.id}")


def test_a_workbook_of_one_kind_and_some_days_holds_these_alone(browser, long, monkeypatch):
    lead = browser(cast.ALICE)
    monkeypatch.setattr(books, "AT_ONCE", 4)
    asked = {"kind": "reserve", "from": "2026-04-02", "to": "2026-04-02"}
    ask(lead, long, "xlsx", **asked)
    make_file(str(newest(long).id))
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(download(lead, newest(long))))
    rows = sheet.get_sheet_by_index(0).to_python()
    assert [row[3] for row in rows[1:]] == ["Reserved"] * 5
    assert newest(long).file_name == "statement-2026-04-02-2026-04-02.xlsx"


def test_a_short_one_comes_at_once_and_a_long_one_never_from_the_address(browser, long):
    """The request that hands a file over reads no more lines than a page may."""
    lead = browser(cast.ALICE)
    short = {"account_id": long.id, "kind": "reserve"}
    assert not lead.get("billing.statement", **short).page.select("[name=file]")
    assert lead.get("billing.export_statement", **short).data.decode().count("Reserved") == 5
    for endpoint in ("billing.export_statement", "billing.statement_workbook"):
        said = lead.get(endpoint, status=400, account_id=long.id).text
        assert "more than 5 lines. Ask for them as a file" in said


def test_what_leaves_is_in_the_audit_log_with_its_lines(browser, long):
    """M-4: lines of texts that came in name who wrote, in a short file as in a long one."""
    lead = browser(cast.ALICE)
    ask(lead, long)
    make_file(str(newest(long).id))
    download(lead, newest(long))
    for endpoint in ("billing.export_statement", "billing.statement_workbook"):
        lead.get(endpoint, account_id=long.id, kind="reserve")
        lead.get(endpoint, status=400, account_id=long.id)
    db.session.rollback()
    told = db.session.scalars(
        select(AuditEntry)
        .where(AuditEntry.event.startswith("billing:statement:"))
        .order_by(AuditEntry.position)
    ).all()
    assert [e.event.rpartition(":")[2] for e in told] == ["export", *["download"] * 3]
    assert [e.payload["lines"] for e in told] == [7, 7, 5, 5]


def test_one_click_is_one_file_and_more_than_a_sheet_takes_is_refused(browser, long, monkeypatch):
    lead = browser(cast.ALICE)
    ask(lead, long)
    export = newest(long)
    monkeypatch.setattr(workbook, "MOST_ROWS", 6)
    answer = ask(lead, long, "xlsx")
    assert answer.location.endswith("/statement")
    assert "7 lines are more than a sheet takes" in lead.open("GET", answer.location).text
    bare = lead.url("billing.ask_statement_file", account_id=long.id)
    assert lead.open("POST", bare, status=303, data={"file": "exe"}).location == answer.location
    assert newest(long).id == export.id


def test_a_statement_is_no_file_of_texts_and_its_accounts_own(browser, long, mallory, lakeview):
    """S1, S2: who may see credits may not read texts by the id of their file, and a stranger neither."""
    lead = browser(cast.ALICE)
    ask(lead, long)
    export = newest(long)
    make_file(str(export.id))
    lead.get("messaging.download_text_file", 404, account_id=long.id, export_id=export.id)
    for endpoint in ("billing.statement_file", "billing.download_statement_file"):
        mallory.get(endpoint, 404, account_id=lakeview.id, export_id=export.id)
        mallory.get(endpoint, 404, account_id=long.id, export_id=export.id)


def test_a_file_is_read_batch_by_batch(browser, long, monkeypatch):
    """G12: progress moves with every batch, and every line is in it once."""
    monkeypatch.setattr("portal.billing.queries.books._EXPORT_BATCH", 2)
    ask(browser(cast.ALICE), long)
    seen = []
    run = files.start_run(newest(long).id, SOURCES)

    def between():
        with unit_of_work():
            run.note()
        seen.append(newest(long).done)

    assert run.write(between)
    with unit_of_work():
        run.finish()
    assert seen == [2, 4, 6, 7]
    assert newest(long).rows == 7
    assert newest(long).finished_at <= utcnow()
