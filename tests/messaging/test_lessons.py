"""What error codes teach, once: a replay teaches nothing, a list as much as a callback (I10)."""

from datetime import timedelta

import pytest
from sqlalchemy import event, select, update

from portal.consent import queries as consent
from portal.consent import service as opting
from portal.contacts import service as contacts
from portal.contacts.models import PhoneNumber
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.gateways.sms import Listed, Outcome, Verdict
from portal.messaging.models import Message, WebhookEvent
from portal.messaging.service import (
    evidence,
    forgetting,
    lessons,
    optouts,
    outcomes,
    placing,
    recovery,
    statuses,
    system,
    trouble,
)
from portal.messaging.service.evidence import Evidence, Source
from portal.messaging.service.lessons import Lesson
from portal.messaging.service.statuses import Callback
from portal.messaging.values import State
from portal.texting_accounts import queries as accounts
from portal.texting_accounts import service as account_service
from tests.factories.messaging import ALICE_ACTS, make_leaving, make_ready
from tests.factories.numbers import make_carrier_account
from tests.messaging.hooks import STATUS, Hook
from workers.messaging import reconcile
from workers.retention import sweep_retention
from workers.sending import apply_statuses


@pytest.fixture
def sender(northside):
    return make_ready(northside)


@pytest.fixture
def ours(northside, sender):
    return make_carrier_account(northside.organization_id)


@pytest.fixture
def text(northside, sender, ours):
    [text] = make_leaving(northside, 1, sender)
    return text


def sid_of(text):
    return f"SM{text.message_id.hex}"


def news(ours, text, status, code=None):
    params = [
        ("AccountSid", ours.account_sid),
        ("MessageSid", sid_of(text)),
        ("MessageStatus", status),
    ]
    if code:
        params.append(("ErrorCode", code))
    return Hook(STATUS, tuple(params), f"m={text.message_id}&a=1").signed(ours.auth_token)


def is_out(account, text):
    db.session.rollback()
    return consent.standing(account.tenant, text.e164).is_opted_out


def is_unreachable(text):
    db.session.rollback()
    row = db.session.scalar(select(PhoneNumber).where(PhoneNumber.e164 == text.e164))
    return row.unreachable_at is not None


class TestAReplay:
    """PROMISES 4, row 7: what is signed is signed for ever, and counts once."""

    def comes_again(self, app, hook, clock):
        clock.travel(by=timedelta(days=91))
        sweep_retention()
        [kept] = db.session.scalars(select(WebhookEvent)).all()
        assert kept.payload == {}
        self.comes(app, hook)

    def comes(self, app, hook):
        assert hook.post(app).status_code == 204
        apply_statuses()
        db.session.rollback()

    def reinstate(self, account):
        with unit_of_work():
            account_service.reinstate(account.id, note="It was settled.", actor=ALICE_ACTS)

    def test_does_not_suspend_again(self, app, northside, ours, text, clock):
        hook = news(ours, text, "failed", "30002")
        self.comes(app, hook)
        assert accounts.account(northside.id).state == "suspended"
        self.reinstate(northside)
        self.comes_again(app, hook, clock)
        assert accounts.account(northside.id).state == "active"

    def test_is_known_after_an_erasure(self, app, northside, ours, text, clock):
        hook = news(ours, text, "failed", "30002")
        self.comes(app, hook)
        self.reinstate(northside)
        with unit_of_work():
            assert forgetting.forget_callbacks_of(
                northside.organization_id, text.e164, before=utcnow(), is_dry=False
            )
        self.comes(app, hook)
        assert accounts.account(northside.id).state == "active"

    def test_teaches_nothing_where_its_row_is_gone(self, app, northside, ours, text):
        """Rows of before were deleted after 90 days: what the text bears was learned then."""
        hook = news(ours, text, "failed", "30002")
        self.comes(app, hook)
        self.reinstate(northside)
        with unit_of_work():
            db.session.execute(db.delete(WebhookEvent))
        self.comes(app, hook)
        assert accounts.account(northside.id).state == "active"


class TestTheList:
    """A lost callback and the list come to the same as the callback."""

    def listed(self, text, sender, code, status="undelivered"):
        body = db.session.scalar(select(Message.body).where(Message.id == text.message_id))
        db.session.rollback()
        return Listed(
            sid_of(text), text.e164, sender.e164, body, "outbound-api", status, utcnow(), code
        )

    def accept(self, text):
        with unit_of_work():
            evidence.apply(
                Evidence(text.message_id, sid_of(text), Source.HTTP, attempt=text.attempt)
            )

    @pytest.mark.parametrize("code", [30005, 30006])
    def test_refresh_learns(self, northside, sender, text, code):
        self.accept(text)
        one = self.listed(text, sender, code)
        with unit_of_work():
            assert placing.refresh(northside.organization_id, [one]) == 1
        assert is_unreachable(text)

    def test_refresh_opts_out(self, northside, sender, text):
        self.accept(text)
        one = self.listed(text, sender, 21610, "failed")
        with unit_of_work():
            placing.refresh(northside.organization_id, [one])
        assert is_out(northside, text)

    def test_place_learns(self, northside, sender, text):
        one = self.listed(text, sender, 21610, "failed")
        with unit_of_work():
            assert placing.place(northside.organization_id, [one]) == 1
        assert is_out(northside, text)

    def test_a_settled_doubt_learns(self, northside, sender, text, carrier_fake, clock):
        clock.travel(by=timedelta(minutes=2))
        with unit_of_work():
            recovery.reap()
        clock.travel(by=timedelta(minutes=2))
        one = self.listed(text, sender, 30005)
        carrier_fake.listed = [
            Listed(
                one.sid, one.to, one.from_number, one.body, one.direction, one.status,
                utcnow() - timedelta(minutes=4), one.error_code,
            )
        ]  # fmt: skip
        assert reconcile() == 1
        assert is_unreachable(text)


class TestAnOptOutLearntLate:
    """I10: a 21610 tells of when its text left; a START sent after that stands (I3)."""

    @pytest.fixture
    def starts(self, northside, text, clock):
        def start():
            clock.travel(by=timedelta(minutes=1))
            with unit_of_work():
                contacts.lock_numbers(northside.organization_id, [text.e164])
                optouts.store(
                    northside.tenant, text.e164, source="keyword", details="", actor=ALICE_ACTS
                )
            clock.travel(by=timedelta(minutes=1))
            with unit_of_work():
                opting.opt_in(
                    northside.tenant, text.e164, at=utcnow(), source="keyword", actor=ALICE_ACTS
                )
            clock.travel(by=timedelta(minutes=1))

        return start

    def refused(self, account, text):
        with unit_of_work():
            statuses.store(
                Callback(
                    account.organization_id, sid_of(text), "failed", 21610, text.message_id, 1, {}
                )
            )
        apply_statuses()

    def test_a_start_after_its_text_stands(self, northside, text, starts):
        starts()
        self.refused(northside, text)
        assert not is_out(northside, text)

    def test_what_waits_since_the_start_waits_on(self, northside, text, starts):
        starts()
        with unit_of_work():
            waits = system.queue_text(northside.tenant, text.e164, "Hello", purpose="help")
        self.refused(northside, text)
        assert db.session.get(Message, waits).state == State.QUEUED

    def test_without_a_start_it_opts_out(self, northside, text, clock):
        clock.travel(by=timedelta(minutes=1))
        self.refused(northside, text)
        assert is_out(northside, text)

    def test_a_start_from_before_the_text_does_not_stand(self, northside, sender, starts, text):
        starts()
        with unit_of_work():
            db.session.execute(
                update(Message).where(Message.id == text.message_id).values(submitted_at=utcnow())
            )
        self.refused(northside, text)
        assert is_out(northside, text)

    def test_one_that_was_never_submitted_counts_from_now(self, northside, text, starts):
        starts()
        with unit_of_work():
            db.session.execute(
                update(Message).where(Message.id == text.message_id).values(submitted_at=None)
            )
        self.refused(northside, text)
        assert is_out(northside, text)

    def test_so_does_the_carriers_own_answer(self, northside, text, starts):
        starts()
        with unit_of_work():
            outcomes.record(text, Outcome(Verdict.REJECTED, code=21610, status=400))
        assert not is_out(northside, text)

    def test_so_does_its_list(self, northside, sender, text, starts):
        before = utcnow()
        starts()
        body = db.session.scalar(select(Message.body).where(Message.id == text.message_id))
        one = Listed(
            sid_of(text), text.e164, sender.e164, body, "outbound-api", "failed", before, 21610
        )
        with unit_of_work():
            assert placing.place(northside.organization_id, [one]) == 1
        assert not is_out(northside, text)

    def test_of_two_the_newer_counts(self, northside, text, starts):
        at = utcnow()
        starts()
        both = [Lesson(northside.tenant, text.e164, 21610, at=one) for one in (at, utcnow(), at)]
        with unit_of_work():
            lessons.lock(both)
            lessons.learn(both, source="a test")
        assert is_out(northside, text)
        assert len(consent.records(northside.tenant, text.e164)) == 3


def first_of(said, *words):
    """Return the place of the first statement with these words."""
    return next(place for place, one in enumerate(said) if all(word in one for word in words))


class TestTheOrderOfLocks:
    """RULINGS 6: accounts and places in plans before texts, as who closes or pauses takes them."""

    @pytest.fixture
    def said(self, app):
        found = []

        def note(_connection, _cursor, statement, *_):
            found.append(" ".join(statement.split()))

        event.listen(db.engine, "before_cursor_execute", note)
        yield found
        event.remove(db.engine, "before_cursor_execute", note)

    @pytest.mark.parametrize(
        ("code", "locked"), [(30002, "texting_accounts"), (21610, "drip_enrolments")]
    )
    def test_of_callbacks(self, northside, text, said, code, locked):
        with unit_of_work():
            statuses.store(
                Callback(
                    northside.organization_id, sid_of(text), "failed", code, text.message_id, 1, {}
                )
            )
        said.clear()
        apply_statuses()
        texts = first_of(said, "UPDATE messages")
        assert first_of(said, f"SELECT {locked}.", f"FROM {locked}") < texts

    def test_of_a_refused_account(self, northside, text, said):
        said.clear()
        with unit_of_work():
            trouble.account_refused(northside.id, 20005, "refused")
        lock = first_of(said, "SELECT texting_accounts.id FROM")
        assert lock < first_of(said, "UPDATE messages")

    def test_callbacks_are_stored_by_their_key(self, northside):
        stored = []

        class Connection:
            def execute(self, _statement, rows):
                stored.extend(row["dedupe_key"] for row in rows)

        with unit_of_work():
            statuses.store_all(
                Connection(),
                [
                    Callback(northside.organization_id, f"SM{n}", "sent", None, None, None, {})
                    for n in (3, 1, 2)
                ],
            )
        assert stored == sorted(stored)
        assert len(stored) == 3
