"""Bundles of proofs, made by a worker (C-6, G15)."""

import csv
import hashlib
import io
import json
import zipfile
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event, select

from portal.core import checkpoints
from portal.core.audit import AuditEntry
from portal.core.db import db, unit_of_work
from portal.proofs import queries
from portal.proofs.errors import NumbersRefused
from portal.proofs.rules import covering, numbers
from portal.proofs.service import bundling, script
from portal.proofs.service.typesetting import Setter
from portal.proofs.values import MOST_NUMBERS, BundleState
from tests import cast
from tests.factories import consent as make
from tests.factories import proofs
from tests.factories.contacts import make_contact
from workers.proofs import forget_bundles, make_bundle, resume_bundles


def opened(bundle):
    return zipfile.ZipFile(bundling.file_of(bundle))


def rows_of(archive):
    text = archive.read("numbers.csv").decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def e164s(count):
    return [f"+1312555{place:04d}" for place in range(count)]


@contextmanager
def asked_of_database():
    """Give the statements that are asked inside."""
    heard = []

    def keep(_connection, _cursor, statement, *_):
        heard.append(statement)

    event.listen(db.engine, "before_cursor_execute", keep)
    yield heard
    event.remove(db.engine, "before_cursor_execute", keep)


class TestWhole:
    @pytest.fixture
    def bundle(self, northside):
        make.written(northside)
        make.spoken(northside, make.DAVE, evidence=proofs.scan())
        make.bought(northside, make.ERIN)
        return proofs.bundle(
            northside, f"Phone\n{make.CAROL}\n(312) 555-0143\n312-555-0144;\n3125550199\n12345678901234"
        )  # fmt: skip

    def test_every_hash_of_the_manifest_is_that_of_its_file(self, bundle):
        with opened(bundle) as archive:
            files = json.loads(archive.read("manifest.json"))["files"]
            assert set(files) | {"manifest.json"} == set(archive.namelist())
            for name, sha256 in files.items():
                assert hashlib.sha256(archive.read(name)).hexdigest() == sha256
            assert archive.testzip() is None
            assert {name.partition("/")[0] for name in files} == {
                "README.txt", "certificates", "consentdesk-verify.py", "cover.pdf", "evidence",
                "numbers.csv",
            }  # fmt: skip

    def test_every_number_is_listed_with_its_proof_or_why_it_has_none(self, bundle, northside):
        with opened(bundle) as archive:
            carol, dave, erin, nobody, odd = rows_of(archive)
            assert carol["Number"] == f"'{make.CAROL}"
            assert carol["Proof"] == "Express written consent"
            assert archive.read(carol["Certificate PDF"]).startswith(b"%PDF")
            assert archive.read(dave["Evidence"]) == b"%PDF-1.7 a signed paper"
        assert dave["Bulk texts and plans"].startswith("This person agreed to one-to-one texts")
        assert "purchased list" in erin["Why there is no proof"]
        assert "no record that this person agreed" in nobody["Why there is no proof"]
        assert odd["As asked"] == "12345678901234"
        assert odd["Why there is no proof"]
        assert (bundle.numbers, bundle.done, bundle.proven) == (5, 5, 2)
        assert [u.written for u in queries.unproven(bundle, 9)] == [
            "312-555-0144", "3125550199", "12345678901234",
        ]  # fmt: skip

    def test_the_verifier_inside_checks_it_and_finds_one_byte(
        self, bundle, verifier, tmp_path, northside
    ):
        path = bundling.file_of(bundle)
        found = verifier(path)
        assert found.returncode == 0, found.stderr
        assert "2 certificates" in found.stdout

        with opened(bundle) as archive:
            archive.extractall(tmp_path)
        assert verifier(tmp_path).returncode == 0
        [scan] = (tmp_path / "evidence").iterdir()
        for file in (
            scan,
            tmp_path / "numbers.csv",
            tmp_path / "certificates" / "13125550142.json",
        ):
            whole = file.read_bytes()
            file.write_bytes(whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:])
            found = verifier(tmp_path)
            assert found.returncode == 1
            assert f"{file.name}: its SHA-256 is not the one in the manifest" in found.stderr
            file.write_bytes(whole)
        scan.unlink()
        assert "it is missing" in verifier(tmp_path).stderr

    def test_its_cover_tells_what_was_found_and_is_the_same_each_time(self, bundle, northside):
        with opened(bundle) as archive:
            cover = archive.read("cover.pdf")
        assert cover.startswith(b"%PDF")
        told = covering.document(
            bundle, application="ConsentDesk", organization="Juniper Realty", account="Northside",
            zone="America/Chicago", public_key=checkpoints.public_key(), program=script.NAME,
        )  # fmt: skip
        assert ["With proof", "2"] in told["asked"]
        assert ["Without proof", "3"] in told["asked"]
        with Setter() as setter:
            assert setter.cover(told, bundle.created_at) == cover

    def test_a_cell_is_never_a_formula(self, northside):
        make.written(northside, name="=HYPERLINK(1)")
        with opened(proofs.bundle(northside)) as archive:
            assert rows_of(archive)[0]["Name"] == "'=HYPERLINK(1)"

    def test_what_leaves_is_written_to_the_log(self, bundle, alice, northside):
        url = alice.url("proofs.bundle_zip", account_id=northside.id, bundle_id=bundle.id)
        reply = alice.open("GET", url, buffered=True)
        assert hashlib.sha256(reply.data).hexdigest() == bundle.sha256
        entry = db.session.scalars(
            select(AuditEntry).where(AuditEntry.event == "proofs:bundle:download")
        ).one()
        assert entry.payload["numbers"] == 5

    def test_it_goes_after_its_time_and_can_be_made_again(self, bundle, browser, northside, clock):
        clock.travel(by=timedelta(days=31))
        assert forget_bundles() == 1
        assert forget_bundles() == 0
        assert not bundling.file_of(bundle).exists()
        where = {"account_id": northside.id, "bundle_id": bundle.id}
        alice = browser(cast.ALICE)
        alice.get("proofs.bundle_zip", 303, **where)
        assert "deleted after its 30 days" in alice.get("proofs.bundle", **where).text


class TestJob:
    @pytest.fixture(autouse=True)
    def small(self, monkeypatch):
        monkeypatch.setattr(bundling, "BATCH", 2)

    @pytest.fixture
    def asked(self, northside):
        for e164 in e164s(5):
            make.written(northside, e164)
        return proofs.ask(northside, "\n".join(e164s(5)))

    def test_twice_is_once(self, asked, northside):
        make_bundle(str(asked))
        first = queries.bundle_or_404(northside.tenant, asked)
        make_bundle(str(asked))
        assert queries.bundle_or_404(northside.tenant, asked) == first
        finished = select(AuditEntry).where(AuditEntry.event == "proofs:bundle:finish")
        assert len(db.session.scalars(finished).all()) == 1

    @pytest.mark.parametrize("killed_in", ["certify", "make", "note", "join", "finish"])
    def test_killed_half_way_and_run_again_it_is_whole(
        self, asked, northside, monkeypatch, killed_in
    ):
        calls = []
        real = getattr(bundling.BundleRun, killed_in)

        def dies(run, *batch):
            calls.append(1)
            if len(calls) == (2 if batch else 1):
                raise KeyboardInterrupt
            return real(run, *batch)

        with monkeypatch.context() as patch:
            patch.setattr(bundling.BundleRun, killed_in, dies)
            with pytest.raises(KeyboardInterrupt):
                make_bundle(str(asked))
        assert queries.bundle_or_404(northside.tenant, asked).is_moving

        make_bundle(str(asked))

        done = queries.bundle_or_404(northside.tenant, asked)
        assert (done.state, done.done, done.proven) == (BundleState.READY, 5, 5)
        with opened(done) as archive:
            names = archive.namelist()
            assert len(names) == len(set(names))
            assert sum(n.startswith("certificates/") and n.endswith(".pdf") for n in names) == 5
            assert len(rows_of(archive)) == 5
        assert not bundling._folder(done).exists()

    def test_a_batch_that_is_there_is_not_made_again(self, asked, northside, monkeypatch):
        made = []
        real = bundling.BundleRun._add
        monkeypatch.setattr(
            bundling.BundleRun, "_add", lambda run, *a: made.append(1) or real(run, *a)
        )
        with monkeypatch.context() as patch:
            patch.setattr(bundling.BundleRun, "join", lambda _run: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                make_bundle(str(asked))
        make_bundle(str(asked))
        assert len(made) == 5

    def test_two_workers_at_once_leave_one_whole_bundle(self, asked, northside):
        one, other = bundling.start_run(asked), bundling.start_run(asked)
        for mine, theirs in zip(one.batches(), other.batches(), strict=True):
            for run, batch in ((one, mine), (other, theirs)):
                with unit_of_work():
                    run.certify(batch)
                run.make(batch)
                with unit_of_work():
                    run.note(batch)
        for run in (one, other):
            run.join()
        for run in (one, other):
            with unit_of_work():
                run.finish()
            run.close()
        done = queries.bundle_or_404(northside.tenant, asked)
        with opened(done) as archive:
            assert archive.testzip() is None
        content = bundling.file_of(done).read_bytes()
        assert hashlib.sha256(content).hexdigest() == done.sha256

    def test_one_that_nobody_moves_is_asked_for_again(self, asked, clock, redis):
        redis.flushall()
        resume_bundles()
        assert not redis.keys("rq:job:*")
        clock.travel(by=timedelta(minutes=3))
        resume_bundles()
        assert redis.keys("rq:job:*")

    def test_evidence_is_read_a_batch_at_a_time(self, northside, monkeypatch):
        """G15: as many queries for ten numbers as for twenty, but for each entry and its checkpoint."""
        monkeypatch.setattr(bundling, "BATCH", 50)
        for e164 in e164s(20):
            make.written(northside, e164)
        counts = []
        make_bundle(str(proofs.ask(northside, e164s(1)[0])))  # a checkpoint covers the log now
        for many in (10, 20):
            bundle_id = proofs.ask(northside, "\n".join(e164s(many)))
            with asked_of_database() as heard:
                make_bundle(str(bundle_id))
            once = ("consent_records", "FROM messages", "SELECT audit_entries.hash ")
            counts.append([sum(name in s for s in heard) for name in once])
        assert counts[0] == counts[1]
        assert all(counts[0])


class TestAsking:
    def test_a_pasted_list_a_file_and_a_contact_each_make_one(self, alice, northside):
        make.written(northside)
        contact = make_contact(northside, "Carol", "Reyes", make.CAROL)
        here = {"account_id": northside.id}
        file = (io.BytesIO(b"Name,Phone\nCarol,(312) 555-0142\n"), "numbers.csv")
        for place, data in enumerate(
            ({"numbers": "(312) 555-0142, 312 555 0143"}, {"file": file}, {"ids": str(contact.id)})
        ):
            reply = alice.post(
                "proofs.start_bundle", data={"nonce": f"{place:032d}", **data}, **here
            )
            assert "Being made" in alice.follow(reply).text
        found, _ = queries.bundles(northside.tenant, "", 9)
        assert [b.numbers for b in found] == [1, 1, 2]

    def test_one_form_asks_once(self, alice, northside):
        data = {"numbers": make.CAROL, "nonce": "n" * 32}
        first = alice.post("proofs.start_bundle", data=data, account_id=northside.id)
        again = alice.post("proofs.start_bundle", data=data, account_id=northside.id)
        assert first.location == again.location

    @pytest.mark.parametrize(
        ("typed", "words"),
        [("", "There is no phone number in it"), ("Carol\nDave", "There is no phone number in it")],
    )
    def test_what_holds_no_number_is_refused_and_kept(self, alice, northside, typed, words):
        data = {"numbers": typed, "nonce": "n" * 32}
        reply = alice.post("proofs.start_bundle", 422, data=data, account_id=northside.id)
        assert words in reply.text
        assert reply.field("numbers") == typed

    def test_the_bundle_page_of_another_organization_is_missing(self, mallory, lakeview, northside):
        bundle_id = proofs.ask(northside, make.CAROL)
        for endpoint in ("bundle", "bundle_zip"):
            mallory.get(f"proofs.{endpoint}", 404, account_id=lakeview.id, bundle_id=bundle_id)

    def test_numbers_are_read_once_each_in_their_order(self):
        asked = numbers.asked_in("Phone;Name\n312-555-0143\tDave\n+1 312 555 0142|(312) 555-0143")
        assert [a.e164 for a in asked] == [make.DAVE, make.CAROL]

    def test_too_many_are_refused(self):
        many = "\n".join(
            f"+1312{place:07d}" for place in range(2_000_000, 2_000_002 + MOST_NUMBERS)
        )
        with pytest.raises(NumbersRefused, match="More than 10,000"):
            numbers.asked_in(many)


@pytest.mark.soak
def test_ten_thousand_numbers_make_one_whole_bundle(northside, verifier):
    many = [f"+1312{place:07d}" for place in range(2_000_000, 2_010_000)]
    for e164 in many[::10]:
        make.written(northside, e164)
    bundle = proofs.bundle(northside, "\n".join(many))
    assert (bundle.done, bundle.proven) == (10_000, 1_000)
    found = verifier(bundling.file_of(bundle))
    assert found.returncode == 0, found.stderr
