"""Signed checkpoints: in the database, beside it, and with whoever was given one (C-5, I13)."""

import json
import shutil
import subprocess
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from flask_migrate import upgrade
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from portal.core import audit, audit_tree, checkpoints
from portal.core import settings as settings_module
from portal.core.audit import AuditEntry, AuditHead
from portal.core.checkpoints import AuditCheckpoint, LogBroken
from portal.core.db import db, is_sqlite, unit_of_work
from portal.core.offline.notes import read_note
from portal.doctor import queries as doctor
from portal.doctor.values import Scope
from portal.gateways import timestamps
from tests.core.test_migrations import empty_app  # noqa: F401 (a fixture)
from tests.core.test_offline import sign, write
from workers.audit import make_checkpoints


def fault(organization, *witnesses):
    db.session.rollback()
    return checkpoints.verify(organization.id, witnesses).fault


def cut(organization, kept):
    """Cut the log back and mend its head, as somebody who owns the database can."""
    last = audit.hash_at(organization.id, kept)
    with unit_of_work():
        db.session.execute(db.delete(AuditEntry).where(AuditEntry.position > kept))
        db.session.execute(db.update(AuditHead).values(position=kept, hash=last))


def test_each_hour_what_grew_is_signed_and_nothing_else(juniper, clock):
    write(juniper.id, 5)
    assert make_checkpoints() == 1
    assert make_checkpoints() == 0
    write(juniper.id, 2)
    assert make_checkpoints() == 1

    kept = checkpoints.listed(juniper.id)
    assert [each.note.size for each in kept] == [7, 5]
    verdict = checkpoints.verify(juniper.id)
    assert (verdict.entries, verdict.checkpoints, verdict.fault) == (7, 2, None)
    lines = checkpoints.file_of(juniper.id).read_text().splitlines()
    assert [json.loads(line) for line in lines] == [each.note.text for each in reversed(kept)]
    assert checkpoints.file_of(juniper.id).stat().st_mode & 0o077 == 0


def test_a_long_log_is_proven_from_kept_subtrees(juniper):
    write(juniper.id, 700)
    sign(juniper.id)
    write(juniper.id, 100)
    sign(juniper.id)
    assert db.session.query(audit_tree.AuditNode).count() == 3  # of 256 entries each
    assert checkpoints.verify(juniper.id).fault is None
    for position in (1, 256, 257, 512, 700, 701, 800):
        assert checkpoints.inclusion(juniper.id, position)
    assert checkpoints.inclusion(juniper.id, 801) is None
    from portal.core.offline.hashes import is_consistent

    newer, older = checkpoints.listed(juniper.id)
    path = [bytes.fromhex(step) for step in checkpoints.consistency(juniper.id, 700, 800)]
    roots = bytes.fromhex(older.note.root), bytes.fromhex(newer.note.root)
    assert is_consistent(700, 800, *roots, path)
    db.session.execute(db.update(audit_tree.AuditNode).values(hash="0" * 64))
    with pytest.raises(LogBroken):
        checkpoints.inclusion(juniper.id, 1)


def test_an_entry_is_proven_once_a_checkpoint_covers_it(juniper):
    write(juniper.id, 2)
    assert checkpoints.inclusion(juniper.id, 2) is None
    sign(juniper.id)
    assert checkpoints.inclusion(juniper.id, 2)["entry"]["position"] == 2


def test_a_log_cut_back_with_its_checkpoints_is_found_by_the_file_beside_it(juniper):
    write(juniper.id, 4)
    sign(juniper.id)
    cut(juniper, 2)
    with unit_of_work():
        db.session.execute(db.delete(AuditCheckpoint))

    assert audit.verify(juniper.id) == (2, None)  # the chain alone sees nothing
    assert fault(juniper).position == 3
    assert "a checkpoint covers 4" in fault(juniper).reason
    found = doctor.examine(Scope(juniper.id, None), None)
    assert [each.check for each in found] == ["chain_broken"]


def test_a_log_written_anew_is_found_by_a_checkpoint_kept_elsewhere(juniper):
    """A split view: database, checkpoints and file all tell another story."""
    write(juniper.id, 4)
    witness = sign(juniper.id)
    cut(juniper, 2)
    with unit_of_work():
        db.session.execute(db.delete(AuditCheckpoint))
    shutil.rmtree(settings_module.settings().audit_dir)
    write(juniper.id, 3)
    sign(juniper.id)

    assert fault(juniper) is None
    assert fault(juniper, witness).position == 4


def test_a_checkpoint_taken_out_of_the_database_is_missed(juniper):
    write(juniper.id, 2)
    sign(juniper.id)
    write(juniper.id, 2)
    sign(juniper.id)
    with unit_of_work():
        db.session.execute(db.delete(AuditCheckpoint).where(AuditCheckpoint.size == 2))

    assert "taken out" in fault(juniper).reason


@pytest.mark.parametrize("column", ["note", "size", "kind"])
def test_a_checkpoint_changed_in_the_database_is_found(juniper, column):
    write(juniper.id, 2)
    note = sign(juniper.id)
    shutil.rmtree(settings_module.settings().audit_dir)
    value = {"note": note.text.replace("size 2", "size 1"), "size": 1, "kind": "restore"}[column]
    with unit_of_work():
        db.session.execute(db.update(AuditCheckpoint).values({column: value}))

    assert fault(juniper) is not None


def test_a_line_changed_beside_the_database_is_found(juniper):
    write(juniper.id, 2)
    sign(juniper.id)
    path = checkpoints.file_of(juniper.id)
    path.write_text(path.read_text().replace("size 2", "size x"))

    assert "line 1" in fault(juniper).reason


def test_a_line_that_power_failure_cut_off_is_no_false_alarm(juniper):
    write(juniper.id, 2)
    sign(juniper.id)
    path = checkpoints.file_of(juniper.id)
    path.write_text(path.read_text() + '"ConsentDesk audit ch')
    assert fault(juniper) is None
    write(juniper.id, 1)
    sign(juniper.id)

    assert fault(juniper) is None
    assert len(path.read_text().splitlines()) == 2


def test_nothing_is_signed_that_contradicts_what_was_signed(juniper):
    write(juniper.id, 4)
    sign(juniper.id)
    cut(juniper, 2)
    write(juniper.id, 5)

    with pytest.raises(LogBroken, match="Entry 4"):
        sign(juniper.id)
    assert make_checkpoints() == 0


def test_a_restored_backup_is_told_and_no_fault(app, juniper):
    """What it lost stays written down; a restore needs the key, so nobody else can claim one."""
    write(juniper.id, 2)
    sign(juniper.id)
    write(juniper.id, 2)
    sign(juniper.id)
    cut(juniper, 3)
    with unit_of_work():
        db.session.execute(db.delete(AuditCheckpoint).where(AuditCheckpoint.size == 4))
    assert fault(juniper)
    assert app.test_cli_runner().invoke(args=["restored"]).exit_code == 0

    write(juniper.id, 3)
    sign(juniper.id)
    verdict = checkpoints.verify(juniper.id)
    assert verdict.fault is None
    assert verdict.superseded == 1
    assert app.test_cli_runner().invoke(args=["restored"]).exit_code == 0
    assert checkpoints.verify(juniper.id).superseded == 1


def test_what_an_older_key_signed_still_holds(juniper, monkeypatch):
    from dataclasses import replace

    from tests.keys import signing_key

    write(juniper.id, 2)
    sign(juniper.id)
    newer = replace(settings_module.settings(), audit_signing_key=signing_key("newer"))
    monkeypatch.setattr(settings_module, "_settings", newer)
    write(juniper.id, 2)
    sign(juniper.id)

    assert fault(juniper) is None
    assert len({each.note.key for each in checkpoints.listed(juniper.id)}) == 2
    (settings_module.settings().audit_dir / "public-keys").unlink()
    assert "a key we don't know" in fault(juniper).reason


def test_a_proof_names_the_key_that_signed_it_after_a_rotation_too(juniper, monkeypatch):
    """C-6: it holds off line by the key it carries, before the next checkpoint is made."""
    from dataclasses import replace

    from tests.keys import signing_key

    write(juniper.id, 2)
    sign(juniper.id)
    newer = replace(settings_module.settings(), audit_signing_key=signing_key("newer"))
    monkeypatch.setattr(settings_module, "_settings", newer)

    proof = checkpoints.inclusion(juniper.id, 2)
    carried = checkpoints.key_ring(proof["public_keys"])
    assert checkpoints.why_proof_fails(proof, carried, checkpoints.verify_signature) is None


class TestCommands:
    def run(self, app, *words):
        return app.test_cli_runner().invoke(args=["audit", *words])

    def test_checkpoint_prints_and_exports_a_note(self, app, juniper, tmp_path):
        write(juniper.id, 3)
        told = self.run(app, "checkpoint")
        assert told.exit_code == 0, told.output
        assert f"chain {juniper.id}\nsize 3\n" in told.output
        told = self.run(app, "checkpoint", "--chain", str(juniper.id), "--output", str(tmp_path))
        note = read_note((tmp_path / f"{juniper.id}-3.checkpoint").read_text())
        assert note.size == 3

        (tmp_path / "w").write_text(note.text)
        assert self.run(app, "verify", "--witness", str(tmp_path / "w")).exit_code == 0
        (tmp_path / "w").write_text("nothing")
        assert self.run(app, "verify", "--witness", str(tmp_path / "w")).exit_code == 2

    def test_verify_tells_of_a_log_cut_back(self, app, juniper):
        write(juniper.id, 3)
        self.run(app, "checkpoint")
        cut(juniper, 1)
        told = self.run(app, "verify")
        assert told.exit_code == 1
        assert "entry 2 entries are missing at the end" in told.output
        assert self.run(app, "checkpoint").exit_code == 1

    @pytest.mark.parametrize(
        ("column", "said"),
        [("payload", "its content was changed"), ("at", "its record was changed")],
    )
    def test_verify_names_an_entry_that_can_no_longer_be_read(self, app, juniper, column, said):
        """SQLite takes any text for a JSON or a time; PostgreSQL does not."""
        write(juniper.id, 3)
        self.run(app, "checkpoint")
        spoil = text(f"UPDATE audit_entries SET {column} = '{{b' WHERE position = 2")
        if not is_sqlite():
            with pytest.raises(DBAPIError), unit_of_work():
                db.session.execute(spoil)
            return
        with unit_of_work():
            db.session.execute(spoil)
        told = self.run(app, "verify")
        assert told.exit_code == 1
        assert f"entry 2 {said}" in told.output

    def test_verify_tells_of_a_log_that_is_gone_whole(self, app, juniper):
        """Entries, head and checkpoints out of the database: the file beside it remembers."""
        write(juniper.id, 3)
        self.run(app, "checkpoint")
        with unit_of_work():
            for rows in (AuditCheckpoint, audit_tree.AuditNode, AuditEntry, AuditHead):
                db.session.execute(db.delete(rows).where(rows.chain == juniper.id))
        assert juniper.id not in audit.chains()
        told = self.run(app, "verify")
        assert told.exit_code == 1
        assert str(juniper.id) in told.output

    def test_an_export_is_checked_without_the_database(self, app, juniper, tmp_path):
        write(juniper.id, 3)
        self.run(app, "checkpoint")
        file = str(tmp_path / "log.jsonl")
        assert self.run(app, "export", file, "--chain", str(juniper.id)).exit_code == 0
        assert self.run(app, "verifier", str(tmp_path / "check.pyz")).exit_code == 0
        key = checkpoints.public_key()
        assert self.run(app, "verify", "--file", file, "--key", key).exit_code == 0
        (tmp_path / "log.jsonl").write_text("{}\n")
        assert self.run(app, "verify", "--file", file, "--key", key).exit_code == 2


def test_the_database_itself_refuses_to_change_or_remove(empty_app):  # noqa: F811
    """Threat 13: triggers let nothing through but redaction, on both databases."""
    from portal.core.audit import SYSTEM
    from portal.people import service as people

    with empty_app.app_context():
        upgrade()
        with unit_of_work():
            chain = people.create_organization("Juniper", timezone="UTC", actor=SYSTEM).id
        entry = db.session.scalars(db.select(AuditEntry).where(AuditEntry.chain == chain)).first()
        for statement in (
            "UPDATE audit_entries SET event = 'x:y:z'",
            "UPDATE audit_entries SET payload = '{}'",
            "UPDATE audit_entries SET payload = NULL, salt = NULL, hash = 'x'",
            "DELETE FROM audit_entries",
        ):
            with pytest.raises(DBAPIError, match="audit_entries are never"):
                with unit_of_work():
                    db.session.execute(text(statement))
        with unit_of_work():
            assert audit.redact(chain, [entry.id]) == 1
        assert audit.verify(chain)[1] is None
        db.session.remove()


class Authority:
    """A local RFC 3161 authority over HTTP: openssl signs."""

    def __init__(self, folder):
        self.folder, self.answer = folder, None
        config = (
            "[req]\ndistinguished_name=dn\nx509_extensions=ext\nprompt=no\n[dn]\nCN=Test TSA\n"
            "[ext]\nextendedKeyUsage=critical,timeStamping\n"
            "[tsa]\ndefault_tsa=it\n[it]\nserial=serial\nsigner_cert=cert.pem\nsigner_key=key.pem\n"
            "signer_digest=sha256\ndefault_policy=1.2.3.4\ndigests=sha256,sha512\n"
        )
        (folder / "tsa.cnf").write_text(config)
        (folder / "serial").write_text("01\n")
        self.openssl(
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out",
            "cert.pem", "-days", "30", "-config", "tsa.cnf",
        )  # fmt: skip
        authority = self

        class Desk(BaseHTTPRequestHandler):
            def do_POST(self):
                query = self.rfile.read(int(self.headers["Content-Length"]))
                status, content = authority.answer or (200, authority.stamp(query))
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Desk)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        Thread(target=self.server.serve_forever, daemon=True).start()

    def openssl(self, *words):
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)

    def stamp(self, query):
        (self.folder / "q.tsq").write_bytes(query)
        self.openssl(
            "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "q.tsq", "-out", "a.tsr"
        )  # fmt: skip
        return (self.folder / "a.tsr").read_bytes()


@pytest.fixture
def authority(tmp_path, monkeypatch, app):
    from dataclasses import replace

    found = Authority(tmp_path)
    named = replace(settings_module.settings(), timestamp_url=found.url)
    monkeypatch.setattr(settings_module, "_settings", named)
    yield found
    found.server.shutdown()
    found.server.server_close()


def test_an_authority_stamps_checkpoints_and_may_be_away(juniper, authority):
    """C-5: the stamp is over the whole note; an authority in trouble holds nothing up."""
    for away in ((503, b""), (200, b"nonsense"), (200, b"")):
        authority.answer = away
        write(juniper.id, 1)
        assert make_checkpoints() == 1
        assert checkpoints.listed(juniper.id)[0].stamp is None
    authority.answer = None
    assert make_checkpoints() == 0  # nothing new to sign, yet what was left is stamped

    kept = checkpoints.listed(juniper.id)
    assert len(kept) == 3
    for each in kept:
        timestamps.read(each.stamp)
        (authority.folder / "note").write_bytes(each.note.text.encode())
        (authority.folder / "stamp").write_bytes(each.stamp)
        authority.openssl(
            "ts", "-verify", "-data", "note", "-in", "stamp", "-CAfile", "cert.pem",
            "-untrusted", "cert.pem",
        )  # fmt: skip


def test_a_stamp_of_something_else_is_refused(juniper, authority):
    request = timestamps.TimestampRequestBuilder().data(b"another").build()
    authority.answer = (200, authority.stamp(request.as_bytes()))
    with pytest.raises(timestamps.NoStamp, match="another request"):
        timestamps.ask(authority.url, b"ours")
