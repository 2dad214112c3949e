"""Numbers are read as people write them, agree with libphonenumber, and read well (K-2, S-2)."""

import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core import phone
from portal.core.phone import Kind, PhoneError, parse, show

MAYA = "+13125550142"
ROUNDED = "a spreadsheet has rounded it. Format the column as text and export it again."
SEVERAL = "it holds more than one number. Put each in its own field."
ABROAD = (
    "it has 12 digits where 10 are needed. Put a + before the country code if it is from abroad."
)


@pytest.mark.parametrize(
    "raw",
    [
        "(312) 555-0142", "312-555-0142", "312.555.0142", "312 555 0142", "3125550142",
        "13125550142", "1 312 555 0142", "1 (312) 555-0142", "+13125550142", "+1 (312) 555-0142",
        " 312 555 0142 ", "'3125550142", '"3125550142"', '="3125550142"', "’+13125550142",
        "tel:+1-312-555-0142", "TEL:3125550142", "tel:312-555-0142;phone-context=+1",
        "tel:+13125550142;phone-context=+1", "sms:+13125550142", "tel://3125550142",
        "13125550142.0", "3125550142.0", "+13125550142.00", "001 312 555 0142", "011 1 312 555 0142",
        "312–555–0142", "312\u2011555\u20110142", "312\u2212555\u22120142",
        "312\u00a0555\u00a00142", "\u202a(312) 555-0142\u202c", "\ufeff3125550142", "３１２５５５０１４２",
        "٣١٢٥٥٥٠١٤٢", "312\t555\t0142", "3125550142\n", "312/555/0142", "#3125550142",
        "（312）555-0142",
    ],
)  # fmt: skip
def test_one_number_in_many_dresses(raw):
    assert parse(raw).e164 == MAYA


@pytest.mark.parametrize(
    ("raw", "home", "e164", "region", "kind", "is_verified"),
    [
        ("(312) 555-0142", "US", MAYA, "US", Kind.UNKNOWN, True),
        ("(555) 555-1234", "US", "+15555551234", None, Kind.UNKNOWN, False),
        ("012 555 0142", "US", "+10125550142", None, Kind.UNKNOWN, False),
        ("000 000 0000", "US", "+10000000000", None, Kind.UNKNOWN, False),
        ("416 555 0142", "US", "+14165550142", "CA", Kind.UNKNOWN, True),
        ("242 322 1234", "US", "+12423221234", "BS", Kind.UNKNOWN, True),
        ("242 555 0142", "US", "+12425550142", "BS", Kind.UNKNOWN, False),
        ("787 555 0142", "US", "+17875550142", "PR", Kind.UNKNOWN, True),
        ("800 555 0100", "US", "+18005550100", "US", Kind.TOLL_FREE, True),
        ("800 155 0100", "US", "+18001550100", "DO", Kind.TOLL_FREE, False),
        ("822 555 0100", "US", "+18225550100", None, Kind.TOLL_FREE, False),
        ("900 555 0100", "US", "+19005550100", "US", Kind.PREMIUM, True),
        ("312 976 1234", "US", "+13129761234", "US", Kind.PREMIUM, True),
        ("+44 20 7946 0142", "US", "+442079460142", "GB", Kind.LANDLINE, True),
        ("+44 (0)20 7946 0142", "US", "+442079460142", "GB", Kind.LANDLINE, True),
        ("020 7946 0142", "GB", "+442079460142", "GB", Kind.LANDLINE, True),
        ("+1 312 555 0142", "GB", MAYA, "US", Kind.UNKNOWN, True),
        ("001 312 555 0142", "GB", MAYA, "US", Kind.UNKNOWN, True),
        ("0113 496 0142", "GB", "+441134960142", "GB", Kind.LANDLINE, True),
        ("0044 20 7946 0142", "US", "+442079460142", "GB", Kind.LANDLINE, True),
        ("011 44 7700 900142", "US", "+447700900142", "GB", Kind.UNKNOWN, False),
        ("+61 412 345 678", "US", "+61412345678", "AU", Kind.MOBILE, True),
        ("+44 56 1234 5678", "US", "+445612345678", "GB", Kind.VOIP, True),
        ("+44 909 123 4567", "US", "+449091234567", "GB", Kind.PREMIUM, True),
        ("+800 1234 5678", "US", "+80012345678", None, Kind.TOLL_FREE, True),
    ],
)  # fmt: skip
def test_what_a_number_tells(raw, home, e164, region, kind, is_verified):
    read = parse(raw, home)
    assert (read.e164, read.region, read.kind, read.is_verified) == (
        e164,
        region,
        kind,
        is_verified,
    )


def test_sample_numbers_of_every_area_code_in_use_are_kept():
    for area in ("212", "305", "312", "630", "708", "773", "847"):
        for last in range(100, 200):
            assert parse(f"({area}) 555-0{last}").textable


@pytest.mark.parametrize(
    ("raw", "textable"),
    [
        ("312 555 0142", True),
        ("555 555 1234", True),
        ("+44 20 7946 0142", True),
        ("800 555 0100", False),
        ("900 555 0100", False),
        ("305 976 0100", False),
        ("+44 909 123 4567", False),
    ],
)
def test_only_toll_free_and_premium_numbers_block(raw, textable):
    assert parse(raw).textable is textable


@pytest.mark.parametrize(
    ("raw", "is_us", "is_caribbean", "is_international"),
    [
        ("312 555 0142", True, False, False),
        ("787 555 0142", True, False, False),
        ("416 555 0142", False, False, False),
        ("242 322 1234", False, True, False),
        ("441 292 1234", False, True, False),
        ("+44 20 7946 0142", False, False, True),
        ("555 555 1234", False, False, False),
    ],
)
def test_whose_rules_a_number_is_under(raw, is_us, is_caribbean, is_international):
    read = parse(raw)
    assert (read.is_us, read.is_caribbean, read.is_international) == (
        is_us,
        is_caribbean,
        is_international,
    )


@pytest.mark.parametrize(
    "raw",
    [
        "312 555 0142 x12", "(312) 555-0142 ext. 12", "312-555-0142 Extension 12", "3125550142#12",
        "3125550142,12", "312 555 0142 (x12)", "tel:+1-312-555-0142;ext=12", "+13125550142 x 12",
    ],
)  # fmt: skip
def test_an_extension_is_left_out_and_said(raw):
    read = parse(raw)
    assert read.e164 == MAYA
    assert read.remark == "The extension 12 was left out: a text cannot reach one."


@pytest.mark.parametrize(
    ("raw", "code", "reason"),
    [
        ("(312) 555-01x4", "letter", "it has a letter."),
        ("1-800-FLOWERS", "letter", "it has a letter."),
        ("cell 312 555 0142", "letter", "it has a letter."),
        ("n/a", "not_a_number", "it has no digits."),
        ("½½½", "not_a_number", "it has signs that no number has."),
        ("+1+1", "not_a_number", "it has signs that no number has."),
        ("1", "not_a_number", "it has signs that no number has."),
        ("1.41E+10", "rounded", ROUNDED),
        ("1,41e10", "rounded", ROUNDED),
        ("312-555-0142 / 312-555-0150", "several", SEVERAL),
        ("3125550142 or 7735550119", "several", SEVERAL),
        ("911", "short", "it is a short number, and those cannot be texted."),
        ("24273", "short", "it is a short number, and those cannot be texted."),
        ("555-0142", "no_area_code", "its area code is missing."),
        ("312 555 014", "too_short", "it has 9 digits where 10 are needed."),
        ("+1 312 555 0142 3", "too_long", "it has 11 digits where 10 are needed."),
        ("442079460142", "too_long", ABROAD),
        ("+44 20 7", "too_short", "it has too few digits for country code 44."),
        ("+44 20 7946 0142 99", "too_long", "it has too many digits for country code 44."),
        ("+999 1234567", "no_country", "no country has this code."),
        ("+44 1", "too_short", "it has too few digits."),
    ],
)
def test_what_is_no_number_is_refused_in_a_sentence(raw, code, reason):
    with pytest.raises(PhoneError) as caught:
        parse(raw)
    assert caught.value.code == code
    assert caught.value.message == f"{raw} is not a phone number: {reason}"


@pytest.mark.parametrize(
    ("raw", "code", "sentence"),
    [
        ("", "empty", "There is no phone number."),
        (" ' ", "empty", "There is no phone number."),
        ("3" * 201, "not_a_number", f"{'3' * 39}… is not a phone number: it is far too long."),
        (
            "+" + "4" * 40,
            "too_long",
            f"+{'4' * 38}… is not a phone number: it has too many digits.",
        ),
        ("312\x00555\nx", "letter", "312 555 x is not a phone number: it has a letter."),
    ],
)
def test_a_refusal_shows_one_short_line_of_what_was_written(raw, code, sentence):
    with pytest.raises(PhoneError) as caught:
        parse(raw)
    assert (caught.value.code, caught.value.message) == (code, sentence)


def test_the_short_way_agrees_with_libphonenumber():
    numbers = random.Random(142)
    for _ in range(5000):
        digits = f"{numbers.randrange(10**10):010d}"
        asked = phonenumbers.parse(digits, "US")
        read = parse(digits)
        assert read.e164 == phonenumbers.format_number(asked, phonenumbers.PhoneNumberFormat.E164)
        assert read.is_verified == phonenumbers.is_valid_number(asked)
        region = phonenumbers.region_code_for_number(asked)
        assert region in {read.region, None}
        kind = phonenumbers.number_type(asked)
        if kind == phonenumbers.PhoneNumberType.TOLL_FREE:
            assert read.kind is Kind.TOLL_FREE
        if kind == phonenumbers.PhoneNumberType.PREMIUM_RATE:
            assert read.kind is Kind.PREMIUM


def test_an_exchange_split_by_thousands_is_read_number_by_number():
    for number in range(2465210000, 2465230000, 250):
        asked = phonenumbers.parse(str(number), "US")
        assert parse(str(number)).is_verified == phonenumbers.is_valid_number(asked)


def test_every_shape_of_a_number_reads_the_same():
    numbers = random.Random(7)
    for _ in range(500):
        a, b, c = (
            numbers.randrange(200, 1000),
            numbers.randrange(200, 1000),
            numbers.randrange(10**4),
        )
        read = {
            parse(shape.format(a, b, c))
            for shape in ("{}{}{:04d}", "({}) {}-{:04d}", "+1{}{}{:04d}", "+1 {}.{}.{:04d}\u200b")
        }
        assert len(read) == 1


def test_threads_read_the_same():
    table = phone._NanpTable()
    digits = [f"{area}{exchange}0142" for area in (312, 242, 416) for exchange in range(200, 240)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(table.look_up, digits * 20))
    assert answers == [table.look_up(number) for number in digits] * 20


@given(st.text(max_size=60) | st.text(st.sampled_from("+01239 ().-x#,/;E'"), max_size=40))
def test_anything_is_read_or_refused(raw):
    try:
        read = parse(raw)
    except PhoneError as error:
        assert error.message.endswith(".")
    else:
        assert parse(read.e164).e164 == read.e164


@pytest.mark.parametrize(
    ("e164", "reader", "shown"),
    [
        (MAYA, "US", "(312) 555-0142"),
        (MAYA, "CA", "(312) 555-0142"),
        (MAYA, "GB", "+1 312-555-0142"),
        ("+442079460142", "US", "+44 20 7946 0142"),
        ("+442079460142", "GB", "020 7946 0142"),
        ("24273", "US", "24273"),
        ("+1312", "US", "+1312"),
        ("+999", "US", "+999"),
        ("", "US", ""),
    ],
)
def test_numbers_are_shown_as_the_reader_knows_them(e164, reader, shown):
    assert show(e164, reader) == shown


def test_every_region_with_numbers_has_a_name():
    assert all(phone.country_name(r) != "Unknown country" for r in phonenumbers.SUPPORTED_REGIONS)
    assert phone.country_name("GB") == "United Kingdom"
    assert phone.country_name(None) == phone.country_name("ZZ") == "Unknown country"


def test_mms_goes_to_three_countries_only():
    assert [r for r in ("US", "CA", "AU", "BS", "GB", None) if phone.is_mms_region(r)] == [
        "US",
        "CA",
        "AU",
    ]


def test_country_code_one_is_told_by_its_plus_one():
    assert phone.is_nanp(MAYA)
    assert not phone.is_nanp("+442079460142")


def test_short_codes_are_three_to_eight_digits():
    codes = ["242", "24273", "12345678", "24", "123456789", "+24273", "٢٤٢٧٣"]
    assert [phone.is_short_code(code) for code in codes] == [True] * 3 + [False] * 4


def test_the_heavy_parts_of_libphonenumber_stay_unloaded():
    heavy = "{'phonenumbers.geocoder', 'phonenumbers.carrier', 'phonenumbers.timezone'}"
    script = f"import sys, portal.core.phone; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
