"""Files of texts: every text of some days, made by a worker with progress (M-3, M-4)."""

import csv
import io
from datetime import timedelta

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import select, update

from portal.core import jobs
from portal.core.audit import AuditEntry
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.core.jobs import Lane
from portal.exports import queries as exports
from portal.exports import service as files
from portal.exports.errors import ExportRefused
from portal.exports.models import Export
from portal.exports.values import ExportState, FileKind, Subject
from portal.messaging.rules.exports import HEAD
from portal.messaging.service import exporting
from tests import cast
from tests.factories.messaging import (
    ALICE_ACTS,
    bulk,
    make_campaign,
    make_ready,
    make_recipient,
    make_recipients,
    one_to_one,
)
from tests.messaging.talks import hear
from workers.exports import SOURCES, forget_exports, make_file, resume_exports

DAY = {"first": "2026-03-02", "last": "2026-03-02"}


@pytest.fixture
def talkative(northside, clock):
    """A campaign to three, a text to one, two replies, and a STOP the day after."""
    make_ready(northside)
    people = [make_recipient(northside, number=f"+1312557000{n}") for n in range(3)]
    make_campaign(northside, people, bulk("Open house, =SUM(A1) or not.", name="+Spring"))
    make_campaign(northside, people[:1], one_to_one("See you at 3."))
    hear(northside, "=cmd|' /C calc'!A0", people[0].number.e164)
    hear(northside, "See you!", people[1].number.e164)
    clock.travel(by=timedelta(days=1))
    hear(northside, "STOP", people[1].number.e164)
    clock.travel(by=-timedelta(days=1))
    return northside


def ask(person, account, status=303, **form):
    page = person.get("messaging.text_files", account_id=account.id)
    sent = {**DAY, "kind": "csv", "nonce": page.field("nonce"), **form}
    return person.post("messaging.ask_text_file", status, account_id=account.id, data=sent)


def newest():
    db.session.rollback()
    return db.session.scalars(select(Export).order_by(Export.created_at.desc())).first()


def download(person, row):
    where = {"account_id": row.account_id, "export_id": row.id}
    url = person.url("messaging.download_text_file", **where)
    return person.open("GET", url, buffered=True).data


def read(data):
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))


def events(account):
    db.session.rollback()
    return [
        e for e in db.session.scalars(
            select(AuditEntry.event).where(AuditEntry.chain == account.organization_id)
            .order_by(AuditEntry.position)
        )
        if e.startswith("messaging:texts:")
    ]  # fmt: skip


def test_a_file_has_every_text_of_its_days_and_runs_in_no_spreadsheet(talkative, alice):
    """S5: what people wrote is text, whatever it begins with."""
    ask(alice, talkative)
    make_file(str(newest().id))
    rows = read(download(alice, newest()))
    assert tuple(rows[0]) == HEAD
    assert [row[0] for row in rows[1:]] == ["Sent"] * 4 + ["Received"] * 2
    assert {row[12] for row in rows[1:4]} == {"'+Spring"}
    assert rows[5][5] == "'=cmd|' /C calc'!A0"
    assert rows[1][1].startswith("2026-03-02 12:")
    assert newest().done == newest().rows == 6
    assert events(talkative) == ["messaging:texts:export", "messaging:texts:download"]


def test_a_workbook_holds_the_same(talkative, alice):
    ask(alice, talkative, kind="xlsx")
    make_file(str(newest().id))
    book = CalamineWorkbook.from_filelike(io.BytesIO(download(alice, newest())))
    rows = book.get_sheet_by_index(0).to_python()
    assert tuple(rows[0]) == HEAD
    assert len(rows) == 7
    assert rows[5][5] == "=cmd|' /C calc'!A0"  # an inline string: no program runs it


def test_progress_is_shown_while_it_is_made(talkative, alice, monkeypatch):
    monkeypatch.setattr("portal.messaging.queries.exports._SENDS_AT_ONCE", 1)
    ask(alice, talkative)
    row = newest()
    where = {"account_id": talkative.id, "export_id": row.id}
    page = alice.get("messaging.text_file", **where)
    assert page.text_of("#export-progress") == "0 of 6"
    assert page.page.select_one("#export-file")["hx-trigger"] == "every 2s"
    seen = []
    run = files.start_run(row.id, SOURCES)

    def between():
        with unit_of_work():
            run.note()
        seen.append(alice.htmx.get("messaging.text_file", **where).text_of("#export-progress"))

    assert run.write(between)
    with unit_of_work():
        run.finish()
    assert seen == ["3 of 6", "4 of 6", "6 of 6"]
    done = alice.htmx.get("messaging.text_file", **where)
    assert "hx-trigger" not in done.page.select_one("#export-file").attrs


def test_a_run_that_was_killed_is_begun_anew_and_a_second_run_harms_nothing(talkative, alice):
    ask(alice, talkative)
    row = newest()
    killed = files.start_run(row.id, SOURCES)
    with pytest.raises(RuntimeError):
        killed.write(lambda: (_ for _ in ()).throw(RuntimeError("killed")))
    make_file(str(row.id))
    make_file(str(row.id))
    assert len(read(download(alice, row))) == 7


def test_a_file_nobody_moved_is_asked_for_again(talkative, alice, clock):
    ask(alice, talkative)
    queue = jobs.queue(Lane.REPORTS)
    queue.empty()
    resume_exports()
    assert queue.job_ids == []
    clock.travel(by=timedelta(minutes=3))
    resume_exports()
    assert len(queue.job_ids) == 1


def test_a_file_is_gone_after_its_week(talkative, alice, clock):
    ask(alice, talkative)
    make_file(str(newest().id))
    path = files.file_of(exports.export_by_id(newest().id))
    assert path.is_file()
    assert oct(path.stat().st_mode)[-3:] == "600"
    assert forget_exports() == 0
    clock.travel(by=timedelta(days=8))
    assert forget_exports() == 1
    assert not path.exists()


def test_an_erasure_takes_files_with_it_made_or_not(talkative, alice):
    """C-10."""
    ask(alice, talkative)
    made = newest().id
    make_file(str(made))
    path = files.file_of(exports.export_by_id(made))
    ask(alice, talkative)
    waiting = newest().id
    run = files.start_run(waiting, SOURCES)
    with unit_of_work():
        gone = files.forget_exports(talkative.organization_id, before=utcnow(), is_dry=False)
    assert gone == 2
    assert not path.exists()

    def between():
        with unit_of_work():
            run.note()

    assert not run.write(between)
    assert not [one for id_ in (made, waiting) for one in path.parent.glob(f"{id_.hex}*")]
    for export_id in (made, waiting):
        assert exports.export_by_id(export_id).state is ExportState.GONE


def test_one_click_is_one_file(talkative, alice):
    page = alice.get("messaging.text_files", account_id=talkative.id)
    for _ in range(2):
        ask(alice, talkative, nonce=page.field("nonce"))
    assert len(exports.exports(talkative.tenant, Subject.TEXTS)) == 1


def test_days_the_wrong_way_round_and_too_many_rows_are_refused(talkative, alice, monkeypatch):
    page = ask(alice, talkative, 422, first="2026-03-03")
    assert "2026-03-02 is before 2026-03-03" in page.text
    assert "This is not a date" in ask(alice, talkative, 422, first="3/2").text
    monkeypatch.setattr("portal.core.workbook.MOST_ROWS", 5)
    assert "Choose CSV or fewer days" in ask(alice, talkative, 422, kind="xlsx").text
    with pytest.raises(ExportRefused):
        files.open_file(_waiting(talkative, alice))


def test_a_file_is_its_accounts_own(talkative, alice, mallory, lakeview):
    """S2, I12."""
    ask(alice, talkative)
    make_file(str(newest().id))
    where = {"account_id": lakeview.id, "export_id": newest().id}
    mallory.get("messaging.text_file", 404, **where)
    mallory.get("messaging.download_text_file", 404, **where)


def test_the_page_says_that_there_is_no_file_yet(alice):
    page = alice.get("messaging.text_files", account_id=cast.NORTHSIDE)
    assert "No file yet" in page.text


def test_many_texts_are_read_batch_by_batch(northside, alice, monkeypatch):
    """G12: a file is never held whole, and every text is in it once."""
    monkeypatch.setattr("portal.messaging.queries.exports._SENDS_AT_ONCE", 2)
    monkeypatch.setattr("portal.messaging.queries.exports._TALKS_AT_ONCE", 2)
    make_ready(northside)
    people = make_recipients(northside, 5)
    for place in range(5):
        make_campaign(northside, people[place:], bulk(f"News {place}."))
    for person in people:
        hear(northside, "Thanks!", person.number.e164)
    with unit_of_work():
        exporting.ask(
            northside, *(utcnow().date(),) * 2, kind=FileKind.CSV, nonce="n" * 16, actor=ALICE_ACTS
        )
        db.session.execute(update(Export).values(rows=0))  # a count is no limit
    make_file(str(newest().id))
    rows = read(download(alice, newest()))[1:]
    assert len(rows) == newest().rows == 15 + 5
    assert len({tuple(row) for row in rows}) == 20


def _waiting(account, person):
    ask(person, account)
    return exports.export_by_id(newest().id)
