"""A small world for the send protocol: a carrier that misbehaves by the number texted, and time.

The carrier keeps what it took (`accepts`), so a test compares what we believe with the truth.
"""

import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import select

from portal.core import clock
from portal.core.db import db, unit_of_work
from portal.gateways.sms import Listed, Outcome, Outgoing, Verdict
from portal.messaging.models import Message
from portal.messaging.service import inbound, outcomes, recovery, statuses
from portal.messaging.service.incoming import Incoming
from portal.messaging.service.statuses import Callback
from portal.messaging.values import Kind
from tests.factories.messaging import BODY, clear, make_campaign, make_recipient, take, texts
from workers import messaging as jobs
from workers.sending import apply_statuses, drain


class Killed(BaseException):
    """The process died here: whatever was not committed is gone."""


UNKNOWN, NOT_SENT, REJECTED = Verdict.UNKNOWN, Verdict.NOT_SENT, Verdict.REJECTED


@dataclass(frozen=True)
class Behaviour:
    """What the carrier does with a text: whether it takes it, and what we get to see."""

    takes: bool
    answer: Outcome | None = None  # None: 201 with the SID
    times: int = 99  # then it behaves
    final: str = "delivered"


# PROMISES 2.5, one behaviour for each line of its table.
BEHAVIOURS = {
    "created_201": Behaviour(takes=True),
    "reset_after_taken": Behaviour(True, Outcome(UNKNOWN, detail="ProtocolError")),
    "timeout_after_taken": Behaviour(True, Outcome(UNKNOWN, detail="ReadTimeoutError")),
    "error_500_after_taken": Behaviour(True, Outcome(UNKNOWN, status=500)),
    "truncated_201": Behaviour(True, Outcome(UNKNOWN, detail="IncompleteRead", status=201)),
    "error_500": Behaviour(False, Outcome(UNKNOWN, status=500)),
    "redirect_302": Behaviour(False, Outcome(UNKNOWN, status=302)),
    "refused_once": Behaviour(False, Outcome(NOT_SENT, detail="NewConnectionError"), times=1),
    "busy_429_twice": Behaviour(False, Outcome(NOT_SENT, status=429, retry_after_s=2.0), times=2),
    "refused_always": Behaviour(False, Outcome(NOT_SENT, detail="NewConnectionError")),
    "rejected_21211": Behaviour(False, Outcome(REJECTED, code=21211, status=400)),
    "opted_out_21610": Behaviour(False, Outcome(REJECTED, code=21610, status=400)),
    "taken_then_undelivered": Behaviour(True, final="undelivered"),
}


@dataclass
class Carrier:
    """The other side: takes texts, lists them, and calls back when asked to.

    It misbehaves for the texts of the test alone; notices that follow them go well.
    """

    behaviours: dict[str, Behaviour]  # by number
    accepts: Counter[tuple[str, str]] = field(default_factory=Counter)  # by number and body
    listed: list[Listed] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)
    callbacks: list[tuple[Outgoing, str, str]] = field(default_factory=list)
    is_listing: bool = True
    lock: threading.Lock = field(default_factory=threading.Lock)

    def connect(self, outgoing):
        return None

    def send(self, outgoing, deadline_monotonic):
        behaviour = BEHAVIOURS["created_201"]
        if outgoing.body == BODY:
            behaviour = self.behaviours.get(outgoing.to, behaviour)
            self.asked[outgoing.to] += 1
        is_odd = self.asked[outgoing.to] <= behaviour.times
        if behaviour.takes or not is_odd:
            sid = self._take(outgoing, behaviour.final)
            if behaviour.answer is None or not is_odd:
                return Outcome(Verdict.ACCEPTED, sid=sid, status=201)
        return behaviour.answer

    def find(self, credentials, to, since):
        return [t for t in self.listed if t.to == to] if self.is_listing else []

    def listed_since(self, credentials, since):
        return list(self.listed) if self.is_listing else []

    def _take(self, outgoing, final):
        with self.lock:  # sixteen threads text at once
            self.accepts[outgoing.to, outgoing.body] += 1
            sid = f"SM{len(self.listed) + 1:032x}"
            self.callbacks += [(outgoing, sid, "sent"), (outgoing, sid, final)]
            self.listed.append(
                Listed(
                    sid,
                    outgoing.to,
                    outgoing.from_number,
                    outgoing.body,
                    "outbound-api",
                    final,
                    clock.utcnow(),
                )
            )
        return sid

    def call_back(self, organization_id, *, reverse=False, twice=False):
        """Post every callback: out of order and doubled when asked."""
        waiting = self.callbacks[::-1] if reverse else list(self.callbacks)
        for outgoing, sid, status in waiting * (2 if twice else 1):
            with unit_of_work():
                statuses.store(
                    Callback(
                        organization_id,
                        sid,
                        status,
                        30003 if status == "undelivered" else None,
                        UUID(outgoing.message_id),
                        outgoing.attempt,
                        {"MessageStatus": status},
                    )
                )


class Steps:
    """The protocol's own steps, one by one, so that a test can stop between any two."""

    def __init__(self, account, carrier):
        self.account, self.carrier = account, carrier
        self.claims, self.submissions, self.answers = [], [], []

    def claim(self):
        self.claims = take(self.account, owner="doomed", limit=100)

    def gate(self):
        self.submissions = [s for s in map(clear, self.claims) if s is not None]

    def post(self):
        self.answers = [(s, self.carrier.send(s.outgoing, 0.0)) for s in self.submissions]

    def record(self):
        for submission, outcome in self.answers:
            with unit_of_work():
                outcomes.record(submission, outcome)


# Seconds between looks: enough for leases, back-off, every check of the list, and giving up.
PAUSES = (2, 10, 70, 130, 300, 900, 3600, 4 * 3600, 8 * 3600, 13 * 3600)


def recover(account, clock_, *, news=lambda: None):
    """Let time pass as the scheduler and the workers would use it; `news` comes in between."""
    for pause in PAUSES:
        clock_.travel(by=timedelta(seconds=pause))
        sweep(account)
        news()


def sweep(account):
    """Run once what the scheduler runs."""
    apply_statuses()
    with unit_of_work():
        recovery.reap()
    drain(str(account.id))
    jobs.reconcile()
    with unit_of_work():
        recovery.release_mended(account.id)


def ends(account):
    """Return state and attempts of each text, by its number."""
    db.session.rollback()
    rows = db.session.execute(
        select(Message.e164, Message.state, Message.attempt).where(
            Message.account_id == account.id, Message.kind != Kind.SYSTEM
        )
    )
    return {row.e164: (row.state, row.attempt) for row in rows}


def says(account, sender, number, body):
    """A text from a person, as the webhook stores it."""
    inbound.receive(
        Incoming(
            organization_id=account.organization_id,
            sid=f"SM{uuid4().hex}",
            from_number=number,
            to=sender.e164,
            body=body,
            segments=1,
            media=(),
            opt_out_type=None,
            payload={},
        )
    )


def twins_in_doubt(account, carrier_fake, clock):
    """Return a text in doubt whose look is due, and two the carrier took before with its words."""
    person = make_recipient(account)
    for answer in (None, None, Outcome(UNKNOWN)):
        if answer is not None:
            carrier_fake.plan(answer)
        make_campaign(account, [person])
        drain(str(account.id))
        clock.travel(by=timedelta(seconds=1))
    clock.travel(by=timedelta(seconds=40))
    [doubt] = recovery.doubts_due()
    return doubt, [text for text in texts(account) if text.sid]


def as_listed(text, at, code=None):
    """Return one of our texts as the carrier lists it."""
    status = "failed" if code else "sent"
    return Listed(text.sid, text.e164, text.from_e164, text.body, "outbound-api", status, at, code)
