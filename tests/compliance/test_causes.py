"""The cause that is named first is the one that was planted, and nobody healthy is blamed (H-8)."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.compliance.rules.causes import Cell, Dimension, Trouble, apart, rank
from portal.compliance.rules.health import TABLES, Outcomes

[BY] = TABLES
SOURCE, STEP, CAMPAIGN, WORDING, NUMBER, AGENT, CODE = (
    Dimension.SOURCE, Dimension.STEP, Dimension.CAMPAIGN, Dimension.WORDING, Dimension.NUMBER,
    Dimension.AGENT, Dimension.CODE,
)  # fmt: skip


def cell(texts, *, opted_out=0, wrong=0, code="", **of):
    named = {Dimension(name): value for name, value in of.items()}
    if code:
        named[CODE] = code
    return Cell(named, Outcomes(texts, texts - wrong, wrong, opted_out))


QUIET = [
    cell(
        2_000, opted_out=4, wrong=40, campaign=f"quiet {n}", source="form", number="1", agent="bob"
    )
    for n in range(5)
]


def first(cells, trouble=Trouble.OPT_OUTS):
    found = rank(cells, trouble, BY)
    return (found[0].dimension, found[0].value) if found else None


NAMED = {
    "a bad campaign": (
        [
            *QUIET,
            cell(450, opted_out=41, campaign="spring", source="form", number="1", agent="bob"),
        ],
        (CAMPAIGN, "spring"),
    ),
    "a bought list in a campaign that is good otherwise": (
        [
            *QUIET,
            cell(600, opted_out=1, campaign="spring", source="form", number="1", agent="bob"),
            cell(400, opted_out=40, campaign="spring", source="list", number="1", agent="bob"),
        ],
        (SOURCE, "list"),
    ),
    "a bought list in two campaigns, and nobody else in them": (
        [
            *QUIET,
            cell(300, opted_out=20, campaign="may", source="list", number="1", agent="bob"),
            cell(300, opted_out=22, campaign="june", source="list", number="1", agent="bob"),
        ],
        (SOURCE, "list"),
    ),
    "bad words in several campaigns, to people of every list": (
        [
            *QUIET,
            *(
                cell(100, opted_out=6, campaign=f"c{n}", wording="w", source=s, number="1")
                for n in range(4)
                for s in ("form", "open house")
            ),
            cell(4_000, opted_out=8, campaign="old", source="open house", number="1"),
        ],
        (WORDING, "w"),
    ),
    "a step of a plan": (
        [
            cell(3_000, opted_out=6, step="day 1", source="form", number="1", agent="bob"),
            cell(900, opted_out=45, step="day 9", source="form", number="1", agent="bob"),
        ],
        (STEP, "day 9"),
    ),
    "an agent who texts one by one": (
        [
            *QUIET,
            *(cell(150, opted_out=9, agent="eve", source=s, number="1") for s in ("form", "x")),
            cell(3_000, opted_out=6, agent="bob", source="x", number="1"),
        ],
        (AGENT, "eve"),
    ),
    "everything there is, where nothing else was sent": (
        [cell(500, opted_out=41, campaign="first", source="list", number="1", agent="bob")],
        (SOURCE, "list"),
    ),
}


@pytest.mark.parametrize("name", NAMED)
def test_the_real_cause_of_opt_outs_is_named_first(name):
    cells, wanted = NAMED[name]
    assert first(cells) == wanted


def test_dead_numbers_of_a_list_name_the_list_and_tell_the_code():
    """H-8: errors of one list, nearly all with one code."""
    cells = [
        *QUIET,
        cell(700, campaign="spring", source="old list", number="1"),
        cell(380, wrong=380, code="30005", campaign="spring", source="old list", number="1"),
    ]
    [cause] = rank(cells, Trouble.ERRORS, BY)
    assert (cause.dimension, cause.value) == (SOURCE, "old list")
    assert (CODE, "30005", 380) in cause.shared
    assert cause.words == "380 of 580 errors, 35.2 % against 2.0 % elsewhere"


def test_a_code_is_named_where_its_errors_are_everywhere():
    cells = [
        *(cell(900, campaign=f"c{n}", source=f"s{n % 3}", number="1") for n in range(9)),
        *(
            cell(100, wrong=100, code="30007", campaign=f"c{n}", source=f"s{n % 3}", number="1")
            for n in range(9)
        ),
        cell(30, wrong=30, code="30003", campaign="c1", source="s1", number="1"),
    ]
    assert first(cells, Trouble.ERRORS) == (CODE, "30007")


def test_the_same_words_over_many_numbers_name_the_words():
    """H-2, H-8: snowshoeing, so that no number and no send has much of it."""
    cells = [
        *(
            cell(120, wrong=36, code="30007", campaign=f"n{n}", wording="w", number=f"{n}",
                 source="form", agent="eve")
            for n in range(8)
        ),
        *(
            cell(600, wrong=12, code="30003", campaign=f"q{n}", number=f"{n}", source="form",
                 agent="bob")
            for n in range(8)
        ),
    ]  # fmt: skip
    [cause] = rank(cells, Trouble.ERRORS, BY)
    assert (cause.dimension, cause.value) == (WORDING, "w")
    assert (AGENT, "eve", 288) in cause.shared


def test_two_troubles_are_named_each_once_the_larger_first():
    cells = [
        *QUIET,
        cell(500, opted_out=60, campaign="spring", source="list", number="1"),
        cell(500, opted_out=30, campaign="fall", source="form", number="1"),
    ]
    found = rank(cells, Trouble.OPT_OUTS, BY)
    assert [(c.dimension, c.value) for c in found] == [(SOURCE, "list"), (CAMPAIGN, "fall")]
    assert found[0].shared[0] == (CAMPAIGN, "spring", 60)


def test_the_words_say_how_much_of_it_and_against_what():
    [cause] = rank(NAMED["a bad campaign"][0], Trouble.OPT_OUTS, BY)
    assert cause.words == "41 of 61 opt-outs, 9.1 % against 0.20 % elsewhere"
    [cause] = rank(
        NAMED["everything there is, where nothing else was sent"][0], Trouble.OPT_OUTS, BY
    )
    assert cause.words == "41 of 41 opt-outs, 8.2 % against the 0.30 % that is good"


@pytest.mark.parametrize(
    "cells",
    [
        [],
        QUIET,
        [*QUIET, cell(5, opted_out=1, campaign="five texts", source="form")],  # H-7
        [*QUIET, cell(200, opted_out=4, campaign="four people", source="form")],
        # All alike and too bad: no part of it is worse than another.
        [cell(500, opted_out=5, campaign=f"c{n}", source=f"s{n}", agent="bob") for n in range(6)],
    ],
)
def test_few_or_even_trouble_blames_nobody(cells):
    assert rank(cells, Trouble.OPT_OUTS, BY) == []


def test_healthy_accounts_blame_nobody_by_chance():
    """100 accounts whose people opt out at 0.2 % and whose texts fail at 3 %, whatever was sent."""
    dice = random.Random(8)
    for _ in range(100):
        cells = []
        for n in range(20):
            texts = dice.randrange(50, 400)
            of = {"campaign": f"c{n}", "source": f"s{dice.randrange(4)}", "number": f"{n % 3}"}
            opted_out, wrong = (
                sum(dice.random() < rate for _ in range(texts)) for rate in (0.002, 0.03)
            )
            cells.append(cell(texts, opted_out=opted_out, wrong=wrong, **of))
        assert [rank(cells, trouble, BY) for trouble in Trouble] == [[], []]


PARTS = st.lists(
    st.builds(
        lambda texts, bad, *of: cell(
            texts, opted_out=bad, campaign=of[0], source=of[1], number=of[2]
        ),
        st.integers(0, 500), st.integers(0, 60),
        *(st.sampled_from([f"{kind}{n}" for n in range(3)]) for kind in "csn"),
    ),
    max_size=12,
)  # fmt: skip


@given(PARTS)
def test_what_is_named_explains_something_and_order_changes_nothing(cells):
    found = rank(cells, Trouble.OPT_OUTS, BY)
    assert all(0 < c.at_least <= c.explains <= c.inside.events <= c.whole for c in found)
    assert rank(list(reversed(cells)), Trouble.OPT_OUTS, BY) == found
    each = apart(cells, Trouble.OPT_OUTS, BY)
    assert [c.explains for c in each] == sorted((c.explains for c in each), reverse=True)
