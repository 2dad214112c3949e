"""Files of every kind: refused with line and fix, or read whatever they are written in (K-1)."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from portal.contacts import queries
from portal.contacts.errors import FileRefused
from portal.contacts.service import reading
from portal.contacts.service.contact_import import ContactHandler
from portal.contacts.values import (
    ContactFilter,
    Selection,
)
from portal.core.errors import BadInput, NotFound
from portal.core.settings import settings as app_settings
from tests.factories.contacts import check, import_file, many, upload

DATA = Path(__file__).parents[1] / "data"
HEAD = "First name,Last name,E-mail,Mobile,Home phone,Tags\n"
EVERYBODY = Selection(matching=ContactFilter())


SLOW = settings(  # with a database: shrinking would take minutes
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def everybody(account):
    return [c for batch in queries.selected(account.tenant, EVERYBODY) for c in batch]


def counts(import_):
    return import_.imported, import_.merged, import_.rejected, import_.untextable


def found(import_, weight=None):
    return [(f.line, f.code) for f in queries.findings(import_, weight, limit=1000)]


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
    folder = app_settings().evidence_dir / "imports"
    before = set(folder.glob("*"))
    with pytest.raises(FileRefused, match=said):
        upload(northside, content)
    assert queries.imports(northside.tenant, ContactHandler.kind) == []
    assert set(folder.glob("*")) == before


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
