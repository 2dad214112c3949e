"""Carries webhooks to the portal: in order, with Twilio's retries, from a few threads."""

import json
import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urldefrag, urlencode

import urllib3

from portal.sandbox import fetching, formats, inbound, lifecycle, outbox
from portal.sandbox.context import Carrier
from portal.sandbox.knobs import Knobs
from portal.sandbox.porting import as_json
from portal.sandbox.signature import sign
from portal.sandbox.store import Store
from portal.sandbox.stripe import signed

_log = logging.getLogger(__name__)
_HANDS = 8
_NAP = 0.1
_LONG_NAP = 1.0
_FIRST_WAIT = 0.2
_COUNT_OPEN = "SELECT COUNT(*) FROM webhooks WHERE state IN ('pending', 'running')"
_GOOD = range(200, 300)


@dataclass(frozen=True)
class Answer:
    """What the portal said, or how it failed to (ct, rt, 4xx, 5xx)."""

    status: int | None
    failure: str = ""
    content_type: str = ""
    body: bytes = b""


@dataclass(frozen=True)
class Parcel:
    """A webhook as it is posted."""

    url: str
    form: dict[str, str]
    headers: dict[str, str]
    body: str = ""  # instead of the form


def prepared(of: Carrier, webhook: sqlite3.Row) -> Parcel:
    """Return a webhook signed with its account's token of today, or with Stripe's secret."""
    url, form = urldefrag(webhook["url"]).url, json.loads(webhook["params"])
    if webhook["kind"] == "stripe":
        payload = form["payload"]
        return Parcel(url, {}, signed(of.config.stripe_webhook_secret, payload), payload)
    account = of.store.row("SELECT auth_token FROM accounts WHERE sid = ?", webhook["account_sid"])
    token = str(account["auth_token"]) if account else ""
    if webhook["kind"] == "porting":
        url, headers = as_json(token, url, form["payload"])
        return Parcel(url, {}, headers, form["payload"])
    if webhook["method"] == "GET":
        url += ("&" if "?" in url else "?") + urlencode(form)
        form = {}
    headers = {
        "X-Twilio-Signature": sign(token, url, form),
        "I-Twilio-Idempotency-Token": webhook["token"],
        "User-Agent": "TwilioProxy/1.1",
        "Accept": "*/*",
    }
    return Parcel(url, form, headers)


class PostRider:
    """The courier of one sandbox."""

    def __init__(self, store: Store, knobs: Knobs, of: Callable[[], Carrier]) -> None:
        self._store, self._knobs, self._of = store, knobs, of
        self._bell = threading.Condition()
        self._rung = self._ended = False
        self._flushes = self._busy = 0
        self._tray: queue.SimpleQueue[sqlite3.Row] = queue.SimpleQueue()
        self._http = urllib3.PoolManager(_HANDS, maxsize=_HANDS, retries=False)
        with store.work() as db:
            # What a killed sandbox was carrying may arrive twice, as at Twilio.
            db.execute("UPDATE webhooks SET state = 'pending' WHERE state = 'running'")
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)
        self._thread.start()
        for _ in range(_HANDS):
            # Daemons, so that a portal that hangs can't keep the program from ending.
            threading.Thread(target=self._work, name="courier-hand", daemon=True).start()

    def ring(self) -> None:
        """Say that there is something to carry."""
        with self._bell:
            self._rung = True
            self._bell.notify_all()

    def stop(self) -> None:
        """End the threads; what is not carried yet stays in the store."""
        self._ended = True
        self.ring()
        self._thread.join(timeout=1.0)

    def flush(self, timeout: float = 30.0) -> dict[str, int]:
        """Take every step and carry every webhook now; returns how many ended in each state."""
        started = formats.now()
        with self._bell:
            self._flushes += 1
        try:
            self._until(lambda: not self._left(), timeout)
        finally:
            with self._bell:
                self._flushes -= 1
        rows = self._store.rows(
            "SELECT state, COUNT(*) AS times FROM webhooks WHERE closed >= ? OR"
            " (state = 'lost' AND created >= ?) GROUP BY state",
            started,
            started,
        )
        return {row["state"]: row["times"] for row in rows}

    def wait_for(self, message_sid: str, timeout: float) -> None:
        """Return once the webhooks of one text are done, or time is up."""
        query = f"{_COUNT_OPEN} AND message_sid = ?"
        held = self._knobs.is_on("hold_callbacks")
        if not held:
            self._until(lambda: not self._store.count(query, message_sid), timeout)

    def _until(self, is_done: Callable[[], bool], timeout: float) -> None:
        end = time.monotonic() + timeout
        self.ring()
        while not is_done() and time.monotonic() < end and not self._ended:
            with self._bell:
                self._bell.wait(0.02)

    def _left(self) -> int:
        """Return how many steps and webhooks a flush still has to do, those in hand included."""
        steps = self._store.count("SELECT COUNT(*) FROM steps WHERE on_time_only = 0")
        steps += self._busy
        if self._knobs.is_on("hold_callbacks"):
            return steps
        return steps + self._store.count(_COUNT_OPEN)

    def _run(self) -> None:
        while not self._ended:
            flushing = self._flushes > 0
            fetching.collect(self._store, self._http, flushing=flushing)
            moved = lifecycle.take_steps(self._store, self._knobs, flushing=flushing)
            moved += self._hand_out()
            with self._bell:
                if not moved and not self._rung:
                    self._bell.wait(_NAP)
                self._rung = False

    def _hand_out(self) -> int:
        """Give due webhooks to free hands; those of one text keep their order."""
        free = _HANDS - self._busy
        if free <= 0 or self._knobs.is_on("hold_callbacks"):
            return 0
        flushing = self._flushes > 0
        with self._store.work() as db:
            rows = db.execute(
                "SELECT * FROM webhooks w WHERE state = 'pending' AND (due <= ? OR ?)"
                " AND NOT EXISTS (SELECT 1 FROM webhooks e WHERE e.message_sid = w.message_sid"
                " AND e.state IN ('pending', 'running') AND e.id <> w.id AND"
                # A late one overtakes nobody, and nobody waits for it.
                " CASE WHEN w.loose THEN ? AND NOT e.loose ELSE e.id < w.id AND NOT e.loose END)"
                " ORDER BY loose, id LIMIT ?",
                (formats.now(), flushing, flushing, free),
            ).fetchall()
            db.executemany(
                "UPDATE webhooks SET state = 'running', attempts = attempts + 1 WHERE id = ?",
                [(row["id"],) for row in rows],
            )
        for row in rows:
            with self._bell:
                self._busy += 1
            self._tray.put(row)
        return len(rows)

    def _work(self) -> None:
        """Carry what is put on the tray until the courier ends."""
        while not self._ended:
            try:
                self._carry(self._tray.get(timeout=_LONG_NAP))
            except queue.Empty:
                continue
        self._http.clear()

    def _carry(self, webhook: sqlite3.Row) -> None:
        try:
            answer = self._post(webhook)
            if not self._ended:
                self.settle(webhook, answer)
        except Exception:  # noqa: BLE001  the hand must live on
            # The webhook stays "running" and goes again at the next start.
            _log.exception("webhook %s could not be carried", webhook["id"])
        finally:
            with self._bell:
                self._busy -= 1
                self._rung = True
                self._bell.notify_all()

    def _post(self, webhook: sqlite3.Row) -> Answer:
        parcel = prepared(self._of(), webhook)
        times = outbox.overrides(webhook["url"])
        limit = urllib3.Timeout(connect=times.connect, read=times.read, total=times.total)
        is_form = {"Content-Type": "application/x-www-form-urlencoded"} if parcel.form else {}
        try:
            answer = self._http.request(
                webhook["method"],
                parcel.url,
                body=parcel.body or (urlencode(parcel.form) if parcel.form else None),
                headers=parcel.headers | is_form,
                timeout=limit,
                redirect=False,
            )
        except urllib3.exceptions.ReadTimeoutError:
            return Answer(None, "rt")
        except urllib3.exceptions.HTTPError:
            return Answer(None, "ct")
        failure = "" if answer.status in _GOOD else f"{answer.status // 100}xx"
        return Answer(
            answer.status, failure, answer.headers.get("Content-Type", ""), bytes(answer.data)
        )

    def settle(self, webhook: sqlite3.Row, answer: Answer) -> None:
        """Note what came of a webhook: done, to be tried again, or failed for good."""
        if not self._store.count("SELECT COUNT(*) FROM webhooks WHERE id = ?", webhook["id"]):
            return  # a reset forgot it while it was on its way
        problem, state, due = None, "done", webhook["due"]
        if answer.failure:
            times, tries = outbox.overrides(webhook["url"]), webhook["attempts"] + 1
            problem = f"11200: {answer.failure}" if answer.status else f"11205: {answer.failure}"
            again = tries <= times.retries and times.deserves_retry(answer.failure)
            in_time = formats.now() - webhook["created"] < times.total or self._flushes
            state = "pending" if again and in_time else "failed"
            due = formats.now() + _FIRST_WAIT * 2 ** (tries - 1)
        elif webhook["kind"] == "inbound":
            problem = inbound.heed(
                self._of(), webhook["message_sid"], answer.content_type, answer.body
            )
        with self._store.work() as db:
            db.execute(
                "UPDATE webhooks SET state = ?, due = ?, answer = ?, problem = ?, closed = ?"
                " WHERE id = ?",
                (state, due, answer.status, problem, formats.now(), webhook["id"]),
            )
            if state == "failed" and webhook["fallback"]:
                self._fall_back(webhook, problem or "")

    def _fall_back(self, webhook: sqlite3.Row, problem: str) -> None:
        """Try the fallback URL, with the error beside the form."""
        params = json.loads(webhook["params"]) | {
            "ErrorCode": problem.partition(":")[0],
            "ErrorUrl": urldefrag(webhook["url"]).url,
        }
        letter = outbox.Letter(
            kind=webhook["kind"],
            message_sid=webhook["message_sid"],
            account_sid=webhook["account_sid"],
            url=webhook["fallback"],
            params=params,
        )
        outbox.post(self._store, self._knobs, letter)
