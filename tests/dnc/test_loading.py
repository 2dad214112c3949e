"""Taking lists in: read, checked, loaded, put into use at once, replaced, resumed (S-2)."""

import gzip
import io
import os
import zipfile
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from portal.core.audit import SYSTEM, AuditEntry
from portal.core.db import db, unit_of_work
from portal.core.errors import BadInput, NotFound
from portal.dnc import queries
from portal.dnc import service as dnc
from portal.dnc.errors import ListBusy, ListRefused
from portal.dnc.models import DncLeftover, DncNumber
from portal.dnc.rules.lines import NO_AREA, NO_NUMBER, NOT_US
from portal.dnc.service import files, loading, receiving
from portal.dnc.values import FileKind, ImportState
from tests.factories.dnc import DATA, VERA_ACTS, check_list, load_list, run, today_of
from workers.dnc import delete_replaced_numbers, import_list, resume_lists, watch_lists

ANN, BEN, CAL = "+13125550142", "+13125550143", "+17735550121"
NATIONAL = (DATA / "national_312_773.csv").read_bytes()
CHANGES = (DATA / "national_changes.txt").read_bytes()


def listed(account, *e164s):
    """Return which of these numbers stand on a list in use."""
    return set(queries.read_lists(account.organization_id).listed(e164s))


def in_use(account):
    return {(one.source, one.area_code): one for one in queries.lists(account.organization_id)}


def packed(*named):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in named:
            archive.writestr(name, content)
    return stream.getvalue()


def stored_numbers():
    return db.session.scalar(select(func.count()).select_from(DncNumber))


class TestFiles:
    def test_the_dry_run_counts_and_says_what_is_wrong_and_loads_nothing(self, northside):
        import_ = check_list(northside, NATIONAL)
        assert (import_.state, import_.kind) == (ImportState.CHECKED, FileKind.FULL)
        assert import_.areas == {"312": [3, 0], "773": [3, 0]}
        assert (import_.added, import_.rejected) == (6, 3)
        told = queries.rejects(northside.organization_id, import_.id)
        assert [(one.line, one.text, one.reason) for one in told] == [
            (8, "call me,later", NO_NUMBER),
            (9, "012,5550199", NOT_US),
            (10, "5550124", NO_AREA),
        ]
        assert listed(northside, ANN) == set()
        assert stored_numbers() == 0

    def test_once_loaded_its_numbers_are_found(self, northside):
        import_ = load_list(northside, NATIONAL)
        assert import_.state is ImportState.DONE
        assert listed(northside, ANN, BEN, CAL, "+13125550100", "+442079460142") == {ANN, BEN, CAL}
        assert {key: one.numbers for key, one in in_use(northside).items()} == {
            ("US", "312"): 3,
            ("US", "773"): 3,
        }

    @pytest.mark.parametrize(
        ("content", "name"),
        [
            (gzip.compress(b"3125550142\n"), "312.txt.gz"),
            (packed(("a/312.txt", "3125550142\n"), ("773.csv", "773,5550121\n")), "all.zip"),
            (packed(("312.txt", "5550142\n")), "download.zip"),
            (b"5550142\n", "2026-03-01_312.txt"),
            ("3125550142\n".encode("utf-16"), "list.txt"),
            (b"\xef\xbb\xbf3125550142\r\n", "list.txt"),
            (b"3125550142\r3125550143\r", "list.txt"),
            (b"<l><a v='312'><p v='5550142'/></a></l>", "list.xml"),
        ],
        ids=["gzip", "zip", "zip-7-digits", "name", "utf-16", "bom", "old-mac", "xml"],
    )
    def test_packed_named_and_encoded_files_are_read(self, northside, content, name):
        load_list(northside, content, name=name)
        assert listed(northside, ANN) == {ANN}

    def test_seven_digits_take_the_area_code_that_was_entered(self, northside):
        load_list(northside, "5550142\n", area_code="312", name="list.txt")
        assert listed(northside, ANN) == {ANN}

    def test_a_states_list_stands_beside_the_national_one(self, northside):
        load_list(northside, NATIONAL)
        load_list(northside, (DATA / "florida.xml").read_bytes(), source="FL", name="florida.xml")
        assert set(in_use(northside)) == {
            ("US", "312"),
            ("US", "773"),
            ("FL", "305"),
            ("FL", "786"),
        }
        assert listed(northside, "+17865550142", ANN) == {"+17865550142", ANN}

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"", "The file is empty"),
            (b"%PDF-1.7 ...", "a PDF, not a list"),
            (b"nothing here\nat all\n", "no phone number in this file"),
            (b"a\nb\nc\n3125550142\n", "2 lines can't be read and only 1 can"),
            (packed(("[Content_Types].xml", "<x/>")), "Excel workbook"),
            (packed(("a.txt", "3125550142\n"))[:-30], "damaged or locked"),
            (b"<l><no>3125550142</no>", "Line 1: the XML breaks off"),
        ],
        ids=["empty", "pdf", "words", "mostly-bad", "xlsx", "broken-zip", "broken-xml"],
    )
    def test_what_is_no_list_says_why_and_what_to_do(self, northside, content, words):
        try:
            import_ = check_list(northside, content, kind=FileKind.FULL)
        except ListRefused as error:
            told = error.message
        else:
            assert import_.state is ImportState.FAILED
            told = import_.error
        assert words in told
        assert listed(northside, ANN) == set()

    @pytest.mark.parametrize(
        ("days", "words"), [(1, "day to come"), (-32, "31 days"), (-400, "31 days")]
    )
    def test_a_download_to_come_or_too_old_is_refused(self, northside, days, words):
        with pytest.raises(BadInput, match=words):
            check_list(northside, NATIONAL, as_of=today_of(northside) + timedelta(days=days))

    @pytest.mark.parametrize("area_code", ["3125", "012", "31", "3\u0661\u0662"])
    def test_what_is_no_area_code_is_refused(self, northside, area_code):
        with pytest.raises(BadInput, match="area_code: it has three digits"):
            check_list(northside, NATIONAL, area_code=area_code)

    @pytest.mark.parametrize("area", ["\u00b312", "\u0663\u0661\u0662"])
    def test_digits_of_another_script_end_nothing(self, northside, area):
        """They count as no digits, in numbers as in area codes."""
        content = f'<l><a code="{area}"><n>5550142</n></a><a code="312"><n>5550143</n></a></l>'
        assert check_list(northside, content).areas == {"312": [1, 0]}
        rejected = check_list(northside, f"{area}5550142\n3125550143\n")
        assert (rejected.areas, rejected.rejected) == ({"312": [1, 0]}, 1)

    def test_a_list_of_no_state_is_refused(self, northside):
        with pytest.raises(BadInput, match="source: choose"):
            check_list(northside, NATIONAL, source="ZZ")

    def test_the_file_goes_once_it_is_loaded_and_its_evidence_stays(self, northside):
        import_ = load_list(northside, NATIONAL)
        assert not files.path_of(import_.stored_name).exists()
        assert len(import_.sha256) == 64
        assert (import_.created_by, import_.size) == ("Vera Okafor", len(NATIONAL))
        events = db.session.scalars(
            select(AuditEntry.event).where(AuditEntry.event.like("dnc:list:%"))
        )
        assert sorted(events) == ["dnc:list:finish", "dnc:list:start", "dnc:list:upload"]


class TestReplacing:
    def test_a_full_file_replaces_the_area_codes_it_holds_and_no_others(self, northside):
        load_list(northside, NATIONAL)
        load_list(northside, "3125550100\n")
        assert listed(northside, ANN, "+13125550100", CAL) == {"+13125550100", CAL}

    def test_what_was_replaced_is_deleted_bit_by_bit(self, northside, monkeypatch, clock):
        """Some minutes later: a plan may still be looking numbers up in it."""
        load_list(northside, NATIONAL)
        load_list(northside, "3125550100\n7735550100\n")
        assert stored_numbers() == 8
        monkeypatch.setattr("portal.dnc.service.applying.DELETED_AT_ONCE", 2)
        assert delete_replaced_numbers() == 0
        clock.travel(by=timedelta(minutes=11))
        assert delete_replaced_numbers() == 6
        assert stored_numbers() == 2
        assert db.session.scalar(select(func.count()).select_from(DncLeftover)) == 0
        assert listed(northside, "+13125550100", "+17735550100", ANN) == {
            "+13125550100",
            "+17735550100",
        }

    def test_an_older_file_does_not_replace_a_newer_one(self, northside):
        today = today_of(northside)
        load_list(northside, NATIONAL, as_of=today)
        import_ = check_list(northside, "3125550100\n", as_of=today - timedelta(days=1))
        assert import_.state is ImportState.FAILED
        assert "newer than this file" in import_.error

    def test_a_change_list_adds_and_removes_all_at_once(self, northside):
        """Of two lines about one number the later day counts."""
        today = today_of(northside)
        load_list(northside, NATIONAL, as_of=today - timedelta(days=20))
        import_ = load_list(northside, CHANGES, as_of=today)
        assert import_.kind is FileKind.CHANGES
        gone, added = {BEN, CAL, "+13125550150"}, {"+13125550151"}
        assert listed(northside, ANN, *gone, *added) == {ANN, *added}
        assert in_use(northside)["US", "312"].as_of == today
        assert in_use(northside)["US", "312"].numbers == 3

    def test_a_change_list_leaves_out_area_codes_without_a_full_list(self, northside):
        """415 has changes, but nothing they could change: a part of a list is none."""
        load_list(northside, NATIONAL)
        import_ = load_list(northside, CHANGES)
        assert set(import_.left_out) == {"415"}
        assert "Import its full file first" in import_.left_out["415"]
        assert ("US", "415") not in in_use(northside)

    def test_changes_alone_are_no_list(self, northside):
        import_ = check_list(northside, CHANGES)
        assert import_.state is ImportState.FAILED
        assert "Import its full file first" in import_.error

    def test_an_officer_takes_an_area_code_or_a_list_out_of_use(self, northside, clock):
        load_list(northside, NATIONAL)
        with unit_of_work():
            assert dnc.remove_list(northside.organization_id, "US", "312", actor=VERA_ACTS) == 3
        assert listed(northside, ANN, CAL) == {CAL}
        with unit_of_work():
            dnc.remove_list(northside.organization_id, "US", "", actor=VERA_ACTS)
        assert listed(northside, ANN, CAL) == set()
        clock.travel(by=timedelta(minutes=11))
        delete_replaced_numbers()
        assert stored_numbers() == 0
        with unit_of_work(), pytest.raises(BadInput, match="not in use"):
            dnc.remove_list(northside.organization_id, "US", "", actor=VERA_ACTS)


def long_list(count):
    return "".join(f"{3_120_000_000 + place}\n" for place in range(count)).encode()


class TestHalfway:
    @pytest.fixture
    def small_pieces(self, monkeypatch):
        monkeypatch.setattr("portal.dnc.service.files.PIECE", 1_100)
        monkeypatch.setattr("portal.dnc.service.files._HEAD", 1_100)

    def started(self, account, content):
        import_ = check_list(account, content)
        with unit_of_work():
            return dnc.confirm(account.organization_id, import_.id, actor=VERA_ACTS, in_job=False)

    def take(self, import_, pieces):
        passing = loading.start_run(import_.id)
        for _ in range(pieces):
            assert passing.more()
            with unit_of_work():
                passing.step()

    def test_half_a_list_is_never_in_use_and_the_former_one_stays(self, northside, small_pieces):
        load_list(northside, NATIONAL)
        import_ = self.started(northside, long_list(1_000))
        self.take(import_, 5)
        assert stored_numbers() > 6
        assert listed(northside, ANN, "+13120000007") == {ANN}
        run(import_)
        assert listed(northside, ANN, "+13120000007") == {"+13120000007"}

    def test_a_run_that_died_goes_on_where_it_stopped(self, northside, small_pieces):
        import_ = self.started(northside, long_list(1_000))
        self.take(import_, 4)
        left = queries.import_or_404(northside.organization_id, import_.id)
        assert (left.batches, 0 < left.percent < 100) == (4, True)
        import_list(str(import_.id))
        import_list(str(import_.id))
        assert in_use(northside)["US", "312"].numbers == 1_000

    def test_two_runs_at_once_count_a_piece_once(self, northside, small_pieces):
        import_ = self.started(northside, long_list(500))
        first, second = (loading.start_run(import_.id) for _ in range(2))
        while first.more() | second.more():
            for passing in (first, second):
                if passing._import is not None:
                    with unit_of_work():
                        passing.step()
        run(import_)
        assert in_use(northside)["US", "312"].numbers == 500

    def test_one_list_of_an_organization_is_loaded_at_a_time(self, northside, small_pieces, clock):
        import_ = self.started(northside, long_list(500))
        other = check_list(northside, "3125550100\n")
        with unit_of_work(), pytest.raises(ListBusy, match="Another list is being loaded"):
            dnc.confirm(northside.organization_id, other.id, actor=VERA_ACTS, in_job=False)
        self.take(import_, 2)
        with unit_of_work():
            dnc.cancel(northside.organization_id, import_.id, actor=VERA_ACTS)
        run(import_)
        clock.travel(by=timedelta(minutes=11))
        delete_replaced_numbers()
        assert stored_numbers() == 0
        with unit_of_work():
            dnc.confirm(northside.organization_id, other.id, actor=VERA_ACTS, in_job=False)
        assert run(other).state is ImportState.DONE

    def test_what_is_over_can_be_neither_started_nor_stopped(self, northside):
        import_ = load_list(northside, NATIONAL)
        for verb in (dnc.confirm, dnc.cancel):
            with unit_of_work(), pytest.raises(ListBusy):
                verb(northside.organization_id, import_.id, actor=VERA_ACTS)

    def test_a_file_that_vanished_ends_the_import_in_words(self, northside):
        import_ = self.started(northside, long_list(10))
        files.remove(import_.stored_name)
        ended = run(import_)
        assert (ended.state, ended.error) == (
            ImportState.FAILED,
            "The uploaded file is gone. Upload it again.",
        )

    def test_a_sweep_rings_for_what_nobody_moved(self, northside, clock, redis):
        self.started(northside, long_list(10))
        clock.travel(by=timedelta(minutes=3))
        assert len(queries.stalled_imports()) == 1
        resume_lists()

    def test_a_file_nobody_loaded_is_given_up_after_a_month(self, northside, clock):
        import_ = check_list(northside, NATIONAL)
        clock.travel(by=timedelta(days=32))
        with unit_of_work():
            assert dnc.forget_unconfirmed(clock.now) == 1
        ended = queries.import_or_404(northside.organization_id, import_.id)
        assert ended.state is ImportState.CANCELED
        assert not files.path_of(import_.stored_name).exists()


class TestStrays:
    """A file on the disk that no import will read is somebody's list lying about."""

    def test_an_upload_that_is_refused_half_way_leaves_no_file(self, northside, monkeypatch):
        def broken(*_args, **_facts):
            raise RuntimeError("the log can't be written")

        files.store(io.BytesIO(NATIONAL))  # the folder is there, whichever test came first
        before = set(files.path_of("").iterdir())
        monkeypatch.setattr(receiving.audit, "record", broken)
        with pytest.raises(RuntimeError):
            check_list(northside, NATIONAL)
        assert set(files.path_of("").iterdir()) == before

    def test_what_no_import_still_reads_is_deleted_a_day_later(self, northside):
        waiting = check_list(northside, NATIONAL).stored_name
        old, fresh = (files.store(io.BytesIO(NATIONAL)).name for _ in range(2))
        for name in (waiting, old):
            at = files.path_of(name).stat().st_mtime - 2 * 24 * 3600
            os.utime(files.path_of(name), (at, at))
        watch_lists()
        assert [files.path_of(name).exists() for name in (waiting, old, fresh)] == [
            True,
            False,
            True,
        ]


class TestTenants:
    def test_a_list_is_its_organizations_alone(self, northside, lakeview):
        """SPEC 1; and the registry's data may not be shared."""
        import_ = load_list(northside, NATIONAL)
        assert listed(lakeview, ANN) == set()
        assert queries.imports(lakeview.organization_id) == []
        assert queries.rejects(lakeview.organization_id, import_.id) == []
        with pytest.raises(NotFound):
            queries.import_or_404(lakeview.organization_id, import_.id)
        with unit_of_work(), pytest.raises(BadInput):
            dnc.remove_list(lakeview.organization_id, "US", "312", actor=SYSTEM)
        load_list(lakeview, "3125550100\n")
        assert listed(northside, ANN, "+13125550100") == {ANN}
        assert listed(lakeview, ANN, "+13125550100") == {"+13125550100"}


def test_days_are_counted_from_the_download(northside):
    today = today_of(northside)
    load_list(northside, NATIONAL, as_of=today - timedelta(days=30))
    load_list(northside, "3125550142\n", as_of=today)
    [source] = queries.sources(northside.organization_id, today)
    assert (source.days_left, source.areas[0].area_code, source.numbers) == (1, "773", 4)
    assert source.as_of == date.fromordinal(today.toordinal() - 30)
