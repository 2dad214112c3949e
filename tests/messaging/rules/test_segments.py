"""Segments are counted as carriers count them, and dear characters are named (R-5, R-6)."""

import json
from pathlib import Path

import pytest
import smsutil
from hypothesis import given
from hypothesis import strategies as st

from portal.messaging.rules.segments import analyze, replace, replacements

VECTORS = json.loads(
    (Path(__file__).parents[2] / "data" / "gsm7.json").read_text(encoding="utf-8")
)["vectors"]
PLAIN = "abc XYZ 019 @é\n"
DOUBLE = "{}[]~|^€\\\f"
SPECIAL = "êá’…—\u00a0😀🏡\u200d\ufe0f"
MIXED = st.text(st.sampled_from(PLAIN * 4 + DOUBLE * 2 + SPECIAL), min_size=1, max_size=700)
GSM = st.text(st.sampled_from(PLAIN + DOUBLE), min_size=1, max_size=700)
ANYTHING = st.text(min_size=1, max_size=400)


def slow_count(body):
    """Put whole characters into parts one by one, as a person would."""
    basic = set(
        "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
        "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
    )
    extension = set("\f^{}\\[~]|€")
    if set(body) <= basic | extension:
        widths, single, joined = [1 + (c in extension) for c in body], 160, 153
    else:
        widths, single, joined = [1 + (ord(c) > 0xFFFF) for c in body], 70, 67
    if sum(widths) <= single:
        return sum(widths), 1
    parts, room = 0, 0
    for width in widths:
        if width > room:
            parts, room = parts + 1, joined
        room -= width
    return sum(widths), parts


@pytest.mark.parametrize(
    "vector", [v for v in VECTORS if v["body"]], ids=lambda vector: vector["name"]
)
def test_agrees_with_the_carriers_own_calculator(vector):
    counted = analyze(vector["body"])
    assert (counted.encoding, counted.segments) == (vector["encoding"], vector["segments"])


def test_every_vector_is_there():
    assert len(VECTORS) == 38


@pytest.mark.parametrize(
    ("body", "encoding", "units", "segments"),
    [
        ("a" * 160, "GSM-7", 160, 1),
        ("a" * 161, "GSM-7", 161, 2),
        ("a" * 306, "GSM-7", 306, 2),
        ("a" * 307, "GSM-7", 307, 3),
        ("€" * 80, "GSM-7", 160, 1),
        ("a" * 152 + "€" + "a" * 152, "GSM-7", 306, 3),
        ("a" * 152 + "€", "GSM-7", 154, 1),
        ("ñ" * 160, "GSM-7", 160, 1),
        ("ê" * 70, "UCS-2", 70, 1),
        ("ê" * 71, "UCS-2", 71, 2),
        ("😀" * 35, "UCS-2", 70, 1),
        ("😀" * 67, "UCS-2", 134, 3),
        ("ê{}", "UCS-2", 3, 1),
        ("\x1b", "UCS-2", 1, 1),
        ("\ud83d" * 71, "UCS-2", 71, 2),
    ],
)
def test_units_and_segments(body, encoding, units, segments):
    counted = analyze(body)
    assert (counted.encoding, counted.units, counted.segments) == (encoding, units, segments)


@pytest.mark.parametrize(
    ("body", "forcing"),
    [
        ("plain [text]", ()),
        ("We’re here — now’s", ("’", "—")),
        ("a😀b😀c🏡", ("😀", "🏡")),
        ("e\u0301", ("\u0301",)),
    ],
)
def test_names_what_forced_ucs2_once_each_in_order(body, forcing):
    assert analyze(body).forcing == forcing


def test_an_empty_text_is_refused():
    with pytest.raises(ValueError, match="empty text"):
        analyze("")


@given(MIXED | GSM | ANYTHING)
def test_agrees_with_a_slow_count(body):
    counted = analyze(body)
    assert (counted.units, counted.segments) == slow_count(body)


@given(MIXED | GSM)
def test_agrees_with_another_implementation(body):
    assert analyze(body).segments == len(smsutil.split(body).parts)


@pytest.mark.parametrize(
    ("body", "replaced", "listed"),
    [
        ("We’re “open”…", 'We\'re "open"...', {"’": "'", "“": '"', "”": '"', "…": "..."}),
        ("a\u00a0b\tc", "a b c", {"\u00a0": " ", "\t": " "}),
        ("cafe\u0301", "café", {"e\u0301": "é"}),
        ("man\u0303ana", "mañana", {"n\u0303": "ñ"}),
        ("así", "así", {}),
        ("asi\u0301", "asi\u0301", {}),
        ("si\u0301’", "si\u0301'", {"’": "'"}),
        ("Hi’ 😀", "Hi' 😀", {"’": "'"}),
        ("\u212b", "Å", {"\u212b": "Å"}),
        ("plain", "plain", {}),
        ("\u200b", "\u200b", {}),
    ],
)
def test_offers_the_gsm_twin(body, replaced, listed):
    assert replace(body) == replaced
    assert replacements(body) == listed


def test_offers_nothing_that_would_cost_more():
    body = "…" * 70
    assert replace(body) == body
    assert replacements(body) == {}


@given(MIXED | ANYTHING)
def test_replacing_twice_is_replacing_once(body):
    assert replace(replace(body)) == replace(body)


@given(MIXED | ANYTHING)
def test_replacing_never_makes_a_text_longer_in_segments(body):
    assert analyze(replace(body)).segments <= analyze(body).segments


@given(MIXED)
def test_every_offer_is_gsm(body):
    assert all(
        not twin or analyze(twin).encoding == "GSM-7" for twin in replacements(body).values()
    )
