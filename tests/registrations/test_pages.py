"""The wizard and the status page, as lead, officer and agent (N-5)."""

from datetime import timedelta

import pytest

from portal.core.access import Role
from portal.core.db import unit_of_work
from portal.gateways.registrations import Decision, Reason, Review
from portal.registrations import queries
from portal.registrations import service as registrations
from portal.registrations.values import Page, State, Step
from tests import cast
from tests.factories.numbers import make_sender
from tests.factories.people import person as make_person
from tests.registrations.conftest import ALICE, SAID, advance, now, send_in

HERE = {"organization_id": cast.JUNIPER}
CHOICES = {"business_kind": "", "state": ""}


def where(known, **more):
    return {**HERE, "registration_id": known.id, **more}


def test_nothing_is_registered_at_first(alice, bob):
    assert "Begin the registration" in alice.get("registrations.index", **HERE).text
    agents = bob.get("registrations.index", **HERE).text
    assert "Begin the registration" not in agents
    assert "A team lead or compliance officer registers." in agents


@pytest.mark.parametrize("name", ["alice", "vera"])
def test_a_lead_or_an_officer_registers_from_first_page_to_last(
    request, name, registrar, sender, form
):
    person = request.getfixturevalue(name)
    person.follow(person.post("registrations.begin", 303, **HERE))
    known = queries.of_organization(cast.JUNIPER)
    for page in list(Page)[:-1]:
        here = where(known, name=page.value.replace("_", "-"))
        shown = person.get("registrations.edit", **here)
        fields = {
            field["name"]: field.get("value") or field.text
            for field in shown.page.select("#page [name]")
            if field.get("type") not in {"checkbox", "radio"}
        }
        for select in shown.page.select("#page select"):
            chosen = select.select_one("option[selected]")
            fields[select["name"]] = chosen["value"] if chosen else ""
        fields |= {key: value for key, value in SAID.items() if key in fields}
        if page is Page.BUSINESS:
            fields["tier"] = "standard"
        reply = person.post("registrations.save", 303, fields, **here)
        person.follow(reply)
    check = person.get("registrations.edit", **where(known, name="check"))
    assert "Look at the pages" in check.text
    person.post("registrations.submit", 409, **where(known))
    person.follow(person.post("registrations.look", 303, **where(known)))
    done = person.follow(person.post("registrations.submit", 303, **where(known)))
    assert "Sent in." in done.text
    known = advance(known)
    assert known.state is State.REGISTERED
    shown = person.get("registrations.show", **where(known)).text
    assert "Registered. Texts can leave." in shown
    assert "1,600 segments" in shown or "segments" in shown


def test_what_would_be_rejected_stands_beside_its_field_and_leads_to_it(alice, draft):
    here = where(draft, name="business")
    data = {
        "edits": now(draft).edits,
        "legal_name": "Juniper Realty LLC",
        "ein": "00-1",
        "tier": "low",
    } | CHOICES
    alice.post("registrations.save", 303, data, **here)
    shown = alice.get("registrations.edit", **here)
    assert "An EIN has nine digits" in shown.text_of("#ein-error")
    check = alice.get("registrations.edit", **where(draft, name="check"))
    link = next(a for a in check.page.select("#stops a") if a["href"].endswith("#ein"))
    assert "/pages/business#ein" in link["href"]
    refused = alice.post("registrations.submit", 409, **where(draft))
    assert "must be mended before this can be sent in" in refused.text


def test_too_long_a_field_is_refused_with_its_name(alice, draft):
    data = {"edits": now(draft).edits, "legal_name": "x" * 121, "tier": "low"}
    reply = alice.post("registrations.save", 422, data, **where(draft, name="business"))
    assert "Use at most 120 characters." in reply.text_of("#legal_name-error")


def test_somebody_elses_save_is_noticed(alice, draft):
    data = {"edits": 0, "tier": "low"} | CHOICES
    reply = alice.post("registrations.save", 409, data, **where(draft, name="business"))
    assert "saved this since you opened it" in reply.text


def test_a_page_that_does_not_exist_is_missing(alice, draft):
    alice.get("registrations.edit", 404, **where(draft, name="nowhere"))
    alice.post("registrations.save", 404, **where(draft, name="check"))


def test_the_opt_in_page_is_filled_from_a_published_form(alice, draft, form):
    here = where(draft, name="opt-in")
    assert form.name in alice.get("registrations.edit", **here).text_of("#fill")
    data = {"edits": now(draft).edits, "form_id": str(form.id)}
    done = alice.follow(alice.post("registrations.fill", 303, data, **where(draft)))
    assert "Filled in from the form." in done.text
    bad = alice.follow(alice.post("registrations.fill", 303, {"form_id": "x"}, **where(draft)))
    assert "Choose one of the published forms." in bad.text


def test_a_rejection_shows_its_reason_and_the_way_to_the_field(alice, bob, draft, registrar):
    reason = Reason(30908, "Privacy policy is not compliant")
    registrar.reviews["campaign"] = Review("FAILED", Decision.REJECTED, (reason,))
    advance(send_in(draft))
    shown = alice.get("registrations.show", **where(draft))
    assert "not shared for marketing" in shown.text_of("#reasons")
    assert "Privacy policy is not compliant" in shown.text_of("#reasons")
    [link] = [a["href"] for a in shown.page.select("#reasons a")]
    assert link.endswith("/pages/opt-in#privacy_url")
    agents = bob.get("registrations.show", **where(draft))
    assert "not shared for marketing" in agents.text
    assert not agents.page.select("#reasons a")


FINAL = Review("FAILED", Decision.REJECTED, (Reason(30885, "High risk"),), may_send_in_again=False)


def test_a_final_rejection_leads_to_another_campaign_or_to_twilios_support(
    alice, bob, draft, registrar
):
    registrar.reviews["campaign"] = FINAL
    known = advance(send_in(draft))
    shown = alice.get("registrations.show", **where(draft))
    assert "High risk" in shown.text_of("#reasons")
    assert "register another campaign" in shown.text_of("#reasons")
    assert shown.page.select_one('#reasons a[href$="/help#forbidden"]')
    letter = shown.text_of("#letter-text")
    campaign = known.sids[Step.CAMPAIGN]
    for words in ("30885: High risk", f"Campaign SID: {campaign}", known.details.description):
        assert words in letter
    [way] = shown.page.select("#progress a.btn-primary")
    assert way["href"].endswith("/pages/messages")
    assert (
        "Take the old one back"
        in alice.get("registrations.edit", **where(draft, name="check")).text
    )
    agents = bob.get("registrations.show", **where(draft))
    assert "A team lead or compliance officer registers another one" in agents.text
    assert not agents.page.select("#letter")


def test_a_suspension_says_what_was_said_and_whom_to_ask(browser, draft, registrar, clock):
    advance(send_in(draft))
    said = Reason(30899, "Carrier complaint")
    registrar.reviews["campaign"] = Review("SUSPENDED", Decision.SUSPENDED, (said,))
    clock.travel(by=timedelta(days=2))
    assert advance(draft).state is State.SUSPENDED
    alice, bob = browser(cast.ALICE), browser(cast.BOB)
    shown = alice.get("registrations.show", **where(draft))
    assert "Carrier complaint" in shown.text_of("#reasons")
    assert "Carrier complaint" in shown.text_of("#letter-text")
    assert "can ask Twilio's support why" in bob.get("registrations.show", **where(draft)).text
    alice.post("registrations.submit", 409, **where(draft))
    registrar.reviews.clear()
    clock.travel(by=timedelta(hours=2))
    assert (advance(draft).state, now(draft).reasons) == (State.REGISTERED, ())


def test_an_agent_sees_the_status_and_nothing_of_the_papers(bob, draft):
    shown = bob.get("registrations.show", **where(draft)).text
    assert "Not sent in yet" in shown
    assert draft.details.ein not in shown
    bob.get("registrations.edit", 403, **where(draft, name="business"))
    bob.post("registrations.submit", 403, **where(draft))


def test_the_status_asks_again_only_while_it_moves(alice, draft, registrar):
    registrar.reviews["brand"] = Review("IN_REVIEW", Decision.PENDING)
    advance(send_in(draft))
    shown = alice.get("registrations.show", **where(draft))
    assert shown.page.select_one("#registration")["hx-trigger"] == "every 3s"
    assert "The brand is reviewed" in shown.text
    assert "until about" in shown.text
    alice.follow(alice.post("registrations.retry", 303, **where(draft)))
    registrar.reviews.clear()
    advance(draft)
    part = alice.htmx.get("registrations.show", **where(draft))
    assert part.is_partial
    assert part.page.select_one("#registration").get("hx-trigger") is None
    alice.get("registrations.edit", 303, **where(draft, name="business"))


def test_a_toll_free_number_is_verified_from_the_list(alice, northside, registrar, form):
    sender = make_sender(northside, "+18335550160", is_registered=False)
    shown = alice.get("registrations.index", **HERE)
    assert "(833) 555-0160" in shown.text
    alice.follow(alice.post("registrations.begin_toll_free", 303, {"e164": sender.e164}, **HERE))
    known = queries.of_number(cast.JUNIPER, sender.e164)
    for page in Page:
        alice.get("registrations.edit", **where(known, name=page.value.replace("_", "-")))
    alice.post("registrations.begin_toll_free", 409, {"e164": "+13125550100"}, **HERE)


def test_without_a_number_the_page_says_what_comes_first(alice, registrar, form):
    with unit_of_work():
        begun = registrations.begin(cast.JUNIPER, actor=ALICE)
    check = alice.get("registrations.edit", **where(begun, name="check"))
    assert "Set up a number first." in check.text


def test_an_unregistered_number_says_so_and_leads_here(alice, bob, northside, sender):
    """N-5: the page shows the reason."""
    shown = alice.get("numbers.show", account_id=northside.id, sender_id=sender.id)
    assert "This number can't send yet" in shown.text
    [link] = shown.page.select("main .notice a")
    assert link["href"] == f"/organizations/{cast.JUNIPER}/registrations"


def test_the_number_says_by_when_its_registration_is_expected(
    browser, northside, sender, draft, registrar, clock
):
    """N-5: the reason and the expected date, which stays the same while days pass."""
    ids = {"account_id": northside.id, "sender_id": sender.id}
    notice = lambda: (  # noqa: E731 (signed in anew: a session ends while days pass)
        browser(cast.ALICE).get("numbers.show", **ids).page.select_one("main .notice")
    )
    assert "a draft that was not sent in yet" in notice().text
    registrar.reviews["brand"] = Review("IN_REVIEW", Decision.PENDING)
    advance(send_in(draft))
    first = notice()
    assert first.select_one("a")["href"].endswith(str(draft.id))
    told = "expected by 30 Mar 2026"  # 5 and 15 business days after 2 March
    assert told in first.text
    clock.travel(by=timedelta(days=7))
    assert told in notice().text
    alice = browser(cast.ALICE)
    assert "Expected by 30 Mar 2026" in alice.get("registrations.index", **HERE).text
    clock.travel(by=timedelta(days=28))
    assert "longer than usual" in notice().text
    alice = browser(cast.ALICE)
    assert "longer than usual" in alice.get("registrations.index", **HERE).text
    assert "longer than usual" in alice.get("registrations.show", **where(draft)).text


def test_who_has_no_number_yet_reads_who_sets_one_up(alice, bob, vera, browser, registrar):
    empty = lambda person: person.get("registrations.index", **HERE).page.select_one("#numbers")  # noqa: E731
    assert "Set up a number" in empty(alice).text
    assert empty(bob).select_one("a")["href"] == f"/accounts/{cast.BOBS}/numbers/search"
    dora = browser(make_person("Dora Webb", organization_id=cast.JUNIPER, role=Role.AGENT).id)
    for person in (vera, dora):
        assert "A team lead, or the owner of an account, sets one up" in empty(person).text


def test_a_strangers_registration_is_missing(mallory, draft):
    mallory.get("registrations.show", 404, **where(draft))
    mallory.get(
        "registrations.show", 404, organization_id=cast.LAKEVIEW_HOMES, registration_id=draft.id
    )


def test_an_agent_sees_no_number_of_an_account_they_do_not_reach(
    browser, northside, registrar, form
):
    sender = make_sender(northside, "+18335550160", is_registered=False)
    with unit_of_work():
        begun = registrations.begin_toll_free(cast.JUNIPER, sender.e164, actor=ALICE)
    dora = browser(make_person("Dora Webb", organization_id=cast.JUNIPER, role=Role.TEAM_LEAD).id)
    assert "(833) 555-0160" not in dora.get("registrations.index", **HERE).text
    dora.get("registrations.show", 404, **where(begun))
    dora.post("registrations.begin_toll_free", 404, {"e164": sender.e164}, **HERE)
