"""The control run: the same weather and kills against the naive sender, and the same judge."""

import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from tests.chaos import naive, records
from tests.chaos.judge import Case, Crime, Text, judge
from tests.chaos.nursery import Crew, Nursery
from tests.chaos.stage import SID, TOKEN, Time, carrier, environment
from tests.chaos.tiers import Scale
from tests.chaos.weather import FOUL, HANG_S, Plan
from tests.sandbox.server import free_port

NUMBER = "+13125550170"
_STATES = {"sent": "accepted", "failed": "expired"}


@dataclass(frozen=True, slots=True)
class Control:
    """What became of the naive sender's texts."""

    texts: int
    doubled: int
    lost: int
    provider_faults: int
    process_faults: int

    @property
    def doubled_percent(self) -> float:
        return round(100 * self.doubled / self.texts, 1)


def control(plan: Plan, home: Path, scale: Scale) -> Control:
    """Let the naive sender send the plan's texts in an empty folder."""
    (home / "logs").mkdir()
    port, clock_file = free_port(), home / "clock-offset"
    nursery = Nursery(home, environment(free_port(), port, ""))
    try:
        Time(clock_file, 1)
        sandbox = carrier(nursery, port, home, clock_file)
        client = sandbox.client()
        client.incoming_phone_numbers.create(phone_number=NUMBER)
        client.http_client.session.close()
        sandbox.turn(seed=plan.seed % 2**31, hang_seconds=HANG_S, **FOUL)
        path = home / "naive.db"
        naive.fill(path, _texts(plan))
        db = naive.connect(path)
        faults = 0
        crew = Crew(
            nursery, home / "logs", {"naive": (str(path), sandbox.base_url, NUMBER, SID, TOKEN)}
        )
        crew.start()
        end = time.monotonic() + scale.at_most + scale.settles_in
        mean_pause_s = scale.seconds / scale.faults
        for fault in plan.faults():
            if db.execute(naive.LEFT).fetchone() is None or time.monotonic() > end:
                break
            time.sleep(fault.pause * mean_pause_s)
            if not fault.kind.startswith(("kill work", "freeze work")):
                continue
            pid = crew.roles["naive"].pid
            is_kill = fault.kind.startswith("kill")
            faults += (
                crew.kill([pid]) if is_kill else crew.freeze([pid], fault.lasts * naive.LEASE_S)
            )
        crew.stop()
        creates = records.creates(sandbox.log(all="1"))
        texts = [
            Text(id_, "naive", e164, _STATES.get(state, state), 0, None)
            for id_, e164, state in db.execute("SELECT id, e164, state FROM texts")
        ]
        db.close()
    finally:
        nursery.close()
    verdict = judge(Case(creates, texts))
    answers = Counter(create.answer for create in creates)
    taken = {create.text for create in creates if create.outcome == "accepted"}
    return Control(
        texts=len(texts),
        doubled=verdict.count(Crime.DOUBLE),
        lost=sum(text.state == "accepted" and text.id not in taken for text in texts),
        provider_faults=answers.total() - answers["201"],
        process_faults=faults,
    )


def _texts(plan: Plan) -> list[tuple[str, str, str]]:
    return [
        (
            str(UUID(int=send.number * 1000 + place)),
            f"+1773556{place:04d}",
            plan.words_of(send),
        )
        for send in plan.sends()
        for place in send.people
    ]
