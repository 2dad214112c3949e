"""Invoices whole: written once, listed, printed, paid, exported (B-12)."""

import csv
import io
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier
from uuid import uuid4

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from portal.billing import queries
from portal.billing import service as billing
from portal.billing.errors import InvoiceClosed, InvoiceNotFound
from portal.billing.rules import months_down
from portal.billing.service import printing
from portal.billing.values import InvoiceState, Issuer, Payer
from portal.core import audit
from portal.core.audit import SYSTEM
from portal.core.db import db, unit_of_work
from portal.mail.models import OutgoingFile, OutgoingMail
from tests import cast
from tests.factories.billing import make_plan, make_subscription
from tests.house.payloads import PAYLOADS
from workers.invoices import mail_invoices

HERE = date(2026, 3, 2)


def invoice_of(account):
    db.session.commit()
    return queries.invoices(account.tenant)[0]


@pytest.fixture
def billed(app, northside):
    """Northside with one invoice of 15.48 dollars."""
    make_subscription(northside, make_plan(price_cents=1_600))
    return northside


def pay(invoice, **more):
    with unit_of_work():
        billing.mark_paid(
            invoice.id, **{"paid_on": HERE, "reference": "check 7", "actor": SYSTEM, **more}
        )


class TestWriting:
    def test_bears_who_sells_and_who_pays_as_they_were_that_day(self, northside, clock):
        """B-12: a later edit changes no invoice that was written."""
        with unit_of_work():
            billing.set_issuer(
                Issuer(
                    "Texting Ltd", "1 Main St\n\nChicago", "US-1", "pay@t.example", "Bank 7", 14
                ),
                actor=SYSTEM,
            )
            billing.set_payer(
                cast.JUNIPER, Payer("Juniper Inc", "2 Oak Ave", "IL-9", "PO 44"), actor=SYSTEM
            )
        make_subscription(northside, make_plan(price_cents=1_600))
        with unit_of_work():
            billing.set_issuer(Issuer("Somebody else"), actor=SYSTEM)
            billing.set_payer(cast.JUNIPER, Payer("Nobody"), actor=SYSTEM)
        found = invoice_of(northside)
        assert (found.seller_name, found.seller_lines, found.pay_to) == (
            "Texting Ltd",
            ("1 Main St", "Chicago", "pay@t.example", "Tax number US-1"),
            ("Bank 7",),
        )
        assert (found.buyer_name, found.buyer_lines) == (
            "Juniper Inc",
            ("2 Oak Ave", "Tax number IL-9", "Your order number PO 44"),
        )
        assert (found.issued_on, found.due_on) == (HERE, date(2026, 3, 16))
        assert (found.state, found.account_name) == (InvoiceState.OPEN, "Northside")

    def test_of_nothing_is_paid_at_once(self, northside):
        make_subscription(northside, make_plan(price_cents=0))
        found = invoice_of(northside)
        assert (found.state, found.paid_on, found.amount_cents) == (InvoiceState.PAID, HERE, 0)

    def test_numbers_have_no_gap_when_many_buy_at_once_and_some_fail(self, app, northside):
        """B-12: numbers are taken in the buyer's transaction, so that a failed one takes none."""
        plan = make_plan()
        accounts = [northside, cast.account(cast.BOBS)]
        start = Barrier(4)

        def buy(turn):
            with app.app_context():
                start.wait()
                try:
                    with unit_of_work():
                        billing.subscribe(
                            accounts[turn % 2], plan.id, actor=SYSTEM, request_key=uuid4().hex
                        )
                        if turn >= 2:
                            raise InterruptedError
                except Exception:
                    return
                finally:
                    db.session.remove()

        with ThreadPoolExecutor(4) as crowd:
            list(crowd.map(buy, range(4)))
        db.session.commit()
        for account in accounts:
            if not queries.has_active_subscription(account.id):
                make_subscription(account, plan)
        db.session.commit()
        numbers = [n for a in accounts for n in (i.number for i in queries.invoices(a.tenant))]
        assert sorted(numbers) == [1, 2]


class TestClosing:
    def test_notes_who_when_and_which_reference_once(self, billed):
        """B-12: paid is for good, and in the audit log."""
        found = invoice_of(billed)
        pay(found)
        now = invoice_of(billed)
        assert (now.state, now.paid_on, now.closing_note) == (InvoiceState.PAID, HERE, "check 7")
        assert now.closed_by == SYSTEM.label
        with pytest.raises(InvoiceClosed, match="INV-00001 is paid already"):
            pay(found)
        with pytest.raises(InvoiceClosed, match="INV-00001 is paid already"), unit_of_work():
            billing.void(found.id, reason="x", actor=SYSTEM)
        [entry] = [e for e in audit.entries(cast.JUNIPER) if e.event == "billing:invoice:pay"]
        assert '"amount_cents":1548' in entry.payload

    def test_void_keeps_the_credits_and_the_number(self, billed):
        with unit_of_work():
            billing.void(invoice_of(billed).id, reason="Courtesy", actor=SYSTEM)
        assert (invoice_of(billed).state, invoice_of(billed).number) == (InvoiceState.VOID, 1)
        assert queries.balance(billed.id).available == 500

    def test_of_an_unknown_invoice_is_not_found(self, app):
        with pytest.raises(InvoiceNotFound), unit_of_work():
            billing.void(uuid4(), reason="x", actor=SYSTEM)


class TestPdf:
    def test_is_the_same_for_the_same_invoice_and_archival(self, billed):
        found = invoice_of(billed)
        made = printing.pdf(found)
        assert made.startswith(b"%PDF-") and made == printing.pdf(found)
        assert b"pdfaid" in made
        pay(found)
        assert printing.pdf(invoice_of(billed)) != made

    def test_sets_whatever_people_wrote(self, northside):
        """S4: payloads are content, never markup; signs without a glyph cost the archival form."""
        odd = "".join(PAYLOADS[::40])[:110].replace("\0", "")
        with unit_of_work():
            billing.set_payer(cast.JUNIPER, Payer("#panic() 🏡", odd, "$1$", "*_"), actor=SYSTEM)
        make_subscription(northside, make_plan())
        made = printing.pdf(invoice_of(northside))
        assert made.startswith(b"%PDF-") and b"pdfaid" not in made


class TestMail:
    def test_goes_to_the_billing_contact_once_with_the_pdf(self, northside):
        """B-12, M-1."""
        with unit_of_work():
            billing.set_payer(
                cast.JUNIPER, Payer("Juniper", contact_email="books@j.example"), actor=SYSTEM
            )
        make_subscription(northside, make_plan(price_cents=1_600))
        assert [mail_invoices(), mail_invoices()] == [1, 0]
        [row] = db.session.execute(select(OutgoingMail.to_address, OutgoingMail.subject_line))
        assert tuple(row) == ("books@j.example", "INV-00001: $15.48, ConsentDesk")
        [file] = db.session.scalars(select(OutgoingFile))
        assert file.name == "INV-00001.pdf" and file.content.startswith(b"%PDF-")

    def test_one_that_cannot_be_set_holds_up_no_other(self, northside, bobs, monkeypatch):
        """M-1: it is tried again by the next sweep; without a database nothing is."""
        with unit_of_work():
            billing.set_payer(
                cast.JUNIPER, Payer("Juniper", contact_email="books@j.example"), actor=SYSTEM
            )
        for account in (northside, bobs):
            make_subscription(account)
        problem = ValueError("no such letter")

        def pdf(invoice):
            if invoice.number == 1:
                raise problem
            return b"%PDF-"

        monkeypatch.setattr(printing, "pdf", pdf)
        assert [mail_invoices(), mail_invoices()] == [1, 0]
        problem = OperationalError("", {}, Exception())
        with pytest.raises(OperationalError):
            mail_invoices()

    def test_without_a_contact_goes_nowhere(self, billed):
        assert mail_invoices() == 0


class TestPages:
    def test_lists_opens_and_downloads(self, alice, billed):
        where = {"account_id": billed.id}
        reply = alice.get("billing.invoices", **where)
        assert reply.text_of("#invoices .pill") == "Open"
        assert "INV-00001" in reply.text_of("#invoices tbody")
        shown = alice.get("billing.invoice", invoice_id=invoice_of(billed).id, **where)
        assert "$15.48" in shown.text_of("#invoice .sum__line--total")
        made = alice.client.get(
            alice.url("billing.invoice_pdf", invoice_id=invoice_of(billed).id, **where)
        )
        assert made.mimetype == "application/pdf" and made.data.startswith(b"%PDF-")
        assert "INV-00001.pdf" in made.headers["Content-Disposition"]

    def test_of_another_account_are_not_found(self, alice, billed, bobs):
        found = invoice_of(billed)
        for endpoint in ("billing.invoice", "billing.invoice_pdf"):
            alice.get(endpoint, 404, account_id=cast.LAKEVIEW, invoice_id=found.id)

    @pytest.mark.parametrize(
        ("query", "seen"),
        [({"state": "open"}, True), ({"state": "paid"}, False), ({"state": "overdue"}, False),
         ({"month": "2026-03"}, True), ({"month": "2026-02"}, False), ({"q": "inv-1"}, True),
         ({"q": "2"}, False), ({"q": "northSIDE"}, True), ({"q": "%"}, False)],
    )  # fmt: skip
    def test_are_filtered(self, alice, billed, query, seen):
        reply = alice.get("billing.invoices", query=query, account_id=billed.id)
        assert ("INV-00001" in reply.text) is seen
        assert seen or "No invoice matches" in reply.text

    def test_turn_overdue_after_their_day(self, browser, billed, clock):
        clock.travel(by=timedelta(days=31))
        alice = browser(cast.ALICE)
        reply = alice.get("billing.invoices", query={"state": "overdue"}, account_id=billed.id)
        assert reply.text_of("#invoices .pill") == "Overdue"

    def test_are_paged_by_number(self, alice, billed, monkeypatch):
        monkeypatch.setattr("portal.billing.views.invoices.PER_PAGE", 1)
        big = make_plan("Big", 900, 9_000)
        with unit_of_work():
            billing.change_plan(billed, big.id, actor=SYSTEM, request_key="k")
        first = alice.get("billing.invoices", account_id=billed.id)
        assert "INV-00002" in first.text and "INV-00001" not in first.text
        second = alice.get("billing.invoices", query={"before": "2"}, account_id=billed.id)
        assert "INV-00001" in second.text and "INV-00002" not in second.text

    def test_a_file_holds_all_of_them_however_many_are_read_at_once(
        self, browser, billed, bobs, monkeypatch
    ):
        monkeypatch.setattr("portal.billing.views.invoices.AT_ONCE", 1)
        monkeypatch.setattr("portal.billing.views.receivables.AT_ONCE", 1)
        big = make_plan("Big", 900, 9_000)
        with unit_of_work():
            billing.change_plan(billed, big.id, actor=SYSTEM, request_key="k")
        make_subscription(bobs)
        for who, endpoint, where, count in (
            (cast.ALICE, "billing.export_invoices", {"account_id": billed.id}, 2),
            (cast.PAT, "billing.admin_export_invoices", {}, 3),
        ):
            reader = browser(who)
            text = reader.get(endpoint, **where).data.decode("utf-8-sig")
            numbers = [row["number"] for row in csv.DictReader(io.StringIO(text))]
            assert numbers == [f"INV-{number:05d}" for number in range(count, 0, -1)]

    def test_more_rows_than_a_sheet_takes_are_sent_to_csv(self, alice, billed, monkeypatch):
        where = {"account_id": billed.id}
        monkeypatch.setattr("portal.core.workbook.MOST_ROWS", 1)
        alice.get("billing.invoice_workbook", **where)
        monkeypatch.setattr("portal.core.workbook.MOST_ROWS", 0)
        for endpoint in ("billing.invoice_workbook", "billing.statement_workbook"):
            assert "Download CSV" in alice.get(endpoint, 400, **where).text

    def test_export_neutralises_formulas(self, alice, northside):
        """PROMISES 4.4: in CSV an apostrophe, in a workbook text is text."""
        with unit_of_work():
            billing.set_payer(cast.JUNIPER, Payer("=1+1"), actor=SYSTEM)
        make_subscription(northside, make_plan(price_cents=1_600))
        where = {"account_id": northside.id}
        text = alice.client.get(alice.url("billing.export_invoices", **where)).text
        [row] = csv.DictReader(io.StringIO(text))
        assert (row["billed_to"], row["amount_usd"], row["state"]) == ("'=1+1", "15.48", "open")
        book = alice.client.get(alice.url("billing.invoice_workbook", **where)).data
        head, cells = (
            CalamineWorkbook.from_filelike(io.BytesIO(book)).get_sheet_by_index(0).to_python()
        )
        found = dict(zip(head, cells, strict=True))
        assert (found["billed_to"], found["amount_usd"], found["date"]) == ("=1+1", 15.48, HERE)


class TestAdmin:
    def test_sees_all_and_marks_paid(self, pat, billed):
        """B-12: only the administrator; who, when and which reference."""
        found = invoice_of(billed)
        reply = pat.get("billing.admin_invoices")
        assert "$15.48" in reply.text_of(".tiles") and "INV-00001" in reply.text
        data = {"paid_on": "2026-03-01", "reference": " transfer  9 "}
        pat.post("billing.mark_invoice_paid", status=303, data=data, invoice_id=found.id)
        now = invoice_of(billed)
        assert (now.closed_by, now.closing_note, now.paid_on) == (
            "Pat Lindqvist",
            "transfer 9",
            date(2026, 3, 1),
        )
        again = pat.post(
            "billing.void_invoice", status=409, data={"reason": "x"}, invoice_id=found.id
        )
        assert "INV-00001 is paid already" in again.text

    @pytest.mark.parametrize(
        ("data", "words"),
        [({"paid_on": "2026-03-03", "reference": "x"}, "still to come"),
         ({"paid_on": "2001-01-01", "reference": "x"}, "ten years"),
         ({"paid_on": "nonsense", "reference": "x"}, "not a date"),
         ({"paid_on": "2026-03-01", "reference": " "}, "Name the transfer")],
    )  # fmt: skip
    def test_is_told_what_is_wrong(self, pat, billed, data, words):
        reply = pat.post(
            "billing.mark_invoice_paid", status=422, data=data, invoice_id=invoice_of(billed).id
        )
        assert words in reply.text_of("#paid .field__error")
        assert invoice_of(billed).is_open

    def test_pages_through_all_and_filters_by_organization(self, pat, billed, monkeypatch):
        monkeypatch.setattr("portal.billing.views.receivables.PER_PAGE", 1)
        make_subscription(cast.account(cast.LAKEVIEW), make_plan("Other"))
        first = pat.get("billing.admin_invoices")
        assert "Lakeview Homes" in first.text_of("#invoices tbody")
        before = str(queries.invoices(cast.account(cast.LAKEVIEW).tenant)[0].id)
        second = pat.get("billing.admin_invoices", query={"before": before})
        assert "Juniper Realty" in second.text_of("#invoices tbody")
        one = pat.get("billing.admin_invoices", query={"organization": str(cast.JUNIPER)})
        assert "Lakeview" not in one.text_of("#invoices tbody")
        for wrong in ({"before": str(uuid4())}, {"before": "x"}, {"organization": "x"}):
            pat.get("billing.admin_invoices", 400, query=wrong)

    def test_sets_the_seller_and_a_lead_the_payer(self, pat, alice, northside):
        data = {
            "name": "Texting Ltd",
            "due_days": "10",
            "email": "a@b.example",
            "address": "A\r\nB",
        }
        pat.post("billing.issuer", status=303, data=data)
        assert queries.issuer() == Issuer("Texting Ltd", "A\nB", email="a@b.example", due_days=10)
        reply = pat.post("billing.issuer", status=422, data={"name": "", "due_days": "999"})
        assert len(reply.page.select(".field__error")) == 2
        where = {"organization_id": cast.JUNIPER}
        alice.post("billing.payer", status=303, data={"name": "Juniper Inc"}, **where)
        assert queries.payer(cast.JUNIPER) == Payer("Juniper Inc")
        alice.post("billing.payer", status=422, data={"name": "J", "contact_email": "x"}, **where)
        assert alice.get("billing.payer", **where).field("name") == "Juniper Inc"


def test_months_go_down_over_the_turn_of_a_year():
    assert [str(m) for m in months_down(date(2027, 1, 1), date(2026, 11, 1))] == [
        "2027-01-01",
        "2026-12-01",
        "2026-11-01",
    ]
