"""Sends one account's texts: claim, gate, hand over, write down (PROMISES 2.3, RULINGS 12).

The main thread alone talks to the database. Sixteen threads wait for the carrier, each with
one text that has been cleared and committed as leaving. As soon as something comes back, one
short transaction writes it down and clears what takes its threads, while the other threads
wait: one text at a time while the database keeps up, more when it doesn't, which is when that
pays. Claims are made in between.
"""

import logging
import os
import signal
import socket
import threading
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Final
from uuid import UUID

from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from portal.core import clock, jobs
from portal.core.db import unit_of_work
from portal.core.jobs import Job, Lane
from portal.gateways import sms
from portal.gateways.sms import Outcome, SmsGateway
from portal.messaging.service import claims, gate, outcomes, rounds
from portal.messaging.service.claims import Claim
from portal.messaging.service.gate import Submission
from workers import journal

logger = logging.getLogger(__name__)

THREADS: Final = 16
RUNS_FOR_S: Final = 60.0
RENEW_AFTER_S: Final = 20.0
RETRY_FOR_S: Final = 180.0  # an outcome the database does not take
_LONG_S: Final = 0.5  # of waiting for an answer or a slot
_MOMENT_S: Final = 0.002


class Drain:
    """One run over one account's outbox."""

    def __init__(self, account_id: UUID, *, owner: str | None = None) -> None:
        """Run for this account, under a name of its own."""
        self._account_id = account_id
        self._owner = owner or f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}"
        self._waiting: deque[Claim] = deque()
        self._leaving: dict[Future[Outcome], Submission] = {}
        self._answered: SimpleQueue[Future[Outcome]] = SimpleQueue()
        self._came_back: list[Future[Outcome]] = []  # of those, what the next round writes down
        self._unrecorded: list[tuple[Submission, Outcome]] = []
        self._ends_at = time.monotonic() + RUNS_FOR_S
        self._renewed_at = time.monotonic()
        self._is_stopping = False
        self._found_nothing = False
        self._pending_retry_at = 0.0

    def run(self) -> int:
        """Send until nothing is due or the time is up; return how many were handed over."""
        handed_over = 0
        self._listen_for_the_end()
        with ThreadPoolExecutor(THREADS, thread_name_prefix="carrier") as carrier:
            try:
                while self._goes_on():
                    self._top_up()
                    self._wait()
                    handed_over += self._go_round(carrier)
                    self._try_unrecorded()
            finally:
                self._wind_up()
        if self._waiting or not self._found_nothing:
            jobs.ring(Job.DRAIN, self._account_id, lane=Lane.TEXTS)
        return handed_over

    def _goes_on(self) -> bool:
        if self._is_stopping or time.monotonic() > self._ends_at:
            return False
        return not self._found_nothing or bool(self._waiting or self._leaving)

    def _top_up(self) -> None:
        """Claim more when fewer wait than there are threads, and keep what waits.

        While answers wait to be written down and texts to take their threads, those go first.
        """
        if time.monotonic() - self._renewed_at > RENEW_AFTER_S:
            self._renewed_at = time.monotonic()
            with unit_of_work():
                claims.renew(list(self._waiting))
        if len(self._waiting) >= THREADS or (self._found_nothing and self._leaving):
            return
        if self._waiting and not self._answered.empty():
            return
        if self._waiting and jobs.waiting(Lane.URGENT):
            self._is_stopping = True  # somebody's own text comes first (G18)
            return
        with unit_of_work():
            found = claims.claim(self._account_id, self._owner)
        self._found_nothing = not found
        self._waiting.extend(found)

    def _wait(self) -> None:
        """Wait until something can be done: an answer came, or a text may take a free thread."""
        has_room = bool(self._waiting) and len(self._leaving) < THREADS
        pause = _LONG_S
        if has_room:
            until = (self._waiting[0].leaves_at - clock.utcnow()).total_seconds()
            pause = min(max(until, 0.0), _LONG_S)
        elif not self._found_nothing and len(self._waiting) < THREADS:
            pause = 0.0  # there is more to claim
        if self._leaving:
            with suppress(Empty):
                self._came_back.append(self._answered.get(timeout=pause))
                self._gather()
        elif pause:
            time.sleep(pause)

    def _gather(self) -> None:
        """Take what else has come back, and what follows within a moment.

        Texts that left together come back together; written down together they cost one
        transaction.
        """
        with suppress(Empty):
            while len(self._came_back) < len(self._leaving):
                self._came_back.append(self._answered.get(timeout=_MOMENT_S))

    def _go_round(self, carrier: ThreadPoolExecutor) -> int:
        """Write down what came back and hand over what may leave now, in one transaction."""
        answers = [(self._leaving.pop(future), future.result()) for future in self._came_back]
        self._came_back.clear()
        due = self._due(THREADS - len(self._leaving))
        if not due:
            self._record(answers)
            return 0
        deadline = time.monotonic() + gate.POST_WITHIN_S  # counted from before T2
        try:
            with unit_of_work():
                cleared = rounds.go_round(answers, due)
        except IntegrityError:
            logger.exception("%d texts could not be marked as leaving together", len(due))
            self._record(answers)
            return self._go_one_by_one(carrier, due)
        except BaseException:
            self._record(
                answers
            )  # whatever keeps texts from leaving, what has left is written down
            raise
        self._leave(carrier, cleared, deadline)
        if answers:
            self._found_nothing = False  # a notice or a next part may follow
        return len(cleared)

    def _go_one_by_one(self, carrier: ThreadPoolExecutor, due: list[Claim]) -> int:
        """Clear each for itself, so that one whose row can't be written keeps no other.

        That one is claimed again when its lease is over, and fails alone until it expires.
        """
        count = 0
        for claim in due:
            deadline = time.monotonic() + gate.POST_WITHIN_S
            try:
                with unit_of_work():
                    cleared = gate.clear_many([claim])
            except IntegrityError:
                logger.exception("text %s could not be marked as leaving", claim.id)
                continue
            self._leave(carrier, cleared, deadline)
            count += len(cleared)
        return count

    def _leave(
        self, carrier: ThreadPoolExecutor, cleared: list[Submission], deadline: float
    ) -> None:
        for submission in cleared:
            future = carrier.submit(hand_over, sms.current(), submission, deadline)
            self._leaving[future] = submission
            future.add_done_callback(self._answered.put)

    def _due(self, free: int) -> list[Claim]:
        """Take the texts whose time has come, as far as threads are free."""
        now = clock.utcnow()
        due: list[Claim] = []
        while self._waiting and len(due) < free and self._waiting[0].leaves_at <= now:
            due.append(self._waiting.popleft())
        return due

    def _record(self, answers: list[tuple[Submission, Outcome]]) -> None:
        """T3 alone; when the database is away, the disk remembers and we try again."""
        if not answers:
            return
        try:
            with unit_of_work():
                outcomes.record_many(answers)
            self._found_nothing = False  # a notice or a next part may follow
        except SQLAlchemyError:
            logger.exception("%d outcomes not recorded", len(answers))
            self._unrecorded += answers
            try:
                for submission, outcome in answers:
                    journal.append(submission, outcome)
            except OSError:
                logger.exception("the journal cannot be written either")

    def _try_unrecorded(self) -> bool:
        """Record what the database did not take before; True when nothing is left."""
        if self._unrecorded and time.monotonic() >= self._pending_retry_at:
            self._pending_retry_at = time.monotonic() + 1.0
            still: list[tuple[Submission, Outcome]] = []
            for submission, outcome in self._unrecorded:
                try:
                    with unit_of_work():
                        outcomes.record(submission, outcome)
                except SQLAlchemyError:
                    still.append((submission, outcome))
            self._unrecorded = still
        return not self._unrecorded

    def _wind_up(self) -> None:
        """Let go of what waits, wait for what is leaving, and write it all down."""
        with suppress(SQLAlchemyError), unit_of_work():
            claims.put_back(list(self._waiting))
        self._record(
            [(submission, future.result()) for future, submission in self._leaving.items()]
        )
        self._leaving.clear()
        end = time.monotonic() + RETRY_FOR_S
        while not self._try_unrecorded() and time.monotonic() < end:
            time.sleep(0.5)

    def _listen_for_the_end(self) -> None:
        """On SIGTERM take no new texts; what is leaving is still written down."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, self._stop)

    def _stop(self, *_: object) -> None:
        self._is_stopping = True


def hand_over(gateway: SmsGateway, submission: Submission, deadline: float) -> Outcome:
    """POST one text that is marked as leaving: connect first, then look at the clock once more."""
    unreachable = gateway.connect(submission.outgoing)
    return unreachable or gateway.send(submission.outgoing, deadline)
