"""What is done to consent, against a database (C-1, C-2, Q-1, Q-2, Q-7, I3, I15)."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import event

from portal.consent import queries, rules
from portal.consent import service as consent
from portal.consent.errors import ConsentRefused, EvidenceNeeded, GivenLater
from portal.consent.values import (
    BOTH_KINDS,
    TALK_ONLY,
    Checkbox,
    Event,
    Evidence,
    MessageKind,
    Method,
    NewConsent,
    Strength,
)
from portal.core import audit
from portal.core.access import Role
from portal.core.db import db, unit_of_work
from portal.core.errors import BadInput, NotAllowed, NotFound
from portal.core.tenancy import Tenant
from portal.proofs.queries.stories import places
from tests.factories import consent as make
from tests.factories.consent import AGENT, CAROL, DAVE, ERIN, PERSON

SCAN = Evidence("scan.png", "a" * 64, "sheet.png", "image/png")
ONE, BULK = MessageKind.ONE_TO_ONE, MessageKind.MARKETING
MINUTE = timedelta(minutes=1)


def may(account, kind, e164=CAROL):
    standing = queries.standing(account.tenant, e164)
    return rules.allows(standing, kind, make_now()).code


def make_now():
    from portal.core.clock import utcnow

    return utcnow()


def events_of(account, e164=CAROL):
    return [record.event for record in reversed(queries.records(account.tenant, e164))]


class TestRecording:
    def test_every_field_of_c1_is_kept(self, northside, clock):
        """C-1."""
        given_at = clock.now - timedelta(days=3)
        new = NewConsent(
            "(312) 555-0142",
            Method.HOSTED_FORM,
            given_at=given_at,
            given_zone="America/Chicago",
            given_as_written="2026-02-27 12:00",
            name="Carol Reyes",
            email="Carol@Example.com",
            postal_address="44 Briar St",
            ip_address="203.0.113.7",
            method_details="open house",
            source_url="https://juniper.example/join",
            disclosure_text="I agree",
            checkbox=Checkbox.CHECKED,
            form_name="Buyers",
            form_version="3",
            user_agent="Firefox",
            kinds=BOTH_KINDS,
            evidence=SCAN,
        )
        with unit_of_work():
            record_id = consent.record_consent(northside.tenant, new, AGENT)

        kept = queries.record_or_404(northside.tenant, record_id)
        for field in NewConsent.__slots__:
            if field not in {"e164", "email", "idempotency_key"}:
                assert getattr(kept, field) == getattr(new, field), field
        assert (kept.e164, kept.email) == (CAROL, "carol@example.com")
        assert kept.collected_by == "Bob Tran"
        assert kept.strength is Strength.EXPRESS_WRITTEN

    def test_the_servers_time_is_its_own_and_never_in_the_past(self, northside, clock):
        """I15, RULINGS 10: a claimed date backdates nothing."""
        before = clock.now
        record_id = make.spoken(northside, given_at=clock.now - timedelta(days=400))

        record = queries.record_or_404(northside.tenant, record_id)
        assert before <= record.recorded_at <= clock.now
        assert "recorded_at" not in NewConsent.__slots__

    def test_nobody_agrees_in_the_future(self, northside, clock):
        with pytest.raises(GivenLater):
            make.spoken(northside, given_at=clock.now + timedelta(hours=1))
        assert queries.records(northside.tenant, CAROL) == []

    @pytest.mark.parametrize("e164", ["", "call office", "12345", "+10005550123"])
    def test_a_number_nobody_has_is_refused_with_the_fix(self, northside, e164):
        with pytest.raises(BadInput, match="area code"):
            make.spoken(northside, e164)

    def test_the_same_key_records_once(self, northside):
        first = make.spoken(northside, idempotency_key="click-1")
        again = make.spoken(northside, idempotency_key="click-1", name="Else")

        assert again == first
        assert len(queries.records(northside.tenant, CAROL)) == 1
        assert audit.verify(northside.organization_id) == (1, None)

    def test_written_consent_opens_everything_and_spoken_one_to_one(self, northside):
        make.written(northside, CAROL)
        make.spoken(northside, DAVE)

        assert (may(northside, ONE), may(northside, BULK)) == ("ok", "ok")
        assert may(northside, ONE, DAVE) == "ok"
        assert may(northside, BULK, DAVE) == "consent_insufficient"
        assert may(northside, ONE, ERIN) == "consent_missing"

    def test_a_bought_number_is_stored_and_blocked(self, northside):
        """C-7."""
        make.bought(northside)

        assert events_of(northside) == [Event.NOT_VALID]
        assert (may(northside, ONE), may(northside, BULK)) == ("consent_not_valid",) * 2
        sentence = rules.allows(queries.standing(northside.tenant, CAROL), ONE, make_now()).sentence
        assert "purchased list" in sentence

    def test_a_real_consent_is_not_spoilt_by_a_bought_list(self, northside):
        make.written(northside)
        make.bought(northside)

        assert may(northside, BULK) == "ok"

    def test_accounts_and_organizations_do_not_share_consent(self, northside, bobs, lakeview):
        make.written(northside)

        assert may(bobs, ONE) == "consent_missing"
        assert may(lakeview, ONE) == "consent_missing"

    def test_records_stand_in_the_chain_and_match_it(self, northside):
        """C-5."""
        record = queries.record_or_404(northside.tenant, make.written(northside))

        place = places(northside.tenant, [record])[record.id]
        assert place.is_intact
        assert (place.position, len(place.covers)) == (1, 1)
        assert audit.verify(northside.organization_id) == (1, None)

    def test_an_ended_consent_allows_nothing(self, northside):
        make.written(northside)
        with unit_of_work():
            assert consent.end_consent(
                northside.tenant, CAROL, reason="number changed hands", actor=AGENT
            )
        with unit_of_work():
            assert not consent.end_consent(northside.tenant, CAROL, reason="again", actor=AGENT)

        assert may(northside, ONE) == "consent_missing"
        assert events_of(northside) == [Event.GIVEN, Event.ENDED]


class TestAgentStated:
    def state(self, account, how="told me at the open house", **values):
        with unit_of_work():
            return consent.agent_stated(account.tenant, CAROL, how=how, actor=AGENT, **values)

    def test_one_click_opens_one_to_one_and_is_shown_as_such(self, northside):
        """C-8."""
        record = queries.record_or_404(northside.tenant, self.state(northside))

        assert record.method is Method.AGENT_STATED
        assert record.method_label == "Agent-stated"
        assert record.is_staff_entry
        assert (may(northside, ONE), may(northside, BULK)) == ("ok", "consent_insufficient")

    @pytest.mark.parametrize("how", ["", "yes", "   ok  "])
    def test_it_must_say_how(self, northside, how):
        with pytest.raises(ConsentRefused, match="Say how"):
            self.state(northside, how)

    def test_it_lifts_no_opt_out(self, northside, clock):
        make.stop(northside, at=clock.now)
        with pytest.raises(ConsentRefused, match="opted out"):
            self.state(northside)

    def test_it_does_not_wash_a_bought_number(self, northside):
        """C-7."""
        make.bought(northside)
        with pytest.raises(ConsentRefused, match="purchased list"):
            self.state(northside)

    def test_it_may_not_lie_in_the_future(self, northside, clock):
        with pytest.raises(GivenLater):
            self.state(northside, given_at=clock.now + 6 * MINUTE)


class TestInquiry:
    def write(self, account, at, sid="SM1"):
        with unit_of_work():
            return consent.record_inquiry(account.tenant, CAROL, at, sid)

    def test_a_text_opens_ninety_days_of_answers(self, northside, clock):
        """C-8."""
        self.write(northside, clock.now)

        assert (may(northside, ONE), may(northside, BULK)) == ("ok", "consent_insufficient")
        clock.travel(by=timedelta(days=90) - MINUTE)
        assert may(northside, ONE) == "ok"
        clock.travel(by=2 * MINUTE)
        assert may(northside, ONE) == "consent_expired"
        assert queries.standing(northside.tenant, CAROL).record_id is None

    def test_every_text_begins_the_ninety_days_anew_but_one_a_day_is_written(
        self, northside, clock
    ):
        self.write(northside, clock.now, "SM1")
        clock.travel(by=timedelta(hours=5))
        assert self.write(northside, clock.now, "SM2") is None
        again = clock.now
        clock.travel(by=timedelta(days=3))
        assert self.write(northside, clock.now, "SM3") is not None

        assert len(queries.records(northside.tenant, CAROL)) == 2
        standing = queries.standing(northside.tenant, CAROL)
        assert standing.expires_at > again + timedelta(days=90)

    def test_the_same_text_counts_once(self, northside, clock):
        assert self.write(northside, clock.now)
        assert self.write(northside, clock.now) is None

    def test_it_lowers_no_stronger_consent_and_lifts_no_opt_out(self, northside, clock):
        make.written(northside)
        assert self.write(northside, clock.now) is None
        assert may(northside, BULK) == "ok"
        make.stop(northside, at=clock.now)
        assert self.write(northside, clock.now, "SM9") is None
        assert may(northside, ONE) == "opted_out"


class TestStopAndStart:
    def test_stop_beats_every_consent_at_once(self, northside, clock):
        """Q-1, Q-2."""
        make.written(northside)

        assert make.stop(northside, at=clock.now) is True
        assert (may(northside, ONE), may(northside, BULK)) == ("opted_out", "opted_out")
        assert make.stop(northside, at=clock.now) is False
        assert events_of(northside) == [Event.GIVEN, Event.OPTED_OUT, Event.OPTED_OUT]

    def test_the_same_text_is_taken_once(self, northside, clock):
        make.stop(northside, at=clock.now, reference="SM1")
        make.stop(northside, at=clock.now, reference="SM1")

        assert events_of(northside) == [Event.OPTED_OUT]

    def test_a_stop_from_a_stranger_is_kept_too(self, northside, clock):
        assert make.stop(northside, ERIN, at=clock.now)
        assert may(northside, ONE, ERIN) == "opted_out"

    def test_start_restores_what_stood(self, northside, clock):
        """Q-1."""
        record = make.written(northside, kinds=(BULK,))
        make.stop(northside, at=clock.now)
        clock.travel(by=MINUTE)

        assert make.start(northside, at=clock.now) is True
        standing = queries.standing(northside.tenant, CAROL)
        assert (standing.kinds, standing.record_id) == ((BULK,), record)
        assert standing.opted_out_at is None
        assert standing.org_opted_out_at is None

    def test_start_without_a_record_opens_a_conversation_only(self, northside, clock):
        """Q-1."""
        make.stop(northside, at=clock.now)
        clock.travel(by=MINUTE)
        make.start(northside, at=clock.now)

        assert queries.standing(northside.tenant, CAROL).kinds == TALK_ONLY
        assert (may(northside, ONE), may(northside, BULK)) == ("ok", "consent_insufficient")

    def test_a_start_no_newer_than_the_latest_stop_opens_nothing(self, northside, clock):
        """I3: by the provider's time, whatever the order of arrival."""
        make.written(northside)
        make.stop(northside, at=clock.now)
        stopped = queries.standing(northside.tenant, CAROL).opted_out_at
        clock.travel(by=timedelta(hours=1))

        assert make.start(northside, at=clock.now, provider_at=stopped) is False
        assert make.start(northside, at=clock.now, provider_at=stopped - MINUTE) is False
        assert may(northside, ONE) == "opted_out"
        assert make.start(northside, at=clock.now, provider_at=stopped + MINUTE) is True

    def test_a_stop_that_comes_late_and_is_older_than_start_opts_nobody_out(self, northside, clock):
        make.written(northside)
        sent = clock.now
        clock.travel(by=MINUTE)
        make.start(northside, at=clock.now)

        assert make.stop(northside, at=sent) is False
        assert may(northside, ONE) == "ok"

    def test_a_time_to_come_is_cut_to_now(self, northside, clock):
        make.stop(northside, at=clock.now + timedelta(days=30))
        clock.travel(by=MINUTE)
        assert make.start(northside, at=clock.now) is True

    def test_consent_staff_bring_after_a_stop_changes_nothing(self, northside, clock):
        """Q-2: an override doesn't exist."""
        make.stop(northside, at=clock.now)
        clock.travel(by=MINUTE)
        make.spoken(northside, given_at=clock.now)

        assert may(northside, ONE) == "opted_out"
        assert events_of(northside) == [Event.OPTED_OUT, Event.GIVEN]

    def test_the_persons_own_form_after_a_stop_counts_at_once(self, northside, clock):
        """Q-2."""
        make.stop(northside, at=clock.now)
        clock.travel(by=MINUTE)
        make.written(northside)

        assert may(northside, BULK) == "ok"

    def test_the_carriers_word_is_an_opt_out(self, northside, clock):
        with unit_of_work():
            consent.opt_out(
                northside.tenant, CAROL, at=clock.now, source="carrier", actor=PERSON,
                details="21610",
            )  # fmt: skip

        [record] = queries.records(northside.tenant, CAROL)
        assert (record.method, record.method_details) == (Method.CARRIER, "21610")


class TestScope:
    """Q-7: an opt-out binds the account for everything, the seller for marketing."""

    def test_other_accounts_lose_marketing_but_may_answer(self, northside, bobs, lakeview, clock):
        for account in (northside, bobs, lakeview):
            make.written(account)
        clock.travel(by=MINUTE)
        make.stop(northside, at=clock.now)

        assert (may(northside, ONE), may(northside, BULK)) == ("opted_out", "opted_out")
        assert (may(bobs, ONE), may(bobs, BULK)) == ("ok", "org_opted_out")
        assert (may(lakeview, ONE), may(lakeview, BULK)) == ("ok", "ok")

    def test_consent_given_to_another_account_afterwards_lifts_it_there(
        self, northside, bobs, clock
    ):
        make.stop(northside, at=clock.now)
        clock.travel(by=MINUTE)
        make.written(bobs)

        assert may(bobs, BULK) == "ok"
        assert may(northside, ONE) == "opted_out"

    def test_what_staff_say_afterwards_lifts_nothing(self, northside, bobs, clock):
        make.written(bobs)
        make.stop(northside, at=clock.now)
        clock.travel(by=MINUTE)
        make.spoken(bobs, given_at=clock.now)

        assert may(bobs, BULK) == "org_opted_out"

    def test_start_to_one_account_lifts_it_for_that_account_only(self, northside, bobs, clock):
        make.written(northside)
        make.written(bobs)
        make.stop(northside, at=clock.now)
        clock.travel(by=MINUTE)
        make.start(northside, at=clock.now)

        assert may(northside, BULK) == "ok"
        assert may(bobs, BULK) == "org_opted_out"


class TestEnteredByStaff:
    def test_what_staff_pass_on_is_marked_as_theirs(self, northside, clock):
        with unit_of_work():
            consent.opt_out(northside.tenant, CAROL, at=clock.now, source="the pigeon", actor=AGENT)
        [record] = queries.records(northside.tenant, CAROL)
        assert (record.method, record.is_staff_entry) == (Method.STAFF, True)

    def test_a_consent_by_hand_for_whom_nothing_stands_needs_no_officer(self, northside):
        new = NewConsent(
            CAROL, Method.AGENT_STATED, method_details="asked me at the door", idempotency_key="k"
        )
        for _ in range(2):
            with unit_of_work():
                record_id = consent.enter_consent(
                    northside.tenant, new, role=Role.AGENT, actor=AGENT
                )
        assert len(queries.records(northside.tenant, CAROL)) == 1
        assert queries.record_or_404(northside.tenant, record_id).is_staff_entry

    def test_a_statement_entered_by_hand_is_held_to_the_same_rule(self, northside):
        make.bought(northside)
        new = NewConsent(CAROL, Method.AGENT_STATED, method_details="asked me at the door")
        with pytest.raises(ConsentRefused), unit_of_work():
            consent.enter_consent(northside.tenant, new, role=Role.AGENT, actor=AGENT)

    def test_an_opt_out_by_phone_holds_at_once(self, northside, clock):
        """Q-7."""
        make.written(northside)
        with unit_of_work():
            assert consent.enter_opt_out(
                northside.tenant, CAROL, method=Method.CALL, details="asked by phone",
                actor=AGENT, said_at=clock.now - timedelta(days=2), evidence=SCAN,
            )  # fmt: skip

        assert may(northside, ONE) == "opted_out"
        record = queries.records(northside.tenant, CAROL)[0]
        assert record.is_staff_entry
        assert record.evidence == SCAN
        assert (record.given_at.day, record.recorded_at.day) == (28, 2)

    def test_an_opt_out_still_to_come_is_refused(self, northside, clock):
        with pytest.raises(GivenLater), unit_of_work():
            consent.enter_opt_out(
                northside.tenant, CAROL, method=Method.CALL, details="x", actor=AGENT,
                said_at=clock.now + 6 * MINUTE,
            )  # fmt: skip

    def test_an_opt_out_by_a_clock_that_is_a_little_fast_is_said_now(self, northside, clock):
        with unit_of_work():
            assert consent.enter_opt_out(
                northside.tenant, CAROL, method=Method.CALL, details="asked by phone",
                actor=AGENT, said_at=clock.now + MINUTE,
            )  # fmt: skip

        record = queries.records(northside.tenant, CAROL)[0]
        assert record.given_at == record.recorded_at

    @pytest.mark.parametrize(
        ("role", "evidence", "after", "refusal"),
        [
            (Role.AGENT, SCAN, True, NotAllowed),
            (Role.TEAM_LEAD, SCAN, True, NotAllowed),
            (Role.ADMIN, SCAN, True, NotAllowed),
            (Role.COMPLIANCE_OFFICER, None, True, EvidenceNeeded),
            (Role.COMPLIANCE_OFFICER, SCAN, False, EvidenceNeeded),
            (Role.COMPLIANCE_OFFICER, SCAN, True, None),
        ],
    )
    def test_undoing_an_opt_out_takes_an_officer_and_newer_evidence(
        self, northside, clock, role, evidence, after, refusal
    ):
        """Q-2."""
        make.stop(northside, at=clock.now)
        clock.travel(by=timedelta(hours=1))
        given_at = clock.now - (MINUTE if after else timedelta(hours=2))
        new = NewConsent(
            CAROL, Method.PAPER, given_at=given_at, method_details="a letter", evidence=evidence
        )

        def enter():
            with unit_of_work():
                consent.enter_consent(northside.tenant, new, role=role, actor=AGENT)

        if refusal is None:
            enter()
            assert may(northside, BULK) == "ok"
        else:
            with pytest.raises(refusal):
                enter()
            assert may(northside, ONE) == "opted_out"
            assert events_of(northside) == [Event.OPTED_OUT]

    def test_nobody_enters_a_bought_consent(self, northside):
        with pytest.raises(ConsentRefused), unit_of_work():
            consent.enter_consent(
                northside.tenant,
                NewConsent(CAROL, Method.THIRD_PARTY),
                role=Role.COMPLIANCE_OFFICER,
                actor=AGENT,
            )


class TestDoNotContact:
    def test_it_blocks_every_account_of_the_organization(self, northside, bobs, lakeview):
        for account in (northside, bobs, lakeview):
            make.written(account)
        with unit_of_work():
            assert consent.add_do_not_contact(
                northside.organization_id, CAROL, reason="a letter", actor=AGENT
            )
        with unit_of_work():
            assert not consent.add_do_not_contact(
                northside.organization_id, CAROL, reason="again", actor=AGENT
            )

        assert may(northside, ONE) == may(bobs, BULK) == "do_not_contact"
        assert may(lakeview, BULK) == "ok"
        with unit_of_work():
            assert consent.remove_do_not_contact(northside.organization_id, CAROL, actor=AGENT)
        with unit_of_work():
            assert not consent.remove_do_not_contact(northside.organization_id, CAROL, actor=AGENT)
        assert may(northside, ONE) == "ok"

    def test_it_says_why(self, northside):
        with pytest.raises(BadInput, match="why"), unit_of_work():
            consent.add_do_not_contact(northside.organization_id, CAROL, reason=" ", actor=AGENT)


class TestReading:
    def test_five_hundred_numbers_take_two_selects(self, northside, clock):
        """SPEED 3b."""
        make.written(northside)
        numbers = [f"+1312555{n:04}" for n in range(500)]
        seen = []

        def count(*args):
            if args[2].startswith("SELECT"):
                seen.append(args[2])

        db.session.commit()
        event.listen(db.engine, "before_cursor_execute", count)
        try:
            found = queries.standings(northside.tenant, numbers, clock.now)
        finally:
            event.remove(db.engine, "before_cursor_execute", count)

        assert len(seen) == 2
        assert len(found) == 500
        assert found[CAROL].strength is Strength.EXPRESS_WRITTEN
        assert queries.standings(northside.tenant, [], clock.now) == {}

    def test_a_record_of_another_tenant_is_not_found(self, northside, bobs, lakeview):
        record = make.written(northside)
        for stranger in (bobs.tenant, lakeview.tenant, Tenant(lakeview.organization_id)):
            with pytest.raises(NotFound):
                queries.record_or_404(stranger, record)

    def test_marks_tell_who_may_not_be_texted(self, northside, clock):
        """K-3."""
        make.written(northside, CAROL)
        make.stop(northside, DAVE, at=clock.now)

        marks = queries.contact_marks(northside.tenant, [CAROL, DAVE, ERIN])
        assert {e164: [m.label for m in ms] for e164, ms in marks.items()} == {
            DAVE: ["Opted out"],
            ERIN: ["No consent"],
        }


def test_two_at_once_neither_lose_a_stop_nor_break_the_chain(app, northside, clock):
    """RULINGS 6: the number is locked first, the chain last."""
    failures = []
    now = clock.now

    def work(number):
        with app.app_context():
            try:
                for step in range(4):
                    if number % 2:
                        make.stop(northside, at=now, reference=f"SM{number}-{step}")
                    else:
                        make.spoken(northside, idempotency_key=f"{number}-{step}")
            except Exception as error:
                failures.append(error)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.commit()

    assert failures == []
    assert may(northside, ONE) == "opted_out"
    assert audit.verify(northside.organization_id) == (16, None)
