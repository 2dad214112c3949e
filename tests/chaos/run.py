"""A chaos run: the real product, a carrier with weather, process faults, and the judge (R1)."""

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from portal.core.db import db
from portal.doctor import service as doctor
from portal.messaging.models import CarrierWatch, InboundText, Message, WebhookEvent
from tests.chaos import records, world
from tests.chaos.disasters import Disasters
from tests.chaos.judge import Crime, Intent, judge
from tests.chaos.nursery import members
from tests.chaos.stage import Stage, installation
from tests.chaos.tiers import Scale
from tests.chaos.weather import FAIR, FOUL, HANG_S, STARTS, STOPS, Door, Plan, Send

MOST_WAITING = 300
STALLED_S = 7.0  # then what is left waits for a time to come
SETTLING_S = 3.0
SWEPT_WITHIN_S = 120.0  # the scheduler starts and reads the list, on a crowded machine
TELL_EVERY_S = 30.0

log = logging.getLogger("chaos")

_MOVING = ("queued", "held", "claimed", "submitting")


@dataclass
class Report:
    """What a run printed."""

    database: str
    seed: int
    seconds: float
    cpu_seconds: float
    texts: int = 0  # of sends: free notices are apart
    notices: int = 0
    accepted: int = 0
    delivered: int = 0
    process_faults: dict[str, int] = field(default_factory=dict)
    provider_faults: dict[str, int] = field(default_factory=dict)
    callbacks: dict[str, int] = field(default_factory=dict)
    people_said: dict[str, int] = field(default_factory=dict)
    stops_judged: int = 0
    last_words_judged: int = 0
    states: dict[str, int] = field(default_factory=dict)
    sends: int = 0
    sends_by: dict[str, int] = field(default_factory=dict)
    segments: dict[int, int] = field(default_factory=dict)
    sends_refused: int = 0
    double_clicks: int = 0
    stumbles: int = 0
    crimes: dict[str, int] = field(default_factory=dict)
    unconfirmed_though_accepted: int = 0
    left_as_stop_came: int = 0
    findings: list[str] = field(default_factory=list)

    @property
    def faults(self) -> int:
        return sum(self.process_faults.values()) + sum(self.provider_faults.values())


class Run:
    """One run on a stage that is set."""

    def __init__(self, plan: Plan, scale: Scale, stage: Stage) -> None:
        self._plan, self._scale, self._stage = plan, scale, stage
        self._door = world.FrontDoor(stage.url)
        self._program = world.Program(stage.url, self._door.ended)
        self.disasters = Disasters(stage, plan.seed, self._door.is_open)
        self.intents: list[Intent] = []
        self.desks: list[world.Desk] = []
        self.said: Counter[str] = Counter()
        self.double_clicks = 0
        self.sends_by: Counter[str] = Counter()
        self._texted: deque[tuple[str, str]] = deque(maxlen=60)  # person and our number
        self._stopped: dict[str, tuple[str, str]] = {}  # person: SID of the STOP, our number
        self._fair_day: datetime | None = None  # when the last day with a full list begins
        self._over = threading.Event()
        self._trouble: list[BaseException] = []
        self._lock = threading.Lock()

    @property
    def stumbles(self) -> int:
        return self._door.stumbles + self._program.stumbles

    def storm(self) -> None:
        """Confirm, text back, kill and freeze until the run is large enough."""
        with self._stage.app.app_context():
            self.desks = world.build(self._plan, self._stage.sandbox, self._stage.url)
            db.session.remove()
        self._stage.sandbox.turn(
            seed=self._plan.seed % 2**31, hang_seconds=HANG_S, carrier_keywords=False, **FOUL
        )
        self._stage.crew.start()
        self._door.wait()
        self._door.sign_in()
        self._stage.time.start()
        sends = self._paced()
        confirming = [self._thread(lambda: self._confirm(sends)) for _ in range(3)]
        talking = [self._thread(self._talk), self._thread(self._lag)]
        self._destroy(confirming)
        self._over.set()
        self._door.ended.set()
        for thread in [*confirming, *talking]:
            thread.join()
        if self._trouble:
            raise self._trouble[0]

    def settle(self) -> None:
        """Kill no more, let everything drain, then stop the weather and let a day pass.

        It is over once that day's sweep went to its end, which hears of what webhooks didn't tell,
        and the carrier has nothing more to say.
        """
        stage = self._stage
        stage.crew.thaw()
        with stage.queue() as queue:
            queue.flushall()  # a dead worker's job would hold its name for twenty seconds more
        ends_at = time.monotonic() + self._scale.settles_in
        before, look_at = -1, time.monotonic() + STALLED_S
        stalled_with, swept_by, all_said = 0, 0.0, False
        while time.monotonic() < ends_at:
            time.sleep(0.5)
            left = self._left()
            if left is None:
                continue
            if not left.total():
                if all_said:
                    break
                stage.sandbox.flush()
                all_said = True
                continue
            all_said = False
            if left["unswept"] and time.monotonic() < swept_by:
                continue
            moving = left.total() - left["unknown"] - left["unswept"]
            if moving and moving != before:
                before, look_at = moving, time.monotonic() + STALLED_S
            if moving and time.monotonic() < look_at:
                continue
            log.info("left: %s", dict(left))
            is_waiting_for_a_day = moving in (0, stalled_with)
            by = timedelta(hours=25) if is_waiting_for_a_day else timedelta(minutes=6)
            if is_waiting_for_a_day:
                stage.sandbox.turn(**FAIR)
                self._fair_day = stage.time.now() + by
                swept_by = time.monotonic() + SWEPT_WITHIN_S
            stage.sandbox.flush()
            self._pass(by)
            stalled_with = moving
            before, look_at = moving, time.monotonic() + 2 * STALLED_S
        stage.time.stop()

    def _pass(self, by: timedelta) -> None:
        """Let time pass, in which the product was away: it wakes up and catches up at once."""
        crew = self._stage.crew
        crew.kill(members(crew.roles["web"].pid))
        crew.kill(members(crew.roles["scheduler"].pid))
        self._stage.time.leap(by)
        self._door.wait()
        time.sleep(SETTLING_S)

    def _left(self) -> Counter[str] | None:
        """Return what has not ended, by state; None when the database does not answer."""
        try:
            with self._stage.app.app_context():
                rows = db.session.execute(
                    select(Message.state, func.count()).group_by(Message.state)
                )
                states = Counter({state.value: count for state, count in rows})
                news = db.session.scalar(
                    select(func.count()).where(WebhookEvent.applied_at.is_(None))
                )
                undated = db.session.scalar(
                    select(func.count()).where(InboundText.look_at.is_not(None))
                )
                swept_at = db.session.scalar(select(func.min(CarrierWatch.swept_at)))
        except SQLAlchemyError:
            return None
        left = Counter({s: states[s] for s in (*_MOVING, "unknown") if states[s]})
        if news:
            left["news"] = news
        if undated:  # a START whose time is not known yet has lifted nothing so far
            left["undated"] = undated
        if not (self._fair_day and swept_at and swept_at >= self._fair_day):
            left["unswept"] = 1
        return left

    def _destroy(self, confirming: list[threading.Thread]) -> None:
        started = told_at = time.monotonic()
        mean = self._scale.seconds / self._scale.faults
        for fault in self._plan.faults():
            time.sleep(min(fault.pause * mean, 3.0))
            self.disasters.do(fault)
            if time.monotonic() > told_at + TELL_EVERY_S:
                told_at = time.monotonic()
                log.info(
                    "%d s: %d process faults, %d sends",
                    told_at - started,
                    self.disasters.count,
                    len(self.intents),
                )
            if time.monotonic() - started > self._scale.at_most:
                return
            is_long_enough = time.monotonic() - started > self._scale.seconds
            all_confirmed = not any(thread.is_alive() for thread in confirming)
            if self._trouble:
                return
            if is_long_enough and all_confirmed and self.disasters.count >= self._scale.faults:
                return

    def _paced(self) -> Iterator[Send]:
        """Give sends spread over the first four fifths of the storm, never too many at once."""
        sends = list(self._plan.sends())
        started = time.monotonic()
        for send in sends:
            due = started + 0.8 * self._scale.seconds * send.number / len(sends)
            while time.monotonic() < due or self._is_crowded():
                if self._over.wait(0.3):
                    return
            yield send

    def _is_crowded(self) -> bool:
        left = self._left()
        return left is None or sum(left[s] for s in _MOVING) > MOST_WAITING

    def _confirm(self, sends: Iterator[Send]) -> None:
        while True:
            with self._lock:
                send = next(sends, None)
            if send is None:
                return
            desk = self.desks[send.account]
            try:
                intents = self._send(send, desk)
            except TimeoutError:
                if self._over.is_set():
                    return
                raise
            self.intents.extend(intents)
            if all(intent.is_refused for intent in intents):
                continue
            self.double_clicks += send.is_doubled
            self.sends_by[send.door] += 1
            self._texted.extend((desk.e164s[place], desk.number) for place in send.people)

    def _send(self, send: Send, desk: world.Desk) -> list[Intent]:
        body = self._plan.words_of(send)
        match send.door:
            case Door.WEB:
                return [self._door.confirm(send, desk, body)]
            case Door.PROGRAM:
                return [self._program.text(send, desk, place, body) for place in send.people]
            case Door.SERVICE:
                with self._stage.app.app_context():
                    return [world.confirm(send, desk, body, f"chaos-{send.number}")]

    def _talk(self) -> None:
        """Let people text: those texted last, most of all."""
        mean = self._scale.seconds / (self._plan.texts * self._scale.sayings)
        for saying in self._plan.sayings():
            if self._over.wait(saying.pause * mean):
                return
            texted = list(self._texted)
            if not texted:
                continue
            person, number = texted[int(saying.person * len(texted))]
            words = saying.words
            if words in STARTS:
                person, number = self._who_may_start() or (person, number)
                words = words if person in self._stopped else "Hello?"
            sent = self._stage.sandbox.says(person, number, words, wait=False)
            self.said[words] += 1
            if words in STOPS:
                self._stopped[person] = (sent["sid"], number)
            elif words in STARTS:
                del self._stopped[person]

    def _who_may_start(self) -> tuple[str, str] | None:
        """Return somebody whose STOP was answered: then a START is later beyond doubt."""
        for person, (sid, number) in list(self._stopped.items())[:5]:
            found = self._stage.sandbox.get(f"webhooks?sid={sid}")["webhooks"]
            if any(webhook["state"] == "done" for webhook in found):
                return person, number
        return None

    def _lag(self) -> None:
        for lag in self._plan.list_lags():
            self._stage.sandbox.turn(list_lag_seconds=lag * self._scale.pace)
            if self._over.wait(1.0):
                return

    def _thread(self, work: Callable[[], None]) -> threading.Thread:
        def run() -> None:
            try:
                work()
            except BaseException as error:
                self._trouble.append(error)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread


def chaos(plan: Plan, scale: Scale, home: Path) -> Report:
    """Do one run in an empty folder and judge it."""
    started = time.monotonic()
    used: list[float] = []
    with installation(plan, home, scale.pace, used) as stage:
        run = Run(plan, scale, stage)
        run.storm()
        stormed = time.monotonic()
        run.settle()
        settled = time.monotonic()
        with stage.app.app_context():
            case = records.gather(
                stage.sandbox, run.intents, plan.workers, run.desks, scale.pace, stage.time.leaps
            )
            odd = [found for _, findings in doctor.examine_everything() for found in findings]
        verdict = judge(case)
        webhooks = stage.sandbox.get("webhooks")["webhooks"]
    log.info(
        "storm %.1f s, settling %.1f s, judging %.1f s",
        stormed - started,
        settled - stormed,
        time.monotonic() - settled,
    )
    calls = [w for w in webhooks if w["kind"] == "status"]
    news = Counter((w["sid"], w["params"]["MessageStatus"]) for w in calls)
    return Report(
        database="postgresql" if plan.is_postgresql else "sqlite",
        seed=plan.seed,
        seconds=round(time.monotonic() - started, 1),
        cpu_seconds=round(time.process_time() + used[0], 1),
        texts=sum(text.campaign is not None for text in case.texts),
        notices=sum(text.campaign is None for text in case.texts),
        accepted=verdict.accepted,
        delivered=sum(text.state == "delivered" for text in case.texts),
        process_faults=dict(run.disasters.done.most_common()),
        provider_faults=dict(Counter(c.answer for c in case.creates if c.answer != "201")),
        callbacks={
            "sent out": len(calls),
            "lost": sum(w["state"] == "lost" for w in calls),
            "doubled": sum(n > 1 for n in news.values()),
            "failed": sum(w["state"] == "failed" for w in calls),
            "texts heard of": len(case.heard),
        },
        people_said=dict(run.said),
        stops_judged=len(case.stops),
        last_words_judged=len(case.last_words),
        states=dict(Counter(text.state for text in case.texts)),
        sends=sum(not intent.is_refused for intent in run.intents),
        sends_refused=sum(intent.is_refused for intent in run.intents),
        sends_by=dict(run.sends_by),
        segments=dict(sorted(Counter(case.segments.values()).items())),
        double_clicks=run.double_clicks,
        stumbles=run.stumbles,
        crimes={crime.value: verdict.count(crime) for crime in Crime},
        unconfirmed_though_accepted=verdict.unconfirmed_though_accepted,
        left_as_stop_came=verdict.left_as_stop_came,
        findings=[
            *(f"{f.crime}: {f.about}: {f.sentence}" for f in verdict.findings),
            *(f"doctor, {f.invariant}: account {f.account_id}: {f.sentence}" for f in odd),
        ],
    )
