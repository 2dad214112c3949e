"""Marketplace, purchase, connected apps, statement, invoices and the catalogue (B-1, B-2, B-12, B-13)."""

import csv
from codecs import BOM_UTF8
from datetime import UTC, datetime, timedelta
from io import StringIO
from uuid import uuid4

import pytest

from portal.billing import queries
from portal.billing import service as billing
from portal.core.audit import SYSTEM
from portal.core.db import unit_of_work
from tests import cast
from tests.factories.billing import make_credits, make_plan, make_reserve, make_subscription


@pytest.fixture
def agent_plan(app):
    return make_plan("Agent", 500, 1_600)


def click(reply, **changes):
    """Return what the confirm page's form sends."""
    form = {name: reply.field(name) for name in ("request_key", "shown_cents", "shown_terms")}
    return {**form, **changes}


PAGES = [
    ("billing.marketplace", "alice bob vera"),
    ("billing.connected_apps", "alice bob vera"),
    ("billing.statement", "alice bob vera"),
    ("billing.export_statement", "alice bob vera"),
    ("billing.invoices", "alice bob vera"),
    ("billing.export_invoices", "alice bob vera"),
    ("billing.admin_plans", "pat"),
    ("billing.new_plan", "pat"),
]


@pytest.mark.parametrize("who", ["alice", "bob", "vera", "pat", "mallory"])
@pytest.mark.parametrize(("endpoint", "may"), PAGES)
def test_pages_open_for_those_who_may(request, northside, endpoint, may, who):
    person = request.getfixturevalue(who)
    where = (
        {}
        if endpoint in {"billing.admin_plans", "billing.new_plan"}
        else {"account_id": northside.id}
    )
    if who in may:
        assert person.get(endpoint, **where)
    else:
        refused = 403 if not where else 404
        person.get(endpoint, status=refused, **where)


@pytest.mark.parametrize(
    ("who", "account", "status"),
    [
        ("alice", "northside", 200),
        ("bob", "northside", 403),  # an agent in a shared account reads only
        ("bob", "bobs", 200),  # its owner buys (SPEC 1)
        ("vera", "northside", 403),  # officers read only
        ("pat", "northside", 404),
        ("mallory", "northside", 404),
    ],
)
def test_leads_and_owners_buy(request, agent_plan, who, account, status):
    person = request.getfixturevalue(who)
    account = request.getfixturevalue(account)
    where = {"account_id": account.id, "plan_id": agent_plan.id}
    reply = person.get("billing.confirm", status=status, **where)
    data = (
        click(reply)
        if status == 200
        else {"request_key": "k", "shown_cents": "1548", "shown_terms": "t"}
    )
    person.post("billing.buy", status=303 if status == 200 else status, data=data, **where)
    assert queries.has_active_subscription(account.id) == (status == 200)


class TestMarketplace:
    def test_lists_plans_with_credits_and_price(self, alice, northside, agent_plan):
        """B-1."""
        make_plan("Gone", is_offered=False)
        reply = alice.get("billing.marketplace", account_id=northside.id)
        [tile] = reply.texts_of(".plan")
        assert "500 credits a month" in tile
        assert "$16.00 a month" in tile
        assert "$15.48 today" in tile

    @pytest.mark.parametrize(
        ("texts", "said"),
        [
            ("400", "Agent is the cheapest plan for 400 texts a month"),
            ("1", "for 1 text a month"),
            ("1,000", "No plan brings 1,000 credits a month. Agent is the biggest"),
        ],
    )
    def test_suggests_a_plan_from_the_texts_a_month(
        self, alice, northside, agent_plan, texts, said
    ):
        """B-1."""
        reply = alice.get("billing.marketplace", account_id=northside.id, texts=texts)
        assert said in reply.text_of(".plan-advice__answer")
        assert reply.texts_of(".plan--chosen .plan__name") == ["Agent"]
        assert reply.field("texts") == texts

    @pytest.mark.parametrize(
        "texts", ["", "many", "-5", "0", "1.5", "9999999999999999", "٣", "1,00"]
    )
    def test_asks_again_for_what_is_no_number_and_keeps_it(
        self, alice, northside, agent_plan, texts
    ):
        reply = alice.get("billing.marketplace", status=422, account_id=northside.id, texts=texts)
        assert "nter a" in reply.text_of(".field__error")
        assert reply.field("texts") == texts
        assert reply.texts_of(".plan__name") == ["Agent"]

    def test_answers_htmx_with_the_plans_alone(self, alice, northside, agent_plan):
        reply = alice.htmx.get("billing.marketplace", account_id=northside.id, texts="3")
        assert reply.is_partial
        assert reply.texts_of("#plans .plan__name") == ["Agent"]

    def test_with_an_empty_catalogue_says_who_fills_it(self, alice, northside):
        reply = alice.get("billing.marketplace", account_id=northside.id)
        assert "No plan is on offer" in reply.text

    def test_shows_the_own_plan_and_sells_no_second(self, alice, northside, agent_plan):
        make_subscription(northside, agent_plan)
        reply = alice.get("billing.marketplace", account_id=northside.id)
        assert "Your plan" in reply.text_of(".plan--chosen")
        assert reply.page.select(".plan .btn") == []
        where = {"account_id": northside.id, "plan_id": agent_plan.id}
        again = alice.get("billing.confirm", status=303, **where)
        assert again.location == alice.url("billing.marketplace", account_id=northside.id)

    def test_tells_agents_of_a_shared_account_who_buys(self, bob, northside, agent_plan):
        reply = bob.get("billing.marketplace", account_id=northside.id)
        assert "Team leads and the owner of the account buy its plan." in reply.text
        assert reply.page.select(".plan .btn") == []


class TestBuying:
    def test_shows_the_arithmetic_first(self, browser, northside, agent_plan, clock):
        """B-2, B-13: on 16 November 15 of 30 days are left."""
        clock.travel(to=datetime(2026, 11, 16, 18, tzinfo=UTC))
        alice = browser(cast.ALICE)
        make_credits(northside, 20)
        reply = alice.get("billing.confirm", account_id=northside.id, plan_id=agent_plan.id)
        assert "15 of 30" in reply.text_of("#today .sum")
        assert reply.texts_of("#today dd") == ["$16.00", "15 of 30", "$8.00", "$16.00"]
        assert "1 Dec 2026" in reply.text_of("#today .sum")
        assert reply.texts_of("#credits dd") == ["20", "+500", "520", "15 Nov 2027", "on the 1st"]
        assert "Buy Agent for $8.00" in reply.text

    def test_says_what_was_bought_and_shows_it(self, alice, northside, agent_plan):
        where = {"account_id": northside.id, "plan_id": agent_plan.id}
        reply = alice.post(
            "billing.buy", status=303, data=click(alice.get("billing.confirm", **where)), **where
        )
        apps = alice.follow(reply)
        assert "You bought Agent. 500 credits are here." in apps.text_of("#flash")
        assert "500 credits for $16.00" in apps.text_of("#twilio .facts")

    def test_twice_with_one_form_buys_once(self, alice, northside, agent_plan):
        """B-2: a double click."""
        where = {"account_id": northside.id, "plan_id": agent_plan.id}
        data = click(alice.get("billing.confirm", **where))
        for _ in range(2):
            alice.post("billing.buy", status=303, data=data, **where)
        assert len(queries.invoices(northside.tenant)) == 1
        assert queries.balance(northside.id).available == 500

    def test_from_a_second_window_is_refused_with_the_way_on(self, alice, northside, agent_plan):
        where = {"account_id": northside.id, "plan_id": agent_plan.id}
        first, second = (click(alice.get("billing.confirm", **where)) for _ in range(2))
        alice.post("billing.buy", status=303, data=first, **where)
        reply = alice.post("billing.buy", status=409, data=second, **where)
        assert "already has the plan Agent" in reply.text
        assert reply.page.select_one(
            f"a[href='{alice.url('billing.connected_apps', account_id=northside.id)}']"
        )

    def test_after_the_price_moved_asks_again(self, browser, northside, agent_plan, clock):
        """Nobody pays more or less than they saw: at midnight the price changes."""
        clock.travel(to=datetime(2026, 3, 17, 4, 55, tzinfo=UTC))
        alice = browser(cast.ALICE)
        where = {"account_id": northside.id, "plan_id": agent_plan.id}
        data = click(alice.get("billing.confirm", **where))
        clock.travel(by=timedelta(minutes=6))
        reply = alice.post("billing.buy", status=422, data=data, **where)
        assert "The price changed" in reply.text_of("[role=alert]")
        assert reply.field("shown_cents") == "774"
        assert not queries.has_active_subscription(northside.id)
        alice.post("billing.buy", status=303, data=click(reply), **where)

    def test_after_the_credits_of_the_plan_changed_asks_again(self, alice, northside, agent_plan):
        """B-13: what was shown is what is bought, also where today's price stayed."""
        where = {"account_id": northside.id, "plan_id": agent_plan.id}
        data = click(alice.get("billing.confirm", **where))
        terms = {"credits_per_month": 5, "price_cents": 1_600, "is_offered": True}
        with unit_of_work():
            billing.edit_plan(agent_plan.id, name="Agent", **terms, actor=SYSTEM)
        reply = alice.post("billing.buy", status=422, data=data, **where)
        assert "The price changed" in reply.text_of("[role=alert]")
        assert not queries.has_active_subscription(northside.id)
        alice.post("billing.buy", status=303, data=click(reply), **where)
        assert queries.balance(northside.id).available == 5

    @pytest.mark.parametrize(
        "broken",
        [{"request_key": ""}, {"request_key": "x" * 65}, {"shown_cents": "abc"}, {"shown_cents": ""},
         {"shown_cents": "-1"}, {"shown_terms": ""}],
    )  # fmt: skip
    def test_with_a_broken_form_changes_nothing(self, alice, northside, agent_plan, broken):
        where = {"account_id": northside.id, "plan_id": agent_plan.id}
        data = click(alice.get("billing.confirm", **where), **broken)
        reply = alice.post("billing.buy", status=422, data=data, **where)
        assert reply.text_of("[role=alert]")
        assert reply.field("request_key")
        assert not queries.has_active_subscription(northside.id)

    def test_of_a_plan_that_is_not_sold_is_not_found(self, alice, northside):
        for plan_id in (uuid4(), make_plan(is_offered=False).id):
            where = {"account_id": northside.id, "plan_id": plan_id}
            alice.get("billing.confirm", status=404, **where)
            data = {"request_key": "k", "shown_cents": "1", "shown_terms": "t"}
            alice.post("billing.buy", status=404, data=data, **where)


class TestConnectedApps:
    def test_without_a_subscription_leads_to_the_marketplace(self, alice, northside):
        """B-1."""
        reply = alice.get("billing.connected_apps", account_id=northside.id)
        assert "You need an active subscription." in reply.text_of(".notice--warn")
        button = reply.page.find("a", string="Subscribe in Marketplace")
        assert button["href"] == alice.url("billing.marketplace", account_id=northside.id)

    def test_shows_state_and_use(self, alice, northside, agent_plan):
        """B-1."""
        make_subscription(northside, agent_plan)
        [sent, _waiting] = make_reserve(northside, 20, 5)
        with unit_of_work():
            billing.capture(northside.id, sent)
        reply = alice.get("billing.connected_apps", account_id=northside.id)
        assert "Active" in reply.text_of("#twilio .panel__head")
        assert reply.text_of("#twilio .meter__value") == "25 of 500"
        assert "475 left, 5 of the used are reserved" in reply.text_of("#twilio .meter__foot")

    def test_tells_agents_and_officers_who_acts(self, bob, vera, northside, agent_plan):
        for person in (bob, vera):
            reply = person.get("billing.connected_apps", account_id=northside.id)
            assert "Subscribe in Marketplace" not in reply.text
        make_subscription(northside, agent_plan)
        reply = bob.get("billing.connected_apps", account_id=northside.id)
        assert "set up its number" in reply.text_of("#number")


class TestStatement:
    def test_lists_every_entry_newest_first_with_its_balance(self, alice, northside, agent_plan):
        """B-13."""
        make_subscription(northside, agent_plan)
        [sent, back] = make_reserve(northside, 3, 2)
        with unit_of_work():
            billing.capture(northside.id, sent)
            billing.release(northside.id, [back], reason="opted_out")
            billing.charge_inbound(northside, 1, reference="in:1", note="Text from (312) 555-0142")
        reply = alice.get("billing.statement", account_id=northside.id)
        rows = [
            [c.get_text(" ", strip=True) for c in tr.select("td")]
            for tr in reply.page.select("tbody tr")
        ]
        assert [row[1].split(" ")[0] for row in rows] == [
            "Text",
            "Given",
            "Charged",
            "Reserved",
            "Reserved",
            "Granted",
        ]
        assert [row[4] for row in rows] == ["−1", "+2", "– no change", "−2", "−3", "+500"]
        assert [row[5] for row in rows] == ["496", "497", "495", "495", "497", "500"]
        assert "The person opted out first" in rows[1][2]
        assert rows[5][0] == "2 Mar 2026, 12:00 pm CST"
        assert reply.texts_of(".stat__value") == ["496", "0", "4", "0", "– not known"]

    def test_pages_by_key(self, alice, northside):
        make_credits(northside, 100)
        make_reserve(northside, *[1] * 60)
        first = alice.get("billing.statement", account_id=northside.id)
        assert len(first.page.select("tbody tr")) == 50
        older = first.page.select_one(".pager a[rel=next]")["href"]
        second = alice.htmx.open("GET", older)
        assert second.is_partial
        assert len(second.page.select("tbody tr")) == 11
        assert second.page.select_one(".pager a[rel=prev]")["href"] == alice.url(
            "billing.statement", account_id=northside.id
        )

    @pytest.mark.parametrize("before", ["x", "-1", "1.5", "99999999999", "4294967296", "٣", ""])
    @pytest.mark.parametrize("endpoint", ["billing.statement", "billing.invoices"])
    def test_refuses_a_place_that_is_none(self, alice, northside, endpoint, before):
        reply = alice.get(endpoint, status=400, account_id=northside.id, before=before)
        assert "before=" in reply.text

    def test_below_the_first_line_leads_back(self, alice, northside):
        reply = alice.get("billing.statement", account_id=northside.id, before="1")
        assert "No older entries" in reply.text

    def test_of_a_new_account_offers_the_first_step(self, alice, northside):
        reply = alice.get("billing.statement", account_id=northside.id)
        assert "No credits yet" in reply.text

    def test_shows_a_balance_below_zero_as_such(self, alice, northside):
        """B-10."""
        with unit_of_work():
            billing.charge_inbound(northside, 2, reference="in:1")
        reply = alice.get("billing.statement", account_id=northside.id)
        assert "−2" in reply.texts_of(".stat")[0]

    def test_downloads_every_line_with_safe_cells(self, alice, northside):
        """B-13, PROMISES 4: a note that looks like a formula stays text."""
        make_credits(northside, 1_200)
        make_reserve(northside, *[1] * 1_050)
        with unit_of_work():
            billing.charge_inbound(northside, 1, reference="in:1", note='=HYPERLINK("x")')
        reply = alice.get("billing.export_statement", account_id=northside.id)
        assert reply.headers["Content-Disposition"] == "attachment; filename=statement.csv"
        rows = list(csv.DictReader(StringIO(reply.data.decode("utf-8-sig"))))
        first = next(queries.statement_lines(northside.tenant))
        assert reply.data.startswith(BOM_UTF8)  # else Excel reads other letters
        assert [rows[0]["line"], len(rows)] == ["1", 1_052]
        assert [rows[0]["time_utc"], rows[0]["time (America/Chicago)"]] == [
            f"2026-03-02 18:00:{first.at:%S}",
            f"2026-03-02 12:00:{first.at:%S}",
        ]
        assert rows[-1]["what_for"] == '\'=HYPERLINK("x")'
        assert sum(int(row["left_change"]) for row in rows) == int(rows[-1]["left_after"]) == 149


class TestCatalogue:
    def test_admin_adds_a_plan(self, pat):
        """B-1."""
        data = {
            "name": " Open  house ",
            "credits_per_month": "1,500",
            "price_cents": "$42.5",
            "is_offered": "y",
        }
        pat.follow(pat.post("billing.add_plan", status=303, data=data))
        [plan] = queries.plans()
        assert (plan.name, plan.credits_per_month, plan.price_cents) == ("Open house", 1_500, 4_250)

    def test_admin_edits_and_withdraws_a_plan(self, pat, agent_plan):
        shown = pat.get("billing.edit_plan", plan_id=agent_plan.id)
        assert [shown.field(n) for n in ("name", "credits_per_month", "price_cents")] == [
            "Agent",
            "500",
            "16.00",
        ]
        data = {"name": "Agent", "credits_per_month": "600", "price_cents": "16"}
        pat.post("billing.save_plan", status=303, data=data, plan_id=agent_plan.id)
        assert queries.plans() == []
        assert queries.plan(agent_plan.id).credits_per_month == 600

    @pytest.mark.parametrize(
        ("name", "value", "said"),
        [
            ("name", "", "Give the plan a name."),
            ("name", "x" * 61, "at most 60"),
            ("name", "STARTER", "already a plan called STARTER"),
            ("credits_per_month", "0", "from 1 to 1,000,000"),
            ("credits_per_month", "many", "whole number"),
            ("credits_per_month", "99999999999999", "from 1 to"),
            ("price_cents", "", "Enter a price"),
            ("price_cents", "-3", "in dollars"),
            ("price_cents", "1.234", "in dollars"),
            ("price_cents", "999999999999", "from 0 to 100,000"),
        ],
    )
    def test_a_bad_field_is_named_and_everything_typed_kept(
        self, pat, agent_plan, name, value, said
    ):
        make_plan("Starter")
        data = {
            "name": "New",
            "credits_per_month": "700",
            "price_cents": "20.00",
            "is_offered": "y",
            name: value,
        }
        reply = pat.post("billing.save_plan", status=422, data=data, plan_id=agent_plan.id)
        assert said in reply.text_of(".field__error")
        for field in ("name", "credits_per_month", "price_cents"):
            assert reply.field(field) == data[field]
        assert queries.plan(agent_plan.id) == agent_plan

    def test_an_unknown_plan_is_not_found(self, pat):
        pat.get("billing.edit_plan", status=404, plan_id=uuid4())
        pat.post("billing.save_plan", status=404, plan_id=uuid4())
