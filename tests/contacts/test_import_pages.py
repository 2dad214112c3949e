"""The pages of an import, opened as people do (K-1, K-7, M-5)."""

import csv
import io
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from portal.contacts import queries
from portal.contacts.service import importing
from portal.contacts.values import ContactFilter, ImportState, Selection
from portal.core.audit import AuditEntry
from portal.core.db import db
from tests.factories.contacts import (
    go_on,
    import_file,
    upload,
)

DATA = Path(__file__).parents[1] / "data"
EVERYBODY = Selection(matching=ContactFilter())


def everybody(account):
    return [c for batch in queries.selected(account.tenant, EVERYBODY) for c in batch]


def listed(reply):
    return reply.texts_of(".datatable__name")


def download(browser, endpoint, data=None, **where):
    """Fetch a streamed file; it is read while the request is still open."""
    method = "GET" if data is None else "POST"
    return browser.open(method, browser.url(endpoint, **where), data=data, buffered=True)


def file_of(content, name="people.csv"):
    return (io.BytesIO(content.encode() if isinstance(content, str) else content), name)


# ---- import ----


def test_the_import_page_warns_before_anything_is_chosen(alice, northside):
    """M-5"""
    page = alice.get("contacts.imports", account_id=northside.id)
    assert "Telephone Consumer Protection Act (TCPA)" in page.text


def walk(alice, northside, content, name="people.csv", **fields):
    """Upload a file and match its columns as guessed; return the dry-run page and its address."""
    where = {"account_id": northside.id}
    sent = alice.post("contacts.upload", data={"file": file_of(content, name)}, **where)
    columns = alice.follow(sent)
    mapping = [
        (s.select_one("option[selected]") or {"value": ""})["value"]
        for s in columns.page.select("select[name=columns]")
    ]
    import_id = UUID(sent.location.rpartition("/")[2])
    given = {"columns": mapping, "consent_source": "none_yet"} | fields
    checked = alice.post("contacts.match", data=given, import_id=import_id, **where)
    return alice.follow(checked), import_id


def test_a_file_goes_from_upload_to_result(alice, northside):
    """K-1"""
    content = (DATA / "command_export.csv").read_bytes()
    dry, import_id = walk(alice, northside, content, "command_export.csv")
    assert "1,957 new, 116 merged, 8 left out" in dry.text
    assert queries.count(northside.tenant) == 0

    where = {"account_id": northside.id, "import_id": import_id}
    running = alice.follow(alice.post("contacts.start", **where))
    assert "0 of 2,081" in running.text
    assert running.page.select_one("#import[hx-trigger]")
    go_on(queries.import_or_404(northside.tenant, import_id))
    polled = alice.htmx.get("contacts.progress", 204, **where)
    polled = alice.follow(polled)  # the head says it is done, too
    assert not polled.page.select_one("#import[hx-trigger]")
    assert "Download 8 rejected rows" in polled.text

    file = download(alice, "contacts.rejects", **where)
    rows = list(csv.DictReader(io.StringIO(file.data.decode("utf-8-sig"))))
    assert len(rows) == 8 and all(row["Reason"] for row in rows)
    assert "command-export-rejected.csv" in file.headers["Content-Disposition"]


def test_every_bad_row_is_shown_over_pages(alice, northside):
    """K-1: a dry run that shows every bad row with its reason."""
    rows = "".join(f"P{i},,call {i}\n" for i in range(120))
    page, _ = walk(alice, northside, "Name,E-mail,Phone\n" + rows)
    shown = page.texts_of("td.wrap-anywhere:last-child")
    while link := page.page.select_one("a[rel=next]"):
        page = alice.open("GET", link["href"])
        shown += page.texts_of("td.wrap-anywhere:last-child")
    assert len(shown) == 120 and all("Correct the number" in reason for reason in shown)


def test_rows_are_shown_by_outcome(alice, northside):
    page, import_id = walk(
        alice, northside, "Name,E-mail,Phone\nAnn,,x\nBo,b@c.de,x\nNguy?n,,3125550142\n"
    )
    where = {"account_id": northside.id, "import_id": import_id}
    for weight, line in (("rejected", "2"), ("kept", "3"), ("note", "4")):
        page = alice.get("contacts.show_import", query={"weight": weight}, **where)
        assert page.texts_of("tbody td.num") == [line]
    assert (
        "weight: choose"
        in alice.get("contacts.show_import", 400, query={"weight": "x"}, **where).text
    )
    for after in ("x", "1", "1.x", "9" * 12 + ".1", "-1.0"):
        alice.get("contacts.show_import", 400, query={"after": after}, **where)


@pytest.mark.parametrize(
    ("data", "said"),
    [({}, "Choose the CSV file"), ({"file": ""}, "Choose the CSV file"),
     ({"file": file_of(b"PK\x03\x04")}, "an Excel workbook"),
     ({"file": file_of(b"a,b\n\x00,1\n")}, "Line 2 holds a NUL")],
)  # fmt: skip
def test_a_bad_upload_is_told_beside_the_field(alice, northside, data, said):
    reply = alice.post("contacts.upload", 422, data=data, account_id=northside.id)
    assert said in reply.text_of(".field__error")


FILE = "Name,Phone\nAnn Lee,3125550142\n"


def test_the_source_of_consent_must_be_named(alice, northside):
    """K-7"""
    import_ = upload(northside, FILE)
    where = {"account_id": northside.id, "import_id": import_.id}
    columns = {"columns": ["full_name", "phone"], "tags": "spring"}
    reply = alice.post("contacts.match", 422, data=columns, **where)
    assert "Choose where these people agreed" in reply.text
    reply = alice.post(
        "contacts.match", 422, data=columns | {"consent_source": "records_follow"}, **where
    )
    assert "Name where they agreed" in reply.text
    assert reply.field("tags") == "spring"
    assert [o["value"] for o in reply.page.select("select option[selected]")] == [
        "full_name",
        "phone",
    ]


def test_a_bought_list_is_refused_on_the_page_and_logged(alice, northside):
    """C-7, K-7"""
    import_ = upload(northside, FILE)
    where = {"account_id": northside.id, "import_id": import_.id}
    data = {"columns": ["full_name", "phone"], "consent_source": "bought_list"}
    reply = alice.post("contacts.match", 422, data=data, **where)
    assert "consent cannot be bought or lent" in " ".join(reply.texts_of(".field__error"))
    events = db.session.scalars(
        select(AuditEntry.event).where(AuditEntry.subject_id == import_.id)
    ).all()
    assert "contacts:import:refuse" in events
    stopped = alice.get("contacts.show_import", **where)
    assert "This import stopped" in stopped.text
    assert alice.get("contacts.columns", **where).text_of("h1") == "Match columns"


@pytest.mark.parametrize(
    ("columns", "said"),
    [(["full_name", ""], "Phone number or E-mail"), (["phone"], "match them again"), ([], "match them again"),
     (["shoe", "phone"], "Name: choose one of the fields"), (["email", "email"], "both matched to E-mail")],
)  # fmt: skip
def test_a_bad_mapping_is_told_and_kept(alice, northside, columns, said):
    import_ = upload(northside, FILE)
    data = {"columns": columns, "consent_source": "none_yet"}
    where = {"account_id": northside.id, "import_id": import_.id}
    assert said in alice.post("contacts.match", 422, data=data, **where).text


def test_a_list_made_by_counting_needs_an_answer_before_it_starts(alice, northside):
    """K-7"""
    rows = "".join(f"P{i},312555{i:04d}\n" for i in range(15))
    dry, import_id = walk(alice, northside, "Name,Phone\n" + rows)
    assert "15 numbers from (312) 555-0000 to (312) 555-0014" in dry.text
    where = {"account_id": northside.id, "import_id": import_id}
    again = alice.post("contacts.start", 422, **where)
    assert "Tick this if these people gave you" in again.text_of("#runs-seen-error")
    assert "15 new, 0 merged, 0 left out" in again.text_of("#start-import")
    assert queries.import_or_404(northside.tenant, import_id).state is ImportState.CHECKED
    alice.post("contacts.start", data={"runs_seen": "1"}, **where)
    assert queries.import_or_404(northside.tenant, import_id).state is ImportState.RUNNING
    assert "moved on" in alice.post("contacts.start", 409, **where).text


def test_starting_twice_is_refused(alice, northside):
    _, import_id = walk(alice, northside, FILE)
    where = {"account_id": northside.id, "import_id": import_id}
    alice.post("contacts.start", **where)
    assert "moved on" in alice.post("contacts.start", 409, **where).text
    assert alice.get("contacts.columns", 303, **where).location


def test_a_large_file_is_checked_by_a_job(alice, northside, monkeypatch, redis):
    monkeypatch.setattr(importing, "INLINE_ROWS", 1)
    page, import_id = walk(alice, northside, "Name,Phone\nA B,3125550142\nC D,3125550143\n")
    assert "Checking every row" in page.text
    go_on(queries.import_or_404(northside.tenant, import_id))
    again = alice.get("contacts.show_import", account_id=northside.id, import_id=import_id)
    assert "2 new, 0 merged" in again.text


def test_imports_so_far_are_listed(alice, northside):
    import_file(northside, FILE, "spring.csv")
    page = alice.get("contacts.imports", account_id=northside.id)
    assert page.texts_of("tbody .datatable__name") == ["spring.csv"]
    assert "Done" in page.text_of("tbody .pill")


def test_names_of_files_and_cells_are_shown_as_text(alice, northside):
    evil = "<script>alert(1)</script>"
    content = f'Name,E-mail,Phone\n"{evil}",,call "office\n'
    page, _ = walk(alice, northside, content, f"{evil}.csv")
    assert evil in page.text and not page.page.select("main script")
