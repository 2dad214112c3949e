"""The pages of setting a number up, as people use them (N-1, N-6, B-1)."""

from datetime import timedelta

import pytest

from portal.core.audit import SYSTEM
from portal.core.db import unit_of_work
from portal.core.errors import GatewayBusy, GatewayRejected, GatewayUnclear
from portal.numbers import queries
from portal.numbers.values import SenderState
from portal.texting_accounts import service as accounts
from tests import cast
from tests.factories.numbers import make_carrier_account, make_sender
from tests.numbers.conftest import STOCK

CHICAGO, OTHER, AUSTIN = STOCK
PHONE = "(312) 555-0160"


def confirm_page(alice, account, e164=CHICAGO.e164):
    return alice.get("numbers.choose", query={"e164": e164}, account_id=account.id)


def form_of(reply, **changes):
    names = ("name", "e164", "locality", "region", "request_key")
    return {**{name: reply.field(name) for name in names}, **changes}


def press(alice, account, **changes):
    data = form_of(confirm_page(alice, account), **changes)
    return alice.post("numbers.buy", 303, data, account_id=account.id)


def test_a_number_is_set_up_from_search_to_ready(alice, subscribed, lessor):
    start = alice.get("numbers.index", account_id=subscribed.id)
    assert "No number yet" in start.text
    empty = alice.get("numbers.search", account_id=subscribed.id)
    assert "Three digits, like 312" in empty.text
    assert lessor.calls == []
    found = alice.get("numbers.search", query={"area_code": "312"}, account_id=subscribed.id)
    assert PHONE in found.text
    assert "Chicago, IL" in found.text
    assert "(512)" not in found.text
    chosen = confirm_page(alice, subscribed)
    assert chosen.text_of("h1") == f"Buy {PHONE}"
    assert chosen.field("name") == subscribed.name
    bought = alice.follow(press(alice, subscribed, name="Front  desk"))
    assert "Front desk is yours." in bought.text
    assert "Ready" in bought.text
    row = alice.get("numbers.index", account_id=subscribed.id)
    assert PHONE in row.text
    assert "Default" in row.text


@pytest.mark.parametrize(
    ("query", "e164"),
    [
        ({"city": " austin "}, AUSTIN.e164),
        ({"state": "tx"}, AUSTIN.e164),
        ({"digits": "01-61"}, AUSTIN.e164),
        ({"area_code": "(512)"}, AUSTIN.e164),
    ],
)
def test_numbers_are_found_by_what_was_typed(alice, subscribed, lessor, query, e164):
    found = alice.get("numbers.search", query=query, account_id=subscribed.id)
    links = [a["href"] for a in found.page.select("main td a.btn")]
    assert len(links) == 1
    assert links[0].endswith(e164.replace("+", "%2B"))


def test_nothing_found_says_what_to_do(alice, subscribed, lessor):
    found = alice.get("numbers.search", query={"area_code": "907"}, account_id=subscribed.id)
    assert "No number matches" in found.text


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ({"area_code": "31"}, "area_code", "31 is not an area code. Enter three digits"),
        ({"area_code": "911"}, "area_code", "911 is not an area code"),
        ({"area_code": "x" * 500}, "area_code", "is not an area code"),
        ({"area_code": "", "city": "", "state": "", "digits": ""}, "area_code", "Enter an area"),
        ({"state": "ZZ"}, "state", "ZZ is not a state"),
        ({"digits": "HOMES"}, "digits", "Enter 2 to 10 digits"),
        ({"digits": "0" * 11}, "digits", "Enter 2 to 10 digits"),
        ({"city": "x" * 61}, "city", "at most 60 characters"),
    ],
)
def test_a_bad_search_names_the_field_and_keeps_what_was_typed(
    alice, subscribed, lessor, query, field, words
):
    reply = alice.get("numbers.search", 422, query, account_id=subscribed.id)
    assert words in reply.text_of(f"#{field}-error")
    for name, value in query.items():
        if name != "state":
            assert reply.field(name) == value
    assert lessor.calls == []


def test_a_listing_that_failed_says_so_and_can_be_repeated(alice, subscribed, lessor):
    """N-6."""
    lessor.failures["search"] = [GatewayBusy("away")]
    query = {"area_code": "312", "city": ""}
    reply = alice.get("numbers.search", 502, query, account_id=subscribed.id)
    assert (
        "Failed to retrieve Phone Numbers - Please refresh the page to attempt fetching the "
        "phone numbers again." in reply.text
    )
    assert reply.field("area_code") == "312"
    again = next(a["href"] for a in reply.page.select("main a") if a.get_text() == "Try again")
    assert PHONE in alice.open("GET", again).text


def test_unauthorized_has_its_cause(alice, subscribed, lessor):
    make_carrier_account(subscribed.organization_id)
    lessor.failures["search"] = [GatewayRejected("Authenticate", 20003, 401)]
    query = {"area_code": "312"}
    reply = alice.get("numbers.search", 502, query, account_id=subscribed.id)
    assert "Twilio returned Unauthorized." in reply.text
    assert "changed or revoked" in reply.text


def test_bad_credentials_are_told_with_a_retry_button(alice, subscribed, lessor):
    lessor.failures["find_subaccount"] = [GatewayRejected("Authenticate", 20003, 401)]
    shown = alice.follow(press(alice, subscribed))
    assert (
        "Something went wrong. Please check your Twilio account credentials and message support "
        "if this persists" in shown.text
    )
    [retry] = [f["action"] for f in shown.page.select("main form") if "retry" in f["action"]]
    assert "is yours" in alice.follow(alice.open("POST", retry, 303)).text


def test_a_purchase_that_may_have_gone_through_is_checked_first(alice, subscribed, lessor):
    lessor.failures["buy"] = [GatewayUnclear("lost")]
    shown = alice.follow(press(alice, subscribed))
    assert "may or may not be yours" in shown.text
    assert "Check and go on" in shown.text


def test_a_second_click_finds_the_first_purchase(alice, subscribed, lessor):
    data = form_of(confirm_page(alice, subscribed))
    first = alice.post("numbers.buy", 303, data, account_id=subscribed.id)
    second = alice.post("numbers.buy", 303, data, account_id=subscribed.id)
    assert first.location == second.location
    assert lessor.calls.count("buy") == 1


def test_a_bad_name_keeps_the_form(alice, subscribed, lessor):
    for name, words in (("", "Give the number a name"), ("x" * 65, "at most 64 characters")):
        data = form_of(confirm_page(alice, subscribed), name=name)
        reply = alice.post("numbers.buy", 422, data, account_id=subscribed.id)
        assert words in reply.text_of("#name-error")
        assert form_of(reply) == data
    assert "buy" not in lessor.calls


@pytest.mark.parametrize(
    "changes",
    [
        {"e164": ""},
        {"e164": "+44 20 7946 0142"},
        {"e164": "+13125550160\n"},
        {"request_key": ""},
        {"request_key": "x" * 65},
        {"locality": "x" * 101},
        {"region": "x" * 11},
    ],
)
def test_a_form_that_was_tampered_with_buys_nothing(alice, subscribed, lessor, changes):
    data = form_of(confirm_page(alice, subscribed), **changes)
    reply = alice.post("numbers.buy", 422, data, account_id=subscribed.id)
    assert "Choose the number again" in reply.text
    assert "buy" not in lessor.calls


def test_a_number_taken_meanwhile_is_told_on_the_form(alice, subscribed, lessor):
    data = form_of(confirm_page(alice, subscribed))
    press(alice, subscribed)
    reply = alice.post(
        "numbers.buy", 409, {**data, "request_key": "other"}, account_id=subscribed.id
    )
    assert "This number is taken already. Choose another one." in reply.text


def test_a_number_that_is_not_for_sale_leads_back_to_the_search(alice, subscribed, lessor):
    reply = alice.get("numbers.choose", 303, {"e164": "+13125550199"}, account_id=subscribed.id)
    assert "no longer available" in alice.follow(reply).text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({}, "e164: no number is named."),
        ({"e164": ""}, "e164: no number is named."),
        ({"e164": "x"}, "e164: "),
        ({"e164": "*"}, "e164: "),
        ({"e164": "3125550160"}, "e164: “3125550160” is not a US number written like"),
        ({"e164": "+442079460142"}, "is not a US number"),
        ({"e164": "+19005550123"}, "is a premium number"),
        ({"e164": "9" * 5000}, "e164: "),
    ],
)
def test_an_address_without_a_right_number_says_what_is_wrong(
    alice, subscribed, lessor, query, said
):
    reply = alice.get("numbers.choose", 400, query, account_id=subscribed.id)
    assert said in reply.text
    assert reply.page.select_one(f"a[href='/accounts/{subscribed.id}/numbers/search']")
    assert lessor.calls == []


@pytest.mark.parametrize(
    ("e164", "said"),
    [
        ("+19005550123", "(900) 555-0123 is a premium number"),
        ("+13129765555", "is a premium number"),
        ("+11125550123", "Choose the number again"),
        ("+1312555016", "9 digits where 10 are needed"),
        ("+1312555016a", "has a letter"),
    ],
)
def test_only_a_number_that_can_text_can_be_bought(alice, subscribed, lessor, e164, said):
    """N-1: a form that names another kind of number buys nothing and says why."""
    data = form_of(confirm_page(alice, subscribed), e164=e164)
    reply = alice.post("numbers.buy", 422, data, account_id=subscribed.id)
    assert said in reply.text
    assert "Choose the number again" in reply.text
    assert "buy" not in lessor.calls
    assert queries.senders(subscribed.id) == []


def test_without_a_subscription_the_pages_say_why(alice, northside, lessor):
    """B-1."""
    for endpoint in ("numbers.index", "numbers.search"):
        page = alice.get(endpoint, account_id=northside.id)
        assert "You need an active subscription." in page.text
        assert page.page.select_one("main a[href$='/marketplace']")
    page = confirm_page(alice, northside)
    assert "Buy this number" not in page.text
    data = {"name": "Late", "e164": CHICAGO.e164, "request_key": "opened before it ended"}
    refused = alice.post("numbers.buy", 409, data, account_id=northside.id)
    assert "You need an active subscription." in refused.text
    assert "buy" not in lessor.calls


def test_a_suspended_account_buys_nothing(alice, subscribed, lessor):
    """N-7."""
    data = form_of(confirm_page(alice, subscribed))
    with unit_of_work():
        accounts.suspend(subscribed.id, "carrier suspension", SYSTEM)
    reply = alice.post("numbers.buy", 409, data, account_id=subscribed.id)
    assert "suspended (carrier suspension)" in reply.text


def test_a_purchase_under_way_is_polled(alice, northside, clock):
    sender = make_sender(
        northside,
        state=SenderState.BUYING,
        carrier_sid=None,
        lease_until=clock.now + timedelta(minutes=2),
    )
    where = {"account_id": northside.id, "sender_id": sender.id}
    page = alice.get("numbers.show", **where)
    assert page.page.select_one("#number")["hx-trigger"] == "every 2s"
    partial = alice.htmx.get("numbers.show", **where)
    assert partial.is_partial
    assert "being bought" in partial.text
    clock.travel(by=timedelta(minutes=3))
    done = alice.htmx.get("numbers.show", **where)
    assert "broken off" in done.text
    assert done.page.select_one("[hx-trigger]") is None


def test_a_number_without_registration_says_why_it_is_silent(alice, northside):
    """N-5."""
    sender = make_sender(northside, is_registered=False)
    page = alice.get("numbers.show", account_id=northside.id, sender_id=sender.id)
    assert "This number can't send yet" in page.text


def test_the_default_is_changed_with_one_button(alice, northside):
    make_sender(northside)
    second = make_sender(northside, name="Listings")
    reply = alice.post("numbers.make_default", 303, account_id=northside.id, sender_id=second.id)
    assert "Texts now come from Listings." in alice.follow(reply).text
    assert queries.default_sender(northside.id).id == second.id


def test_a_number_named_by_its_own_digits_shows_them_once(alice, northside):
    """As one that was moved or ported is named at first."""
    e164, shown = "+13125550163", "(312) 555-0163"
    sender = make_sender(northside, e164, name=shown)
    [row] = alice.get("numbers.index", account_id=northside.id).texts_of(
        f"#number-row-{sender.id} td:first-child"
    )
    assert row == shown
    page = alice.get("numbers.show", account_id=northside.id, sender_id=sender.id)
    assert page.text_of(".page-head").count(shown) == 1
    assert page.text_of("#about").count(shown) == 1
    listed = alice.get("registrations.index", organization_id=cast.JUNIPER)
    assert listed.text_of("#numbers td:first-child") == shown


# Who may.

SETTING_UP = [
    ("GET", "numbers.search"),
    ("GET", "numbers.choose"),
    ("POST", "numbers.buy"),
    ("POST", "numbers.retry"),
    ("POST", "numbers.make_default"),
]
LOOKING = [("GET", "numbers.index"), ("GET", "numbers.show")]


def where_of(endpoint, account, sender):
    needs_sender = endpoint.rpartition(".")[2] in ("retry", "make_default", "show")
    return {"account_id": account.id, **({"sender_id": sender.id} if needs_sender else {})}


@pytest.mark.parametrize(("method", "endpoint"), [*SETTING_UP, *LOOKING])
def test_strangers_find_nothing(mallory, northside, method, endpoint):
    sender = make_sender(northside)
    url = mallory.url(endpoint, **where_of(endpoint, northside, sender))
    assert mallory.open(method, url, 404).status == 404


@pytest.mark.parametrize(("method", "endpoint"), SETTING_UP)
def test_agents_and_officers_do_not_set_up_a_shared_account(bob, vera, northside, method, endpoint):
    sender = make_sender(northside)
    for person in (bob, vera):
        url = person.url(endpoint, **where_of(endpoint, northside, sender))
        assert person.open(method, url, 403).status == 403


@pytest.mark.parametrize(("method", "endpoint"), LOOKING)
def test_those_who_work_there_may_look(bob, vera, northside, method, endpoint):
    sender = make_sender(northside)
    for person in (bob, vera):
        url = person.url(endpoint, **where_of(endpoint, northside, sender))
        assert "Make default" not in person.open(method, url).text


def test_the_owner_of_an_account_sets_it_up(bob, bobs, lessor):
    """SPEC 1."""
    bob.get("numbers.search", account_id=bobs.id)


def test_a_number_of_another_account_is_not_found_here(alice, northside, bobs):
    sender = make_sender(bobs)
    alice.get("numbers.show", 404, account_id=northside.id, sender_id=sender.id)


def test_a_stopped_account_reads_why_before_it_searches_chooses_or_leaves(
    alice, subscribed, lessor
):
    """N-7: the reason and the way on stand on the pages, not only in the refusal."""
    northside = subscribed
    sender = make_sender(northside)
    with unit_of_work():
        accounts.suspend(northside.id, "a complaint", SYSTEM)
    lessor.calls.clear()
    pages = [
        alice.get("numbers.index", account_id=northside.id),
        alice.get("numbers.search", query={"area_code": "312"}, account_id=northside.id),
        alice.get("numbers.choose", query={"e164": STOCK[0].e164}, account_id=northside.id),
        alice.get("numbers.leave", account_id=northside.id, sender_id=sender.id),
    ]
    for page in pages:
        assert "This account is suspended (a complaint)" in page.text_of(".notice--warn")
        assert "Open the appeal" in page.text_of(".notice--warn a")
    failed = make_sender(northside, state=SenderState.FAILED, ready_at=None, carrier_sid=None)
    purchase = alice.get("numbers.show", account_id=northside.id, sender_id=failed.id)
    assert "This account is suspended (a complaint)" in purchase.text_of(".notice--warn")
    assert "Try again" not in purchase.text
    assert lessor.calls == ["search"], "only the number that was chosen is looked up"
    assert "Give it back in" not in pages[-1].text


def test_an_agent_reads_who_goes_on_with_a_purchase(bob, alice, subscribed, lessor):
    failed = {"state": SenderState.FAILED, "ready_at": None, "carrier_sid": None}
    sold = make_sender(subscribed, **failed, trouble="It is gone.", trouble_code=21422)
    ids = {"account_id": subscribed.id, "sender_id": sold.id}
    assert (
        "A team lead or the account's owner goes on with it" in bob.get("numbers.show", **ids).text
    )
    page = alice.get("numbers.show", **ids)
    assert page.texts_of("main .btn-primary") == ["Choose another number"], (
        "trying again is in vain"
    )
    busy = make_sender(subscribed, **failed, trouble="Twilio could not be reached.")
    page = alice.get("numbers.show", account_id=subscribed.id, sender_id=busy.id)
    assert page.texts_of("main .btn-primary") == ["Try again"]
