"""Pure rules of do-not-call lists: reading lines and XML, days that count, the verdict (S-2)."""

from datetime import UTC, date, datetime
from uuid import uuid4

import pytest

from portal.dnc.errors import ListRefused
from portal.dnc.rules import lines, markup
from portal.dnc.rules.days import days_left, is_fresh, is_running, last_day
from portal.dnc.rules.verdict import judge, still_counts
from portal.dnc.values import (
    CallFacts,
    CheckRef,
    Entry,
    ExemptionRef,
    FileKind,
    OnList,
    Relation,
)

SALE, ASKED = Relation.TRANSACTION, Relation.INQUIRY
ANN = 3125550142
NOON = datetime(2026, 3, 2, 18, tzinfo=UTC)


class TestLines:
    @pytest.mark.parametrize(
        ("line", "number", "is_removal"),
        [
            ("3125550142", ANN, None),
            ("312,5550142", ANN, None),
            ('"312","5550142"', ANN, None),
            ("312\t5550142", ANN, None),
            ("312;555;0142", ANN, None),
            ("312 | 555-0142", ANN, None),
            ("(312) 555-0142", ANN, None),
            ("312.555.0142", ANN, None),
            ("+1 312 555 0142", ANN, None),
            ("13125550142", ANN, None),
            ("1,312,5550142", ANN, None),
            ("Ann,3125550142,Chicago", ANN, None),
            ("3125550142,2026-02-20,A", ANN, False),
            ("A,2026-02-20 10:22:11,3125550142", ANN, False),
            ("312,5550142,20260220,D", ANN, True),
            ("02/20/2026,deleted,312,5550142", ANN, True),
            ("312 5550142 D", ANN, True),
            ("3125550142\tADD", ANN, False),
            ("  3125550142  ", ANN, None),
        ],
    )
    def test_a_number_is_read_however_it_is_written(self, line, number, is_removal):
        read = lines.read_line(line)
        assert isinstance(read, Entry)
        assert (read.number, read.is_removal) == (number, is_removal)

    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            ("call me,later", lines.NO_NUMBER),
            ("312555014", lines.NO_NUMBER),
            ("2026-02-20,A", lines.NO_NUMBER),
            ("5550142", lines.NO_AREA),
            ("0125550142", lines.NOT_US),
            ("112,5550142", lines.NOT_US),
        ],
    )
    def test_what_is_no_number_says_what_to_do(self, line, reason):
        assert lines.read_line(line) == reason

    def test_seven_digits_belong_to_the_area_code_of_their_file(self):
        assert lines.read_line("5550142", "773") == Entry(7735550142)

    @pytest.mark.parametrize("line", ["", "   ", "\r"])
    def test_an_empty_line_need_not_hold_one(self, line):
        assert lines.read_line(line) is None

    def test_a_first_line_of_names_is_no_reject_and_a_later_one_is(self):
        assert lines.read_line("Area code,Number", is_first=True) is None
        assert lines.read_line("Area code,Number") == lines.NO_NUMBER

    @pytest.mark.parametrize(
        "block",
        [
            b"3125550142\n3125550143\n",
            b"3125550142\r\n3125550143\r\n",
            b"312,5550142\n312,5550143",
        ],
    )
    def test_the_usual_layouts_go_by_the_block_and_read_the_same(self, block):
        by_block = lines.read_block(block, 1, FileKind.FULL, "")
        one_by_one = lines.read_block(b"\n" + block, 1, FileKind.FULL, "")
        assert by_block.numbers == one_by_one.numbers == b"3125550142,3125550143"

    @pytest.mark.parametrize(
        "block", [b"0125550142\n", b"31255501423\n125550143\n", b"312555014A\n", b"312 5550142\n"]
    )
    def test_what_only_looks_usual_is_looked_at_line_by_line(self, block):
        read = lines.read_block(block, 1, FileKind.FULL, "")
        assert (read.numbers == b"3125550142") == (block == b"312 5550142\n")
        assert bool(read.rejects) != bool(read.numbers)

    def test_a_full_list_takes_no_deletions_and_a_change_list_wants_a_letter(self):
        full = lines.read_block(b"3125550142,D\n3125550143,A\n", 1, FileKind.FULL, "")
        assert (full.numbers, full.rejects[0].reason) == (b"3125550143", lines.IS_REMOVAL)
        changes = lines.read_block(b"3125550142,D\n3125550143\n", 1, FileKind.CHANGES, "")
        assert changes.changes == (Entry(ANN, is_removal=True),)
        assert [(one.line, one.reason) for one in changes.rejects] == [(2, lines.NO_FLAG)]

    def test_a_file_says_by_its_lines_which_kind_it_is(self):
        assert lines.sniff(b"3125550142\n3125550143\n") is FileKind.FULL
        assert lines.sniff(b"number,date,flag\n3125550142,2026-02-20,A\n") is FileKind.CHANGES


class TestMarkup:
    @pytest.mark.parametrize(
        "text",
        [
            "<l><ac val='312'><ph val='5550142'/></ac></l>",
            "<l><area code='312'>\n<phone>5550142</phone></area></l>",
            "<l><phone>(312) 555-0142</phone></l>",
            "<l><r><areacode>312</areacode><number>5550142</number></r></l>",
            "<l><r ac='312' no='5550142'/></l>",
        ],
    )
    def test_a_number_is_found_whatever_its_element_is_called(self, text):
        read = markup.MarkupReader(FileKind.FULL, "").feed(text.encode(), is_last=True)
        assert (read.numbers, read.rejects) == (b"3125550142", ())

    @pytest.mark.parametrize(
        "text",
        [
            "<l><r><no>3125550142</no><type>D</type></r><r><no>3125550143</no><type>A</type></r></l>",
            "<l><no type='D'>3125550142</no><no type='A'>3125550143</no></l>",
            "<l><ac val='312'><ph val='5550142' chg='D'/><ph val='5550143' chg='A'/></ac></l>",
        ],
    )
    def test_a_change_stands_beside_or_inside_its_number(self, text):
        assert markup.sniff(text.encode()) is FileKind.CHANGES
        read = markup.MarkupReader(FileKind.CHANGES, "").feed(text.encode(), is_last=True)
        assert [(one.number, one.is_removal) for one in read.changes] == [
            (3125550142, True),
            (3125550143, False),
        ]

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("<!DOCTYPE l [<!ENTITY a 'aaaa'>]><l>&a;</l>", "document type"),
            ("<l><no>3125550142</no>", "breaks off"),
            ("<l>" * 60, "too deep"),
        ],
    )
    def test_a_damaged_or_tricky_file_is_refused_with_its_line(self, text, words):
        with pytest.raises(ListRefused, match=f"Line 1: .*{words}"):
            markup.MarkupReader(FileKind.FULL, "").feed(text.encode(), is_last=True)


class TestDays:
    @pytest.mark.parametrize(
        ("relation", "happened", "last"),
        [
            (SALE, date(2025, 1, 15), date(2026, 7, 14)),
            (SALE, date(2024, 8, 31), date(2026, 2, 27)),  # there is no 31 February
            (SALE, date(2026, 6, 30), date(2027, 12, 29)),
            (SALE, date(2024, 8, 29), date(2026, 2, 27)),
            (SALE, date(2026, 8, 29), date(2028, 2, 28)),  # a leap year has the 29th
            (ASKED, date(2026, 11, 30), date(2027, 2, 27)),
            (ASKED, date(2026, 12, 1), date(2027, 2, 28)),
            (ASKED, date(2026, 3, 2), date(2026, 6, 1)),
            (ASKED, date(2025, 10, 1), date(2025, 12, 31)),
        ],
    )
    def test_a_relationship_exempts_until_its_last_day_and_no_longer(
        self, relation, happened, last
    ):
        """47 CFR 64.1200(f)(5): 18 months after a transaction, 3 after an inquiry."""
        assert last_day(relation, happened) == last
        assert is_running(relation, happened, last)
        assert is_running(relation, happened, happened)
        assert not is_running(relation, happened, date.fromordinal(last.toordinal() + 1))
        assert not is_running(relation, happened, date.fromordinal(happened.toordinal() - 1))

    @pytest.mark.parametrize(
        ("downloaded", "today", "left"),
        [
            (date(2026, 3, 1), date(2026, 3, 1), 31),
            (date(2026, 3, 1), date(2026, 4, 1), 0),
            (date(2026, 3, 1), date(2026, 4, 2), -1),
            (date(2026, 2, 1), date(2026, 3, 4), 0),
            (date(2025, 12, 31), date(2026, 1, 31), 0),
        ],
    )
    def test_a_list_counts_for_thirty_one_days(self, downloaded, today, left):
        """47 CFR 64.1200(c)(2)(i)(D)."""
        assert days_left(downloaded, today) == left
        assert is_fresh(downloaded, today) == (left >= 0)


def exempt(on=date(2026, 1, 5), ended_at=None):
    return ExemptionRef(
        uuid4(), "+13125550142", SALE, on, last_day(SALE, on), "Closing", NOON, "Bob Tran",
        ended_at, "", "",
    )  # fmt: skip


LISTED = (OnList("US", date(2026, 2, 20)),)
CHECK = CheckRef(
    uuid4(), "+13125550142", date(2026, 3, 1), date(2026, 4, 1), "by hand", NOON, "Bob Tran"
)


class TestVerdict:
    @pytest.mark.parametrize(
        ("facts", "is_written", "rests_on_inquiry", "code"),
        [
            (CallFacts(), False, True, None),
            (CallFacts(listed=LISTED), False, False, "dnc_listed"),
            (CallFacts(listed=LISTED), False, True, "dnc_listed"),
            (CallFacts(listed=LISTED), True, False, None),
            (CallFacts(listed=LISTED, exemptions=(exempt(),)), False, False, None),
            (CallFacts(listed=LISTED, check=CHECK), False, True, "dnc_listed"),
            (CallFacts(is_unread=True), False, True, "dnc_unchecked"),
            (CallFacts(is_unread=True), False, False, None),
            (CallFacts(is_unread=True), True, False, None),
            (CallFacts(is_unread=True, check=CHECK), False, True, None),
            (CallFacts(is_unread=True, exemptions=(exempt(),)), False, True, None),
            (CallFacts(is_unread=True, stale_of=date(2026, 1, 2)), False, True, "dnc_unchecked"),
        ],
    )
    def test_what_a_list_or_its_lack_stops(self, facts, is_written, rests_on_inquiry, code):
        """S-2: written consent exempts; without a current list an inquiry asks for a check."""
        refusal = judge(facts, is_written=is_written, rests_on_inquiry=rests_on_inquiry)
        assert (refusal.code if refusal else None) == code

    @pytest.mark.parametrize(
        ("facts", "words"),
        [
            (CallFacts(listed=LISTED), "on the national do-not-call list of 20 Feb 2026"),
            (
                CallFacts(listed=(*LISTED, OnList("FL", date(2026, 3, 1)))),
                "and the do-not-call list of Florida of 1 Mar 2026",
            ),
            (CallFacts(is_unread=True), "No do-not-call list is imported that covers this number"),
            (
                CallFacts(is_unread=True, stale_of=date(2026, 1, 2)),
                "is of 2 Jan 2026, too old to use",
            ),
        ],
    )
    def test_the_sentence_names_list_and_day(self, facts, words):
        refusal = judge(facts, is_written=False, rests_on_inquiry=True)
        assert words in refusal.sentence

    @pytest.mark.parametrize(
        ("happened", "refused", "counts"),
        [
            (date(2026, 1, 5), None, True),
            (date(2026, 1, 5), date(2026, 1, 6), False),
            (date(2026, 1, 5), date(2026, 1, 5), False),  # which came first nobody knows
            (date(2026, 1, 7), date(2026, 1, 6), True),  # a new one after the opt-out
        ],
    )
    def test_an_opt_out_ends_a_relationship_at_once(self, happened, refused, counts):
        """47 CFR 64.1200(f)(5)(i)."""
        assert still_counts(exempt(happened), refused) == counts

    def test_one_that_somebody_ended_counts_no_more(self):
        assert not still_counts(exempt(ended_at=NOON), None)
