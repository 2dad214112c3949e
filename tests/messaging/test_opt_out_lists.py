"""Lists of who opted out in other tools come first, whatever their columns are called (Q-7, K-7)."""

import io
from datetime import UTC, datetime

import openpyxl
import pytest
from sqlalchemy import select

from portal.consent import queries as consent
from portal.consent.models import ConsentRecord
from portal.consent.values import OldOptOuts
from portal.contacts import queries as contacts
from portal.contacts.service import importing
from portal.contacts.values import ConsentSource, ImportState, Weight
from portal.core.audit import SYSTEM, AuditEntry
from portal.core.db import db, unit_of_work
from portal.messaging.errors import TextRefused
from portal.messaging.service.optout_import import OptOutHandler
from portal.messaging.values import State
from tests.factories.consent import start
from tests.factories.contacts import go_on, import_file, many, upload
from tests.factories.messaging import (
    bulk,
    make_campaign,
    make_ready,
    make_recipient,
    one_to_one,
    only_text,
    texts,
)
from workers import messaging as worker

ANN, BEN, CAT = "+13125550171", "+13125550172", "+13125550173"
NOW = "2026-03-02"


def bring(account, content, name="list.csv"):
    return import_file(account, content, name, OptOutHandler())


def is_out(account, e164):
    return consent.standing(account.tenant, e164).is_opted_out


# What other tools export, with who of Ann, Ben and Cat is out.
EXPORTS = {
    "plain numbers": ("(312) 555-0171\n(312) 555-0172\n", {ANN, BEN}),
    "plain with header": ("unsubscribed\n312-555-0171\n", {ANN}),
    "follow-up-boss": (
        ("First Name,Last Name,Stage,Phone 1,Phone 1 - Type,Phone 1 - Status,Tags\n"
         "Ann,Lee,Lead,(312) 555-0171,mobile,Opted Out,x\nBen,Lee,Lead,(312) 555-0172,mobile,Subscribed,y\n"),
        {ANN},
    ),
    "kw-command": (
        ("Legal First Name,Primary Phone,Text Opt Out,Opt Out Date\n"
         "Ann,3125550171,TRUE,02/14/2026\nBen,3125550172,FALSE,\n"),
        {ANN},
    ),
    "mailchimp": (
        ("Phone Number,SMS Status,UNSUB_TIME,UNSUB_REASON\n"
         '+13125550171,unsubscribed,2026-01-05 10:00:00,"(Unspecified)"\n+13125550172,subscribed,,\n'),
        {ANN},
    ),
    "twilio messages": (
        ("From,To,Body,Status,SentDate,ErrorCode\n"
         "+13125550160,+13125550171,Hi,failed,2026-01-05T10:00:00Z,21610\n"
         "+13125550160,+13125550172,Hi,delivered,2026-01-05T10:00:00Z,\n"),
        {ANN},
    ),
    "consent column": ("mobile;sms_opt_in\n3125550171;no\n3125550172;yes\n", {ANN}),
    "no telling header": ("who,where\nAnn,312 555 0171\nBen,312 555 0172\n", {ANN, BEN}),
    "dnc with tabs": ("Name\tCell Phone\tDo Not Text\nAnn\t3125550171\tYes\nBen\t3125550172\tNo\n", {ANN}),
}  # fmt: skip


@pytest.mark.parametrize(("content", "out"), EXPORTS.values(), ids=EXPORTS)
def test_whatever_the_tool_calls_its_columns(northside, content, out):
    done = bring(northside, content)
    assert done.state is ImportState.DONE
    assert {n for n in (ANN, BEN, CAT) if is_out(northside, n)} == out
    assert done.imported == len(out)


def test_a_workbook_is_read_as_its_first_sheet_and_kept(northside):
    book = openpyxl.Workbook()
    for row in (["Phone", "Opted out on"], [13125550171, datetime(2026, 1, 5, 10, 0)], ["x", None]):
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    done = bring(northside, file.getvalue(), "list.xlsx")
    assert (done.imported, done.rejected) == (1, 1)
    record = db.session.scalar(select(ConsentRecord))
    assert record.given_at == datetime(2026, 1, 5, 16, 0, tzinfo=UTC)  # ten in Chicago


class TestOneList:
    def test_each_record_says_where_it_came_from(self, northside):
        import_ = upload(northside, "phone,reason\n3125550171,wrong number\n", "fub.csv", OptOutHandler())  # fmt: skip
        with unit_of_work():
            importing.match_columns(
                northside.tenant, import_.id, OptOutHandler(), import_.mapping,
                consent_source=ConsentSource.RECORDED, consent_note="Follow Up Boss", actor=SYSTEM,
            )  # fmt: skip
        assert go_on(import_, OptOutHandler()).imported == 1
        assert not is_out(northside, ANN)  # a dry run
        with unit_of_work():
            importing.confirm(northside.tenant, import_.id, actor=SYSTEM, in_job=False)
        worker.import_opt_outs(str(import_.id))
        worker.import_opt_outs(str(import_.id))
        [record] = db.session.scalars(select(ConsentRecord))
        assert record.method_details == "Follow Up Boss, fub.csv, line 2, wrong number"
        assert record.import_id == import_.id
        [entry] = db.session.query(AuditEntry).filter_by(event="consent:opt-outs:import")
        assert (entry.payload["records"], entry.payload["opted_out"]) == (1, 1)
        answer = consent.old_opt_outs(northside.tenant)
        assert (answer.answer, answer.note) == (OldOptOuts.IMPORTED, "Follow Up Boss")

    def test_the_same_file_twice_keeps_each_once(self, northside):
        bring(northside, "phone\n3125550171\n3125550171\n")
        again = bring(northside, "phone\n3125550171\n")
        assert (again.imported, again.merged) == (0, 1)
        assert len(db.session.scalars(select(ConsentRecord)).all()) == 1

    def test_bad_rows_are_left_out_with_their_reason(self, northside):
        done = bring(
            northside, "phone,status\nnobody,unsubscribed\n3125550171,active\n3125550172,stop\n"
        )
        assert (done.imported, done.rejected) == (1, 2)
        reasons = [f.reason for f in contacts.findings(done, Weight.REJECTED, (0, -1), 10)]
        assert "kept by its number" in reasons[0]
        assert "may be texted" in reasons[1]

    def test_a_person_s_own_later_start_stands(self, northside, clock):
        start(northside, ANN, at=clock.now)
        bring(northside, "phone,opted out on\n3125550171,2026-01-05\n")
        assert not is_out(northside, ANN)

    def test_texts_that_wait_are_stopped(self, northside):
        make_ready(northside)
        make_campaign(northside, [make_recipient(northside, number=ANN)])
        bring(northside, "phone\n3125550171\n")
        assert only_text(northside).state is State.BLOCKED

    def test_deleting_and_importing_a_contact_brings_no_number_back(self, northside):
        bring(northside, "phone\n3125550171\n")
        import_file(northside, "Name,Phone\nAnn Lee,(312) 555-0171\n")
        assert is_out(northside, ANN)


class TestTheGate:
    def test_bulk_texts_to_imported_people_wait_for_the_old_list(self, northside):
        make_ready(northside)
        import_file(northside, many(2))
        recipient = make_recipient(northside, number=ANN)
        with pytest.raises(TextRefused, match="not who opted out in your old tool"):
            make_campaign(northside, [recipient])
        make_campaign(northside, [recipient], one_to_one())
        bring(northside, "phone\n3125550199\n")
        make_campaign(northside, [recipient], bulk("Open house at 3."))
        assert [t.state for t in texts(northside)] == [State.QUEUED, State.QUEUED]

    def test_who_typed_people_in_is_not_asked(self, northside):
        make_ready(northside)
        make_campaign(northside, [make_recipient(northside, number=ANN)])
        assert only_text(northside).state is State.QUEUED

    def test_a_lead_says_there_is_none_and_it_is_logged(self, alice, bob, northside):
        where = {"account_id": northside.id}
        bob.post("messaging.no_old_opt_outs", 403, {"note": "none at all"}, **where)
        assert (
            "few words"
            in alice.post("messaging.no_old_opt_outs", 422, {"note": "none"}, **where).text
        )
        assert consent.old_opt_outs(northside.tenant) is None
        alice.post("messaging.no_old_opt_outs", 303, {"note": "We texted nobody before"}, **where)
        alice.post("messaging.no_old_opt_outs", 303, {"note": "We texted nobody before"}, **where)
        assert consent.old_opt_outs(northside.tenant).said_by == "Alice Moreno"
        assert (
            db.session.query(AuditEntry).filter_by(event="consent:old-opt-outs:answer").count() == 1
        )
        assert "We texted nobody before" in alice.get("messaging.opt_out_imports", **where).text


def test_from_the_file_to_the_result(alice, northside):
    where = {"account_id": northside.id}
    assert "Choose the file" in alice.post("messaging.upload_opt_outs", 422, {}, **where).text
    data = "Customer,Cell,Status\nAnn,(312) 555-0171,STOP\nBen,(312) 555-0172,active\n"
    answer = alice.post(
        "messaging.upload_opt_outs", 303, {"file": (io.BytesIO(data.encode()), "old.csv")}, **where
    )
    here = where | {"import_id": answer.headers["Location"].rpartition("/")[2]}
    assert "Match columns" in alice.get("messaging.opt_out_import", **here).text
    columns = ["name", "", "status"]
    shown = alice.post("messaging.match_opt_outs", 422, {"columns": columns}, **here)
    assert "Phone number" in shown.text
    columns[1] = "phone"
    alice.post("messaging.match_opt_outs", 303, {"columns": columns, "tool": "Old CRM"}, **here)
    assert "Opt out 1 number" in alice.get("messaging.opt_out_import", **here).text
    alice.post("messaging.start_opt_outs", 303, **here)
    worker.import_opt_outs(str(here["import_id"]))
    assert "Show the opt-outs" in alice.get("messaging.opt_out_import", **here).text
    assert is_out(northside, ANN)
    rejects = alice.client.get(alice.url("messaging.opt_out_rejects", **here), buffered=True)
    assert b"(312) 555-0172" in rejects.data
