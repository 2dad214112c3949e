"""An appeal from the draft to the carrier's answer, as the service keeps it (A-2, A-5)."""

import io

import pytest
from sqlalchemy import event

from portal.appeals import queries
from portal.appeals.errors import (
    BadPart,
    FileRefused,
    MovedMeanwhile,
    NothingToAppeal,
    NotReady,
    NotThatWay,
    PartChanged,
)
from portal.appeals.rules.readiness import Level
from portal.appeals.rules.states import Move, Party
from portal.appeals.service import cases, checking, files, parts
from portal.appeals.service.files import Checked
from portal.appeals.values import Answer, Happening, Kind, State
from portal.compliance import service as compliance
from portal.core import audit
from portal.core.db import db, unit_of_work
from portal.core.errors import BadInput, NotFound
from portal.core.settings import settings
from portal.texting_accounts.values import Cause
from tests.appeals.conftest import BOB, OFFICER, VERA, WRITER, open_case, suspend
from tests.factories.files import picture

LEAD = frozenset({Party.LEAD})


def go(case, move, by, actor=VERA, **given):
    with unit_of_work():
        return cases.move(case, move, by, actor=actor, **given)


def events(case):
    return [entry.event for entry in audit.entries(case.organization_id)]


def test_a_suspension_has_one_open_appeal(suspended, case):
    assert (case.state, case.round, case.kind) == (State.DRAFT, 1, Kind.SUSPENSION)
    assert [part.number for part in queries.parts(case)] == [1, 2, 3, 4, 5, 6]
    assert open_case(suspended, actor=VERA) == case  # the second click, and the second person
    assert [line.state for line in queries.history(case)] == [State.DRAFT]
    assert "appeals:case:move" in events(case)


def test_an_account_that_sends_has_nothing_to_appeal(bobs):
    with pytest.raises(NothingToAppeal):
        open_case(bobs)


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        (None, Kind.SUSPENSION),
        (Cause.HIGH_ERRORS, Kind.SUSPENSION),
        (Cause.SIMILAR, Kind.SIMILAR),
        (Cause.PROVISIONING, Kind.SIMILAR),
    ],
)
def test_the_carriers_reason_picks_the_template(cause, kind):
    assert cases.kind_for(cause) is kind


def test_an_appeal_goes_through_review_to_the_carrier_and_back(case):
    """A-5: each step in the history, with who and when; the officer's clock begins at the hand-in."""
    handed_in = go(case, Move.HAND_IN, WRITER, BOB)
    assert (handed_in.state, handed_in.due_at.isoformat()) == (
        State.IN_REVIEW,
        "2026-03-04T06:00:00+00:00",
    )
    returned = go(handed_in, Move.RETURN, OFFICER, reason="Part 2 leads nowhere")
    assert (returned.due_at, queries.history(case)[0].text) == (None, "Part 2 leads nowhere")
    again = go(returned, Move.HAND_IN, WRITER, BOB)
    sent = go(go(again, Move.APPROVE, OFFICER), Move.SUBMIT, LEAD)
    assert sent.submitted_at is not None
    asked = go(sent, Move.ASK_INFORMATION, OFFICER, reason="They want 20 samples")
    answered = go(asked, Move.ANSWER, OFFICER, reason="Sent the samples")
    over = go(answered, Move.REINSTATE, OFFICER, reason="Their mail of 9 March")
    assert (over.state, over.is_over) == (State.REINSTATED, True)
    assert [line.state.value for line in reversed(queries.history(case))] == [
        "draft", "in_review", "returned", "in_review", "approved", "submitted",
        "information_requested", "submitted", "reinstated",
    ]  # fmt: skip
    assert events(case).count("appeals:case:move") == 9


def test_two_officers_who_approve_at_once_do_it_once(case):
    """PROMISES 3.3: the second is told, and nothing is done twice."""
    seen = go(case, Move.HAND_IN, WRITER, BOB)
    go(seen, Move.APPROVE, OFFICER)
    with pytest.raises(MovedMeanwhile, match="Approved"):
        go(seen, Move.APPROVE, OFFICER)
    with pytest.raises(MovedMeanwhile):
        go(seen, Move.RETURN, OFFICER, reason="Too late for that")
    assert queries.history(case)[0].state is State.APPROVED


def test_a_move_that_is_not_in_the_table_is_refused(case):
    with pytest.raises(NotThatWay):
        go(case, Move.SUBMIT, OFFICER)
    with pytest.raises(NotThatWay):
        go(case, Move.WITHDRAW, WRITER, BOB, reason="I changed my mind")
    with pytest.raises(BadInput, match="reason"):
        go(case, Move.WITHDRAW, OFFICER)


def test_a_denial_opens_the_second_round_with_the_first_named(suspended, case):
    """A-6."""
    sent = go(go(go(case, Move.HAND_IN, WRITER, BOB), Move.APPROVE, OFFICER), Move.SUBMIT, OFFICER)
    go(sent, Move.DENY, OFFICER, reason="Not enough proof")
    second = open_case(suspended)
    assert (second.round, second.previous_id) == (2, case.id)
    assert queries.cases(suspended.tenant, limit=10)[-1].state is State.DENIED


def test_an_account_suspended_again_gets_a_case_of_its_own(suspended, case):
    go(case, Move.WITHDRAW, OFFICER, reason="They lifted it by themselves")
    with unit_of_work():
        compliance.lift_suspension(suspended, "Lifted", actor=VERA)
    with pytest.raises(NothingToAppeal):
        open_case(suspended)
    again = open_case(suspend(suspended, Cause.HIGH_ERRORS))
    assert (again.round, again.previous_id) == (1, None)
    assert again.restriction_id != case.restriction_id


def test_a_suspension_lifted_by_hand_leaves_no_appeal_in_the_way_of_the_next(suspended, case):
    """Somebody lifted it while its appeal was open: the next one has an appeal of its own."""
    with unit_of_work():
        compliance.lift_suspension(suspended, "Lifted by their mail", actor=VERA)
    again = suspend(suspended, Cause.HIGH_ERRORS)
    newer = open_case(again)
    assert newer.id != case.id
    assert open_case(again).id == newer.id


def test_a_part_is_written_set_aside_and_written_again(case):
    def kept(number):
        return queries.part_or_404(case, number)

    with unit_of_work():
        parts.write_part(case, 2, text="", link="https://juniper.example/join", edits=0, actor=BOB)
        parts.set_aside(case, 3, because="We sign people up on paper only", edits=0, actor=BOB)
    assert (kept(2).answer, kept(2).link) == (Answer.GIVEN, "https://juniper.example/join")
    assert (kept(3).answer, kept(3).text) == (
        Answer.NOT_APPLICABLE,
        "We sign people up on paper only",
    )
    for refused, field in (
        ({"because": "no"}, "because"),
        ({"because": "  "}, "because"),
    ):
        with pytest.raises(BadPart) as error, unit_of_work():
            parts.set_aside(case, 6, **refused, edits=0, actor=BOB)
        assert error.value.field == field
    with pytest.raises(BadPart, match="required"), unit_of_work():
        parts.set_aside(case, 4, because="It does not apply to us", edits=0, actor=BOB)
    with pytest.raises(PartChanged), unit_of_work():
        parts.write_part(case, 2, text="older words", link="", edits=0, actor=VERA)
    for link in ("javascript:alert(1)", "juniper.example", "https://a b.example", "https://[x"):
        with pytest.raises(BadPart) as error, unit_of_work():
            parts.write_part(case, 2, text="", link=link, edits=1, actor=BOB)
        assert error.value.field == "link"
    with unit_of_work():
        parts.write_part(case, 3, text="The box is on page two", link="", edits=1, actor=BOB)
        parts.write_part(case, 2, text="", link="", edits=1, actor=BOB)
    assert (kept(3).answer, kept(2).answer) == (Answer.GIVEN, Answer.OPEN)
    assert queries.history(case)[0].kind is Happening.WRITTEN


def test_why_a_part_did_not_apply_is_no_answer_once_it_does(case):
    picture = Checked("box.png", "image/png", b"a picture")
    with unit_of_work():
        parts.set_aside(case, 3, because="We sign people up on paper only", edits=0, actor=BOB)
        parts.set_aside(case, 6, because="The carrier named no numbers", edits=0, actor=BOB)
        parts.name_numbers(case, 6, [], actor=BOB)
    assert queries.part_or_404(case, 6).is_set_aside
    with unit_of_work():
        parts.attach(case, 3, picture, actor=BOB)
        parts.name_numbers(case, 6, ["+15125550100"], actor=BOB)
    for number in (3, 6):
        part = queries.part_or_404(case, number)
        assert (part.answer, part.text) == (Answer.GIVEN, "")


def test_whether_a_case_may_go_on_is_asked_without_its_proof(case):
    """A-4: numbers without proof make their part weak, never missing."""
    with unit_of_work():
        parts.name_numbers(case, 6, ["+15125550100"], actor=BOB)
    assert checking.look(case).readiness.parts[5].level is Level.WEAK
    heard = []

    def keep(_connection, _cursor, statement, *_):
        heard.append(statement)

    event.listen(db.engine, "before_cursor_execute", keep)
    with pytest.raises(NotReady, match="part 5") as error:
        checking.need_ready(case)
    event.remove(db.engine, "before_cursor_execute", keep)
    assert "part 6" not in error.value.message
    assert heard
    assert not any("consent_records" in statement for statement in heard)


def test_what_was_handed_in_cannot_be_changed(case):
    go(case, Move.HAND_IN, WRITER, BOB)
    with pytest.raises(NotThatWay, match="In review"), unit_of_work():
        parts.write_part(case, 2, text="more", link="", edits=0, actor=BOB)


def test_a_screenshot_is_written_anew_and_kept_sealed(case):
    """PROMISES 4 row 25: what a reviewer opens holds pixels and nothing else."""
    hostile = picture() + b"<script>alert(1)</script>PK\x03\x04"
    checked = files.check(io.BytesIO(hostile), "../../first text.png")
    with unit_of_work():
        file = parts.attach(case, 1, checked, actor=BOB)
    assert file.name == "first text.png"
    shown = files.content_of(file)
    assert shown.startswith(b"\x89PNG")
    assert b"<script>" not in shown
    on_disk = next((settings().evidence_dir / "appeals").rglob(file.stored_as)).read_bytes()
    assert shown[:8] not in on_disk
    part = queries.part_or_404(case, 1)
    assert (part.answer, [f.id for f in part.files]) == (Answer.GIVEN, [file.id])
    with unit_of_work():
        parts.remove_file(case, file.id, actor=BOB)
    assert queries.part_or_404(case, 1).answer is Answer.OPEN
    with pytest.raises(NotFound):
        files.content_of(file)


@pytest.mark.parametrize(
    "content", [b"", b"<svg onload=alert(1)>", b"BEGIN:VCARD\r\nEND:VCARD\r\n"]
)
def test_other_files_are_refused(content):
    with pytest.raises(FileRefused):
        files.check(io.BytesIO(content), "evidence.png")
