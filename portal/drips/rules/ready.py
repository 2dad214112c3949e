"""Plans to begin with, as the product brings them (P-1)."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from portal.drips.values import Step, StepKind

_FILE: Final = Path(__file__).parents[1] / "data" / "ready_plans.toml"


@dataclass(frozen=True, slots=True)
class ReadyPlan:
    """One of them; whoever takes it gets a copy of their own."""

    key: str
    name: str
    about: str
    steps: tuple[Step, ...]

    @property
    def last_day(self) -> int:
        """Return how many days after enrolment it is over."""
        return max(step.day for step in self.steps)


@cache
def ready_plans() -> tuple[ReadyPlan, ...]:
    """Return all of them, in the order they are shown."""
    read = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return tuple(
        ReadyPlan(plan["key"], plan["name"], plan["about"], tuple(map(_step, plan["step"])))
        for plan in read["plan"]
    )


def ready_plan(key: str) -> ReadyPlan | None:
    """Return one of them by its key."""
    return next((plan for plan in ready_plans() if plan.key == key), None)


def _step(row: dict[str, object]) -> Step:
    return Step(**{**row, "kind": StepKind(str(row["kind"]))})  # type: ignore[arg-type]
