"""Files that go with texts: 150 hostile ones and more, each refused in words or made harmless (S7, S-7)."""

import io
import struct
import subprocess
import sys
from functools import partial

import pytest
from PIL import Image

from portal.gateways import picture_reader, texted
from portal.gateways.uploads import UploadRefused
from tests.factories.files import pdf, picture
from tests.factories.films import box, card, film, handler, header, moving, place, track
from tests.gateways import hostile
from tests.gateways.hostile import File, zipped
from tests.gateways.test_uploads import INSIDE, MOST_CPU_S, MOST_MB, MOST_S, WATCHED
from tests.patience import PROCESS_S, within

# What a record of consent does not take, and a text does; and what is refused in other words.
TAKEN = {"gifar.gif", "gifar.png"}
OTHERWISE = {b"GIF89a<s": "damaged", b"\0\0\0\x18ftyp": "cut off"}
PHONE = ("FN:Ann Lee", "TEL;TYPE=CELL:+1 312 555 0142")


def _moving():
    yield "fine.gif", moving(20), None
    yield "remark.gif", moving(3, comment=b"SecretCamera<script>"), None
    yield "tail.gif", moving(3) + b"<html><script>alert(1)</script>", None
    yield "zip.gif", moving(3) + zipped("../../etc/x"), None
    yield "1000.gif", partial(moving, 1_000, (8, 8)), "more than 100 frames"
    yield "101.gif", partial(moving, 101, (8, 8)), "more than 100 frames"
    yield "cut.gif", moving(3)[:60], "damaged"
    yield "bomb.gif", b"GIF89a" + b"\xff\xff\xff\xff" + moving(2)[10:], "million pixels"
    small = moving(40, (8, 8))
    yield "wide.gif", small[:6] + struct.pack("<HH", 4_000, 4_000) + small[10:], "million pixels"


def _films():
    yield "fine.mp4", film(), None
    yield "fine.3gp", film(brand=b"3gp5"), None
    yield "named.mp4", film(places=[place()]), None
    yield "noted.mp4", film(box(b"uuid", b"SecretCamera<script>")), None
    yield "room.mp4", film(box(b"free", b"<html><script>SecretCamera")), None
    yield "in-track.mp4", film(tracks=[track(b"vide", box(b"meta", b"SecretCamera"))]), None
    yield "large-box.mp4", film() + b"\0\0\0\1mdat" + b"\0" * 7 + b"\x14" + b"abcd", None
    yield "zip-behind.mp4", film() + zipped("../x"), "cut off"
    yield "page-behind.mp4", film() + b"<script>alert(1)</script>", "cut off"
    yield "zip-within.mp4", film(sound=zipped("a/b", content=b"y" * 99)), "another file hidden"
    yield "cut.mp4", film()[:-5], "cut off"
    yield "lies.mp4", film()[:28] + b"\xff\xff\xff\xff" + film()[32:], "cut off"
    yield "no-film.mp4", box(b"ftyp", b"isom", b"\0" * 8) + box(b"mdat", b"x"), "cut off"
    yield "sound.mp4", film(tracks=[track(b"soun")]), "no picture"
    yield "texts.mp4", film(tracks=[track(), track(b"text")]), "more than picture and sound"
    yield "camera.mp4", film(tracks=[track(), track(b"meta")]), "more than picture and sound"
    yield "short.mp4", film(tracks=[track(b"vide", box(b"tkhd", b"\1"))]), "cut off"
    yield "many.mp4", film(*[box(b"free")] * 6_000), "cut off"
    deep = box(b"trak", handler(b"vide"))
    for _ in range(9):
        deep = box(b"trak", deep)
    yield "deep.mp4", film(tracks=[deep]), "cut off"
    yield "a.mov", box(b"ftyp", b"qt  ", b"\0" * 8) + film()[20:], "MOV"


def _cards():
    yield "fine.vcf", card(*PHONE), None
    yield "two.vcf", card(*PHONE) * 2, None
    yield "photo.vcf", card(*PHONE, "PHOTO;ENCODING=b:U2VjcmV0Q2FtZXJh", "NOTE:SecretCamera"), None
    yield "program.vcf", card(*PHONE, "X-RUN:<script>SecretCamera", "URL:javascript:alert(1)"), None
    yield "login.vcf", card(*PHONE, "URL:https://a:SecretCamera@b.example"), None
    yield "eleven.vcf", card(*PHONE) * 11, "at most 10"
    yield "cut.vcf", card(*PHONE)[:-12], "cut off"
    yield "nested.vcf", card(*PHONE, "BEGIN:VCARD"), "cut off"
    yield "nobody.vcf", card("TEL:+13125550142"), "cut off"
    yield "page.vcf", card(*PHONE) + b"<html><script>alert(1)</script>", "cut off"
    yield "zip.vcf", card(*PHONE) + zipped("../x"), "cut off"
    yield "large.vcf", card(*PHONE, "PHOTO;ENCODING=b:" + "A" * 300_000), "holds a picture"


def _packed_pdfs():
    import zlib

    def packed(objects, filters=b"/FlateDecode", kind=b"/ObjStm"):
        data = zlib.compress(objects)
        head = b"9 0 obj<</Type%s/N 1/First 4/Filter %s/Length %d>>" % (kind, filters, len(data))
        return pdf(head + b"stream\n" + data + b"\nendstream endobj\n")

    yield "fine.pdf", packed(b"4 0 <</Type/Page>>"), None
    yield "packed.pdf", packed(b"4 0 <</S/JavaScript/JS(app.alert(1))>>"), "a program"
    yield "hidden.pdf", packed(b"4 0 <</S/J#61vaScript>>"), "a program"
    yield "twice.pdf", packed(b"4 0 <<>>", b"[/ASCII85Decode/FlateDecode]"), "can't be checked"
    yield "odd.pdf", packed(b"4 0 <<>>", b"/LZWDecode"), "can't be checked"
    yield "bomb.pdf", lambda: packed(b"\0" * 30_000_000), "can't be checked"


def corpus():
    """Return the files of the other door as this one takes them, and those of its own kinds."""
    found = []
    for file in hostile.corpus():
        if file.is_long_to_make:  # none of those below
            found.append(file)
            continue
        refused = None if file.name in TAKEN or file.content == picture("GIF") else file.refused
        for start, words in OTHERWISE.items():
            if file.content.startswith(start) and file.refused:
                refused = words if b"heic" not in file.content[:12] else file.refused
        if file.refused and "HEIC" in file.refused:
            refused = file.refused
        found.append(File(file.family, file.name, file.content, refused))
    for make in (_moving, _films, _cards, _packed_pdfs):
        found += [File(make.__name__, *rest) for rest in make()]
    return found


ALL = corpus()
OWN = [file for file in ALL if file.family.startswith("_")]
FIRST = list({file.family: file for file in reversed(ALL) if file not in OWN}.values())
CUNNING = [f for f in ALL if f.name in {
    "50k.png", "text-bomb.png", "gps.jpeg", "1000.png", "zip-around.pdf", "gifar.gif", "a\0.png",
}]  # fmt: skip


def check(file):
    with within(MOST_CPU_S, MOST_S):
        try:
            taken = texted.read(io.BytesIO(file.content), file.name)
        except UploadRefused as error:
            assert error.status == 422
            assert file.refused is not None, error.message
            assert file.refused in error.message, error.message
        else:
            assert file.refused is None
            assert_harmless(taken)


def assert_harmless(taken):
    assert 0 < len(taken.name) <= 120
    assert not set(taken.name) & set("/\\\0\r\n\u202e")
    assert taken.name.lower().endswith(
        (".png", ".jpg", ".jpeg", ".gif", ".pdf", ".mp4", ".3gp", ".vcf")
    )
    assert len(taken.content) <= texted.MOST_BYTES
    if taken.media_type == "application/pdf":
        return
    for content in (taken.content, taken.shown):
        assert not any(word in content for word in INSIDE)
    if not taken.media_type.startswith("image/"):
        return
    for content in (taken.content, taken.shown):
        with Image.open(io.BytesIO(content)) as image:
            assert image.format in {"PNG", "JPEG", "GIF"}
            assert not image.getexif()
            known = {"jfif", "jfif_version", "jfif_unit", "jfif_density", "version", "background", "loop",
                     "duration", "extension", "transparency"}  # fmt: skip
            assert not set(image.info) - known
            assert getattr(image, "n_frames", 1) <= picture_reader.MAX_FRAMES


@pytest.mark.parametrize(
    "file", [*FIRST, *CUNNING, *OWN], ids=lambda f: f"{f.family}-{f.name[:14]!a}"
)
def test_hostile_files_are_refused_in_words_or_made_harmless(file):
    check(file)


def test_there_are_more_than_150_of_them():
    assert len({(file.name, file.made) for file in ALL}) > 200


@pytest.mark.soak
@pytest.mark.parametrize("file", ALL, ids=lambda f: f"{f.family}-{f.name[:14]!a}")
def test_every_hostile_file(file):
    check(file)


@pytest.mark.parametrize(
    ("kind", "make"),
    [
        ("PNG", lambda: picture("PNG", (5_000, 5_000), "navy", mode="RGBA")),
        ("JPEG", lambda: picture("JPEG", (8_000, 8_000), "navy", progressive=True)),
        ("GIF", lambda: moving(100, (990, 1_000))),
        ("WEBP", lambda: picture("WEBP", (4_000, 4_000), "navy")),
    ],
    ids=["PNG", "JPEG", "GIF", "WEBP"],
)
def test_the_largest_that_is_taken_stays_in_its_memory(kind, make):
    greedy = WATCHED.replace("sys.argv[2]]", 'sys.argv[2], "text"]')
    command = [sys.executable, "-I", "-c", greedy.format(path=picture_reader.__file__), "-", kind]

    done = subprocess.run(command, input=make(), capture_output=True, timeout=PROCESS_S, check=True)

    assert b"refused" not in done.stdout[:80]
    assert int(done.stderr.split()[1]) < MOST_MB * 1024


def test_a_photo_becomes_small_enough_for_a_phone_and_keeps_upright():
    turned = Image.Exif()
    turned[0x0112] = 6  # the camera lay on its side

    taken = texted.read(io.BytesIO(picture("JPEG", (4_000, 3_000), exif=turned)), "IMG_1.JPEG")

    assert (taken.width, taken.height) == (1_200, 1_600)
    assert (taken.media_type, taken.name) == ("image/jpeg", "IMG_1.jpeg")
    with Image.open(io.BytesIO(taken.shown)) as small:
        assert max(small.size) == 320


def test_a_picture_keeps_moving():
    taken = texted.read(io.BytesIO(moving(12)), "wave.gif")

    with Image.open(io.BytesIO(taken.content)) as image:
        assert (image.format, image.n_frames, image.info["duration"]) == ("GIF", 12, 80)
    with Image.open(io.BytesIO(taken.shown)) as small:
        assert getattr(small, "n_frames", 1) == 1


def test_a_name_gets_the_ending_of_what_it_became():
    taken = texted.read(io.BytesIO(picture("WEBP")), "../hall.webp")

    assert (taken.name, taken.media_type) == ("hall.png", "image/png")


def test_a_film_keeps_picture_and_sound_and_forgets_where_and_when():
    whole = film(places=[place()])

    taken = texted.read(io.BytesIO(whole), "pool.mp4")

    assert taken.media_type == "video/mp4"
    assert len(taken.content) == len(whole)  # so that all stands where the film says it does
    assert b"pictures and sound" in taken.content
    for told in (b"SecretCamera", b"+41.87", b"\x11\x22\x33\x44"):
        assert told in whole
        assert told not in taken.content


def test_a_long_date_is_forgotten_too():
    long = box(b"mvhd", b"\1\0\0\0", b"\x55" * 16, b"\0" * 90)
    whole = film().replace(header(b"mvhd"), long)

    assert b"\x55" not in texted.read(io.BytesIO(refilled(whole)), "a.mp4").content


def refilled(whole):
    """Return a film whose head has the length of what it holds now."""
    start = whole.index(b"moov") - 4
    return (
        whole[:start]
        + box(b"moov", whole[start + 8 : whole.index(b"mdat") - 4])
        + whole[whole.index(b"mdat") - 4 :]
    )


def test_a_card_keeps_what_one_needs_to_call():
    raw = card(
        "N:Lee;Ann;;;", "item1.TEL;type=CELL;type=pref:(312) 555-0142", "EMAIL;TYPE=HOME:ann@x.example",
        "ADR;TYPE=HOME:;;12 Oak St\\, Unit 4;Chicago;IL;60601;USA", "ORG:Juniper;Sales",
        "URL:https://juniper.example/ann", "BDAY:1980-01-01", "NOTE;ENCODING=QUOTED-PRINTABLE:a=\r\nb",
    )  # fmt: skip

    [*lines] = texted.read(io.BytesIO(raw), "ann").content.decode().split("\r\n")

    assert lines == [
        "BEGIN:VCARD", "VERSION:3.0", "FN:Ann Lee", "N:Lee;Ann;;;", "TEL;TYPE=CELL,PREF:(312) 555-0142",
        "EMAIL;TYPE=HOME:ann@x.example", "ADR;TYPE=HOME:;;12 Oak St\\, Unit 4;Chicago;IL;60601;USA",
        "ORG:Juniper;Sales", "URL:https://juniper.example/ann", "END:VCARD", "",
    ]  # fmt: skip


def test_an_old_card_in_other_letters_is_read():
    raw = card(
        "FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:J=C3=BCr=\r\ngen", "TEL:1", version="2.1"
    )

    assert "FN:Jürgen\r\n" in texted.read(io.BytesIO(raw), "x.vcf").content.decode()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\xff\xd8\xff" + b"x" * 10_000_001, "larger than 10 MB"),
        (pdf(b"%" + b"x" * 5_000_001), "larger than 5 MB"),
        (film(sound=b"x" * 5_000_001), "larger than 5 MB"),
        (b"RIFF\0\0\0\0WAVE", "PNG, JPEG, GIF, WebP, PDF, MP4, 3GP or vCard will do"),
    ],
    ids=["empty", "photo", "pdf", "film", "sound"],
)
def test_what_is_too_much_or_unknown_is_refused_with_what_would_do(content, words):
    with pytest.raises(UploadRefused, match=words):
        texted.read(io.BytesIO(content), "a")
