"""The files behind an export for counsel: each once, under its hash, or why it is missing (C-1)."""

import hashlib
import json

from portal.appeals.rules import submission
from portal.core.settings import settings
from portal.dossiers.rules.contents import EVIDENCE
from portal.dossiers.service import asking, packing
from portal.proofs.service import certifying
from tests.factories import consent as make
from tests.factories import dossiers, proofs
from tests.factories.dossiers import opened, rows_of
from tests.factories.media import make_file
from workers.dossiers import OPENERS


def test_files_are_there_once_named_by_their_hash(northside):
    one = proofs.scan(b"%PDF-1.7 the same paper")
    make.written(northside, evidence=one)
    make.spoken(northside, make.DAVE, evidence=one)
    house = make_file(northside)
    with opened(dossiers.dossier(northside)) as archive:
        listed = rows_of(archive, "evidence/index.csv")
        assert archive.read(f"evidence/{one.sha256}.pdf") == b"%PDF-1.7 the same paper"
        for line in listed:
            assert hashlib.sha256(archive.read(line["file"])).hexdigest() == line["sha256"]
    assert [line["belongs_to"] for line in listed] == ["consent_records"] * 2 + ["media_files"]
    assert listed[2]["row"] == str(house.id)


def test_what_can_not_be_read_is_named_as_missing_with_the_reason(northside, verifier):
    gone, odd = proofs.scan(b"%PDF-1.7 gone"), proofs.scan(b"%PDF-1.7 changed")
    make.written(northside, evidence=gone)
    make.spoken(northside, make.DAVE, evidence=odd)
    folder = settings().evidence_dir / "consent"
    (folder / gone.name).unlink()
    (folder / odd.name).write_bytes(b"something else")
    made = dossiers.dossier(northside)
    with opened(made) as archive:
        missing = json.loads(archive.read("manifest.json"))["missing"]
        listed = rows_of(archive, "evidence/index.csv")
    assert made.missing == len(missing) == 2
    assert {one["file"] for one in missing} == {
        f"evidence/{gone.sha256}.pdf",
        f"evidence/{odd.sha256}.pdf",
    }
    assert all(one["why"] and one["belongs_to"] == "consent_records" for one in missing)
    assert {line["missing_because"] for line in listed} == {one["why"] for one in missing}
    assert verifier(asking.file_of(made)).returncode == 0


def test_a_file_has_the_ending_of_its_kind():
    """The frozen ZIP of an appeal, a film: nobody opens a .bin."""
    for media_type, ending in (*submission._ENDINGS.items(), ("image/gif", ".gif")):
        assert certifying.evidence_name("0" * 64, media_type) == f"evidence/{'0' * 64}{ending}"
    assert set(packing._PACKED) <= set(certifying._ENDINGS.values())


def test_every_kind_of_file_has_something_that_opens_it():
    assert {source.kind for source in EVIDENCE} == set(OPENERS)
