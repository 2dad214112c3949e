"""The composer as people use it: S-1, S-5, S-8, S-9, R-6, R-8, K-3, K-4, C-8."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from portal.billing import queries as billing
from portal.consent import queries as consent
from portal.consent.values import Method
from portal.contacts import queries as contacts
from portal.contacts.values import NewNumber
from portal.core.db import unit_of_work
from portal.messaging import queries
from portal.messaging.service import optouts
from portal.messaging.values import State
from portal.texting_accounts import service as accounts
from tests.factories.contacts import make_contact
from tests.factories.messaging import (
    ALICE_ACTS,
    agree,
    make_recipient,
    make_recipients,
    texts,
)
from tests.factories.messaging import make_ready as make_account_ready

HI = "Hi {first_name}, open house on Saturday at 2."


@pytest.fixture
def ready(northside):
    return make_account_ready(northside)  # a plan with 500 credits and a number


@pytest.fixture
def compose(alice, northside):
    """Start a draft as the contact list's button does; return what further posts need."""

    def start(people=(), body=None, browser=alice, **fields):
        data = {"ids": [str(p.contact.id) for p in people], **fields}
        if body is not None:
            data["body"] = body
        reply = browser.post("messaging.start_draft", 303, data=data, account_id=northside.id)
        return {"account_id": northside.id, "draft_id": UUID(reply.location.split("/")[-1])}

    return start


def press(browser, do, status, data, **where):
    """Press one of the composer's buttons."""
    return browser.post("messaging.save_draft", status, data={**data, "do": do}, **where)


def total(reply):
    return reply.text_of(".coststrip__cell--total dd")


def cells(reply):
    return dict(zip(reply.texts_of(".coststrip dt"), reply.texts_of(".coststrip dd"), strict=True))


def buttons(reply):
    return reply.texts_of("#actions .btn")


def fates(reply):
    return [int(n) for n in reply.texts_of(".gates__total dd")]


def draft_of(alice, northside, where):
    return queries.draft(northside.tenant, where["draft_id"], alice.user_id)


# Pages and roles ----------------------------------------------------------------------------------------------------


def test_an_empty_page_tells_how_to_begin(alice, northside, ready):
    reply = alice.get("messaging.compose", account_id=northside.id)
    assert "Nobody yet" in reply.text
    assert "Only text people who agreed" in reply.text  # M-5
    assert "$500" in reply.text
    assert buttons(reply) == ["Calculate Cost", "Verify & Send"]


@pytest.mark.parametrize(
    ("who", "status"), [("alice", 200), ("bob", 200), ("vera", 403), ("mallory", 404)]
)
def test_who_may_compose(request, northside, who, status):
    person = request.getfixturevalue(who)
    person.get("messaging.compose", status, account_id=northside.id)


def test_a_draft_is_its_authors_own(alice, bob, northside, ready, compose):
    where = compose(make_recipients(northside, 1))
    bob.get("messaging.compose", 404, **where)
    bob.post("messaging.save_draft", 404, data={"body": "mine"}, **where)


def test_without_a_plan_the_page_says_why_and_leads_to_the_marketplace(alice, northside, compose):
    """B-1: the exact sentence and a link."""
    where = compose([make_recipient(northside)], HI)
    reply = alice.get("messaging.compose", **where)
    assert "You need an active subscription." in reply.text
    refused = reply.page.select_one("#actions [aria-disabled]")
    assert refused.get_text(strip=True) == "Verify & Send"
    assert reply.page.select_one(f"a[href='/accounts/{northside.id}/marketplace']")
    assert press(alice, "send", 303, data={"body": HI}, **where)  # shows the cost first
    reply = press(alice, "send", 409, data={"body": HI}, **where)
    assert "You need an active subscription." in reply.text
    assert texts(northside) == []


# Who gets it --------------------------------------------------------------------------------------------------------


def test_the_contact_lists_button_brings_everybody_who_matches(alice, northside, ready):
    people = make_recipients(northside, 3, state="TX")
    make_recipient(northside, number="+13125570000", state="IL")
    data = {"all_matching": "1", "state": "TX"}
    reply = alice.post("messaging.start_draft", 303, data=data, account_id=northside.id)
    page = alice.follow(reply)
    assert page.text_of("#recipients .panel__note") == "3 selected, filter “TX”"
    assert sorted(page.texts_of(".recipient__name")) == sorted(p.contact.full_name for p in people)


def test_nobody_selected_is_said(alice, northside):
    reply = alice.post("messaging.start_draft", 400, data={}, account_id=northside.id)
    assert "Nobody is selected." in reply.text


def test_marks_say_why_and_go_away_with_x(alice, northside, ready, compose):
    """K-3: globe, N/A, opted out, no consent; each with its reason; each removable."""
    fine = make_recipient(northside, first_name="Fay")
    out = make_recipient(northside, first_name="Otto")
    unasked = make_recipient(northside, first_name="Una", method=None)
    nobody = make_recipient(northside, number="", first_name="Nell", email="n@example.com")
    abroad = make_recipient(northside, number="+442079460142", first_name="Imogen")
    with unit_of_work():
        optouts.opt_out(
            northside.tenant, out.number.e164, source="staff", details="call", actor=ALICE_ACTS
        )
    people = [fine, out, unasked, nobody, abroad]
    where = compose(people, HI)
    reply = alice.get("messaging.compose", **where)
    marks = {
        chip.select_one(".recipient__name").get_text(): chip.select_one(".recipient__mark")
        for chip in reply.page.select(".recipient")
    }
    said = {
        name.split()[0]: mark.get_text(" ", strip=True) if mark else None
        for name, mark in marks.items()
    }
    assert said["Fay"] is None
    assert "Opted out" in said["Otto"]
    assert "Only they can opt in again" in said["Otto"]
    assert "No consent" in said["Una"]
    assert "N/A" in said["Nell"]
    assert "Country off" in said["Imogen"]
    assert fates(reply) == [1, 0, 4]
    assert "Remove Otto Diaz" in reply.text

    reply = alice.htmx.post(
        "messaging.save_draft",
        200,
        data={"body": "Typed since", "remove": str(out.contact.id)},
        **where,
    )
    assert reply.is_partial
    assert "Otto" not in reply.text_of("#recipient-list")
    assert reply.field("body") == "Typed since"


def test_a_long_list_shows_a_dozen_and_pages_the_rest(alice, northside, ready, compose):
    where = compose(make_recipients(northside, 140), HI)
    reply = alice.get("messaging.compose", **where)
    assert len(reply.page.select(".recipient__name")) == 12
    assert "128 more" in reply.text
    reply = alice.post("messaging.save_draft", 303, data={"body": HI, "people": "all"}, **where)
    page = alice.follow(reply)
    assert len(page.page.select(".recipient__name")) == 120
    assert "1 to 120 of 140" in page.text
    reply = alice.post(
        "messaging.save_draft", 303, data={"body": HI, "people": "all", "start": "120"}, **where
    )
    assert len(alice.follow(reply).page.select(".recipient__name")) == 20


def test_another_of_several_numbers_can_be_chosen(alice, northside, ready, compose):
    """K-2"""
    contact = make_contact(
        northside, numbers=(NewNumber("+13125551111", "Mobile"), NewNumber("+13125552222", "Work"))
    )
    for number in contact.numbers:
        agree(northside, number.e164)
    data = {"ids": str(contact.id)}
    reply = alice.post("messaging.start_draft", 303, data=data, account_id=northside.id)
    where = {"account_id": northside.id, "draft_id": UUID(reply.location.split("/")[-1])}
    field, other = f"number-{contact.id}", str(contact.numbers[1].id)
    assert alice.get("messaging.compose", **where).field(field) == str(contact.numbers[0].id)
    alice.post("messaging.save_draft", 303, data={"body": "Hi", field: other}, **where)
    reply = alice.get("messaging.compose", **where)
    assert reply.field(field) == other
    assert "(312) 555-2222: 1 credit" in reply.text_of("#preview-panel")


def test_people_are_found_and_added_by_name_number_and_tag(alice, northside, ready, compose):
    carol = make_recipient(northside, first_name="Carolina", tags=("Buyer",))
    make_recipient(northside, first_name="Bert", tags=("Buyer",))
    where = compose([], "Hello")
    reply = alice.htmx.get("messaging.find_people", query={"find": "carol"}, **where)
    assert "Carolina Diaz" in reply.text
    assert reply.is_partial
    # without script: the form keeps the text and shows what was found
    reply = alice.post(
        "messaging.save_draft", 303, data={"body": "Hello you", "find": "buyer"}, **where
    )
    page = alice.follow(reply)
    assert page.field("body") == "Hello you"
    assert "Add 2 people tagged Buyer" in page.text
    alice.post("messaging.save_draft", 303, data={"add": str(carol.contact.id)}, **where)
    assert draft_of(alice, northside, where).contact_ids == (carol.contact.id,)
    assert draft_of(alice, northside, where).body == "Hello you"
    alice.post("messaging.save_draft", 303, data={"add_tag": "Buyer"}, **where)
    assert len(draft_of(alice, northside, where).contact_ids) == 2
    page = alice.follow(
        alice.post("messaging.save_draft", 303, data={"find": "(312) 555-9876"}, **where)
    )
    assert "Add as a new contact" in page.text
    alice.post("messaging.save_draft", 303, data={"add_number": "+13125559876"}, **where)
    assert len(draft_of(alice, northside, where).contact_ids) == 3
    assert "+13125559876" in contacts.by_numbers(northside.tenant, ["+13125559876"])


def test_a_person_of_another_organization_cannot_be_added(
    alice, northside, lakeview, ready, compose
):
    stranger = make_contact(lakeview)
    where = compose([], "Hello")
    alice.post("messaging.save_draft", 303, data={"add": str(stranger.id)}, **where)
    assert draft_of(alice, northside, where).contact_ids == ()


@pytest.mark.parametrize("data", [{"add": "x"}, {"remove": "1 OR 1=1"}])
def test_a_damaged_id_is_refused_and_the_text_kept(alice, northside, ready, compose, data):
    where = compose([], "Hello")
    reply = alice.post("messaging.save_draft", 400, data={"body": "Kept", **data}, **where)
    assert "Choose the person again" in reply.text
    assert draft_of(alice, northside, where).body == "Kept"


# What it costs ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "left", "encoding", "segments", "each", "whole"),
    [
        ("a" * 160, 0, "GSM-7", 1, 1, 3),
        ("a" * 161, 159, "GSM-7", 2, 2, 6),
        ("a" * 300, 20, "GSM-7", 2, 2, 6),
        ("€" * 80, 0, "GSM-7", 1, 1, 3),  # an extension character counts 2
        ("ё" * 70, 0, "UCS-2", 1, 1, 3),
        ("ё" * 71, 69, "UCS-2", 2, 2, 6),
        ("ё" * 140, 0, "UCS-2", 3, 2, 6),  # segments and credits differ; both are shown
        ("😀" * 35, 0, "UCS-2", 1, 1, 3),
    ],
    ids=[
        "R-1",
        "R-1 over",
        "R-4",
        "R-4 extension",
        "R-1 special",
        "R-1 special over",
        "R-5",
        "emoji",
    ],
)
def test_the_cost_strip(
    alice, northside, ready, compose, body, left, encoding, segments, each, whole
):
    """R-1, R-4, R-5, R-6, by hand, for three people at home."""
    where = compose(make_recipients(northside, 3))
    reply = alice.htmx.post("messaging.measure", 200, data={"body": body}, **where)
    assert reply.is_partial
    assert cells(reply) == {
        "Characters left": f"{left}",
        "Encoding": encoding,
        "Segments each": f"{segments}",
        "Credits each": f"{each}",
        "Credits in all": f"{whole}",
    }
    assert draft_of(alice, northside, where).body == body  # typing is kept as well


def test_foreign_people_cost_double_and_stand_in_a_class_of_their_own(
    alice, northside, ready, compose
):
    """R-2, R-8"""
    from portal.messaging.service import limits

    with unit_of_work():
        limits.allow_country(northside, 44, actor=ALICE_ACTS)
    people = [*make_recipients(northside, 2), make_recipient(northside, number="+447911123456")]
    where = compose(people)
    body = "a" * 200  # 2 units: 2 + 2 credits at home, 4 abroad
    page = alice.follow(press(alice, "cost", 303, data={"body": body}, **where))
    assert total(page) == "8"
    rows = page.texts_of("#cost-table tbody tr")
    assert rows == [
        "United States, Canada and Caribbean 2 segments each 2 2 4",
        "Other countries 2 segments each 1 4 4",
    ]
    assert page.text_of("#whole-sum") == "8"


def test_what_forced_the_dear_alphabet_is_named_and_replaced_in_one_click(
    alice, northside, ready, compose
):
    """R-6"""
    body = "It’s open – Saturday 1–3 pm. " + "x" * 60
    where = compose(make_recipients(northside, 3), body)
    reply = alice.get("messaging.compose", **where)
    assert reply.texts_of(".char") == ["’", "–"]
    assert reply.text_of(".coststrip__why button") == "Use ' and - (saves 3)"
    reply = alice.post("messaging.save_draft", 303, data={"body": body, "replace": "1"}, **where)
    page = alice.follow(reply)
    assert page.field("body") == "It's open - Saturday 1-3 pm. " + "x" * 60
    assert total(page) == "3"


def test_line_breaks_count_once(alice, northside, ready, compose):
    where = compose(make_recipients(northside, 1))
    reply = alice.htmx.post(
        "messaging.measure", data={"body": "a" * 80 + "\r\n" + "b" * 79}, **where
    )
    assert cells(reply)["Characters left"] == "0"


def test_measuring_without_a_draft_counts_the_text_alone(alice, northside, ready):
    reply = alice.htmx.post("messaging.measure", data={"body": "a" * 161}, account_id=northside.id)
    assert cells(reply)["Credits each"] == "2"


@pytest.mark.parametrize("body", ["Hi {first", "Hi }", "Hi {shoe_size}", "{}"])
def test_a_half_typed_field_is_a_hint_while_typing_and_an_error_when_sent(
    alice, northside, ready, compose, body
):
    where = compose(make_recipients(northside, 2))
    reply = alice.htmx.post("messaging.measure", 200, data={"body": body}, **where)
    assert "Character " in reply.text_of("#fault")
    reply = press(alice, "cost", 422, data={"body": body}, **where)
    assert "Character " in reply.text_of("#body-error")
    assert reply.field("body") == body


def test_limits_and_credits_are_shown_before_and_after(alice, northside, ready, compose):
    """S-1, S-5: 3 people, 2 segments and 2 credits each."""
    where = compose(make_recipients(northside, 3), "a" * 161)
    meters = alice.get("messaging.compose", **where).texts_of("#limits .meter")
    assert meters[0] == "People today 3 of 200 0 before, 3 more. 197 left until midnight."
    assert meters[1] == "Segments today 6 of 2,000 0 before, 6 more."
    assert meters[2] == "Credits 500 now, 494 after 6 for this send."


# R-8 ----------------------------------------------------------------------------------------------------------------


def test_the_button_says_send_only_when_the_cost_is_known(alice, northside, ready, compose):
    """R-8: for exactly this text and these recipients."""
    people = make_recipients(northside, 3)
    where = compose(people, HI)
    assert buttons(alice.get("messaging.compose", **where)) == ["Calculate Cost", "Verify & Send"]
    page = alice.follow(press(alice, "cost", 303, data={"body": HI}, **where))
    assert buttons(page) == ["Calculate Cost", "Send"]
    typed = alice.htmx.post("messaging.measure", data={"body": HI + "!"}, **where)
    assert buttons(typed) == ["Calculate Cost", "Verify & Send"]
    back = alice.htmx.post("messaging.measure", data={"body": HI}, **where)
    assert buttons(back) == ["Calculate Cost", "Send"]
    data = {"body": HI, "remove": str(people[0].contact.id)}
    fewer = alice.htmx.post("messaging.save_draft", data=data, **where)
    assert buttons(fewer) == ["Calculate Cost", "Verify & Send"]


def test_verify_and_send_shows_the_cost_first(alice, northside, ready, compose):
    where = compose(make_recipients(northside, 3), HI)
    page = alice.follow(press(alice, "send", 303, data={"body": HI}, **where))
    assert texts(northside) == []
    assert "This is the whole cost." in page.text
    assert page.text_of("#whole-sum") == "3"
    assert buttons(page) == ["Calculate Cost", "Send"]


def test_send_after_a_change_shows_the_new_cost_and_sends_nothing(alice, northside, ready, compose):
    """Without script the button still says Send while the text changed under it."""
    where = compose(make_recipients(northside, 3), HI)
    press(alice, "cost", 303, data={"body": HI}, **where)
    page = alice.follow(press(alice, "send", 303, data={"body": "a" * 161}, **where))
    assert texts(northside) == []
    assert "Something changed since the cost was shown." in page.text
    assert page.text_of("#whole-sum") == "6"


def test_from_the_list_to_queued_without_script(alice, northside, ready, compose):
    """S-1, R-8: select, write, verify, send; 3 texts of 1 credit."""
    where = compose(make_recipients(northside, 3))
    page = alice.get("messaging.compose", **where)
    form = {"nonce": page.field("nonce"), "body": HI, "name": "Saturday"}
    page = alice.follow(press(alice, "send", 303, data=form, **where))
    reply = press(alice, "send", 303, data=form, **where)
    page = alice.follow(reply)
    assert page.text_of("h1") == "Saturday"
    assert [t.state for t in texts(northside)] == [State.QUEUED] * 3
    assert {t.body for t in texts(northside)} == {
        f"Hi P{n}, open house on Saturday at 2." for n in range(3)
    }
    assert billing.balance(northside.id).reserved == 3
    assert billing.balance(northside.id).available == 497
    alice.get("messaging.compose", 404, **where)  # the draft has become the campaign


def test_the_second_of_two_clicks_finds_the_first_send(alice, northside, ready, compose):
    where = compose(make_recipients(northside, 2))
    nonce = alice.get("messaging.compose", **where).field("nonce")
    form = {"nonce": nonce, "body": HI}
    press(alice, "cost", 303, data=form, **where)
    first = press(alice, "send", 303, data=form, **where)
    second = press(alice, "send", 303, data=form, **where)
    assert first.location == second.location
    assert len(texts(northside)) == 2


def test_a_strangers_nonce_finds_nothing(alice, bob, northside, ready, compose):
    where = compose(make_recipients(northside, 2))
    form = {"nonce": alice.get("messaging.compose", **where).field("nonce"), "body": HI}
    press(alice, "cost", 303, data=form, **where)
    press(alice, "send", 303, data=form, **where)
    press(bob, "send", 404, data=form, **where)


def test_one_text_leads_to_its_conversation(alice, northside, ready, compose):
    where = compose([make_recipient(northside)])
    press(alice, "cost", 303, data={"body": "Hi"}, **where)
    reply = press(alice, "send", 303, data={"body": "Hi"}, **where)
    assert alice.follow(reply).status == 200
    assert "/conversations/" in reply.location or "/campaigns/" not in reply.location


def test_a_purchase_that_is_short_says_by_how_much_and_where_to_buy(
    alice, northside, ready, compose
):
    """PROMISES 3.2: everything or nothing, with the exact shortfall: 4 x 126 = 504, 500 are there."""
    body = "a" * 160 * 50
    where = compose(make_recipients(northside, 11), body)  # 50 credits each: 550
    page = alice.follow(press(alice, "cost", 303, data={"body": body}, **where))
    assert page.text_of("#refused") == "50 credits short"
    assert page.page.select_one("#actions [aria-disabled]").get_text(strip=True) == "Send"
    reply = press(alice, "send", 409, data={"body": body}, **where)
    assert "This needs 550 credits and 500 credits are left." in reply.text
    assert "50 credits short" in reply.text_of(".notice--bad")
    assert reply.page.select_one(f".notice--bad a[href='/accounts/{northside.id}/marketplace']")
    assert reply.field("body") == body
    assert texts(northside) == []


# Nothing is lost ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["cost", "send"])
def test_an_empty_text_is_refused_beside_the_field(alice, northside, ready, compose, verb):
    where = compose(make_recipients(northside, 2))
    data = {"body": "  ", "name": "Kept"}
    reply = press(alice, verb, 422, data=data, **where)
    assert reply.text_of("#body-error") == "Write a text first."
    assert reply.field("name") == "Kept"


@pytest.mark.parametrize("verb", ["cost", "send"])
def test_nobody_chosen_is_refused_beside_the_search(alice, northside, ready, compose, verb):
    where = compose([], "Hello there")
    reply = press(alice, verb, 422, data={"body": "Hello there"}, **where)
    assert reply.text_of("#find-error") == "Choose who gets this text."
    assert reply.field("body") == "Hello there"


def test_a_text_that_is_far_too_long_is_kept_and_refused(alice, northside, ready, compose):
    where = compose(make_recipients(northside, 2))
    body = "a" * 8_001
    reply = press(alice, "cost", 422, data={"body": body}, **where)
    assert "8,001 characters" in reply.text_of("#body-error")
    assert reply.field("body") == body


def test_a_first_thing_typed_on_an_empty_page_is_a_draft(alice, northside, ready):
    make_recipient(northside, first_name="Carolina")
    reply = alice.post(
        "messaging.start_draft",
        303,
        data={"body": "Typed first", "find": "carol"},
        account_id=northside.id,
    )
    page = alice.follow(reply)
    assert page.field("body") == "Typed first"
    assert "Carolina" in page.text_of("#found-people")
    listed = alice.get("messaging.compose", account_id=northside.id)
    assert "Typed first" in listed.text_of("#drafts-panel")


def test_calculating_from_an_empty_page_keeps_the_text_and_asks_for_people(alice, northside, ready):
    reply = alice.htmx.post(
        "messaging.start_draft",
        422,
        data={"body": "Typed first", "do": "cost"},
        account_id=northside.id,
    )
    assert reply.text_of("#find-error") == "Choose who gets this text."
    assert "/texts/drafts/" in reply.headers["HX-Push-Url"]


def test_a_draft_can_be_thrown_away(alice, northside, ready, compose):
    where = compose(make_recipients(northside, 1), "Never mind")
    alice.post("messaging.discard", 303, **where)
    alice.get("messaging.compose", 404, **where)


def test_control_characters_and_bad_options_do_no_harm(alice, northside, ready, compose):
    where = compose(make_recipients(northside, 1))
    data = {
        "body": "Hi\0 there",
        "missing": "nonsense",
        "over_limit": "x",
        "when": "never",
        "preview": "nobody",
        f"number-{uuid4()}": str(uuid4()),
        "number-x": "y",
    }
    alice.post("messaging.save_draft", 303, data=data, **where)
    reply = alice.get(
        "messaging.compose", query={"people": "x", "start": "-1", "find": "\0"}, **where
    )
    assert reply.field("body") == "Hi there"


# Merge fields -------------------------------------------------------------------------------------------------------


def test_the_preview_is_the_merged_text_of_the_person_chosen(alice, northside, ready, compose):
    """S-9, S-3"""
    people = make_recipients(northside, 3)
    where = compose(people, HI)
    reply = alice.get("messaging.compose", **where)
    shown = reply.texts_of(".phone .chat__bubble")
    assert shown[0] == "Hi P0, open house on Saturday at 2."
    assert "Reply STOP to unsubscribe" in shown[1]  # the free notice after a first text
    data = {"body": HI, "preview": str(people[2].contact.id)}
    reply = alice.htmx.post("messaging.measure", data=data, **where)
    assert reply.texts_of(".phone .chat__bubble")[0] == "Hi P2, open house on Saturday at 2."


def test_a_missing_value_blocks_or_falls_back_as_chosen(alice, northside, ready, compose):
    """S-9"""
    people = make_recipients(northside, 2)
    nameless = make_recipient(northside, first_name="", last_name="", number="+13125590001")
    where = compose([*people, nameless], HI)
    reply = alice.get("messaging.compose", **where)
    assert fates(reply) == [2, 0, 1]
    assert "1 person on this list lacks a value" in reply.text
    data = {"body": HI, "missing": "fallback"}
    page = alice.follow(alice.post("messaging.save_draft", 303, data=data, **where))
    assert fates(page) == [3, 0, 0]
    assert page.field("fallback_first_name") == "there"
    data |= {"fallback_first_name": "neighbor", "preview": str(nameless.contact.id)}
    page = alice.follow(alice.post("messaging.save_draft", 303, data=data, **where))
    assert page.texts_of(".phone .chat__bubble")[0] == "Hi neighbor, open house on Saturday at 2."


# Daily limits -------------------------------------------------------------------------------------------------------


@pytest.fixture
def tight(northside, ready):
    """Three people a day."""
    with unit_of_work():
        return accounts.set_limits(
            northside.id, daily_recipients=3, daily_segments=100, note="test", actor=ALICE_ACTS
        )


def test_a_send_beyond_the_limit_asks_trim_or_spread(alice, northside, tight, compose):
    """RULINGS 16"""
    where = compose(make_recipients(northside, 5), HI)
    page = alice.follow(press(alice, "cost", 303, data={"body": HI}, **where))
    assert "2 people are beyond the day's limits" in page.text
    assert "3 on Mon 2 Mar, 2 on Tue 3 Mar" in page.text
    reply = press(alice, "send", 422, data={"body": HI}, **where)
    assert "Choose to leave them out" in reply.text_of("#over_limit-error")
    assert texts(northside) == []


@pytest.mark.parametrize(
    ("choice", "fate", "cost"), [("trim", [3, 0, 2], "3"), ("spread", [3, 2, 0], "5")]
)
def test_trim_leaves_out_and_spread_sets_days(alice, northside, tight, compose, choice, fate, cost):
    where = compose(make_recipients(northside, 5), HI)
    data = {"body": HI, "over_limit": choice}
    page = alice.follow(press(alice, "cost", 303, data=data, **where))
    assert fates(page) == fate
    assert page.text_of("#whole-sum") == cost
    press(alice, "send", 303, data=data, **where)
    states = [t.state for t in texts(northside)]
    rest = State.BLOCKED if choice == "trim" else State.HELD
    assert states == [State.QUEUED] * 3 + [rest] * 2
    assert billing.balance(northside.id).reserved == int(cost)


# Scheduling ---------------------------------------------------------------------------------------------------------


def test_a_text_can_be_scheduled_in_the_accounts_zone(alice, northside, ready, compose):
    """S-8: noon on 2 March in Chicago is now; 9:30 next day there is 15:30 UTC."""
    where = compose(make_recipients(northside, 2), HI)
    data = {"body": HI, "when": "later", "send_date": "2026-03-03", "send_time": "09:30"}
    page = alice.follow(press(alice, "cost", 303, data=data, **where))
    assert "Go then" in page.text
    reply = press(alice, "send", 303, data=data, **where)
    assert "Scheduled" in alice.follow(reply).text
    assert {t.not_before.isoformat() for t in texts(northside)} == {"2026-03-03T15:30:00+00:00"}


@pytest.mark.parametrize(
    ("day", "at", "field", "says"),
    [
        ("2026-03-02", "11:59", "send_time", "has passed"),
        ("2020-01-01", "09:00", "send_time", "has passed"),
        ("2026-03-08", "02:30", "send_time", "no such time"),  # the clocks go forward
        ("", "09:00", "send_date", "Choose the day"),
        ("2026-13-01", "09:00", "send_date", "Choose the day"),
        ("2026-03-03", "", "send_time", "Choose the time"),
        ("2026-03-03", "25:00", "send_time", "Choose the time"),
        ("2029-03-03", "09:00", "send_date", "within the next year"),
    ],
)
def test_a_time_that_cannot_be_is_refused_beside_its_field(
    alice, northside, ready, compose, day, at, field, says
):
    where = compose(make_recipients(northside, 2), HI)
    data = {"body": HI, "when": "later", "send_date": day, "send_time": at}
    reply = press(alice, "cost", 422, data=data, **where)
    assert says in reply.text_of(f"#{field}-error")
    assert reply.field("send_date") == day
    assert reply.field("send_time") == at


def test_a_time_that_passes_while_one_thinks_is_refused_at_send(
    alice, northside, ready, compose, clock
):
    where = compose(make_recipients(northside, 2), HI)
    data = {"body": HI, "when": "later", "send_date": "2026-03-02", "send_time": "12:10"}
    press(alice, "cost", 303, data=data, **where)
    clock.travel(by=timedelta(minutes=15))
    reply = press(alice, "send", 422, data=data, **where)
    assert "has passed" in reply.text_of("#send_time-error")


# Agent-stated consent -----------------------------------------------------------------------------------------------


def test_one_person_without_a_record_is_asked_about_and_recorded_in_one_click(
    alice, northside, ready, compose
):
    """C-8"""
    una = make_recipient(northside, first_name="Una", method=None)
    where = compose([una], "Hi Una, the papers are ready.")
    reply = alice.get("messaging.compose", **where)
    assert reply.text_of("#ask-consent h2") == "How did Una Diaz agree?"
    data = {"body": "Hi Una, the papers are here.", "how": "x"}
    reply = alice.post("messaging.state_consent", 422, data=data, **where)
    assert "in a few words" in reply.text_of("#how-error")
    assert reply.field("body") == "Hi Una, the papers are here."
    data |= {"how": "Told me at the open house", "agreed_on": "2026-02-28"}
    page = alice.follow(alice.post("messaging.state_consent", 303, data=data, **where))
    assert "Recorded as agent-stated" in page.text
    assert not page.page.select("#ask-consent")
    assert fates(page) == [1, 0, 0]
    assert page.field("body") == "Hi Una, the papers are here."
    [record] = consent.records(northside.tenant, una.number.e164)
    assert record.method is Method.AGENT_STATED
    assert record.method_details == "Told me at the open house"
    assert record.given_at.isoformat() == "2026-02-28T18:00:00+00:00"


@pytest.mark.parametrize("day", ["2026-03-03", "yesterday", "0001-01-01"])
def test_a_day_of_agreement_that_cannot_be(alice, northside, ready, compose, day):
    where = compose([make_recipient(northside, method=None)], "Hi")
    data = {"body": "Hi", "how": "Told me by phone", "agreed_on": day}
    reply = alice.post("messaging.state_consent", 422, data=data, **where)
    assert reply.text_of("#agreed_on-error")


def test_many_people_are_not_asked_about(alice, northside, ready, compose):
    people = [make_recipient(northside, method=None) for _ in range(2)]
    where = compose(people, "Hi")
    assert not alice.get("messaging.compose", **where).page.select("#ask-consent")
    data = {"how": "They all said yes"}
    alice.post("messaging.state_consent", 400, data=data, **where)


def test_somebody_who_opted_out_is_not_asked_about(alice, northside, ready, compose):
    una = make_recipient(northside)
    with unit_of_work():
        optouts.opt_out(
            northside.tenant, una.number.e164, source="staff", details="call", actor=ALICE_ACTS
        )
    where = compose([una], "Hi")
    assert not alice.get("messaging.compose", **where).page.select("#ask-consent")


# Long lists and the contact list ------------------------------------------------------------------------------------


def test_a_very_long_list_is_reckoned_when_asked(alice, northside, ready, compose, monkeypatch):
    monkeypatch.setattr("portal.messaging.views.sheet.LIVE_MOST", 4)
    where = compose(make_recipients(northside, 6), HI)
    reply = alice.get("messaging.compose", **where)
    assert "check 6 people against every rule" in reply.text
    assert total(reply) == "about 6"
    page = alice.follow(press(alice, "cost", 303, data={"body": HI}, **where))
    assert page.text_of("#whole-sum") == "6"
    assert fates(page) == [6, 0, 0]


def test_the_contact_list_shows_what_consent_says(alice, northside, ready):
    """K-3"""
    out = make_recipient(northside, first_name="Otto")
    make_recipient(northside, first_name="Una", method=None)
    make_recipient(northside, first_name="Fay")
    with unit_of_work():
        optouts.opt_out(
            northside.tenant, out.number.e164, source="staff", details="call", actor=ALICE_ACTS
        )
    reply = alice.get("contacts.index", account_id=northside.id)
    rows = {
        row.select_one(".datatable__name").get_text(): row.get_text(" ", strip=True)
        for row in reply.page.select("tbody tr")
    }
    assert "Opted out" in rows["Diaz, Otto"]
    assert "No consent" in rows["Diaz, Una"]
    assert "No consent" not in rows["Diaz, Fay"]
