"""A bar chart as plain geometry; the template draws it as SVG and the table says the same (M-3)."""

from collections.abc import Sequence
from typing import Final

from portal.reports.values import CHART_HEIGHT, CHART_LEFT, CHART_WIDTH, Bar, Chart, Line

_TOP, _BOTTOM = 12, 24  # room above, and for the words below
_GAP: Final = 0.25  # of a bar's place
_MOST_WORDS: Final = 8
_STEPS: Final = (1, 2, 5)


def bar_chart(title: str, unit: str, points: Sequence[tuple[str, str, int]]) -> Chart | None:
    """Return a chart of (label, short label, value); None where nothing is above zero."""
    most = max((value for _, _, value in points), default=0)
    if most <= 0:
        return None
    step = _step(most)
    top = -(-most // step) * step
    room = CHART_HEIGHT - _TOP - _BOTTOM
    place = (CHART_WIDTH - CHART_LEFT) / len(points)
    every = -(-len(points) // _MOST_WORDS)
    bars = []
    for number, (label, short, value) in enumerate(points):
        height = round(room * max(0, value) / top, 2)
        x = CHART_LEFT + number * place
        bars.append(
            Bar(
                label,
                value,
                round(x + place * _GAP / 2, 2),
                round(_TOP + room - height, 2),
                round(place * (1 - _GAP), 2),
                height,
                round(x + place / 2, 2),
                short if number % every == 0 else "",
            )
        )
    grid = [
        Line(value, round(_TOP + room - room * value / top, 2)) for value in range(0, top + 1, step)
    ]
    highest = max(points, key=lambda point: point[2])
    total = sum(value for _, _, value in points)
    said = f"{total:,} in all; the most was {highest[2]:,} ({highest[0]}). By {unit}."
    return Chart(title, said, tuple(bars), tuple(grid))


def _step(most: int) -> int:
    """Return a round step of the grid that makes at most five lines."""
    size = 1
    while True:
        for step in _STEPS:
            if step * size * 4 >= most:
                return step * size
        size *= 10
