"""What fails holds up nothing else: a sweep's batch of what can't be done starves no other row (M-2).

Each test puts more rows that fail than one read returns before one that is good.
"""

from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest
from rq.timeouts import JobTimeoutException
from sqlalchemy import insert, select, update
from sqlalchemy.exc import OperationalError

from portal.billing import queries as billing
from portal.billing import service as plans
from portal.billing.models import Invoice, Payment, PaymentEvent, PaymentRefund
from portal.billing.service import printing
from portal.billing.values import Payer
from portal.core import jobs
from portal.core.audit import SYSTEM
from portal.core.batches import in_batches, one_by_one
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.core.jobs import Job
from portal.doctor import service as doctor
from portal.exports.values import FileKind
from portal.notifications import queries as notices
from portal.notifications import service as notifications
from portal.notifications.models import DigestSchedule, Notice
from portal.notifications.values import MailStep
from portal.people.models import User
from portal.schedules import service as schedules
from portal.schedules.models import ReportSchedule
from portal.schedules.values import Rhythm
from tests import cast
from tests.factories.billing import make_payment, make_subscription
from tests.factories.mail import kept
from workers import sweeps
from workers.billing import ring_for_payments
from workers.invoices import mail_invoices
from workers.notifications import mail_notices, send_digests
from workers.runtime import each, together
from workers.schedules import send_reports

ENDS_THE_JOB = [OperationalError("", {}, Exception()), JobTimeoutException()]
NOWHERE = "Mars/Olympus"  # a time zone nothing can be worked out in


def read(rows, after, at_once=3):
    """Return some of the rows, those after a given one."""
    later = [row for row in rows if after is None or row > after]
    return later[:at_once]


def failing(*bad):
    done = []

    def act(one):
        if one in bad:
            raise ValueError(one)
        done.append(one)
        return 1

    return act, done


class TestOneByOne:
    def test_all_have_their_turn_however_many_fail(self, app, caplog):
        act, done = failing(*range(7))
        rows = one_by_one(partial(read, range(10)))
        assert (each(rows, act, "number %s was not done"), done) == (3, [7, 8, 9])
        assert "number 6 was not done" in caplog.text

    @pytest.mark.parametrize("problem", ENDS_THE_JOB)
    def test_without_a_database_or_time_nobody_has(self, app, problem):
        met = []

        def end(one):
            met.append(one)
            raise problem

        with pytest.raises(type(problem)):
            each([1, 2], end, "%s")
        assert met == [1]

    def test_a_row_that_broke_the_session_does_not_break_the_next(self, app):
        def act(one):
            db.session.execute(select(User.id).where(User.id == cast.ALICE))
            if one == 1:
                db.session.execute(insert(User).values(id=cast.ALICE))
            return 1

        assert each([1, 2], act, "%s was not done") == 1


class TestTogether:
    def act_on(self, *bad):
        batches = []

        def act(batch):
            if set(batch) & set(bad):
                raise ValueError(batch)
            batches.append(list(batch))
            return len(batch)

        return act, batches

    def test_what_is_wrong_is_parted_from_the_rest(self, app, caplog):
        act, batches = self.act_on(2, 5)
        rows = partial(read, range(12), at_once=8)
        assert together(rows, act, "number %s was not done") == 10
        assert sorted(one for batch in batches for one in batch) == [0, 1, 3, 4, 6, 7, 8, 9, 10, 11]
        assert "number 2 was not done" in caplog.text and "number 5 was not done" in caplog.text

    def test_what_is_fine_stays_together(self, app):
        act, batches = self.act_on()
        assert together(partial(read, range(5)), act, "%s") == 5
        assert batches == [[0, 1, 2], [3, 4]]

    @pytest.mark.parametrize("problem", ENDS_THE_JOB)
    def test_without_a_database_or_time_nothing_is_parted(self, app, problem):
        met = []

        def end(batch):
            met.append(list(batch))
            raise problem

        with pytest.raises(type(problem)):
            together(partial(read, range(5)), end, "%s")
        assert met == [[0, 1, 2]]

    def test_each_part_is_a_unit_of_work(self, app):
        """What a batch did before it failed is undone before its halves are tried."""

        def act(batch):
            names = {1: cast.ALICE, 2: cast.BOB}
            for one in batch:
                if one == 3:
                    raise ValueError(one)
                db.session.execute(
                    update(User).where(User.id == names[one]).values(name=User.name + "!")
                )
            return len(batch)

        assert together(partial(read, [1, 2, 3]), act, "%s was not done") == 2
        found = db.session.scalars(select(User.name).where(User.id.in_([cast.ALICE, cast.BOB])))
        assert sorted(found) == ["Alice Moreno!", "Bob Tran!"]


def test_a_batch_ends_where_the_next_begins():
    batches = in_batches(partial(read, range(7)))
    assert list(batches) == [[0, 1, 2], [3, 4, 5], [6]]


def lost_people(count):
    """Add people with a time zone that does not exist; return their ids, the lowest there are."""
    ids = [UUID(int=n + 1) for n in range(count)]
    with unit_of_work():
        for n, id_ in enumerate(ids):
            db.session.add(
                User(
                    id=id_, name=f"Lost {n}", email=f"lost{n}@juniper.example", timezone=NOWHERE,
                    fs_uniquifier=id_.hex,
                )
            )  # fmt: skip
    return ids


def test_digests(app, clock):
    people = lost_people(51)
    with unit_of_work():
        for user_id in (*people, cast.BOB):
            db.session.add(DigestSchedule(user_id=user_id, hour=8, next_at=utcnow()))
        notifications.notify(
            organization_id=cast.JUNIPER, account_id=cast.BOBS, user_ids=[cast.BOB],
            kind="credits", title="Low", text="", url=None, dedupe_key="1",
        )  # fmt: skip
        db.session.flush()
        db.session.execute(update(Notice).values(mail_step=MailStep.DIGEST))
    assert send_digests() == 1
    assert [one.mail.to for one in kept()] == ["bob@juniper.example"]
    assert send_digests() == 0


def test_mails_of_notices(app, monkeypatch):
    def tell(user_id, key):
        notifications.notify(
            organization_id=cast.JUNIPER, account_id=cast.BOBS, user_ids=[user_id],
            kind="credits", title=key, text="", url=None, dedupe_key=key,
        )  # fmt: skip

    with unit_of_work():
        for n in range(notices.MAILS_AT_ONCE + 1):
            tell(cast.ALICE, f"{n}")
    with unit_of_work():
        tell(cast.BOB, "good")
    wanted = notices.preferences

    def preferences(user_id):
        if user_id == cast.ALICE:
            raise ValueError(user_id)
        return wanted(user_id)

    monkeypatch.setattr(notices, "preferences", preferences)
    assert mail_notices() == 1
    assert [one.mail.to for one in kept()] == ["bob@juniper.example"]


def copies(row, count, **changes):
    """Write so many more rows like this one, with the lowest ids there are."""
    columns = type(row).__table__.columns
    values = {column.name: getattr(row, column.name) for column in columns}
    with unit_of_work():
        db.session.execute(
            insert(type(row)),
            [
                values
                | {"id": UUID(int=n + 1)}
                | {name: change(n) for name, change in changes.items()}
                for n in range(count)
            ],
        )


def test_invoices(northside, monkeypatch):
    with unit_of_work():
        payer = Payer("Juniper", contact_email="books@j.example")
        plans.set_payer(cast.JUNIPER, payer, actor=SYSTEM)
    make_subscription(northside)
    [good] = db.session.scalars(select(Invoice))
    copies(good, 21, number=lambda n: n + 2, request_key=lambda n: f"{n}")

    def pdf(invoice):
        if invoice.number > 1:
            raise ValueError(invoice.label)
        return b"%PDF-"

    monkeypatch.setattr(printing, "pdf", pdf)
    assert [mail_invoices(), mail_invoices()] == [1, 0]


def test_reports_by_mail(northside, monkeypatch):
    rows = [
        {
            "id": UUID(int=n + 1), "organization_id": cast.JUNIPER, "account_id": None,
            "owner_id": cast.ALICE, "report": "days", "rhythm": Rhythm.WEEKLY,
            "file_kind": FileKind.CSV, "reader_ids": [str(cast.ALICE)], "next_at": utcnow(),
        }
        for n in range(102)
    ]  # fmt: skip
    with unit_of_work():
        db.session.execute(insert(ReportSchedule), rows)
    send, good = schedules.send, rows[-1]["id"]

    def fails(schedule_id, now):
        if schedule_id != good:
            raise ValueError(schedule_id)
        return send(schedule_id, now)

    monkeypatch.setattr(schedules, "send", fails)
    assert [send_reports(), send_reports()] == [1, 0]


def test_payments_and_their_news(northside, redis):
    """The job of each fails before it moves anything, so it stays due."""
    first = make_payment(northside, act_at=utcnow() - timedelta(days=1))
    copies(db.session.get(Payment, first), 250, request_key=lambda n: f"{n}")
    with unit_of_work():
        db.session.execute(
            insert(PaymentEvent),
            [
                {"id": f"evt_{n:03d}", "kind": "charge.refunded", "object_id": "pi_1",
                 "received_at": utcnow() - timedelta(days=1)}
                for n in range(250)
            ],
        )  # fmt: skip
    assert ring_for_payments() == 501
    waiting = jobs.queue().job_ids
    assert len(waiting) == 501
    assert f"{Job.SETTLE_PAYMENT.name.lower()}-default-{first}" in waiting
    assert f"{Job.APPLY_PAYMENT_EVENT.name.lower()}-default-evt_249" in waiting


def test_refunds_are_among_the_payments_due(northside):
    payment_id = make_payment(northside)
    with unit_of_work():
        db.session.add(
            PaymentRefund(
                money_id="pi_1", organization_id=northside.organization_id,
                account_id=northside.id, payment_id=payment_id, amount_cents=1, reason="",
                act_at=utcnow(),
            )
        )  # fmt: skip
    assert billing.payments_due(utcnow()) == [payment_id]


def test_check_ups(app, monkeypatch):
    visit = doctor.visit

    def fails(scope):
        if scope.organization_id == cast.LAKEVIEW_HOMES:
            raise ValueError(scope)
        return visit(scope)

    monkeypatch.setattr(doctor, "visit", fails)
    sweeps.check_promises()
    left = {scope.organization_id for scope in doctor.due(utcnow())}
    assert left == {cast.LAKEVIEW_HOMES}
