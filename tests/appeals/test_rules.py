"""Which moves an appeal makes and who may make them; what its templates ask (A-2, A-5)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from portal.appeals.rules import states, templates
from portal.appeals.rules.states import MOVES, Move, Party
from portal.appeals.rules.templates import QUESTIONS
from portal.appeals.values import OVER, STATE_LABELS, Kind, Slot, State

WRITER, OFFICER = frozenset({Party.WRITER}), frozenset({Party.OFFICER})
LEAD = states.parties_of(may_write=True, may_review=False, may_send=True, is_leads_turn=False)
INSTEAD = states.parties_of(may_write=True, may_review=False, may_send=True, is_leads_turn=True)


def test_the_states_are_the_nine_of_the_spec():
    assert {state.value for state in State} == {
        "draft", "in_review", "returned", "approved", "submitted", "information_requested",
        "reinstated", "denied", "withdrawn",
    }  # fmt: skip
    assert set(STATE_LABELS) == set(State)


@pytest.mark.parametrize(
    ("state", "by", "moves"),
    [
        (State.DRAFT, WRITER, [Move.HAND_IN]),
        (State.DRAFT, OFFICER, [Move.HAND_IN, Move.WITHDRAW]),
        (State.IN_REVIEW, WRITER, []),
        (State.IN_REVIEW, OFFICER, [Move.RETURN, Move.APPROVE, Move.WITHDRAW]),
        (State.IN_REVIEW, LEAD, [Move.WITHDRAW]),
        (State.IN_REVIEW, INSTEAD, [Move.RETURN, Move.APPROVE, Move.WITHDRAW]),
        (State.RETURNED, WRITER, [Move.HAND_IN]),
        (State.APPROVED, WRITER, []),
        (State.APPROVED, LEAD, [Move.SUBMIT, Move.WITHDRAW]),
        (State.APPROVED, OFFICER, [Move.RETURN, Move.SUBMIT, Move.WITHDRAW]),
        (
            State.SUBMITTED,
            OFFICER,
            [Move.ASK_INFORMATION, Move.REINSTATE, Move.DENY, Move.WITHDRAW],
        ),
        (State.SUBMITTED, WRITER, []),
        (
            State.INFORMATION_REQUESTED,
            LEAD,
            [Move.ANSWER, Move.REINSTATE, Move.DENY, Move.WITHDRAW],
        ),
        (State.DENIED, OFFICER, []),
        (State.REINSTATED, OFFICER, []),
        (State.WITHDRAWN, OFFICER, []),
    ],
)
def test_each_state_lets_each_do_only_this(state, by, moves):
    assert states.moves_for(state, by) == moves


@given(some.lists(some.sampled_from(Move), max_size=12), some.sampled_from(list(Party)))
def test_nothing_reaches_the_carrier_but_through_review(moves, party):
    """A-5: whatever is tried in whatever order, only what was approved is submitted."""
    state, approved = State.DRAFT, False
    for move in moves:
        everybody = frozenset(Party) if party is not Party.SYSTEM else frozenset({party})
        if states.may(move, state, everybody):
            approved = approved or move is Move.APPROVE
            state = MOVES[move].after
        assert approved or state not in (
            State.SUBMITTED, State.INFORMATION_REQUESTED, State.REINSTATED, State.DENIED,
        )  # fmt: skip


def test_what_is_over_stays_over():
    for state in OVER:
        assert states.moves_for(state, frozenset(Party)) == []


@pytest.mark.parametrize(
    ("handed_in", "over"),
    [
        (datetime(2026, 3, 2, 18, tzinfo=UTC), datetime(2026, 3, 4, 6, tzinfo=UTC)),  # a Monday
        (datetime(2026, 2, 27, 18, tzinfo=UTC), datetime(2026, 3, 3, 6, tzinfo=UTC)),  # a Friday
        (
            datetime(2026, 7, 2, 18, tzinfo=UTC),
            datetime(2026, 7, 7, 5, tzinfo=UTC),
        ),  # before the 4th
    ],
)
def test_an_officer_has_one_business_day(handed_in, over):
    assert states.review_due(handed_in, "America/Chicago") == over


def test_a_lead_decides_once_the_clock_ran_out_or_where_no_officer_is():
    due = datetime(2026, 3, 4, 6, tzinfo=UTC)
    before = due - timedelta(seconds=1)
    assert not states.is_leads_turn(due, before, has_officer=True)
    assert states.is_leads_turn(due, due, has_officer=True)
    assert states.is_leads_turn(due, before, has_officer=False)
    assert not states.is_leads_turn(None, due, has_officer=True)  # never handed in


def test_the_first_version_asks_the_six_questions_word_for_word():
    """A-2."""
    asked = templates.first_version(Kind.SUSPENSION)
    assert asked.headings == QUESTIONS
    assert [part.number for part in asked.parts if not part.is_required] == [3, 6]
    assert asked.part(Slot.CEASED).number == 5


def test_a_template_reads_as_text_for_a_ticket():
    asked = templates.first_version(Kind.SUSPENSION)
    text = templates.as_text(asked, {2: "https://juniper.example/join"})
    assert text.startswith(f"1. {QUESTIONS[0]}\n[your answer]\n\n2. {QUESTIONS[1]}\nhttps://")
    assert text.count("[your answer]") == 5


def test_a_template_keeps_its_parts_whatever_they_are_called():
    with pytest.raises(ValueError, match="shorter"):
        templates.template_of(Kind.SUSPENSION, 2, ["only one"])
