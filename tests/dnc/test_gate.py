"""The gate of S-2 at planning, at the last look, on the contact, in marks and by API."""

from datetime import date, timedelta

import pytest
from sqlalchemy import event

from portal.consent import queries as standings
from portal.consent import service as consent
from portal.consent.values import Method
from portal.core import clock as core_clock
from portal.core.audit import AuditEntry
from portal.core.db import db, unit_of_work
from portal.core.errors import NotFound
from portal.dnc import queries
from portal.dnc import service as dnc
from portal.dnc.errors import NoExemption
from portal.dnc.values import Relation
from portal.messaging.service import planning
from portal.messaging.values import Fate, Kind, State
from tests.factories.consent import start, stop
from tests.factories.dnc import DATA, VERA_ACTS, cover, load_list, look_up_by_hand, relate, today_of
from tests.factories.messaging import (
    bulk,
    clear,
    make_campaign,
    make_ready,
    make_recipient,
    make_recipients,
    one_to_one,
    only_text,
    take,
)

ANN = "+13125550142"
NATIONAL = (DATA / "national_312_773.csv").read_bytes()
ASKED, SALE = Relation.INQUIRY, Relation.TRANSACTION


@pytest.fixture
def sender(northside):
    return make_ready(northside)


def person(account, method, number=ANN):
    """Return somebody who agreed by this method; an inquiry is their own text."""
    if method is not Method.INQUIRY:
        return make_recipient(account, number=number, method=method)
    found = make_recipient(account, number=number, method=None)
    with unit_of_work():
        consent.record_inquiry(account.tenant, number, core_clock.utcnow(), "SM1")
    return found


def planned(account, recipient, draft=None):
    plan = planning.plan(account, [recipient], draft or one_to_one(), core_clock.utcnow())
    return plan.texts[0]


def code(account, recipient, draft=None):
    gate = planned(account, recipient, draft).gate
    return gate.code if gate else None


@pytest.fixture(params=["listed", "not listed", "stale", "none"])
def lists(request, northside, clock):
    """Each way a list may stand to Ann's number."""
    if request.param == "listed":
        load_list(northside, NATIONAL)
    elif request.param == "not listed":
        cover(northside, "312")
    elif request.param == "stale":
        cover(northside, "312")
        clock.travel(by=timedelta(days=32))
    return request.param


WRITTEN, SPOKEN, OWN_TEXT = Method.HOSTED_FORM, Method.VERBAL, Method.INQUIRY
TABLE = {
    ("listed", WRITTEN): None,
    ("listed", SPOKEN): "dnc_listed",
    ("listed", OWN_TEXT): "dnc_listed",
    ("not listed", WRITTEN): None,
    ("not listed", SPOKEN): None,
    ("not listed", OWN_TEXT): None,
    ("stale", WRITTEN): None,
    ("stale", SPOKEN): None,
    ("stale", OWN_TEXT): "dnc_unchecked",
    ("none", WRITTEN): None,
    ("none", SPOKEN): None,
    ("none", OWN_TEXT): "dnc_unchecked",
}


@pytest.mark.parametrize("method", [WRITTEN, SPOKEN, OWN_TEXT])
def test_what_a_list_says_to_each_kind_of_consent(northside, sender, lists, method):
    """S-2: written consent exempts; with no list, or an old one, an inquiry asks for a check."""
    assert code(northside, person(northside, method)) == TABLE[lists, method]


def test_the_gate_says_list_day_and_way_on(northside, sender):
    load_list(northside, NATIONAL)
    text = planned(northside, person(northside, SPOKEN))
    assert text.outcome is Fate.BLOCKED
    assert text.gate.sentence == (
        "This number is on the national do-not-call list of 2 Mar 2026. Texting it needs consent "
        "in writing or a business relationship."
    )
    assert (text.gate.fix_endpoint, text.gate.fix_label) == ("dnc.number", "See what exempts them")


def test_an_old_list_still_stops_whom_it_holds(northside, sender, clock):
    """It can't say that a number is not listed; that it was, it can."""
    load_list(northside, NATIONAL)
    clock.travel(by=timedelta(days=60))
    assert code(northside, person(northside, SPOKEN)) == "dnc_listed"


def test_a_number_of_canada_needs_no_list_of_the_united_states(northside, sender):
    assert code(northside, person(northside, OWN_TEXT, "+14165550142")) is None


def test_a_bulk_text_is_never_asked_to_check_by_hand(northside, sender):
    """No bulk text rests on an inquiry: a check would lead to the next no (C-8)."""
    assert code(northside, person(northside, OWN_TEXT), bulk()) == "consent_insufficient"


class TestRelationships:
    @pytest.fixture(autouse=True)
    def _listed(self, northside, sender):
        load_list(northside, NATIONAL)

    @pytest.mark.parametrize(
        ("relation", "months_and_days", "still"),
        [(SALE, 548, True), (SALE, 549, False), (ASKED, 91, True), (ASKED, 92, False)],
    )
    def test_it_exempts_for_its_months_and_ends_by_itself(
        self, northside, clock, relation, months_and_days, still
    ):
        """From 2 March 2026: 18 months end on 1 September 2027, 3 months on 1 June."""
        relate(northside, ANN, relation)
        ann = person(northside, SPOKEN)
        assert code(northside, ann) is None
        clock.travel(by=timedelta(days=months_and_days))
        assert (code(northside, ann) is None) == still

    def test_its_last_day_ends_at_midnight_of_the_account(self, northside, clock):
        """Chicago: 1 June 2026 ends at 05:00 UTC of the 2nd."""
        relate(northside, ANN, ASKED)
        ann = person(northside, SPOKEN)
        last = clock.now.replace(month=6, day=2, hour=4, minute=59)
        clock.travel(to=last)
        facts = queries.read_lists(northside.organization_id).facts(
            northside, {ANN: _standing(northside)}, clock.now
        )
        assert facts[ANN].exemptions
        clock.travel(to=last + timedelta(minutes=2))
        facts = queries.read_lists(northside.organization_id).facts(
            northside, {ANN: _standing(northside)}, clock.now
        )
        assert not facts[ANN].exemptions
        assert code(northside, ann) == "dnc_listed"

    def test_it_holds_in_every_account_of_the_organization_and_in_no_other(
        self, northside, bobs, lakeview
    ):
        relate(northside, ANN)
        make_ready(bobs)
        make_ready(lakeview)
        load_list(lakeview, NATIONAL)
        assert code(bobs, person(bobs, SPOKEN)) is None
        assert code(lakeview, person(lakeview, SPOKEN)) == "dnc_listed"

    def test_an_opt_out_ends_it_even_when_the_person_opts_in_again(self, northside, clock):
        """47 CFR 64.1200(f)(5)(i)."""
        relate(northside, ANN, on=today_of(northside) - timedelta(days=10))
        ann = person(northside, SPOKEN)
        stop(northside, ANN, at=clock.now)
        assert code(northside, ann) == "opted_out"
        clock.travel(by=timedelta(hours=1))
        start(northside, ANN, at=clock.now)
        assert code(northside, ann) == "dnc_listed"

    def test_somebody_ends_one_that_does_not_hold(self, northside):
        id_ = relate(northside, ANN)
        ann = person(northside, SPOKEN)
        for _ in range(2):
            with unit_of_work():
                dnc.end_relationship(
                    northside.organization_id, id_, because="Never closed", actor=VERA_ACTS
                )
        assert code(northside, ann) == "dnc_listed"
        [noted] = queries.exemptions(northside.organization_id, [ANN])[ANN]
        assert (noted.ended_by, noted.ended_because) == ("Vera Okafor", "Never closed")

    def test_a_strangers_is_as_good_as_missing(self, northside, lakeview):
        id_ = relate(northside, ANN)
        with unit_of_work(), pytest.raises(NotFound):
            dnc.end_relationship(lakeview.organization_id, id_, because="Mine now", actor=VERA_ACTS)

    @pytest.mark.parametrize(
        ("days", "relation", "words"),
        [(1, SALE, "still to come"), (-550, SALE, "ended on"), (-95, ASKED, "ended on")],
    )
    def test_a_day_to_come_or_too_long_ago_is_refused(self, northside, days, relation, words):
        with pytest.raises(NoExemption, match=words):
            relate(northside, ANN, relation, on=today_of(northside) + timedelta(days=days))

    def test_the_last_day_of_the_calendar_is_still_to_come(self, northside):
        with pytest.raises(NoExemption, match="still to come"):
            relate(northside, ANN, on=date.max)

    def test_it_needs_evidence(self, northside):
        with pytest.raises(NoExemption, match="evidence: say how"):
            relate(northside, ANN, evidence="ok")

    def test_it_is_audited_with_its_dates(self, northside):
        relate(northside, ANN)
        entry = _entry("dnc:exemption:add")
        assert (entry["until"], entry["evidence"]) == ("2027-09-01", "Closing of 12 Oak St")


class TestChecksByHand:
    def test_a_confirmed_check_counts_as_long_as_a_list_would(self, northside, sender, clock):
        ann = person(northside, OWN_TEXT)
        assert code(northside, ann) == "dnc_unchecked"
        look_up_by_hand(northside, ANN)
        assert code(northside, ann) is None
        clock.travel(by=timedelta(days=31))
        assert code(northside, ann) is None
        clock.travel(by=timedelta(days=1))
        assert code(northside, ann) == "dnc_unchecked"

    def test_it_does_not_outweigh_a_list_that_has_the_number(self, northside, sender):
        look_up_by_hand(northside, ANN)
        load_list(northside, NATIONAL)
        assert code(northside, person(northside, OWN_TEXT)) == "dnc_listed"

    @pytest.mark.parametrize(("days", "words"), [(1, "still to come"), (-32, "31 days")])
    def test_a_day_to_come_or_too_long_ago_is_refused(self, northside, days, words):
        with pytest.raises(NoExemption, match=words):
            look_up_by_hand(northside, ANN, today_of(northside) + timedelta(days=days))


class TestTheLastLook:
    def test_a_list_loaded_meanwhile_stops_a_text_under_way(self, northside, sender):
        """S-2, PROMISES 2.3: asked when it is planned, and again before it leaves."""
        make_campaign(northside, [person(northside, SPOKEN)], one_to_one())
        load_list(northside, NATIONAL)
        [claim] = take(northside)
        assert clear(claim) is None
        text = only_text(northside)
        assert (text.state, text.reason_code) == (State.BLOCKED, "dnc_listed")
        assert "national do-not-call list of 2 Mar 2026" in text.reason

    def test_a_list_that_ran_out_meanwhile_stops_what_rests_on_an_inquiry(
        self, northside, sender, clock
    ):
        cover(northside, "312")
        clock.travel(by=timedelta(days=31))
        make_campaign(northside, [person(northside, OWN_TEXT)], one_to_one())
        clock.travel(by=timedelta(days=1))
        [claim] = take(northside)
        assert clear(claim) is None
        assert only_text(northside).reason_code == "dnc_unchecked"

    def test_a_text_keeps_what_let_it_pass(self, northside, sender, alice, clock):
        """S-2: whoever must answer for it later finds list, relationship and its days beside it."""
        load_list(northside, NATIONAL)
        id_ = relate(northside, ANN)
        ann = person(northside, SPOKEN)
        make_campaign(northside, [ann], one_to_one())
        assert clear(take(northside)[0]) is not None
        with unit_of_work():
            dnc.end_relationship(
                northside.organization_id, id_, because="The sale fell through", actor=VERA_ACTS
            )
        assert only_text(northside).hours["call_list"]["exemption"] == str(id_)
        timeline = alice.get(
            "messaging.contact", account_id=northside.id, contact_id=ann.contact.id
        ).text_of("#timeline-list")
        assert (
            "On the national do-not-call list of 2 Mar 2026, exempt by a business relationship: "
            "transaction of 2 Mar 2026, until 1 Sep 2027"
        ) in timeline
        for told in ("Business relationship recorded", "Closing of 12 Oak St", "relationship ended", "The sale fell through"):  # fmt: skip
            assert told in timeline

    def test_a_text_keeps_the_check_by_hand_it_rested_on(self, northside, sender, alice):
        look_up_by_hand(northside, ANN)
        ann = person(northside, OWN_TEXT)
        make_campaign(northside, [ann], one_to_one())
        assert clear(take(northside)[0]) is not None
        [check] = queries.checks(northside.organization_id, [ANN])[ANN]
        assert only_text(northside).hours["call_list"]["check"] == str(check.id)
        timeline = alice.get(
            "messaging.contact", account_id=northside.id, contact_id=ann.contact.id
        ).text_of("#timeline-list")
        assert "Looked up by hand on 2 Mar 2026, on no do-not-call list" in timeline
        assert "checked by hand" in timeline

    def test_who_agreed_in_writing_goes(self, northside, sender):
        load_list(northside, NATIONAL)
        make_campaign(northside, [person(northside, WRITTEN)])
        [claim] = take(northside)
        assert clear(claim) is not None


class TestSpeed:
    def statements(self, work):
        asked = []

        def note(_connection, _cursor, statement, *_more):
            asked.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            work()
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        return [one for one in asked if "dnc_" in one]

    @pytest.mark.parametrize(("method", "count"), [(WRITTEN, 0), (SPOKEN, 2)])
    def test_a_plan_asks_for_lists_once_and_for_numbers_once_in_five_hundred(
        self, northside, sender, method, count
    ):
        """G4: nobody who agreed in writing is looked up; of others, up to 500 at once."""
        cover(northside, "312")
        people = make_recipients(northside, 20, method=method)
        db.session.rollback()
        now = core_clock.utcnow()
        asked = self.statements(lambda: planning.plan(northside, people, bulk(), now))
        assert len(asked) == count


def test_contacts_bear_the_mark_with_its_why(northside, sender):
    """K-3."""
    load_list(northside, NATIONAL)
    person(northside, SPOKEN)
    [mark] = queries.contact_marks(northside.tenant, [ANN, "+13125550100"])[ANN]
    assert (mark.code, mark.label, mark.tone) == ("dnc_listed", "Do-not-call list", "bad")
    assert "national do-not-call list" in mark.why
    relate(northside, ANN)
    [mark] = queries.contact_marks(northside.tenant, [ANN])[ANN]
    assert (mark.code, mark.tone) == ("dnc_exempt", "quiet")
    assert "until 1 Sep 2027" in mark.why


def test_the_explaining_page_asks_the_same_gate(northside, sender):
    """S-11: the words are the gate's, wherever they are read."""
    load_list(northside, NATIONAL)
    ann = person(northside, SPOKEN)
    [gate] = planning.shut_gates(northside, ann, Kind.ONE_TO_ONE, core_clock.utcnow())
    assert gate == planned(northside, ann).gate


def _standing(account):
    return standings.standing(account.tenant, ANN)


def _entry(wanted):
    return db.session.query(AuditEntry).filter_by(event=wanted).one().payload
