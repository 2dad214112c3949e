"""What goes out is safe to open and comes in again as it was (K-1, S5, PROMISES 4.4)."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.contacts import queries
from portal.contacts import service as contacts
from portal.contacts.rules import people as people_rules
from portal.contacts.service import exporting
from portal.contacts.values import (
    ContactDetails,
    ContactFilter,
    NewNumber,
    Selection,
    Weight,
)
from portal.core.audit import SYSTEM
from portal.core.db import unit_of_work
from tests.contacts.test_import_files import SLOW
from tests.factories.contacts import import_file, make_contact

DATA = Path(__file__).parents[1] / "data"
HEAD = "First name,Last name,E-mail,Mobile,Home phone,Tags\n"
EVERYBODY = Selection(matching=ContactFilter())


def everybody(account):
    return [c for batch in queries.selected(account.tenant, EVERYBODY) for c in batch]


def counts(import_):
    return import_.imported, import_.merged, import_.rejected, import_.untextable


def found(import_, weight=None):
    return [(f.line, f.code) for f in queries.findings(import_, weight, limit=1000)]


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
PERSON = {
    **dict.fromkeys(("first", "last", "street", "city", "zip_", "source", "label"), CELLS),
    "tags": st.lists(CELLS, max_size=3),
}


@settings(SLOW, max_examples=40)
@given(**PERSON)
def test_what_is_exported_imports_as_it_was(app, northside, bobs, **person):
    comes_back(northside, bobs, **person)


@pytest.mark.soak
@settings(SLOW, max_examples=1_250)
@given(**PERSON)
def test_ten_thousand_cells_import_as_they_were(app, northside, bobs, **person):
    """S5, the long tier: eight cells a person, each out of one database and into the other."""
    comes_back(northside, bobs, **person)


def comes_back(northside, bobs, first, last, street, city, zip_, source, tags, label):
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
