"""How a report words figures and what they are compared with."""

from portal.reports.rules.periods import Period


def share(value: float | None) -> str:
    """Return 97.1 % of a share from 0 to 1."""
    return "–" if value is None else f"{value * 100:.1f} %"


def against(period: Period, value: str) -> str:
    """Return what a figure was in the days before."""
    return f"{value} in {period.before.words}" if value != "–" else "None before"


def change(period: Period, now: int, before: int) -> str:
    """Return how much more or less it is than in the days before, in words."""
    if not before:
        return f"None in {period.before.words}"
    if now == before:
        return f"As many as in {period.before.words}"
    return f"{(now - before) * 100 / before:+.0f} % against {before:,} in {period.before.words}"
