"""One PDF and one ZIP go to the carrier, and every hash in them is right (A-5)."""

import csv
import hashlib
import io
import json
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from portal.appeals.errors import FileRefused
from portal.appeals.rules.proving import NumberProof, Outcome
from portal.appeals.rules.submission import (
    AnsweredPart,
    Attached,
    Line,
    Metric,
    Pause,
    Submission,
    as_text,
    safe_name,
    shown_text,
)
from portal.appeals.rules.templates import QUESTIONS
from portal.appeals.service import packing

AT = datetime(2026, 12, 1, 18, 30, tzinfo=UTC)
ODD = "שלום مرحبا 🙂 María-José " + "W" * 200
HOSTILE = [
    "../../etc/passwd", "C:\\Windows\\system32\\evil.exe", "a/b\\..\\c.png", "nul\x00\x1f.png", "CON", "",
    "invoice\u202egnp.exe", "." * 300, "🙂" * 100, "\n\r\t", "a" * 400 + ".pdf", "=cmd|' /C calc'!A0.png", "שלום.png",
]  # fmt: skip


def picture(width, height, kind="PNG"):
    drawn = io.BytesIO()
    Image.new("RGB", (width, height), "#eef4f4").save(drawn, kind)
    return drawn.getvalue()


def attached(content, name="form.png", media_type="image/png"):
    return Attached(name, media_type, hashlib.sha256(content).hexdigest(), content)


def number(place, outcome=Outcome.PROVEN, why=""):
    e164 = f"+1312555{place:04d}"
    return NumberProof(
        e164, e164, outcome, why, UUID(int=place + 1), "Carol Reyes", "Hosted form", "Express written",
        AT - timedelta(days=90), 2, AT - timedelta(days=80), AT, ("IP address",),
    )  # fmt: skip


@pytest.fixture(scope="module")
def submission():
    files = {
        1: (attached(picture(390, 700), "first-text.png"),),
        3: (
            attached(picture(1280, 600), HOSTILE[0]),
            attached(picture(390, 2400, "JPEG"), HOSTILE[6], "image/jpeg"),
            attached(b"\x89PNG no picture at all", "damaged.png"),
        ),
        6: (attached(b"%PDF-1.4 a scan", "scan.pdf", "application/pdf"),),
    }
    return Submission(
        case_id=UUID(int=7),
        application="ConsentDesk",
        organization="Juniper Realty LLC " + ODD,
        account="Bob Tran",
        zone="America/Chicago",
        title="Appeal of a suspension",
        submitted_at=AT,
        facts=(("Reason", "High opt-out rate"), ("The carrier said", ODD)),
        parts=tuple(
            AnsweredPart(
                place, asked, f"Answer {place}. {ODD}", is_set_aside=place == 3, files=files.get(place, ()),
                link="https://juniper.example/f/" + "x" * 300 if place == 2 else "",
            )
            for place, asked in enumerate(QUESTIONS, 1)
        ),
        forms=(("Open house", "https://juniper.example/f/open-house"),),
        forms_part=2,
        pause=Pause(5, "Bulk and plan texts.", (("By", "Alice Moreno"),), (Metric("Opt-out rate", "4 %", "0 %"),)),
        proof_part=6,
        numbers=(*map(number, range(40)), number(40, Outcome.WITHOUT, "1 text went without a consent.")),
        history=(Line(AT, "Alice Moreno", "Approved"),),
    )  # fmt: skip


@pytest.fixture(scope="module")
def packed(submission):
    return packing.pack(submission)


def opened(packed):
    return zipfile.ZipFile(io.BytesIO(packed.zip))


def test_every_hash_of_the_manifest_is_that_of_its_file(packed):
    with opened(packed) as archive:
        files = json.loads(archive.read("manifest.json"))["files"]
        assert archive.testzip() is None
        assert set(files) | {"manifest.json"} == set(archive.namelist())
        assert files == dict(packed.files)
        for name, sha256 in files.items():
            assert hashlib.sha256(archive.read(name)).hexdigest() == sha256
        assert archive.read("appeal.pdf") == packed.pdf


def test_the_zip_holds_the_answers_the_numbers_and_the_files_as_they_are_kept(packed, submission):
    with opened(packed) as archive:
        text = archive.read("answers.txt").decode()
        rows = list(csv.DictReader(io.StringIO(archive.read("numbers.csv").decode("utf-8-sig"))))
        without = archive.read("numbers-without-proof.csv").decode("utf-8-sig")
        assert archive.read("part-1/01-first-text.png") == submission.parts[0].files[0].content
        assert archive.read("part-6/01-scan.pdf") == b"%PDF-1.4 a scan"
    assert [heading for heading in QUESTIONS if heading.strip() in text] == list(QUESTIONS)
    assert ODD in text
    assert len(rows) == 41
    assert rows[0]["Consent record"] == str(UUID(int=1))
    assert "+13125550040" in without
    assert "+13125550039" not in without


def test_the_same_submission_gives_the_same_bytes_and_another_one_others(packed, submission):
    again = packing.pack(submission)

    assert (again.pdf, again.zip) == (packed.pdf, packed.zip)
    assert packing.pack(replace(submission, title="Another")).zip_sha256 != packed.zip_sha256


def test_the_pdf_stands_whatever_was_written_and_a_plain_one_is_archival(packed, submission):
    assert packed.pdf.startswith(b"%PDF")
    assert not packed.is_archival  # signs without a glyph: their code points stand beside them
    plain = replace(
        submission, organization="Juniper Realty", facts=(), numbers=(), history=(), pause=None,
        parts=(AnsweredPart(1, QUESTIONS[0], "#set text(red) *bold* $x$ <a> \\ ]"),),
    )  # fmt: skip
    assert packing.pack(plain).is_archival


def test_too_much_is_refused_before_anything_is_made(submission, monkeypatch):
    monkeypatch.setattr(packing, "MOST_BYTES", 1_000)
    with pytest.raises(FileRefused, match="too large together"):
        packing.pack(submission)


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_does_harm(name):
    assert_harmless(safe_name(name, "image/png"))


@given(st.text(max_size=300))
def test_no_text_makes_a_harmful_name(name):
    assert_harmless(safe_name(name, "application/x-unheard-of"))
    assert "\u202e" not in shown_text(name)


def assert_harmless(safe):
    assert PurePosixPath(safe).name == safe
    assert not set(safe) & set('\\:*?"<>|\x00\u202e\n')
    assert len(safe.encode()) <= 64
    assert safe.rpartition(".")[2] in {"png", "bin"}
    assert safe.rpartition(".")[0].strip(" .")


def test_the_text_for_a_ticket_says_what_does_not_apply(submission):
    text = as_text(submission)

    assert "Not applicable:\nAnswer 3" in text
    assert "41 numbers named: 40 with proof of opt-in, 1 without." in text
