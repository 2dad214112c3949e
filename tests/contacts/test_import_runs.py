"""The contact files to the last row, and imports that stop, repeat or race (K-1, RULINGS 9)."""

import csv
import io
import re
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import func, select

from portal.contacts import queries
from portal.contacts import service as contacts
from portal.contacts.errors import ImportBusy
from portal.contacts.models import Contact, ContactCount
from portal.contacts.service import importing, reading
from portal.contacts.service.contact_import import ContactHandler
from portal.contacts.values import (
    ContactFilter,
    ImportState,
    Selection,
)
from portal.core.audit import SYSTEM
from portal.core.db import db, unit_of_work
from tests.factories.contacts import check, go_on, import_file, many, upload

DATA = Path(__file__).parents[1] / "data"
HEAD = "First name,Last name,E-mail,Mobile,Home phone,Tags\n"
EVERYBODY = Selection(matching=ContactFilter())


def everybody(account):
    return [c for batch in queries.selected(account.tenant, EVERYBODY) for c in batch]


def counts(import_):
    return import_.imported, import_.merged, import_.rejected, import_.untextable


def found(import_, weight=None):
    return [(f.line, f.code) for f in queries.findings(import_, weight, limit=1000)]


# ---- the data files ----


def oracle(rows):
    """Count new, merged and rejected people by the rule, written once more and slowly."""
    people, rejected, merged = [], 0, 0
    for name, email, raws in rows:
        numbers = [n for n in map(normal, raws) if n]
        if not numbers and not email:
            rejected += 1
            continue
        key, mail = name.casefold(), email.casefold()
        match = next((p for p in people if numbers and p["to"] == numbers[0]), None)
        match = match or next(
            (
                p
                for n in numbers
                for p in people
                if n in p["all"]
                and (mail in p["mails"] or (key in p["names"] and not (mail and p["mails"])))
            ),
            None,
        )
        match = match or next(
            (
                p
                for p in people
                if mail and mail in p["mails"] and key in p["names"] and not (numbers and p["to"])
            ),
            None,
        )
        if match is None:
            people.append(
                {"to": numbers[0] if numbers else None, "all": set(numbers), "names": {key},
                 "mails": {mail} - {""}}
            )  # fmt: skip
            continue
        merged += 1
        match["to"] = match["to"] or (numbers[0] if numbers else None)
        match["all"] |= set(numbers)
        match["mails"] |= {mail} - {""}
    return len(people), merged, rejected


def normal(raw):
    text = re.sub(r"\s*x\d+$", "", raw.strip())
    digits = re.sub(r"\D", "", text)
    if re.search(r"[A-Za-z]", text):
        return None
    if text.startswith("+") and not text.startswith("+1"):
        return "+" + digits
    digits = digits.removeprefix("1") if len(digits) == 11 else digits
    return "+1" + digits if re.fullmatch(r"[2-9]\d\d[2-9]\d{6}", digits) else None


def rows_of(name, encoding, delimiter, names, email, phones):
    text = (DATA / name).read_bytes().decode(encoding)
    for row in csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter):
        yield " ".join(row[n] for n in names), row[email], [row[p] for p in phones]


COMMAND = ("command_export.csv", "utf-8-sig", ",", ["First Name", "Last Name"], "Primary Email",
           ["Mobile Phone", "Home Phone"])  # fmt: skip
FOLLOWUP = ("followup_export.csv", "cp1252", ";", ["Name"], "Email 1", ["Phone 1", "Phone 2"])


@pytest.mark.parametrize(
    ("source", "encoding", "expected"),
    [(COMMAND, "utf-8-sig", (1957, 116, 8, 72)), (FOLLOWUP, "cp1252", (791, 36, 6, 38))],
    ids=["command", "followup"],
)
def test_the_contact_files_import_to_the_last_row(app, northside, source, encoding, expected):
    """K-1, counted by the file alone in a second way."""
    content = (DATA / source[0]).read_bytes()
    assert oracle(rows_of(*source)) == expected[:3]

    checked = check(northside, upload(northside, content, source[0]))
    done = import_file(northside, content, source[0])
    again = import_file(northside, content, source[0])

    assert (checked.encoding, checked.delimiter) == (encoding, source[2])
    assert counts(checked) == counts(done) == expected
    assert counts(again)[:3] == (0, expected[0] + expected[1], expected[2])
    assert queries.count(northside.tenant) == expected[0]
    assert checked.runs == ()


def test_names_of_a_western_file_are_read_whole(app, northside):
    import_file(northside, (DATA / "followup_export.csv").read_bytes())
    names = {c.first_name for c in everybody(northside)}
    assert {"Zoë", "José", "Søren", "Renée"} <= names


def test_the_texas_buyers_of_the_journey_are_found(app, northside):
    import_file(northside, (DATA / "command_export.csv").read_bytes())
    with (DATA / "command_export.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    met = Counter(normal(raw) for r in rows for raw in (r["Mobile Phone"], r["Home Phone"]))
    plain = {
        r["Primary Email"]
        for r in rows
        if r["State"] == "TX" and "buyer" in r["Tags"] and met[normal(r["Mobile Phone"])] == 1
    }
    wanted = ContactFilter(state="texas", tag="Buyer")
    listed = [c for b in queries.selected(northside.tenant, Selection(matching=wanted)) for c in b]
    assert plain - {""} <= {c.email for c in listed}
    assert len(listed) == queries.count_matching(northside.tenant, wanted) == 36


# ---- going on, twice, at once ----


class _Stops(Exception):
    pass


def confirmed(account, content):
    import_ = check(account, upload(account, content))
    with unit_of_work():
        importing.confirm(account.tenant, import_.id, actor=SYSTEM, in_job=False)
    return queries.import_or_404(account.tenant, import_.id)


def test_an_import_killed_in_the_middle_goes_on_where_it_stopped(app, northside, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 10)
    import_ = confirmed(northside, many(35))
    run = importing.start_run(import_.id, ContactHandler())
    for _ in range(2):
        run.more()
        with unit_of_work():
            run.step()
    run.more()
    with pytest.raises(_Stops), unit_of_work():
        run.step()
        raise _Stops

    half = queries.import_or_404(northside.tenant, import_.id)
    assert (half.state, half.rows_done, half.imported) == (ImportState.RUNNING, 20, 20)
    assert queries.count(northside.tenant) == 20

    done = go_on(import_)
    assert (done.state, counts(done)) == (ImportState.DONE, (35, 0, 0, 0))
    assert queries.count(northside.tenant) == 35


def test_a_finished_import_has_nothing_left_to_do(app, northside):
    done = import_file(northside, many(3))
    assert go_on(done) == done


def test_of_two_runs_at_once_one_goes_on_and_one_stops(app, northside, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 10)
    import_ = confirmed(northside, many(25))
    first, second = (importing.start_run(import_.id, ContactHandler()) for _ in range(2))
    for run in (first, second):
        run.more()
        with unit_of_work():
            run.step()
    assert not second.more()
    while first.more():
        with unit_of_work():
            first.step()
    assert counts(queries.import_or_404(northside.tenant, import_.id)) == (25, 0, 0, 0)


def test_duplicates_are_found_across_batches_in_both_runs(app, northside, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 2)
    content = HEAD + "".join(f"Ann,Lee,,312555{i % 3:04d},,\n" for i in range(9))
    assert counts(check(northside, upload(northside, content))) == (3, 6, 0, 0)
    assert counts(import_file(northside, content)) == (3, 6, 0, 0)


def test_an_import_starts_only_once(app, northside):
    import_ = confirmed(northside, many(3))
    with pytest.raises(ImportBusy), unit_of_work():
        importing.confirm(northside.tenant, import_.id, actor=SYSTEM)
    with pytest.raises(ImportBusy):
        check(northside, import_)


def test_a_lost_file_stops_the_import_with_a_reason(app, northside):
    import_ = confirmed(northside, many(3))
    reading.remove(import_.stored_name)
    failed = go_on(import_)
    assert failed.state is ImportState.FAILED
    assert "Upload it again" in failed.error


def test_the_counter_equals_the_rows(app, northside):
    import_file(northside, many(12))
    with unit_of_work():
        contacts.delete_contacts(
            northside.tenant,
            Selection(ids=tuple(c.id for c in everybody(northside)[:5])),
            actor=SYSTEM,
        )
    counted = db.session.scalar(select(func.count()).select_from(Contact))
    assert db.session.scalars(select(ContactCount.contacts)).all() == [counted] == [7]


@pytest.mark.parametrize(("most", "surveys"), [(2, 2), (3, 0)])
def test_a_large_import_has_its_tables_surveyed_early_and_at_its_end(
    app, northside, monkeypatch, most, surveys
):
    asked = []
    monkeypatch.setattr(importing, "_SURVEYED_FROM", most)
    monkeypatch.setattr(importing, "survey", asked.append)
    import_file(northside, HEAD + "Ann,Bee,,(312) 555-0142,,\nCat,Dee,,(312) 555-0143,,\n")
    assert asked == [ContactHandler.tables] * surveys
