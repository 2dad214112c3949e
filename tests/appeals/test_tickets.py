"""The carrier's own number of a case: entered, changed, found by, and named in letters (A-6)."""

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, func, select

from portal.appeals import queries
from portal.appeals.errors import BadReply, MovedMeanwhile
from portal.appeals.models import AppealCase
from portal.appeals.service import replies, tickets
from portal.appeals.values import Happening, Kind, Reply, ReplyKind, State
from portal.core.audit import AuditEntry
from portal.core.db import db, unit_of_work
from portal.mail import queries as mails
from portal.people.models import Team
from portal.texting_accounts.models import Restriction, TextingAccount
from tests import cast
from tests.appeals.conftest import OFFICER, TODAY, VERA, support
from workers import appeals as work

pytestmark = pytest.mark.pages
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def where(case):
    return {"account_id": case.account_id, "case_id": case.id}


def now_of(case):
    return queries.case_or_404(case.tenant, case.id)


def logged(event_):
    wanted = select(func.count()).select_from(AuditEntry).where(AuditEntry.event == event_)
    return db.session.scalar(wanted)


def test_a_ticket_is_entered_changed_and_taken_away_with_its_history(case):
    with unit_of_work():
        first = tickets.name_ticket(case, "  CAS-4711\n", actor=VERA)
    assert first.carrier_ticket == "CAS-4711"
    with unit_of_work():
        assert tickets.name_ticket(first, "CAS-4711", actor=VERA) == first
        second = tickets.name_ticket(first, "CAS-4712", actor=VERA)
        tickets.name_ticket(second, "", actor=VERA)
    with pytest.raises(MovedMeanwhile), unit_of_work():
        tickets.name_ticket(first, "CAS-1", actor=VERA)
    with pytest.raises(BadReply), unit_of_work():
        tickets.name_ticket(now_of(case), "x" * 61, actor=VERA)
    lines = [line.text for line in queries.history(case) if line.kind is Happening.TICKET]
    assert lines == ["None, before CAS-4712", "CAS-4712, before CAS-4711", "CAS-4711"]
    assert logged("appeals:case:name_ticket") == 3
    assert now_of(case).carrier_ticket == ""


def test_a_page_that_was_open_before_still_goes(vera, sent):
    """A-6: who types the answer has done nothing that a ticket saved meanwhile could undo."""
    edits = now_of(sent).edits
    with unit_of_work():
        tickets.name_ticket(sent, "CAS-4711", actor=VERA)
    keep = {"received_on": TODAY.isoformat(), "text": "Granted", "kind": "reinstated"}
    vera.post("appeals.keep_reply", 303, data={"edits": edits, **keep}, **where(sent))
    assert (now_of(sent).state, now_of(sent).carrier_ticket) == (State.REINSTATED, "CAS-4711")


def test_a_reply_names_it_and_the_next_round_writes_under_it(sent):
    support()
    with unit_of_work():
        second = replies.record(
            sent, Reply(ReplyKind.DENIED, TODAY, "No", ticket="CAS-4711"), OFFICER, actor=VERA
        )
    assert (now_of(sent).carrier_ticket, second.carrier_ticket) == ("CAS-4711", "CAS-4711")


def test_an_answer_goes_out_under_the_ticket(vera, sent):
    support()
    keep = {"edits": now_of(sent).edits, "received_on": TODAY.isoformat(), "text": "Which?"}
    due = (TODAY + timedelta(days=3)).isoformat()
    asked = {"kind": "information", "asked": "Twenty samples", "due_on": due, "ticket": "CAS-4711"}
    vera.post("appeals.keep_reply", 303, data={**keep, **asked}, **where(sent))
    answer = {"edits": now_of(sent).edits, "words": "Here they are"}
    vera.post("appeals.answer", 303, data=answer, **where(sent))
    [begun] = [one for one in queries.sendings(sent) if one.is_answer]
    assert work.send_appeal(str(begun.id))
    [mail] = mails.latest(10)
    assert mail.subject.endswith("[CAS-4711]")


def test_it_is_entered_on_the_page_by_who_sends(vera, alice, bob, sent):
    assert not bob.get("appeals.carrier", **where(sent)).page.select("#ticket-panel")
    bob.post("appeals.name_ticket", 403, data={"seen": "", "ticket": "CAS-1"}, **where(sent))
    by_hand = {"sent_on": TODAY.isoformat(), "note": "Their page", "ticket": "CAS-4711"}
    vera.post("appeals.sent_by_hand", 303, data=by_hand, number=1, **where(sent))
    assert now_of(sent).carrier_ticket == "CAS-4711"
    late = {"seen": "", "ticket": "CAS-2"}
    vera.post("appeals.name_ticket", 409, data=late, **where(sent))
    long = {"seen": "CAS-4711", "ticket": "x" * 61}
    refused = vera.post("appeals.name_ticket", 422, data=long, **where(sent))
    assert "Enter the ticket number alone." in refused.text_of("#ticket-panel")
    alice.post(
        "appeals.name_ticket", 303, data={"seen": "CAS-4711", "ticket": "CAS-9"}, **where(sent)
    )
    for endpoint, given, place in (
        ("appeals.show", where(sent), "#facts"),
        ("appeals.carrier", where(sent), "main"),
        ("appeals.index", {"account_id": sent.account_id}, "#appeals"),
        ("appeals.queue", {"organization_id": sent.organization_id}, "#carrier"),
    ):
        assert "CAS-9" in vera.get(endpoint, **given).text_of(place)


def queue(browser, **asked):
    return browser.get("appeals.queue", organization_id=cast.JUNIPER, **asked)


def test_appeals_are_found_by_ticket_and_by_account(vera, sent):
    with unit_of_work():
        tickets.name_ticket(now_of(sent), "CAS-4711", actor=VERA)
    for words in ("4711", "cas-", "bob"):
        assert "CAS-4711" in queue(vera, q=words).text_of("#carrier")
    nothing = queue(vera, q="4712 %")
    assert "CAS-4711" not in nothing.text_of("main")
    assert "No appeal of this kind has that ticket" in nothing.text_of("#carrier")
    vera.get("appeals.queue", 400, organization_id=cast.JUNIPER, only="all")
    vera.get("appeals.queue", 400, organization_id=cast.JUNIPER, only="over", after="x")


@pytest.fixture
def many(app):
    """Have 60 appeals of an account Alice does not lead, then 30 of one she does, all open."""
    with unit_of_work():
        team = Team(organization_id=cast.JUNIPER, name="Far away")
        db.session.add(team)
        db.session.flush()
        far = TextingAccount(
            organization_id=cast.JUNIPER, name="Far", timezone="America/Chicago", team_id=team.id
        )
        db.session.add(far)
        db.session.flush()
        for account_id, count, begin in ((far.id, 60, 0), (cast.NORTHSIDE, 30, 60)):
            for place in range(count):
                _appeal(account_id, START + timedelta(minutes=begin + place // 2))
    return far


def _appeal(account_id, at):
    """Add one draft of a suspension of its own; two each share their minute."""
    held = Restriction(
        organization_id=cast.JUNIPER, account_id=account_id, kind="suspension", reason="Their mail",
        set_at=at, set_by="system", lifted_at=at, lifted_by="system",
    )  # fmt: skip
    db.session.add(held)
    db.session.flush()
    db.session.add(
        AppealCase(
            organization_id=cast.JUNIPER, account_id=account_id, restriction_id=held.id,
            kind=Kind.SUSPENSION, template_version=1, state=State.DRAFT, created_at=at,
            created_by="Bob Tran", carrier_ticket=f"T-{at:%H%M}",
        )
    )  # fmt: skip


def titles(page):
    return [link.text for link in page.page.select("#writing .datatable__name")]


def test_a_lead_turns_the_pages_of_what_they_reach_alone(alice, vera, many):
    first = queue(alice)
    assert titles(first) == ["Northside"] * 25
    [step] = first.page.select("#writing .pager a")
    second = alice.open("GET", step["href"])
    assert titles(second) == ["Northside"] * 5
    tickets_of = [page.page.select("#writing .datatable__sub") for page in (first, second)]
    seen = [line.text for lines in tickets_of for line in lines if "ticket" in line.text]
    assert len(seen) == 30
    assert seen == sorted(seen)  # the oldest first, and nothing twice or left out
    assert titles(queue(vera)) == ["Far"] * 25


def test_the_queue_asks_as_much_however_many_appeals_there_are(alice, request):
    counts = []
    for _ in range(2):
        queue(alice)
        with counted() as heard:
            queue(alice)
        counts.append(len(heard))
        request.getfixturevalue("many")
    assert counts[0] == counts[1]


@contextmanager
def counted():
    heard = []

    def keep(_connection, _cursor, statement, *_):
        heard.append(statement)

    event.listen(db.engine, "before_cursor_execute", keep)
    try:
        yield heard
    finally:
        event.remove(db.engine, "before_cursor_execute", keep)
