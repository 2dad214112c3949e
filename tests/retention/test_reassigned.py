"""Numbers that changed hands: the question out, the answer in, the consent ended (C-13)."""

from datetime import UTC, date, datetime

import pytest

from portal.consent import queries as consent_queries
from portal.consent.values import Event, Strength
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.retention import queries
from portal.retention.errors import AnswerRefused
from portal.retention.rules import Answer, Verdict, read_answers
from portal.retention.service import reassigned
from tests import cast
from tests.factories.consent import CAROL, DAVE, ERIN, written

VERA = Actor(cast.VERA, "Vera Osei", "203.0.113.9")
MARCH = datetime(2025, 3, 4, 15, 0, tzinfo=UTC)


def take(organization, text):
    with unit_of_work():
        return reassigned.take_answer(organization.id, text.encode(), "answer.csv", actor=VERA)


def strength(account, e164):
    db.session.rollback()
    return consent_queries.standing(account.tenant, e164, utcnow()).strength


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("3125550142,2025-03-04,yes", Answer(CAROL, date(2025, 3, 4), Verdict.YES)),
        ("no,+1 312 555 0142,20250304", Answer(CAROL, date(2025, 3, 4), Verdict.NO)),
        ("(312) 555-0142,3/4/2025,No Data", Answer(CAROL, date(2025, 3, 4), Verdict.NO_DATA)),
        ("1-312-555-0142,Y", Answer(CAROL, None, Verdict.YES)),
        ("3125550142,maybe", 1),
        ("3125550142,yes,no", 1),
        ("yes", 1),
    ],
)
def test_an_answer_is_read_in_any_order_of_columns(line, answer):
    assert list(read_answers([line])) == [answer]


def test_a_heading_and_empty_lines_are_no_answers():
    lines = ["phone_number,date,disconnected", "", "3125550142,2025-03-04,no"]
    assert list(read_answers(lines)) == [Answer(CAROL, date(2025, 3, 4), Verdict.NO)]


def test_the_round_trip_ends_what_was_given_before_the_number_went(juniper, northside, bobs):
    written(northside, CAROL, given_at=MARCH)
    written(bobs, CAROL, given_at=datetime(2026, 1, 9, tzinfo=UTC))  # perhaps the new owner
    written(northside, DAVE, given_at=MARCH)
    written(northside, ERIN, given_at=MARCH)
    question = "".join(reassigned.question(juniper.id)).split()
    assert question == [
        "phone_number,date", "3125550142,2026-01-09", "3125550142,2025-03-04",
        "3125550143,2025-03-04", "3125550144,2025-03-04",
    ] or sorted(question[1:]) == sorted(
        ["3125550142,2026-01-09", "3125550142,2025-03-04",
         "3125550143,2025-03-04", "3125550144,2025-03-04"]
    )  # fmt: skip

    answer = (
        "3125550142,2025-03-04,yes\n3125550142,2026-01-09,no\n"
        "3125550143,2025-03-04,no\n3125550144,2025-03-04,no data\n3125550177,2025-01-01,yes\n"
    )
    take(juniper, answer)

    assert strength(northside, CAROL) is Strength.NONE
    assert strength(bobs, CAROL) is not Strength.NONE
    assert strength(northside, DAVE) is not Strength.NONE
    ended = consent_queries.history(northside.tenant, [CAROL])[0]
    assert ended.event is Event.ENDED
    assert "permanently disconnected since 2025-03-04" in ended.method_details
    [check] = queries.reassigned_checks(juniper.id)
    assert (check.checked, check.hits, check.no_data, check.unknown) == (5, 1, 1, 1)

    take(juniper, answer)
    assert queries.reassigned_checks(juniper.id)[0].hits == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no answer"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"3125550142,2025-03-04,yes\nwhat is this,yes\n", "Line 2"),
        (b'3125550142,2025-03-04,yes\n"' + b"x" * 140_000, "Line 2"),
    ],
)
def test_a_bad_file_changes_nothing_and_names_the_line(juniper, northside, content, said):
    written(northside, CAROL, given_at=MARCH)
    with pytest.raises(AnswerRefused, match=said), unit_of_work():
        reassigned.take_answer(juniper.id, content, "answer.csv", actor=VERA)
    assert strength(northside, CAROL) is not Strength.NONE
    assert queries.reassigned_checks(juniper.id) == []
