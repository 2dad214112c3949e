"""A second pair of eyes on an appeal, wherever there is another officer (A-5)."""

import pytest

from portal.appeals import queries
from portal.appeals.errors import NotThatWay
from portal.appeals.rules.states import Move, Party
from portal.appeals.service import handling, replies, submitting
from portal.appeals.values import Reply, ReplyKind, State
from portal.core import clock
from portal.core.access import Role
from portal.core.audit import Actor, AuditEntry
from portal.core.db import db, unit_of_work
from portal.people.models import Membership
from tests import cast
from tests.appeals.conftest import ALICE, BOB, OFFICER, TODAY, VERA, WRITER, go, open_case
from tests.appeals.test_pages import act, complete

WANDA = Actor(cast._id("Wanda"), "Wanda Lee")


@pytest.fixture
def wanda(app):
    """A second officer."""
    with unit_of_work():
        db.session.add(cast._user(WANDA.id, WANDA.label))
        db.session.flush()
        db.session.add(
            Membership(organization_id=cast.JUNIPER, user_id=WANDA.id, role=Role.COMPLIANCE_OFFICER)
        )
    return WANDA


@pytest.fixture
def ready(monkeypatch):
    """Have nothing missing: what is asked here is who approves."""
    monkeypatch.setattr("portal.appeals.service.checking.need_ready", lambda case: None)


def approve(case, actor, by=OFFICER):
    with unit_of_work():
        return handling.advance(case, Move.APPROVE, by, actor=actor)


def remarks():
    rows = db.session.query(AuditEntry).filter(AuditEntry.event == "appeals:case:approve_own")
    return [row.payload["remark"] for row in rows]


@pytest.mark.parametrize(
    ("began", "handed_in"), [(VERA, BOB), (BOB, VERA)], ids=["began it", "handed it in"]
)
def test_another_officer_approves_what_an_officer_wrote(suspended, ready, wanda, began, handed_in):
    seen = go(open_case(suspended, actor=began), Move.HAND_IN, WRITER, handed_in)
    with pytest.raises(NotThatWay, match="another officer approves it: Wanda Lee"):
        approve(seen, VERA)
    assert approve(seen, wanda).state is State.APPROVED
    assert remarks() == []


def test_the_only_officer_approves_their_own_and_that_is_written_down(suspended, ready):
    seen = go(open_case(suspended, actor=VERA), Move.HAND_IN, OFFICER, VERA)
    approved = approve(seen, VERA)
    said = "by the person who wrote it, as no other officer is there"
    assert queries.history(approved)[0].text == said
    assert remarks() == [said]
    told = submitting.submission_of(approved, clock.utcnow(), VERA).history
    assert told[-1].what == f"Approved {said}"


def test_what_others_wrote_is_approved_without_a_remark(case, ready, wanda):
    approved = approve(go(case, Move.HAND_IN, WRITER, BOB), VERA)
    assert queries.history(approved)[0].text == ""
    assert remarks() == []


def test_who_kept_the_denial_did_not_write_the_next_round(sent, ready):
    """Else the carrier would read that the officer approved their own."""
    with unit_of_work():
        second = replies.record(
            sent, Reply(ReplyKind.DENIED, TODAY, "More proof"), OFFICER, actor=VERA
        )
    assert (second.created_by_id, second.created_by) == (BOB.id, BOB.label)
    approved = approve(go(second, Move.HAND_IN, WRITER, BOB), VERA)
    assert queries.history(approved)[0].text == ""
    assert remarks() == []


def test_a_lead_whose_turn_it_is_approves_their_own_with_a_remark(suspended, ready):
    seen = go(open_case(suspended, actor=ALICE), Move.HAND_IN, frozenset({Party.LEAD}), ALICE)
    approve(seen, ALICE, frozenset({Party.LEAD, Party.LEAD_INSTEAD}))
    assert remarks() == ["by the person who wrote it, as no officer looked in time"]


@pytest.mark.pages
def test_the_page_names_who_approves_instead(browser, vera, bob, case, wanda):
    complete(bob, case)
    act(vera, case, "hand_in")
    shown = vera.get("appeals.show", account_id=case.account_id, case_id=case.id)
    assert "another officer approves it: Wanda Lee" in shown.text_of("#next")
    assert not shown.page.select("#next form[action$=approve]")
    assert shown.page.select("#next form[action$=return]")
    act(vera, case, "approve", 409)
    act(browser(wanda.id), case, "approve")
    assert queries.case_or_404(case.tenant, case.id).state is State.APPROVED
