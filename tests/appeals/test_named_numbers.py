"""The numbers a carrier names are read out of whatever it was that it sent (A-3)."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.appeals.rules.named_numbers import MOST_UNREAD, named_in

CAROL, DAVE, ERIN = "+13125550142", "+13125550143", "+13125550144"
OWN = "+13125550100"

# What was sent, and the numbers that are read out of it.
READ = [
    ("+1 (312) 555-0142", [CAROL]),
    ("312.555.0142", [CAROL]),
    ("13125550142", [CAROL]),
    ("3125550142", [CAROL]),
    ("(312)555-0142", [CAROL]),
    ("312 555 0142 312 555 0143", [CAROL, DAVE]),
    ("+1 312 555 0142 +1 312 555 0143", [CAROL, DAVE]),
    ("+13125550142 3125550143", [CAROL, DAVE]),
    ("+13125550142,+13125550143;+13125550144", [CAROL, DAVE, ERIN]),
    ("1-312-555-0142\n2. 312-555-0143\n3) 312-555-0144", [CAROL, DAVE, ERIN]),
    ("1. 312-555-0142\n2. 312-555-0143", [CAROL, DAVE]),
    ("312-555-0142 ext. 7\n312-555-0143x12\n(312) 555-0144, ext 3", [CAROL, DAVE, ERIN]),
    ("312-555-0143\n312-555-0142\n+1 312 555 0143", [DAVE, CAROL]),
    ("> > On Nov 18, 2026 they wrote:\n> > - 312-555-0142\n>   312–555–0143", [CAROL, DAVE]),
    ("tel:+1-312-555-0142 and sms:3125550143", [CAROL, DAVE]),
    ("Tel-3125550142", [CAROL]),
    ("\u202a+1 312 555 0142\u202c ３１２５５５０１４３", [CAROL, DAVE]),
    ("whatsapp +44 7911 123456, home +1 312 555 0142", ["+447911123456", CAROL]),
    ("011 44 7911 123456", ["+447911123456"]),
    ("+49 1512 3456789 +13125550142", ["+4915123456789", CAROL]),
    ("+447911123456 +447911123457", ["+447911123456", "+447911123457"]),
    ("Phone;Name;Date\n312-555-0142;Carol;2026-11-18\n;Nobody;\n(312) 555-0143;Dave;", [CAROL, DAVE]),
    ('\ufeff"Name","Mobile phone","Ticket number"\n"Lee, Carol","+1 (312) 555-0142","3125550199"', [CAROL]),
    ("Date,Message SID,From,To\n2026-11-18 14:03:22,SM" + "3" * 32 + f",{OWN},{CAROL}", [CAROL]),
    ("id\tnumber\n8125550177\t312-555-0142", [CAROL]),
    ("a,b\n1,312-555-0142\n2,312-555-0143", [CAROL, DAVE]),
    ('="+13125550142"\n13125550143.0', [CAROL, DAVE]),
    (
        "Hello,\n\nWe reviewed account AC" + "0123456789abcdef" * 2 + " (ticket #12345678, case 3125550199).\n"
        "Between 2026-11-01 08:00:00 and 11/18/2026 we saw error 30007 for 4,312 of 10,250 texts (42.1 %).\n"
        "Please give proof of opt-in by 18.11.2026 for: +13125550142 (Nov 3, 14:03:22 UTC), 312-555-0143\n"
        "and SM" + "1234567890" * 3 + "12 to (312) 555-0144.\nIP 192.168.100.200, https://example.com/t/3125550188,\n"
        "Chicago, IL 60601-1234. support@example.com, 3125550177@txt.example.com. Fine: $1,312,555.01\n",
        [CAROL, DAVE, ERIN],
    ),
    ("Ticket: 4155550123\nRequest ID 4155550124\nCASE-4155550125\nref=4155550126", []),
    ("for account 312-555-0142 and case (312) 555-0143", [CAROL, DAVE]),
    ("f81d4fae-7dec-11d0-a765-00a0c91e6bf6 12345678-1234-1234-1234-123456789012", []),
    ("2026-11-18T14:03:22Z 20261118T140322Z 1/2/26", []),
    ("", []),
    ("no numbers here", []),
]  # fmt: skip

# What was meant as a number and is none, and a word of why.
UNREAD = [
    ("555-0142", "area code"),
    ("312-555-014", "digits"),
    ("(312) 555-01422", "digits"),
    ("+1 000 555 0142", "begins with 0 or 1"),
    ("1.31256E+10", "rounded"),
    ("30007", "Short"),
    ("Please check 1234567890 too", "begins with 0 or 1"),
    ("312-555-0143, 312-555-014", "digits"),
    ("+999 123 456 789", "country"),
]


@pytest.mark.parametrize(("text", "numbers"), READ)
def test_numbers_are_read_once_each_in_their_order(text, numbers):
    assert list(named_in(text, own={OWN}).e164s) == numbers


@pytest.mark.parametrize(("text", "why"), UNREAD)
def test_what_cannot_be_read_is_told_with_its_line_and_reason(text, why):
    found = named_in(f"312-555-0142\n\n{text}")

    assert found.e164s[0] == CAROL
    assert [unread.line for unread in found.unread] == [3]
    assert why in found.unread[0].why
    assert found.unread_count == 1


def test_mail_around_the_numbers_is_not_told_as_unread():
    mail = next(text for text, _ in READ if text.startswith("Hello"))

    assert named_in(mail).unread == ()


def test_the_accounts_own_and_toll_free_numbers_are_left_out_and_said_so():
    found = named_in(f"From {OWN} to 312-555-0142. Call us: (800) 555-0199", own=[OWN])

    assert found.e164s == (CAROL,)
    assert [(asked.e164, asked.why[:21]) for asked in found.left_out] == [
        (OWN, "It is a number of thi"),
        ("+18005550199", "Toll-free numbers can"),
    ]


def test_thousands_are_read_at_once_and_no_more_than_are_taken():
    lines = [f"{i}. (312) 55{i // 1000}-{i % 10_000:04d}, Nov 18, 2026" for i in range(6_000)]
    began = time.process_time()
    found = named_in("\n".join(lines))

    assert len(found.numbers) == 6_000
    assert not found.unread
    assert time.process_time() - began < 2
    cut = named_in("\n".join(lines), most=100)
    assert len(cut.numbers) == 100
    assert cut.is_cut
    many = named_in("\n".join(f"55{i:05d}" for i in range(1_000)))
    assert (len(many.unread), many.unread_count) == (MOST_UNREAD, 1_000)


@pytest.mark.parametrize(
    "part", ["+1 ", "(312 ", "1-", "$1,", "1.1.", "ticket ", "aA1", "+9 1 ", "1E1", " , x1"]
)
def test_no_text_takes_long(part):
    began = time.process_time()
    named_in(part * 60_000)

    assert time.process_time() - began < 3


@given(
    st.lists(st.integers(0, 9_999), unique=True, max_size=30),
    st.sampled_from(["+1312555{0}", "(312) 555-{0}", "312.555.{0}", "1312555{0}", "+1 312 555 {0}", "312 555-{0} x5"]),
    st.sampled_from(["\n", ", ", "; ", "\r\n> ", " | ", "\t", " and "]),
)  # fmt: skip
def test_numbers_however_written_and_parted_are_all_read(lasts, written, between):
    numbers = [f"{last:04d}" for last in lasts]
    found = named_in(between.join(written.format(n) for n in numbers))

    assert list(found.e164s) == [f"+1312555{n}" for n in numbers]
    assert found.unread == ()


@given(st.text(max_size=300))
def test_any_text_is_read_without_a_fault_and_to_the_same_numbers_twice(text):
    found = named_in(text)

    assert len(set(found.e164s)) == len(found.numbers)
    assert named_in("\n".join(found.e164s)).e164s == found.e164s
