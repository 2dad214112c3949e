"""Files on disk and their rows: sealed, whole, and gone for good when they are forgotten (S-7)."""

import io
import os
import shutil
from pathlib import Path

import pytest
from sqlalchemy import delete

from portal.core.audit import AuditEntry
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.core.secrets_box import SecretUnreadable
from portal.core.settings import settings
from portal.core.tenancy import Tenant
from portal.media import queries
from portal.media import service as media
from portal.media.errors import FileGone, FileRefused
from portal.media.models import MediaFile
from portal.media.rules import check_room
from tests.factories.files import pdf
from tests.factories.media import make_file


@pytest.fixture(autouse=True)
def _empty_folder():
    """Files outlive a test, rows don't."""
    shutil.rmtree(settings().evidence_dir / "media", ignore_errors=True)


def on_disk() -> list[Path]:
    return sorted((settings().evidence_dir / "media").rglob("*.sealed"))


def test_a_file_lies_sealed_under_a_name_that_says_nothing(northside):
    file = make_file(northside, name="Carol's house.png")

    whole, small = sorted(on_disk(), key=lambda p: len(p.name))
    assert whole.name == file.stored_as
    assert media.content_of(file)[:8] not in whole.read_bytes()
    assert "Carol" not in whole.name + small.name
    assert oct(whole.stat().st_mode & 0o777) == "0o600"
    assert media.content_of(file).startswith(b"\x89PNG")
    assert file.what == "picture"


def test_a_file_that_was_changed_on_disk_is_not_shown(northside):
    file = make_file(northside)
    [path] = [p for p in on_disk() if p.name == file.stored_as]
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))

    with pytest.raises(SecretUnreadable):
        media.content_of(file)


def test_keeping_is_audited_by_hash_not_by_name(northside):
    file = make_file(northside, name="Carol's house.png")

    entry = db.session.query(AuditEntry).filter_by(subject_id=file.id).one()
    assert entry.event == "media:file:keep"
    assert entry.payload["size"] == file.size
    assert "Carol" not in str(entry.payload)


def test_a_refusal_says_what_would_do():
    with pytest.raises(FileRefused, match="PNG, JPEG, GIF"):
        media.check(io.BytesIO(b"MZ" + b"\0" * 90), "a.exe")


def test_a_file_is_of_its_account_alone(northside, bobs):
    file = make_file(northside)

    assert queries.files(bobs.tenant, [file.id]) == []
    with pytest.raises(FileGone):
        queries.file_or_404(bobs.tenant, file.id)
    with unit_of_work(), pytest.raises(FileGone):
        media.hold(bobs.tenant, [file.id])
    with unit_of_work():
        assert media.hold(northside.tenant, [file.id]) == [file]
    assert queries.files(Tenant(northside.organization_id), [file.id, file.id]) == [file]


def test_what_is_forgotten_is_gone_from_disk_after_the_commit(northside):
    file, other = make_file(northside), make_file(northside, pdf(), "a.pdf")

    with unit_of_work():
        assert media.forget(file.organization_id, [file.id]) == 1
        assert len(on_disk()) == 3  # until it is sure
    assert [p.name for p in on_disk()] == [other.stored_as]
    with pytest.raises(FileGone):
        media.content_of(file)


def test_what_a_death_left_on_disk_is_swept_and_nothing_else(northside):
    kept, cut_short = make_file(northside), make_file(northside)
    with unit_of_work():
        db.session.execute(delete(MediaFile).where(MediaFile.id == cut_short.id))

    assert media.sweep_strays() == 0  # it may be on its way
    for path in on_disk():
        os.utime(path, (0, utcnow().timestamp() - 90_000))
    assert media.sweep_strays() == 1
    assert {p.name[:32] for p in on_disk()} == {kept.stored_as[:32]}


def test_a_text_takes_ten_files_and_five_megabytes():
    check_room([500_000] * 10)
    with pytest.raises(FileRefused, match="10 files"):
        check_room([1] * 11)
    with pytest.raises(FileRefused, match=r"5 MB in all; with this one they would have 5\.0 MB"):
        check_room([4_000_000, 1_000_001])
