"""No cell of an export is a formula, and every one comes back as it was (S5)."""

import csv
import io
import random
from itertools import product

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


@settings(max_examples=300)
@given(st.text(alphabet=st.sampled_from("'=+-@ a\t＝1\"\n;,"), max_size=12) | st.text(max_size=40))
def test_what_was_made_safe_comes_back_as_it_was(value):
    """S5: export then import is the identity, for every cell."""
    safe = cells.safe(value)
    assert cells.plain(safe) == value
    assert not cells.is_formula(safe)


@settings(max_examples=200)
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


def test_no_short_cell_at_all_is_a_formula_or_comes_back_changed():
    """S5: every cell of up to five of the signs that matter, some 19,000."""
    signs, tried = "'=@ a\t＝", 0
    for length in range(6):
        for value in map("".join, product(signs, repeat=length)):
            safe = cells.safe(value)
            assert cells.plain(safe) == value
            assert not cells.is_formula(safe), repr(value)
            tried += 1
    assert tried > 10_000


def test_ten_thousand_cells_of_one_file_come_back_as_they_were():
    """S5: formulas, quotes, line ends and all of Unicode side by side."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    dice, signs = random.Random(seed), "'=+-@ a\t\r\n\"＝＋－＠;,\v\u00a0\u200b\ufeff"
    rows = [[_cell(dice, signs) for _ in range(5)] for _ in range(2_000)]
    out = io.StringIO(newline="")
    csv.writer(out).writerows([cells.safe(cell) for cell in row] for row in rows)
    read = list(csv.reader(io.StringIO(out.getvalue(), newline="")))
    assert [[cells.plain(cell) for cell in row] for row in read] == rows
    assert not [cell for row in read for cell in row if cells.is_formula(cell)]


def _cell(dice, signs):
    start = "".join(dice.choices(signs, k=dice.randrange(4)))
    return start + "".join(
        chr(dice.choice((65, 0x3D, 0x1F600, dice.randrange(0xD7FF))))
        for _ in range(dice.randrange(9))
    )
