"""The list of accounts, and acting on several at once (B-5, B-6, B-13)."""

from datetime import UTC, date, datetime
from uuid import uuid4

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from portal.billing import queries as billing
from portal.billing import service as billing_service
from portal.billing.values import Balance, Forecast, Outlook, Standing
from portal.core.audit import SYSTEM
from portal.core.db import db, unit_of_work
from portal.reports.rules import accounts as rules
from portal.reports.values import AccountLine, AccountQuery
from portal.texting_accounts import queries as texting_accounts
from portal.texting_accounts import service as accounts
from portal.texting_accounts.values import AccountRef, AccountState
from tests import cast
from tests.factories.billing import make_credits, make_plan, make_reserve, make_subscription
from tests.factories.messaging import agree, make_ready
from tests.messaging.talks import MAYA, hear


@pytest.fixture
def agent_plan(app):
    return make_plan("Agent", 500, 1_600)


@pytest.fixture
def plus(agent_plan):
    return make_plan("Agent plus", 1_000, 2_900)


def open_accounts(count, team_id=cast.NORTHSIDE_TEAM):
    with unit_of_work():
        return [
            accounts.open_account(cast.JUNIPER, f"Desk {place:04d}", team_id=team_id, actor=SYSTEM)
            for place in range(count)
        ]


def rows(reply):
    return {
        row.select_one(".datatable__name").get_text(): [
            " ".join(cell.get_text(" ", strip=True).split()) for cell in row.select("td")
        ]
        for row in reply.page.select("tbody tr")
    }


def names(reply):
    return [name.get_text() for name in reply.page.select("tbody .datatable__name")]


class TestTheList:
    def test_shows_plan_use_forecast_number_health_and_last_text(
        self, browser, northside, bobs, agent_plan, clock
    ):
        make_ready(northside)
        make_subscription(bobs, agent_plan)
        clock.travel(to=datetime(2026, 3, 12, 18, 0, tzinfo=UTC))
        [text] = make_reserve(bobs, 490)
        with unit_of_work():
            billing_service.capture(bobs.id, text)
            accounts.suspend(northside.id, "Carrier error 30034", SYSTEM)
        agree(northside, MAYA)
        hear(northside, "STOP")
        found = rows(browser(cast.ALICE).get("reports.accounts"))
        bob, north = found["Bob Tran"], found["Northside"]
        assert bob[1:6] == [
            "Bob Tran Bob Tran Agent",
            "Agent of Bob Tran",
            "490 98 %",
            "10 credits left: statement of Bob Tran",
            "12 Mar 2026 before the next credits on 1 Apr 2026",
        ]
        assert bob[6:] == ["– no number", "Active", "– no text yet"]
        assert "Suspended Carrier error 30034" in north[7]
        assert "1 opt-out in 30 days" in north[7]
        assert north[8].startswith("Today")

    def test_says_how_many_run_short_and_finds_them(self, alice, northside, bobs, agent_plan):
        make_subscription(northside, agent_plan)
        reply = alice.get("reports.accounts")
        assert "1 runs out of credits before new ones come" in reply.text
        assert names(alice.get("reports.accounts", state="short")) == ["Bob Tran"]
        assert names(alice.get("reports.accounts", state="none")) == ["Bob Tran"]
        assert names(alice.get("reports.accounts", plan="Agent")) == ["Northside"]

    def test_an_account_whose_bulk_texts_wait_is_no_active_one_and_says_why(
        self, alice, northside, bobs
    ):
        """H-4: one word for it wherever the account's state stands."""
        with unit_of_work():
            accounts.pause_bulk(northside.id, "A breach: too many opt-outs.", actor=SYSTEM)
        found = rows(alice.get("reports.accounts"))
        assert "Bulk paused A breach: too many opt-outs." in found["Northside"][7]
        assert found["Bob Tran"][7] == "Active"
        assert names(alice.get("reports.accounts", state="bulk-paused")) == ["Northside"]
        assert names(alice.get("reports.accounts", state="active")) == ["Bob Tran"]
        page = alice.get("texting_accounts.settings", account_id=northside.id)
        assert page.text_of(".page-head .pill") == "Bulk paused"
        assert "bulk and plan texts wait. Reason: A breach" in page.text_of("#sending-state")
        assert "Bulk paused" in page.text_of("#accounts")  # where one goes over to another
        assert "Bulk paused" in alice.get("texting_accounts.switch").text_of("#places")
        with unit_of_work():  # what is worse has the word
            accounts.suspend(northside.id, "a complaint", SYSTEM)
        assert "Suspended a complaint" in rows(alice.get("reports.accounts"))["Northside"][7]

    def test_is_asked_the_same_however_many_accounts_there_are(self, alice, northside, bobs):
        """No N+1: the list of sixty asks what the list of three asks."""

        def asked():
            seen = []
            count = lambda *args: seen.append(args[2])  # noqa: E731
            event.listen(db.engine, "before_cursor_execute", count)
            alice.get("reports.accounts")
            event.remove(db.engine, "before_cursor_execute", count)
            return len(seen)

        for account in (northside, bobs, *open_accounts(1)):
            make_credits(account, 10)
        asked()  # the first request of a session writes that it was seen
        few = asked()
        for account in open_accounts(57):
            make_credits(account, 10)
        assert asked() == few

    def test_goes_page_by_page_and_changes_in_place(self, alice, northside):
        open_accounts(60)
        first = alice.get("reports.accounts")
        assert len(names(first)) == 50
        assert "62 texting accounts" in first.text
        more = alice.htmx.open("GET", first.page.select_one(".pager a[rel=next]")["href"])
        assert more.is_partial
        assert len(names(more)) == 12
        assert not set(names(first)) & set(names(more))

    def test_all_that_match_are_acted_on_together_with_their_count_first(self, alice, northside):
        """K-4, B-13: not the fifty of a page, and those that the filter leaves out not at all."""
        open_accounts(60)
        first = alice.get("reports.accounts", q="desk")
        [every] = first.page.select(".bulkbar a")
        assert every.text == "All 60 that match"
        chosen = alice.open("GET", every["href"])
        assert "All 60 that match." in chosen.text_of(".bulkbar")
        assert not chosen.page.select(".datatable__pick")
        ids = [each["value"] for each in chosen.page.select(".bulkbar input[name=ids]")]
        sure = alice.post("texting_accounts.confirm_pause_of_several", data={"ids": ids})
        assert "For 60 accounts." in sure.text
        data = {"ids": ids, "reason": "The words are checked first"}
        done = alice.post("texting_accounts.pause_several", data=data)
        assert "60 of 60 accounts paused" in done.text_of("h1")
        assert "Northside" not in done.text_of("#outcomes")

    def test_says_that_bulk_texts_wait_on_where_an_account_is_resumed(self, alice, northside):
        """H-4: a person lets them go on, with a reason; this button does not."""
        with unit_of_work():
            accounts.pause_bulk(northside.id, "A breach.", actor=SYSTEM)
        ids = {"ids": [str(northside.id)]}
        told = alice.post("texting_accounts.confirm_resume_of_several", data=ids).text_of("main")
        assert "Sends already. Bulk and plan texts wait on" in told

    def test_filters_to_nothing_and_back(self, alice, northside):
        reply = alice.get("reports.accounts", q="nobody of this name")
        assert "No account matches" in reply.text
        assert alice.open("GET", reply.page.select_one(".empty a")["href"])

    @pytest.mark.parametrize(
        "asked", [{"sort": "age"}, {"state": "tired"}, {"after": "x"}, {"page": "2"}]
    )
    def test_refuses_what_it_does_not_take(self, alice, northside, asked):
        reply = alice.get("reports.accounts", status=400, **asked)
        assert next(iter(asked)) in reply.text

    def test_lets_an_agent_look_only(self, bob, northside, bobs):
        reply = bob.get("reports.accounts")
        assert set(names(reply)) == {"Bob Tran", "Northside"}
        assert "Pause sending" not in reply.text

    def test_lets_an_officer_pause_but_not_buy(self, vera, northside, bobs):
        bar = vera.get("reports.accounts").text_of(".bulkbar")
        assert "Pause sending" in bar
        assert "Change plan" not in bar


def line(name="A", left=0, used=0, day=None, last_at=None, state=AccountState.ACTIVE):
    account = AccountRef(
        uuid4(), cast.JUNIPER, name, None, None, "America/Chicago", state, None, 1, 1
    )
    balance = Balance(left, 0, used, 0, used, 0, max(0, left))
    outlook = Outlook.RUNS_OUT if day else Outlook.TOO_NEW
    return AccountLine(
        account, "Team X", Standing(balance, None, Forecast(outlook, day, None, None, 0)),
        "+13125550142", is_registered=True, last_at=last_at,
    )  # fmt: skip


class TestOrder:
    LINES = [
        line("b", left=-3, used=10, day=date(2026, 5, 1), last_at=datetime(2026, 3, 1, tzinfo=UTC)),
        line("A", left=40, used=0, day=date(2026, 4, 1), last_at=datetime(2026, 3, 2, tzinfo=UTC)),
        line("c", left=5, used=5),
    ]

    @pytest.mark.parametrize(
        ("sort", "order"),
        [
            ("name", "Abc"),
            ("left", "bcA"),
            ("runs-out", "Abc"),
            ("used", "Acb"),
            ("activity", "cbA"),
        ],
    )
    def test_goes_both_ways(self, sort, order):
        for is_down in (False, True):
            found = rules.page(self.LINES, AccountQuery(sort=sort, is_down=is_down), None)
            said = "".join(row.account.name for row in found.lines)
            assert said == (order[::-1] if is_down else order)

    @pytest.mark.parametrize("sort", sorted(rules.SORTS))
    @pytest.mark.parametrize("is_down", [False, True])
    def test_pages_hold_every_account_once(self, sort, is_down):
        many = [line(f"n{place % 7}", left=place % 5) for place in range(173)]
        asked, after, seen = AccountQuery(sort=sort, is_down=is_down), None, []
        while True:
            found = rules.page(many, asked, after)
            seen += [row.account.id for row in found.lines]
            if (after := found.after) is None:
                break
        assert len(seen) == 173
        assert set(seen) == {row.account.id for row in many}

    @pytest.mark.parametrize(
        ("words", "is_found"),
        [("a team", True), ("555-0142", True), ("(312) 5550142", True), ("b", False), ("42", True)],
    )
    def test_finds_by_words_and_digits(self, words, is_found):
        assert rules.matches(line("A"), AccountQuery(words=words)) == is_found


def ids_of(*found):
    return {"ids": [str(account.id) for account in found]}


def hidden(reply, form):
    """Return what a form of the page sends."""
    data = {}
    for field in form.select("input[name]"):
        data.setdefault(field["name"], []).append(field.get("value", ""))
    return data


class TestChangingSeveralPlans:
    @pytest.fixture
    def three(self, northside, bobs, agent_plan):
        [third] = open_accounts(1)
        make_subscription(northside, agent_plan)
        make_subscription(bobs, agent_plan)
        return northside, bobs, third

    def shown(self, person, found, plan):
        data = {**ids_of(*found), "plan_id": str(plan.id)}
        return person.post("billing.choose_plan_of_several", data=data)

    def form(self, reply):
        [form] = [
            f for f in reply.page.select("#several form") if f["action"].endswith("/plans/change")
        ]
        return hidden(reply, form)

    def test_shows_each_ones_arithmetic_first(self, alice, three, plus):
        """B-13: on 2 March, 30 of 31 days are left."""
        first = alice.post("billing.choose_plan_of_several", data=ids_of(*three))
        assert "Show what it costs" in first.text
        shown = self.shown(alice, three, plus)
        found = rows(shown)
        assert found["Northside"][3:6] == ["$12.58", "+500", "1,000"]
        assert "You need an active subscription" in found["Desk 0000"][0]
        assert "Today $25.16 in all" in shown.text
        assert billing.subscription(three[0].id).plan.name == "Agent"

    def test_does_each_by_itself_and_says_what_became_of_it(self, alice, three, plus):
        """One is canceled between the look and the click: the other still changes."""
        form = self.form(self.shown(alice, three, plus))
        with unit_of_work():
            billing_service.cancel(three[1], actor=SYSTEM)
        done = alice.post("billing.change_plan_of_several", data=form)
        assert "1 of 2 plans changed" in done.text_of("h1")
        found = rows(done)
        assert found["Northside"][1:] == [
            "Done", "Agent to Agent plus: $12.58 charged, 500 credits added.",
        ]  # fmt: skip
        assert found["Bob Tran"][1] == "Refused"
        assert "canceled" in found["Bob Tran"][2]
        assert billing.subscription(three[0].id).plan.name == "Agent plus"
        assert billing.subscription(three[1].id).plan.name == "Agent"

    def test_sent_twice_charges_once(self, alice, three, plus):
        """I9."""
        form = self.form(self.shown(alice, three, plus))
        for _ in range(2):
            done = alice.post("billing.change_plan_of_several", data=form)
            assert "2 of 2 plans changed" in done.text_of("h1")
        for account in three[:2]:
            assert len(billing.invoices(account.tenant)) == 2
            assert billing.balance(account.id).available == 1_000

    def test_loses_nothing_when_half_fails_and_goes_on_when_sent_again(
        self, alice, three, plus, monkeypatch
    ):
        form = self.form(self.shown(alice, three, plus))
        change = billing_service.change_plan

        def breaks(account, *args, **options):
            if account.id == three[0].id:
                raise OperationalError("UPDATE", {}, Exception("gone"))
            return change(account, *args, **options)

        monkeypatch.setattr(billing_service, "change_plan", breaks)
        found = rows(alice.post("billing.change_plan_of_several", data=form))
        assert (found["Bob Tran"][1], found["Northside"][1]) == ("Done", "Refused")
        assert "nothing changed here" in found["Northside"][2]
        monkeypatch.undo()
        done = alice.post("billing.change_plan_of_several", data=form)
        assert "2 of 2 plans changed" in done.text_of("h1")
        assert [len(billing.invoices(a.tenant)) for a in three[:2]] == [2, 2]
        assert billing.check_books(three[0].id) == billing.check_books(three[1].id) == []

    @pytest.mark.parametrize("shown", ["1", "9" * 4_301])
    def test_refuses_a_price_that_is_not_the_one_shown(self, alice, three, plus, shown):
        form = self.form(self.shown(alice, three, plus))
        form[f"shown-{three[0].id}"] = [shown]
        found = rows(alice.post("billing.change_plan_of_several", data=form))
        assert found["Northside"][1] == "Refused"
        assert "price changed" in found["Northside"][2]

    def test_of_a_strangers_account_is_not_found(self, alice, three, plus, lakeview):
        data = {**ids_of(three[0], lakeview), "plan_id": str(plus.id), "request_key": "k"}
        for endpoint in ("billing.choose_plan_of_several", "billing.change_plan_of_several"):
            alice.post(endpoint, status=404, data=data)
        assert billing.subscription(three[0].id).plan.name == "Agent"

    def test_lets_owners_change_their_own_alone(self, bob, three, plus):
        """SPEC 1: an agent changes the own account, not the shared one."""
        own = self.form(self.shown(bob, [three[1]], plus))
        assert "1 of 1 plan changed" in bob.post(
            "billing.change_plan_of_several", data=own
        ).text_of("h1")
        data = {**ids_of(three[0]), "plan_id": str(plus.id)}
        reply = bob.post("billing.choose_plan_of_several", status=403, data=data)
        assert "Northside" in reply.text

    @pytest.mark.parametrize(
        "data", [{}, {"ids": "x"}, {"ids": [str(uuid4()) for _ in range(501)]}]
    )
    def test_says_what_is_wrong_with_the_ticks(self, alice, northside, data):
        for endpoint in (
            "billing.choose_plan_of_several",
            "billing.change_plan_of_several",
            "texting_accounts.pause_several",
            "texting_accounts.confirm_resume_of_several",
        ):
            reply = alice.post(endpoint, status=400, data=data)
            assert "ick" in reply.text

    def test_asks_again_for_a_plan_that_is_not_on_offer(self, alice, three):
        gone = make_plan("Gone", 10, 10, is_offered=False)
        data = {**ids_of(*three), "plan_id": str(gone.id)}
        reply = alice.post("billing.choose_plan_of_several", status=422, data=data)
        assert reply.text_of(".field__error") == "Choose one of the list."


class TestPausingSeveral:
    def state(self, account):
        db.session.commit()
        return texting_accounts.account(account.id).state

    def test_says_what_happens_to_each_and_does_it(self, alice, northside, bobs):
        with unit_of_work():
            accounts.suspend(bobs.id, "Carrier error 30034", SYSTEM)
        look = alice.post("texting_accounts.confirm_pause_of_several", data=ids_of(northside, bobs))
        found = rows(look)
        assert found["Northside"][2] == "Stops sending. Texts in the queue wait."
        assert "stays suspended" in found["Bob Tran"][2]
        assert self.state(northside) is AccountState.ACTIVE
        data = {**ids_of(northside, bobs), "reason": "Rates are checked"}
        for _ in range(2):
            done = rows(alice.post("texting_accounts.pause_several", data=data))
            assert (done["Northside"][1], done["Bob Tran"][1]) == ("Done", "Refused")
            assert "is suspended, so it can't pause" in done["Bob Tran"][2]
        assert texting_accounts.account(northside.id).state_reason == "Rates are checked"
        alice.post("texting_accounts.confirm_resume_of_several", data=ids_of(northside))
        done = alice.post("texting_accounts.resume_several", data=ids_of(northside, bobs))
        assert "1 of 2 accounts resumed" in done.text_of("h1")
        assert self.state(northside) is AccountState.ACTIVE

    def test_keeps_a_reason_that_is_too_long_and_says_so(self, alice, northside):
        data = {**ids_of(northside), "reason": "x" * 501}
        reply = alice.post("texting_accounts.pause_several", status=422, data=data)
        assert reply.field("reason") == "x" * 501
        assert self.state(northside) is AccountState.ACTIVE

    def test_is_not_for_agents(self, bob, northside, bobs):
        bob.post("texting_accounts.pause_several", status=403, data=ids_of(bobs))
