"""No cell of an export is a formula, and every one comes back as it was (S5)."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.core import cells

FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "  =1",
    "＝1",
    "＋1",
    "－1",
    "＠x",
    "\0=1",
    "  \0=1",
]


@pytest.mark.parametrize("value", FORMULAS)
def test_a_cell_that_a_spreadsheet_would_run_gets_an_apostrophe(value):
    """PROMISES 4.4"""
    assert cells.safe(value) == "'" + value
    assert not cells.is_formula(cells.safe(value))


@pytest.mark.parametrize(
    "value", ["", "Ann", "'t Hooft", "O'Brien", "a=b", "3 - 2", "buyer; seller"]
)
def test_other_cells_stay_as_they_are(value):
    assert cells.safe(value) == value
    assert cells.plain(value) == value


@settings(max_examples=1_000, deadline=None)
@given(st.text(alphabet=st.sampled_from("'=+-@ a\t＝1\"\n;,"), max_size=12) | st.text(max_size=40))
def test_what_was_made_safe_comes_back_as_it_was(value):
    """S5: export then import is the identity, for every cell."""
    safe = cells.safe(value)
    assert cells.plain(safe) == value
    assert not cells.is_formula(safe)


@settings(max_examples=500, deadline=None)
@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=30), min_size=1, max_size=5)
)
def test_a_whole_file_comes_back_as_it_was(row):
    """S5: through the writer and a strict reader, quotes, line ends and signs included."""
    out = io.StringIO(newline="")
    csv.writer(out).writerow([cells.safe(cell) for cell in row])
    [read] = csv.reader(io.StringIO(out.getvalue(), newline=""))
    assert [cells.plain(cell) for cell in read] == row
    assert not any(cells.is_formula(cell) for cell in read)
