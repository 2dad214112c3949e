"""Everything about an account for counsel: what is in it, and that nothing else is (issue 9, I12)."""

import hashlib
import json
import subprocess
import sys
import tomllib
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.core import checkpoints
from portal.core.audit import AuditEntry
from portal.core.clock import utcnow
from portal.core.db import Base, db, unit_of_work
from portal.dossiers.errors import DossierRefused
from portal.dossiers.queries import reading
from portal.dossiers.rules import written
from portal.dossiers.rules.contents import BY_NAME, CONTENTS, LEFT_OUT
from portal.dossiers.service import asking, making
from portal.dossiers.values import Wanted
from portal.integrations.service.endpoints import remove_endpoint
from portal.messaging.models import Message, MessageEvent
from portal.messaging.values import State
from tests import cast
from tests.factories import consent as make
from tests.factories import dossiers, proofs
from tests.factories.appeals import make_appeal
from tests.factories.dossiers import opened, rows_of
from tests.factories.drips import enrol, keeper_of, make_drip, text_step
from tests.factories.integrations import make_endpoint, make_key
from tests.factories.media import make_file
from tests.factories.messaging import (
    bulk,
    make_campaign,
    make_ready,
    make_recipient,
    make_recipients,
)
from tests.factories.optin import make_published
from tests.factories.tasks import make_task
from tests.house.property import settle
from workers.dossiers import make_dossier

TABLES = Base.metadata.tables


def events_of(dossier):
    found = db.session.scalars(
        select(AuditEntry).where(AuditEntry.subject_id == dossier.id).order_by(AuditEntry.position)
    )
    return [(entry.event.rpartition(":")[2], entry.payload) for entry in found]


class TestContents:
    def test_every_table_of_an_account_is_in_it_or_left_out_with_a_reason(self):
        of_accounts = {name for name, table in TABLES.items() if "account_id" in table.c}
        given = {content.table for content in CONTENTS}
        assert of_accounts - given == set(LEFT_OUT)
        assert not given & set(LEFT_OUT)

    def test_a_worker_that_imports_nothing_else_knows_every_table(self):
        """The web knows all slices; a worker's process only what its jobs import."""
        program = (
            "import workers.dossiers\n"
            "from portal.core.db import Base\n"
            "from portal.dossiers.rules.contents import CONTENTS, EVIDENCE\n"
            "named = {c.table for c in (*CONTENTS, *EVIDENCE)}\n"
            "named |= {one.table for c in CONTENTS for one in c.joined}\n"
            "print(sorted(named - set(Base.metadata.tables)))\n"
        )
        root = Path(__file__).parents[2]
        said = subprocess.check_output([sys.executable, "-c", program], cwd=root, text=True)
        assert said == "[]\n"

    def test_files_have_names_of_their_own_and_columns_that_are_there(self):
        assert len(BY_NAME) == len(CONTENTS)
        for content in CONTENTS:
            columns = TABLES[content.table].c
            assert {*content.columns, *content.order, content.at or "id"} - {"id"} <= set(
                columns.keys()
            )
            assert len(set(content.headings)) == len(content.headings)
            for one in content.joined:
                assert one.column in TABLES[one.table].c

    def test_what_comes_after_the_first_column_of_an_order_is_never_null(self):
        """Nothing is after NULL: a row would be left out."""
        for content in CONTENTS:
            assert not any(column.nullable for column in reading._order(content)[1:])

    def test_no_column_opens_anything(self):
        secret = {
            f"{table.name}.{column.name}"
            for table in TABLES.values()
            for column in table.c
            if column.info
            or any(
                word in column.name
                for word in (
                    "sealed",
                    "token",
                    "password",
                    "secret",
                    "hash",
                    "stored",
                    "_key",
                    "nonce",
                )
            )
        }
        given = {f"{c.table}.{name}" for c in CONTENTS for name in c.columns}
        given |= {f"{one.table}.{one.column}" for c in CONTENTS for one in c.joined}
        assert given & secret == {"messages.body_hash", "audit_entries.hash"}

    def test_a_cell_is_never_run_and_says_nothing_of_nothing(self):
        assert written.cell("=1+1") == "'=1+1"
        assert written.cell("+13125550142") == "'+13125550142"
        assert written.cell({"why": "=x"}) == '{"why": "=x"}'
        assert [written.cell(value) for value in (None, True, False, 0)] == ["", "yes", "no", "0"]

    def test_what_was_spent_is_a_number_that_a_spreadsheet_adds_up(self):
        assert [written.cell(value) for value in (-3, -0.5)] == ["-3", "-0.5"]
        assert written.cell("-3+cmd") == "'-3+cmd"

    def test_the_version_is_the_products(self):
        about = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
        assert about["project"]["version"] == making.VERSION


def ids_in(account):
    """Return the id of everything the database has of an account."""
    db.session.rollback()
    return {
        str(id_)
        for table in TABLES.values()
        if "account_id" in table.c and "id" in table.c
        for id_ in db.session.scalars(select(table.c.id).where(table.c.account_id == account.id))
    } | {str(account.id)}


@pytest.fixture
def crowded(northside, bobs, lakeview):
    """One of everything in an account and in a stranger's, and much in another of the brokerage."""
    settle(lakeview, cast.MALLORY, cast.LAKEVIEW_TEAM, "+14155550181", "+14155550182", "Theirword")
    settle(northside, cast.ALICE, cast.NORTHSIDE_TEAM, "+13125550171", "+13125550172", "Ownword")
    make_ready(bobs)
    beside = make_recipient(bobs, "+16465550191", last_name="Besideword")
    make_campaign(bobs, [beside], bulk("Besideword"))
    make_published(bobs, name="Besideword form")
    make_file(bobs, name="Besideword.png")
    make_appeal(bobs, "Besideword asks to be let on", dossiers.VERA_ACTS)
    make_task(bobs, "Call Besideword", contact_id=beside.contact.id)
    make_key(bobs, name="Besideword CRM")
    by_bob = keeper_of(bobs, cast.BOB)
    enrol(bobs, make_drip(bobs, [text_step(body="Besideword. Reply STOP to end.")], "Besideword", by=by_bob), beside)  # fmt: skip
    make.written(bobs, "+16465550192", evidence=proofs.scan(b"%PDF-1.7 Besideword"))
    with unit_of_work():  # what each of them asked for saw little of it
        for account in (northside, lakeview):
            asking.forget_dossiers(account.organization_id, before=utcnow(), is_dry=False)


def happen(account):
    """Let two things happen to each text of an account, the later one written first."""
    with unit_of_work():
        for id_ in db.session.scalars(select(Message.id).where(Message.account_id == account.id)):
            for state, minutes in ((State.DELIVERED, 2), (State.SENT, 1)):
                at = utcnow() + timedelta(minutes=minutes)
                db.session.add(MessageEvent(message_id=id_, at=at, state=state, cause="callback"))


class TestWhole:
    @pytest.mark.usefixtures("crowded")
    def test_it_can_be_checked_and_holds_all_of_the_account_and_nothing_else(
        self, northside, bobs, lakeview, verifier, tmp_path
    ):
        made = dossiers.dossier(northside)
        path = asking.file_of(made)
        with opened(made) as archive:
            assert archive.testzip() is None
            archive.extractall(tmp_path)
            manifest = json.loads(archive.read("manifest.json"))
            files = manifest["files"]
            assert set(files) | {"manifest.json"} == set(archive.namelist())
            for name, sha256 in files.items():
                content = archive.read(name)
                assert hashlib.sha256(content).hexdigest() == sha256
                assert len(content) == manifest["sizes"][name]
            for name, rows in manifest["rows"].items():
                assert len(rows_of(archive, name)) == rows, name
            assert sum(manifest["rows"].values()) == made.rows
            empty = {name for name, rows in manifest["rows"].items() if not rows}
            said = b"\n".join(archive.read(name) for name in archive.namelist()).decode(
                "utf-8", "replace"
            )
            entries = rows_of(archive, "audit/entries.csv")
            proven = rows_of(archive, "audit/proofs.jsonl")

        checked = subprocess.run(
            ["sha256sum", "-c", "--quiet", "SHA256SUMS"],
            cwd=tmp_path,
            capture_output=True,
            check=False,
        )
        assert checked.returncode == 0, checked.stdout
        found = verifier(path, "--key", checkpoints.public_key())
        assert found.returncode == 0, found.stderr
        assert f"{len(entries)} entries of the log" in found.stdout
        assert [int(entry["position"]) for entry in entries] == [
            p["entry"]["position"] for p in proven
        ]
        assert {p["entry"]["account_id"] for p in proven} == {str(northside.id)}
        assert {p["entry"]["event"] for p in proven if p["entry"]["payload"] is None} == {
            "integrations:webhook:add"
        }
        assert made.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()

        assert len(empty) < len(CONTENTS) / 2, empty
        assert "ownword" in said.lower()
        for word in (
            "theirword",
            "besideword",
            "4155550181",
            "4155550182",
            "6465550191",
            "6465550192",
        ):
            assert word not in said.lower(), word
        for account in (bobs, lakeview):
            others = ids_in(account)
            assert len(others) > 15
            assert {id_ for id_ in others if id_ in said} == set()

    def test_the_log_says_who_asked_why_what_it_came_to_and_each_download(self, northside, vera):
        make.written(northside)
        made = dossiers.dossier(northside, Wanted("Casey Ito", "A complaint", date(2026, 1, 1)))
        assert dossiers.downloaded(vera, made) == asking.file_of(made).read_bytes()
        (ask, asked), (finish, ended), (download, left) = events_of(made)
        assert (ask, finish, download) == ("ask", "finish", "download")
        assert (asked["for_"], asked["reason"], asked["first"]) == (
            "Casey Ito",
            "A complaint",
            "2026-01-01",
        )
        assert ended["sha256"] == left["sha256"] == made.sha256
        assert ended["rows"] == made.rows

    def test_one_changed_byte_of_a_proof_of_the_log_is_found(self, northside, verifier, tmp_path):
        make.written(northside)
        with opened(dossiers.dossier(northside)) as archive:
            archive.extractall(tmp_path)
        proof = tmp_path / "audit" / "proofs.jsonl"
        manifest = tmp_path / "manifest.json"
        for old, new in (
            (b'"event":"consent', b'"event":"cansent'),
            (b'"path":["', b'"path":["00'),
        ):
            whole, told = proof.read_bytes(), manifest.read_text()
            changed = whole.replace(old, new, 1)
            assert changed != whole
            proof.write_bytes(changed)  # and whoever did it knows to mend the manifest
            before, after = (hashlib.sha256(each).hexdigest() for each in (whole, changed))
            manifest.write_text(told.replace(before, after))
            found = verifier(tmp_path)
            assert found.returncode == 1
            assert "audit/proofs.jsonl: line 1: " in found.stderr
            proof.write_bytes(whole)
            manifest.write_text(told)

    def test_the_log_does_not_give_away_where_webhooks_go(self, northside, verifier):
        endpoint, _ = make_endpoint(northside, "https://hooks.example.com/catch/opens-a-door")
        with unit_of_work():
            remove_endpoint(northside.tenant, endpoint.id, actor=dossiers.VERA_ACTS)
        made = dossiers.dossier(northside)
        with opened(made) as archive:
            said = b"".join(archive.read(name) for name in archive.namelist())
            entries = rows_of(archive, "audit/entries.csv")
            proven = [line["entry"] for line in rows_of(archive, "audit/proofs.jsonl")]
        assert b"opens-a-door" not in said
        about = [entry for entry in entries if entry["subject_id"] == str(endpoint.id)]
        assert [entry["event"].rpartition(":")[2] for entry in about] == ["add", "remove"]
        assert [entry["payload"] for entry in about] == ["", ""]
        assert [(entry["payload"] or "") != "" for entry in entries] == [
            entry["payload"] is not None for entry in proven
        ]
        assert all(entry["salt"] is None for entry in proven if entry["payload"] is None)
        assert verifier(asking.file_of(made)).returncode == 0

    def test_what_stands_in_the_readme(self, northside):
        make.written(northside)
        made = dossiers.dossier(
            northside, Wanted("Casey Ito", "A complaint", None, date(2026, 3, 1))
        )
        with opened(made) as archive:
            text = archive.read("README.txt").decode()
        for said in (
            "Northside", "Juniper Realty", "Casey Ito", "A complaint", "Vera Okafor", "Until 2026-03-01",
            "America/Chicago", making.VERSION, "sha256sum -c SHA256SUMS", checkpoints.public_key(),
            "texts/texts_out.csv", "consent_method", "opt_outs 36",
        ):  # fmt: skip
            assert said in text, said

    def test_the_readme_says_of_what_it_holds_that_came_later(self, northside):
        dossier_id = dossiers.ask(northside)
        make.written(northside)
        later = make_recipient(northside, "+13125550199", last_name="Latecomer")
        make_dossier(str(dossier_id))
        with opened(dossiers.again(northside, dossier_id)) as archive:
            text = " ".join(archive.read("README.txt").decode().split())
            assert rows_of(archive, "consents/records.csv") == []
            contacts = rows_of(archive, "contacts/contacts.csv")
        assert str(later.contact.id) in [contact["id"] for contact in contacts]
        assert "A file whose period counts by a time holds nothing that came after" in text
        assert "All others (the address book, what stands now) are as they were when" in text

    def test_memory_is_the_same_for_a_short_log_and_a_long_one(self, northside, monkeypatch):
        """A tree keeps every hash it read, so none may serve the whole log."""
        for _ in range(6):
            make.written(northside)
        served = {}
        prove = checkpoints.inclusion

        def watched(chain, position, *, discloses, trees):
            served.setdefault(id(trees), (trees, []))[1].append(position)
            return prove(chain, position, discloses=discloses, trees=trees)

        monkeypatch.setattr(reading._pages, "__defaults__", (2,))
        monkeypatch.setattr(checkpoints, "inclusion", watched)
        dossiers.dossier(northside)
        assert [positions for _, positions in served.values()] == [[1, 2], [3, 4], [5, 6]]


class TestTexts:
    def test_each_text_has_its_verdict_its_consent_and_every_event(self, northside):
        make_ready(northside)
        crowd = make_recipients(northside, 3)
        make_campaign(northside, crowd, bulk("=Open house"))
        happen(northside)
        with opened(dossiers.dossier(northside)) as archive:
            texts = rows_of(archive, "texts/texts_out.csv")
            events = rows_of(archive, "texts/text_events.csv")
        assert [text["e164"] for text in texts] == [f"'+1312556{at:04d}" for at in range(3)]
        assert {text["consent_method"] for text in texts} == {"hosted_form"}
        assert texts[0]["body"].startswith("'=Open house")
        assert texts[0]["created_at"].endswith("Z")
        order = [text["id"] for text in texts]
        assert (
            sorted(events, key=lambda event: (order.index(event["message_id"]), event["at"]))
            == events
        )
        assert [event["state"] for event in events] == ["sent", "delivered"] * 3

    def test_pages_leave_nothing_out_and_the_same_rows_are_the_same_bytes(
        self, northside, monkeypatch
    ):
        make_ready(northside)
        make_campaign(northside, make_recipients(northside, 7), bulk())
        first = dossiers.dossier(northside)
        monkeypatch.setattr(reading, "_PARENTS", 3)
        monkeypatch.setattr(reading._pages, "__defaults__", (2,))
        second = dossiers.dossier(northside)
        with opened(first) as one, opened(second) as other:
            for name in BY_NAME:
                if not name.startswith("audit/"):
                    assert one.read(name) == other.read(name), name
            assert len(rows_of(other, "texts/texts_out.csv")) == 7

    def test_a_text_without_a_number_comes_last(self, northside, monkeypatch):
        make_ready(northside)
        make_campaign(northside, make_recipients(northside, 4), bulk())
        some = db.session.scalars(select(Message.id).order_by(Message.e164).limit(2)).all()
        with unit_of_work():
            db.session.execute(
                Message.__table__.update()
                .where(Message.id.in_(some))
                .values(e164=None, state=State.BLOCKED)
            )
        monkeypatch.setattr(reading._pages, "__defaults__", (1,))
        with opened(dossiers.dossier(northside)) as archive:
            texts = rows_of(archive, "texts/texts_out.csv")
        assert [text["e164"] for text in texts] == ["'+13125560002", "'+13125560003", "", ""]

    def test_the_period_is_in_days_of_the_account(self, northside, clock):
        make_ready(northside)
        clock.travel(to=utcnow().replace(hour=5, minute=59))  # 23:59 on 1 March in Chicago
        make_campaign(northside, make_recipients(northside, 1), bulk("Late on the 1st"))
        happen(northside)
        clock.travel(by=timedelta(hours=12))
        march_2 = dossiers.dossier(northside, Wanted("C", "W", date(2026, 3, 2), date(2026, 3, 2)))
        march_1 = dossiers.dossier(northside, Wanted("C", "W", date(2026, 3, 1), date(2026, 3, 1)))
        with opened(march_1) as archive:
            assert len(rows_of(archive, "texts/texts_out.csv")) == 1
            assert rows_of(archive, "texts/text_events.csv")
        with opened(march_2) as archive:
            assert rows_of(archive, "texts/texts_out.csv") == []
            assert rows_of(archive, "texts/text_events.csv") == []

    def test_days_the_wrong_way_round_are_refused(self, northside):
        with pytest.raises(DossierRefused, match="2026-01-01 is before 2026-02-01"):
            dossiers.ask(northside, Wanted("C", "W", date(2026, 2, 1), date(2026, 1, 1)))
