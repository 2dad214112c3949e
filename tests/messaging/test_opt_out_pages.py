"""Opt-outs people spoke or wrote, how far each reaches, and what the carrier knows (Q-7, Q-8)."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from portal.consent import queries as consent
from portal.consent import rules as consent_rules
from portal.consent.models import ConsentRecord
from portal.consent.values import MessageKind, Method, Reach
from portal.core.audit import AuditEntry
from portal.core.db import db
from portal.gateways import consents
from portal.messaging.errors import TextRefused
from portal.messaging.values import State
from tests import cast
from tests.factories.consent import CAROL, stop, written
from tests.factories.files import picture
from tests.factories.messaging import (
    make_campaign,
    make_ready,
    make_recipient,
    one_to_one,
    only_text,
)
from tests.factories.numbers import make_sender
from workers import carrier_consents as worker

SAID = {
    "phone": "(312) 555-0142",
    "method": "voicemail",
    "details": "Said: stop texting me. Took it: Bob.",
}
PNG = picture()


def enter(person, account, status=303, **more):
    return person.post("messaging.enter_new_opt_out", status, SAID | more, account_id=account.id)


class TestEntering:
    def test_it_holds_at_once_with_its_evidence_and_the_day_it_was_received(self, bob, northside):
        make_ready(northside)
        make_campaign(northside, [make_recipient(northside, number=CAROL)])
        enter(bob, northside, said_at="2026-02-27T09:30", scan=(io.BytesIO(PNG), "note.png"))
        assert consent.standing(northside.tenant, CAROL).is_opted_out
        assert only_text(northside).state is State.BLOCKED
        record = db.session.scalar(
            select(ConsentRecord).where(ConsentRecord.method == Method.VOICEMAIL)
        )
        assert record.given_at == datetime(2026, 2, 27, 15, 30, tzinfo=UTC)
        assert record.evidence_file_name == "note.png"
        assert record.collected_by == "Bob Tran"

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"phone": "555"}, "area code"),
            ({"details": ""}, "Write down what the person said"),
            ({"said_at": "2026-03-09T09:30"}, "can't lie in the future"),
            ({"said_at": "0012-03-09T09:30"}, "1990 or later"),
            ({"scan": (io.BytesIO(b"MZ"), "x.exe")}, "PDF"),
        ],
    )
    def test_what_can_t_be_is_told_and_nothing_is_lost(self, bob, northside, change, words):
        shown = enter(bob, northside, 422, **change)
        assert words in shown.text
        assert "Took it: Bob." in shown.text or "details" in change
        assert not consent.standing(northside.tenant, CAROL).is_opted_out


class TestTheClock:
    def test_open_ones_stand_with_their_business_days_until_the_carrier_knows(
        self, vera, bob, northside, monkeypatch
    ):
        make_sender(northside)
        enter(bob, northside, said_at="2026-02-20T09:30")
        shown = vera.get("messaging.opt_outs", organization_id=cast.JUNIPER)
        row = shown.text_of(".clock")
        assert "(312) 555-0142" in row
        assert "4 business days left" in row
        enter(bob, northside, phone="(312) 555-0143", said_at="2026-02-02T09:30")
        late = vera.get("messaging.opt_outs", organization_id=cast.JUNIPER)
        first = late.page.select(".clock")[0].get_text(" ", strip=True)
        assert "(312) 555-0143" in first  # the longest open stands first
        assert "business days late" in first
        fake = consents.FakeConsentGateway()
        monkeypatch.setattr(consents, "_in_use", fake)
        worker.tell_carrier(str(cast.JUNIPER))
        after = vera.get("messaging.opt_outs", organization_id=cast.JUNIPER)
        assert "The carrier knows all we know" in after.text

    def test_only_an_officer_sees_it(self, alice, bob, vera):
        for person, status in ((alice, 403), (bob, 403), (vera, 200)):
            person.get("messaging.opt_outs", status, organization_id=cast.JUNIPER)

    def test_reconcile_now_asks_a_worker(self, vera, redis):
        vera.post("messaging.reconcile_opt_outs", 303, organization_id=cast.JUNIPER)
        assert redis.exists(f"rq:job:reconcile_consents-default-{cast.JUNIPER}")


class TestTheReach:
    def reach(self, vera, value, status=303, **more):
        data = {"phone": CAROL, "reach": value, "reason": "Asked so on the phone"} | more
        return vera.post("messaging.set_opt_out_reach", status, data, organization_id=cast.JUNIPER)

    def allows(self, account, kind, now):
        return consent_rules.allows(consent.standing(account.tenant, CAROL), kind, now).ok

    def test_an_officer_widens_and_narrows_the_second_half_never_the_first(
        self, vera, northside, bobs, clock
    ):
        written(bobs, CAROL)
        clock.travel(by=timedelta(minutes=1))
        stop(northside, CAROL, at=clock.now)
        kinds = (MessageKind.ONE_TO_ONE, MessageKind.MARKETING)
        for reach, expected in (
            (None, [True, False]), ("everything", [False, False]), ("account", [True, True]),
            ("marketing", [True, False]),
        ):  # fmt: skip
            if reach:
                self.reach(vera, reach)
            assert [self.allows(bobs, kind, clock.now) for kind in kinds] == expected
            assert [self.allows(northside, kind, clock.now) for kind in kinds] == [False, False]
        entries = (
            db.session.query(AuditEntry)
            .filter_by(event="consent:opt-out:reach")
            .order_by(AuditEntry.position)
            .all()
        )
        assert [(e.payload["before"], e.payload["after"]) for e in entries] == [
            ("marketing", "everything"), ("everything", "account"), ("account", "marketing"),
        ]  # fmt: skip

    def test_a_widened_one_stops_a_one_to_one_text(self, vera, northside, bobs, clock):
        make_ready(bobs)
        recipient = make_recipient(bobs, number=CAROL)
        clock.travel(by=timedelta(minutes=1))
        stop(northside, CAROL, at=clock.now)
        self.reach(vera, "everything")
        with pytest.raises(TextRefused, match="every text from your organization"):
            make_campaign(bobs, [recipient], one_to_one())

    def test_consent_given_to_another_account_afterwards_lifts_it_there(
        self, vera, northside, bobs, clock
    ):
        stop(northside, CAROL, at=clock.now)
        self.reach(vera, "everything")
        clock.travel(by=timedelta(minutes=1))
        written(bobs, CAROL, given_at=clock.now)
        assert self.allows(bobs, MessageKind.MARKETING, clock.now)

    def test_a_new_opt_out_undoes_what_was_narrowed(self, vera, northside, clock):
        stop(northside, CAROL, at=clock.now)
        self.reach(vera, "account")
        clock.travel(by=timedelta(minutes=1))
        stop(northside, CAROL, at=clock.now)
        assert consent.organization_opt_out(cast.JUNIPER, CAROL).reach is Reach.MARKETING

    def test_it_takes_an_officer_a_reason_and_an_opt_out(self, vera, alice, northside, clock):
        self.reach(vera, "account", 404)
        stop(northside, CAROL, at=clock.now)
        assert "few words" in self.reach(vera, "account", 422, reason="because").text
        self.reach(alice, "account", 403)
        shown = vera.get(
            "messaging.opt_out_reach", organization_id=cast.JUNIPER, query={"phone": CAROL}
        )
        assert "Bulk texts and plans" in shown.text
        other = vera.get("messaging.opt_out_reach", organization_id=cast.JUNIPER, query={"phone": "+13125550100"})  # fmt: skip
        assert "Nobody with this number" in other.text
