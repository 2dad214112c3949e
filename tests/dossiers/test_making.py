"""Making a dossier: once, gone on with, given up in words, and gone in the end (C-10, M-1)."""

import errno
import os
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.core.audit import AuditEntry
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.dossiers import queries
from portal.dossiers.queries import reading
from portal.dossiers.rules import readme
from portal.dossiers.rules.contents import CONTENTS
from portal.dossiers.service import asking, making, pieces
from portal.dossiers.values import KEPT_FOR, LASTS, MOST_TRIES, Wanted
from portal.notifications import queries as notices
from portal.retention.service import erasing, holds
from tests import cast
from tests.factories import consent as make
from tests.factories import dossiers
from tests.factories.dossiers import VERA_ACTS, opened, rows_of
from workers.dossiers import forget_dossiers, make_dossier, resume_dossiers


def told(user_id):
    return [(notice.title, notice.text) for notice in notices.latest(user_id)]


def left_of(dossier):
    return sorted(path.name for path in asking.folder_of(dossier).parent.glob(f"{dossier.id.hex}*"))


class Died(BaseException):
    """What kill -9 does to a run: nothing after it happens."""


def lie_about(dossier):
    """Leave what a run that was killed leaves: files half written, a ZIP half joined."""
    folder = asking.folder_of(dossier)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "texts-texts_out.csv.0badcafe.new").write_bytes(b"half a row")
    folder.with_suffix(".1.zip").write_bytes(b"half a ZIP")
    folder.with_name(f"{folder.name}.1.zip.0badcafe.new").write_bytes(b"half a ZIP")


class TestAsking:
    def test_the_same_click_and_a_second_one_meanwhile_are_one(self, northside, bobs):
        first = dossiers.ask(northside, nonce="n" * 16)
        assert dossiers.ask(northside, nonce="n" * 16) == first
        assert dossiers.ask(northside, Wanted("Somebody else", "Another reason")) == first
        assert dossiers.ask(bobs) != first
        make_dossier(str(first))
        assert dossiers.ask(northside) != first
        asked = select(AuditEntry).where(AuditEntry.event == "dossiers:dossier:ask")
        assert len(db.session.scalars(asked).all()) == 3

    def test_it_is_told_of_when_it_is_ready_and_made_once(self, northside):
        made = dossiers.dossier(northside)
        make_dossier(str(made.id))
        again = dossiers.again(northside, made.id)
        assert (again.sha256, again.lease) == (made.sha256, 1)
        assert [title for title, _ in told(cast.VERA)] == ["The export for counsel is ready"]
        assert left_of(made) == [f"{made.id.hex}.1.zip"]


class TestDeath:
    def test_what_a_dead_run_made_is_gone_on_with_once_its_lease_is_over(
        self, northside, clock, monkeypatch
    ):
        make.written(northside)
        dossier_id = dossiers.ask(northside)
        kept = pieces.Pieces._keep
        seen = []

        def dies(self, path, note):
            seen.append(path.name)
            if path.name == "consents-records.csv":
                raise Died
            kept(self, path, note)

        with monkeypatch.context() as patch:
            patch.setattr(pieces.Pieces, "_keep", dies)
            with pytest.raises(Died):
                make_dossier(str(dossier_id))
        db.session.rollback()
        done = len(seen) - 1
        assert dossiers.again(northside, dossier_id).done == done
        make_dossier(str(dossier_id))
        assert dossiers.again(northside, dossier_id).lease == 1  # the dead run's lease still holds

        clock.travel(by=LASTS + timedelta(seconds=1))
        assert queries.stalled() == [dossier_id]
        resume_dossiers()
        seen.clear()

        def watched(self, path, note):
            seen.append(path.name)
            kept(self, path, note)

        monkeypatch.setattr(pieces.Pieces, "_keep", watched)
        make_dossier(str(dossier_id))
        made = dossiers.again(northside, dossier_id)
        with opened(made) as archive:
            assert len(rows_of(archive, "consents/records.csv")) == 1
            assert archive.testzip() is None
        assert seen[0] == "consents-records.csv"  # what was whole was not made again
        assert left_of(made) == [f"{made.id.hex}.2.zip"]

    def test_what_dead_runs_left_half_made_goes_before_the_next_one_takes_room(
        self, northside, clock, monkeypatch
    ):
        dossier_id = dossiers.ask(northside)
        with unit_of_work():
            making.take(dossier_id, {}, {})
        dossier = dossiers.again(northside, dossier_id)
        lie_about(dossier)
        clock.travel(by=LASTS + timedelta(seconds=1))
        seen = []
        cover = making.certifying.measured

        def watched(organization_id):
            seen.extend([*left_of(dossier), *asking.folder_of(dossier).iterdir()])
            return cover(organization_id)

        monkeypatch.setattr(making.certifying, "measured", watched)
        make_dossier(str(dossier_id))
        assert seen == [dossier.id.hex]
        assert left_of(dossier) == [f"{dossier.id.hex}.2.zip"]

    def test_each_file_is_on_the_disk_before_it_counts_as_made(self, northside, monkeypatch):
        synced, placed = set(), []
        fsync, replace = os.fsync, Path.replace

        def noted(number):
            synced.add(os.fstat(number).st_ino)
            fsync(number)

        def watched(self, target):
            placed.append((Path(target).name, self.stat().st_ino in synced))
            return replace(self, target)

        monkeypatch.setattr(os, "fsync", noted)
        monkeypatch.setattr(Path, "replace", watched)
        made = dossiers.dossier(northside)
        assert len(placed) > 2 * len(CONTENTS)  # each has a note
        assert [name for name, is_whole in placed if not is_whole] == []
        assert placed[-1][0] == asking.file_of(made).name

    def test_a_run_that_lost_its_lease_changes_nothing(self, northside, clock):
        dossier_id = dossiers.ask(northside)
        with unit_of_work():
            frozen = making.take(dossier_id, {}, {})
        clock.travel(by=LASTS + timedelta(seconds=1))
        make_dossier(str(dossier_id))
        made = dossiers.again(northside, dossier_id)
        with pytest.raises(making.GivenUp), unit_of_work():
            frozen.fail("It woke up too late.")
        frozen.give_up()
        assert dossiers.again(northside, dossier_id) == made
        assert left_of(made) == [f"{made.id.hex}.2.zip"]

    def test_what_broke_off_too_often_is_given_up_in_words(self, northside, clock):
        dossier_id = dossiers.ask(northside)
        for _ in range(MOST_TRIES):
            with unit_of_work():
                assert making.take(dossier_id, {}, {}) is not None
            clock.travel(by=LASTS + timedelta(seconds=1))
        make_dossier(str(dossier_id))
        found = dossiers.again(northside, dossier_id)
        assert found.is_failed
        assert "broke off 5 times" in found.trouble
        assert told(cast.VERA)[0][0] == "The export for counsel could not be made"
        assert queries.stalled() == []


class TestTrouble:
    def test_a_full_disk_is_told_in_words_and_leaves_nothing(self, northside, monkeypatch):
        def full(*_):
            raise OSError(errno.ENOSPC, "No space left on device")

        dossier_id = dossiers.ask(northside)
        monkeypatch.setattr(pieces.Pieces, "_rows", full)
        make_dossier(str(dossier_id))
        found = dossiers.again(northside, dossier_id)
        assert found.is_failed
        assert found.trouble.startswith("The disk is full.")
        assert told(cast.VERA)[0][1].startswith("The disk is full.")
        assert left_of(found) == []
        assert dossiers.ask(northside) != dossier_id  # the way on is to ask again

    @pytest.mark.parametrize("broken", ["rows", "evidence", "join"])
    def test_a_database_that_fails_leaves_nothing_half_written(
        self, northside, monkeypatch, broken
    ):
        """On SQLite a full disk is the database's to tell, and what fills it must go."""

        def fails(*_):
            raise RuntimeError("database or disk is full")

        where = {
            "rows": (reading, "batches"), "evidence": (reading, "evidence"),
            "join": (readme, "manifest"),
        }  # fmt: skip
        dossier_id = dossiers.ask(northside)
        with monkeypatch.context() as patch:
            patch.setattr(*where[broken], fails)
            with pytest.raises(RuntimeError):
                make_dossier(str(dossier_id))
        dossier = dossiers.again(northside, dossier_id)
        assert dossier.is_moving
        assert left_of(dossier) == [dossier.id.hex]
        assert list(asking.folder_of(dossier).glob("*.new")) == []


class TestEnd:
    def test_after_its_days_the_file_goes_and_the_log_says_so(self, northside, clock):
        made = dossiers.dossier(northside)
        clock.travel(by=KEPT_FOR - timedelta(hours=1))
        assert forget_dossiers() == 0
        clock.travel(by=timedelta(hours=2))
        assert forget_dossiers() == 1
        assert left_of(made) == []
        assert not dossiers.again(northside, made.id).is_ready
        entry = db.session.scalars(
            select(AuditEntry).where(AuditEntry.event == "dossiers:dossier:delete")
        ).one()
        assert entry.subject_id == made.id
        assert forget_dossiers() == 0

    def test_a_legal_hold_keeps_it_while_it_stands(self, northside, clock):
        made = dossiers.dossier(northside)
        with unit_of_work():
            holds.set_hold(northside.organization_id, "", reason="A dispute", actor=VERA_ACTS)
        clock.travel(by=KEPT_FOR + timedelta(days=1))
        assert forget_dossiers() == 0
        assert asking.file_of(made).is_file()

    def test_erasing_somebody_takes_it_whole_made_or_not(self, northside, bobs, lakeview):
        make.written(northside)
        made, theirs = dossiers.dossier(northside), dossiers.dossier(lakeview)
        waiting = dossiers.ask(bobs)
        with unit_of_work():
            asked = erasing.report(
                northside.organization_id,
                make.CAROL,
                reason="Asked",
                evidence="A mail",
                actor=VERA_ACTS,
            )
        assert asking.file_of(made).is_file()
        with unit_of_work():
            counts = erasing.erase(northside.organization_id, asked, actor=VERA_ACTS)
        assert counts["dossiers"] == 2
        assert left_of(made) == []
        make_dossier(str(waiting))
        assert not dossiers.again(bobs, waiting).is_ready
        assert asking.file_of(theirs).is_file()

    def test_the_number_goes_from_the_words_of_whoever_asked_too(self, northside, lakeview):
        made = dossiers.dossier(northside, Wanted("Casey Ito", f"Complaint by {make.CAROL}"))
        other = dossiers.dossier(northside, Wanted("Counsel of (312) 555-0142", "A lawsuit"))
        theirs = dossiers.dossier(lakeview, Wanted("Casey Ito", f"Complaint by {make.CAROL}"))
        with unit_of_work():
            asked = erasing.report(
                northside.organization_id, make.CAROL, reason="Asked", evidence="A mail",
                actor=VERA_ACTS,
            )  # fmt: skip
        assert dossiers.again(northside, made.id).reason == f"Complaint by {make.CAROL}"
        with unit_of_work():
            erasing.erase(northside.organization_id, asked, actor=VERA_ACTS)
        made, other = (dossiers.again(northside, each.id) for each in (made, other))
        assert (made.counsel, made.reason) == ("Casey Ito", "[erased]")
        assert (other.counsel, other.reason) == ("[erased]", "A lawsuit")
        assert dossiers.again(lakeview, theirs.id).reason == f"Complaint by {make.CAROL}"

    def test_what_was_over_before_its_file_was_deleted_goes_with_the_next_sweep(
        self, northside, bobs, lakeview, monkeypatch
    ):
        kept, ended = dossiers.dossier(lakeview), dossiers.dossier(northside)
        with monkeypatch.context() as patch, unit_of_work():
            patch.setattr(asking, "clear", lambda _: None)  # whoever ended it died
            asking.forget_dossiers(northside.organization_id, before=utcnow(), is_dry=False)
        waiting = dossiers.again(bobs, dossiers.ask(bobs))
        for dossier in (kept, ended, waiting):
            asking.folder_of(dossier).mkdir()
        assert left_of(ended) == [ended.id.hex, f"{ended.id.hex}.1.zip"]
        strange = asking.folder_of(ended).with_name("lost+found")
        strange.mkdir()
        assert forget_dossiers() == 0
        assert left_of(ended) == []
        assert left_of(kept) == [f"{kept.id.hex}.1.zip"]  # what it was made of is not needed
        assert left_of(waiting) == [waiting.id.hex]
        assert strange.is_dir()

    def test_a_run_under_way_when_somebody_is_erased_leaves_nothing(self, northside, monkeypatch):
        dossier_id = dossiers.ask(northside)
        rows = pieces.Pieces._rows

        def erased_meanwhile(self, content, into, between):
            rows(self, content, into, between)
            if content.name == "texts/sends.csv":
                with unit_of_work():
                    asking.forget_dossiers(northside.organization_id, before=utcnow(), is_dry=False)

        monkeypatch.setattr(pieces.Pieces, "_rows", erased_meanwhile)
        make_dossier(str(dossier_id))
        found = dossiers.again(northside, dossier_id)
        assert (found.is_ready, found.is_failed) == (False, False)
        assert left_of(found) == []
