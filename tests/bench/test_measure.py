"""Rounds, ratios and verdicts (SPEED)."""

import pytest

from portal.bench.measure import Figure, Target, Verdict, compare, compare_with_each, table

MORE, LESS = Target("G4", 0.35, 0.50), Target("G18", 10, 2, higher_is_better=False, unit=" s")


@pytest.mark.parametrize(
    ("target", "value", "verdict"),
    [
        (MORE, 0.50, Verdict.MET),
        (MORE, 0.49, Verdict.ABOVE_FLOOR),
        (MORE, 0.34, Verdict.BELOW_FLOOR),
        (LESS, 2.0, Verdict.MET),
        (LESS, 2.1, Verdict.ABOVE_FLOOR),
        (LESS, 10.1, Verdict.BELOW_FLOOR),
    ],
)
def test_a_verdict_knows_which_way_is_better(target, value, verdict):
    assert target.verdict(value) is verdict


def test_ours_and_the_limit_are_read_by_turns_and_the_median_round_counts():
    order = []

    def reading(name, values):
        def read():
            order.append(name)
            return values.pop(0)

        return read

    ours, limit = reading("ours", [40.0, 10.0, 30.0]), reading("limit", [100.0, 50.0, 50.0])
    figure = compare(MORE, "sqlite", ours, limit, rounds=3)
    assert order == ["limit", "ours", "ours", "limit", "limit", "ours"]
    assert figure.values == (0.4, 0.2, 0.6)
    assert (figure.value, figure.verdict) == (0.4, Verdict.ABOVE_FLOOR)
    assert (figure.ours, figure.limit) == ("30.0/s", "50.0/s")


def test_one_reading_of_ours_stands_beside_several_limits():
    ours, few, hello = [40.0, 20.0], [20.0, 10.0], [10.0, 2.0]
    growth, slow = compare_with_each(
        lambda: ours.pop(0),
        {(MORE, "few"): lambda: few.pop(0), (LESS, "hello"): lambda: hello.pop(0)},
        rounds=2,
    )
    assert (growth.what, growth.values, slow.values) == ("few", (2.0, 2.0), (4.0, 10.0))


def test_the_table_has_aligned_columns_and_shows_the_spread():
    drawn = table([Figure(MORE, "a", (0.4, 0.6, 0.5)), Figure(LESS, "much longer", (12_345.0,))])
    lines = drawn.splitlines()
    assert len({len(line) for line in lines}) == 1
    assert "0.50 [0.40..0.60]" in lines[2]
    assert "12,345 s" in lines[3]
