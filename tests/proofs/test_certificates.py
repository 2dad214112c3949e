"""One record as a story, and its certificate (C-1, C-6)."""

import json
import re
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import select, update

from portal.consent.api.shapes import TEXTS
from portal.consent.models import ConsentRecord
from portal.consent.service import evidence as evidence_files
from portal.core import checkpoints, glyphs
from portal.core.audit import AuditEntry
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.messaging.models import Message
from portal.messaging.values import State
from portal.proofs import queries
from portal.proofs.rules import offline, printing
from portal.proofs.service import certifying
from portal.proofs.service.typesetting import Setter, qr_svg
from tests.factories import consent as make
from tests.factories import proofs
from tests.factories.messaging import make_campaign, make_ready, make_recipient, take

LONGEST = TEXTS["disclosure_text"].most
HOSTILE = '#panic("read as code") $x^2$ <b> *bold* _it_ \\ `raw` @ref = // #include "/etc/passwd"'


@pytest.fixture
def carol(northside):
    """Carol's consent, given on a hosted form."""
    return make.written(northside, source_url="https://juniper.example/f/open-house")


@pytest.fixture
def here(northside, carol):
    return {"account_id": northside.id, "record_id": carol}


def story_of(account, record_id):
    return queries.story(account.tenant, record_id, utcnow())


class TestStory:
    def test_a_record_is_told_with_what_was_seen_what_is_missing_and_how_to_mend_it(
        self, alice, northside, here
    ):
        reply = alice.get("proofs.record", **here)
        at = story_of(northside, here["record_id"]).record.recorded_at

        assert "Consent is not a condition of purchase." in reply.text_of("#seen")
        assert "Ticked by the person" in reply.text_of("#seen")
        moment = f"2 Mar 2026, 12:00 pm CST, 2026-03-02T18:00:{at:%S}Z"
        assert moment in reply.text_of("#story")
        assert "Ip address" not in reply.text_of("#completeness")
        assert "IP address It can't be added afterwards." in reply.text_of("#completeness")
        assert "Entry 1 of the audit log" in reply.text_of("#evidence")

    def test_what_followed_is_told_texts_and_opt_outs(self, alice, northside):
        make_ready(northside)
        somebody = make_recipient(northside, number=make.CAROL)
        make_campaign(northside, [somebody])
        take(northside)
        record = queries.best_records(northside.tenant, [make.CAROL], utcnow())[0][make.CAROL]
        with unit_of_work():
            db.session.execute(
                update(Message).values(state=State.DELIVERED, consent_record_id=record.id)
            )
        make.stop(northside, at=utcnow())

        reply = alice.get("proofs.record", account_id=northside.id, record_id=record.id)

        assert "1 text rested on this record" in reply.text_of("#followed")
        assert "Opted out , keyword" in reply.text_of("#followed")

    def test_another_organization_finds_nothing(self, mallory, lakeview, here):
        for endpoint in ("record", "certificate_pdf", "certificate_json", "served_page"):
            mallory.get(f"proofs.{endpoint}", 404, **here)
            mallory.get(f"proofs.{endpoint}", 404, **here | {"account_id": lakeview.id})

    def test_the_page_that_was_served_is_framed_and_can_do_nothing(self, alice, northside):
        kept = evidence_files.store_page("<h1>Open house</h1>", "page.html")
        record = make.written(northside, evidence=kept)
        here = {"account_id": northside.id, "record_id": record}

        around = alice.get("proofs.record", **here)
        [frame] = around.page.select("iframe")
        assert frame.has_attr("sandbox") and not frame["sandbox"]
        assert "frame-src 'self'" in around.headers["Content-Security-Policy"]

        policy = alice.open("GET", frame["src"]).headers["Content-Security-Policy"]
        assert policy.startswith("sandbox; default-src 'none'")
        assert "script" not in policy

    def test_a_certificate_nobody_made_is_not_there_to_read(self, alice, here):
        """RULINGS 23: reading makes nothing."""
        assert "Make the certificate first" in alice.get("proofs.certificate_pdf", 409, **here).text


class TestPdf:
    def test_it_is_pdf_a_and_the_same_bytes_for_the_same_record_and_time(self, northside, carol):
        certified = proofs.certify(northside, carol)
        story = story_of(northside, carol)
        with Setter() as one, Setter() as other:
            first = certifying.make(one, story, certified).pdf
            again = certifying.make(other, story, certified).pdf

        assert first.is_archival
        assert b"<pdfaid:part>2</pdfaid:part>" in first.content
        assert first.content == again.content

    def test_what_people_wrote_is_never_read_as_markup(self, northside):
        record = make.written(
            northside,
            name=HOSTILE,
            email="#panic()@example.com",
            disclosure_text=HOSTILE * 3,
            method_details=HOSTILE,
            form_name=HOSTILE,
            user_agent=HOSTILE,
        )
        with Setter() as setter:
            made = certifying.make(
                setter, story_of(northside, record), proofs.certify(northside, record)
            )
        assert made.pdf.is_archival  # code among it would have stopped the compiler

    @pytest.mark.parametrize("words", ["x", "{}", "https://juniper.example/terms/of/use "])
    def test_the_longest_disclosure_is_set_whatever_its_words_are_like(self, northside, words):
        """As long as the API takes it (C-6): one of 15,000 signs without a space had no certificate."""
        record = make.written(northside, disclosure_text=(words * LONGEST)[:LONGEST].strip())
        with Setter() as setter:
            made = certifying.make(
                setter, story_of(northside, record), proofs.certify(northside, record)
            )
        assert made.pdf.is_archival

    @pytest.mark.parametrize("name", ["王小明", "Zoë 🏡", "สมชาย"])
    def test_signs_without_a_glyph_cost_the_standard_and_are_said_by_code_point(
        self, northside, name, monkeypatch
    ):
        record = make.written(northside, name=name)
        told = []
        compile_ = Setter.compile
        monkeypatch.setattr(
            Setter, "compile", lambda s, data, *a, **k: told.append(data) or compile_(s, data, *a, **k)
        )  # fmt: skip
        with Setter() as setter:
            made = certifying.make(
                setter, story_of(northside, record), proofs.certify(northside, record)
            )

        assert not made.pdf.is_archival
        assert made.pdf.content.startswith(b"%PDF")
        assert "not PDF/A" in told[-1]["note"]
        assert f"(U+{ord(name[-1]):04X}" in told[-1]["who"] or "U+" in told[-1]["who"]

    @pytest.mark.parametrize("name", ["Łukasz Ñandú", "Ελένη", "Иван", "O’Brien"])
    def test_names_of_many_scripts_keep_the_standard(self, northside, name):
        record = make.written(northside, name=name)
        with Setter() as setter:
            made = certifying.make(
                setter, story_of(northside, record), proofs.certify(northside, record)
            )
        assert made.pdf.is_archival
        assert glyphs.code_points(name) == name

    def test_a_damaged_picture_costs_its_page_alone(self, northside, carol):
        with Setter() as setter:
            document = {
                **printing.document(
                    story_of(northside, carol),
                    application="ConsentDesk",
                    verify_url="https://x.example/verify/x",
                    issued_at=utcnow(),
                    log=[],
                )
            }
            made = setter.set(
                document,
                address="https://x.example",
                at=utcnow(),
                pictures=[("Scan", b"\xff\xd8\xffnot a picture", "scan.jpg")],
            )
        assert made.is_archival

    def test_signs_that_steer_the_eye_are_left_out(self, northside):
        record = make.written(northside, name="Carol \u202egnp.exe\x07")
        document = printing.document(
            story_of(northside, record), application="", verify_url="", issued_at=utcnow(), log=[]
        )
        assert document["who"] == "Carol gnp.exe"

    def test_a_download_is_written_to_the_log(self, alice, here, northside):
        alice.follow(alice.post("proofs.certify", data={"form": "pdf"}, **here))
        event = db.session.scalars(
            select(AuditEntry).where(AuditEntry.event == "proofs:certificate:download")
        ).one()
        assert (event.actor_label, event.subject_id) == ("Alice Moreno", here["record_id"])

    def test_a_code_is_the_same_for_the_same_address(self):
        assert qr_svg("https://x.example/verify/a") == qr_svg("https://x.example/verify/a")


class TestJson:
    def test_the_verifier_finds_it_whole_without_the_portal(
        self, verifier, northside, carol, tmp_path
    ):
        path = tmp_path / "certificate.json"
        path.write_text(proofs.certificate(northside, carol))

        found = verifier(path, "--key", checkpoints.public_key())

        assert found.returncode == 0, found.stderr
        assert f"HOLDS  {path}: record {carol} of {make.CAROL}" in found.stdout

    def test_a_key_that_is_not_the_one_given_is_told(self, verifier, northside, carol, tmp_path):
        path = tmp_path / "certificate.json"
        path.write_text(proofs.certificate(northside, carol))
        found = verifier(path, "--key", "A" * 43 + "=")
        assert found.returncode == 1
        assert "a public key other than the one given" in found.stderr

    def test_any_byte_that_differs_is_found(self, northside, carol):
        """S13, over a whole certificate: bytes changed, taken out, put in."""
        whole = proofs.certificate(northside, carol).encode()
        rng = Random(4)
        missed = []
        for _ in range(400):
            place, kind = rng.randrange(len(whole)), rng.randrange(3)
            fresh = bytes([rng.choice([b for b in range(256) if b != whole[place]])])
            changed = [
                whole[:place] + fresh + whole[place + 1 :],
                whole[:place] + whole[place + 1 :],
                whole[:place] + fresh + whole[place:],
            ][kind]
            if changed != whole and not _faults(changed):
                missed.append((place, kind, whole[place - 20 : place + 20]))
        assert missed == []
        assert _faults(whole) == []

    def test_the_verifier_as_a_program_says_what_is_wrong(
        self, verifier, northside, carol, tmp_path
    ):
        text = proofs.certificate(northside, carol)
        for old, new, words in (
            ("Carol Reyes", "Karol Reyes", "its facts do not give its fingerprint"),
            ('"position": 1', '"position": 2', "the entry was changed"),
            ('"checkpoint": "ConsentDesk', '"checkpoint": "consentDesk', "no checkpoint"),
            ("{\n", "{ \n", "it was changed"),
        ):
            path = tmp_path / "changed.json"
            assert old in text
            path.write_text(text.replace(old, new, 1))
            found = verifier(path)
            assert found.returncode == 1
            assert words in found.stderr
        assert verifier(tmp_path / "nothing.json").returncode == 2

    def test_evidence_is_checked_where_it_lies(self, verifier, northside, tmp_path):
        record = make.spoken(northside, evidence=proofs.scan())
        path = tmp_path / "certificate.json"
        path.write_text(proofs.certificate(northside, record))
        sha256 = json.loads(path.read_text())["record"]["evidence_sha256"]
        assert "is not here" in verifier(path).stderr

        downloaded = tmp_path / "paper.pdf"
        downloaded.write_bytes(b"%PDF-1.7 a signed paper")
        assert verifier(path).returncode == 0
        downloaded.write_bytes(b"%PDF-1.7 a signed papeR")
        assert "or it was changed" in verifier(path).stderr

        (tmp_path / "evidence").mkdir()
        scan = tmp_path / "evidence" / f"{sha256}.pdf"
        scan.write_bytes(b"%PDF-1.7 a signed paper")
        assert verifier(path).returncode == 0

        scan.write_bytes(b"%PDF-1.7 a signed papeR")
        found = verifier(path)
        assert found.returncode == 1
        assert "evidence file was changed" in found.stderr


class TestPublicPage:
    def test_it_says_valid_by_working_it_out_and_shows_no_personal_data(
        self, anyone, northside, carol
    ):
        certified = proofs.certify(northside, carol)

        reply = anyone.get("proofs.verify", token=certified.token)

        assert reply.text_of("h1") == "This certificate is valid"
        said = re.sub(r"\b[0-9a-f]{64}\b", "", reply.text)  # three digits stand in a hash by chance
        for personal in ("Carol", "Reyes", "555", "3125550142", "Juniper", "Northside", "Bob"):
            assert personal not in said
        assert story_of(northside, carol).record.sha256 in reply.text
        assert "noindex" in reply.headers["X-Robots-Tag"]
        assert reply.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in reply.headers

    def test_a_record_changed_in_the_database_is_not_valid(self, anyone, alice, northside, here):
        certified = proofs.certify(northside, here["record_id"])
        with unit_of_work():
            db.session.execute(update(ConsentRecord).values(name="Karol Reyes"))

        reply = anyone.get("proofs.verify", token=certified.token)

        assert reply.text_of("h1") == "This certificate is not valid"
        assert "do not give its fingerprint" in reply.text
        assert "not what was logged" in alice.get("proofs.record", **here).text

    def test_evidence_changed_on_disk_is_not_valid(self, anyone, northside):
        kept = proofs.scan()
        record = make.spoken(northside, evidence=kept)
        certified = proofs.certify(northside, record)
        evidence_files.path_of(kept.name).unlink()
        assert "not there any more" in anyone.get("proofs.verify", token=certified.token).text

    def test_a_token_nobody_has_is_missing(self, anyone, northside, carol):
        token = proofs.certify(northside, carol).token
        wrong = ("A" if token[0] != "A" else "B") + token[1:]
        for guess in (wrong, token[:-1], token + "A", "x"):
            anyone.get("proofs.verify", 404, token=guess)

    def test_who_guesses_is_slowed_down(self, anyone):
        said = [anyone.client.get(f"/verify/{n:043d}").status_code for n in range(31)]
        assert said[0] == 404
        assert said[-1] == 429

    def test_the_verifier_is_there_for_anybody(self, anyone):
        reply = anyone.get("proofs.verifier")
        assert b"import argparse" in reply.data
        assert b"from portal" not in reply.data

    def test_a_certificate_outlives_time(self, anyone, northside, carol, clock):
        token = proofs.certify(northside, carol).token
        clock.travel(by=timedelta(days=2_000))
        assert proofs.certify(northside, carol).token == token
        assert "is valid" in anyone.get("proofs.verify", token=token).text_of("h1")


def _faults(content):
    """Return what the verifier would find wrong with a certificate."""
    return list(offline._of_certificate(content, [], lambda _sha256: None))
