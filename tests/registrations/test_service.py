"""Registering an organization: begun, filled in, checked, sent in, decided (N-5)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.core import audit
from portal.core import settings as settings_module
from portal.core.db import db, unit_of_work
from portal.core.errors import GatewayRejected
from portal.gateways import pages as page_gateways
from portal.gateways.pages import FakePages
from portal.gateways.registrations import Decision, Reason, Review, Thing
from portal.notifications.models import Notice
from portal.numbers import queries as numbers
from portal.registrations import queries
from portal.registrations import service as registrations
from portal.registrations.errors import (
    AtTheCarrier,
    EditedMeanwhile,
    NoNumberYet,
    NotReady,
    NotTollFree,
)
from portal.registrations.values import Kind, State, Step
from tests import cast
from tests.factories.numbers import make_sender
from tests.factories.optin import edit, make_published, publish
from tests.registrations.conftest import ALICE, SAID, advance, complete, now, save, send_in
from workers.registrations import ring_for_registrations


def begin():
    with unit_of_work():
        return registrations.begin(cast.JUNIPER, actor=ALICE)


def told(event):
    rows = db.session.scalars(select(Notice).where(Notice.dedupe_key.endswith(f":{event}")))
    return {(row.user_id, row.title) for row in rows}


def test_a_draft_begins_with_what_is_known(registrar, form):
    known = begin()
    said = known.details
    assert (said.legal_name, said.first_name, said.last_name) == (
        "Juniper Realty",
        "Alice",
        "Moreno",
    )
    assert said.sample_1.startswith("Juniper Realty:")
    assert said.opt_in_url.endswith(form.path)
    assert said.privacy_url == "https://juniper.example/privacy"
    assert "box of its own" in said.message_flow
    assert begin().id == known.id


def test_another_form_can_fill_the_draft(registrar, form, northside):
    other = make_published(northside, name="Second form")
    known = begin()
    with unit_of_work():
        filled = registrations.fill_from_form(
            known.tenant, known.id, other.id, edits=known.edits, actor=ALICE
        )
    assert filled.details.form_id == str(other.id)


def test_two_editors_notice_each_other(draft):
    save(draft, legal_name="Juniper LLC")
    with pytest.raises(EditedMeanwhile, match="saved this since you opened it"), unit_of_work():
        registrations.save(draft.tenant, draft.id, {"ein": ""}, edits=draft.edits, actor=ALICE)


def test_a_complete_draft_goes_all_the_way(draft, registrar, sender):
    assert registrations.problems_of(draft) == ()
    assert not numbers.sender(sender.id).may_send
    known = advance(send_in(draft))
    assert (known.state, known.step) == (State.REGISTERED, Step.WATCH)
    assert numbers.sender(sender.id).may_send
    assert told("registered") == {
        (cast.ALICE, "Your campaign is registered: texts can leave"),
        (cast.VERA, "Your campaign is registered: texts can leave"),
    }
    [campaign] = registrar.campaign_texts
    assert campaign.samples == known.details.samples
    assert registrar.sent_in  # and nothing of it twice
    assert len(set(registrar.sent_in)) == len(registrar.sent_in)


def test_a_second_click_sends_nothing_in_again(draft, registrar):
    send_in(draft)
    assert send_in(draft).round == 1
    advance(draft)
    assert send_in(now(draft)).round == 1
    assert len(registrar.brands) == 1


def test_an_unfinished_draft_is_not_sent_in_and_names_what_is_missing(registrar, sender, form):
    known = begin()
    with pytest.raises(NotReady) as refused, unit_of_work():
        registrations.submit(known.tenant, known.id, actor=ALICE)
    assert {"ein", "title", "phone"} <= {problem.field for problem in refused.value.problems}
    assert registrar.calls == []


def test_pages_are_looked_at_before_anything_is_sent_in(registrar, sender, form):
    known = begin()
    with unit_of_work():
        registrations.save(known.tenant, known.id, SAID, edits=known.edits, actor=ALICE)
    with pytest.raises(NotReady, match="Look at the pages first"), unit_of_work():
        registrations.submit(known.tenant, known.id, actor=ALICE)


def test_a_number_comes_first(registrar, form):
    known = complete(begin())
    with pytest.raises(NoNumberYet, match="Set up a number first"):
        send_in(known)


def test_what_is_with_the_carriers_is_not_edited(draft):
    send_in(draft)
    with pytest.raises(AtTheCarrier):
        save(draft, legal_name="Another LLC")


@pytest.fixture
def web(monkeypatch):
    """A web of this test, and an installation that is no sandbox."""
    real = replace(settings_module.settings(), is_sandbox=False)
    monkeypatch.setattr("portal.registrations.service.looking.settings", lambda: real)
    before, pages = page_gateways.current(), FakePages()
    page_gateways.use(pages)
    yield pages
    page_gateways.use(before)


POLICY = "<p>We do not share mobile numbers or text messaging consent with third parties.</p>"
TERMS = "<p>Reply STOP to opt out, HELP for help.</p>"


def at(known):
    seen = registrations.look(known)
    with unit_of_work():
        registrations.keep_seen(known.tenant, known.id, seen)
    return {problem.field: problem.sentence for problem in registrations.problems_of(now(known))}


def test_every_page_is_opened_as_a_reviewer_would(draft, web):
    """N-5: website, form, policy and terms."""
    web.put("https://juniper.example", "<h1>Juniper Realty</h1>")
    web.put("https://juniper.example/privacy", POLICY)
    web.put("https://juniper.example/terms", TERMS)
    save(draft, form_id="", opt_in_url="https://juniper.example/join")
    web.put("https://juniper.example/join", "<form><input type=password></form>")
    found = at(now(draft))
    assert found.pop("opt_in_url").startswith("This page asks for a login")
    assert found.pop("message_flow").startswith("Name the address of the form")
    assert found == {}


def test_what_a_reviewer_would_miss_is_named(draft, web):
    web.put("https://juniper.example/privacy", "<p>We love your privacy.</p>")
    web.put("https://juniper.example/terms", "<p>Be nice.</p>")
    found = at(draft)
    assert found["website"] == "A reviewer could not open this page. The site could not be reached."
    assert found["privacy_url"].startswith("The privacy policy does not say")
    assert found["terms_url"].startswith("The terms don't name STOP and HELP")
    assert found["opt_in_url"].startswith("This address leads to your own machine")


def test_a_form_that_was_taken_down_is_told(draft, form):
    from portal.optin import service as optin

    with unit_of_work():
        optin.unpublish_form(form.tenant, form.id, actor=ALICE)
    assert "not published" in at(draft)["opt_in_url"]


def test_an_address_changed_since_is_to_be_looked_at_again(draft):
    save(draft, terms_url="https://juniper.example/new-terms")
    [problem] = registrations.problems_of(now(draft))
    assert (problem.field, problem.sentence[:31]) == (
        "terms_url",
        "This address was not looked at ",
    )


REJECTED = Review("FAILED", Decision.REJECTED, (Reason(30908, "Privacy policy is not compliant"),))


def test_a_rejection_is_told_in_plain_words_with_its_field(draft, registrar, sender):
    registrar.reviews["campaign"] = REJECTED
    known = advance(send_in(draft))
    [reason] = known.reasons
    assert (known.state, reason.code, reason.field) == (State.REJECTED, 30908, "privacy_url")
    assert reason.sentence.startswith("The privacy policy is missing")
    assert reason.said == "Privacy policy is not compliant"
    assert {title for _, title in told("rejected")} == {
        "The carriers rejected the registration of your campaign"
    }
    assert not numbers.sender(sender.id).may_send


def test_a_rejected_campaign_is_mended_and_sent_in_again(draft, registrar, clock):
    registrar.reviews["campaign"] = REJECTED
    known = advance(send_in(draft))
    save(known, description="Listings and showing times for people who asked Juniper Realty.")
    known = advance(send_in(now(known)))
    assert (known.state, known.step) == (State.IN_REVIEW, Step.AWAIT_CAMPAIGN)
    registrar.reviews.pop("campaign")
    clock.travel(by=timedelta(minutes=1))
    known = advance(known)
    assert (known.state, known.round) == (State.REGISTERED, 2)
    assert len(registrar.brands) == len(registrar.campaigns) == 1
    assert registrar.campaign_texts[-1].description.startswith("Listings and showing times")


def test_a_rejected_brand_is_sent_in_again_with_what_is_known_now(draft, registrar, clock):
    reason = Reason(None, "", ("TAX_ID",))
    registrar.reviews["brand"] = Review("FAILED", Decision.REJECTED, (reason,))
    known = advance(send_in(draft))
    assert known.reasons[0].field == "ein"
    save(known, ein="36-4999999")
    known = advance(send_in(now(known)))
    registrar.reviews.pop("brand")
    clock.travel(by=timedelta(minutes=1))
    assert advance(known).state is State.REGISTERED
    assert {about.number for about in registrar.written.values()} >= {"36-4999999"}


def test_a_business_turned_down_is_a_rejection_of_the_brand(draft, registrar):
    registrar.reviews["brand"] = Review("PENDING", Decision.PENDING)
    registrar.reviews[Thing.PROFILE] = Review("twilio-rejected", Decision.REJECTED)
    known = advance(send_in(draft))
    assert (known.state, known.reasons[0].field) == (State.REJECTED, "legal_name")


def test_what_the_carriers_take_no_second_time_is_replaced_not_sent_in_again(draft, registrar):
    registrar.reviews["campaign"] = replace(
        REJECTED, reasons=(Reason(30897, "disallowed"),), may_send_in_again=False
    )
    known = advance(send_in(draft))
    assert known.needs_new_campaign
    assert advance(send_in(known)).state is State.REGISTERED
    assert "withdraw_campaign" in registrar.calls
    assert "resubmit_campaign" not in registrar.calls


def test_a_refusal_names_its_page(draft, registrar):
    registrar.failures["create_representative"] = [GatewayRejected("phone is invalid", 20001, 400)]
    known = advance(send_in(draft))
    [reason] = known.reasons
    assert (known.state, reason.field) == (State.REJECTED, "first_name")
    assert reason.sentence == "Twilio said: phone is invalid."
    assert advance(send_in(known)).state is State.REGISTERED  # it goes on from there


def test_a_review_is_looked_at_less_often_the_longer_it_takes(draft, registrar, clock):
    registrar.reviews["brand"] = Review("IN_REVIEW", Decision.PENDING)
    known, waits = advance(send_in(draft)), []
    for _ in range(40):
        waits.append(round((known.next_at - clock.now).total_seconds()))
        clock.travel(to=known.next_at + timedelta(seconds=1))
        assert ring_for_registrations() == 1
        known = advance(known)
        assert known.carrier_status == "IN_REVIEW"
    assert waits[0] == 5
    assert waits == sorted(waits)
    assert waits[-1] == 3600


def test_revoked_credentials_are_told_once_and_gone_on_with(draft, registrar, clock):
    registrar.failures["create_brand"] = [GatewayRejected("Authenticate", 20003, 401)] * 3
    known = advance(send_in(draft))
    for _ in range(2):
        clock.travel(by=timedelta(hours=1))
        known = advance(known)
    assert known.trouble.sentence == "Twilio returned Unauthorized."
    assert len(told("trouble")) == 2  # Alice and Vera, once
    with unit_of_work():
        registrations.try_now(known.tenant, known.id, actor=ALICE)
    assert advance(known).state is State.REGISTERED


def test_an_installation_without_its_own_profile_says_so(draft, registrar):
    registrar.primary = None
    known = advance(send_in(draft))
    assert known.trouble.sentence.startswith("The installation's own business profile")
    assert known.state is State.SUBMITTING


def test_a_suspension_stops_the_numbers_until_it_is_lifted(draft, registrar, sender, clock):
    known = advance(send_in(draft))
    registrar.reviews["campaign"] = Review("SUSPENDED", Decision.SUSPENDED)
    clock.travel(by=timedelta(days=1, minutes=1))
    known = advance(known)
    assert known.state is State.SUSPENDED
    assert not numbers.sender(sender.id).may_send
    assert len(told("suspended")) == 2
    registrar.reviews.pop("campaign")
    clock.travel(by=timedelta(hours=2))
    assert advance(known).state is State.REGISTERED
    assert numbers.sender(sender.id).may_send


def test_a_toll_free_number_is_verified_by_itself(draft, registrar, northside):
    sender = make_sender(northside, "+18335550160", is_registered=False)
    with unit_of_work():
        begun = registrations.begin_toll_free(cast.JUNIPER, sender.e164, actor=ALICE)
    assert begun.details.ein == draft.details.ein  # what was said of the business is taken over
    known = advance(send_in(complete(begun)))
    assert (known.kind, known.state) == (Kind.TOLL_FREE, State.REGISTERED)
    assert numbers.sender(sender.id).may_send
    assert list(registrar.verifications) == [sender.carrier_sid]
    assert queries.of_number(cast.JUNIPER, sender.e164).id == known.id
    with unit_of_work():
        again = registrations.begin_toll_free(cast.JUNIPER, sender.e164, actor=ALICE)
    assert again.id == known.id


def test_only_a_toll_free_number_of_ones_own_is_verified(registrar, sender):
    for e164 in (sender.e164, "+18335550199"):
        with pytest.raises(NotTollFree), unit_of_work():
            registrations.begin_toll_free(cast.JUNIPER, e164, actor=ALICE)


def test_every_change_is_in_the_audit_log_and_nothing_personal_with_it(draft, registrar):
    advance(send_in(draft))
    entries = [
        entry
        for entry in db.session.scalars(select(audit.AuditEntry))
        if entry.event.startswith("registrations:")
    ]
    events = {entry.event for entry in entries}
    assert {
        f"registrations:registration:{e}" for e in ("begin", "edit", "submit", "step")
    } <= events
    text = " ".join(str(entry.payload) for entry in entries)
    assert draft.details.ein not in text
    assert draft.details.email not in text


def test_a_published_form_is_what_the_check_reads(draft, form):
    edited = edit(form, title="New title")
    publish(edited)
    assert at(draft) == {}
