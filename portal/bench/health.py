"""Whether health pages cost the same over very many texts as over few, over real HTTP (G13)."""

from collections.abc import Iterator
from datetime import time
from typing import Final

from portal.bench import brokerage, bulk
from portal.bench.measure import Figure, Options
from portal.bench.reports import IN_A_CAMPAIGN, Row, Year, compare_years
from portal.compliance.rules.health import Window
from portal.core.audit import SYSTEM
from portal.core.db import db, unit_of_work
from portal.drips.queries import library
from portal.drips.service import authoring
from portal.drips.values import OnReply, Place, Step, StepKind
from portal.messaging.queries.counts import NOBODY
from portal.people import queries as people

_SIZE: Final = 10_000_000
_EACH_PLAN_SEND: Final = 5  # of so many sends one is a plan's
_NUMBERS: Final = 3
_FORMS: Final = ("Open house", "Website", "")
_STEPS: Final = 4
_WRONG: Final = ((30003, 16), (30005, 8), (30008, 8))  # of the 400 texts of a send, by code
_LEFT: Final = (336, 320)  # taken by the carrier without a fault, and of these delivered
_WORDS: Final = "Bench Realty: news of step {}, {{first_name|there}}. Reply STOP to end."
_HOUR: Final = (
    "organization_id", "account_id", "hour", "from_e164", "campaign_id", "error_code",
    "attempted", "delivered", "wrong", "opted_out",
)  # fmt: skip
_CAUSE: Final = (*_HOUR, "user_id", "import_id", "form_name", "method")
_SEND: Final = ("campaign_id", "organization_id", "account_id", "drip_id", "step_id")


def run(options: Options) -> Iterator[Figure]:
    """Measure health and causes over a year of 10,000,000 texts and one of 10,000.

    What the writer of the counts leaves of so many is written down, and not the texts themselves,
    which none of these pages reads.
    """
    pages = {f"health, {each}": f"health?window={each}" for each in Window}
    pages["causes, 24h"] = f"causes?window={Window.DAY}"  # of 30 days eight at once take minutes
    return compare_years(options, pages, usual=_SIZE, year=Counted)


class Counted(Year):
    """A year of sends of 400 texts as the running counts have it: by hour, send, number and code."""

    def write(self) -> None:
        """Write sends, the steps some are of, and the counts of each."""
        self._write_campaigns()
        self._steps = self._write_plan()
        sends = range(-(-self._count // IN_A_CAMPAIGN))
        for table, columns, rows in (
            ("drip_sends", _SEND, self._of_steps),
            ("health_hours", _HOUR, self._hours),
            ("cause_hours", _CAUSE, self._by_cause),
        ):
            with unit_of_work():
                bulk.load(table, columns, rows(sends))
        with unit_of_work():  # so that the planner knows how much there is
            db.session.connection().exec_driver_sql("ANALYZE")

    def _kind(self, number: int) -> str:
        return "plan" if number % _EACH_PLAN_SEND == 0 else "bulk"

    def _write_plan(self) -> list[tuple[str, str]]:
        """Keep a plan; return it with each of its steps."""
        lead = people.person(self._lead_id, self._account.organization_id)
        assert lead is not None  # made a moment ago
        steps = [
            Step(StepKind.TEXT, day, time(10), body=_WORDS.format(day)) for day in range(_STEPS)
        ]
        by = library.keeper(self._account, lead)
        with unit_of_work():
            drip_id = authoring.create(
                self._account, by, Place(account_id=self._account.id), name="Bench", steps=steps,
                on_reply=OnReply.PAUSE, actor=SYSTEM,
                lint_ok=authoring.lint_key(authoring.verdicts(self._account, steps)),
            )  # fmt: skip
        drip = library.drip_of(self._account.organization_id, drip_id)
        return [(drip.id.hex, step.id.hex) for step in drip.steps if step.id]

    def _of_steps(self, sends: range) -> Iterator[Row]:
        for number in sends[::_EACH_PLAN_SEND]:
            step = self._steps[number // _EACH_PLAN_SEND % len(self._steps)]
            yield self._id(6, number), *self._own, *step

    def _hours(self, sends: range) -> Iterator[Row]:
        for number in sends:
            key = self._of_send(number)
            yield *key, 0, *_LEFT, 0, 1
            for code, wrong in _WRONG:
                yield *key, code, wrong, 0, wrong, 0

    def _by_cause(self, sends: range) -> Iterator[Row]:
        """Part each row by the form its people came from."""
        for number in sends:
            user = self._senders[number % len(self._senders)]
            for code, *sums in ((0, *_LEFT, 0, 1), *((c, w, 0, w, 0) for c, w in _WRONG)):
                for place, form in enumerate(_FORMS):
                    part = [(each + len(_FORMS) - 1 - place) // len(_FORMS) for each in sums]
                    yield (
                        *self._of_send(number), code, *part, user, NOBODY.hex, form,
                        "" if form else "paper",
                    )  # fmt: skip

    def _of_send(self, number: int) -> Row:
        return (
            *self._own, self._at(number * IN_A_CAMPAIGN),
            brokerage.number(number % _NUMBERS), self._id(6, number),
        )  # fmt: skip
