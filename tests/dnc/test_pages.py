"""Officers import lists on their pages; everybody else sees why a number can't be texted (S-2, M-5)."""

import io
from datetime import timedelta
from uuid import uuid4

import pytest

from portal.consent.values import Method
from portal.contacts import queries as contacts
from portal.dnc import queries
from portal.dnc.values import ImportState
from portal.notifications import queries as notices
from tests import cast
from tests.factories.contacts import import_file, make_contact
from tests.factories.dnc import DATA, cover, load_list, relate
from tests.factories.messaging import make_ready, make_recipient
from tests.messaging.talks import hear, open_talk
from workers.dnc import watch_lists

ANN = "+13125550142"
NATIONAL = (DATA / "national_312_773.csv").read_bytes()


@pytest.fixture
def here(juniper):
    return {"organization_id": juniper.id}


@pytest.fixture
def sender(northside):
    return make_ready(northside)


def upload(person, here, content=NATIONAL, name="national_312_773.csv", status=None, **fields):
    data = {"source": "US", "kind": "", "as_of": "2026-03-02", "area_code": "", **fields}
    if content is not None:
        data["file"] = (io.BytesIO(content), name)
    return person.post("dnc.upload_list", status, data=data, **here)


class TestTheOfficer:
    def test_walks_from_an_empty_page_to_a_list_in_use(self, vera, here):
        assert "No list is imported" in vera.get("dnc.lists", **here).text
        checked = vera.follow(upload(vera, here))
        assert "Waits for you" in checked.text
        assert "call me,later" in checked.text
        assert "There is no phone number of ten digits" in checked.text
        assert "SHA-256" in checked.text
        start = checked.page.select_one("form.actionbar")["action"]
        done = vera.follow(vera.open("POST", start, 303))
        assert "In use" in done.text
        listed = vera.get("dnc.lists", **here)
        assert "31 days left" in listed.text
        assert "6 numbers, 2 area codes" in listed.text
        assert "national_312_773.csv" in listed.text

    def test_downloads_the_lines_left_out(self, vera, here):
        checked = upload(vera, here)
        rejects = vera.open("GET", f"{checked.location}/rejects").data.decode()
        assert rejects.splitlines()[:2] == [
            "file,line,text,reason",
            ',8,"call me,later",There is no phone number of ten digits. Correct the line or leave it out.',
        ]

    def test_leaves_a_file_out(self, vera, here, juniper):
        checked = upload(vera, here)
        vera.open("POST", f"{checked.location}/cancel", 303)
        [import_] = queries.imports(juniper.id)
        assert import_.state is ImportState.CANCELED
        assert "Not loaded" in vera.open("GET", checked.location).text

    @pytest.mark.parametrize("what", ["start", "cancel"])
    def test_finds_no_list_that_is_not_there(self, vera, here, what):
        page = upload(vera, here).location.rpartition("/")[0]
        vera.open("POST", f"{page}/{uuid4()}/{what}", 404)

    def test_starts_twice_by_a_double_click_and_loads_once(self, vera, here):
        checked = upload(vera, here)
        vera.open("POST", f"{checked.location}/start", 303)
        assert "moved on" in vera.open("POST", f"{checked.location}/start", 409).text

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"content": None}, "Choose the file"),
            ({"as_of": ""}, "Enter the day"),
            ({"as_of": "2026-03-03"}, "day to come"),
            ({"as_of": "2026-01-01"}, "Download it again"),
            ({"area_code": "12"}, "three digits"),
            ({"source": "ZZ"}, "Choose"),
            ({"kind": "odd"}, "Choose"),
            ({"content": b""}, "The file is empty"),
        ],
    )
    def test_is_told_at_the_field_what_is_wrong(self, vera, here, fields, words):
        page = upload(vera, here, status=422, **fields)
        assert any(words in told for told in page.texts_of(".field__error"))

    def test_takes_an_area_code_and_then_the_list_out_of_use(self, vera, here, northside):
        load_list(northside, NATIONAL)
        vera.post("dnc.remove_list", 303, data={"source": "US", "area_code": "312"}, **here)
        assert "3 numbers, 1 area code" in vera.get("dnc.lists", **here).text
        vera.post("dnc.remove_list", 303, data={"source": "US"}, **here)
        assert "No list is imported" in vera.get("dnc.lists", **here).text
        assert "not in use there" in vera.post("dnc.remove_list", 400, data={}, **here).text

    @pytest.mark.parametrize(
        ("asked", "words"),
        [("(312) 555-0142", "Listed."), ("(312) 555-0100", "On no list in use"), ("me", "number")],
    )
    def test_looks_a_number_up(self, vera, here, northside, asked, words):
        load_list(northside, NATIONAL)
        page = vera.get("dnc.lists", query={"phone": asked}, **here)
        assert words in page.text_of("#look-up")

    @pytest.mark.parametrize(
        ("days", "words"),
        [
            (0, "call lists 31 days left"),
            (25, "runs out in 6 days"),
            (31, "runs out today"),
            (32, "older than 31 days"),
        ],
    )
    def test_sees_at_home_how_long_lists_count(self, vera, northside, clock, days, words):
        """S-2: the officer's home says so."""
        cover(northside, "312")
        clock.travel(by=timedelta(days=days))
        cast.sign_in(vera.client, cast.VERA)
        assert words in vera.get("reports.home").text

    def test_is_told_once_before_and_once_after_a_list_runs_out(self, northside, clock):
        cover(northside, "312")
        told = []
        for days in (23, 1, 0, 6, 2, 3):  # days 23, 24, 24, 30, 32, 35
            clock.travel(by=timedelta(days=days))
            told.append(watch_lists())
        assert told == [0, 1, 0, 0, 1, 0]
        titles = [one.title for one in notices.latest(cast.VERA)]
        assert titles == [
            "The national do-not-call list is older than 31 days",
            "The national do-not-call list runs out in 7 days",
        ]


class TestMovingImports:
    def test_progress_polls_and_ends_by_itself(self, vera, here, monkeypatch):
        monkeypatch.setattr("portal.dnc.service.INLINE_BYTES", 0)
        monkeypatch.setattr("portal.dnc.service.receiving.INLINE_BYTES", 0)
        sent = upload(vera, here)
        page = vera.follow(sent)
        assert page.page.select_one("#list-import")["hx-trigger"] == "every 1s"
        piece = vera.htmx.open("GET", f"{sent.location}/progress")
        assert piece.is_partial
        [import_] = queries.imports(here["organization_id"])
        assert import_.state is ImportState.CHECKING


class TestOneNumber:
    def ask(self, person, account, phone=ANN):
        return person.get("dnc.number", query={"phone": phone}, account_id=account.id)

    def test_the_contact_says_why_and_leads_to_what_helps(self, alice, northside, sender):
        """S-2, S-11: reason, rule and a way on that works."""
        load_list(northside, NATIONAL)
        ann = make_recipient(northside, number=ANN, method=Method.VERBAL)
        page = alice.get("messaging.contact", account_id=northside.id, contact_id=ann.contact.id)
        assert "national do-not-call list of 2 Mar 2026" in page.text_of("#may-text .may")
        [fix] = {a["href"] for a in page.page.select("#may-text a") if "do-not-call" in a["href"]}
        number = alice.open("GET", fix)
        assert "Listed." in number.text
        alice.post(
            "dnc.record_relationship",
            303,
            data={
                "phone": ANN,
                "relation": "transaction",
                "happened_on": "2026-01-10",
                "evidence": "Closing of 12 Oak St",
            },
            account_id=northside.id,
        )
        assert "Listed, but exempt." in self.ask(alice, northside).text
        assert "9 Jul 2027" in self.ask(alice, northside).text
        page = alice.get("messaging.contact", account_id=northside.id, contact_id=ann.contact.id)
        assert "do-not-call list of 2 Mar" not in page.text_of("#may-text .may")

    def test_a_conversation_asks_for_the_check_and_goes_on(self, alice, northside, sender):
        """S-2: texts that rest on an inquiry alone ask the sender to confirm a manual check."""
        talk = hear(northside, e164=ANN)
        page = open_talk(alice, talk)
        assert "rests on the person's own text alone" in page.text_of("#reply")
        form = page.page.select_one("#reply form")
        sent = alice.open(
            "POST",
            form["action"],
            303,
            data={one["name"]: one["value"] for one in form.select("input[name]")},
        )
        back = alice.follow(sent)
        assert back.page.select_one("#reply-body") is not None
        assert "Confirmed. It counts until 2 Apr 2026." in back.text

    def test_the_form_of_somebody_who_wrote_is_filled_in(self, alice, northside, sender):
        hear(northside, e164=ANN)
        page = self.ask(alice, northside)
        assert "Not known." in page.text
        assert page.field("evidence") == "Their own text of 2 Mar 2026"
        assert page.field("happened_on") == "2026-03-02"

    @pytest.mark.parametrize(
        ("endpoint", "data", "words"),
        [
            ("dnc.record_relationship", {}, "Choose what makes"),
            ("dnc.record_relationship", {"happened_on": "2026-03-03"}, "still to come"),
            ("dnc.record_relationship", {"happened_on": "2020-01-01"}, "18 months"),
            ("dnc.record_relationship", {"evidence": "x"}, "how it can be shown"),
            ("dnc.confirm_check", {"how": ""}, "where you looked"),
            ("dnc.confirm_check", {"how": "by hand", "checked_on": "2026-01-01"}, "31 days"),
        ],
    )
    def test_what_is_wrong_is_said_at_its_field(self, alice, northside, endpoint, data, words):
        whole = {"relation": "transaction", "happened_on": "2026-01-10", "evidence": "Closing"}
        sent = {"phone": ANN, **(whole if data and endpoint.endswith("ship") else {}), **data}
        page = alice.post(endpoint, 422, data=sent, account_id=northside.id)
        assert any(words in told for told in page.texts_of(".field__error"))

    def test_a_relationship_is_ended_with_a_reason(self, alice, northside):
        id_ = relate(northside, ANN)
        where = {"account_id": northside.id, "exemption_id": id_}
        without = alice.post("dnc.end_relationship", 422, data={"phone": ANN}, **where)
        assert "Say why it does not hold." in without.text
        alice.post(
            "dnc.end_relationship", 303, data={"phone": ANN, "because": "Never closed"}, **where
        )
        page = self.ask(alice, northside)
        assert "Ended by Alice Moreno: Never closed" in page.text

    def test_an_officer_reads_it_and_is_led_to_the_lists(self, vera, northside):
        page = self.ask(vera, northside)
        assert "Lists in use" in page.texts_of(".panel a")

    @pytest.mark.parametrize("phone", ["", "me", "12"])
    def test_without_a_number_it_asks_for_one(self, alice, northside, phone):
        assert "Which number?" in self.ask(alice, northside, phone).text

    def test_a_stranger_finds_nothing(self, mallory, northside):
        mallory.get("dnc.number", 404, query={"phone": ANN}, account_id=northside.id)


def test_an_import_of_contacts_says_who_is_listed(northside):
    """S-2: scrubbed at import; the rows are kept."""
    load_list(northside, NATIONAL)
    import_ = import_file(northside, "First name,Mobile\nAnn,(312) 555-0142\nZoe,(312) 555-0100\n")
    found = contacts.findings(import_, None, (0, -1), 10)
    assert [(one.line, one.code) for one in found] == [(2, "call_list")]
    assert "national do-not-call list" in found[0].reason


def test_marks_stand_in_the_list_of_contacts(alice, northside):
    load_list(northside, NATIONAL)
    make_contact(northside, number=ANN)
    page = alice.get("contacts.index", account_id=northside.id)
    assert "Do-not-call list" in page.text


def test_the_list_of_contacts_is_narrowed_to_who_is_listed(alice, northside):
    """K-4: exempt or not."""
    load_list(northside, NATIONAL)
    for number, name in ((ANN, "Ann"), ("+13125550100", "Zoe"), ("+442079460142", "Kit")):
        make_contact(northside, number=number, first_name=name)
    page = alice.get("contacts.index", query={"reach": "listed"}, account_id=northside.id)
    [name] = page.texts_of(".datatable__name")
    assert "Ann" in name


def test_an_agent_loads_no_lists(bob, here):
    bob.get("dnc.lists", 403, **here)
