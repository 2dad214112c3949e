"""Texts by the consent they rested on when they left, what should not be first (M-6)."""

from datetime import date

import pytest

from portal.messaging.values import Kind
from portal.reports.rules import bases, periods
from portal.reports.rules.bases import Basis

PERIOD = periods.period("7-days", None, None, date(2026, 3, 2))
WRITTEN = Basis(Kind.BULK, "hosted_form", "express_written")
CASES = {
    Basis(Kind.ONE_TO_ONE, "", ""): "No consent record",
    Basis(Kind.BULK, "", ""): "No consent record",
    Basis(Kind.ONE_TO_ONE, "purchased_list", "none"): "Not valid consent",
    Basis(Kind.BULK, "verbal", "express"): "Bulk without written consent",
    Basis(Kind.BULK, "inquiry", "inquiry"): "Bulk without written consent",
    Basis(Kind.ONE_TO_ONE, "agent_stated", "express"): "Only an agent's word",
    Basis(Kind.ONE_TO_ONE, "import", "express"): "Imported, method not named",
    Basis(Kind.ONE_TO_ONE, "inquiry", "inquiry"): "",
    Basis(Kind.ONE_TO_ONE, "verbal", "express"): "",
    WRITTEN: "",
    Basis(Kind.ONE_TO_ONE, "paper", "express_written"): "",
}


@pytest.mark.parametrize("basis", CASES, ids=lambda basis: "-".join(basis) or "none")
def test_what_wants_a_look_says_why(basis):
    assert bases.exception(basis) == CASES[basis]


def test_exceptions_stand_first_the_gravest_before_all_then_the_most():
    told = bases.report(PERIOD, dict.fromkeys(CASES, 1) | {WRITTEN: 9}, {})
    marks = [row.cells[3] for row in told.tables[0].rows]
    grave = list(dict.fromkeys(CASES.values()))
    assert marks == sorted(marks, key=grave.index)
    assert told.tables[0].rows[7].cells[-1] == 9
    assert [tile.value for tile in told.tiles] == ["19", "7", "52.6 %"]


def test_nothing_left_is_said_so():
    told = bases.report(PERIOD, {}, {})
    assert told.tiles == ()
    assert told.tables[0].rows == ()
