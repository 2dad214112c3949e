"""No file made for a person holds a cell that a spreadsheet runs, whoever wrote it (S5; PROMISES 4, row 4).

Every free text of the database, and every bad row of an upload, begins with a sign that a
spreadsheet runs. Then each file is fetched as its reader would.
"""

import contextvars
import csv
import inspect
import io
import re
import zipfile
from itertools import count
from pathlib import Path
from uuid import uuid4
from xml.etree import ElementTree as ET

import pytest
from sqlalchemy import select, update

from portal.appeals import queries as appeals
from portal.appeals.service import parts, submitting
from portal.consent.service.importing_consents import ConsentHandler
from portal.core import workbook
from portal.core.audit import SYSTEM, Actor
from portal.core.clock import utcnow
from portal.core.db import Base, db, unit_of_work
from portal.dossiers.values import Wanted
from portal.exports import service as exports
from portal.exports.values import FileKind, Subject
from portal.exports.values import Wanted as WantedFile
from portal.mail.models import OutgoingFile
from portal.messaging.service.optout_import import OptOutHandler
from portal.people import queries as people
from portal.people.models import User
from portal.reports.values import ReportName
from portal.schedules import service as schedules
from portal.schedules.models import ReportSchedule
from portal.schedules.values import Rhythm
from tests import cast
from tests.factories import dnc, dossiers, proofs
from tests.factories.contacts import check, upload
from tests.house.furnishing import furnish
from tests.house.payloads import is_free
from tests.house.readers import SKIPPED
from tests.house.test_secrets import work
from workers.dossiers import make_dossier

pytestmark = pytest.mark.pages

PORTAL = Path(workbook.__file__).parents[1]
SIGNS = ("=", "+", "-", "@", "\t=", "\r=", "＝", "＋", "－", "＠", "   =")
MARK = "hyper(1)"
# What a spreadsheet would run, in words of this test's own; a number by itself is a number.
RUNS = re.compile(r"[\s\0]*[=+\-@＝＋－＠]|[\t\r\0]")
NUMBER = re.compile(r"-?\d+(\.\d+)?")
BY_MAIL = "a report by mail"
# Every module that writes a table, and the files somebody gets of it.
WRITERS = {
    "appeals/service/proof_gathering.py": {
        "appeals.numbers_csv", "appeals.file", "appeals.shared_file",
    },
    "billing/views/downloads.py": {
        "billing.export_statement", "billing.statement_workbook", "billing.export_invoices",
        "billing.invoice_workbook", "billing.admin_export_invoices", "billing.admin_invoice_workbook",
    },
    "contacts/service/exporting.py": {
        "contacts.export", "contacts.rejects", "consent.import_rejects", "messaging.opt_out_rejects",
    },
    "dnc/views/lists.py": {"dnc.list_rejects"},
    "dossiers/service/pieces.py": {"dossiers.download"},
    "exports/service.py": {"billing.download_statement_file", "messaging.download_text_file"},
    "proofs/service/packing.py": {"proofs.bundle_zip", "proofs.shared_bundle"},
    "reports/rules/files.py": {"reports.file", "reports.health_file", BY_MAIL},
    "retention/views/blueprint.py": {"retention.erasure_report", "retention.sweep_report"},
}  # fmt: skip
NOT_HANDED_OUT = {"contacts/service/sheets.py"}  # the sheet of an upload, for the portal to read
NO_WORDS = {"retention.erasure_report", "retention.sweep_report"}  # counts alone
POSTED = {"contacts.export", "retention.question"}  # the latter has digits and dates alone
KINDS = {"text/csv": ".csv", workbook.MIMETYPE: ".xlsx", "application/zip": ".zip"}
# Written by people, though no page shows it but in a shape of its own.
ALSO = {"zip", "email", "reference", "subject", "word"}
# What the database keeps as it is or others prove, and where files lie. The product itself writes
# hostile words into the audit log, in the name of who acts.
STAYS = {"optin_form_versions", "audit_checkpoints", "audit_entries"}
PLACES = {"stored_as", "path"}


def plant():
    """Begin every free text of the database with a sign that a spreadsheet runs."""
    places = count()
    is_sqlite = db.engine.dialect.name == "sqlite"  # PostgreSQL keeps no NUL
    signs = (*SIGNS, "\0=") if is_sqlite else SIGNS
    for table in Base.metadata.sorted_tables:
        if table.name in STAYS:
            continue
        keys = list(table.primary_key.columns)
        free = [c for c in table.c if is_free(c, ALSO) and c not in keys and c.name not in PLACES]
        for row in db.session.execute(select(table)).mappings().all() if free else ():
            new = {
                c.name: f"{signs[next(places) % len(signs)]}{MARK}{row[c.name]}"[: c.type.length]
                for c in free
                if row[c.name]
            }
            if new:
                where = [key == row[key.name] for key in keys]
                db.session.execute(update(table).where(*where).values(new))


def upload_bad_rows(account):
    """Upload files whose bad rows begin with each sign; return their ids."""
    lines = [f'"{sign}{MARK}","no number"' for sign in SIGNS]
    text = "\n".join((f'"={MARK}",Phone', *lines))
    of_consents, of_opt_outs = ConsentHandler(), OptOutHandler()
    listed = "\n".join(f"{sign}{MARK}" for sign in SIGNS)
    return {
        "contacts.import_id": check(account, upload(account, text)).id,
        "consent.import_id": check(
            account, upload(account, text, handler=of_consents), of_consents
        ).id,
        "messaging.import_id": check(
            account, upload(account, text, handler=of_opt_outs), of_opt_outs
        ).id,
        "dnc.import_id": dnc.check_list(account, listed).id,
    }


def ask_for_files(account, kind):
    """Ask for the files of each subject that a worker makes; return their ids."""
    today, ids = utcnow().date(), {}
    for subject, slice_ in ((Subject.TEXTS, "messaging"), (Subject.STATEMENT, "billing")):
        wanted = WantedFile(subject, kind, today, today, account.timezone)
        with unit_of_work():
            ids[f"{slice_}.export_id"] = exports.ask(
                account, wanted, 9, nonce=uuid4().hex, actor=SYSTEM
            )
    return ids


def mailed_report(account, kind):
    """Return the file that goes with a report by mail."""
    organization = people.organization(account.organization_id)
    owner = people.person(cast.ALICE, organization.id)
    with unit_of_work():  # a mail goes to no address that is none
        db.session.get_one(User, cast.ALICE).email = f"={kind}@juniper.example"
        schedules.make(
            organization, account.id, owner, report=ReportName.DAYS, rhythm=Rhythm.WEEKLY,
            file_kind=kind, reader_ids=[cast.ALICE],
        )  # fmt: skip
    made = (ReportSchedule.account_id == account.id, ReportSchedule.file_kind == kind)
    schedule = db.session.scalars(select(ReportSchedule).where(*made)).one()
    with unit_of_work():
        assert schedules.send(schedule.id, schedule.next_at) == 1
    with_it = OutgoingFile.name.endswith(f".{kind}")
    return db.session.scalars(select(OutgoingFile).where(with_it)).one()


@pytest.fixture
def planted(own, northside, redis):
    """One of everything with hostile words in it, made into files after they were written."""
    own = furnish(own, northside)
    own.ids.update(upload_bad_rows(northside))
    case = appeals.case_or_404(northside.tenant, own.ids["case_id"])
    with unit_of_work():  # the log can't be changed behind the product, so its words come first
        for said in (f"{sign}{MARK}" for sign in SIGNS):
            parts.name_numbers(case, 6, ["+13125550171"], actor=Actor(None, said, said))
    with unit_of_work():
        plant()
    case = appeals.case_or_404(northside.tenant, case.id)
    packed = submitting.pack(case, actor=SYSTEM)
    with unit_of_work():
        _, sent = submitting.freeze(case, packed, actor=SYSTEM)
    own.ids["appeals.attachment_id"] = sent.id
    make_dossier(str(own.ids["dossier_id"]))  # ends before those words; one is made at a time
    own.ids["dossier_id"] = dossiers.dossier(northside, Wanted(f"={MARK}", f"={MARK}")).id
    own.ids["bundle_id"] = proofs.bundle(northside, f"={MARK}\n+13125550171").id
    return own


class Taken:
    """The files that were handed out: which, and what is wrong with them."""

    def __init__(self):
        self.files, self.with_words, self.complaints = set(), set(), []
        self.marked = set()  # the tables in them that hold the words planted here

    def take(self, endpoint, answer):
        """Look at an answer, if it is a file of tables."""
        suffix = KINDS.get(answer.mimetype)
        if answer.status_code == 200 and suffix is not None:
            self.look(endpoint, answer.data, suffix)

    def look(self, endpoint, content, suffix):
        """Look at every table in a file."""
        for name, cells, running in tables_in(content, suffix):
            self.files.add((endpoint, suffix))
            # A number with its + in front, and all that people wrote.
            if any(MARK in cell or RUNS.match(cell.removeprefix("'")) for cell in cells):
                self.with_words.add((endpoint, suffix))
            if any(MARK in cell for cell in cells):
                self.marked.add((endpoint, name))
            self.complaints += [f"{endpoint}: {name}: {cell!r}" for cell in running]


def tables_in(data, name):
    """Yield the name of each table in a file, its cells, and those that run."""
    if name.endswith(".csv"):
        lines = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        cells = [cell for line in lines for cell in line]
        yield name, cells, [c for c in cells if RUNS.match(c) and not NUMBER.fullmatch(c)]
    elif name.endswith(".xlsx"):
        with zipfile.ZipFile(io.BytesIO(data)) as sheets:
            root = ET.fromstring(sheets.read("xl/worksheets/sheet1.xml"))
        cells = list(root.iterfind(".//{*}c"))
        yield (
            name,
            ["".join(cell.itertext()) for cell in cells],
            list(filter(None, map(odd, cells))),
        )
    elif name.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(data)) as files:
            for inner in files.namelist():
                yield from tables_in(files.read(inner), inner)


def odd(cell):
    """Return what a cell of a sheet says, if it is neither text by its type nor a number."""
    said, kind = "".join(cell.itertext()), cell.get("t")
    is_number = kind is None and (not said or NUMBER.fullmatch(said))
    return None if cell.find("{*}f") is None and (kind == "inlineStr" or is_number) else said


def fetch(person, method, url, **sent):
    db.session.rollback()
    return contextvars.Context().run(
        lambda: person.client.open(url, method=method, buffered=True, **sent)
    )


def test_no_cell_of_any_file_is_a_formula(planted, northside, alice, vera, pat, redis):
    """S5: 0 formula cells in every table that the portal hands out, as CSV, as a sheet, in a ZIP."""
    taken, readers = Taken(), (alice, vera, pat)
    rules = [r for r in alice.app.url_map.iter_rules() if r.endpoint not in SKIPPED]
    for kind in FileKind:
        planted.ids.update(ask_for_files(northside, kind) | {"reports.kind": kind.value})
        file = mailed_report(northside, kind)
        taken.look(BY_MAIL, file.content, KINDS[file.media_type])
        work(redis)
        for person in readers:
            for rule in (r for r in rules if "GET" in r.methods):
                for name in ReportName if rule.endpoint == "reports.file" else ("days",):
                    planted.ids["reports.name"] = name
                    url = person.url(rule.endpoint, **planted.for_rule(rule))
                    taken.take(rule.endpoint, fetch(person, "GET", url))
    everybody = alice.url("contacts.export", account_id=northside.id)
    taken.take("contacts.export", fetch(alice, "POST", everybody, data={"all_matching": "1"}))
    assert taken.complaints == []
    endpoints = {endpoint for endpoint, _ in taken.files}
    assert endpoints == set().union(*WRITERS.values())
    assert taken.files - taken.with_words == {(e, ".csv") for e in NO_WORDS}
    assert taken.marked >= {
        ("dossiers.download", "audit/entries.csv"),
        ("appeals.file", "numbers.csv"),
    }
    assert {e for e, suffix in taken.files if suffix == ".xlsx"} >= {
        *WRITERS["exports/service.py"], *WRITERS["reports/rules/files.py"],
    }  # fmt: skip


def test_every_writer_of_tables_is_known_to_this_test(app):
    """S5: a new one, or a form that answers with a table, is to be fetched above, too."""
    writes = re.compile(r"\bcsv\.writer\(|csv import .*writer|\bworkbook\.write\(|DictWriter")
    found = {
        path.relative_to(PORTAL).as_posix()
        for path in PORTAL.rglob("*.py")
        if writes.search(path.read_text())
    }
    assert found == WRITERS.keys() | NOT_HANDED_OUT
    answers = re.compile(r"text/csv|csv_file\(|as_csv\(|as_workbook\(")
    posted = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "POST" in rule.methods
        and answers.search(inspect.getsource(inspect.unwrap(app.view_functions[rule.endpoint])))
    }
    assert posted == POSTED
