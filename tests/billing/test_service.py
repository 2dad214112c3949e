"""The ledger: grants, reserves, charges and what is given back (B-2, B-4, B-8 to B-10)."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import IntegrityError

from portal.billing import queries
from portal.billing import service as billing
from portal.billing.errors import (
    AlreadySubscribed,
    NotEnoughCredits,
    PlanNameTaken,
    PlanNotFound,
    PriceChanged,
    RequestReused,
)
from portal.billing.models import CreditAccount, CreditEntry, CreditLot, HouseEntry
from portal.billing.values import Charge, EntryKind, InvoiceState
from portal.core import audit
from portal.core.audit import SYSTEM
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from tests.factories.billing import make_credits, make_plan, make_reserve, make_subscription
from workers import sweeps


@pytest.fixture(autouse=True)
def _books_are_right(app, northside, bobs):
    """I5 holds after every test of this file."""
    yield
    db.session.rollback()
    db.session.commit()
    assert queries.check_books(northside.id) == []
    assert queries.check_books(bobs.id) == []


def standing(account):
    db.session.commit()
    now = queries.balance(account.id)
    return now.available, now.reserved, now.spent


def kinds(account):
    db.session.commit()
    page = queries.statement(account.tenant, limit=200)
    return [line.kind for line in reversed(page.lines)]


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class TestGrant:
    def test_adds_a_lot_that_lives_a_year(self, northside, clock):
        """B-4: granted on 2 March 2026, gone when 1 March 2027 ends in Chicago."""
        make_credits(northside, 100)
        lot = db.session.scalars(select(CreditLot)).one()
        assert (lot.remaining, lot.expires_at) == (100, at("2027-03-02T06:00"))
        assert standing(northside) == (100, 0, 0)

    def test_of_one_reference_counts_once(self, northside):
        with unit_of_work():
            assert billing.grant(northside, 50, reference="one")
        with unit_of_work():
            assert not billing.grant(northside, 50, reference="one")
        assert standing(northside) == (50, 0, 0)

    @pytest.mark.parametrize("count", [0, -5])
    def test_of_nothing_is_a_bug(self, northside, count):
        with pytest.raises(ValueError, match="at least one"), unit_of_work():
            billing.grant(northside, count, reference="x")

    def test_that_has_expired_already_is_a_bug(self, northside):
        with pytest.raises(ValueError, match="expired already"), unit_of_work():
            billing.grant(northside, 5, reference="x", expires_at=utcnow())

    def test_pays_the_deficit_of_inbound_texts_first(self, northside):
        """B-10."""
        with unit_of_work():
            billing.charge_inbound(northside, 3, reference="in:1")
        assert standing(northside) == (-3, 0, 3)
        make_credits(northside, 10)
        assert standing(northside) == (7, 0, 3)
        make_credits(northside, 5)
        assert standing(northside) == (12, 0, 3)

    def test_smaller_than_the_deficit_leaves_nothing_to_send_with(self, northside):
        with unit_of_work():
            billing.charge_inbound(northside, 8, reference="in:1")
        make_credits(northside, 5)
        assert standing(northside) == (-3, 0, 8)
        with pytest.raises(NotEnoughCredits) as refusal:
            make_reserve(northside, 1)
        assert refusal.value.available == 0


class TestReserve:
    def test_sets_credits_aside_for_each_text(self, northside):
        """B-9."""
        make_credits(northside, 10)
        make_reserve(northside, 1, 3, 2)
        assert standing(northside) == (4, 6, 0)
        assert kinds(northside) == ["grant", "reserve", "reserve", "reserve"]

    def test_is_all_or_nothing(self, northside):
        """PROMISES 3.2: the whole batch is refused, with the exact shortfall."""
        make_credits(northside, 50)
        with pytest.raises((NotEnoughCredits, ValueError)) as no:
            make_reserve(northside, *[17] * 10)
        assert isinstance(no.value, NotEnoughCredits)  # and not the lots, which run dry after it
        assert "needs 170 credits and 50 credits are left" in str(no.value)
        assert (no.value.needed, no.value.available) == (170, 50)
        assert standing(northside) == (50, 0, 0)
        assert kinds(northside) == ["grant"]

    def test_takes_the_very_last_credit_and_not_one_more(self, northside):
        make_credits(northside, 3)
        make_reserve(northside, 3)
        with pytest.raises(NotEnoughCredits, match="1 credit and 0 credits are left"):
            make_reserve(northside, 1)

    def test_without_any_books_says_so(self, northside):
        with pytest.raises(NotEnoughCredits):
            make_reserve(northside, 1)

    def test_leaves_out_what_costs_nothing(self, northside):
        """RULINGS 15: system texts cost no credits."""
        assert make_reserve(northside, 0, 0)
        assert kinds(northside) == []

    def test_of_a_negative_cost_is_a_bug(self, northside):
        with pytest.raises(ValueError, match="less than nothing"):
            make_reserve(northside, -1)

    def test_twice_for_one_text_is_refused_by_the_database(self, northside):
        """I4."""
        make_credits(northside, 10)
        [text] = make_reserve(northside, 1)
        with pytest.raises(IntegrityError), unit_of_work():
            billing.reserve(northside, [Charge(text, 1)], at=utcnow())
        assert standing(northside) == (9, 1, 0)

    def test_spans_lots_oldest_first(self, northside, clock):
        """B-4: what expires first is used first, though it was granted last."""
        make_credits(northside, 10)
        make_credits(northside, 4, expires_at=utcnow() + timedelta(days=3))
        make_reserve(northside, 6)
        lots = db.session.execute(
            select(CreditLot.credits, CreditLot.held).order_by(CreditLot.expires_at)
        ).all()
        assert [tuple(lot) for lot in lots] == [(4, 4), (10, 2)]

    def test_does_not_touch_another_account(self, northside, bobs):
        make_credits(northside, 10)
        with pytest.raises(NotEnoughCredits):
            make_reserve(bobs, 1)
        assert standing(northside) == (10, 0, 0)

    def test_uses_no_credit_that_expired_since(self, northside, clock):
        """B-4: whoever touches the account first writes the expired credits off."""
        make_credits(northside, 10, expires_at=utcnow() + timedelta(days=1))
        make_credits(northside, 5)
        clock.travel(by=timedelta(days=2))
        with pytest.raises(NotEnoughCredits) as refusal:
            make_reserve(northside, 6)
        assert refusal.value.available == 5
        make_reserve(northside, 5)
        assert kinds(northside) == ["grant", "grant", "expire", "reserve"]

    def test_of_ten_thousand_texts_is_one_step_in_few_statements(self, northside):
        """SPEED: the confirm of a bulk send must not wait for the ledger."""
        make_credits(northside, 6_000)
        make_credits(northside, 14_000)
        charges = [Charge(uuid4(), 2) for _ in range(10_000)]
        asked = []
        event.listen(db.engine, "before_cursor_execute", note := lambda *one: asked.append(one))
        with unit_of_work():
            billing.reserve(northside, charges, at=utcnow())
        event.remove(db.engine, "before_cursor_execute", note)
        assert len(asked) < 100  # 47 on SQLite, which takes some hundred rows at once
        assert standing(northside) == (0, 20_000, 0)
        with unit_of_work():
            ids = [charge.message_id for charge in charges]
            assert billing.release(northside.id, ids, reason="canceled") == 10_000
        assert standing(northside) == (20_000, 0, 0)


class TestResolve:
    def test_capture_charges_what_was_reserved(self, northside):
        """B-9."""
        make_credits(northside, 10)
        [text, _other] = make_reserve(northside, 3, 2)
        with unit_of_work():
            assert billing.capture(northside.id, text)
        assert standing(northside) == (5, 2, 3)

    def test_release_gives_back_what_was_reserved(self, northside):
        """B-9."""
        make_credits(northside, 10)
        texts = make_reserve(northside, 3, 2)
        with unit_of_work():
            assert billing.release(northside.id, texts, reason="canceled") == 2
        assert standing(northside) == (10, 0, 0)

    @pytest.mark.parametrize("first", ["capture", "release"])
    @pytest.mark.parametrize("second", ["capture", "release"])
    def test_whichever_comes_first_wins(self, northside, first, second):
        """I4: capture and release share one place."""
        make_credits(northside, 10)
        [text] = make_reserve(northside, 3)

        def resolve(how):
            with unit_of_work():
                if how == "capture":
                    return billing.capture(northside.id, text)
                return billing.release(northside.id, [text], reason="blocked") == 1

        assert resolve(first)
        once = standing(northside)
        assert not resolve(second)
        assert standing(northside) == once

    def test_release_of_the_same_text_named_twice_counts_once(self, northside):
        make_credits(northside, 10)
        [text] = make_reserve(northside, 3)
        with unit_of_work():
            assert billing.release(northside.id, [text, text], reason="blocked") == 1

    @pytest.mark.parametrize("account", ["northside", "bobs"])
    def test_of_an_unknown_text_changes_nothing(self, request, northside, account):
        make_credits(northside, 10)
        account = request.getfixturevalue(account)
        with unit_of_work():
            assert not billing.capture(account.id, uuid4())
            assert billing.capture_many(account.id, []) == 0
            assert billing.release(account.id, [uuid4()], reason="blocked") == 0
            assert not billing.late_capture(account.id, uuid4())
        assert standing(northside) == (10, 0, 0)

    def test_of_another_accounts_text_changes_nothing(self, northside, bobs):
        make_credits(northside, 10)
        make_credits(bobs, 10)
        [text] = make_reserve(northside, 3)
        with unit_of_work():
            assert not billing.capture(bobs.id, text)
        assert standing(northside) == (7, 3, 0)

    def test_release_after_the_lot_expired_gives_nothing_to_use(self, northside, clock):
        """RULINGS 7: a reserve pins its lots and outlives them; a later release expires at once."""
        make_credits(northside, 10, expires_at=utcnow() + timedelta(days=1))
        texts = make_reserve(northside, 4, 2)
        clock.travel(by=timedelta(days=2))
        with unit_of_work():
            assert billing.capture(northside.id, texts[0])
            assert billing.release(northside.id, texts[1:], reason="unconfirmed") == 1
        assert standing(northside) == (0, 0, 4)
        assert kinds(northside)[-4:] == ["expire", "capture", "release", "expire"]

    def test_release_pays_the_deficit_of_inbound_texts(self, northside):
        make_credits(northside, 5)
        [text] = make_reserve(northside, 5)
        with unit_of_work():
            billing.charge_inbound(northside, 2, reference="in:1")
        assert standing(northside) == (-2, 5, 2)
        with unit_of_work():
            billing.release(northside.id, [text], reason="canceled")
        assert standing(northside) == (3, 0, 2)

    def test_refund_gives_back_what_was_charged_once(self, northside):
        """PROMISES 2.6."""
        make_credits(northside, 5)
        [text, pending] = make_reserve(northside, 3, 1)
        with unit_of_work():
            billing.capture(northside.id, text)
            assert billing.refund(northside.id, [text, pending], reason="failed") == 1
            assert billing.refund(northside.id, [text], reason="failed") == 0
        assert standing(northside) == (4, 1, 0)

    def test_late_proof_is_paid_by_the_house(self, northside):
        """PROMISES 2.4: never a surprise charge for the account."""
        make_credits(northside, 5)
        [text] = make_reserve(northside, 3)
        with unit_of_work():
            billing.release(northside.id, [text], reason="unconfirmed")
        with unit_of_work():
            assert billing.late_capture(northside.id, text)
            assert not billing.late_capture(northside.id, text)
        assert standing(northside) == (5, 0, 0)
        assert db.session.scalars(select(HouseEntry.credits)).all() == [3]

    def test_late_proof_of_a_text_still_reserved_charges_it(self, northside):
        make_credits(northside, 5)
        [text] = make_reserve(northside, 3)
        with unit_of_work():
            assert billing.late_capture(northside.id, text)
            assert not billing.late_capture(northside.id, text)
        assert standing(northside) == (2, 0, 3)

    def test_counts_towards_the_month_of_the_reserve(self, northside, clock):
        """I11: a text charged after midnight on the 1st stays in its own month."""
        make_credits(northside, 10)
        clock.travel(to=at("2026-04-01T04:59"))
        [text] = make_reserve(northside, 3)
        clock.travel(to=at("2026-04-01T05:01"))
        with unit_of_work():
            billing.capture(northside.id, text)
        assert queries.balance(northside.id).monthly_used == 0
        assert queries.balance(northside.id, at("2026-03-31T12:00")).monthly_used == 3

    def test_what_waits_since_last_month_is_not_used_in_this_one(self, northside, clock):
        """B-11: fresh credits do not run low by texts of the month before."""
        make_credits(northside, 1_500)
        clock.travel(to=at("2026-03-31T12:00"))
        make_reserve(northside, *[500] * 3)
        assert queries.balance(northside.id).used_percent == 100
        clock.travel(to=at("2026-04-01T12:00"))
        make_credits(northside, 250)
        for now in (
            queries.balance(northside.id),
            queries.standings([northside])[northside.id].balance,
        ):
            assert (now.reserved, now.used_this_month, now.used_percent) == (1_500, 0, 0)


class TestInbound:
    def test_is_charged_once(self, northside):
        make_credits(northside, 10)
        with unit_of_work():
            assert billing.charge_inbound(northside, 1, reference="in:SM1")
        with unit_of_work():
            assert not billing.charge_inbound(northside, 1, reference="in:SM1")
        assert standing(northside) == (9, 0, 1)

    def test_below_zero_is_never_refused(self, northside):
        """B-10, by name: it may take the balance below zero; then nothing can be sent."""
        make_credits(northside, 1)
        for number in range(3):
            with unit_of_work():
                billing.charge_inbound(northside, 1, reference=f"in:{number}")
        assert standing(northside) == (-2, 0, 3)
        assert queries.balance(northside.id).monthly_left == 0
        with pytest.raises(NotEnoughCredits):
            make_reserve(northside, 1)

    def test_of_no_cost_is_no_line(self, northside):
        with unit_of_work():
            assert not billing.charge_inbound(northside, 0, reference="in:1")

    def test_of_negative_cost_is_a_bug(self, northside):
        with pytest.raises(ValueError, match="less than nothing"), unit_of_work():
            billing.charge_inbound(northside, -1, reference="in:1")


class TestExpiry:
    def test_job_writes_off_what_is_due_and_is_safe_to_repeat(self, northside, bobs, clock):
        """B-4."""
        soon = utcnow() + timedelta(days=1)
        make_credits(northside, 10, expires_at=soon)
        make_credits(northside, 5)
        make_credits(bobs, 7, expires_at=soon)
        assert sweeps.settle_credits() == 0
        clock.travel(by=timedelta(days=1, seconds=1))
        assert sweeps.settle_credits() == 2
        assert sweeps.settle_credits() == 0
        assert (standing(northside), standing(bobs)) == ((5, 0, 0), (0, 0, 0))
        expired = queries.statement(northside.tenant, limit=1).lines[0]
        assert (expired.kind, expired.at) == (EntryKind.EXPIRE, soon)

    def test_is_seen_before_it_is_written(self, northside, clock):
        """A page must not show credits that are gone; a GET writes nothing (RULINGS 23)."""
        make_credits(northside, 10, expires_at=utcnow() + timedelta(days=1))
        assert queries.balance(northside.id).expiring_this_month == 10
        clock.travel(by=timedelta(days=1, seconds=1))
        now = queries.balance(northside.id)
        assert (now.available, now.expiring_this_month) == (0, 0)
        assert kinds(northside) == ["grant"]

    def test_at_the_end_of_this_month_is_announced(self, northside):
        """B-4: 1 April 00:00 in Chicago still belongs to the end of March."""
        make_credits(northside, 10, expires_at=at("2026-04-01T05:00"))
        make_credits(northside, 20, expires_at=at("2026-04-01T05:01"))
        now = queries.balance(northside.id)
        assert now.expiring_this_month == 10
        assert now.expiring_on == (date(2026, 3, 31), date(2026, 3, 31))

    def test_a_release_brings_an_earlier_date_back(self, northside, clock):
        make_credits(northside, 5, expires_at=utcnow() + timedelta(days=1))
        make_credits(northside, 5)
        [text] = make_reserve(northside, 5)
        clock.travel(by=timedelta(hours=1))
        sweeps.settle_credits()
        with unit_of_work():
            billing.release(northside.id, [text], reason="canceled")
        clock.travel(by=timedelta(days=1))
        assert sweeps.settle_credits() == 1
        assert standing(northside) == (5, 0, 0)


class TestSubscribe:
    def test_bills_a_part_and_grants_the_whole_month(self, northside):
        """B-2: on 2 March, 30 of 31 days are left."""
        plan = make_plan(credits_per_month=500, price_cents=1_600)
        subscription = make_subscription(northside, plan)
        [invoice] = queries.invoices(northside.tenant)
        assert (invoice.amount_cents, invoice.state) == (1_548, InvoiceState.OPEN)
        assert (invoice.label, invoice.provider) == ("INV-00001", "invoice")
        assert str(invoice.period_start), str(invoice.period_end) == ("2026-03-02", "2026-03-31")
        assert standing(northside) == (500, 0, 0)
        assert subscription.next_charge_at == at("2026-04-01T05:00")
        assert queries.has_active_subscription(northside.id)
        assert queries.statement(northside.tenant).lines[0].detail == "Agent, March 2026"

    def test_on_the_1st_costs_the_whole_price(self, northside, clock):
        """B-2."""
        clock.travel(to=at("2026-04-01T05:00"))
        make_subscription(northside, make_plan(price_cents=1_600))
        [invoice] = queries.invoices(northside.tenant)
        assert invoice.amount_cents == 1_600
        assert invoice.description == "Agent, 500 credits a month"

    def test_is_recorded_in_the_audit_log(self, northside):
        make_subscription(northside)
        held, fault = audit.verify(northside.organization_id)
        assert (held, fault) == (2, None)  # the plan, and its invoice

    def test_twice_with_one_key_buys_once(self, northside):
        plan = make_plan()
        bought = []
        for _ in range(2):
            with unit_of_work():
                bought.append(billing.subscribe(northside, plan.id, actor=SYSTEM, request_key="k"))
        assert bought[0] == bought[1]
        assert len(queries.invoices(northside.tenant)) == 1
        assert standing(northside) == (500, 0, 0)

    def test_with_a_used_key_for_another_plan_is_refused(self, northside):
        """I9."""
        first, second = make_plan("A"), make_plan("B")
        with unit_of_work():
            billing.subscribe(northside, first.id, actor=SYSTEM, request_key="k")
        with pytest.raises(RequestReused), unit_of_work():
            billing.subscribe(northside, second.id, actor=SYSTEM, request_key="k")

    def test_with_a_subscription_running_is_refused(self, northside):
        plan = make_plan("Agent")
        make_subscription(northside, plan)
        with pytest.raises(AlreadySubscribed, match="the plan Agent"):
            make_subscription(northside, plan)

    @pytest.mark.parametrize("is_there", [True, False])
    def test_to_what_is_not_on_offer_is_refused(self, northside, is_there):
        plan_id = make_plan(is_offered=False).id if is_there else uuid4()
        with pytest.raises(PlanNotFound), unit_of_work():
            billing.subscribe(northside, plan_id, actor=SYSTEM, request_key="k")
        assert queries.quote(northside, plan_id) is None

    def test_at_another_price_than_was_shown_is_refused(self, northside):
        """I6, carried over to plans: nobody pays more than they saw."""
        plan = make_plan()
        shown = queries.quote(northside, plan.id).price_today_cents
        with pytest.raises(PriceChanged), unit_of_work():
            billing.subscribe(
                northside, plan.id, actor=SYSTEM, request_key="k", shown_cents=shown - 1
            )
        with unit_of_work():
            billing.subscribe(northside, plan.id, actor=SYSTEM, request_key="k", shown_cents=shown)

    def test_keeps_its_terms_when_the_catalogue_changes(self, northside):
        plan = make_plan("Agent", 500, 1_600)
        make_subscription(northside, plan)
        with unit_of_work():
            billing.edit_plan(
                plan.id,
                name="Agent 26",
                credits_per_month=400,
                price_cents=2_000,
                is_offered=False,
                actor=SYSTEM,
            )
        terms = queries.subscription(northside.id).plan
        assert (terms.name, terms.credits_per_month, terms.price_cents) == ("Agent", 500, 1_600)

    def test_numbers_invoices_through_the_organization(self, northside, bobs, lakeview):
        plan = make_plan()
        for account in (northside, bobs, lakeview):
            make_subscription(account, plan)
        numbers = [queries.invoices(a.tenant)[0].number for a in (northside, bobs, lakeview)]
        assert numbers == [1, 2, 1]
        assert queries.invoices(bobs.tenant, before=2) == []


class TestCatalogue:
    def test_seed_fills_an_empty_catalogue_only(self, app):
        with unit_of_work():
            assert billing.seed_catalogue()
        with unit_of_work():
            assert not billing.seed_catalogue()
        found = [(plan.name, plan.credits_per_month) for plan in queries.plans()]
        assert found == [
            ("Starter", 250),
            ("Agent", 500),
            ("Agent plus", 1_000),
            ("Team", 2_500),
            ("Brokerage", 10_000),
        ]

    def test_names_are_unique_whatever_their_capitals(self, app):
        make_plan("Agent")
        terms = {"credits_per_month": 1, "price_cents": 1, "is_offered": True, "actor": SYSTEM}
        with pytest.raises(PlanNameTaken), unit_of_work():
            billing.add_plan(name="AGENT", **terms)
        with unit_of_work():
            own = billing.add_plan(name="Team", **terms)
            billing.edit_plan(own.id, name="team", **terms)
        with pytest.raises(PlanNotFound), unit_of_work():
            billing.edit_plan(uuid4(), name="Other", **terms)


class TestStatement:
    def test_pages_newest_first_without_gap_or_twin(self, northside):
        make_credits(northside, 20)
        make_reserve(northside, *[1] * 7)
        first = queries.statement(northside.tenant, limit=5)
        second = queries.statement(northside.tenant, before=first.next_before, limit=5)
        positions = [line.position for line in first.lines + second.lines]
        assert positions == [8, 7, 6, 5, 4, 3, 2, 1]
        assert second.next_before is None
        assert [line.position for line in queries.statement_lines(northside.tenant)] == positions[
            ::-1
        ]

    def test_shows_no_other_account(self, northside, bobs, lakeview):
        make_credits(northside, 20)
        assert queries.statement(bobs.tenant).lines == ()
        assert queries.statement(lakeview.tenant).lines == ()

    def test_running_balance_follows_every_line(self, northside):
        make_credits(northside, 20)
        [text] = make_reserve(northside, 3)
        with unit_of_work():
            billing.capture(northside.id, text)
            billing.charge_inbound(northside, 1, reference="in:1")
        lines = list(queries.statement_lines(northside.tenant))
        assert [(line.left_change, line.left_after) for line in lines] == [
            (20, 20),
            (-3, 17),
            (0, 17),
            (-1, 16),
        ]
        assert sum(line.left_change for line in lines) == 16


class TestRailMeter:
    def test_shows_what_is_left(self, northside):
        assert queries.rail_meter(northside)["foot"] == "No active subscription"
        make_subscription(northside, make_plan(credits_per_month=100))
        [text] = make_reserve(northside, 20)
        with unit_of_work():
            billing.capture(northside.id, text)
        make_reserve(northside, 5)
        meter = queries.rail_meter(northside)
        assert (meter["value"], meter["percent"], meter["foot"]) == ("75", 25, None)

    def test_warns_of_what_expires_and_of_a_deficit(self, northside):
        make_credits(northside, 10, expires_at=at("2026-03-20T05:00"))
        assert queries.rail_meter(northside)["foot"] == "10 expire after 19 Mar"
        make_credits(northside, 1, expires_at=at("2026-03-31T15:00"))  # in the course of the 31st
        assert queries.rail_meter(northside)["foot"] == "11 expire between 19 Mar and 31 Mar"
        with unit_of_work():
            billing.charge_inbound(northside, 13, reference="in:1")
        meter = queries.rail_meter(northside)
        assert (meter["value"], meter["percent"]) == ("-2", 100)
        assert "Below zero" in meter["foot"]


def test_the_check_finds_a_book_that_was_tampered_with(northside):
    """I5: the check must be able to fail."""
    make_credits(northside, 10)
    make_reserve(northside, 2)
    with unit_of_work():
        db.session.execute(
            CreditAccount.__table__.update().values(available=9, spent=1, position=5)
        )
        db.session.execute(CreditLot.__table__.update().values(held=1, remaining=9))
        db.session.execute(
            CreditEntry.__table__.update().where(CreditEntry.position == 2).values(position=4)
        )
    assert len(queries.check_books(northside.id)) >= 6
    with unit_of_work():
        db.session.execute(
            CreditAccount.__table__.update().values(available=8, spent=0, position=2)
        )
        db.session.execute(CreditLot.__table__.update().values(held=2, remaining=8))
        db.session.execute(
            CreditEntry.__table__.update().where(CreditEntry.position == 4).values(position=2)
        )
