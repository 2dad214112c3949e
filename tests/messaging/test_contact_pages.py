"""The page of one person (K-4, K-5, K-6, Q-7, C-8)."""

from uuid import uuid4

import pytest
from sqlalchemy import select

from portal.consent import queries as consent
from portal.consent.values import Method
from portal.contacts import queries as contacts
from portal.contacts import service as contact_service
from portal.contacts.values import ContactDetails, NewNumber
from portal.core.audit import SYSTEM, AuditEntry
from portal.core.db import db, unit_of_work
from portal.messaging.values import Recipient, State
from tests.factories.contacts import import_file, make_contact, make_unreadable_contact
from tests.factories.messaging import (
    ALICE_ACTS,
    agree,
    make_campaign,
    make_recipient,
    one_to_one,
    texts,
)
from tests.messaging.talks import MAYA, answer, hear, set_state


@pytest.fixture
def maya(northside, sender):
    """Somebody who agreed to all texts."""
    person = make_recipient(northside, number=MAYA, first_name="Maya", last_name="Castellanos")
    return person.contact


def show(person, contact, status=200, **query):
    return person.get(
        "messaging.contact",
        status,
        query=query,
        account_id=contact.account_id,
        contact_id=contact.id,
    )


def post(person, endpoint, contact, status=None, **data):
    return person.post(
        f"messaging.{endpoint}",
        status,
        data=data,
        account_id=contact.account_id,
        contact_id=contact.id,
    )


def verdicts(shown):
    """Return the table of gates as {rule: (one-to-one, bulk)}."""
    return {
        row.th.get_text(strip=True): tuple(td.get_text(strip=True) for td in row.select("td"))
        for row in shown.page.select("#may-text tbody tr")
    }


class TestMayIText:
    def test_all_gates_are_open_for_who_agreed(self, alice, maya):
        shown = show(alice, maya)
        assert shown.texts_of(".may__head") == ["One-to-one texts Yes", "Bulk texts and plans Yes"]
        assert set(verdicts(shown).values()) == {("Open", "Open")}
        assert len(verdicts(shown)) == 17

    def test_express_consent_is_for_one_to_one(self, alice, northside, sender):
        """C-8"""
        person = make_recipient(northside, number=MAYA, method=Method.VERBAL).contact
        shown = show(alice, person)
        assert shown.texts_of(".may__head") == ["One-to-one texts Yes", "Bulk texts and plans No"]
        assert verdicts(shown)["Consent covers it"] == ("Open", "Shut")
        assert "one-to-one texts only" in shown.texts_of(".may__kind")[1]

    def test_an_opt_out_shuts_both_and_says_who_can_undo_it(self, alice, northside, maya):
        hear(northside, "STOP")
        shown = show(alice, maya)
        assert shown.texts_of(".may__head") == ["One-to-one texts No", "Bulk texts and plans No"]
        assert "Only they can opt in again" in shown.text_of("#may-text")
        assert "Opted out" in shown.text_of(".page-head")
        assert not shown.page.select(".page-head .btn-primary")  # nothing to send

    def test_every_shut_gate_of_a_new_account_has_its_way_on(self, alice, northside):
        person = make_contact(northside, number=MAYA)
        shown = show(alice, person)
        links = {
            a["href"].split("?")[0].rsplit("/", 1)[1] for a in shown.page.select(".may__why a")
        }
        assert {"marketplace", "search", "new"} <= links
        assert verdicts(shown)["Subscription"] == ("Waits", "Waits")
        assert verdicts(shown)["Credits"] == ("Shut", "Shut")

    def test_a_number_nobody_can_read_is_said_so(self, alice, northside, sender):
        person = make_unreadable_contact(northside)
        shown = show(alice, person)
        assert verdicts(shown)["The number takes texts"] == ("Shut", "Shut")
        assert "call office" in shown.text_of("#numbers")

    def test_no_number_at_all(self, alice, northside, sender):
        person = make_contact(northside, number="", email="maya@example.com")
        shown = show(alice, person)
        assert "No phone number." in shown.text_of("#numbers")
        assert "There is no phone number" in shown.text_of("#may-text")

    def test_each_number_has_its_own_answer(self, alice, northside, sender):
        """K-2"""
        numbers = (NewNumber("+13125550151", "mobile", True), NewNumber("+13125550152", "home"))
        person = make_contact(northside, numbers=numbers)
        agree(northside, "+13125550151")
        shown = show(alice, person)
        assert "(312) 555-0151" in shown.text_of("#may-text .panel__note")
        [other] = [a for a in shown.page.select("#numbers a") if "May I text it?" in a.text]
        second = alice.open("GET", other["href"])
        assert second.texts_of(".may__head")[0] == "One-to-one texts No"
        assert "There is no record" in second.text_of("#may-text")

    def test_what_an_agent_states_is_one_click(self, alice, northside, sender):
        """C-8"""
        person = make_contact(northside, number=MAYA)
        shown = show(alice, person)
        number, nonce = person.preferred.id, shown.field("nonce")
        given = {"number": number, "nonce": nonce, "given_on": "2026-03-01"}
        for day in ("0001-01-01", "2027-01-01"):
            wrong = {**given, "given_on": day, "how": "At the open house on Alder"}
            post(alice, "contact_consent", person, 422, **wrong)
        kept = post(alice, "contact_consent", person, 422, **given, how="yes")
        assert kept.field("how") == "yes"
        for _ in range(2):
            post(alice, "contact_consent", person, 303, **given, how="At the open house on Alder")
        [record] = consent.records(northside.tenant, MAYA)
        assert record.method is Method.AGENT_STATED
        shown = show(alice, person)
        assert shown.texts_of(".may__head")[0] == "One-to-one texts Yes"
        assert "agent-stated" in shown.text_of("#consent")

    def test_a_made_up_number_is_refused(self, alice, northside, sender):
        person = make_contact(northside, number="")
        given = {"number": uuid4(), "given_on": "2026-03-01", "how": "At the open house"}
        assert "number" in post(alice, "contact_consent", person, 400, **given).text


class TestTimeline:
    def test_texts_consent_notes_and_edits_each_with_time_and_actor(self, alice, northside, maya):
        """K-5"""
        answer(northside, "Open house on Saturday at 2.")
        set_state(northside, State.DELIVERED)
        hear(northside, "Can I bring my sister?")
        with unit_of_work():
            contact_service.add_note(
                northside.tenant, maya.id, "Pre-approved to 410", actor=ALICE_ACTS
            )
        hear(northside, "STOP")
        lines = show(alice, maya).texts_of(".timeline__item")
        said = " | ".join(lines).replace(" ,", ",")
        for what in (
            "Contact added",
            "Consent given: hosted form",
            "Text Delivered Open house on Saturday at 2. Today 12:00 pm, Alice Moreno, 1 credit",
            "Wrote Can I bring my sister?",
            "Note Pre-approved to 410 Today 12:00 pm, Alice Moreno",
            "Opted out by text STOP",
            "Opted out: keyword",
        ):
            assert what in said
        assert all("Today 12:00 pm" in line for line in lines)

    def test_newest_first(self, alice, northside, maya):
        hear(northside, "first")
        hear(northside, "second")
        lines = show(alice, maya).texts_of(".timeline__item")
        assert "second" in lines[0]
        assert "Contact added" in lines[-1]

    def test_an_import_is_told_as_one(self, alice, northside, sender):
        import_file(northside, "First name,Last name,Phone\nRuth,Abernathy,(773) 555-0119\n")
        person = contacts.by_numbers(northside.tenant, ["+17735550119"])["+17735550119"]
        assert "Contact imported" in show(alice, person).text_of("#timeline")

    def test_a_failure_says_what_to_do(self, alice, northside, maya):
        """S-10"""
        answer(northside)
        set_state(northside, State.UNDELIVERED, error_code=30006)
        assert "30006" in show(alice, maya).text_of("#timeline")

    def test_bodies_are_text_only(self, alice, northside, maya):
        hear(northside, "<script>alert(1)</script><b>x</b>")
        body = show(alice, maya).page.select_one(".timeline__body")
        assert body.get_text() == "<script>alert(1)</script><b>x</b>"


class TestNamingALead:
    """K-6: a text from an unknown number makes a lead named by the number."""

    @pytest.fixture
    def lead(self, northside, sender):
        talk = hear(northside, "hi saw your sign on Alder", "+18725550110")
        return contacts.get_or_404(northside.tenant, talk.contact_id)

    def test_the_page_offers_a_name(self, alice, lead):
        shown = show(alice, lead)
        assert "New lead" in shown.text_of(".page-head")
        assert shown.text_of("h1") == "(872) 555-0110"
        assert "New lead by text" in shown.text_of("#timeline")

    def test_naming_keeps_number_and_talk(self, alice, northside, lead):
        done = post(alice, "name_contact", lead, 303, first_name="Ruth", last_name="Abernathy")
        shown = alice.follow(done)
        assert shown.text_of("h1") == "Ruth Abernathy"
        assert not shown.page.select("#name-lead")
        named = contacts.get_or_404(northside.tenant, lead.id)
        assert [n.e164 for n in named.numbers] == ["+18725550110"]
        assert named.lead_source == lead.lead_source

    def test_an_empty_name_is_asked_again(self, alice, lead):
        kept = post(alice, "name_contact", lead, 422, first_name=" ", last_name="Abernathy")
        assert kept.field("last_name") == "Abernathy"
        assert "first name" in kept.text_of("#first_name-error")


class TestOptingOutByHand:
    """Q-7"""

    def test_it_asks_first_then_holds_and_stops_what_waits(self, alice, northside, maya):
        make_campaign(northside, [make_recipient_of(northside, maya)], one_to_one("Saturday at 2?"))
        asked = alice.get(
            "messaging.ask_opt_out",
            query={"number": maya.preferred.id},
            account_id=northside.id,
            contact_id=maya.id,
        )
        assert "Opt Maya Castellanos out" in asked.text_of("dialog h2")
        done = post(
            alice,
            "enter_opt_out",
            maya,
            303,
            number=maya.preferred.id,
            method="call",
            details="Told Alice by phone to stop.",
        )
        assert "1 waiting text stopped" in alice.follow(done).text
        assert [t.state for t in texts(northside)] == [State.BLOCKED]
        assert consent.standing(northside.tenant, MAYA).is_opted_out
        newest = consent.records(northside.tenant, MAYA)[0]
        assert (newest.method, newest.collected_by) == (Method.CALL, "Alice Moreno")

    def test_a_reason_is_asked_for_and_what_was_typed_stays(self, alice, maya):
        kept = post(
            alice, "enter_opt_out", maya, 422, number=maya.preferred.id, method="email", details=""
        )
        assert kept.field("method") == "email"
        assert "Write down what the person said" in kept.text_of("#details-error")
        post(alice, "enter_opt_out", maya, 422, number=uuid4(), method="email", details="Stop.")
        post(alice, "enter_opt_out", maya, 422, number=maya.preferred.id, method="x", details="S.")

    def test_an_officer_may_enter_one(self, vera, northside, maya):
        post(
            vera,
            "enter_opt_out",
            maya,
            303,
            number=maya.preferred.id,
            method="letter",
            details="Wrote to the office.",
        )
        assert consent.standing(northside.tenant, MAYA).is_opted_out


class TestTags:
    def test_add_and_remove(self, alice, northside, maya):
        post(alice, "tag_contact", maya, 303, add="buyer, open house")
        assert show(alice, maya).texts_of("#tags .tagword") == [
            "buyer Remove the tag buyer",
            "open house Remove the tag open house",
        ]
        post(alice, "tag_contact", maya, 303, remove="buyer")
        assert contacts.get_or_404(northside.tenant, maya.id).tags == ("open house",)

    def test_nothing_to_add_is_said_so(self, alice, maya):
        assert "Tag" in post(alice, "tag_contact", maya, 422, add=" ").text_of("#add-error")


class TestWho:
    def test_one_contact_can_be_texted(self, alice, maya):
        """K-4"""
        shown = show(alice, maya)
        form = shown.page.select_one(".page-head__actions form")
        assert form.select_one("[name=ids]")["value"] == str(maya.id)
        assert "Send Text Message" in form.get_text()

    def test_the_list_of_contacts_leads_here(self, alice, maya):
        listed = alice.get("contacts.index", account_id=maya.account_id)
        [link] = [a for a in listed.page.select("a.datatable__name") if "Castellanos" in a.text]
        assert alice.open("GET", link["href"]).text_of("h1") == "Maya Castellanos"

    def test_a_note_comes_back_here(self, alice, maya):
        done = alice.post(
            "contacts.add_note",
            303,
            {"body": "Pre-approved"},
            account_id=maya.account_id,
            contact_id=maya.id,
        )
        assert "Pre-approved" in alice.follow(done).text_of("#timeline")

    def test_an_officer_reads_and_the_look_is_logged(self, vera, maya):
        """SPEC 1"""
        shown = show(vera, maya)
        assert not shown.page.select("#note, .page-head .btn-primary, [name=add]")
        looked = select(AuditEntry.subject_id).where(AuditEntry.event == "messaging:contact:view")
        assert db.session.scalars(looked).all() == [maya.id]

    def test_an_officer_edits_nobody(self, vera, maya):
        post(vera, "name_contact", maya, 403, first_name="X")
        post(vera, "tag_contact", maya, 403, add="x")

    def test_an_agent_of_the_team_works_here(self, bob, maya):
        assert show(bob, maya).text_of("h1") == "Maya Castellanos"

    def test_strangers_find_nobody(self, mallory, lakeview, pat, maya):
        show(mallory, maya, 404)
        show(pat, maya, 404)
        mallory.get("messaging.contact", 404, account_id=lakeview.id, contact_id=maya.id)
        post(mallory, "enter_opt_out", maya, 404, method="call", details="x")

    def test_names_are_text_only(self, alice, northside, sender):
        with unit_of_work():
            person = contact_service.create_contact(
                northside.tenant,
                ContactDetails("<b>Maya</b>", "<i>C</i>", numbers=(NewNumber(MAYA),)),
                actor=SYSTEM,
            )
        shown = show(alice, person)
        assert shown.text_of("h1") == "<b>Maya</b> <i>C</i>"


def make_recipient_of(account, contact):
    found = contacts.get_or_404(account.tenant, contact.id)
    return Recipient(found, found.preferred)
