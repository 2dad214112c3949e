"""Old consents come in from files: the real one, and ones made to break it (C-2, C-7, C-8)."""

import csv
import io
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from portal.consent import queries, rules
from portal.consent.service.importing_consents import ConsentHandler
from portal.consent.values import Checkbox, Event, MessageKind, Method, Strength
from portal.contacts import queries as contacts
from portal.contacts.rules.numbers import read
from portal.contacts.service import exporting, importing
from portal.contacts.values import ConsentSource, ImportKind, ImportState, Weight
from portal.core import audit, jobs
from portal.core.db import unit_of_work
from portal.core.jobs import Lane
from portal.proofs.queries.stories import places
from tests.factories import consent as make
from tests.factories.consent import AGENT, CAROL, DAVE, DISCLOSURE
from workers.consent import import_consents, resume_consent_imports

FILE = Path(__file__).parents[1] / "data" / "consents.csv"
AFTER_THE_FILE = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
HEADER = [
    "Name", "Email", "Physical Address", "Phone", "Registration Date and Time", "IP Address",
    "Web URL", "Method", "Disclosure Text", "Checkbox",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _autumn(clock):
    clock.travel(to=AFTER_THE_FILE)


def received(account, content):
    with unit_of_work():
        return importing.receive(
            account.tenant, ConsentHandler(), "consents.csv", io.BytesIO(content), actor=AGENT
        )


def checked(account, content, mapping=None, received=received):
    import_ = received(account, content)
    with unit_of_work():
        importing.match_columns(
            account.tenant,
            import_.id,
            ConsentHandler(),
            mapping or import_.mapping,
            consent_source=ConsentSource.RECORDED,
            actor=AGENT,
        )
    import_consents(str(import_.id))
    return contacts.import_or_404(account.tenant, import_.id)


def done(account, content):
    return confirmed(account, checked(account, content))


def confirmed(account, import_):
    with unit_of_work():
        importing.confirm(account.tenant, import_.id, actor=AGENT)
    import_consents(str(import_.id))
    return contacts.import_or_404(account.tenant, import_.id)


def rows(*lines):
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEADER)
    for line in lines:
        known = dict.fromkeys(HEADER, "") | {
            "Name": "Carol Reyes",
            "Phone": "(312) 555-0142",
            "Registration Date and Time": "2026-03-02 09:15:00 -0600",
            "Method": "web form",
        }
        writer.writerow((known | line).values())
    return out.getvalue().encode()


FORM = {"Disclosure Text": DISCLOSURE, "Checkbox": "checked", "Web URL": "https://j.example/r"}


def told(import_, weight=None):
    return [(f.line, f.code) for f in contacts.findings(import_, weight, limit=5000)]


def wanted():
    with FILE.open(encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f))


def test_the_real_file_comes_in_whole_and_as_the_dry_run_said(northside, clock):
    """C-2, C-7, C-8 on real input, against figures counted from the file itself."""
    lines = wanted()
    good = [row for row in lines if read(row["Phone"]).e164]
    kept = {tuple(row.values()) for row in good}
    methods = Counter(values[7] for values in kept)

    dry = checked(northside, FILE.read_bytes())
    promised = queries.import_summary(dry)
    assert queries.coverage(northside.tenant).numbers == 0
    import_ = confirmed(northside, dry)

    assert import_.state is ImportState.DONE
    assert import_.total_rows == len(lines) == 1653
    assert import_.imported == len(kept)
    assert import_.merged == len(good) - len(kept)
    assert import_.rejected == len(lines) - len(good)
    summary = queries.import_summary(import_)
    assert summary == promised
    assert summary.express_written == methods["web form"]
    assert summary.not_valid == methods["purchased list"]
    assert summary.express == sum(methods[m] for m in ("paper sign-in sheet", "verbal", "imported"))
    assert audit.verify(northside.organization_id)[1] is None
    _bought_numbers_are_blocked_and_forms_are_not(northside, good, clock.now)
    _a_record_carries_what_its_row_says(northside)
    _rejected_rows_come_back(import_)


def _bought_numbers_are_blocked_and_forms_are_not(account, good, now):
    by_number = {}
    for row in good:
        by_number.setdefault(read(row["Phone"]).e164, set()).add(row["Method"])
    standings = {}
    numbers = sorted(by_number)
    for start in range(0, len(numbers), 500):
        standings |= queries.standings(account.tenant, numbers[start : start + 500], now)
    only_bought = [e for e, methods in by_number.items() if methods == {"purchased list"}]
    assert len(only_bought) > 50
    for e164, methods in by_number.items():
        talk = rules.allows(standings[e164], MessageKind.ONE_TO_ONE, now)
        bulk = rules.allows(standings[e164], MessageKind.MARKETING, now)
        assert bulk.ok == ("web form" in methods)
        assert talk.ok == (methods != {"purchased list"})
        assert talk.ok or talk.code == "consent_not_valid"


def _a_record_carries_what_its_row_says(account):
    found = queries.records(account.tenant, read("13235550145").e164)
    [record] = [record for record in found if record.ip_address == "203.0.113.103"]
    assert record.name == "D'Andre Rodriguez"
    assert record.email == "dandre.rodriguez1982@example.com"
    assert record.postal_address == "6483 Oak Ave, Erie, PA 34887"
    assert record.given_at == datetime(2026, 1, 3, 23, 4, tzinfo=UTC)
    assert (record.given_zone, record.given_as_written) == ("-0500", "2026-01-03 18:04:00 -0500")
    assert record.source_url == "https://juniperhomes.example/register"
    assert record.checkbox is Checkbox.CHECKED
    assert record.disclosure_text.startswith("I agree to receive recurring texts")
    assert record.method is Method.WEB_FORM
    assert record.is_imported
    assert record.import_id is not None
    place = places(account.tenant, [record])[record.id]
    assert place.is_intact
    assert len(place.covers) > 100


def _rejected_rows_come_back(import_):
    text = "".join(exporting.rejects(import_)).lstrip("\ufeff")
    rejected = list(csv.DictReader(io.StringIO(text)))
    assert len(rejected) == import_.rejected
    assert all(row["Reason"] and row["Line"] for row in rejected)
    assert set(HEADER) < set(rejected[0])


def test_the_same_file_again_changes_nothing(northside):
    """PROMISES 3.4: import of a CSV twice."""
    content = b"".join(FILE.read_bytes().splitlines(keepends=True)[:400])
    first = done(northside, content)
    before = queries.coverage(northside.tenant)
    again = done(northside, content)

    assert again.imported == 0
    assert again.merged == first.imported + first.merged
    assert queries.coverage(northside.tenant) == before


class TestRows:
    @pytest.mark.parametrize(
        ("row", "method", "strength", "event"),
        [
            (FORM, Method.WEB_FORM, Strength.EXPRESS_WRITTEN, Event.GIVEN),
            (FORM | {"Checkbox": ""}, Method.WEB_FORM, Strength.EXPRESS, Event.GIVEN),
            (FORM | {"Checkbox": "unchecked"}, Method.WEB_FORM, Strength.NONE, Event.NOT_VALID),
            (FORM | {"Disclosure Text": "n/a"}, Method.WEB_FORM, Strength.EXPRESS, Event.GIVEN),
            ({"Method": "paper"}, Method.PAPER, Strength.EXPRESS, Event.GIVEN),
            ({"Method": "verbal"}, Method.VERBAL, Strength.EXPRESS, Event.GIVEN),
            ({"Method": ""}, Method.IMPORT, Strength.EXPRESS, Event.GIVEN),
            ({"Method": "pigeon"}, Method.IMPORT, Strength.EXPRESS, Event.GIVEN),
            (FORM | {"Method": "bought leads"}, Method.PURCHASED_LIST, Strength.NONE, Event.NOT_VALID),
            (FORM | {"Method": "county records"}, Method.PUBLIC_RECORDS, Strength.NONE, Event.NOT_VALID),
            (FORM | {"Method": "partner"}, Method.THIRD_PARTY, Strength.NONE, Event.NOT_VALID),
        ],
    )  # fmt: skip
    def test_each_is_judged_by_c8(self, northside, row, method, strength, event):
        import_ = done(northside, rows(row))

        assert import_.imported == 1
        [record] = queries.records(northside.tenant, CAROL)
        assert (record.method, record.strength, record.event) == (method, strength, event)

    @pytest.mark.parametrize(
        ("row", "code"),
        [
            ({"Phone": ""}, "phone"),
            ({"Phone": "call office"}, "phone"),
            ({"Phone": "+1 000 555 0123"}, "phone"),
            ({"Registration Date and Time": "yesterday"}, "date"),
            ({"Registration Date and Time": "2026-13-45"}, "date"),
            ({"Registration Date and Time": "2027-01-01 00:00:00 -0600"}, "future"),
        ],
    )
    def test_what_cannot_be_is_rejected_with_its_reason(self, northside, row, code):
        import_ = done(northside, rows(row))

        assert (import_.imported, import_.rejected) == (0, 1)
        assert told(import_, Weight.REJECTED) == [(2, code)]
        assert queries.coverage(northside.tenant).numbers == 0

    @pytest.mark.parametrize(
        ("ahead_s", "is_kept"), [(1, True), (299, True), (301, False), (86400, False)]
    )
    def test_a_clock_that_is_a_little_fast_is_no_future(self, northside, clock, ahead_s, is_kept):
        """What was written stays beside it, and the same row next week is the same record."""
        clock.hold()
        ahead = clock.now + timedelta(seconds=ahead_s)
        row = {"Registration Date and Time": f"{ahead:%Y-%m-%d %H:%M:%S} UTC"}
        import_ = done(northside, rows(row))

        kept = queries.records(northside.tenant, CAROL)
        assert [r.given_as_written for r in kept] == list(row.values()) * is_kept
        assert all(r.given_at <= r.recorded_at for r in kept)
        if not is_kept:
            [found] = contacts.findings(import_, Weight.REJECTED, limit=9)
            assert (found.code, found.column) == ("future", "Registration Date and Time")
            return
        clock.travel(by=timedelta(days=7))
        assert done(northside, rows(row)).merged == 1
        assert queries.records(northside.tenant, CAROL) == kept

    @pytest.mark.parametrize(
        ("row", "code"),
        [
            ({"Registration Date and Time": ""}, "no_date"),
            ({"Registration Date and Time": "2026-03-02 09:15"}, "zone"),
            ({"IP Address": "somewhere"}, "ip"),
            ({"Checkbox": "maybe"}, "checkbox"),
            ({"Method": "pigeon"}, "method"),
            ({}, "one_to_one_only"),
            ({}, "no_contact"),
            ({"Method": "bought list"}, "not_valid"),
        ],
    )
    def test_what_is_odd_is_kept_and_said(self, northside, row, code):
        import_ = done(northside, rows(row))

        assert import_.imported == 1
        assert code in {c for _, c in told(import_, Weight.NOTE)}

    def test_a_number_that_cannot_be_texted_keeps_its_consent(self, northside):
        import_ = done(northside, rows({"Phone": "(800) 234-5678"}))

        assert (import_.imported, import_.untextable) == (1, 1)

    def test_the_same_row_is_kept_once_and_a_newer_one_as_well(self, northside):
        newer = {"Registration Date and Time": "2026-04-02 09:15:00 -0500"}
        import_ = done(northside, rows({}, {}, newer))

        assert (import_.imported, import_.merged) == (2, 1)
        assert len(queries.records(northside.tenant, CAROL)) == 2

    def test_a_consent_and_a_bought_row_of_one_number_leave_the_consent(self, northside, clock):
        done(northside, rows(FORM, {"Method": "bought list"}))

        standing = queries.standing(northside.tenant, CAROL)
        assert rules.allows(standing, MessageKind.MARKETING, clock.now).ok

    def test_a_file_never_undoes_an_opt_out(self, northside, clock):
        """Q-2, K-7: not even with a row dated after it."""
        clock.travel(to=datetime(2026, 3, 1, tzinfo=UTC))
        make.stop(northside, at=clock.now)
        clock.travel(to=AFTER_THE_FILE)
        import_ = done(northside, rows(FORM | {"Method": "hosted form"}))

        assert queries.standing(northside.tenant, CAROL).opted_out_at is not None
        assert "opted_out" in {code for _, code in told(import_)}

    def test_text_that_looks_like_a_formula_stays_text(self, northside):
        done(northside, rows({"Name": '=HYPERLINK("https://evil.example")'}))

        [record] = queries.records(northside.tenant, CAROL)
        assert record.name.startswith("=HYPERLINK")

    def test_runs_of_numbers_are_flagged(self, northside):
        """K-7."""
        lines = [{"Phone": f"312555{n:04}", "Name": f"P {n}"} for n in range(100, 130)]
        import_ = checked(northside, rows(*lines))

        assert [run.count for run in import_.runs] == [30]


class TestJob:
    def test_it_may_run_twice_and_at_any_time(self, northside):
        import_ = done(northside, rows(FORM, {"Phone": DAVE}))
        import_consents(str(import_.id))
        import_consents(str(import_.id))

        assert contacts.import_or_404(northside.tenant, import_.id) == import_
        assert len(queries.records(northside.tenant, CAROL)) == 1

    def test_it_goes_on_where_it_was_killed(self, northside):
        lines = [{"Phone": f"312555{n:04}", "Name": f"P {n}"} for n in range(0, 2400, 2)]
        import_ = checked(northside, rows(*lines))
        with unit_of_work():
            importing.confirm(northside.tenant, import_.id, actor=AGENT)
        run = importing.start_run(import_.id, ConsentHandler())
        assert run.more()
        with unit_of_work():
            run.step()
        half = contacts.import_or_404(northside.tenant, import_.id)
        assert half.rows_done == importing.BATCH

        import_consents(str(import_.id))

        whole = contacts.import_or_404(northside.tenant, import_.id)
        assert (whole.state, whole.imported) == (ImportState.DONE, 1200)
        assert queries.coverage(northside.tenant).express == 1200
        assert audit.verify(northside.organization_id)[1] is None

    def test_it_goes_through_the_queue(self, northside, redis, app):
        from rq import SimpleWorker

        import_ = checked(northside, rows(FORM))
        with unit_of_work():
            importing.confirm(northside.tenant, import_.id, actor=AGENT)
        assert jobs.waiting(Lane.REPORTS) == 1

        queue = jobs.queue(Lane.REPORTS)
        SimpleWorker([queue], connection=redis, serializer="json").work(burst=True)

        whole = contacts.import_or_404(northside.tenant, import_.id)
        assert (whole.state, whole.imported) == (ImportState.DONE, 1)

    def test_a_stalled_import_is_asked_for_again(self, northside, redis, clock):
        import_ = checked(northside, rows(FORM))
        with unit_of_work():
            importing.confirm(northside.tenant, import_.id, actor=AGENT)
        redis.flushall()
        clock.travel(by=datetime(2026, 1, 1, 1, tzinfo=UTC) - datetime(2026, 1, 1, tzinfo=UTC))

        resume_consent_imports()

        assert jobs.waiting(Lane.REPORTS) == 1

    def test_a_stranger_to_the_job_is_nothing(self, app):
        import_consents("00000000-0000-4000-8000-000000000000")


class TestPages:
    def test_a_file_goes_through_upload_columns_check_and_import(self, alice, northside):
        here = {"account_id": northside.id}
        content = b"".join(FILE.read_bytes().splitlines(keepends=True)[:201])
        uploaded = alice.post(
            "consent.upload", data={"file": (io.BytesIO(content), "consents.csv")}, **here
        )
        columns = alice.follow(uploaded)
        assert "200 rows" in columns.text
        mapping = [
            option["value"]
            for option in columns.page.select("select[name=columns] option[selected]")
        ]
        [import_] = contacts.imports(northside.tenant, ImportKind.CONSENTS)
        where = here | {"import_id": import_.id}
        dry = alice.follow(alice.post("consent.match_columns", data={"columns": mapping}, **where))
        assert "Not valid" in dry.text
        assert "Stored; texts are blocked" in dry.text

        start = dry.page.select_one("form#start-import")
        started = alice.post("consent.start_import", data={"runs_seen": "1"}, **where)
        assert start["action"] == alice.url("consent.start_import", **where)
        moving = alice.follow(started)
        assert moving.page.select_one("#import[hx-trigger]")
        import_consents(str(import_.id))

        polled = alice.htmx.get("consent.import_progress", 204, **where)
        result = alice.follow(polled)  # the head says it is done, too
        assert not result.page.select_one("#import[hx-trigger]")
        assert "Show the records" in result.text
        rejects = alice.get("consent.import_rejects", **where)
        assert rejects.data.startswith("\ufeff".encode())
        assert "consents.csv" in alice.get("consent.imports", **here).text
        for weight in Weight:
            alice.get("consent.show_import", query={"weight": weight.value}, **where)

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"", "empty"),
            (b"PK\x03\x04zip", "Excel"),
            (b'Phone\n"312', ""),
            (b"Phone\n", "no rows"),
        ],
    )
    def test_a_file_that_is_none_is_refused_by_its_field(self, alice, northside, content, said):
        reply = alice.post(
            "consent.upload",
            status=422 if said else None,
            data={"file": (io.BytesIO(content), "x.csv")},
            account_id=northside.id,
        )
        if said:
            assert said in reply.text_of("#file-error")

    def test_columns_without_a_phone_are_refused_and_kept(self, alice, northside):
        import_ = received(northside, rows(FORM))
        mapping = ["email" if i == 1 else "" for i in range(len(HEADER))]
        reply = alice.post(
            "consent.match_columns",
            status=422,
            data={"columns": mapping},
            account_id=northside.id,
            import_id=import_.id,
        )

        assert "Phone number" in reply.text_of("[role=alert]")
        assert reply.page.select_one("#column-1 option[selected]")["value"] == "email"

    def test_columns_may_be_matched_again_before_the_import_only(self, alice, northside):
        import_ = checked(northside, rows(FORM))
        where = {"account_id": northside.id, "import_id": import_.id}
        assert "Match columns" in alice.get("consent.import_columns", **where).text
        mapping = [name if name != "name" else "" for name in import_.mapping]
        alice.post("consent.match_columns", data={"columns": mapping}, **where)
        confirmed(northside, import_)

        alice.get("consent.import_columns", status=303, **where)
        [record] = queries.records(northside.tenant, CAROL)
        assert record.name == ""

    def test_numbers_in_a_row_must_be_looked_at_first(self, alice, northside):
        """K-7."""
        lines = [{"Phone": f"312555{n:04}", "Name": f"P {n}"} for n in range(100, 130)]
        import_ = checked(northside, rows(*lines))
        where = {"account_id": northside.id, "import_id": import_.id}

        assert "follow each other" in alice.get("consent.show_import", **where).text
        unseen = alice.post("consent.start_import", status=422, **where)
        assert "Tick this if these people gave you" in unseen.text_of("#runs-seen-error")
        assert "30 of 30 rows will be recorded" in unseen.text_of("#start-import")
        alice.post("consent.start_import", data={"runs_seen": "1"}, **where)

    def test_starting_twice_is_refused_kindly(self, alice, northside):
        import_ = checked(northside, rows(FORM))
        where = {"account_id": northside.id, "import_id": import_.id}
        alice.post("consent.start_import", **where)

        reply = alice.post("consent.start_import", status=409, **where)
        assert "moved on" in reply.text

    @pytest.mark.parametrize("query", [{"weight": "heavy"}, {"after": "x"}, {"after": "1"}])
    def test_a_damaged_address_is_refused(self, alice, northside, query):
        import_ = checked(northside, rows(FORM))
        alice.get(
            "consent.show_import",
            status=400,
            query=query,
            account_id=northside.id,
            import_id=import_.id,
        )

    def test_an_import_of_another_account_is_not_there(self, alice, northside, lakeview):
        import_ = checked(lakeview, rows(FORM))
        alice.get("consent.show_import", status=404, account_id=northside.id, import_id=import_.id)


class TestCommand:
    """RULINGS 31."""

    def run(self, app, *args):
        return app.test_cli_runner().invoke(args=["consent", "import", *map(str, args)])

    def test_it_prints_figures_writes_rejects_and_ends_well(self, app, northside, tmp_path):
        file = tmp_path / "consents.csv"
        file.write_bytes(FILE.read_bytes())

        result = self.run(app, file, "--account", northside.id)

        assert result.exit_code == 0, result.output
        assert "imported " in result.output
        assert "not valid " in result.output
        assert (tmp_path / "consents-rejected.csv").exists()

    def test_it_fails_where_no_row_was_kept(self, app, northside, tmp_path):
        file = tmp_path / "bad.csv"
        file.write_bytes(rows({"Phone": "none"}))

        assert self.run(app, file, "--account", "Northside").exit_code == 1

    @pytest.mark.parametrize("account", ["Nowhere", "00000000-0000-4000-8000-000000000000"])
    def test_an_unknown_account_is_named(self, app, tmp_path, account):
        file = tmp_path / "c.csv"
        file.write_bytes(rows(FORM))

        result = self.run(app, file, "--account", account)
        assert result.exit_code == 1
        assert account in result.output

    def test_a_file_without_a_phone_column_says_so(self, app, northside, tmp_path):
        file = tmp_path / "c.csv"
        file.write_text("Color,Shape\nred,round\n")

        result = self.run(app, file, "--account", northside.id)
        assert result.exit_code == 1
        assert "Phone number" in result.output
