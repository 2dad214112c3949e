"""Nearly the same text from many numbers is found, shown and told; what is approved is not (H-2)."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import event

from portal.core.audit import AuditEntry
from portal.core.db import db, unit_of_work
from portal.core.errors import BadInput
from portal.messaging.models import TextGroup, TextGroupHour, TextGroupKey, UnsortedText
from portal.messaging.queries import similar as queries
from portal.messaging.rules.similar import Threshold
from portal.messaging.service import approving, campaigns, similar
from portal.notifications.models import Notice
from tests import cast
from tests.factories.consent import CAROL
from tests.factories.messaging import (
    ALICE_ACTS,
    bulk,
    make_campaign,
    make_ready,
    make_recipient,
    one_to_one,
)
from tests.messaging.composer import Composer, press
from tests.messaging.talks import hear
from workers import messaging as jobs

PITCH = "Buyers pay above asking for homes like yours while inventory stays low. Shall I estimate yours?"
OTHER = (
    "The photographer arrives early, please hide the trash cans and open every curtain upstairs."
)
WHY = "Each agent texts their own past clients from the number these clients know."
HERE = {"organization_id": cast.JUNIPER}


@pytest.fixture
def two(northside, bobs):
    """Two accounts of one brokerage, each with a number and a person; both are enough to flag."""
    with unit_of_work():
        approving.set_threshold(
            cast.JUNIPER, Threshold(2, 2), reason="Tests have two numbers", actor=ALICE_ACTS
        )
    people = []
    for account, number in ((northside, CAROL), (bobs, "+13125550177")):
        make_ready(account)
        people.append((account, make_recipient(account, number=number, first_name="Carol")))
    return people


def send(account, person, body=PITCH, **options):
    return make_campaign(account, [person], one_to_one(body, **options))


def spread(two, body=PITCH):
    """Send nearly the same from each of the two, and compare it."""
    for account, person in two:
        send(account, person, body)
    return jobs.sort_texts()


def notices():
    db.session.rollback()
    return db.session.query(Notice).filter_by(kind="similar", user_id=cast.VERA).all()


def found(clock):
    db.session.rollback()
    return queries.groups(cast.JUNIPER, clock.now)


class TestFinding:
    def test_nearly_the_same_from_two_numbers_is_one_group(self, two, clock):
        (northside, carol), (bobs, other) = two
        send(northside, carol, f"Hi Carol, {PITCH} - Alice Moreno")
        send(bobs, other, f"Hey Dave! {PITCH} Reply STOP to opt out.")
        assert jobs.sort_texts() == 2
        [group] = found(clock)
        assert (group.numbers, group.texts) == (2, 2)
        assert group.sample == f"Hi Carol, {PITCH} - Alice Moreno"
        _, lines = queries.group_or_404(cast.JUNIPER, group.id, clock.now)
        assert {line.account_id for line in lines} == {northside.id, bobs.id}
        assert group.senders == ("Alice Moreno",)

    def test_other_words_stay_apart(self, two, clock):
        (northside, carol), (bobs, other) = two
        send(northside, carol, PITCH)
        send(bobs, other, OTHER)
        jobs.sort_texts()
        assert found(clock) == []
        assert db.session.query(TextGroup).count() == 2

    def test_small_talk_is_not_even_noted(self, two):
        for account, person in two:
            send(account, person, "On my way, see you in five minutes!")
        assert db.session.query(UnsortedText).count() == 0

    def test_an_answer_is_talk(self, two):
        (northside, _), _ = two
        hear(northside, "What is mine worth?", e164=CAROL)
        send(*two[0])
        assert db.session.query(UnsortedText).count() == 0

    def test_a_template_is_compared_once_and_counted_by_its_texts(self, two, clock):
        (northside, carol), (bobs, other) = two
        more = [make_recipient(northside, number=f"+1312555020{n}", first_name=f"P{n}") for n in range(3)]  # fmt: skip
        make_campaign(northside, [carol, *more], bulk("Hi {first_name}, " + PITCH))
        send(bobs, other)
        assert jobs.sort_texts() == 2
        [group] = found(clock)
        assert (group.numbers, group.texts) == (2, 5)

    def test_what_was_canceled_before_it_left_counts_nothing(self, two, clock):
        (northside, carol), (bobs, other) = two
        made = send(northside, carol)
        with unit_of_work():
            campaigns.cancel(northside.tenant, made.id, actor=ALICE_ACTS)
        send(bobs, other)
        jobs.sort_texts()
        assert found(clock) == []

    def test_a_scheduled_send_counts_when_it_leaves(self, two, clock):
        (northside, carol), (bobs, other) = two
        make_campaign(northside, [carol], bulk(PITCH, send_at=clock.now + timedelta(hours=3)))
        send(bobs, other)
        assert jobs.sort_texts() == 1
        clock.travel(by=timedelta(hours=3))
        assert jobs.sort_texts() == 1
        assert [group.numbers for group in found(clock)] == [2]

    def test_another_organization_is_another_world(self, two, lakeview, clock):
        make_ready(lakeview)
        send(lakeview, make_recipient(lakeview, number="+13125550155"))
        send(*two[0])
        jobs.sort_texts()
        assert found(clock) == []
        assert queries.groups(cast.LAKEVIEW_HOMES, clock.now) == []

    def test_the_day_rolls(self, two, clock):
        (northside, carol), (bobs, other) = two
        send(northside, carol)
        jobs.sort_texts()
        clock.travel(by=timedelta(hours=26))
        send(bobs, other)
        jobs.sort_texts()
        assert found(clock) == []
        assert notices() == []

    def test_a_second_run_counts_nothing_twice(self, two, clock):
        for account, person in two:
            send(account, person)
        batches = similar.batches(similar.due(clock.now))
        for _ in range(2):  # as if two schedulers had read the same
            for batch in batches:
                with unit_of_work():
                    similar.sort(batch, clock.now)
        assert [group.texts for group in found(clock)] == [2]
        assert jobs.sort_texts() == 0

    def test_groups_without_a_text_for_a_day_are_let_go(self, two, clock):
        spread(two, OTHER)
        clock.travel(by=timedelta(hours=1))
        send(*two[0], PITCH)
        jobs.sort_texts()
        clock.travel(by=timedelta(hours=25))
        assert jobs.forget_similar() == 1
        assert len(queries.flagged_before(cast.JUNIPER, clock.now)) == 1
        assert db.session.query(TextGroupKey).count() == 0
        clock.travel(by=timedelta(days=30))
        assert jobs.forget_similar() == 1
        assert db.session.query(TextGroupHour).count() == 0

    def test_a_confirm_asks_no_more_of_many_people_than_of_one(self, two):
        """The send path gets one row more, whatever the number of recipients."""
        (northside, carol), _ = two
        more = [make_recipient(northside, number=f"+1312555030{n}") for n in range(4)]
        asked = []

        def count(connection, cursor, statement, *rest):
            if "unsorted_texts" in statement or "text_group" in statement:
                asked.append(statement)

        event.listen(db.engine, "before_cursor_execute", count)
        try:
            make_campaign(northside, [carol, *more], bulk(PITCH))
        finally:
            event.remove(db.engine, "before_cursor_execute", count)
        assert len(asked) == 1


class TestTelling:
    def test_officers_are_told_once_a_day(self, two, clock):
        spread(two)
        [told] = notices()
        assert told.title == "Nearly the same text went from 2 numbers"
        entry = db.session.query(AuditEntry).filter_by(event="messaging:similar-texts:flag").one()
        assert entry.payload["numbers"] == 2
        spread(two)
        assert len(notices()) == 1
        clock.travel(by=timedelta(days=1))
        spread(two)
        assert len(notices()) == 2

    def test_below_the_threshold_nobody_is_told(self, two, clock):
        with unit_of_work():
            approving.set_threshold(cast.JUNIPER, Threshold(2, 3), reason="A little more room", actor=ALICE_ACTS)  # fmt: skip
        spread(two)
        assert notices() == []
        send(*two[0])
        jobs.sort_texts()
        assert len(notices()) == 1

    def test_an_approved_wording_is_grouped_and_not_flagged(self, two, clock):
        approve()
        spread(two)
        [group] = found(clock)
        assert group.approval.name == "Market check"
        assert notices() == []

    def test_a_withdrawn_one_is_flagged_again(self, two, clock):
        approval_id = approve()
        spread(two)
        with unit_of_work():
            approving.withdraw_template(cast.JUNIPER, approval_id, reason="Complaints came in", actor=ALICE_ACTS)  # fmt: skip
        spread(two)
        assert found(clock)[0].approval is None
        assert len(notices()) == 1


def approve(body="Hi {first_name}, " + PITCH, why=WHY):
    with unit_of_work():
        return approving.approve_template(
            cast.JUNIPER, name="Market check", body=body, justification=why, actor=ALICE_ACTS
        )


class TestApproving:
    def test_what_was_approved_stays_on_record_with_who_and_why(self, two):
        approval_id = approve()
        with unit_of_work():
            approving.withdraw_template(cast.JUNIPER, approval_id, reason="Complaints came in", actor=ALICE_ACTS)  # fmt: skip
        kept = queries.approval_or_404(cast.JUNIPER, approval_id)
        assert (kept.justification, kept.approved_by, kept.is_active) == (WHY, "Alice Moreno", False)  # fmt: skip
        assert kept.withdrawn_because == "Complaints came in"
        verbs = [e.event for e in db.session.query(AuditEntry).order_by(AuditEntry.position) if ":template:" in e.event]  # fmt: skip
        assert verbs == ["messaging:template:approve", "messaging:template:withdraw"]

    @pytest.mark.parametrize(
        ("body", "why", "said"),
        [
            ("On my way!", WHY, "too short"),
            (PITCH, "Because we like", "in a sentence"),
            ("Hey Dana, " + PITCH, WHY, "approved already"),
        ],
    )
    def test_some_are_refused(self, two, body, why, said):
        if said == "approved already":
            approve()
        with pytest.raises(BadInput, match=said):
            approve(body, why)

    def test_it_is_withdrawn_once(self, two):
        approval_id = approve()
        for error in (None, BadInput):
            with unit_of_work():
                if error is None:
                    approving.withdraw_template(cast.JUNIPER, approval_id, reason="No longer so", actor=ALICE_ACTS)  # fmt: skip
                    continue
                with pytest.raises(error, match="withdrawn this already"):
                    approving.withdraw_template(cast.JUNIPER, approval_id, reason="No longer so", actor=ALICE_ACTS)  # fmt: skip

    def test_a_threshold_needs_a_reason_and_two_numbers(self, two):
        for limit, reason in ((Threshold(1, 5), "Be very strict"), (Threshold(5, 5), "no")):
            with unit_of_work(), pytest.raises(BadInput):
                approving.set_threshold(cast.JUNIPER, limit, reason=reason, actor=ALICE_ACTS)
        assert queries.threshold(cast.JUNIPER) == Threshold(2, 2)


class TestPages:
    def test_officers_see_groups_numbers_and_who_sent(self, two, vera, alice, clock):
        assert "No text went from several numbers" in vera.get("messaging.similar_texts", **HERE).text  # fmt: skip
        spread(two)
        listed = vera.get("messaging.similar_texts", **HERE)
        assert "Flagged" in listed.text_of("#groups")
        [group] = found(clock)
        here = HERE | {"group_id": group.id}
        shown = vera.get("messaging.similar_group", **here)
        assert PITCH in shown.text_of("#sample")
        assert "Bob Tran" in shown.text_of("#numbers")
        assert "Alice Moreno" in shown.text_of("#numbers")
        assert "CTIA" in shown.text
        alice.get("messaging.similar_texts", 403, **HERE)
        alice.get("messaging.similar_group", 403, **here)
        vera.get("messaging.similar_group", 404, **HERE, group_id=uuid4())

    def test_a_group_is_approved_and_the_approval_withdrawn(self, two, vera, clock):
        spread(two)
        [group] = found(clock)
        form = vera.get("messaging.similar_wording", **HERE, group_id=group.id)
        assert form.field("body") == PITCH
        good = {"name": "Market check", "body": PITCH, "justification": WHY}
        short = vera.post("messaging.approve_template", 422, good | {"justification": "Because"}, **HERE)  # fmt: skip
        assert "in a sentence" in short.text_of("#approve .field__error")
        talk = vera.post("messaging.approve_template", 422, good | {"body": "Thanks!"}, **HERE)
        assert "too short" in talk.text_of("#approve .field__error")
        vera.post("messaging.approve_template", 303, good, **HERE)
        assert "Like “Market check”" in vera.get("messaging.similar_texts", **HERE).text_of("#groups")  # fmt: skip
        [approval] = queries.approvals(cast.JUNIPER)
        here = HERE | {"approval_id": approval.id}
        assert WHY in vera.get("messaging.approved_template", **here).text_of("#justification")
        assert "few words" in vera.post("messaging.withdraw_template", 422, {"reason": "No"}, **here).text  # fmt: skip
        vera.post("messaging.withdraw_template", 303, {"reason": "No longer true"}, **here)
        assert "No longer true" in vera.get("messaging.approved_template", **here).text
        vera.post("messaging.withdraw_template", 422, {"reason": "No longer true"}, **here)

    def test_the_threshold_is_set_with_a_reason(self, two, vera):
        good = {"numbers": "3", "texts": "20", "reason": "We have three offices"}
        for wrong in ({"numbers": "1"}, {"texts": "x"}, {"reason": ""}, {"reason": "No"}):
            vera.post("messaging.set_similar_threshold", 422, good | wrong, **HERE)
        vera.post("messaging.set_similar_threshold", 303, good, **HERE)
        assert "We have three offices" in vera.get("messaging.similar_texts", **HERE).text_of("#changes")  # fmt: skip
        assert queries.threshold(cast.JUNIPER) == Threshold(3, 20)

    def test_the_composer_says_what_a_text_is_like(self, two, alice, northside):
        (_, carol), (bobs, other) = two
        send(bobs, other)
        jobs.sort_texts()
        where = Composer(alice, northside)([carol], PITCH)
        press(alice, "cost", 303, {"body": PITCH}, **where)
        said = alice.get("messaging.compose", **where).text_of("#lint")
        assert "Nearly the same text from 2 numbers" in said
        approve()
        said = alice.get("messaging.compose", **where).text_of("#lint")
        assert "Like “Market check”" in said
        assert WHY in said
        press(alice, "cost", 303, {"body": OTHER}, **where)
        said = alice.get("messaging.compose", **where).text_of("#lint")
        assert "Nearly the same" not in said
