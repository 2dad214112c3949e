"""The queue of plain words that may end consent, one of them, and the one click (Q-4)."""

from datetime import timedelta

import pytest

from portal.consent import queries as consent
from portal.consent.models import RevocationHold
from portal.consent.rules import HELD, HELD_SENTENCE
from portal.consent.values import HoldState
from portal.core.audit import AuditEntry
from portal.core.db import db, unit_of_work
from portal.messaging.service import asking
from portal.messaging.values import Kind
from tests import cast
from tests.factories.consent import CAROL
from tests.factories.messaging import make_campaign, make_ready, make_recipient, one_to_one
from tests.messaging.talks import hear, open_talk


@pytest.fixture
def carol(northside, sender):
    return make_recipient(northside, number=CAROL, first_name="Carol", last_name="Diaz")


@pytest.fixture
def talk(northside, carol):
    return hear(northside, "please take me off your list, thanks", e164=CAROL)


@pytest.fixture
def hold(northside, talk):
    return consent.standing_hold(northside.tenant, CAROL)


def where(hold):
    return {"account_id": hold.account_id, "hold_id": hold.id}


def state_of(hold):
    db.session.rollback()
    return consent.hold_or_404(hold.tenant, hold.id).state


class TestTheQueue:
    def test_an_officer_sees_every_account_s_with_clock_words_and_age(self, vera, bobs, hold):
        make_ready(bobs)
        hear(bobs, "wrong number, stop texting me", e164="+13125550177")
        shown = vera.get("messaging.all_revocations", organization_id=cast.JUNIPER)
        rows = [row.get_text(" ", strip=True) for row in shown.page.select(".clock")]
        assert len(rows) == 2
        assert "10 business days left" in rows[0]
        assert "“please take me off your list”" in shown.text
        one = vera.get(
            "messaging.all_revocations",
            query={"account": str(bobs.id)},
            organization_id=cast.JUNIPER,
        )
        assert len(one.page.select(".clock")) == 1

    def test_it_is_sorted_out_by_how_pressing_it_is(self, vera, hold, clock):
        soon = {"query": {"view": "soon"}, "organization_id": cast.JUNIPER}
        assert "Nobody waits" in vera.get("messaging.all_revocations", **soon).text
        with unit_of_work():
            db.session.query(RevocationHold).update({"lapses_at": clock.now + timedelta(days=2)})
        shown = vera.get("messaging.all_revocations", **soon)
        assert shown.page.select(".clock__left--breach")

    def test_a_lead_sees_only_what_they_reach(self, bob, alice, hold):
        bob.get("messaging.all_revocations", 403, organization_id=cast.JUNIPER)
        asked = {"query": {"account": str(cast.LAKEVIEW)}, "organization_id": cast.JUNIPER}
        alice.get("messaging.all_revocations", 400, **asked)
        shown = alice.get("messaging.all_revocations", organization_id=cast.JUNIPER)
        assert len(shown.page.select(".clock")) == 1

    def test_the_officer_s_home_counts_them(self, vera, hold):
        home = vera.get("reports.home")
        assert "Asked to stop 1" in " ".join(home.texts_of(".stat"))

    def test_a_blocked_text_leads_to_the_words(self, alice, northside, talk):
        person = {"account_id": northside.id, "contact_id": talk.contact_id}
        shown = alice.get("messaging.contact", **person)
        [way] = {a["href"] for a in shown.page.select("#may-text a") if "Read what" in a.text}
        assert len(alice.open("GET", way).page.select(".clock")) == 1


class TestOne:
    def test_shows_the_text_the_words_and_what_the_law_asks(self, vera, hold):
        shown = vera.get("messaging.revocation", **where(hold))
        assert "please take me off your list, thanks" in shown.text_of(".chat__bubble--in")
        assert "47 CFR 64.1200(a)(10)" in shown.text
        assert "the law has moved" in shown.text
        looks = db.session.query(AuditEntry).filter_by(event="messaging:revocation:view")
        assert looks.count() == 1

    def test_an_agent_confirms_with_one_click(self, bob, northside, hold):
        asked = bob.get("messaging.revocation", **where(hold))
        assert "A team lead or compliance officer can release" in asked.text
        bob.post("messaging.release_revocation", 403, {"reason": "Not that"}, **where(hold))
        bob.post("messaging.confirm_revocation", 303, **where(hold))
        assert state_of(hold) is HoldState.OPTED_OUT
        assert consent.standing(northside.tenant, CAROL).is_opted_out

    @pytest.mark.parametrize("who", ["alice", "vera"])
    def test_a_lead_or_officer_releases_with_a_reason(self, request, who, hold):
        person = request.getfixturevalue(who)
        for reason, words in (("", "Give the reason"), ("because", "few words")):
            shown = person.post(
                "messaging.release_revocation", 422, {"reason": reason}, **where(hold)
            )
            assert words in shown.text_of(".field__error")
        person.post(
            "messaging.release_revocation", 303, {"reason": "Meant the showing"}, **where(hold)
        )
        after = person.get("messaging.revocation", **where(hold))
        assert "Released" in after.text
        assert "Meant the showing" in after.text
        settled = {"query": {"view": "settled"}, "organization_id": cast.JUNIPER}
        assert "Meant the showing" in person.get("messaging.all_revocations", **settled).text

    def test_a_second_click_is_told_who_was_faster(self, alice, hold):
        alice.post("messaging.confirm_revocation", 303, **where(hold))
        alice.post(
            "messaging.release_revocation", 303, {"reason": "Not that at all"}, **where(hold)
        )
        assert state_of(hold) is HoldState.OPTED_OUT
        assert "is an opt-out already" in alice.get("messaging.revocation", **where(hold)).text


class TestElsewhere:
    def test_inbox_and_conversation_flag_it(self, alice, northside, talk, hold):
        flagged = alice.get("messaging.inbox", query={"view": "held"}, account_id=northside.id)
        assert "Asked to stop?" in flagged.text_of(".convo")
        opened = open_talk(alice, talk)
        assert "They wrote “please take me off your list”" in opened.text_of("#standing")
        assert HELD_SENTENCE in opened.text_of("#reply")
        assert "Sending held" in opened.text_of("#thread")
        timeline = alice.get(
            "messaging.contact", account_id=northside.id, contact_id=talk.contact_id
        )
        assert "Sending held" in timeline.text_of("#timeline-list")

    def test_the_answer_to_a_program_is_the_same(self, northside, hold):
        """S-2: the page and `may-text` ask the same rule."""
        [gate] = asking.shut_gates(northside, CAROL, Kind.ONE_TO_ONE)
        assert (gate.code, gate.sentence) == (HELD, HELD_SENTENCE)

    def test_a_campaign_shows_what_is_held_and_why(self, alice, northside, carol):
        made = make_campaign(northside, [carol], one_to_one())
        hear(northside, "please stop texting me", e164=CAROL)
        shown = alice.get("messaging.campaign", account_id=northside.id, campaign_id=made.id)
        assert HELD_SENTENCE in shown.text
        assert "Read what they wrote" in shown.text
