"""E-mail, task and by-hand steps of a plan (P-1, S-6)."""

import pytest

from portal.billing.service import invoicing
from portal.billing.values import Payer
from portal.consent import service as consent
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.core.errors import NotFound
from portal.drips.queries import enrolments as queries
from portal.drips.service import mailing
from portal.drips.values import Because, EnrolmentState, Outcome
from portal.mail import queries as mails
from portal.mail.models import OutgoingMail
from portal.mail.service import letter
from portal.messaging.service import holds
from portal.tasks.models import Task
from portal.tasks.values import Source
from tests import cast
from tests.drips.conftest import work
from tests.factories.drips import email_step, enrol, make_drip, place_of, runs, task_step, text_step
from tests.factories.messaging import ALICE_ACTS, make_recipient, texts

ADDRESS = "12 Alder Court, Chicago, IL 60601"
LETTER = email_step(0, None, "Homes in {city|Chicago}", "Hi {first_name|there},\n\nSee <these>.")


@pytest.fixture
def maya(northside):
    return make_recipient(
        northside, number="+13125550142", first_name="Maya", email="Maya@example.com"
    )


@pytest.fixture
def addressed(northside):
    """The brokerage has a postal address."""
    with unit_of_work():
        invoicing.set_payer(cast.JUNIPER, Payer("Juniper Realty", ADDRESS), actor=ALICE_ACTS)


def run_once(account, person, *steps):
    enrol(account, make_drip(account, list(steps)), person)
    work(account)
    work(account)


def told(account, person):
    place = place_of(account, person)
    return [run.words for run in queries.runs_of(account.tenant, [place.id])]


def plan_mails():
    db.session.rollback()
    return db.session.query(OutgoingMail).filter_by(template="plan").all()


class TestMail:
    def test_it_says_who_writes_where_they_are_and_how_to_end_it(self, northside, maya, addressed):
        """P-1: postal address and one click to unsubscribe (RFC 8058)."""
        run_once(northside, maya, LETTER)
        [row] = plan_mails()
        assert (row.to_address, row.subject_line) == ("Maya@example.com", "Homes in Chicago")
        text, html = mails.words_of(row)
        for part in (text, html):
            assert "Hi Maya," in part
            assert ADDRESS in part
            assert row.unsubscribe_url in part
        assert "See &lt;these&gt;." in html
        headers = letter(row.id).headers
        assert headers["List-Unsubscribe"] == f"<{row.unsubscribe_url}>"
        assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert runs(northside, maya) == [(1, Outcome.MAILED)]
        assert place_of(northside, maya).state is EnrolmentState.DONE

    def test_one_click_ends_it_and_texts_go_on(self, northside, maya, addressed, client):
        run_once(northside, maya, LETTER)
        [row] = plan_mails()
        path = row.unsubscribe_url.removeprefix("http://localhost")
        assert "Unsubscribe" in client.get(path).text
        assert client.post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200
        assert client.post(path).status_code == 200
        other = make_drip(northside, [LETTER, text_step(0, None)], "Second")
        enrol(northside, other, maya)
        work(northside)
        work(northside)
        assert len(plan_mails()) == 1
        assert runs(northside, maya)[0] == (1, Outcome.NOT_MAILED)
        assert told(northside, maya)[0] == "This person turned off e-mail from plans."

    @pytest.mark.parametrize("cut", ["x", ""])
    def test_a_broken_link_turns_nothing_off(self, app, client, cut):
        with app.test_request_context(), pytest.raises(NotFound):
            mailing.reader_of_link(mailing.link_of(cast.JUNIPER, "a@b.c")[:-2] + cut)
        assert client.post("/plan-mail/nothing").status_code == 404

    @pytest.mark.parametrize(
        ("details", "step", "why"),
        [
            ({"email": ""}, LETTER, "no e-mail address"),
            ({"email": "a@example.com"}, LETTER, "no postal address"),
        ],
    )
    def test_why_it_did_not_go_stands_on_the_timeline(self, northside, details, step, why):
        person = make_recipient(northside, number="+13125550143", **details)
        run_once(northside, person, step)
        assert plan_mails() == []
        assert why in told(northside, person)[0]

    def test_a_value_that_has_to_be_there_stops_it(self, northside, maya, addressed):
        step = email_step(0, None, "Hello", "You live at {street}", missing="block")
        run_once(northside, maya, step)
        assert "has no value" in told(northside, maya)[0]


def test_a_task_step_reminds_the_people_of_the_account_once(northside, maya):
    run_once(
        northside, maya, task_step(0, None, "Call {first_name|them}", body="Ask about {city|town}")
    )
    work(northside)
    task = db.session.query(Task).one()
    assert (task.title, task.note, task.source) == ("Call Maya", "Ask about town", Source.PLAN)
    assert task.contact_id == maya.contact.id
    assert runs(northside, maya) == [(1, Outcome.REMINDED)]


def test_without_a_subscription_a_text_is_said_not_to_be_sent_and_somebody_is_reminded(
    northside, maya
):
    """S-6, in its own words."""
    run_once(northside, maya, text_step(0, None, "Juniper Realty: hi {first_name|there}"))
    assert told(northside, maya) == [
        "A text message from ConsentDesk was not sent. You need an active Twilio subscription."
    ]
    assert runs(northside, maya) == [(1, Outcome.NOT_SENT)]
    assert texts(northside) == []
    task = db.session.query(Task).one()
    assert (task.source, task.note) == (Source.TEXT, "Juniper Realty: hi Maya")
    assert "by hand" in task.title
    assert place_of(northside, maya).state is EnrolmentState.DONE


def test_whom_a_gate_stops_for_themselves_nobody_is_asked_to_text_by_hand(northside, maya):
    """S-6, Q-4: a task is no way around a list, an opt-out, missing consent, or words that hold sending."""
    held, unasked = "+13125550144", make_recipient(northside, "+13125550145", method=None)
    person = make_recipient(northside, held, first_name="Theo")
    with unit_of_work():
        consent.add_do_not_contact(
            cast.JUNIPER, maya.number.e164, reason="She rang us", actor=ALICE_ACTS
        )
        hold_id = holds.place(
            northside, held, "please stop", sid="SM1", said_at=utcnow(), actor=ALICE_ACTS
        )
    enrol(northside, make_drip(northside, [text_step(0, None)]), maya, person, unasked)
    work(northside)
    assert db.session.query(Task).all() == []
    [words] = told(northside, maya)
    assert words.startswith("A text message from ConsentDesk was not sent.")
    assert "do-not-contact list" in words
    assert runs(northside, unasked) == [(1, Outcome.NOT_SENT)]
    assert (runs(northside, person), place_of(northside, person).waits_for) == (
        [], "revocation_hold",
    )  # fmt: skip
    with unit_of_work():
        holds.confirm(northside.tenant, hold_id, actor=ALICE_ACTS)
    assert place_of(northside, person).because is Because.OPTED_OUT
