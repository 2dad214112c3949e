"""Cells, names, numbers, files, columns and page marks, with nothing running (K-1, K-2, K-7)."""

import base64
import csv
import io
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.contacts.rules import cells, choosing, files, mapping, numbers, people
from portal.contacts.values import ContactFilter, Problem, Reach, Run, Selection, Sort
from portal.core.errors import BadInput


@given(st.text(max_size=60))
def test_tidy_text_is_one_line_and_tidy_again(value):
    tidied = cells.tidy(value)
    assert tidied == cells.tidy(tidied)
    assert not set(tidied) & set("\n\r\t\0\u202e")


@pytest.mark.parametrize(
    ("value", "lost"),
    [("Nguy?n", True), ("Who?", False), ("?", False), ("a ? b", False), ("Ren?e.x@y.com", True)],
)
def test_a_question_mark_inside_a_word_is_a_lost_letter(value, lost):
    assert cells.lost_letter(value) is lost


@pytest.mark.parametrize(
    ("full", "first", "last"),
    [
        ("Mary Johnson", "Mary", "Johnson"),
        ("Berg, John", "John", "Berg"),
        ("Mr. John van der Berg", "John", "van der Berg"),
        ("Ann and Bob Lee", "Ann and Bob", "Lee"),
        ("Ann & Bob Lee", "Ann & Bob", "Lee"),
        ("Cher", "Cher", ""),
        ("Dr", "Dr", ""),
        ("", "", ""),
        ("Lee,", "Lee,", ""),
    ],
)
def test_a_name_in_one_column_is_split(full, first, last):
    assert people.split_name(full) == (first, last)


@pytest.mark.parametrize(
    ("text", "code"),
    [("Texas", "TX"), ("tx", "TX"), ("T.X.", "TX"), (" New  York ", "NY"), ("Québec", "QC"),
     ("D.C.", "DC"), ("Bavaria", "Bavaria"), ("", "")],
)  # fmt: skip
def test_states_become_two_letters(text, code):
    assert people.state_code(text) == code


def test_tags_are_parted_tidied_and_each_kept_once():
    assert people.split_tags("sphere; buyer,Buyer | open  house;;") == [
        "sphere",
        "buyer",
        "open house",
    ]


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("a@b.co", True), ("josé.o'brien@example.com", True), ("nguy?n@example.com", True),
     ("a@b", False), ("a b@c.de", False), ("a@b@c.de", False), ("@c.de", False), ("", False),
     ("a" * 250 + "@b.co", False)],
)  # fmt: skip
def test_addresses_are_told_by_their_shape(text, is_one):
    assert people.is_email(text) is is_one


@pytest.mark.parametrize(
    ("text", "day"),
    [("09/29/2026", date(2026, 9, 29)), ("2026-03-02", date(2026, 3, 2)),
     ("2026-03-02T10:00:00Z", date(2026, 3, 2)), ("29/09/2026", date(2026, 9, 29)),
     ("1/2/26", date(2026, 1, 2)), ("31.12.2025", date(2025, 12, 31)), ("2026-02-30", None),
     ("soon", None), ("", None), ("13/13/2026", None)],
)  # fmt: skip
def test_dates_are_read_month_first_unless_that_cannot_be(text, day):
    assert people.read_day(text) == day


@pytest.mark.parametrize(
    ("first", "last", "email", "number", "key"),
    [("Łukasz", "Müller", "", "", "muller lukasz"), ("", "", "A@B.co", "", "a@b.co"),
     ("", "", "", "+1312", "+1312"), ("", "", "", "", "~")],
)  # fmt: skip
def test_people_are_ordered_by_last_name_without_accents(first, last, email, number, key):
    assert people.sort_name(first, last, email, number) == key


@pytest.mark.parametrize(
    ("raw", "e164", "problem"),
    [
        ("(312) 555-0142", "+13125550142", None),
        ("312.555.0142", "+13125550142", None),
        (" 312 5550142 ", "+13125550142", None),
        ("13125550142", "+13125550142", None),
        ("'+13125550142", "+13125550142", None),
        ("14155550100.0", "+14155550100", None),
        ("+1(409)555-0108 x12", "+14095550108", None),
        ("+33 6 39 98 54 11", "+33639985411", None),
        ("+1 721 555 0141", "+17215550141", None),
        ("+1 000 555 0123", None, Problem.NO_SUCH_AREA),
        ("+1 312 155 0123", None, Problem.NO_SUCH_AREA),
        ("(800) 555-0142", "+18005550142", Problem.TOLL_FREE),
        ("900 555 0142", "+19005550142", Problem.PREMIUM),
        ("12345", None, Problem.SHORT),
        ("555-0199", None, Problem.NO_AREA_CODE),
        ("(512) 555-01", None, Problem.TOO_SHORT),
        ("9999999999999999", None, Problem.TOO_LONG),
        ("1.4155E+10", None, Problem.ROUNDED),
        ("312 555 0142 / 312 555 0143", None, Problem.SEVERAL),
        ("call office", None, Problem.NOT_A_NUMBER),
        ("n/a", None, Problem.NOT_A_NUMBER),
        ("sarah@example.com", None, Problem.NOT_A_NUMBER),
        ("", None, Problem.EMPTY),
    ],
)
def test_numbers_are_read_or_say_why_not(raw, e164, problem):
    """K-2, K-3, RULINGS 19"""
    reading = numbers.read(raw)
    assert (reading.e164, reading.problem) == (e164, problem)
    assert reading.is_textable is (problem is None)
    assert bool(reading.why) is (problem is not None)


@given(st.text(max_size=60))
def test_no_text_breaks_the_reading_of_a_number(raw):
    assert len(numbers.read(raw).raw) <= numbers.LONGEST_RAW


def test_an_extension_is_left_out_and_told():
    assert "extension 12" in numbers.read("+1(409)555-0108 x12").remark


def test_ten_numbers_in_a_row_are_a_run_and_nine_are_not():
    """K-7"""
    row = [f"+1312555{n:04d}" for n in range(100, 110)]
    assert numbers.runs([*row, "+13125550142"]) == (Run(row[0], row[-1], 10),)
    assert numbers.runs(row[1:]) == ()
    assert numbers.runs([]) == ()


def test_runs_come_longest_first():
    long = [f"+1773555{n:04d}" for n in range(30)]
    short = [f"+1312555{n:04d}" for n in range(12)]
    assert [run.count for run in numbers.runs([*short, *long])] == [30, 12]


@pytest.mark.parametrize("separator", files.SEPARATORS)
def test_the_separator_is_found(separator):
    rows = [["Name", "Phone", "Tags"], ["Lee, Ann; Bo", "312", "a"], ["x|y", "313", "b"]]
    text = io.StringIO()
    csv.writer(text, delimiter=separator).writerows(rows)
    assert files.separator_of(text.getvalue()) == separator


def test_a_single_column_parts_by_comma():
    assert files.separator_of("Phone\n3125550142\n3125550143\n") == ","


@pytest.mark.parametrize(
    ("head", "said"),
    [(b"PK\x03\x04xl", "an Excel workbook"), (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
     (b"%PDF-1.7", "a PDF"), (b"\n<!DOCTYPE html>", "a web page"), (b'{"a":1}', "a JSON file"),
     (b"\x1f\x8b\x08", "a compressed file"), (b"Name,Phone", None), (b"", None)],
)  # fmt: skip
def test_other_kinds_of_file_are_told_by_their_first_bytes(head, said):
    assert files.other_format(head) == said


@pytest.mark.parametrize(
    ("row", "is_header"),
    [(["Name", "Phone 1"], True), (["Ann Lee", "(312) 555-0142"], False),
     (["Ann", "a@b.co"], False), (["", ""], False), (["Name", ""], True)],
)  # fmt: skip
def test_a_header_holds_no_numbers_and_no_addresses(row, is_header):
    assert files.looks_like_header(row) is is_header


def test_columns_without_a_name_or_with_the_same_get_one_of_their_own():
    assert files.column_names(["Phone", "", "phone"], 4) == [
        "Phone",
        "Column 2",
        "phone (2)",
        "Column 4",
    ]
    assert files.column_names(None, 2) == ["Column 1", "Column 2"]


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("First Name", "first_name"), ("Given name", "first_name"), ("LAST_NAME", "last_name"),
        ("Surname", "last_name"), ("Name", "full_name"), ("Lead Name", "full_name"),
        ("Mobile Phone", "phone"), ("Phone 1", "phone"), ("Cell", "phone"), ("PhoneNumber", "phone"),
        ("Phone 1 Type", "phone_label"), ("Phone 1 digits", ""), ("Fax Phone", ""),
        ("Primary Email", "email"), ("E-mail", "email"), ("Email 1", "email"),
        ("Address 1 - Street", "street"), ("Street Address", "street"), ("City", "city"),
        ("Address 1 - State", "state"), ("Zip", "zip"), ("Postal code", "zip"), ("Tags", "tags"),
        ("Stage", "tags"), ("Lead Source", "lead_source"), ("Created", "known_since"),
        ("Known since", "known_since"), ("Notes", "note"), ("Favourite color", ""), ("Line", ""),
        ("Reason", ""),
    ],
)  # fmt: skip
def test_columns_are_guessed_by_their_header(header, field):
    assert mapping.guess([header], [], mapping.CONTACT_FIELDS) == [field]


def test_columns_without_a_header_are_guessed_by_what_they_hold():
    samples = [["Ann", "(312) 555-0142", "a@b.co"], ["Bo", "312-555-0143", "b@c.de"]]
    names = files.column_names(None, 3)
    assert mapping.guess(names, samples, mapping.CONTACT_FIELDS) == ["", "phone", "email"]


def test_a_field_for_one_column_is_guessed_once():
    assert mapping.guess(["Email 1", "Email 2"], [], mapping.CONTACT_FIELDS) == ["email", ""]
    assert mapping.guess(["Phone 1", "Phone 2"], [], mapping.CONTACT_FIELDS) == ["phone", "phone"]


@pytest.mark.parametrize(
    ("column", "label"),
    [("Mobile Phone", "Mobile"), ("Phone 1", ""), ("Cell #", "Cell"), ("Phone", "")],
)
def test_a_phone_column_names_its_numbers(column, label):
    assert mapping.number_label(column) == label


def test_a_filter_is_read_from_a_form_and_written_back():
    given_ = {
        "q": [" ann  lee "],
        "tag": ["buyer"],
        "state": ["TX"],
        "reach": ["textable"],
        "x": ["1"],
    }
    wanted = choosing.filter_of(given_)
    assert wanted == ContactFilter("ann lee", "buyer", "TX", reach=Reach.TEXTABLE)
    assert choosing.filter_of({k: [v] for k, v in wanted.fields().items()}) == wanted
    assert ContactFilter().is_empty and not wanted.is_empty


@pytest.mark.parametrize("name", ["reach", "sort"])
def test_a_choice_that_is_none_is_refused_by_name(name):
    with pytest.raises(BadInput, match=name):
        choosing.filter_of({name: ["x"]}) if name == "reach" else choosing.sort_of("x")


@pytest.mark.parametrize(
    "selection",
    [Selection(), Selection(ids=(UUID(int=7), UUID(int=3))), Selection(matching=ContactFilter(tag="a")),
     Selection(matching=ContactFilter())],
)  # fmt: skip
def test_a_selection_survives_json(selection):
    assert choosing.selection_from_json(selection.to_json()) == selection


KEYS = {
    Sort.NAME: ("muller lukasz", UUID(int=1)),
    Sort.STATE: ("TX", "berg", UUID(int=2)),
    Sort.NEWEST: (datetime(2026, 3, 2, 18, 0, 0, 5, tzinfo=UTC), UUID(int=3)),
}


@pytest.mark.parametrize("sort", Sort)
@pytest.mark.parametrize("backwards", [False, True])
def test_a_page_mark_is_read_as_it_was_written(sort, backwards):
    mark = choosing.mark_page(sort, KEYS[sort], backwards=backwards)
    assert choosing.read_mark(mark, sort) == (backwards, KEYS[sort])


@given(
    st.text(max_size=40) | st.builds(lambda t: choosing.mark_page(Sort.NAME, (t, "x")), st.text())
)
def test_a_damaged_page_mark_is_refused(text):
    for sort in Sort:
        with pytest.raises(BadInput, match="after"):
            choosing.read_mark(text, sort)


@pytest.mark.parametrize(
    "told",
    [
        "[" * 5000,
        '[{}, "name", "a", "b"]',
        '[["n"], "name", "a", "b"]',
        '{"n": 1}',
        "7",
        "null",
        "[]",
    ],
)
def test_a_page_mark_of_another_shape_is_refused(told):
    with pytest.raises(BadInput, match="after"):
        choosing.read_mark(base64.urlsafe_b64encode(told.encode()).decode().rstrip("="), Sort.NAME)


def test_a_page_mark_of_another_order_or_without_a_zone_is_refused():
    for bad, sort in [
        (choosing.mark_page(Sort.NAME, KEYS[Sort.NAME]), Sort.STATE),
        (choosing.mark_page(Sort.NEWEST, ("2026-03-02T18:00:00", UUID(int=1))), Sort.NEWEST),
        (choosing.mark_page(Sort.NAME, ("a\0b", UUID(int=1))), Sort.NAME),
    ]:
        with pytest.raises(BadInput, match="after"):
            choosing.read_mark(bad, sort)
