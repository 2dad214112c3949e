"""Importing contacts: messy rows, the data files, merging, going on after a stop (K-1, K-3, K-7)."""

import csv
import io
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from portal.contacts import queries
from portal.contacts import service as contacts
from portal.contacts.errors import FileRefused, ImportBusy, SourceRefused
from portal.contacts.models import Contact, ContactCount, PhoneNumber
from portal.contacts.rules import people as people_rules
from portal.contacts.service import exporting, importing, reading
from portal.contacts.service.contact_import import ContactHandler
from portal.contacts.values import (
    ConsentSource,
    ContactDetails,
    ContactFilter,
    ImportState,
    NewNumber,
    Problem,
    Selection,
    Weight,
)
from portal.core.audit import SYSTEM
from portal.core.db import db, unit_of_work
from portal.core.errors import BadInput, NotFound
from portal.core.settings import settings as app_settings
from tests.factories.contacts import check, go_on, import_file, make_contact, upload

DATA = Path(__file__).parents[1] / "data"
HEAD = "First name,Last name,E-mail,Mobile,Home phone,Tags\n"
EVERYBODY = Selection(matching=ContactFilter())


SLOW = settings(  # with a database: shrinking would take minutes
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def everybody(account):
    return [c for batch in queries.selected(account.tenant, EVERYBODY) for c in batch]


def counts(import_):
    return import_.imported, import_.merged, import_.rejected, import_.untextable


def found(import_, weight=None):
    return [(f.line, f.code) for f in queries.findings(import_, weight, limit=1000)]


# ---- single rows ----

ROWS = [
    # row, (imported, merged, rejected, kept without texts), codes told
    ("Ann,Lee,a@b.co,3125550142,,x", (1, 0, 0, 0), []),
    ("Ann,Lee,,3125550142,,", (1, 0, 0, 0), []),
    ("Ann,Lee,a@b.co,,,", (1, 0, 0, 1), ["empty"]),
    ("Ann,Lee,a@b.co,n/a,,", (1, 0, 0, 1), ["not_a_number"]),
    ("Ann,Lee,,call office,,", (0, 0, 1, 0), ["no_way_to_reach"]),
    ("Ann,Lee,,,,", (0, 0, 1, 0), ["no_way_to_reach"]),
    ("Ann,Lee,,12345,,", (0, 0, 1, 0), ["no_way_to_reach"]),
    ("Ann,Lee,,12345,3125550142,", (1, 0, 0, 0), ["short"]),
    ("Ann,Lee,,3125550142,n/a,", (1, 0, 0, 0), ["not_a_number"]),
    ("Ann,Lee,,+1(312)555-0142 x12,,", (1, 0, 0, 0), ["remark"]),
    ("Ann,Lee,,+33 6 39 98 54 11,,", (1, 0, 0, 0), []),
    ("Ann,Lee,,'+13125550142,,", (1, 0, 0, 0), []),
    ("Ann,Lee,,14155550100.0,,", (1, 0, 0, 0), []),
    ("Ann,Lee,,+1 000 555 0123,,", (0, 0, 1, 0), ["no_way_to_reach"]),
    ("Ann,Lee,,8005550142,,", (1, 0, 0, 1), ["toll_free"]),
    ("Ann,Lee,nobody,3125550142,,", (1, 0, 0, 0), ["email"]),
    ("Ann,Lee,N/A,3125550142,,", (1, 0, 0, 0), []),
    ("Ann,Lee,mailto:a@b.co,3125550142,,", (1, 0, 0, 0), []),
    ('"=HYPERLINK(""x"")",@SUM(1),,3125550142,,', (1, 0, 0, 0), ["formula", "formula"]),
    ("Nguy?n,Lee,,3125550142,,", (1, 0, 0, 0), ["lost_letter"]),
    ("A" * 120 + ",Lee,,3125550142,,", (1, 0, 0, 0), ["cut"]),
    ("Ann,Lee,,3125550142", (1, 0, 0, 0), []),
    ("Ann,Lee,,3125550142,,,,", (1, 0, 0, 0), []),
    ("Ann,Lee,,3125550142,,x,extra", (0, 0, 1, 0), ["too_many_cells"]),
    (HEAD.strip(), (0, 0, 1, 0), ["header_again"]),
    ('"Ann\nMaria",Lee,,3125550142,,', (1, 0, 0, 0), []),
    ("Ann,Lee,," + "3" * 5001 + ",,", (0, 0, 1, 0), ["too_long"]),
    (",,,3125550142,,", (1, 0, 0, 0), []),
]


@pytest.mark.parametrize(("row", "expected", "codes"), ROWS, ids=[r[0][:45] for r in ROWS])
def test_each_odd_row_has_its_outcome_in_the_dry_run_and_the_import(
    app, northside, row, expected, codes
):
    """K-1, K-3: what the dry run says is what the import does."""
    checked = check(northside, upload(northside, HEAD + row + "\n"))
    assert counts(checked) == expected
    assert [code for _, code in found(checked)] == codes
    assert queries.count(northside.tenant) == 0

    done = import_file(northside, HEAD + row + "\n")
    assert (done.state, counts(done)) == (ImportState.DONE, expected)
    assert queries.count(northside.tenant) == expected[0]


def test_every_finding_names_line_column_cell_and_way_on(app, northside):
    checked = check(northside, upload(northside, HEAD + '"Ann\nMaria",Lee,,call office,,\n'))
    [finding] = queries.findings(checked)
    assert (finding.line, finding.column, finding.value) == (2, "Mobile", "call office")
    assert "Correct the number" in finding.reason
    assert finding.cells == ("Ann\nMaria", "Lee", "", "call office", "", "")


def test_blank_lines_are_no_rows_and_keep_the_line_numbers(app, northside):
    checked = check(northside, upload(northside, HEAD + "\n,,,,,\nAnn,Lee,,call office,,\n"))
    assert checked.total_rows == 1
    assert found(checked) == [(4, "no_way_to_reach")]


def test_numbers_kept_unread_are_marked_and_not_preferred(app, northside):
    import_file(northside, HEAD + "Ann,Lee,a@b.co,n/a,,\n")
    [ann] = everybody(northside)
    assert ann.preferred is None
    assert [(n.e164, n.raw, n.problem) for n in ann.numbers] == [
        (None, "n/a", Problem.NOT_A_NUMBER)
    ]
    assert queries.number_mark(ann).label == "N/A"


def test_labels_come_from_the_header_or_from_a_column_of_kinds(app, northside):
    import_file(northside, HEAD + "Ann,Lee,,3125550142,3125550143,\n")
    import_file(northside, "Name,Phone 1,Phone 1 Type,Phone 2\nBo Ray,7735550142,cell,7735550143\n")
    assert [[n.label for n in c.numbers] for c in everybody(northside)] == [
        ["Mobile", "Home"],
        ["Cell", ""],
    ]


def test_tags_source_and_language_of_the_whole_file_are_added(app, northside):
    import_file(
        northside,
        "Name,Phone,Tags,Language\nAnn Lee,3125550142,buyer,Español\n",
        tags="spring; Buyer",
        lead_source="expo",
    )
    [ann] = everybody(northside)
    assert (ann.tags, ann.lead_source, ann.language) == (("buyer", "spring"), "expo", "es")


# ---- merging (K-1) ----


def test_rows_with_one_number_become_one_contact_and_fill_what_is_empty(app, northside):
    done = import_file(
        northside,
        HEAD + "Ann,Lee,,3125550142,,buyer\nAnn,Lee,a@b.co,312-555-0142,7735550143,seller\n",
    )
    assert counts(done) == (1, 1, 0, 0)
    [ann] = everybody(northside)
    assert (ann.email, ann.tags) == ("a@b.co", ("buyer", "seller"))
    assert [n.e164 for n in ann.numbers] == ["+13125550142", "+17735550143"]


def test_what_is_known_is_never_overwritten(app, northside):
    known = make_contact(northside, "Ann", "Lee", "+13125550142", email="old@b.co", tags=("vip",))
    import_file(northside, HEAD + "Anna,Leigh,new@b.co,3125550142,,buyer\n")
    ann = queries.get_or_404(northside.tenant, known.id)
    assert (ann.full_name, ann.email, ann.tags) == ("Ann Lee", "old@b.co", ("buyer", "vip"))
    [note] = queries.notes(northside.tenant, ann.id)
    assert "Anna Leigh, new@b.co" in note.body


def test_the_note_of_another_name_is_written_once(app, northside):
    make_contact(northside, "Ann", "Lee", "+13125550142")
    for _ in range(2):
        import_file(northside, HEAD + "Anna,Leigh,,3125550142,,\n")
    [ann] = everybody(northside)
    assert len(queries.notes(northside.tenant, ann.id)) == 1


def test_people_who_share_a_home_phone_stay_two(app, northside):
    done = import_file(
        northside, HEAD + "Ann,Lee,,3125550142,7735550100,\nBo,Ray,,3125550143,7735550100,\n"
    )
    assert counts(done) == (2, 0, 0, 0)


def test_one_person_found_by_the_second_number_and_the_name(app, northside):
    done = import_file(northside, HEAD + "Ann,Lee,,3125550142,7735550100,\nAnn,Lee,,7735550100,,\n")
    assert counts(done) == (1, 1, 0, 0)
    assert len(everybody(northside)[0].numbers) == 2


def test_a_namesake_with_another_address_is_another_person(app, northside):
    done = import_file(
        northside,
        HEAD + "Ann,Lee,a@b.co,3125550142,7735550100,\nAnn,Lee,z@b.co,3125550143,7735550100,\n",
    )
    assert counts(done) == (2, 0, 0, 0)


def test_somebody_without_a_number_gets_it_from_a_later_row(app, northside):
    import_file(northside, HEAD + "Ann,Lee,a@b.co,n/a,,\n")
    done = import_file(northside, HEAD + "Ann,Lee,A@b.co,3125550142,,\n")
    assert counts(done) == (0, 1, 0, 0)
    [ann] = everybody(northside)
    assert ann.preferred.e164 == "+13125550142"
    assert ann.numbers[0].is_preferred and not ann.numbers[1].is_preferred


def test_another_account_of_the_organization_keeps_its_own_contact(app, northside, bobs):
    make_contact(bobs, "Bo", "Ray", "+13125550142")
    done = import_file(northside, HEAD + "Ann,Lee,,3125550142,,\n")
    assert counts(done) == (1, 0, 0, 0)
    assert [c.full_name for c in everybody(northside)] == ["Ann Lee"]


def test_a_number_met_again_keeps_its_one_lock_row(app, northside, bobs):
    """RULINGS 6"""
    import_file(northside, HEAD + "Ann,Lee,,3125550142,7735550143,\n")
    import_file(bobs, HEAD + "Bo,Ray,,3125550142,,\n")
    rows = db.session.scalars(select(PhoneNumber.e164).order_by(PhoneNumber.e164)).all()
    assert rows == ["+13125550142", "+17735550143"]


def test_deleting_and_importing_again_brings_no_number_back(app, northside):
    """K-7: what is known of a number outlives the contact."""
    import_file(northside, HEAD + "Ann,Lee,,3125550142,,\n")
    with unit_of_work():
        contacts.mark_unreachable(northside.organization_id, "+13125550142", 30005)
        contacts.delete_contacts(northside.tenant, EVERYBODY, actor=SYSTEM)
    import_file(northside, HEAD + "Ann,Lee,,3125550142,,\n")
    [ann] = everybody(northside)
    assert ann.preferred.problem is Problem.UNREACHABLE


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


def many(count):
    return HEAD + "".join(f"Ann,Lee{i},,312555{i:04d},,\n" for i in range(count))


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


# ---- where consent came from (K-7, C-7) ----


@pytest.mark.parametrize("source", [s for s in ConsentSource if s.is_refused])
def test_a_bought_list_is_refused_and_nothing_is_kept(app, northside, source):
    import_ = upload(northside, many(3))
    with pytest.raises(SourceRefused, match="cannot be bought"), unit_of_work():
        importing.match_columns(
            northside.tenant, import_.id, ContactHandler(), import_.mapping, consent_source=source,
            actor=SYSTEM,
        )  # fmt: skip
    with unit_of_work():
        importing.note_refusal(northside.tenant, import_.id, source, actor=SYSTEM)
    refused = queries.import_or_404(northside.tenant, import_.id)
    assert (refused.state, refused.consent_source) == (ImportState.FAILED, source)
    assert queries.count(northside.tenant) == 0


def test_numbers_that_follow_each_other_are_flagged(app, northside):
    [run] = check(northside, upload(northside, many(12))).runs
    assert (run.first, run.last, run.count) == ("+13125550000", "+13125550011", 12)


# ---- columns ----


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        (["first_name", "", "", "", "", ""], "Phone number or E-mail"),
        (["phone"], "match them again"),
        (["email", "", "email", "", "", ""], "both matched to E-mail"),
        (["phone", "shoe_size", "", "", "", ""], "Last name: choose one"),
    ],
)
def test_a_mapping_that_leads_nowhere_is_refused_by_name(app, northside, mapping, said):
    import_ = upload(northside, many(1))
    with pytest.raises(BadInput, match=said):
        check(northside, import_, mapping=mapping)
    assert queries.import_or_404(northside.tenant, import_.id).state is ImportState.UPLOADED


def test_columns_can_be_matched_again_after_the_dry_run(app, northside):
    import_ = check(northside, upload(northside, HEAD + "Ann,Lee,,call office,3125550142,\n"))
    assert found(import_) == [(2, "not_a_number")]
    again = check(
        northside, import_, mapping=["first_name", "last_name", "email", "", "phone", "tags"]
    )
    assert (counts(again), found(again)) == ((1, 0, 0, 0), [])


# ---- files ----

BAD_FILES = [
    (b"", "empty"),
    (b"\n\n  \n", "empty"),
    (HEAD.encode(), "no rows"),
    (b"Name,Phone\nAnn,\x00312\n", "Line 2 holds a NUL"),
    (b"PK\x03\x04\x14\x00", "Excel workbook"),
    (b"%PDF-1.7\n", "a PDF"),
    (b"<html><table>", "a web page"),
    (b'Name,Phone\nAnn,1\n"Bo,2\n' + b"Cy,3\n" * 100, "Line 3 opens a quotation mark"),
    (b'Name,Phone\n"Ann,' + b"x" * 200_000, "Line 2 opens a quotation mark"),
    (b"Phone" + b",x" * 300 + b"\n1\n", "301 columns"),
    (b"\xff\xfeN\x00\x00\xd8\n\x00A\x00\n\x00", "damaged"),
]


@pytest.mark.parametrize(("content", "said"), BAD_FILES, ids=[said for _, said in BAD_FILES])
def test_a_file_that_is_no_csv_is_refused_with_line_and_fix_and_not_kept(
    app, northside, content, said
):
    with pytest.raises(FileRefused, match=said):
        upload(northside, content)
    folder = app_settings().evidence_dir / "imports"
    assert queries.imports(northside.tenant, ContactHandler.kind) == []
    assert not [p for p in folder.glob("*") if p.stat().st_size == len(content)]


def test_a_file_too_large_or_too_long_is_refused(app, northside, monkeypatch):
    monkeypatch.setattr(reading, "MAX_ROWS", 5)
    with pytest.raises(FileRefused, match="more than 5 rows"):
        upload(northside, many(6))
    monkeypatch.setattr(reading, "MAX_BYTES", 100)
    with pytest.raises(FileRefused, match="larger than"):
        upload(northside, many(6))


ENCODINGS = [
    ("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16"), ("cp1252", "cp1252"),
    ("latin-1", "cp1252"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "told"), ENCODINGS)
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends_are_found(app, northside, written, told, newline):
    content = newline.join(["Name,Phone", "José Müller,3125550142", "Zoë Lee,3125550143", ""])
    done = import_file(northside, content.encode(written))
    assert (done.encoding, counts(done)) == (told, (2, 0, 0, 0))
    assert {c.full_name for c in everybody(northside)} == {"José Müller", "Zoë Lee"}


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separators_are_found_or_told(app, northside, separator):
    rows = ["Name,Phone", "Ann Lee,3125550142"]
    done = import_file(northside, "\n".join(rows).replace(",", separator))
    assert (done.delimiter, counts(done)) == (separator, (1, 0, 0, 0))
    told = import_file(northside, f"sep={separator}\n" + "\n".join(rows).replace(",", separator))
    assert (told.delimiter, counts(told)) == (separator, (0, 1, 0, 0))


def test_a_file_without_a_header_is_matched_by_what_it_holds(app, northside):
    done = import_file(northside, "Ann Lee,3125550142\nBo Ray,3125550143\n")
    assert (done.has_header, done.mapping, counts(done)) == (False, ("", "phone"), (2, 0, 0, 0))


def test_the_stored_file_has_a_random_name_only_the_portal_may_read(app, northside):
    import_ = upload(northside, many(1), "../../etc/passwd\u202e.csv")
    path = reading.path_of(import_.stored_name)
    assert re.fullmatch(r"[0-9a-f]{32}\.csv", path.name)
    assert path.stat().st_mode & 0o777 == 0o600
    assert "\u202e" not in import_.file_name


def test_imports_of_another_account_are_missing(app, northside, bobs, lakeview):
    import_ = upload(northside, many(1))
    for other in (bobs, lakeview):
        with pytest.raises(NotFound):
            queries.import_or_404(other.tenant, import_.id)


@settings(SLOW, max_examples=60)
@given(
    content=st.binary(max_size=300)
    | st.text(alphabet="\",;\n\r\t ab1='", max_size=200).map(str.encode)
)
def test_no_bytes_break_the_reading_of_a_file(app, northside, content):
    try:
        check(northside, upload(northside, content))
    except (FileRefused, BadInput) as refused:
        assert refused.message.endswith(".")


# ---- out and in again (S5, PROMISES 4.4) ----


def export(account, selection=EVERYBODY):
    return "".join(exporting.contacts(account.tenant, selection))


def facts(account):
    return sorted(
        (c.first_name, c.last_name, c.email, c.street, c.city, c.state, c.zip, c.language,
         c.lead_source, c.known_since, c.tags,
         tuple((n.e164 or n.raw, n.label, n.is_preferred) for n in c.numbers))
        for c in everybody(account)
    )  # fmt: skip


CELLS = st.text(alphabet="'=+-@ aé\"\n;,|＝\t1", min_size=0, max_size=12)


@settings(SLOW, max_examples=40)
@given(
    first=CELLS, last=CELLS, street=CELLS, city=CELLS, zip_=CELLS, source=CELLS,
    tags=st.lists(CELLS, max_size=3), label=CELLS,
)  # fmt: skip
def test_what_is_exported_imports_as_it_was(
    app, northside, bobs, first, last, street, city, zip_, source, tags, label
):
    with unit_of_work():
        for account in (northside, bobs):
            contacts.delete_contacts(account.tenant, EVERYBODY, actor=SYSTEM)
    make_contact(
        northside, first, last, email="a@b.co", street=street, city=city, zip=zip_,
        lead_source=source, tags=tuple(tags),
        numbers=(NewNumber("3125550142", label), NewNumber("+33 6 39 98 54 11", "Home", True)),
    )  # fmt: skip
    text = export(northside)
    cells = [cell for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"))) for cell in row]
    assert not [cell for cell in cells if cell.lstrip()[:1] in {*"=+-@＝＋－＠"} and cell]
    import_file(bobs, text.encode())
    assert facts(bobs) == facts(northside)


def test_the_whole_data_file_survives_the_round_trip(app, northside, bobs):
    import_file(northside, (DATA / "command_export.csv").read_bytes())
    import_file(bobs, export(northside).encode())
    assert facts(bobs) == facts(northside)
    assert queries.count(bobs.tenant) == 1957


def test_an_export_has_numbers_as_text_and_as_digits(app, northside):
    make_contact(northside, "Ann", "Lee", "+13125550142")
    [row] = csv.DictReader(io.StringIO(export(northside).removeprefix("\ufeff")))
    assert (row["Phone 1"], row["Phone 1 digits"]) == ("'+13125550142", "13125550142")


def test_rejected_rows_come_back_as_they_were_with_line_and_reason(app, northside):
    bad = '"=cmd|x",Lee,,call office,,"a;b"\n'
    done = import_file(northside, HEAD + "Ann,Lee,,3125550142,,\n" + bad)
    [row] = csv.DictReader(io.StringIO("".join(exporting.rejects(done)).removeprefix("\ufeff")))
    assert (row["First name"], row["Mobile"], row["Tags"]) == ("'=cmd|x", "call office", "a;b")
    assert row["Line"] == "3" and "Correct the number" in row["Reason"]


def test_rejected_rows_can_be_mended_and_imported(app, northside):
    done = import_file(northside, HEAD + "Ann,Lee,,call office,,\n")
    mended = "".join(exporting.rejects(done)).replace("call office", "3125550142", 1)
    again = import_file(northside, mended)
    assert counts(again) == (1, 0, 0, 0)


def test_rejects_of_rows_with_too_many_cells_keep_every_cell(app, northside):
    done = import_file(northside, HEAD + "Ann,Lee,,3125550142,,x,extra\n")
    assert "x extra" in "".join(exporting.rejects(done))


def test_nothing_typed_is_lost_by_a_contact_with_many_numbers(app, northside):
    numbers = tuple(NewNumber(f"312555{i:04d}") for i in range(10))
    with unit_of_work():
        contacts.create_contact(
            northside.tenant, ContactDetails("Ann", numbers=numbers), actor=SYSTEM
        )
    assert export(northside).count("'+1312555") == 10
    assert people_rules.MAX_TAGS == 20
    assert (
        queries.findings(import_file(northside, HEAD + "Ann,,,3125550000,,\n"), Weight.KEPT) == []
    )
