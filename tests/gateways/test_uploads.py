"""Files people hand in: each is refused in words or written anew (PROMISES 4, threat 6; S7)."""

import io
import subprocess
import sys

import pytest
from PIL import Image

from portal.gateways import picture_reader, uploads
from portal.gateways.uploads import Kind, UploadRefused
from tests.factories.files import pdf, picture
from tests.gateways import hostile
from tests.patience import PROCESS_S, within

ALL = hostile.corpus()
FIRST = list({file.family: file for file in reversed(ALL)}.values())
CUNNING = [file for file in ALL if file.name in {
    "50k.png", "text-bomb.png", "lies-small.png", "gps.jpeg", "1000.png", "zip-around.pdf",
    "hidden.pdf", "page.html", "a\0.png", "\u202egnp.exe", "IMG_1.jpg",
}]  # fmt: skip
MOST_MB, MOST_CPU_S, MOST_S = 400, 10, 25  # a busy machine ends the reader after 20 (S7)
INSIDE = (b"<script", b"SecretCamera", b"<html", b"PK\x03\x04", b"<?php", b"Exif", b"XMP")


def outcome(file):
    """Return what became of a file, having asked everything that is promised of it."""
    with within(MOST_CPU_S, MOST_S):
        try:
            taken = uploads.read(io.BytesIO(file.content), file.name)
        except UploadRefused as error:
            assert error.status == 422
            return error.message
        assert taken.content == file.content  # the evidence is what was handed in
        assert_clean(taken)
        return None


def assert_clean(taken):
    name, copy = taken.file_name, taken.picture
    assert 0 < len(name) <= 120
    assert not set(name) & set("/\\\0\r\n\u202e")
    assert name.lower().endswith((".png", ".jpg", ".jpeg", ".webp"))
    assert not name.startswith(".")
    assert not any(word in copy.content for word in INSIDE)
    with Image.open(io.BytesIO(copy.content)) as image:
        assert image.format in {"PNG", "JPEG"}
        assert (image.width, image.height) == (copy.width, copy.height)
        assert not image.getexif()
        assert not set(image.info) - {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def check(file):
    said = outcome(file)
    if file.refused is None:
        assert said is None, said
    else:
        assert file.refused in (said or ""), said


@pytest.mark.parametrize("file", [*FIRST, *CUNNING], ids=lambda f: f"{f.family}-{f.name[:12]!a}")
def test_one_hostile_file_of_each_family(file):
    check(file)


def test_there_are_more_than_150_of_them():
    assert len({(file.name, file.made) for file in ALL}) >= 150


@pytest.mark.soak
@pytest.mark.parametrize("file", ALL, ids=lambda f: f"{f.family}-{f.name[:12]!a}")
def test_every_hostile_file(file):
    check(file)


WATCHED = """
import runpy, sys
sys.argv = ["reader", sys.argv[2]]
runpy.run_path({path!r}, run_name="__main__")
sys.stdout.flush()
[line] = [l for l in open("/proc/self/status") if l.startswith("VmHWM")]
print(line, file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("kind", "options"),
    [("PNG", {"mode": "RGBA"}), ("JPEG", {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"})],
)  # fmt: skip
def test_the_largest_picture_that_is_taken_stays_in_its_memory(kind, options):
    largest = picture(kind, (5_000, 5_000), "navy", **options)
    command = [sys.executable, "-I", "-c", WATCHED.format(path=picture_reader.__file__), "-", kind]

    done = subprocess.run(
        command, input=largest, capture_output=True, timeout=PROCESS_S, check=True
    )

    assert b"refused" not in done.stdout[:80]
    assert int(done.stderr.split()[1]) < MOST_MB * 1024


def test_a_reader_that_wants_too_much_memory_ends_by_its_limits_alone():
    greedy = WATCHED.format(path=picture_reader.__file__).replace(
        "sys.stdout.flush()", f"bytearray({picture_reader.MEMORY_BYTES})"
    )

    done = subprocess.run(
        [sys.executable, "-I", "-c", greedy, "-", "PNG"],
        input=picture(), capture_output=True, timeout=PROCESS_S, check=False,
    )  # fmt: skip

    assert b"MemoryError" in done.stderr


@pytest.mark.parametrize(
    ("kind", "content", "media_type"),
    [
        (Kind.PNG, picture(), "image/png"),
        (Kind.JPEG, picture("JPEG"), "image/jpeg"),
        (Kind.WEBP, picture("WEBP"), "image/webp"),
        (Kind.PDF, pdf(), "application/pdf"),
    ],
)
def test_what_people_scan_and_photograph_is_taken(kind, content, media_type):
    taken = uploads.read(io.BytesIO(content), "Blatt ä.scan")

    assert (taken.kind, taken.media_type) == (kind, media_type)
    assert taken.file_name.startswith("Blatt ä.scan.")
    assert (taken.picture is None) == (kind is Kind.PDF)


def test_a_photo_is_shown_upright():
    turned = Image.Exif()
    turned[0x0112] = 6  # the camera lay on its side
    taken = uploads.read(io.BytesIO(picture("JPEG", (40, 30), exif=turned)), "a.jpg")

    assert (taken.picture.width, taken.picture.height) == (30, 40)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_pictures_of_every_mode_are_written_anew(mode):
    kind = "JPEG" if mode == "CMYK" else "PNG"
    taken = uploads.read(io.BytesIO(picture(kind, mode=mode, color=1)), "a")

    with Image.open(io.BytesIO(taken.picture.content)) as image:
        assert image.mode in {"L", "RGB", "RGBA"}


def test_a_place_for_pictures_takes_no_pdf():
    with pytest.raises(UploadRefused, match=r"PNG, JPEG or WebP will do\."):
        uploads.read(io.BytesIO(pdf()), "logo.pdf", kinds=uploads.PICTURES)


def test_a_file_over_the_limit_is_refused_in_words():
    with pytest.raises(UploadRefused, match="larger than 1 MB"):
        uploads.read(io.BytesIO(picture() + b"0" * 1_000_000), "a.png", max_bytes=1_000_000)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_that_is_to_fit_is_made_smaller_as_a_png(kind):
    made = picture(size=(960, 80), kind=kind)
    taken = uploads.read(io.BytesIO(made), "logo", kinds=uploads.PICTURES, within=(480, 160))
    assert (taken.picture.width, taken.picture.height) == (480, 40)
    assert taken.picture.media_type == "image/png"
    assert taken.content == made
    with Image.open(io.BytesIO(taken.picture.content)) as image:
        assert (image.format, image.size) == ("PNG", (480, 40))
