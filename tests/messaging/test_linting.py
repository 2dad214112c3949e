"""The content check at work: on what is typed, at every confirm, and officers' part (H-1, S-12)."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import event

from portal.core.audit import AuditEntry
from portal.core.db import db, unit_of_work
from portal.core.errors import BadInput
from portal.messaging.errors import LintBlocks, OkNeeded
from portal.messaging.models import Campaign, LintLevel
from portal.messaging.queries import linting as queries
from portal.messaging.rules import linted
from portal.messaging.rules.linted import ReviewState, Verdict
from portal.messaging.service import linting, planning, sending
from portal.messaging.values import Draft, Kind
from portal.notifications.models import Notice
from portal.people import service as people
from tests import cast
from tests.factories.consent import CAROL
from tests.factories.messaging import (
    ALICE_ACTS,
    bulk,
    make_ready,
    make_recipient,
    make_recipients,
    one_to_one,
)
from tests.messaging.composer import Composer, press
from tests.messaging.talks import hear, open_talk, send

SIGNED = "Juniper Realty: open house on Saturday at 2."
SHORT = "Juniper Realty: see bit.ly/3xYz for Saturday."
FORBIDDEN = "Juniper Realty: get a payday loan today!"


@pytest.fixture(autouse=True)
def _defaults(northside):
    """The levels as H-1 has them."""
    with unit_of_work():
        db.session.query(LintLevel).delete()


@pytest.fixture
def carol(northside, sender):
    return make_recipient(northside, number=CAROL, first_name="Carol")


@pytest.fixture
def compose(alice, northside):
    return Composer(alice, northside)


def confirm(account, people, draft, **more):
    with unit_of_work():
        return sending.confirm(
            account, people, draft, nonce=uuid4().hex, shown_key=None, actor=ALICE_ACTS, **more
        )


def found_in(account, people, draft, clock):
    return linting.verdict(account, draft, planning.plan(account, people, draft, clock.now))


def rules(verdict):
    return {(f.rule, f.level) for f in verdict.findings}


def kept(campaign):
    db.session.rollback()
    return [(f["rule"], f["passed"]) for f in db.session.get(Campaign, campaign.id).lint]


class TestAtSend:
    def test_what_is_blocked_is_not_queued(self, northside, carol):
        with pytest.raises(LintBlocks, match="forbidden content"):
            confirm(northside, [carol], one_to_one(FORBIDDEN), lint_ok=linting.SENT_BEFORE)
        assert db.session.query(Campaign).count() == 0

    def test_a_warning_needs_the_ok_to_exactly_this(self, northside, carol, clock):
        """S-12: and what was passed over is kept with the send and in the log."""
        draft = one_to_one(SHORT)
        key = found_in(northside, [carol], draft, clock).key
        for ok in ("", "x" * 32):
            with pytest.raises(OkNeeded, match="type OK"):
                confirm(northside, [carol], draft, lint_ok=ok)
        made = confirm(northside, [carol], draft, lint_ok=key)
        assert ("shortener", "ok") in kept(made)
        entry = db.session.query(AuditEntry).filter_by(event="messaging:campaign:confirm").one()
        assert entry.payload["lint_passed"] == ["shortener"]

    def test_an_ok_to_other_words_counts_for_nothing(self, northside, carol, clock):
        key = found_in(northside, [carol], one_to_one(SHORT), clock).key
        with pytest.raises(OkNeeded):
            confirm(northside, [carol], one_to_one(SHORT.replace("3xYz", "9aB")), lint_ok=key)

    def test_a_clean_text_asks_nothing(self, northside, carol):
        assert kept(confirm(northside, [carol], one_to_one(SIGNED))) == [("opt_out", "")]


class TestTheFacts:
    def test_first_text_the_notice_makes_it_a_remark(self, northside, carol, clock):
        assert ("opt_out", "info") in rules(found_in(northside, [carol], one_to_one(SIGNED), clock))

    def test_who_wrote_within_seven_days_need_not_hear_the_name(self, northside, carol, clock):
        hear(northside, "Is it free?", e164=CAROL)
        draft = one_to_one("Yes, it is.")
        assert ("sender", "warn") not in rules(found_in(northside, [carol], draft, clock))
        clock.travel(by=timedelta(days=7, seconds=1))
        assert ("sender", "warn") in rules(found_in(northside, [carol], draft, clock))

    def test_links_to_own_sites_raise_nothing(self, northside, carol, clock):
        draft = one_to_one("Juniper Realty: see https://homes.juniper.com/12")
        assert ("foreign_link", "info") in rules(found_in(northside, [carol], draft, clock))
        with unit_of_work():
            people.set_website_domains(cast.JUNIPER, ["juniper.com"], actor=ALICE_ACTS)
        found = found_in(northside, [carol], draft, clock)
        assert "foreign_link" not in {f.rule for f in found.findings}

    @pytest.mark.parametrize(
        "body", ["Bob Tran here: it is free.", "{agent_first_name} at {brokerage}: it is free."]
    )
    def test_agent_team_and_brokerage_name_the_sender(self, bobs, clock, body):
        person = make_recipient(bobs, number=CAROL)
        assert "sender" not in {
            f.rule for f in found_in(bobs, [person], one_to_one(body), clock).findings
        }


class TestCampaigns:
    def test_values_of_merge_fields_are_read_too(self, northside, sender, clock):
        people = make_recipients(northside, 6)
        odd = make_recipient(northside, number=CAROL, first_name="bit.ly/9xx")
        draft = bulk("Juniper Realty: hi {first_name}, open house on Saturday.")
        assert "shortener" in {
            f.rule for f in found_in(northside, [*people, odd], draft, clock).findings
        }

    def test_what_a_field_put_in_is_not_quoted_with_the_send(self, northside, sender):
        """C-10: it is one person's, and the campaign stays when they are erased."""
        odd = make_recipient(northside, number=CAROL, first_name="bit.ly/9xx")
        body = "Juniper Realty: hi {first_name}, see bit.ly/8 on Saturday."
        made = confirm(northside, [odd, *make_recipients(northside, 1)], bulk(body), lint_ok="*")
        quoted = {f["matched"] for f in db.session.get(Campaign, made.id).lint}
        assert quoted == {"bit.ly/8", ""}

    def test_it_costs_no_statement_for_a_recipient(self, northside, sender, clock):
        people = make_recipients(northside, 9)

        def statements(count):
            planned = planning.plan(northside, people[:count], bulk(SIGNED), clock.now)
            seen = []
            listen = lambda *args: seen.append(args[2])  # noqa: E731
            event.listen(db.engine, "before_cursor_execute", listen)
            linting.verdict(northside, bulk(SIGNED), planned)
            event.remove(db.engine, "before_cursor_execute", listen)
            return len(seen)

        assert statements(2) == statements(9)


class TestLevels:
    def set(self, rule, level, reason="Our links go there"):
        with unit_of_work():
            linting.set_level(cast.JUNIPER, rule, level, reason=reason, actor=ALICE_ACTS)

    def test_an_officer_makes_a_warning_a_block_or_a_remark(self, northside, carol, clock):
        draft = one_to_one(SHORT)
        self.set("shortener", "block")
        with pytest.raises(LintBlocks):
            confirm(northside, [carol], draft)
        clock.travel(by=timedelta(minutes=1))
        self.set("shortener", "info")
        confirm(northside, [carol], draft)
        clock.travel(by=timedelta(minutes=1))
        self.set("shortener", "")
        with pytest.raises(OkNeeded):
            confirm(northside, [carol], one_to_one(SHORT + " Thanks"))
        said = db.session.query(AuditEntry).filter_by(event="messaging:lint-level:set")
        log = said.order_by(AuditEntry.at).all()
        assert [(e.payload["before"], e.payload["after"]) for e in log] == [
            ("default", "block"), ("block", "info"), ("info", "default"),
        ]  # fmt: skip

    @pytest.mark.parametrize("rule", sorted(linted.FIXED))
    def test_what_carriers_block_stays_blocked(self, northside, rule):
        with pytest.raises(BadInput, match="its level stays"):
            self.set(rule, "warn")

    def test_it_takes_a_reason(self, northside):
        with pytest.raises(BadInput, match="few words"):
            self.set("caps", "warn", "because")


class TestReleases:
    def ask(self, account, body=FORBIDDEN):
        with unit_of_work():
            found = linting.verdict(account, Draft(body, Kind.BULK), None)
            return linting.ask(account, body, found, actor=ALICE_ACTS)

    def decide(self, review_id, *, is_released):
        with unit_of_work():
            linting.decide(
                cast.JUNIPER, review_id, is_released=is_released,
                reason="Quotes a newspaper", actor=ALICE_ACTS,
            )  # fmt: skip

    def test_a_released_text_goes_and_only_that(self, northside, carol):
        review_id = self.ask(northside)
        assert self.ask(northside) == review_id  # once for the same words
        self.decide(review_id, is_released=True)
        made = confirm(northside, [carol], one_to_one(FORBIDDEN))
        assert ("forbidden", "released") in kept(made)
        with pytest.raises(LintBlocks):
            confirm(northside, [carol], one_to_one(FORBIDDEN + " Now"))

    def test_the_second_officer_is_told_so(self, northside):
        review_id = self.ask(northside)
        self.decide(review_id, is_released=False)
        with pytest.raises(BadInput, match="has decided this already"):
            self.decide(review_id, is_released=True)

    def test_not_in_another_account(self, northside, bobs, carol):
        make_ready(bobs)
        self.decide(self.ask(northside), is_released=True)
        with pytest.raises(LintBlocks):
            confirm(bobs, [make_recipient(bobs, number="+13125550188")], one_to_one(FORBIDDEN))

    def test_who_asked_is_told_and_officers_were(self, northside):
        self.decide(self.ask(northside), is_released=False)
        told = db.session.query(Notice).filter_by(kind="lint").order_by(Notice.created_at).all()
        assert {n.user_id for n in told} == {cast.VERA, cast.ALICE}
        assert queries.reviews(cast.JUNIPER, is_open=True) == []
        self.ask(northside)  # after a no one may ask again
        [review] = queries.reviews(cast.JUNIPER, is_open=True)
        assert review.state is ReviewState.ASKED


class TestPages:
    def test_findings_show_as_one_types(self, alice, compose, carol):
        where = compose([carol], SIGNED)
        typed = alice.htmx.post("messaging.measure", data={"body": FORBIDDEN}, **where)
        assert "Forbidden content: payday loan" in typed.text_of("#lint")
        assert "Ask an officer to release it" in typed.text_of("#lint")

    def test_a_warning_is_typed_ok_to_without_script(self, alice, northside, compose, carol):
        where = compose([carol], SHORT)
        shown = alice.follow(press(alice, "send", 303, {"body": SHORT}, **where))
        assert "Public link shortener: bit.ly/3xYz" in shown.text_of("#lint")
        seen = shown.field("lint_seen")
        refused = press(
            alice, "send", 422, {"body": SHORT, "lint_ok": "", "lint_seen": seen}, **where
        )
        assert "type OK" in refused.text_of("#lint .field__error")
        ok = {"body": SHORT, "lint_ok": " ok ", "lint_seen": seen}
        press(alice, "send", 303, ok, **where)
        assert db.session.query(Campaign).count() == 1

    def test_an_ok_is_gone_when_the_words_change(self, alice, compose, carol):
        where = compose([carol], SHORT)
        shown = alice.follow(press(alice, "cost", 303, {"body": SHORT}, **where))
        ok = {
            "body": SHORT.replace("3xYz", "9"),
            "lint_ok": "OK",
            "lint_seen": shown.field("lint_seen"),
        }
        press(alice, "cost", 303, ok, **where)
        press(alice, "send", 422, ok, **where)

    def test_a_blocked_draft_is_asked_about_and_released(self, alice, vera, compose, carol):
        where = compose([carol], FORBIDDEN)
        press(alice, "cost", 303, {"body": FORBIDDEN}, **where)
        blocked = press(alice, "send", 409, {"body": FORBIDDEN}, **where)
        assert "Nothing was sent." in blocked.text
        press(alice, "ask", 303, {"body": FORBIDDEN}, **where)
        [review] = queries.reviews(cast.JUNIPER, is_open=True)
        here = {"organization_id": cast.JUNIPER, "review_id": review.id}
        assert "payday loan" in vera.get("messaging.lint_review", **here).text
        alice.get("messaging.lint_review", 403, **here)
        no = vera.post(
            "messaging.decide_lint_review", 422, {"do": "release", "reason": "x"}, **here
        )
        assert "few words" in no.text
        vera.post(
            "messaging.decide_lint_review",
            303,
            {"do": "release", "reason": "It is a quote"},
            **here,
        )
        assert "Released by Vera Okafor: It is a quote" in alice.get(
            "messaging.compose", **where
        ).text_of("#lint")
        press(alice, "send", 303, {"body": FORBIDDEN}, **where)

    def test_an_answer_is_checked_and_its_words_stay(self, alice, northside, carol):
        talk = hear(northside, "Any link?", e164=CAROL)
        body = "Sure, bit.ly/3xYz"
        shown = send(alice, talk, body, 422)
        assert "bit.ly/3xYz" in shown.text_of("#reply-lint")
        assert shown.field("body") == body
        send(alice, talk, body, 303, lint_ok="OK", lint_seen=shown.field("lint_seen"))
        loan = send(alice, talk, FORBIDDEN, 422)
        assert "Ask an officer" in loan.text_of("#reply-lint")
        asked = send(alice, talk, FORBIDDEN, 200, ask_release="1")
        assert asked.field("body") == FORBIDDEN
        assert open_talk(alice, talk)

    def test_officers_set_levels_and_sites(self, vera, alice, northside):
        here = {"organization_id": cast.JUNIPER}
        shown = alice.get("messaging.lint_rules", **here)
        assert "Set a level" not in shown.text
        good = {"rule": "caps", "level": "block", "reason": "Our style guide says so"}
        alice.post("messaging.set_lint_level", 403, good, **here)
        bad = vera.post("messaging.set_lint_level", 422, good | {"reason": ""}, **here)
        assert "Give the reason" in bad.text
        vera.post("messaging.set_lint_level", 303, good, **here)
        assert "Our style guide says so" in vera.get("messaging.lint_rules", **here).text
        wrong = vera.post(
            "messaging.set_lint_sites", 422, {"domains": "juniper.com\nnot a site"}, **here
        )
        assert "Line 2 is no name of a site" in wrong.text
        vera.post("messaging.set_lint_sites", 303, {"domains": "https://www.Juniper.com/x"}, **here)
        assert "juniper.com" in vera.get("messaging.lint_rules", **here).text_of("#sites")


def test_the_key_of_nothing_is_nothing():
    assert Verdict().key == ""
    assert linted.ok_to("yes", "x") == ""
