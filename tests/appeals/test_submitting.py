"""What was sent to the carrier is built once, kept sealed, and can be had again (A-5, A-6)."""

import csv
import hashlib
import io
import json
import zipfile
from dataclasses import replace

import pytest
from sqlalchemy import select

from portal.appeals import queries
from portal.appeals.errors import NotThatWay
from portal.appeals.rules.states import Move
from portal.appeals.service import cases, certificates, handling, replies, submitting
from portal.appeals.values import FileKind, Reply, ReplyKind, State
from portal.core.audit import AuditEntry
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.core.settings import settings
from portal.texting_accounts import queries as accounts
from tests.appeals.conftest import OFFICER, TODAY, VERA
from tests.appeals.test_pages import act, complete, do
from tests.appeals.test_proof_gathering import sent
from tests.factories import consent as make
from workers.proofs import make_bundle


@pytest.fixture
def approved(bob, vera, case):
    """Bob's appeal, complete and approved; the carrier named Carol, who agreed, and Dave."""
    account = accounts.get_or_404(case.tenant)
    record_id = make.written(account)
    sent(account, [(make.CAROL, record_id, utcnow()), (make.DAVE, None, utcnow())])
    complete(bob, case)
    do(bob, case, "name_numbers", 6, named=f"{make.CAROL} {make.DAVE} +13125550199")
    act(bob, case, "hand_in")
    act(vera, case, "approve")
    return queries.case_or_404(case.tenant, case.id)


def certified(case):
    """Have the worker make the certificates that were asked for."""
    part = queries.part_or_404(case, 6)
    make_bundle(str(certificates.bundle_of(case, part).id))


def files_sent(case):
    return {f.kind: f for f in queries.files(case) if f.kind in (FileKind.PDF, FileKind.ZIP)}


def test_submitting_freezes_one_pdf_and_one_zip(vera, approved):
    waits = act(vera, approved, "submit", 409)
    assert "still being made" in waits.text
    assert not files_sent(approved)

    certified(approved)
    act(vera, approved, "submit")
    now = queries.case_or_404(approved.tenant, approved.id)
    kept = files_sent(now)
    page = vera.get("appeals.show", account_id=now.account_id, case_id=now.id)
    got = {
        kind: vera.get(
            "appeals.file", account_id=now.account_id, case_id=now.id, attachment_id=file.id
        ).data
        for kind, file in kept.items()
    }

    assert now.state is State.SUBMITTED
    assert "Frozen as it went." in page.text_of("#sent")
    assert got[FileKind.PDF].startswith(b"%PDF")
    for kind, file in kept.items():
        assert hashlib.sha256(got[kind]).hexdigest() == file.sha256
    with zipfile.ZipFile(io.BytesIO(got[FileKind.ZIP])) as archive:
        listed = json.loads(archive.read("manifest.json"))["files"]
        for name, sha256 in listed.items():
            assert hashlib.sha256(archive.read(name)).hexdigest() == sha256
        assert archive.read("appeal.pdf") == got[FileKind.PDF]
        bundle = io.BytesIO(archive.read("other/01-proof-of-opt-in.zip"))
        assert "certificates/13125550142.pdf" in zipfile.ZipFile(bundle).namelist()
        rows = csv.DictReader(io.StringIO(archive.read("numbers.csv").decode("utf-8-sig")))
        assert [row["Outcome"] for row in rows] == [
            "Proof of opt-in", "Without proof", "Never texted by this account",
        ]  # fmt: skip
        answers = archive.read("answers.txt").decode()
    assert "open houses, with a box to tick" in answers
    assert "have been stopped since" in answers
    frozen = db.session.scalar(select(AuditEntry).where(AuditEntry.event == "appeals:case:freeze"))
    assert frozen.payload["pdf_sha256"] == kept[FileKind.PDF].sha256
    assert frozen.payload["zip_sha256"] == kept[FileKind.ZIP].sha256
    sealed = settings().evidence_dir / "appeals"
    assert not any(b"%PDF-1." in path.read_bytes() for path in sealed.rglob("*") if path.is_file())


def test_what_was_sent_is_never_built_again(vera, approved):
    certified(approved)
    act(vera, approved, "submit")
    now = queries.case_or_404(approved.tenant, approved.id)
    before = files_sent(now)

    packed = submitting.pack(now, actor=VERA)
    with pytest.raises(NotThatWay, match="stays as it is"), unit_of_work():
        submitting.freeze(now, packed, actor=VERA)
    act(vera, approved, "submit", 409)

    assert files_sent(now) == before


def test_the_same_case_at_the_same_moment_packs_to_the_same_bytes(approved):
    certified(approved)
    at = utcnow()
    first = submitting.submission_of(approved, at, VERA)

    assert first == submitting.submission_of(approved, at, VERA)
    assert first.pause is not None
    assert [name for name, _ in first.pause.facts] == ["Stopped", "By"]
    assert all(line.what for line in first.history)


def test_nothing_is_kept_when_the_move_is_refused(approved):
    certified(approved)
    packed = submitting.pack(approved, actor=VERA)
    stale = replace(approved, edits=approved.edits - 1)

    with pytest.raises(Exception, match="Somebody was faster"), unit_of_work():
        now = handling.advance(stale, Move.SUBMIT, OFFICER, actor=VERA)
        submitting.freeze(now, packed, actor=VERA)

    assert not files_sent(approved)


def test_a_second_round_sends_what_went_out_in_the_first(vera, approved):
    certified(approved)
    act(vera, approved, "submit")
    now = queries.case_or_404(approved.tenant, approved.id)
    with unit_of_work():
        cases.move(now, Move.DENY, OFFICER, actor=VERA, reason="They want more proof")
    with unit_of_work():
        account = accounts.get_or_404(now.tenant)
        second = cases.open_case(account, now.kind, actor=VERA)

    others = submitting.submission_of(second, utcnow(), VERA).others

    assert [file.sha256 for file in others] == [files_sent(now)[FileKind.PDF].sha256]


def test_a_second_round_has_the_certificates_made_that_go_with_it(vera, bob, approved):
    certified(approved)
    act(vera, approved, "submit")
    now = queries.case_or_404(approved.tenant, approved.id)
    with unit_of_work():
        second = replies.record(
            now, Reply(ReplyKind.DENIED, TODAY, "More proof"), OFFICER, actor=VERA
        )
    do(bob, second, "stop_traffic", 5)
    act(bob, second, "hand_in")  # and nobody looked for proof again
    act(vera, second, "approve")
    certified(second)

    others = submitting.submission_of(second, utcnow(), VERA).others
    assert certificates.NAME in [file.name for file in others]


def test_numbers_of_a_part_that_does_not_apply_go_nowhere(bob, case):
    complete(bob, case)
    edits = queries.part_or_404(case, 6).edits
    why = "The carrier took its question back"
    page = bob.follow(do(bob, case, "set_part_aside", 6, edits=edits, because=why))
    assert not page.page.select("#part-6 a[href*='numbers.csv']")

    asked = submitting.submission_of(case, utcnow(), VERA)
    assert asked.numbers == ()
    assert next(part for part in asked.parts if part.number == 6).is_set_aside


def test_numbers_can_be_had_as_a_csv_and_that_is_written_down(bob, approved):
    where = {"account_id": approved.account_id, "case_id": approved.id, "number": 6}
    page = bob.get("appeals.show", account_id=approved.account_id, case_id=approved.id)
    every = bob.get("appeals.numbers_csv", **where)
    without = bob.get("appeals.numbers_csv", only="without", **where)

    assert "Their certificates are being made." in page.text_of("#part-6")
    assert every.data.decode("utf-8-sig").count("\n") == 4
    assert make.CAROL not in without.data.decode()
    assert make.DAVE in without.data.decode()
    events = db.session.scalars(
        select(AuditEntry.payload).where(AuditEntry.event == "appeals:numbers:download")
    )
    assert sorted(payload["numbers"] for payload in events) == [2, 3]
