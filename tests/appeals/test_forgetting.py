"""Erasing a person reaches the words of appeals; what was sent stays as it went (C-10)."""

import re
from datetime import timedelta

import pytest

from portal.appeals import queries
from portal.appeals.rules.quoting import without
from portal.appeals.service import checking, comments, files, parts, replies, sending
from portal.appeals.values import FROZEN, Happening, Reply, ReplyKind
from portal.core import audit
from portal.core.db import unit_of_work
from portal.retention.errors import Held
from portal.retention.service import erasing, holds
from tests import cast
from tests.appeals.conftest import BOB, OFFICER, TODAY, VERA, open_case, suspend
from tests.appeals.test_tickets import START, _appeal, counted

CAROL, DAVE = "+15125550100", "+15125550101"
CAROLS = re.compile(r"555\D?0100")  # four digits alone stand in an id by chance


@pytest.mark.parametrize(
    "written",
    ["+15125550100", "5125550100", "(512) 555-0100", "512-555-0100", "512.555.0100",
     "+1 (512) 555-0100", "1 512 555 0100", "512\u2011555\u20110100", "512 555\u00a00100"],
)  # fmt: skip
def test_a_number_is_found_however_it_is_written(written):
    assert without(f"Carol ({written}), and so on", CAROL) == "Carol ([erased]), and so on"


@pytest.mark.parametrize(
    "text",
    ["(512) 555-0101", "15125550100022", "8915125550100", "+445125550100", "Ticket 512-555", ""],
)
def test_another_number_stays(text):
    assert without(text, CAROL) == text


def test_a_number_from_abroad_is_found_with_its_country():
    assert without("Call +44 20 7946 0018 or 0044 20 7946 0018.", "+442079460018") == (
        "Call [erased] or [erased]."
    )
    assert without("020 7946 0018", "+442079460018") == "020 7946 0018"


def words_of(case):
    """Return all that is written in a case."""
    said = [str(part) for part in queries.parts(case)]
    said += [line.text for line in queries.history(case)]
    said += [f"{reply.text} {reply.asked}" for reply in queries.replies(case)]
    return "\n".join([*said, *(f"{one.words} {one.note}" for one in queries.sendings(case))])


def ask(number=CAROL):
    with unit_of_work():
        return erasing.report(
            cast.JUNIPER, number, reason="asked by letter", evidence="folder 12", actor=VERA
        )


@pytest.fixture
def quoted(case):
    """Bob's open appeal, which quotes Carol in every place there is, and Dave beside her."""
    with unit_of_work():
        found = checking.tally(case, [CAROL, DAVE])
        parts.name_numbers(case, 6, [CAROL, DAVE], actor=BOB, tally=found)
        parts.write_part(
            case, 4, text="Carol, (512) 555-0100, signed our sheet.", link="", edits=0, actor=BOB
        )
        comments.comment(case, "I called 512-555-0100; Dave is 512-555-0101.", actor=BOB)
    return case


def test_the_words_of_an_open_case_lose_the_number_alone(quoted):
    id_ = ask()
    assert "555-0100" in words_of(quoted)  # a report changes nothing
    before = queries.part_or_404(quoted, 4).edits
    with unit_of_work():
        counts = erasing.erase(cast.JUNIPER, id_, actor=VERA)
    assert counts["appeals"] == 3
    said = words_of(quoted)
    assert not CAROLS.search(said)
    assert "512-555-0101" in said
    named = queries.part_or_404(quoted, 6)
    assert (named.numbers, named.tally) == ((DAVE,), None)
    part = queries.part_or_404(quoted, 4)
    assert (part.text, part.edits) == ("Carol, [erased], signed our sheet.", before + 1)
    assert queries.history(quoted)[0].kind is Happening.ERASED
    assert audit.verify(cast.JUNIPER)[1] is None


def test_a_legal_hold_keeps_them(quoted):
    id_ = ask()
    with unit_of_work():
        holds.set_hold(cast.JUNIPER, CAROL, reason="A lawsuit of Carol", actor=VERA)
    with pytest.raises(Held), unit_of_work():
        erasing.erase(cast.JUNIPER, id_, actor=VERA)
    assert "(512) 555-0100" in words_of(quoted)


def test_another_organizations_appeals_are_left_alone(quoted, lakeview):
    theirs = open_case(suspend(lakeview))
    with unit_of_work():
        comments.comment(theirs, "Carol is 512-555-0100.", actor=BOB)
    id_ = ask()
    with unit_of_work():
        erasing.erase(cast.JUNIPER, id_, actor=VERA)
    assert "512-555-0100" in words_of(theirs)


def test_cases_without_the_number_cost_nothing_and_are_not_locked(quoted):
    def asked():
        with counted() as heard:
            ask()
        return len(heard)

    few = asked()
    with unit_of_work():
        for place in range(20):
            _appeal(quoted.account_id, START + timedelta(minutes=place))
    assert asked() == few


@pytest.mark.pages
def test_what_was_sent_stays_and_the_case_says_why(vera, sent):
    with unit_of_work():
        kept = {f.id: files.content_of(f) for f in queries.files(sent) if f.kind in FROZEN}
        asked = replies.record(
            sent,
            Reply(ReplyKind.INFORMATION, TODAY, "On +15125550100", "Prove +1 512 555 0100",
                  TODAY + timedelta(days=3)),
            OFFICER,
            actor=VERA,
        )  # fmt: skip
        sending.answer(asked, "Here is (512) 555-0100", OFFICER, actor=VERA)
    id_ = ask()
    with unit_of_work():
        erasing.erase(cast.JUNIPER, id_, actor=VERA)
    assert not CAROLS.search(words_of(sent))
    assert {f.id: files.content_of(f) for f in queries.files(sent) if f.kind in FROZEN} == kept
    page = vera.get("appeals.show", account_id=sent.account_id, case_id=sent.id)
    assert "stays as evidence of what it was told" in page.text_of("#sent")
