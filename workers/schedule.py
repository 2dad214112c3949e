"""What runs when. Sweeps run here, in the scheduler's own process, not as jobs.

They are what brings texts back after the queue was lost, so they must not need the queue
themselves; and rq's cron exits when Redis blips. A row in the database locks each sweep, so
a second scheduler is harmless. Sweeps that call the carrier have a thread of their own: a
slow carrier must not keep the reaper waiting; and so has the check of our promises.
"""

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from typing import Final

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from portal.core.db import database_now, db, unit_of_work
from portal.messaging.service import highwater
from portal.messaging.service import sweeps as locks
from workers import (
    appeals,
    audit,
    billing,
    carrier_consents,
    consent,
    contacts,
    dnc,
    dossiers,
    drips,
    exports,
    go_live,
    integrations,
    invoices,
    journal,
    mail,
    media,
    messaging,
    notifications,
    numbers,
    openings,
    optin,
    porting,
    proofs,
    recovery,
    registrations,
    retention,
    schedules,
    sending,
    site_checks,
    suspensions,
    sweeps,
    tasks,
    transfers,
)
from workers.runtime import application

logger = logging.getLogger(__name__)

_TICK_S = 0.2
_AGAIN_AFTER_S: Final = 10.0
_AGAIN_AT_MOST_S: Final = 640.0
_HELD_FOR_S: Final = locks.LEASE.total_seconds() + 5


class End(Enum):
    """How one run of a sweep ended."""

    DONE = auto()  # here, or meanwhile by the process that held it
    HELD = auto()  # another process does it
    FAILED = auto()


@dataclass(slots=True)
class Sweep:
    """One line of the table."""

    name: str
    every_s: float
    run: Callable[[], object]
    is_locked: bool = True  # by a row; what is harmless at once in two processes needs none
    first_after_s: float = 0.0  # since the scheduler began
    due_at: float = field(default=0.0, init=False)
    again_s: float = field(default=_AGAIN_AFTER_S, init=False)  # what follows the next failure
    held_since: datetime | None = field(default=None, init=False)  # by another, as we found it
    is_marked: bool = field(default=True, init=False)  # as failed; at first perhaps by another

    def ended(self, end: End, now: float) -> None:
        """Set when it is due next: after its interval, or sooner if it failed or is held.

        One that failed waits 10 seconds, after each further failure twice as long, 640 at most and
        never longer than its interval: the database may have blinked, and a day is long (PROMISES
        2.4). One that another process does is looked at once its lock would have run out: that
        process may have died.
        """
        if end is End.FAILED:
            self.due_at = now + min(self.again_s, self.every_s)
            self.again_s = min(2 * self.again_s, _AGAIN_AT_MOST_S)
        elif end is End.HELD:
            self.due_at = now + min(_HELD_FOR_S, self.every_s)
        else:
            self.due_at, self.again_s = now + self.every_s, _AGAIN_AFTER_S


def own_sweeps() -> list[Sweep]:
    """Return what needs nothing but the database."""
    return [
        Sweep("apply-statuses", 1, sending.apply_statuses, is_locked=False),
        Sweep("keep-mark", 5, recovery.keep_mark, is_locked=False),  # each host has its copy
        Sweep("ring-for-waiting-texts", 5, sweeps.ring_for_waiting_texts, is_locked=False),
        Sweep("release-mended", 5, sweeps.release_mended),
        Sweep("block-overlooked", 60, sweeps.block_overlooked),
        Sweep("reap-submissions", 10, sweeps.reap_submissions),
        Sweep("replay-journal", 10, journal.replay, is_locked=False),
        Sweep("run-plans", 5, drips.run_plans),
        Sweep("hand-over-texts", 15, drips.hand_over_texts),
        Sweep("resume-intakes", 30, drips.resume_intakes),
        Sweep("resume-imports", 30, contacts.resume_imports),
        Sweep(
            "ring-for-carrier-consents",
            15,
            carrier_consents.ring_for_carrier_consents,
            is_locked=False,
        ),
        Sweep("compare-with-carrier", 86_400, carrier_consents.compare_with_carrier),
        Sweep("settle-holds", 30, messaging.settle_holds),
        Sweep("send-team-notices", 30, messaging.send_team_notices),
        Sweep("free-conversations", 15, messaging.free_conversations),
        Sweep("judge-ramps", 3600, messaging.judge_ramps),
        Sweep("expire-approvals", 300, messaging.expire_approvals),
        Sweep("resume-opt-out-imports", 30, messaging.resume_opt_out_imports),
        Sweep("resume-exports", 30, exports.resume_exports),
        Sweep("forget-exports", 3600, exports.forget_exports),
        Sweep("resume-consent-imports", 30, consent.resume_consent_imports),
        Sweep("resume-call-lists", 30, dnc.resume_lists),
        Sweep("watch-call-lists", 3600, dnc.watch_lists),
        Sweep("settle-credits", 60, sweeps.settle_credits),
        Sweep("resume-bundles", 30, proofs.resume_bundles),
        Sweep("forget-bundles", 3600, proofs.forget_bundles),
        Sweep("resume-dossiers", 30, dossiers.resume_dossiers),
        Sweep("forget-dossiers", 3600, dossiers.forget_dossiers),
        Sweep("ring-for-appeals", 15, appeals.ring_for_appeals, is_locked=False),
        Sweep("note-appeal-mails", 30, appeals.note_mails),
        Sweep("close-lifted-appeals", 30, appeals.close_lifted),
        Sweep("remind-of-appeals", 300, appeals.remind_of_appeals),
        Sweep("refund-failed", 300, sweeps.refund_failed),
        Sweep("tell-due-tasks", 30, tasks.tell_due_tasks, is_locked=False),
        Sweep("mail-notices", 5, notifications.mail_notices, is_locked=False),
        Sweep("ring-for-pushes", 5, notifications.ring_for_pushes, is_locked=False),
        Sweep("keep-push-key", 3600, notifications.keep_push_key, is_locked=False),
        Sweep("ring-for-mails", 5, mail.ring_for_mails, is_locked=False),
        Sweep("forget-mails", 3600, mail.forget_mails),
        Sweep("ring-for-payments", 15, billing.ring_for_payments, is_locked=False),
        Sweep("ring-for-openings", 15, openings.ring_for_openings, is_locked=False),
        Sweep("ring-for-media", 15, media.ring_for_media, is_locked=False),
        Sweep("ring-for-webhooks", 5, integrations.ring_for_webhooks, is_locked=False),
        Sweep("ring-for-double-opt-ins", 30, optin.ring_for_unasked, is_locked=False),
        Sweep("ring-for-registrations", 5, registrations.ring_for_registrations, is_locked=False),
        Sweep("ring-for-port-ins", 5, porting.ring_for_port_ins, is_locked=False),
        Sweep("forget-port-in-drafts", 86_400, porting.forget_drafts),
        Sweep("remind-of-port-ins", 3600, porting.remind_of_port_ins),
        Sweep("ring-for-transfers", 5, transfers.ring_for_transfers, is_locked=False),
        Sweep("expire-transfers", 3600, transfers.expire_transfers),
        Sweep("ring-for-pictures", 300, optin.ring_for_pictures, is_locked=False),
        Sweep("expire-double-opt-ins", 300, optin.expire_confirmations),
        Sweep("ring-for-page-checks", 30, site_checks.ring_for_page_checks, is_locked=False),
        Sweep("ring-for-looks", 15, go_live.ring_for_looks, is_locked=False),
        Sweep("recheck-pages", 300, site_checks.recheck_pages),
        Sweep("forget-integrations", 3600, integrations.forget_old),
        Sweep("forget-sessions", 3600, sweeps.forget_sessions),
        Sweep("forget-tries", 300, sweeps.forget_tries),
    ]


def slow_sweeps() -> list[Sweep]:
    """Return what reads much: nothing that sends may wait for it."""
    return [
        # What fell due while nothing ran is caught up by then: a month to begin is no fault yet.
        Sweep("check-promises", 60, sweeps.check_promises, first_after_s=90),
        Sweep("watch-health", 120, messaging.watch_health),
        Sweep("make-checkpoints", 3600, audit.make_checkpoints),
        Sweep("sweep-media", 86_400, media.sweep_media),
        Sweep("sort-texts", 15, messaging.sort_texts),
        Sweep("forget-similar", 3600, messaging.forget_similar),
        Sweep("send-reports", 60, schedules.send_reports),
        Sweep("send-digests", 60, notifications.send_digests, is_locked=False),
        Sweep("mail-invoices", 60, invoices.mail_invoices),
        Sweep("delete-replaced-numbers", 60, dnc.delete_replaced_numbers),
        Sweep("repeat-erasures", 3600, retention.repeat_erasures),
        Sweep("sweep-retention", 86_400, retention.sweep_retention),
    ]


def carrier_sweeps() -> list[Sweep]:
    """Return what waits for the carrier."""
    return [
        Sweep("reconcile", 5, messaging.reconcile),
        Sweep("catch-up", 5, recovery.catch_up),
        Sweep("mend-fenced", 30, recovery.mend_fenced),
        Sweep("catch-up-inbound", 300, messaging.catch_up_inbound),
        Sweep("sweep-both-ways", 600, recovery.sweep_both_ways),
        Sweep("look-for-suspensions", 300, suspensions.look_for_suspensions),
        Sweep("release-numbers", 600, numbers.release_numbers),
        Sweep("end-purchases", 600, numbers.end_purchases),
        Sweep("notice-moved-numbers", 3600, numbers.notice_moved_numbers),
    ]


class Scheduler:
    """Runs the table until it is told to stop."""

    def __init__(self, app: Flask) -> None:
        """Run inside this application."""
        self._app = app
        self._stop = threading.Event()
        self._owner = f"{socket.gethostname()}:{os.getpid()}"
        self._running: dict[str, str] = {}  # locked sweeps and who we are to their rows

    def run(self) -> None:
        """Run the tables, each in a thread, until SIGTERM or SIGINT."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop.set())
        threads = [
            threading.Thread(target=self._loop, args=(table,), name=name)
            for name, table in (
                ("own", own_sweeps()),
                ("carrier", carrier_sweeps()),
                ("slow", slow_sweeps()),
            )
        ]
        threads.append(threading.Thread(target=self._keep_locks, name="locks"))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _loop(self, table: Sequence[Sweep]) -> None:
        began = time.monotonic()
        for sweep in table:
            sweep.due_at = began + sweep.first_after_s
        with self._app.app_context():
            while not self._stop.is_set():
                for sweep in table:
                    if not self._stop.is_set() and time.monotonic() >= sweep.due_at:
                        sweep.ended(self._run_guarded(sweep), time.monotonic())
                self._stop.wait(_TICK_S)

    def _run_guarded(self, sweep: Sweep) -> End:
        """Run one sweep; a thread that ended would end all of its table unseen."""
        try:
            end = self.run_one(sweep)
        except Exception:
            logger.exception("%s left a broken connection", sweep.name)
            db.session.remove()
            end = End.FAILED
        self._mark(sweep, end)
        return end

    def _mark(self, sweep: Sweep, end: End) -> None:
        """Write down for people that a sweep failed, until it goes well again.

        Who takes a lock takes the mark off with it.
        """
        is_failed = end is End.FAILED
        if not is_failed and (sweep.is_locked or not sweep.is_marked):
            return
        try:
            with unit_of_work():
                if is_failed:
                    locks.failed(sweep.name, self._owner_of(sweep))
                else:
                    locks.went_well(sweep.name)
            sweep.is_marked = is_failed
        except Exception:
            logger.exception("%s: not marked", sweep.name)

    def _keep_locks(self) -> None:
        with self._app.app_context():
            while not self._stop.wait(locks.RENEW_EVERY_S):
                try:
                    self.keep_locks()
                except Exception:
                    logger.exception("locks of sweeps not renewed")

    def keep_locks(self) -> None:
        """Renew the locks of what runs: so a lock outlives its scheduler by a minute, no more."""
        running = dict(self._running)
        if not running:
            return
        try:
            with unit_of_work():
                locks.renew(running)
        except SQLAlchemyError as error:
            logger.warning("locks of sweeps not renewed: %s", type(error).__name__)
        finally:
            db.session.remove()

    def run_one(self, sweep: Sweep) -> End:
        """Run one sweep unless another process does; nothing it does ends the scheduler."""
        try:
            if sweep.is_locked and (end := self._take(sweep)) is not None:
                return end
            count = sweep.run()
            if count:
                logger.info("%s: %s", sweep.name, count)
            if sweep.is_locked:
                with unit_of_work():
                    locks.done(sweep.name, self._running[sweep.name])
        except SQLAlchemyError as error:
            logger.warning("%s: the database did not answer: %s", sweep.name, type(error).__name__)
            return End.FAILED
        except Exception:
            logger.exception("%s failed; it runs again", sweep.name)
            return End.FAILED
        else:
            return End.DONE
        finally:
            self._running.pop(sweep.name, None)
            db.session.rollback()  # nothing stays open between two sweeps

    def _take(self, sweep: Sweep) -> End | None:
        """Take a sweep's lock, or return how it ended for us: still held, or done by who held it."""
        owner = self._owner_of(sweep)
        with unit_of_work():
            if sweep.held_since is not None and locks.ran_since(sweep.name, sweep.held_since):
                sweep.held_since = None
                return End.DONE
            if not locks.take(sweep.name, owner):
                sweep.held_since = sweep.held_since or database_now()
                return End.HELD
        self._running[sweep.name] = owner
        sweep.held_since = None
        return None

    def _owner_of(self, sweep: Sweep) -> str:
        return f"{self._owner}:{sweep.name}"


def main() -> None:
    """Run the scheduler of this machine."""
    highwater.begin()
    Scheduler(application()).run()
