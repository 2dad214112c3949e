"""Making and changing plans (P-1, H-1 at plan save)."""

from datetime import time
from uuid import uuid4

import pytest

from portal.core.audit import AuditEntry
from portal.core.db import db, unit_of_work
from portal.core.errors import BadInput, NotAllowed, NotFound
from portal.drips.errors import DripArchived, StepsWrong
from portal.drips.queries import library
from portal.drips.service import authoring
from portal.drips.values import DripState, OnReply, Place, Shelf, Step, StepKind
from portal.messaging.errors import ChangedMeanwhile, NameTaken, OkNeeded
from portal.messaging.service import closing
from tests import cast
from tests.factories.drips import (
    TEN,
    email_step,
    keeper_of,
    make_drip,
    task_step,
    text_step,
    wait_step,
)
from tests.factories.messaging import ALICE_ACTS

TEAM = Place(team_id=cast.NORTHSIDE_TEAM)
LOAN = "Juniper Realty: get a payday loan today!"
SHOUT = "JUNIPER REALTY: SEE THIS HOUSE NOW! REPLY STOP TO END."


def entries():
    db.session.rollback()
    found = db.session.query(AuditEntry).filter(AuditEntry.event.like("drips:%"))
    return [(e.event, e.payload) for e in found.order_by(AuditEntry.position)]


def save(account, drip, steps, **more):
    with unit_of_work():
        return authoring.save_steps(
            account, keeper_of(account), drip.id, steps,
            **{"edits": drip.edits, "actor": ALICE_ACTS, **more},
        )  # fmt: skip


def change(account, drip, by=None, **more):
    with unit_of_work():
        authoring.change(
            by or keeper_of(account), drip.id,
            **{"name": drip.name, "on_reply": drip.on_reply, "edits": drip.edits,
               "actor": ALICE_ACTS, **more},
        )  # fmt: skip


def fresh(account, drip):
    return library.drip_or_404(keeper_of(account), drip.id)


def test_a_plan_is_kept_with_its_steps_in_order(northside):
    steps = [
        text_step(0, None),
        wait_step(2),
        email_step(3, time(9, 30)),
        task_step(3),
        text_step(7, missing="block"),
    ]
    drip = make_drip(northside, steps, "  New   buyers ")
    assert drip.name == "New buyers"
    assert [step.kind for step in drip.steps] == [step.kind for step in steps]
    assert [(s.day, s.at, s.position) for s in drip.steps] == [
        (0, None, 1), (2, TEN, 2), (3, time(9, 30), 3), (3, TEN, 4), (7, TEN, 5)
    ]  # fmt: skip
    assert (drip.version, drip.state, drip.on_reply) == (1, DripState.ACTIVE, OnReply.PAUSE)
    assert (drip.place.shelf, drip.last_day) == (Shelf.ACCOUNT, 7)
    assert drip.first_text.position == 1
    event, told = entries()[-1]
    assert event == "drips:drip:create"
    assert told["name"] == "New buyers"
    assert told["steps"][2]["at"] == "09:30"


def test_what_a_kind_has_no_use_for_is_not_kept(northside):
    drip = make_drip(northside, [Step(StepKind.WAIT, 1, TEN, title="x", body="y")])
    assert (drip.steps[0].title, drip.steps[0].body) == ("", "")


@pytest.mark.parametrize(
    ("steps", "position", "field", "said"),
    [
        ([], -1, "steps", "at least one step"),
        ([text_step()] * 51, -1, "steps", "at most 50 steps"),
        ([text_step(731)], 0, "day", "from 0 to 730"),
        ([text_step(-1)], 0, "day", "from 0 to 730"),
        ([text_step(1, None)], 0, "at", "Choose a time of day"),
        ([Step(StepKind.WAIT)], 0, "at", "Choose a time of day"),
        ([text_step(2), text_step(1)], 1, "day", "before the step above it"),
        ([text_step(0), text_step(0, None)], 1, "day", "before the step above it"),
        ([text_step(body=" ")], 0, "body", "Write the text"),
        ([text_step(body="x" * 1601)], 0, "body", "Keep it to 1,600 characters"),
        ([text_step(body="Hi {first_nam}")], 0, "body", "Nothing is called {first_nam}"),
        ([text_step(body="Hi {first_name")], 0, "body", "this { has no } after it"),
        ([text_step(body=LOAN)], 0, "body", "The words of this text are blocked"),
        ([email_step(title="")], 0, "title", "Write the subject"),
        ([email_step(body="")], 0, "body", "Write the e-mail"),
        ([email_step(title="x" * 151)], 0, "title", "Keep it to 150 characters"),
        ([text_step(), task_step(title=" ")], 1, "title", "Write what is to be done"),
        ([task_step(title="Call {nobody}")], 0, "title", "Nothing is called {nobody}"),
    ],
)
def test_what_is_wrong_with_a_step_is_said_by_its_place_and_field(
    northside, steps, position, field, said
):
    """H-1: what the lint blocks is a fault of its step."""
    with pytest.raises(StepsWrong) as refusal:
        make_drip(northside, steps)
    (fault,) = [f for f in refusal.value.faults if said in f.message]
    assert (fault.position, fault.field) == (position, field)
    assert library.drips(keeper_of(northside)) == []


def test_all_that_is_wrong_is_said_at_once(northside):
    with pytest.raises(StepsWrong) as refusal:
        make_drip(northside, [text_step(body=""), email_step(title="", body="")])
    assert [(f.position, f.field) for f in refusal.value.faults] == [
        (0, "body"), (1, "title"), (1, "body")
    ]  # fmt: skip


def test_a_warning_asks_for_an_ok_to_exactly_this(northside):
    """S-12: nobody is asked when the texts of a plan go, so its writer is."""
    by, steps = keeper_of(northside), [text_step(body=SHOUT)]
    how = {"name": "Loud", "actor": ALICE_ACTS}
    place = Place(account_id=northside.id)
    for ok in ("", "something else"):
        with pytest.raises(OkNeeded) as refusal, unit_of_work():
            authoring.create(northside, by, place, steps=steps, lint_ok=ok, **how)
        assert refusal.value.warnings
    key = authoring.lint_key(authoring.verdicts(northside, steps))
    with unit_of_work():
        authoring.create(northside, by, place, steps=steps, lint_ok=key, **how)
    with pytest.raises(OkNeeded), unit_of_work():
        other = [*steps, text_step(1, body=SHOUT + " AND NOW")]
        authoring.create(northside, by, place, steps=other, lint_ok=key, **how | {"name": "More"})


def test_a_save_makes_a_version_and_the_old_one_stays(northside):
    drip = make_drip(northside)
    assert save(northside, drip, drip.steps) == 1  # the same again
    assert save(northside, drip, [*drip.steps, text_step(3)]) == 2
    after = fresh(northside, drip)
    assert (after.version, len(after.steps)) == (2, 2)
    assert after.version_id != drip.version_id
    found = library.versions(keeper_of(northside), drip.id)
    assert [(v.number, len(v.steps), v.created_by) for v in found] == [
        (2, 2, "Alice Moreno"), (1, 1, "Alice Moreno")
    ]  # fmt: skip
    assert entries()[-1][0] == "drips:drip:save-steps"


def test_nobody_loses_a_change_under_another(northside):
    drip = make_drip(northside)
    change(northside, drip, name="Buyers", on_reply=OnReply.END)
    for act in (
        lambda: change(northside, drip, name="Mine"),
        lambda: save(northside, drip, [text_step(5)]),
    ):
        with pytest.raises(ChangedMeanwhile):
            act()
    after = fresh(northside, drip)
    assert (after.name, after.on_reply, after.version) == ("Buyers", OnReply.END, 1)
    assert entries()[-1] == ("drips:drip:change", {"name": "Buyers", "on_reply": "end"})


def test_an_archived_plan_gives_its_name_back_and_can_be_taken_back(northside):
    by = keeper_of(northside)
    drip = make_drip(northside)
    with pytest.raises(NameTaken):
        make_drip(northside, name="NEW  buyers")
    with unit_of_work():
        authoring.archive(by, drip.id, actor=ALICE_ACTS)
        authoring.archive(by, drip.id, actor=ALICE_ACTS)
    assert library.drips(by) == []
    assert [d.id for d in library.drips(by, view="archived")] == [drip.id]
    with pytest.raises(DripArchived):
        change(northside, fresh(northside, drip), name="Other")
    other = make_drip(northside)
    with pytest.raises(NameTaken), unit_of_work():
        authoring.restore(by, drip.id, actor=ALICE_ACTS)
    change(northside, other, name="Others")
    with unit_of_work():
        authoring.restore(by, drip.id, actor=ALICE_ACTS)
        authoring.restore(by, drip.id, actor=ALICE_ACTS)
    assert fresh(northside, drip).state is DripState.ACTIVE
    verbs = [event.rpartition(":")[2] for event, _ in entries()]
    assert verbs == ["create", "archive", "create", "change", "restore"]


@pytest.mark.parametrize("name", ["", "  ", "x" * 81])
def test_a_name_is_needed_and_short(northside, name):
    with pytest.raises(BadInput, match="Name: "):
        make_drip(northside, name=name)


def test_a_place_holds_a_hundred(northside, monkeypatch):
    monkeypatch.setattr(authoring, "MOST_KEPT", 1)
    make_drip(northside)
    with pytest.raises(BadInput, match="no more fit"):
        make_drip(northside, name="Another")
    make_drip(northside, name="Another", place=TEAM)


class TestWhoSeesWhat:
    def test_a_lead_shares_and_an_agent_uses(self, northside, bobs):
        make_drip(northside, name="Own")
        team = make_drip(northside, name="Team", place=TEAM)
        make_drip(northside, name="All", place=Place())
        bob = keeper_of(bobs, cast.BOB)
        assert [d.name for d in library.drips(bob)] == ["All", "Team"]
        assert [d.name for d in library.drips(bob, view="account")] == []
        assert [d.name for d in library.drips(bob, view="shared")] == ["All", "Team"]
        assert [d.name for d in library.drips(keeper_of(northside), "tea")] == ["Team"]
        assert bob.places == (Place(account_id=bobs.id),)
        for place in (TEAM, Place(), Place(account_id=northside.id)):
            with pytest.raises(NotAllowed):
                make_drip(bobs, place=place, by=bob)
        with pytest.raises(NotAllowed):
            change(bobs, team, by=bob, name="Mine now")
        with pytest.raises(NotAllowed), unit_of_work():
            authoring.archive(bob, team.id, actor=ALICE_ACTS)

    def test_an_officer_reads_and_changes_nothing(self, northside):
        drip = make_drip(northside)
        vera = keeper_of(northside, cast.VERA)
        assert [d.id for d in library.drips(vera)] == [drip.id]
        assert vera.places == ()
        with pytest.raises(NotAllowed):
            change(northside, drip, by=vera, name="Vera's")

    def test_what_is_not_seen_is_not_there(self, northside, bobs, lakeview):
        drip = make_drip(northside)
        for by in (keeper_of(bobs, cast.BOB), keeper_of(lakeview, cast.MALLORY)):
            with pytest.raises(NotFound):
                library.drip_or_404(by, drip.id)
            with pytest.raises(NotFound):
                library.versions(by, drip.id)
        with pytest.raises(NotFound):
            library.drip_or_404(keeper_of(northside), uuid4())
        with pytest.raises(NotFound):
            library.drip_of(lakeview.organization_id, drip.id)
        assert library.drip_of(northside.organization_id, drip.id) == drip


def test_a_closed_account_takes_its_own_plans_along(northside, bobs):
    own = make_drip(northside)
    make_drip(northside, name="Team", place=TEAM)
    with unit_of_work():
        closing.close_account(northside, typed="Northside", reason="Team is gone", actor=ALICE_ACTS)
    found = library.drips(keeper_of(northside), view="archived")
    assert [d.id for d in found] == [own.id]
    assert [d.name for d in library.drips(keeper_of(northside))] == ["Team"]
    assert entries()[-1][1] == {"name": "New buyers", "because": "account closed"}
