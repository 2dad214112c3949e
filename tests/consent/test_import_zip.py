"""A ZIP of old consents with their evidence: each row gets its file or the reason why not (C-2)."""

import io
import struct
import zipfile

import pytest

from portal.consent import queries
from portal.consent.service import evidence, importing_consents
from portal.consent.values import Strength
from portal.contacts import queries as contacts
from portal.contacts.errors import FileRefused
from portal.contacts.values import Weight
from portal.core.db import unit_of_work
from tests.consent.test_import import checked, confirmed
from tests.factories.consent import AGENT, CAROL
from tests.factories.files import pdf, picture

HEADER = "Name,Phone,Date,Method,Evidence file\n"
ROW = "Carol Reyes,(312) 555-0142,2026-03-02 09:15:00 -0600,paper,{}\n"


def zipped(table, files=(), name="consents.csv"):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        if table is not None:
            archive.writestr(name, table)
        for file_name, content in files:
            archive.writestr(file_name, content)
    return out.getvalue()


def received(account, content, name="old.zip"):
    with unit_of_work():
        return importing_consents.receive(account.tenant, name, io.BytesIO(content), actor=AGENT)


def dry(account, content):
    return checked(account, content, received=received)


def told(import_):
    return [(f.line, f.code, f.weight, f.reason) for f in contacts.findings(import_, None)]


def records(account):
    return queries.records(account.tenant, CAROL)


def test_a_paper_with_its_scan_is_express_written(northside):
    scan = picture("JPEG") + b"hidden"
    content = zipped(HEADER + ROW.format("scans/sheet.jpg"), [("scans/sheet.jpg", scan)])
    import_ = dry(northside, content)
    assert (2, "has_file", Weight.NOTE, "Its file is in the ZIP.") in told(import_)
    assert records(northside) == []
    confirmed(northside, import_)
    [record] = records(northside)
    assert record.strength is Strength.EXPRESS_WRITTEN
    assert evidence.content_of(record.evidence) == scan
    assert b"hidden" not in evidence.picture_of(record.evidence)[0]


def test_without_its_scan_a_paper_stays_express(northside):
    confirmed(northside, dry(northside, zipped(HEADER + ROW.format(""))))
    assert records(northside)[0].strength is Strength.EXPRESS


def test_one_sheet_may_serve_many_rows(northside):
    other = ROW.replace("0142", "0143")
    content = zipped(
        HEADER + (ROW + other).format("sheet.pdf", "SHEET.PDF"), [("a/sheet.pdf", pdf())]
    )
    assert confirmed(northside, dry(northside, content)).imported == 2
    assert records(northside)[0].evidence.media_type == "application/pdf"


def test_the_same_zip_again_changes_nothing(northside):
    content = zipped(HEADER + ROW.format("a.png"), [("a.png", picture())])
    confirmed(northside, dry(northside, content))
    again = confirmed(northside, dry(northside, content))
    assert (again.imported, again.merged) == (0, 1)
    assert len(records(northside)) == 1


@pytest.mark.parametrize(
    ("named", "files", "said"),
    [
        ("b.png", [("a.png", picture())], "holds no file called b.png"),
        ("a.png", [("a.png", b"<svg onload=alert(1)>")], "a.png: This is a drawing"),
        ("a.png", [("a.png", picture()[:40])], "damaged"),
        ("a.zip", [("a.zip", zipped(None, [("x", b"x")]))], "a.zip: This is a ZIP"),
        ("a.jpg", [("x/a.jpg", picture()), ("y/a.jpg", picture())], "several files called a.jpg"),
        ("a.pdf", [("a.pdf", b"%PDF-" + b"\0" * 10_000_001)], "larger than 10 MB"),
        ("../a.png", [("a.png", picture())], "holds no file called ../a.png"),
    ],
)
def test_a_row_whose_file_is_missing_or_bad_is_rejected_in_words(northside, named, files, said):
    good = ROW.replace("0142", "0143").format("good.png")
    content = zipped(HEADER + ROW.format(named) + good, [*files, ("good.png", picture())])
    import_ = dry(northside, content)
    [why] = [reason for line, _, weight, reason in told(import_) if weight is Weight.REJECTED]
    assert said in why
    done = confirmed(northside, import_)
    assert (done.imported, done.rejected) == (1, 1)
    assert records(northside) == []


def test_a_csv_alone_that_names_files_says_that_none_came(northside):
    import_ = dry(northside, (HEADER + ROW.format("a.png")).encode())
    assert "no_zip" in [code for _, code, _, _ in told(import_)]


def locked(content):
    """Return an archive that says its files are locked."""
    bent = bytearray(content)
    place = -1
    while (place := bent.find(b"PK\x01\x02", place + 1)) >= 0:
        bent[place + 8] |= 1
    return bytes(bent)


def lying(content, size):
    """Return an archive whose directory claims another size for its last file."""
    bent = bytearray(content)
    place = bent.rfind(b"PK\x01\x02")
    bent[place + 24 : place + 28] = struct.pack("<I", size)
    return bytes(bent)


TABLE = HEADER + ROW.format("a.png")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (zipped(None, [("a.png", picture())]), "no CSV files"),
        (zipped(TABLE, [("b.csv", TABLE)]), "2 CSV files"),
        (zipped(TABLE, [("../../etc/cron.d/x", b"x")]), "leads out of the ZIP"),
        (zipped(TABLE, [("/etc/passwd", b"x")]), "leads out of the ZIP"),
        (zipped(TABLE, [("..\\..\\win.ini", b"x")]), "leads out of the ZIP"),
        (zipped(TABLE, [("C:\\x.png", b"x")]), "leads out of the ZIP"),
        (zipped(TABLE, [("A.png", b"x"), ("a.PNG", b"y")]), "in the ZIP twice"),
        (locked(zipped(TABLE, [("a.png", picture())])), "locked by a password"),
        (lying(zipped(TABLE, [("a.png", b"x")]), 600_000_000), "more than 500 MB"),
        (zipped(TABLE, [("a.png", picture())])[:-30], "damaged"),
        (zipped(TABLE, [(f"{n}.png", b"") for n in range(2_001)]), "more than 2,000 files"),
        (zipped("", []), "empty"),
        (zipped("x" * 26_000_000, []), "larger than 25 MB"),
    ],
    ids=[  # an archive bears the time it was made at: no name for a test
        "no table", "two tables", "up and out", "from the root", "up and out, as Windows",
        "from a drive", "twice", "locked", "lying", "cut", "too many", "empty", "too large",
    ],
)  # fmt: skip
def test_an_archive_that_is_not_taken_is_refused_in_words(northside, content, said):
    with pytest.raises(FileRefused, match=said):
        received(northside, content)


def test_a_bomb_that_lies_about_its_size_is_read_no_further_than_it_says(northside):
    """100 MB of zeros that claim to be one byte: the row is refused, nothing is unpacked whole."""
    content = lying(zipped(TABLE, [("a.png", b"\0" * 20_000_000)]), 1)
    [why] = [r for _, _, weight, r in told(dry(northside, content)) if weight is Weight.REJECTED]
    assert "damaged" in why or "not what we can read" in why


def test_it_is_uploaded_on_the_page_and_kept_sealed(alice, northside):
    content = zipped(HEADER + ROW.format("a.png"), [("a.png", picture())])
    here = {"account_id": northside.id}
    page = alice.follow(
        alice.post("consent.upload", data={"file": (io.BytesIO(content), "old.zip")}, **here)
    )
    assert "Evidence file" in page.text
    bad = alice.post(
        "consent.upload", 422,
        data={"file": (io.BytesIO(zipped(None, [("a", b"x")])), "old.zip")}, **here,
    )  # fmt: skip
    assert "no CSV files" in bad.text_of("#file-error")
