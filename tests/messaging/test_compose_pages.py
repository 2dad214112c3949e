"""The composer: its page, its people, nothing lost (S-1, K-2 to K-4, M-5)."""

from uuid import uuid4

import pytest

from portal.contacts import queries as contacts
from portal.contacts.values import NewNumber
from tests.factories.contacts import make_contact
from tests.factories.messaging import agree, make_recipient, make_recipients, texts
from tests.messaging.composer import HI, Composer, buttons, fates, press, stop, total


@pytest.fixture
def compose(alice, northside):
    return Composer(alice, northside)


# Pages and roles ----------------------------------------------------------------------------------------------------


def test_an_empty_page_tells_how_to_begin(alice, northside, sender):
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


def test_a_draft_is_its_authors_own(alice, bob, northside, sender, compose):
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


def test_the_contact_lists_button_brings_everybody_who_matches(alice, northside, sender):
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


def test_marks_say_why_and_go_away_with_x(alice, northside, sender, compose):
    """K-3: globe, N/A, opted out, no consent; each with its reason; each removable."""
    fine = make_recipient(northside, first_name="Fay")
    out = make_recipient(northside, first_name="Otto")
    unasked = make_recipient(northside, first_name="Una", method=None)
    nobody = make_recipient(northside, number="", first_name="Nell", email="n@example.com")
    abroad = make_recipient(northside, number="+442079460142", first_name="Imogen")
    stop(northside, out)
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


def test_a_long_list_shows_a_dozen_and_pages_the_rest(
    alice, northside, sender, compose, monkeypatch
):
    monkeypatch.setattr("portal.messaging.views.chips.PER_PAGE", 15)
    where = compose(make_recipients(northside, 20), HI)
    reply = alice.get("messaging.compose", **where)
    assert len(reply.page.select(".recipient__name")) == 12
    assert "8 more" in reply.text
    reply = alice.post("messaging.save_draft", 303, data={"body": HI, "people": "all"}, **where)
    page = alice.follow(reply)
    assert len(page.page.select(".recipient__name")) == 15
    assert "1 to 15 of 20" in page.text
    reply = alice.post(
        "messaging.save_draft", 303, data={"body": HI, "people": "all", "start": "15"}, **where
    )
    assert len(alice.follow(reply).page.select(".recipient__name")) == 5


def test_another_of_several_numbers_can_be_chosen(alice, northside, sender, compose):
    """K-2"""
    contact = make_contact(
        northside, numbers=(NewNumber("+13125551111", "Mobile"), NewNumber("+13125552222", "Work"))
    )
    for number in contact.numbers:
        agree(northside, number.e164)
    data = {"ids": str(contact.id)}
    reply = alice.post("messaging.start_draft", 303, data=data, account_id=northside.id)
    where = compose.follow(reply)
    field, other = f"number-{contact.id}", str(contact.numbers[1].id)
    assert alice.get("messaging.compose", **where).field(field) == str(contact.numbers[0].id)
    alice.post("messaging.save_draft", 303, data={"body": "Hi", field: other}, **where)
    reply = alice.get("messaging.compose", **where)
    assert reply.field(field) == other
    assert "(312) 555-2222: 1 credit" in reply.text_of("#preview-panel")


def test_people_are_found_and_added_by_name_number_and_tag(alice, northside, sender, compose):
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
    assert compose.draft(where).contact_ids == (carol.contact.id,)
    assert compose.draft(where).body == "Hello you"
    alice.post("messaging.save_draft", 303, data={"add_tag": "Buyer"}, **where)
    assert len(compose.draft(where).contact_ids) == 2
    page = alice.follow(
        alice.post("messaging.save_draft", 303, data={"find": "(312) 555-9876"}, **where)
    )
    assert "Add as a new contact" in page.text
    alice.post("messaging.save_draft", 303, data={"add_number": "+13125559876"}, **where)
    assert len(compose.draft(where).contact_ids) == 3
    assert "+13125559876" in contacts.by_numbers(northside.tenant, ["+13125559876"])


def test_a_person_of_another_organization_cannot_be_added(
    alice, northside, lakeview, sender, compose
):
    stranger = make_contact(lakeview)
    where = compose([], "Hello")
    alice.post("messaging.save_draft", 303, data={"add": str(stranger.id)}, **where)
    assert compose.draft(where).contact_ids == ()


@pytest.mark.parametrize("data", [{"add": "x"}, {"remove": "1 OR 1=1"}])
def test_a_damaged_id_is_refused_and_the_text_kept(alice, northside, sender, compose, data):
    where = compose([], "Hello")
    reply = alice.post("messaging.save_draft", 400, data={"body": "Kept", **data}, **where)
    assert "Choose the person again" in reply.text
    assert compose.draft(where).body == "Kept"


# Nothing is lost ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["cost", "send"])
def test_an_empty_text_is_refused_beside_the_field(alice, northside, sender, compose, verb):
    where = compose(make_recipients(northside, 2))
    data = {"body": "  ", "name": "Kept"}
    reply = press(alice, verb, 422, data=data, **where)
    assert reply.text_of("#body-error") == "Write a text first."
    assert reply.field("name") == "Kept"


@pytest.mark.parametrize("verb", ["cost", "send"])
def test_nobody_chosen_is_refused_beside_the_search(alice, northside, sender, compose, verb):
    where = compose([], "Hello there")
    reply = press(alice, verb, 422, data={"body": "Hello there"}, **where)
    assert reply.text_of("#find-error") == "Choose who gets this text."
    assert reply.field("body") == "Hello there"


def test_a_text_that_is_far_too_long_is_kept_and_refused(alice, northside, sender, compose):
    where = compose(make_recipients(northside, 2))
    body = "a" * 8_001
    reply = press(alice, "cost", 422, data={"body": body}, **where)
    assert "8,001 characters" in reply.text_of("#body-error")
    assert reply.field("body") == body


def test_a_first_thing_typed_on_an_empty_page_is_a_draft(alice, northside, sender):
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


def test_calculating_from_an_empty_page_keeps_the_text_and_asks_for_people(
    alice, northside, sender
):
    reply = alice.htmx.post(
        "messaging.start_draft",
        422,
        data={"body": "Typed first", "do": "cost"},
        account_id=northside.id,
    )
    assert reply.text_of("#find-error") == "Choose who gets this text."
    assert "/texts/drafts/" in reply.headers["HX-Push-Url"]


def test_a_draft_can_be_thrown_away(alice, northside, sender, compose):
    where = compose(make_recipients(northside, 1), "Never mind")
    alice.post("messaging.discard", 303, **where)
    alice.get("messaging.compose", 404, **where)


def test_control_characters_and_bad_options_do_no_harm(alice, northside, sender, compose):
    where = compose(make_recipients(northside, 1))
    data = {
        "body": "Hi\0 there",
        "missing": "nonsense",
        "over_limit": "x",
        "when": "never",
        "preview": "nobody",
        f"number-{uuid4()}": str(uuid4()),
        "fallback_\0x": "y",
        "fallback_first_name": "\0",
        "nonce": "\0",
        "add_tag": "\0",
        "number-x": "y",
    }
    alice.post("messaging.save_draft", 303, data=data, **where)
    reply = alice.get("messaging.compose", query={"find": "\0"}, **where)
    assert reply.field("body") == "Hi there"


# Long lists and the contact list ------------------------------------------------------------------------------------


def test_a_very_long_list_is_reckoned_when_asked(alice, northside, sender, compose, monkeypatch):
    monkeypatch.setattr("portal.messaging.views.sheet.LIVE_MOST", 4)
    where = compose(make_recipients(northside, 6), HI)
    reply = alice.get("messaging.compose", **where)
    assert "check 6 people against every rule" in reply.text
    assert total(reply) == "about 6"
    page = alice.follow(press(alice, "cost", 303, data={"body": HI}, **where))
    assert page.text_of("#whole-sum") == "6"
    assert fates(page) == [6, 0, 0]


def test_the_contact_list_shows_what_consent_says(alice, northside, sender):
    """K-3"""
    out = make_recipient(northside, first_name="Otto")
    make_recipient(northside, first_name="Una", method=None)
    make_recipient(northside, first_name="Fay")
    stop(northside, out)
    reply = alice.get("contacts.index", account_id=northside.id)
    rows = {
        row.select_one(".datatable__name").get_text(): row.get_text(" ", strip=True)
        for row in reply.page.select("tbody tr")
    }
    assert "Opted out" in rows["Diaz, Otto"]
    assert "No consent" in rows["Diaz, Una"]
    assert "No consent" not in rows["Diaz, Fay"]
