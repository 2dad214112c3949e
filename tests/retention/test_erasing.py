"""Forgetting a person without breaking what proves (C-10, PROMISES 4 row 14, S14)."""

import io
from contextlib import closing

import pytest
from sqlalchemy import text

from portal.consent import queries as consent_queries
from portal.consent.models import ConsentRecord
from portal.consent.service import evidence
from portal.contacts import queries as contacts
from portal.contacts.models import Contact, Import
from portal.contacts.service import book, reading
from portal.core import audit, checkpoints
from portal.core.audit import SYSTEM, Actor
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.core.erasing import ERASED
from portal.doctor import queries as doctor
from portal.doctor.values import Scope
from portal.messaging.errors import TextRefused
from portal.messaging.models import Message
from portal.messaging.service import inbound
from portal.messaging.service.incoming import Incoming
from portal.messaging.values import Recipient
from portal.optin import queries as optin_queries
from portal.optin.models import Capture
from portal.proofs import queries as proof_queries
from portal.proofs.queries.stories import places
from portal.proofs.service import bundling
from portal.retention import queries
from portal.retention.errors import Held, SamePerson
from portal.retention.service import erasing, holds
from portal.retention.values import ErasureState
from tests import cast
from tests.consent.test_import import checked, confirmed
from tests.consent.test_import_zip import received, zipped
from tests.core.test_offline import sign
from tests.factories import proofs
from tests.factories.consent import CAROL, DAVE, spoken, written
from tests.factories.contacts import import_file
from tests.factories.files import pdf
from tests.factories.integrations import Program, make_key, read
from tests.factories.mail import kept, make_mail
from tests.factories.messaging import make_campaign, make_ready, make_recipient, one_to_one
from tests.factories.optin import fill_in, make_published
from workers import retention as jobs
from workers.proofs import make_bundle

VERA = Actor(cast.VERA, "Vera Osei", "203.0.113.9")
ALICE = Actor(cast.ALICE, "Alice Moreno", "203.0.113.8")
NAMES = ("Carol", "carol@home.example", "12 Alder Ct", "198.51.100.77", "Open house on Saturday")


@pytest.fixture
def known(northside, juniper):
    """Carol, as well known as one can be: contact, file, consent with a scan, texts both ways."""
    sender = make_ready(northside)
    import_ = import_file(
        northside,
        "First name,Last name,E-mail,Mobile\nCarol,Diaz,carol@home.example,3125550142\n",
    )
    scan = evidence.store(io.BytesIO(pdf()), "carol.pdf")
    written(
        northside,
        name="Carol Diaz",
        email="carol@home.example",
        postal_address="12 Alder Ct",
        ip_address="198.51.100.77",
        evidence=scan,
        given_at=utcnow(),
    )
    contact = db.session.scalars(
        db.select(Contact.id).where(Contact.email == "carol@home.example")
    ).one()
    person = contacts.get_or_404(northside.tenant, contact)
    campaign = make_campaign(northside, [Recipient(person, person.preferred)], one_to_one())
    with unit_of_work():
        inbound.receive(
            Incoming(
                northside.organization_id, "SM" + "1" * 32, CAROL, sender.e164,
                "Carol here, 12 Alder Ct", 1, (), None, {"From": CAROL},
            )
        )  # fmt: skip
    return {"import": import_, "scan": scan, "campaign": campaign, "contact": contact}


def end_texts():
    """Have what is under way end: what is told of it is not of interest here."""
    with unit_of_work():
        db.session.execute(
            db.update(Message).values(state="canceled").execution_options(synchronize_session=False)
        )


def report(organization, number=CAROL):
    with unit_of_work():
        return erasing.report(
            organization.id, number, reason="asked by letter", evidence="folder 12", actor=VERA
        )


def erase(organization, number=CAROL):
    id_ = report(organization, number)
    with unit_of_work():
        counts = erasing.erase(organization.id, id_, actor=VERA)
    return id_, counts


def everything_said():
    """Return all text in the database, whatever the table."""
    return "\n".join(
        f"{table.name}: {tuple(row)}"
        for table in db.metadata.sorted_tables
        for row in db.session.execute(table.select())
    )


def test_a_report_counts_and_changes_nothing(juniper, known):
    end_texts()
    before = everything_said()
    id_ = report(juniper)

    found = queries.erasure_or_404(juniper.id, id_)
    assert found.state is ErasureState.REPORTED
    assert found.report["contacts"] == 1
    assert found.report["consent_records"] == 1
    assert found.report["texts_sent"] == 1
    assert found.report["uploads"] == 1
    assert set(before.splitlines()) - set(everything_said().splitlines()) <= {
        line for line in before.splitlines() if line.startswith("audit_heads")
    }


def test_nothing_of_a_person_is_left_and_every_hash_holds(juniper, northside, known):
    """C-10: names, e-mail, addresses, IP, bodies and files go; the log and the record stay whole."""
    end_texts()
    sign(juniper.id)
    before = everything_said()
    assert all(name in before for name in NAMES)
    record = db.session.scalars(db.select(ConsentRecord)).one()
    was = (record.sha256, record.disclosure_text, record.given_at, record.checkbox)

    found = doctor.examine(Scope(juniper.id, northside.id), utcnow())  # of texts ended by hand

    _, counts = erase(juniper)

    after = everything_said()
    assert [name for name in NAMES if name in after] == []
    db.session.refresh(record)
    assert (record.sha256, record.disclosure_text, record.given_at, record.checkbox) == was
    assert record.redacted_at
    assert not evidence.path_of(known["scan"].name).exists()
    assert not reading.path_of(known["import"].stored_name).exists()
    assert db.session.get(Import, known["import"].id).stored_name == ""
    assert counts["audit_entries"] >= 1
    sign(juniper.id)
    assert checkpoints.verify(juniper.id).fault is None
    assert doctor.examine(Scope(juniper.id, northside.id), utcnow()) == found
    assert db.session.query(Message).filter(Message.body == ERASED).count() == 1


def test_a_notice_about_somebody_whose_contact_was_deleted_goes(juniper, northside, known):
    """C-10: it names them and quotes their text, and leads to a contact that is no more."""
    person = contacts.get_or_404(northside.tenant, known["contact"])
    with unit_of_work():
        book.remove(northside.tenant, [person.id])
    assert "Carol Diaz replied" in everything_said()
    _, counts = erase(juniper)
    assert counts["notices"] == 1
    assert "Carol Diaz replied" not in everything_said()


def test_a_mail_to_a_person_or_about_them_goes(juniper, known):
    make_mail("to", to="carol@home.example", organization_id=juniper.id)
    make_mail("about", context={"url": f"/contacts?q={CAROL}"}, organization_id=juniper.id)
    make_mail("other", organization_id=juniper.id)
    make_mail("theirs", to="carol@home.example", organization_id=cast.LAKEVIEW_HOMES)
    _, counts = erase(juniper)
    assert counts["mails"] == 2
    assert {each.mail.to for each in kept()} == {"ana@example.com", "carol@home.example"}


def test_the_page_of_a_form_outlives_who_signed_up_on_it(juniper, northside, anyone, clock):
    """C-4, C-10: the page is about nobody, and who signs up next has it as evidence."""
    form = make_published(northside)
    fill_in(anyone, clock, f"/f/{form.slug}")
    version = optin_queries.served(form.slug)
    assert db.session.scalar(db.select(Capture.visitor))
    _, counts = erase(juniper)

    assert counts["visits"] == 1
    assert db.session.execute(db.select(Capture.page_url, Capture.visitor)).one() == ("", "")
    record = db.session.scalars(db.select(ConsentRecord)).one()
    assert record.redacted_at
    assert evidence.path_of(version.page_name).is_file()


def test_the_archive_of_old_evidence_goes_with_its_table(juniper, northside):
    """C-10: a ZIP of scans is an uploaded file, too."""
    row = "Carol Reyes,(312) 555-0142,2026-03-02 09:15:00 -0600,paper,a.pdf\n"
    before = set(reading.path_of("").glob("*"))
    table = f"Name,Phone,Date,Method,Evidence file\n{row}"
    import_ = checked(northside, zipped(table, [("a.pdf", pdf())]), received=received)
    confirmed(northside, import_)
    assert len(set(reading.path_of("").glob("*")) - before) == 2
    erase(juniper)
    assert set(reading.path_of("").glob("*")) <= before


def test_a_bundle_goes_with_anybody_who_is_in_it(juniper, northside, clock):
    """C-10: a ZIP holds certificate, list and scan; it goes whole, ready or under way."""
    written(northside, name="Carol Diaz")
    ready, other = proofs.bundle(northside), proofs.bundle(northside, DAVE)
    under_way = proofs.ask(northside, CAROL)
    run = bundling.start_run(under_way)
    with closing(run):
        [batch] = run.batches()
        with unit_of_work():
            run.certify(batch)
        run.make(batch)
        _, counts = erase(juniper)
        with unit_of_work():
            run.note(batch)
    make_bundle(str(under_way))

    assert counts["bundles"] == 2
    for id_ in (ready.id, under_way):
        bundle = proof_queries.bundle_or_404(northside.tenant, id_)
        assert bundle.is_gone
        assert not bundling.file_of(bundle).exists()
        assert not bundling.file_of(bundle).with_suffix("").exists()
    assert bundling.open_bundle(other).is_file()


def test_an_answer_kept_for_a_program_forgets_who_is_in_it(app, juniper, northside):
    """The same request within a week still told name, e-mail and number; now it brings nobody back."""
    program = Program(app, make_key(northside)[1])
    asked = {"first_name": "Carol", "email": "carol@home.example", "consent_source": "none_yet"}
    asked["numbers"] = [{"number": CAROL}]
    other = asked | {"first_name": "Dave", "email": "", "numbers": [{"number": DAVE}]}
    assert program.post("/contacts", asked, key="lead-1").status_code == 201
    assert program.post("/contacts", other, key="lead-2").status_code == 201
    _, counts = erase(juniper)
    assert counts["answers"] == 1
    again = program.post("/contacts", asked, key="lead-1")
    assert (again.status_code, read(again)["code"]) == (409, "answer_erased")
    assert read(program.post("/contacts", other, key="lead-2"))["first_name"] == "Dave"
    assert "carol@home.example" not in everything_said()


def test_the_record_page_says_what_was_erased(juniper, northside, known, alice):
    end_texts()
    erase(juniper)
    record = db.session.scalars(db.select(ConsentRecord)).one()
    reply = alice.get("proofs.record", account_id=northside.id, record_id=record.id)
    assert "Personal data was erased" in reply.text
    assert "was changed after it was recorded" not in reply.text
    found = consent_queries.record_or_404(northside.tenant, record.id)
    assert places(northside.tenant, [found])[found.id].is_intact
    with unit_of_work():
        db.session.execute(db.update(ConsentRecord).values(name="Somebody Else"))
    found = consent_queries.record_or_404(northside.tenant, record.id)
    assert not places(northside.tenant, [found])[found.id].is_intact


def test_an_erased_number_that_is_imported_again_is_still_suppressed(juniper, northside, known):
    """S14: erase, then import the same phone again."""
    end_texts()
    erase(juniper)
    import_file(northside, "First name,Mobile\nCarol,(312) 555-0142\n", name="again.csv")

    assert consent_queries.standing(northside.tenant, CAROL, utcnow()).dnc_at is not None
    [person] = contacts.by_numbers(northside.tenant, [CAROL]).values()
    with pytest.raises(TextRefused, match="do-not-contact"):
        make_campaign(northside, [Recipient(person, person.preferred)], one_to_one("Hello again"))


def test_erasing_twice_and_asking_twice_is_harmless(juniper, known):
    end_texts()
    second = report(juniper)
    first, _ = erase(juniper)
    with unit_of_work():
        erasing.erase(juniper.id, first, actor=VERA)
        erasing.erase(juniper.id, second, actor=VERA)
    states = {row.state for row in queries.erasures(juniper.id)}
    assert states == {ErasureState.DONE}
    assert len(erasing.list_file().read_text().splitlines()) == 1
    assert CAROL not in erasing.list_file().read_text()


def test_words_of_a_text_under_way_go_once_it_has_ended(juniper, known):
    erase(juniper)
    assert db.session.query(Message).filter(Message.body == ERASED).count() == 0
    end_texts()
    assert jobs.repeat_erasures() == 2  # the text, and the send it was all of
    assert db.session.query(Message).filter(Message.body == ERASED).count() == 1
    assert jobs.repeat_erasures() == 0


def test_others_are_left_alone(juniper, northside, known):
    make_recipient(northside, number=DAVE, first_name="Dave", email="dave@home.example")
    end_texts()
    erase(juniper)
    after = everything_said()
    assert "dave@home.example" in after
    assert db.session.scalar(db.select(ConsentRecord.name).where(ConsentRecord.e164 == DAVE))


def test_a_restored_backup_is_erased_again(juniper, northside, known):
    """S14: the list beside the database outlives the restore."""
    end_texts()
    erase(juniper)
    from portal.retention.models import Erasure

    with unit_of_work():  # what an older copy would hold
        db.session.execute(db.delete(Erasure))
        db.session.execute(
            db.update(ConsentRecord).values(redacted_at=None, name="Carol Diaz", email="x@y.zz")
        )
    assert jobs.repeat_erasures() == 1
    assert "Carol" not in everything_said()
    assert [row.state for row in queries.erasures(juniper.id)] == [ErasureState.DONE]
    assert jobs.repeat_erasures() == 0


class TestHolds:
    def hold(self, organization, number=""):
        with unit_of_work():
            return holds.set_hold(organization.id, number, reason="letter of counsel", actor=VERA)

    @pytest.mark.parametrize("number", [CAROL, ""])
    def test_a_hold_stops_erasure_until_two_persons_release_it(self, juniper, known, number):
        end_texts()
        hold_id = self.hold(juniper, number)
        id_ = report(juniper)
        with pytest.raises(Held), unit_of_work():
            erasing.erase(juniper.id, id_, actor=VERA)
        assert "carol@home.example" in everything_said()

        with pytest.raises(Held), unit_of_work():
            holds.release(juniper.id, hold_id, actor=ALICE)
        with unit_of_work():
            holds.ask_release(juniper.id, hold_id, reason="settled", actor=VERA)
        with pytest.raises(SamePerson), unit_of_work():
            holds.release(juniper.id, hold_id, actor=VERA)
        with pytest.raises(SamePerson), unit_of_work():
            holds.release(juniper.id, hold_id, actor=SYSTEM)
        with pytest.raises(Held), unit_of_work():
            erasing.erase(juniper.id, id_, actor=VERA)
        with unit_of_work():
            holds.release(juniper.id, hold_id, actor=ALICE)
        with unit_of_work():
            erasing.erase(juniper.id, id_, actor=VERA)
        assert "carol@home.example" not in everything_said()

    def test_a_hold_on_somebody_else_stops_nothing(self, juniper, known):
        end_texts()
        self.hold(juniper, DAVE)
        erase(juniper)


def test_redaction_passes_the_triggers_of_the_database(juniper, northside, known):
    """The guards of the migration let an erasure through, and nothing else (threat 13)."""
    import importlib.util

    from tests.core.test_migrations import ROOT

    path = ROOT / "migrations/versions/0010_sign_the_audit_log.py"
    spec = importlib.util.spec_from_file_location("guards", path)
    migration = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(migration)
    dialect = db.engine.dialect.name
    end_texts()
    with unit_of_work():
        for statement in migration.guards(dialect):
            db.session.execute(text(statement))
    try:
        for change in ("name = 'X'", "sha256 = 'x'", "disclosure_text = ''"):
            with pytest.raises(Exception, match="consent_records are never changed"):
                with unit_of_work():
                    db.session.execute(text(f"UPDATE consent_records SET {change}"))
        with pytest.raises(Exception, match="consent_records are never deleted"):
            with unit_of_work():
                db.session.execute(text("DELETE FROM consent_records"))
        erase(juniper)
        spoken(northside, DAVE)
        assert audit.verify(juniper.id)[1] is None
    finally:
        db.session.rollback()
        with unit_of_work():
            for statement in migration.lifted(dialect):
                db.session.execute(text(statement))
