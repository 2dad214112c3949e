"""Texts of plans that were queued before their account lost its subscription or number (S-6)."""

from itertools import count

import pytest
from sqlalchemy import event, update

from portal.billing import queries as billing
from portal.consent import queries as consents
from portal.consent import service as consent
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.drips.queries import enrolments as queries
from portal.drips.service import stopping
from portal.drips.values import EnrolmentState, Outcome
from portal.messaging.models import Message
from portal.messaging.queries.stops import standing_stops, step_key
from portal.messaging.service import bulk_pause, holds, stops
from portal.messaging.values import State
from portal.messaging.values.stops import StopKind
from portal.tasks.models import Task
from portal.tasks.values import Source
from portal.texting_accounts import service as accounts
from portal.texting_accounts.queries import get_or_404 as fresh
from tests import cast
from tests.drips.conftest import work
from tests.factories.billing import end_subscription, make_subscription
from tests.factories.drips import TEN, enrol, make_drip, place_of, runs, text_step
from tests.factories.messaging import ALICE_ACTS, make_recipient, make_recipients, only_text, texts
from tests.meanwhile import all_at_once
from tests.messaging.test_index_use import asked
from workers import drips, sweeps
from workers.sending import drain

WORDS = "A text message from ConsentDesk was not sent. You need an active Twilio subscription."
HELLO = "Juniper Realty: hi {first_name|there}"
WORDY = (
    "Juniper Realty: hi {first_name|there}, three homes on Maple Street came up for sale this "
    "morning, two of them with large gardens. Reply STOP to end."
)


class Killed(BaseException):
    """The process is gone: not even an error is written down."""


@pytest.fixture
def maya(northside, sender, carrier_fake):
    return make_recipient(northside, number="+13125550142", first_name="Maya")


def strand(account, *people, steps=None):
    """Queue the first text of a plan for people, then let the subscription end; return the plan."""
    drip = make_drip(account, steps or [text_step(0, None, HELLO), text_step(5, TEN, "Two")])
    enrol(account, drip, *people)
    drips.run_plans()
    end_subscription(account)
    drain(str(account.id))
    assert {text.reason_code for text in texts(account)} == {"no_subscription"}
    return drip


def tasks():
    db.session.rollback()
    return db.session.query(Task).all()


def test_it_ends_with_why_and_somebody_is_reminded_of_its_words(northside, maya):
    strand(northside, maya)
    assert [drips.hand_over_texts(), drips.hand_over_texts()] == [1, 0]
    text = only_text(northside)
    assert (text.state, text.reason_code, text.reason) == (
        State.BLOCKED, "no_subscription",
        "You need an active subscription. A task asks somebody to send it by hand.",
    )  # fmt: skip
    [task] = tasks()
    assert (task.source, task.note, task.contact_id) == (
        Source.TEXT, "Juniper Realty: hi Maya", maya.contact.id,
    )  # fmt: skip
    assert runs(northside, maya) == [(1, Outcome.NOT_SENT)]
    place = place_of(northside, maya)
    assert [run.words for run in queries.runs_of(northside.tenant, [place.id])] == [WORDS]
    assert billing.balance(northside.id).reserved == 0


def test_a_new_subscription_does_not_send_it_after_all(northside, maya, carrier_fake):
    strand(northside, maya)
    drips.hand_over_texts()
    make_subscription(northside)
    sweeps.release_mended()
    work(northside)
    assert carrier_fake.sent == []
    assert len(tasks()) == 1


def test_the_plan_goes_on_with_its_next_step(northside, maya, at):
    at("2026-03-02T12:00")
    strand(northside, maya)
    drips.hand_over_texts()
    at("2026-03-07T10:01")
    drips.run_plans()
    assert runs(northside, maya) == [(1, Outcome.NOT_SENT), (2, Outcome.NOT_SENT)]
    assert place_of(northside, maya).state is EnrolmentState.DONE


def test_a_text_that_may_go_by_now_goes_and_makes_no_task(northside, maya, carrier_fake):
    strand(northside, maya)
    make_subscription(northside)
    assert drips.hand_over_texts() == 0
    sweeps.release_mended()
    work(northside)
    assert [sent.body for sent in carrier_fake.sent][:1] == ["Juniper Realty: hi Maya"]
    assert tasks() == []


def keep_back(account, maya, what):
    """Pause or stop what Maya's text is of; what of it waits already is left as it is."""
    with unit_of_work():
        if what == "plan":
            drip_id = place_of(account, maya).drip_id
            stopping.pause_drip(cast.JUNIPER, drip_id, reason="A look", actor=ALICE_ACTS)
        elif what == "account":
            accounts.pause(account.id, reason="A look", actor=ALICE_ACTS)
        elif what == "bulk":
            bulk_pause.pause(account.id, "A breach.", actor=ALICE_ACTS)
        else:
            text = db.session.query(Message).first()
            kind, value = {
                "step": (StopKind.STEP, step_key(WORDY)),
                "wording": (StopKind.WORDING, text and str(text.campaign_id)),
                "number": (StopKind.NUMBER, text and text.from_e164),
                "source": (StopKind.SOURCE, source_of_maya(account, maya)),
            }[what]
            stops.stop(
                account.tenant, kind, value, label="This", why="A look", actor=ALICE_ACTS
            )  # fmt: skip


def source_of_maya(account, maya):
    e164 = maya.number.e164
    record_id = consents.standings(account.tenant, [e164], utcnow())[e164].record_id
    return consents.origins_of({record_id})[record_id].source.key


@pytest.mark.parametrize("what", ["plan", "account", "step", "bulk", "wording", "number", "source"])
def test_what_somebody_paused_or_stopped_waits(northside, maya, what):
    strand(northside, maya, steps=[text_step(0, None, WORDY)])
    keep_back(northside, maya, what)
    assert drips.hand_over_texts() == 0
    assert (only_text(northside).state, tasks()) == (State.HELD, [])


@pytest.mark.parametrize("what", ["step", "bulk", "wording"])
def test_a_step_that_comes_due_while_it_is_stopped_waits_and_makes_no_task(
    northside, maya, what, at
):
    """H-4, H-8: without a subscription, too; once it is let go on somebody is reminded."""
    at("2026-03-02T12:00")
    theo = make_recipient(northside, "+13125550144", first_name="Theo")
    drip = strand(northside, maya, steps=[text_step(0, None, WORDY)])
    keep_back(northside, maya, what)
    enrol(northside, drip, theo)
    drips.run_plans()
    assert (runs(northside, theo), tasks()) == ([], [])
    assert place_of(northside, theo).waits_for == (
        "bulk_paused" if what == "bulk" else "traffic_stopped"
    )
    with unit_of_work():
        if what == "bulk":
            bulk_pause.lift(fresh(northside.tenant), "Found it", actor=ALICE_ACTS)
        else:
            [stop] = standing_stops(northside.tenant)
            stops.lift(northside.tenant, stop.id, reason="Found it", actor=ALICE_ACTS)
    at("2026-03-02T13:00")
    drips.run_plans()
    assert runs(northside, theo) == [(1, Outcome.NOT_SENT)]
    assert [task.source for task in tasks()] == [Source.TEXT]


def test_nobody_is_locked_where_something_else_stops_the_account(northside, maya):
    strand(northside, maya)
    keep_back(northside, maya, "account")
    with asked() as statements:
        assert drips.hand_over_texts() == 0
    assert not [sql for sql, _ in statements if "drip_enrolments" in sql]


def test_of_a_text_that_left_in_part_nobody_is_asked_to_send_it_again(northside, maya):
    strand(northside, maya)
    with unit_of_work():
        db.session.execute(update(Message).values(part=2, parts=2))
    assert drips.hand_over_texts() == 0
    assert (only_text(northside).state, tasks()) == (State.HELD, [])


def test_whom_a_gate_stops_for_themselves_nobody_is_asked_to_text(northside, maya):
    theo = make_recipient(northside, "+13125550144", first_name="Theo")
    strand(northside, maya, theo)
    with unit_of_work():
        consent.add_do_not_contact(
            cast.JUNIPER, maya.number.e164, reason="She rang us", actor=ALICE_ACTS
        )
        holds.place(
            northside, theo.number.e164, "please stop", sid="SM1", said_at=utcnow(),
            actor=ALICE_ACTS,
        )  # fmt: skip
    assert drips.hand_over_texts() == 1
    assert tasks() == []
    states = {text.e164: text for text in texts(northside)}
    assert states[theo.number.e164].state is State.HELD
    stopped = states[maya.number.e164]
    assert stopped.state is State.BLOCKED
    assert "do-not-contact list" in stopped.reason
    assert runs(northside, theo) == [(1, Outcome.QUEUED)]


def test_a_sweep_that_dies_at_any_statement_leaves_all_or_nothing(northside, sender, carrier_fake):
    """kill -9 between any two statements: three texts ended and three tasks, or none of either."""
    strand(northside, *make_recipients(northside, 3))
    deaths = 0
    for place in count(1):
        left = [place]

        def die(*_, left=left):
            left[0] -= 1
            if left[0] == 0:
                raise Killed

        event.listen(db.engine, "before_cursor_execute", die)
        try:
            drips.hand_over_texts()
        except Killed:
            deaths += 1
        finally:
            event.remove(db.engine, "before_cursor_execute", die)
            db.session.remove()
        ended = sum(text.state is State.BLOCKED for text in texts(northside))
        assert ended == len(tasks())
        assert ended in {0, 3}
        if left[0] > 0:
            break
    assert deaths > 10
    assert ended == 3


def test_two_sweeps_at_once_make_each_task_once(app, northside, sender, carrier_fake):
    strand(northside, *make_recipients(northside, 3))
    took = all_at_once(app, drips.hand_over_texts, drips.hand_over_texts)
    took.append(drips.hand_over_texts())
    assert (sum(took), len(tasks())) == (3, 3)
