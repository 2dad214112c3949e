"""Importing contacts: messy rows, the data files, merging, going on after a stop (K-1, K-3, K-7)."""

from pathlib import Path

import pytest
from sqlalchemy import select

from portal.contacts import queries
from portal.contacts import service as contacts
from portal.contacts.errors import SourceRefused
from portal.contacts.models import PhoneNumber
from portal.contacts.service import importing
from portal.contacts.service.contact_import import ContactHandler
from portal.contacts.values import (
    ConsentSource,
    ContactFilter,
    ImportState,
    Problem,
    Selection,
)
from portal.core.audit import SYSTEM
from portal.core.db import db, unit_of_work
from portal.core.errors import BadInput
from tests.factories.contacts import check, import_file, make_contact, many, upload

DATA = Path(__file__).parents[1] / "data"
HEAD = "First name,Last name,E-mail,Mobile,Home phone,Tags\n"
EVERYBODY = Selection(matching=ContactFilter())


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
    import_ = upload(northside, HEAD + "Ann,Lee,,3125550142,,\n")
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
