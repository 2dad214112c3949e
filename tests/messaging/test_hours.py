"""No text goes outside the hours, Sundays and holidays of its rule, nor waits longer (P-3, S-11)."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event

from portal.compliance import queries as compliance
from portal.compliance import service as hours_service
from portal.compliance.rules.policy import Edit, Span
from portal.contacts import service as contacts
from portal.contacts.values import ContactDetails, NewNumber
from portal.core.audit import AuditEntry
from portal.core.db import db, unit_of_work
from portal.messaging import queries
from portal.messaging.models import Message, MessageEvent
from portal.messaging.service import asking, campaigns, planning
from portal.messaging.values import Fate, Kind, State
from portal.texting_accounts import service as account_service
from tests import cast
from tests.factories.messaging import (
    ALICE_ACTS,
    bulk,
    clear,
    fresh,
    make_campaign,
    make_recipient,
    make_recipients,
    one_to_one,
    only_text,
    take,
    texts,
)
from tests.messaging.talks import hear
from workers.sending import drain

CHICAGO, MIAMI, MOBILE = "+13125550142", "+13055550142", "+12055550142"
PANHANDLE, KINGSTON = "+18505550142", "+18765550142"
ZONE = ZoneInfo("America/Chicago")


@pytest.fixture
def at(clock):
    """Go to a time of Chicago's in March 2026; the 2nd is a Monday, the 8th a Sunday."""

    def go(written):
        clock.travel(to=local(written))
        return clock.now

    return go


def local(written, zone=ZONE):
    return datetime.fromisoformat(f"2026-03-{written}").replace(tzinfo=zone).astimezone(UTC)


def with_limit(account, people):
    with unit_of_work():
        account_service.set_limits(
            account.id, daily_recipients=people, daily_segments=100, note="x", actor=ALICE_ACTS
        )
    return cast.account(account.id)


def planned(account, people, draft, now):
    return planning.plan(account, people, draft, now)


class TestPlanning:
    def test_whose_state_is_closed_waits_and_the_others_go(self, northside, sender, at):
        """19:30 in Chicago is 20:30 in Miami, where texts end at 20:00."""
        people = [make_recipient(northside, CHICAGO), make_recipient(northside, MIAMI)]
        plan = planned(northside, people, bulk(), at("02T19:30"))
        assert [text.outcome for text in plan.texts] == [Fate.GO, Fate.HELD]
        [reason] = plan.reasons
        assert (reason.gate.code, reason.count) == ("quiet_hours", 1)
        assert reason.gate.sentence.startswith("Florida rule: texts go 08:00-20:00, New York time")
        assert "Fla. Stat. 501.616(6)" in reason.gate.sentence
        assert reason.gate.held_until == plan.texts[1].not_before == local("03T07:00")
        assert (reason.gate.rule.name, reason.gate.rule.place) == ("Florida", "the area code")

    def test_people_of_one_rule_that_open_together_are_one_line(self, northside, sender, at):
        numbers = [f"+1305555{n:04d}" for n in range(3)] + [f"+1215555{n:04d}" for n in range(2)]
        people = [make_recipient(northside, number) for number in numbers]
        plan = planned(northside, people, bulk(), at("02T20:30"))
        assert [(r.count, r.gate.held_until) for r in plan.reasons] == [
            (3, local("03T07:00")),
            (2, local("03T07:00")),
        ]

    @pytest.mark.parametrize(
        ("number", "state", "when", "opens", "code"),
        [
            (MOBILE, "", "08T12:00", "09T08:00", "quiet_day"),  # Alabama, a Sunday
            (CHICAGO, "AL", "08T12:00", "09T08:00", "quiet_day"),  # the address counts
            (MIAMI, "IL", "02T19:30", "03T08:00", "quiet_hours"),  # and so does the area code
            (PANHANDLE, "", "02T07:30", "02T08:00", "quiet_hours"),  # two zones: both are open
            (KINGSTON, "", "02T08:30", "02T09:00", "quiet_hours"),  # no state: the strictest row
        ],
    )
    def test_the_rule_is_that_of_every_place_the_person_may_be(
        self, northside, sender, at, number, state, when, opens, code
    ):
        person = make_recipient(northside, number, state=state)
        [text] = planned(northside, [person], bulk(), at(when)).texts
        assert (text.gate.code, text.not_before) == (code, local(opens))

    @pytest.mark.parametrize(
        ("when", "opens"),
        [
            ("08T12:00", None),
            ("02T20:59", "03T08:00"),
            ("02T20:50", None),
            ("02T06:00", "02T08:00"),
        ],
    )
    def test_a_hand_keeps_the_federal_window_alone(self, northside, sender, at, when, opens):
        """A Sunday in Alabama is no matter; the last minute before nine is too late to begin."""
        person = make_recipient(northside, MOBILE)
        [text] = planned(northside, [person], one_to_one(), at(when)).texts
        assert text.outcome is (Fate.HELD if opens else Fate.GO)
        assert opens is None or text.not_before == local(opens)

    def test_a_program_is_no_hand(self, northside, sender, at):
        """P-3: what nobody typed is automated, in the words of every other page."""
        make_recipient(northside, MOBILE)
        at("08T12:00")
        [gate] = asking.shut_gates(northside, MOBILE, Kind.ONE_TO_ONE)
        assert gate.sentence.startswith("Alabama rule: no automated texts on Sundays")

    def test_an_answer_within_a_day_keeps_no_hours_and_a_campaign_is_no_answer(
        self, northside, sender, at, clock
    ):
        person = make_recipient(northside, MIAMI)
        at("02T22:00")
        hear(northside, "Still up?", MIAMI)
        now = at("02T23:30")
        assert planned(northside, [person], one_to_one(), now).go == 1
        assert planned(northside, [person], bulk(), now).held == 1
        late = planned(northside, [person], one_to_one(), at("03T22:00")).texts[0]
        assert late.gate.code == "quiet_hours"

    def test_what_is_scheduled_into_a_closed_hour_is_timed_anew(self, northside, sender, at):
        person = make_recipient(northside, MIAMI)
        now = at("02T12:00")
        draft = bulk(send_at=local("02T22:00"))
        [text] = planned(northside, [person], draft, now).texts
        assert (text.outcome, text.not_before) == (Fate.HELD, local("03T07:00"))

    def test_whoever_waits_for_tomorrow_takes_a_place_of_tomorrow(self, northside, sender, at):
        """S-5: today's places stay with those who go today."""
        account = with_limit(northside, 2)
        people = [make_recipient(northside, f"+1305555{n:04d}") for n in range(5)]
        plan = planned(account, people, bulk(over_limit="spread"), at("02T20:30"))
        days = [(share.day.day, share.people) for share in plan.days]
        assert days == [(3, 2), (4, 2), (5, 1)]
        assert plan.texts[2].not_before == local("04T09:00")
        assert plan.over_limit == 3
        trimmed = planned(account, people, bulk(over_limit="trim"), at("02T20:30"))
        assert (trimmed.held, trimmed.blocked) == (2, 3)

    def test_the_morning_of_a_later_day_is_not_before_the_person_s_own(self, northside, sender, at):
        account = with_limit(northside, 1)
        people = [make_recipient(northside, f"+1808555{n:04d}") for n in range(2)]
        plan = planned(account, people, bulk(over_limit="spread"), at("02T15:00"))
        assert plan.texts[1].not_before == local("03T08:00", ZoneInfo("Pacific/Honolulu"))

    def test_nobody_costs_a_question_of_their_own(self, northside, sender, at):
        """SPEED G4: rules and addresses are read once for a batch."""
        now, asked = at("02T20:30"), []
        people = [make_recipient(northside, f"+1305555{n:04d}") for n in range(30)]
        event.listen(db.engine, "before_cursor_execute", lambda *a: asked.append(a[2]))
        counts = []
        for size in (2, 2, 30):
            asked.clear()
            planned(northside, people[:size], bulk(), now)
            counts.append(len(asked))
        assert counts[1] == counts[2]


class TestLastLook:
    def test_a_window_that_closed_meanwhile_holds_and_opens_again_in_order(
        self, northside, sender, carrier_fake, at
    ):
        """S-11: held, listed with the reason and the time, and sent in order."""
        people = [make_recipient(northside, f"+1305555{n:04d}") for n in range(3)]
        at("02T18:50")
        campaign = make_campaign(northside, people)
        at("02T19:00")
        drain(str(northside.id))
        held = texts(northside)
        assert {(t.state, t.reason_code) for t in held} == {(State.HELD, "quiet_hours")}
        assert {t.held_until for t in held} == {local("03T07:00")}
        [line] = queries.campaign_reasons(northside.tenant, campaign.id)
        assert (line.count, line.fix_endpoint) == (3, "compliance.hours")
        at("03T06:59")
        drain(str(northside.id))
        assert carrier_fake.sent == []
        at("03T07:00")
        drain(str(northside.id))
        bodies = [t.to for t in carrier_fake.sent if t.to.startswith("+1305555")]
        assert list(dict.fromkeys(bodies)) == [p.number.e164 for p in people]
        assert {t.state for t in texts(northside)} == {State.ACCEPTED}

    def test_verdict_and_facts_stand_with_the_text(self, northside, sender, carrier_fake, at):
        """S-2: what was known, and by which edition of the rules."""
        at("02T12:00")
        make_campaign(northside, [make_recipient(northside, MIAMI)])
        drain(str(northside.id))
        sent = only_text(northside).hours
        assert (sent["rule"], sent["hours"], sent["why"]) == ("FL", "08:00-20:00", "open")
        assert (sent["by"], sent["timing"], sent["table"]) == (
            "area code",
            "automated",
            "2026-01-01",
        )
        at("02T22:00")
        make_campaign(northside, [make_recipient(northside, PANHANDLE)])
        [held] = texts(northside, e164=PANHANDLE)
        assert held.hours["zones"] == ["America/Chicago", "America/New_York"]

    def test_a_hold_is_written_into_the_history(self, northside, sender, carrier_fake, at):
        at("02T18:50")
        make_campaign(northside, [make_recipient(northside, MIAMI)])
        at("02T21:00")
        drain(str(northside.id))
        kept = db.session.query(MessageEvent.facts).filter_by(state=State.HELD).scalar()
        assert (kept["reason"], kept["hours"]["rule"]) == ("quiet_hours", "FL")

    @pytest.mark.parametrize(
        ("when", "seconds"),
        [("02T12:00", 36_000 - 10_820), ("02T18:55", 280), ("02T08:00", 36_000)],
    )
    def test_the_carrier_may_hold_it_until_the_window_closes(
        self, northside, sender, carrier_fake, at, when, seconds
    ):
        """PROMISES 2.4: 20 seconds may pass before the first byte; ten hours are the most."""
        at(when)
        make_campaign(northside, [make_recipient(northside, MIAMI)])
        drain(str(northside.id))
        assert seconds - 3 <= carrier_fake.sent[0].validity_period_s <= seconds

    def test_a_window_about_to_close_holds_instead(self, northside, sender, carrier_fake, at):
        at("02T18:50")
        make_campaign(northside, [make_recipient(northside, MIAMI)])
        at("02T18:59")
        drain(str(northside.id))
        [held] = texts(northside)
        assert carrier_fake.sent == []
        assert "ends in a moment (Fla. Stat." in held.reason

    def test_an_address_or_a_rule_that_changed_meanwhile_is_obeyed(
        self, northside, sender, carrier_fake, at, clock
    ):
        person = make_recipient(northside, CHICAGO)
        at("02T19:30")
        make_campaign(northside, [person], nonce="a" * 16)
        moved = ContactDetails("Carol", "Diaz", state="FL", numbers=(NewNumber(CHICAGO),))
        with unit_of_work():
            contacts.edit_contact(northside.tenant, person.contact.id, moved, actor=ALICE_ACTS)
        drain(str(northside.id))
        assert only_text(northside).reason.startswith("Florida rule")
        other = make_recipient(northside, "+13125550199")
        make_campaign(northside, [other], nonce="b" * 16)
        tighten(northside, "IL", "09:00", "19:00", clock)
        drain(str(northside.id))
        [held] = texts(northside, e164="+13125550199")
        assert held.reason.startswith("Illinois rule: texts go 09:00-19:00")
        assert carrier_fake.sent == []

    def test_pausing_by_day_and_resuming_at_night_sends_in_the_morning(
        self, northside, sender, carrier_fake, at
    ):
        """S-8: what a resume frees goes through the hours again."""
        at("02T12:00")
        campaign = make_campaign(northside, make_recipients(northside, 3))
        with unit_of_work():
            campaigns.pause(northside.tenant, campaign.id, actor=ALICE_ACTS)
        at("02T22:00")
        with unit_of_work():
            campaigns.resume(northside.tenant, campaign.id, actor=ALICE_ACTS)
        drain(str(northside.id))
        assert {(t.state, t.held_until) for t in texts(northside)} == {
            (State.HELD, local("03T08:00"))
        }
        at("03T08:01")
        drain(str(northside.id))
        assert {t.state for t in texts(northside)} == {State.ACCEPTED}

    def test_an_answer_goes_at_any_hour_and_no_longer_than_it_is_one(
        self, northside, sender, carrier_fake, at
    ):
        person = make_recipient(northside, MIAMI)
        at("02T23:30")
        hear(northside, "Still up?", MIAMI)
        make_campaign(northside, [fresh(northside, person)], one_to_one("Yes"))
        drain(str(northside.id))
        assert [t.to for t in carrier_fake.sent] == [MIAMI] * len(carrier_fake.sent)
        assert carrier_fake.sent[0].validity_period_s == 36_000
        assert texts(northside)[0].hours["timing"] == "by_hand"

    def test_who_wrote_since_is_answered_though_the_text_was_to_wait(
        self, northside, sender, carrier_fake, at
    ):
        person = make_recipient(northside, MIAMI)
        at("02T20:00")
        make_campaign(northside, [person], one_to_one("Good morning"))
        [held] = texts(northside)
        assert held.state is State.HELD
        with unit_of_work():
            db.session.get(Message, held.id).held_until = local("02T22:00")
        at("02T22:00")
        hear(northside, "Still up?", MIAMI)
        drain(str(northside.id))
        assert texts(northside)[0].state is State.ACCEPTED

    def test_a_keyword_is_answered_at_night(self, northside, sender, carrier_fake, at):
        at("02T23:30")
        hear(northside, "opt out", MIAMI)
        drain(str(northside.id))
        assert [t.to for t in carrier_fake.sent] == [MIAMI]

    def test_insisting_sends_now_for_a_quarter_of_an_hour_and_is_logged(
        self, northside, sender, carrier_fake, at
    ):
        """P-3: "Send now" with a reason; what a dead worker left is not sent at three at night."""
        person = make_recipient(northside, MIAMI)
        at("02T22:00")
        make_campaign(northside, [person], one_to_one("Fire!", now_because="Their house burns"))
        entry = db.session.query(AuditEntry).filter_by(event="messaging:campaign:confirm").one()
        assert entry.payload["outside_hours"] == "Their house burns"
        at("02T22:20")
        drain(str(northside.id))
        assert only_text(northside).state is State.HELD
        make_campaign(northside, [person], one_to_one("Fire again", now_because="It still burns"))
        drain(str(northside.id))
        assert [t.body for t in carrier_fake.sent if t.to == MIAMI][:1] == ["Fire again"]

    def test_when_the_rules_can_not_be_read_the_text_waits(
        self, northside, sender, carrier_fake, at, monkeypatch
    ):
        """I16: fail closed."""
        at("02T12:00")
        make_campaign(northside, [make_recipient(northside, MIAMI)])
        [claim] = take(northside)

        def broken(_organization_id):
            raise OSError("no database")

        monkeypatch.setattr(compliance, "rulebook", broken)
        with pytest.raises(OSError, match="no database"):
            clear(claim)
        assert only_text(northside).state is State.CLAIMED

    def test_nobody_without_an_open_hour_is_texted(
        self, northside, sender, carrier_fake, at, clock
    ):
        """Half an hour in Chicago and half an hour in New York never meet in Pensacola."""
        at("02T09:00")
        make_campaign(northside, [make_recipient(northside, PANHANDLE)])
        with unit_of_work():
            db.session.execute(
                db.metadata.tables["hour_edits"].insert().values(
                    id=northside.id, organization_id=northside.organization_id, code="FL",
                    holds_from=date(2026, 3, 2), weekday="10:00-10:30", saturday="closed",
                    sunday="closed", bars_holidays=False, closed_days=[], note="x", set_by="x",
                    set_at=clock.now,
                )
            )  # fmt: skip
        drain(str(northside.id))
        held = only_text(northside)
        assert (held.state, held.reason_code) == (State.HELD, "never_open")
        assert held.held_until - clock.now > timedelta(hours=23)


def tighten(account, code, start, end, clock):
    span = Span.read(start, end)
    with unit_of_work():
        hours_service.set_hours(
            account.organization_id,
            code,
            Edit(span, span, span),
            holds_from=date(2026, 3, 2),
            note="counsel",
            now=clock.now,
            today=date(2026, 3, 2),
            actor=ALICE_ACTS,
        )
