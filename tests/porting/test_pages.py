"""The pages of bringing a number over, as people use them (N-3, N-7, B-1)."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from io import BytesIO

import pytest

from portal.core.audit import SYSTEM
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.core.settings import settings
from portal.notifications import queries as notifications
from portal.numbers import queries as numbers
from portal.porting import queries
from portal.porting.models import PortIn
from portal.porting.rules.preflight import earliest
from portal.porting.values import State, Step
from portal.texting_accounts import service as accounts
from tests import cast
from tests.porting.conftest import E164, PDF, SAID, advance, make_draft, now, save, send_in
from workers.numbers import notice_moved_numbers
from workers.porting import remind_of_port_ins, ring_for_port_ins

PHONE = "(312) 555-0142"


def ids(known):
    return {"account_id": known.account_id, "port_in_id": known.id}


def text_of(person, known):
    return person.get("porting.show", **ids(known)).text


def test_a_number_is_checked_described_signed_for_and_sent_in(alice, account, twin):
    typed = "312-555-0142\n(312) 555-0190, 833 555 0160"
    found = alice.get("porting.index", query={"numbers": typed}, account_id=account.id)
    assert "It can be brought over." in found.text
    assert "has to stay" in found.text
    assert "by hand only" in found.text
    begun = alice.follow(alice.post("porting.begin", 303, {"e164": E164}, account_id=account.id))
    assert begun.text_of("h1") == "Current carrier"
    [known] = queries.of_account(account.tenant)
    carrier = {**SAID, "edits": "0", "customer_type": "Business", "name": "Front desk"}
    alice.post("porting.save_carrier", 303, carrier, **ids(known))
    who = {"representative": "Alice Moreno", "email": SAID["email"], "may_sign": "y"}
    bad = {**who, "edits": "1", "bill": (BytesIO(b"MZ program"), "bill.pdf")}
    refused = alice.post("porting.save_authority", 422, bad, **ids(known))
    assert "not what we can read" in refused.text_of(".field__error")
    good = {**who, "edits": "1", "bill": (BytesIO(PDF), "bill.pdf")}
    letter = alice.follow(alice.post("porting.save_authority", 303, good, **ids(known)))
    assert "I, Alice Moreno, may make changes to the account of Juniper Realty LLC" in letter.text
    known = now(known)
    sent = {"edits": str(known.edits), "on": letter.field("on"), "signature": "Bob Reyes"}
    wrong = alice.post("porting.submit", 422, sent, **ids(known))
    assert "Type the name of whoever signs: Alice Moreno." in wrong.text_of(".field__error")
    edits = wrong.field("edits")
    shown = alice.follow(
        alice.post(
            "porting.submit",
            303,
            {**sent, "edits": edits, "signature": "Alice Moreno"},
            **ids(known),
        )
    )
    assert "On its way." in shown.text
    again = {**sent, "edits": edits, "signature": "Alice Moreno"}
    alice.post("porting.submit", 303, again, **ids(known))  # a second click
    assert now(known).round == 1
    known = advance(known)
    assert "The number is here." in text_of(alice, known)
    assert "Front desk" in alice.get("numbers.index", account_id=account.id).text


def test_what_is_missing_is_listed_beside_the_signature(alice, account, twin):
    alice.post("porting.begin", 303, {"e164": "+13125550194"}, account_id=account.id)
    [known] = queries.of_account(account.tenant)
    letter = alice.get("porting.edit", name="letter", **ids(known))
    stops = letter.page.select_one("#stops").get_text(" ", strip=True)
    assert "PIN for moving a number" in stops
    assert "Newest bill of your current carrier" in stops
    mend = letter.page.select_one("#stops a.btn")["href"].partition("#")[0]
    assert "Enter the service address" in alice.open("GET", mend).text
    sent = {"edits": "0", "on": "2020-01-01", "signature": "x"}
    refused = alice.post("porting.submit", 409, sent, **ids(known))
    assert "carriers need a week" in refused.text_of(".field__error")
    assert refused.field("on") == "2020-01-01"
    assert now(known).state is State.DRAFT


def test_a_reason_of_the_old_carrier_leads_to_the_field_and_back(alice, bob, account, draft):
    save(draft, account_number="881002")
    known = advance(send_in(account, draft))
    page = alice.get("porting.show", **ids(known))
    assert "In the carrier's words: PIN or passcode is invalid" in page.text
    link = page.page.select_one("#problems a.btn")
    assert link["href"].endswith("/pages/carrier#pin")
    form = alice.open("GET", link["href"].partition("#")[0])
    assert "Ask it for the PIN" in form.text_of(".field__error")
    assert "Mend it" not in text_of(bob, known)  # an agent sees why, and can't change it


def test_an_agent_sees_how_it_stands_and_changes_nothing(bob, account, draft):
    known = advance(send_in(account, draft))
    assert "The number is here." in text_of(bob, known)
    assert PHONE in bob.get("porting.index", account_id=account.id).text
    bob.post("porting.begin", 403, {"e164": E164}, account_id=account.id)
    bob.post("porting.call_off", 403, {}, **ids(known))


def test_a_number_that_is_not_named_is_asked_for(alice, account, twin):
    reply = alice.post("porting.begin", 400, {}, account_id=account.id)
    assert "no number is named" in reply.text


def test_no_page_shows_what_opens_the_old_account(alice, account, draft):
    opens = ("99177403318", "8312794660318")  # longer than any that stand in an id by chance
    save(draft, account_number=opens[0], pin=opens[1])
    for name in ("carrier", "authority", "letter"):
        page = str(alice.get("porting.edit", name=name, **ids(draft)).page)
        assert [secret for secret in opens if secret in page] == []
    row = db.session.get(PortIn, draft.id)
    assert [secret for secret in opens if secret in repr(vars(row))] == []
    kept = save(draft, account_number="", pin="")  # an empty secret keeps the one there is
    assert (kept.has_account_number, kept.has_pin) == (True, True)


def test_two_editors_notice_each_other(alice, account, draft):
    stale = {**SAID, "edits": "0", "customer_type": "Business", "city": "Evanston"}
    refused = alice.post("porting.save_carrier", 422, stale, **ids(draft))
    assert "saved this since you opened it" in refused.text
    assert refused.field("city") == "Evanston"


def test_nothing_is_brought_to_an_account_that_may_not(alice, northside, twin):
    """B-1, N-7."""
    start = alice.get("porting.index", query={"numbers": E164}, account_id=northside.id)
    assert "You need an active subscription." in start.text
    reply = alice.post("porting.begin", 409, {"e164": E164}, account_id=northside.id)
    assert "You need an active subscription." in reply.text
    assert reply.page.select_one(f'a[href="/accounts/{northside.id}/marketplace"]')


def test_a_stopped_account_sends_nothing_in_and_may_call_off(alice, account, draft):
    """N-7."""
    with unit_of_work():
        accounts.suspend(account.id, "a complaint", SYSTEM)
    day = earliest(utcnow().date() + timedelta(days=1)).isoformat()
    sent = {"edits": str(draft.edits), "on": day, "signature": "Alice Moreno"}
    assert "a complaint" in alice.post("porting.submit", 409, sent, **ids(draft)).text
    alice.post("porting.call_off", 303, {}, **ids(draft))
    known = now(draft)
    assert (known.state, known.has_account_number, known.bill) == (State.CANCELED, False, None)


def test_a_stopped_account_reads_why_before_it_checks_or_signs(alice, account, twin, draft):
    """N-7: on the page, not only in the refusal; and nothing is asked of Twilio."""
    with unit_of_work():
        accounts.suspend(account.id, "a complaint", SYSTEM)
    twin.turn(rate_read_error=1)
    pages = [
        alice.get("porting.index", query={"numbers": E164}, account_id=account.id),
        alice.get("porting.show", **ids(draft)),
        alice.get("porting.edit", **ids(draft), name="letter"),
    ]
    for page in pages:
        assert "This account is suspended (a complaint)" in page.text_of(".notice--warn")
        assert page.page.select_one('.notice--warn a[href$="/appeals"]')
    assert not pages[0].page.select("#check")
    assert "Sign and send in" not in pages[2].texts_of("main button")


def test_the_same_number_is_brought_over_once_at_a_time(alice, mallory, account, lakeview, draft):
    alice.post("porting.begin", 303, {"e164": E164}, account_id=account.id)
    assert len(queries.of_account(account.tenant)) == 1
    second = make_draft(account, "+13125550143")
    assert second.details.customer_name == SAID["customer_name"]


def test_trouble_at_the_check_is_told_with_n_6s_words(alice, account, twin):
    twin.turn(rate_read_error=1)
    reply = alice.get("porting.index", 502, {"numbers": E164}, account_id=account.id)
    assert "Twilio did not answer. Check again in a minute." in reply.text
    again = alice.post("porting.begin", 502, {"e164": E164}, account_id=account.id)
    assert again.page.select_one('textarea[name="numbers"]').text.strip() == E164
    assert "numbers=%2B13125550142" in again.page.select_one('[role="alert"] a')["href"]


def test_what_waits_for_somebody_and_a_day_that_comes_near_are_told_once(
    account, draft, twin, clock
):
    """Waits for its signature on days 4 to 7, is dated on day 12, and moves on day 16."""
    twin.turn(port_seconds=86_400 * 4)
    save(draft, on=(utcnow().date() + timedelta(days=16)).isoformat())
    known = advance(send_in(account, draft))
    for _ in range(17):
        clock.travel(by=timedelta(days=1))
        known = advance(known)
        remind_of_port_ins()
        remind_of_port_ins()
    assert known.state is State.DONE
    titles = [n.title for n in notifications.latest(cast.ALICE) if n.kind == "numbers"]
    day = known.details.day
    assert titles == [
        f"{PHONE} is here",
        f"{PHONE} moves tomorrow",
        f"{PHONE} moves on {day.day} {day:%b}",
        f"{PHONE} waits for somebody to act",
        f"Sign Twilio's letter to move {PHONE}",
    ]
    told = [line.text for line in queries.timeline(known)]
    assert "Twilio mailed its letter to alice@juniper.example to be signed." in told
    assert any(line.startswith("It moves on ") for line in told)


def test_an_account_stopped_after_sending_in_asks_for_no_number(alice, account, draft, twin):
    """N-7: it goes on by itself once the restriction is lifted."""
    send_in(account, draft)
    with unit_of_work():
        accounts.suspend(account.id, "a complaint", SYSTEM)
    known = advance(draft)
    assert (known.state, known.todo[0]) == (State.SENDING, Step.ACCOUNT)
    shown = alice.get("porting.show", **ids(known))
    assert "is suspended (a complaint)" in shown.text
    assert shown.page.select_one('main a[href$="/appeals"]').text == "Open the appeal"


def news(sid, token=None, change=lambda body: body, number=None, status="whatever"):
    body = json.dumps({"port_in_request_sid": sid, "status": status, "phone_number": number})
    digest = hashlib.sha256(body.encode()).hexdigest()
    path = f"/webhooks/twilio/porting?bodySHA256={digest}"
    url = f"{settings().public_url.rstrip('/')}{path}"
    key = (token or settings().twilio_auth_token).encode()
    signature = base64.b64encode(hmac.new(key, url.encode(), hashlib.sha1).digest()).decode()
    headers = {"X-Twilio-Signature": signature, "Content-Type": "application/json"}
    return path, {"data": change(body), "headers": headers}


def test_news_of_a_request_has_it_looked_at(anyone, account, draft, twin):
    twin.turn(port_seconds=3600)
    known = advance(send_in(account, draft))
    assert ring_for_port_ins() == 0
    sid = db.session.get(PortIn, known.id).request_sid
    path, sent = news(sid)
    assert anyone.client.post(path, **sent).status_code == 204
    assert now(known).next_at <= utcnow()
    assert ring_for_port_ins() == 1


def test_news_that_a_number_leaves_has_it_looked_for(anyone, account, draft, twin, clock):
    """N-4: somebody may take a number away without anybody here knowing."""
    known = advance(send_in(account, draft))
    path, sent = news(None, number=E164, status="PortOutPhoneNumberRejected")
    assert anyone.client.post(path, **sent).status_code == 204
    assert numbers.default_sender(account.id).leaving_since is None
    for _ in range(2):
        path, sent = news(None, number=E164)
        assert anyone.client.post(path, **sent).status_code == 204
    titles = [n.title for n in notifications.latest(cast.ALICE) if n.kind == "numbers"]
    assert titles.count(f"Another carrier takes {known.name}") == 1
    assert notice_moved_numbers() == 0  # it is still ours, so it still texts
    twin.post("port-out", number=E164)
    assert notice_moved_numbers() == 0
    clock.travel(by=timedelta(hours=1))
    assert notice_moved_numbers() == 1
    assert numbers.default_sender(account.id) is None


@pytest.mark.parametrize(
    ("sid", "token", "change", "status"),
    [
        ("KW" + "0" * 32, None, str, 204),  # nobody's
        ("KW" + "0" * 32, "another", str, 403),
        ("KW" + "0" * 32, None, lambda body: body + " ", 403),  # not the body that was signed
        ("x", None, str, 400),
        (7, None, str, 400),
    ],
)
def test_news_is_believed_by_its_signature_alone(anyone, account, twin, sid, token, change, status):
    path, sent = news(sid, token, change)
    assert anyone.client.post(path, **sent).status_code == status
    assert anyone.client.post(path.partition("?")[0], **sent).status_code == 403
