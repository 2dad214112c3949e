"""The wizard as a team lead, an owner and an agent see it, with N-6's words (N-2, N-6, N-7, B-1)."""

import pytest

from portal.core.audit import SYSTEM
from portal.core.db import unit_of_work
from portal.texting_accounts import service as accounts
from portal.transfers import queries
from portal.transfers.values import Ending, Step
from tests.factories.numbers import make_sender
from tests.factories.transfers import make_transfer
from tests.transfers.conftest import advance, numbers_at, own_sid, run_until, start, text_in

WRONG = "f" * 32
BAD_CREDENTIALS = (
    "Something went wrong. Please check your Twilio account credentials and message support "
    "if this persists"
)
LISTING_FAILED = (
    "Failed to retrieve Phone Numbers - Please refresh the page to attempt fetching the phone "
    "numbers again."
)


def here(account, known=None):
    return {"account_id": account.id, **({"transfer_id": known.id} if known else {})}


def connect(person, account, old, **changes):
    data = {"account_sid": old["sid"], "way": "token", "token": old["auth_token"], **changes}
    return person.follow(person.post("transfers.begin", 303, data, **here(account)))


def the(account):
    return queries.open_of(account.tenant)


def test_a_lead_brings_a_number_over_from_first_page_to_last(alice, account, twin, old):
    apps = alice.get("billing.connected_apps", account_id=account.id)
    assert "Transfer my current Twilio number" in apps.text
    assert "Auth token" in alice.get("transfers.new", **here(account)).text
    assert "Pick the number" in connect(alice, account, old).text
    known = the(account)
    listed = alice.get("transfers.list_numbers", **here(account, known))
    sids = [field["value"] for field in listed.page.select("[name=number_sid]")]
    assert len(sids) == 3
    by_sid = {one["sid"]: e164 for e164, one in numbers_at(twin).items()}
    first = next(sid for sid in sids if by_sid[sid] == old["numbers"][0])
    checked = alice.follow(
        alice.post("transfers.pick", 303, {"number_sid": first}, **here(account, known))
    ).text
    for words in (
        "Old CRM texts",
        "old-crm.example",
        "callers are told to text",
        "can't send before",
    ):
        assert words in checked
    assert "of-the-old-tool" not in checked  # the rest of an address may be a key
    untold = alice.post("transfers.confirm", 422, {}, **here(account, known))
    assert "Tick the box" in untold.text
    alice.post("transfers.confirm", 303, {"agrees": "y"}, **here(account, known))
    known = advance(known)
    assert known.step is Step.TEST
    shown = alice.get("transfers.show", **here(account, known))
    assert "Text it from a phone" in shown.text
    assert shown.text_of(".steps [aria-current=step]") == "Test"
    assert shown.page.select_one("#transfer")["hx-trigger"] == "every 3s"
    known = advance(text_in(account, known))
    done = alice.get("transfers.show", **here(account, known))
    assert "The number is here." in done.text
    assert "hx-trigger" not in done.page.select_one("#transfer").attrs
    assert (known.ending, known.carried) == (Ending.MOVED, 2)


def test_an_unrelated_owner_signs_and_support_moves_it(alice, account, twin, strangers):
    assert "Pick the number" in connect(alice, account, strangers).text
    e164 = strangers["numbers"][0]
    known = run_until(account, the(account), Step.CONFIRM, e164)
    signed = {"name": "Ann Old", "title": "Owner", "email": "ann@old", "agrees": "y"}
    refused = alice.post("transfers.confirm", 422, signed, **here(account, known))
    assert "This is no e-mail address." in refused.text_of("#email-error")
    assert refused.page.select_one("#name")["value"] == "Ann Old"
    signed["email"] = "ann@old.example"
    alice.post("transfers.confirm", 303, signed, **here(account, known))
    known = advance(known)
    letter = alice.get("transfers.show", **here(account, known)).text_of("#letter-text")
    for words in (e164, strangers["sid"], own_sid(twin), "Ann Old, Owner", "ann@old.example"):
        assert words in letter
    alice.post("transfers.note_request", 303, {"ticket": "8812"}, **here(account, known))
    assert queries.get_or_404(known.tenant, known.id).ticket == "8812"
    twin.post(f"numbers/{e164}/account", account_sid=own_sid(twin))
    alice.post("transfers.retry", 303, **here(account, known))
    assert advance(known).step is Step.TEST


def test_without_the_token_the_owner_signs_for_a_number_that_is_typed(alice, account, twin):
    bare = {"sid": "AC" + "e" * 32, "auth_token": ""}
    shown = connect(alice, account, bare, way="signature", number="(872) 555-0163")
    assert "Who texted STOP to this number can't be read" in shown.text
    assert the(account).todo[0] is Step.CONFIRM
    assert not the(account).has_token


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("account_sid", "AC12", "An account SID is AC and 32"),
        ("token", "secret", "An auth token has 32"),
        ("token", "", "An auth token has 32"),
    ],
)
def test_what_is_no_credential_is_refused_beside_its_field(alice, account, field, value, words):
    data = {"account_sid": "AC" + "e" * 32, "way": "token", "token": WRONG, field: value}
    reply = alice.post("transfers.begin", 422, data, **here(account))
    assert words in reply.text_of(f"#{field}-error")
    assert the(account) is None
    assert WRONG not in reply.text


def test_bad_credentials_say_so_with_their_cause_and_can_be_mended(alice, account, old):
    shown = connect(alice, account, old, token=WRONG)
    assert BAD_CREDENTIALS in shown.text
    assert "does not accept the account SID or the token" in shown.text
    assert "Try again" in shown.text
    known = the(account)
    mended = alice.post(
        "transfers.connect", 303, {"token": old["auth_token"]}, **here(account, known)
    )
    assert "Pick the number" in alice.follow(mended).text


def test_a_suspended_account_is_unauthorized_until_it_is_active(alice, account, twin, old):
    twin.post(f"accounts/{old['sid']}/status", status="suspended")
    shown = connect(alice, account, old)
    assert "Twilio returned Unauthorized." in shown.text
    assert "suspended or closed" in shown.text
    twin.post(f"accounts/{old['sid']}/status", status="active")
    again = alice.follow(alice.post("transfers.retry", 303, **here(account, the(account))))
    assert "Pick the number" in again.text


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("500_before", LISTING_FAILED),
        ("429", LISTING_FAILED),
        ("401_before", "Twilio returned Unauthorized."),
        ("403_before", "Twilio returned Unauthorized."),
    ],
)
def test_a_list_that_failed_says_so_and_can_be_asked_again(alice, account, twin, old, fault, words):
    connect(alice, account, old)
    where = here(account, the(account))
    twin.post("faults", reads=[fault])
    failed = alice.get("transfers.list_numbers", 502, **where)
    assert words in failed.text
    [again] = [a["href"] for a in failed.page.select("[role=alert] a")]
    assert again == alice.url("transfers.list_numbers", **where)
    assert len(alice.get("transfers.list_numbers", **where).page.select("[name=number_sid]")) == 3


def test_a_list_of_many_pages_is_listed_whole_and_searched(alice, account, twin):
    many = twin.post("old-accounts", related=True, numbers=130)
    connect(alice, account, many)
    where = here(account, the(account))
    assert "130 numbers, 50 shown" in alice.get("transfers.list_numbers", **where).text
    last = many["numbers"][0]
    found = alice.get("transfers.list_numbers", query={"digits": last[2:]}, **where)
    assert len(found.page.select("[name=number_sid]")) == 1


def test_what_is_here_already_can_not_be_picked(alice, account, twin, old, lakeview):
    make_sender(lakeview, old["numbers"][1])
    connect(alice, account, old)
    where = here(account, the(account))
    listed = alice.get("transfers.list_numbers", **where).text
    assert "It can't be set up here now. Message support." in listed
    assert "Lakeview" not in listed  # nobody is told what another organization has
    sid = numbers_at(twin)[old["numbers"][1]]["sid"]
    reply = alice.post("transfers.pick", 409, {"number_sid": sid}, **where)
    assert "can't be brought over" in reply.text
    gone = alice.post("transfers.pick", 422, {"number_sid": "PN" + "0" * 32}, **where)
    assert "not in the old account any more" in gone.text


def test_an_account_of_ours_is_no_old_account(alice, account, twin, old, clock):
    e164 = old["numbers"][0]
    run_until(account, start(account, old), Step.TEST, e164)
    alice.post("transfers.go_on_without", 303, **here(account, the(account)))
    advance(the(account))
    sid = own_sid(twin)
    token = twin.post(f"accounts/{sid}/token")["auth_token"]
    shown = connect(alice, account, {"sid": sid, "auth_token": token})
    assert "your brokerage's own account at Twilio" in shown.text


def test_a_restricted_account_can_neither_begin_nor_go_on(alice, account, twin, old):
    """N-7: refused with the restriction's reason, until the number is on its way."""
    known = run_until(account, start(account, old), Step.CONFIRM, old["numbers"][0])
    with unit_of_work():
        accounts.suspend(account.id, "too many opt-outs", SYSTEM)
    reply = alice.post("transfers.confirm", 409, {"agrees": "y"}, **here(account, known))
    assert "suspended (too many opt-outs)" in reply.text
    assert own_sid(twin) is None
    alice.post("transfers.give_up", 303, **here(account, known))
    data = {"account_sid": old["sid"], "way": "token", "token": old["auth_token"]}
    refused = alice.post("transfers.begin", 409, data, **here(account))
    assert "suspended (too many opt-outs)" in refused.text


def test_a_stopped_account_reads_why_before_it_connects_picks_or_agrees(alice, account, twin, old):
    """N-7: on the page, not only in the refusal."""

    def suspended(*endpoints, known=None):
        with unit_of_work():
            accounts.suspend(account.id, "too many opt-outs", SYSTEM)
        shown = [alice.get(f"transfers.{name}", **here(account, known)) for name in endpoints]
        for page in shown:
            assert "suspended (too many opt-outs)" in page.text_of(".notice--warn")
            assert page.page.select_one('.notice--warn a[href$="/appeals"]')
            buttons = " ".join(page.texts_of("main .btn-primary, main form button"))
            assert not {"Connect", "Transfer", "Pick", "Move"} & set(buttons.split())
        with unit_of_work():
            accounts.reinstate(account.id, note="mended", actor=SYSTEM)

    suspended("index", "new")
    known = run_until(account, start(account, old), Step.PICK, old["numbers"][0])
    suspended("show", known=known)
    known = run_until(account, known, Step.CONFIRM, old["numbers"][0])
    suspended("show", known=known)
    alice.post("transfers.confirm", 303, {"agrees": "y"}, **here(account, known))


def test_a_mistyped_token_is_told_of_wherever_one_is_asked_for(alice, account, twin, old):
    typed, e164 = {"token": "abc"}, old["numbers"][0]
    known = start(account, old)
    for step in (Step.PICK, Step.CONFIRM):
        known = run_until(account, known, step, e164)
        reply = alice.post("transfers.connect", 422, typed, **here(account, known))
        assert "An auth token has 32" in reply.text_of("#token-error")


def test_a_transfer_without_the_old_account_asks_for_no_token(alice, account):
    known = make_transfer(account)
    reply = alice.post("transfers.connect", 409, {"token": "abc"}, **here(account, known))
    assert "does not need the old account's token" in reply.text


def test_what_was_signed_is_kept_when_the_number_can_not_come_after_all(
    alice, account, twin, strangers
):
    e164 = strangers["numbers"][0]
    known = run_until(account, start(account, strangers), Step.CONFIRM, e164)
    signed = {"name": "Ann Old", "title": "Owner", "email": "ann@old.example", "agrees": "y"}
    make_sender(account, e164)
    alice.post("transfers.check", 303, **here(account, known))
    stopped = alice.post("transfers.confirm", 409, signed, **here(account, known))
    assert "This number can't be brought over. Pick another one." in stopped.text
    assert stopped.page.select_one("#name")["value"] == "Ann Old"
    with unit_of_work():
        accounts.suspend(account.id, "too many opt-outs", SYSTEM)
    refused = alice.post("transfers.confirm", 409, signed, **here(account, known))
    assert "suspended (too many opt-outs)" in refused.text
    assert refused.page.select_one("#email")["value"] == "ann@old.example"


def test_without_a_subscription_the_way_leads_to_the_marketplace(alice, northside, twin):
    """B-1: the page says why, and nothing is begun."""
    assert "You need an active subscription." in alice.get("transfers.new", **here(northside)).text
    data = {"account_sid": "AC" + "e" * 32, "way": "token", "token": WRONG}
    reply = alice.post("transfers.begin", 409, data, **here(northside))
    assert "Open the marketplace" in reply.text
    assert the(northside) is None


def test_giving_up_leaves_the_number_and_deletes_the_token(alice, account, twin, old):
    connect(alice, account, old)
    known = the(account)
    said = alice.follow(alice.post("transfers.give_up", 303, **here(account, known)))
    assert "Given up." in said.text
    ended = queries.get_or_404(known.tenant, known.id)
    assert (ended.ending, ended.has_token) == (Ending.GIVEN_UP, False)
    assert numbers_at(twin)[old["numbers"][0]]["moves"] == 0
    alice.post("transfers.give_up", 303, **here(account, known))  # again changes nothing


def test_what_support_moved_meanwhile_is_not_given_up(alice, account, twin, strangers):
    e164 = strangers["numbers"][0]
    known = run_until(account, start(account, strangers), Step.AWAIT, e164)
    twin.post(f"numbers/{e164}/account", account_sid=own_sid(twin))
    said = alice.follow(alice.post("transfers.give_up", 303, **here(account, known)))
    assert "moved the number meanwhile, so it goes on" in said.text
    assert advance(known).step is Step.TEST


def test_an_agent_sees_how_it_stands_and_the_owner_of_an_account_acts(bob, account, bobs, old):
    known = start(account, old)
    shown = bob.get("transfers.show", **here(account, known)).text
    assert "Give up" not in shown
    bob.get("transfers.list_numbers", 403, **here(account, known))
    bob.get("transfers.new", **here(bobs))
