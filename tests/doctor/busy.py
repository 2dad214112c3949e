"""A healthy, busy brokerage: texts in every state they can be in, and money of every kind.

Lived through once with a carrier that misbehaves; the ids of what tests corrupt are kept.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from portal.consent.values import Method
from portal.core import clock
from portal.core.db import db, unit_of_work
from portal.gateways import sms
from portal.gateways.sms import Outcome, Verdict
from portal.messaging.service import campaigns, limits, outcomes, recovery
from tests.factories.dnc import load_list, relate
from tests.factories.messaging import (
    ALICE_ACTS,
    BODY,
    bulk,
    clear,
    make_campaign,
    make_ready,
    make_recipient,
    one_to_one,
    take,
    texts,
)
from tests.messaging.talks import answer, hear
from tests.messaging.world import BEHAVIOURS, Behaviour, Carrier, recover, sweep
from workers import sweeps

UNKNOWN = Verdict.UNKNOWN
ODD = {
    **BEHAVIOURS,
    "failed_later": Behaviour(True, final="failed"),
    "taken_never_listed": Behaviour(True, Outcome(UNKNOWN, detail="ReadTimeoutError")),
}
LONG = "Here is the whole list of open houses for this weekend, street by street. " * 28


@dataclass
class Busy:
    """What was lived through."""

    account: object
    other: object
    now: datetime | None = None
    ids: dict[str, UUID] = field(default_factory=dict)  # a text by what it stands for
    listed: str = "+13125580090"  # on a do-not-call list, exempt by a business relationship
    signed: str = "+13125580091"  # on it too, but they agreed in writing


class HidingCarrier(Carrier):
    """Lists everything but what it took from `hidden` numbers."""

    hidden: frozenset = frozenset()

    def find(self, credentials, to, since):
        return [] if to in self.hidden else super().find(credentials, to, since)


def live(account, other, clock_):
    """Live through some days; return what tests need to know of them."""
    busy = Busy(account, other)
    make_ready(account, more_credits=1000)
    make_ready(other)
    people = {
        name: make_recipient(account, number=f"+1312557{place:04d}", first_name=name)
        for place, name in enumerate(ODD)
    }
    carrier = HidingCarrier({p.number.e164: ODD[name] for name, p in people.items()})
    carrier.hidden = frozenset({people["taken_never_listed"].number.e164})
    sms.use(carrier)

    _days_of_trouble(busy, people, carrier, clock_)
    _stops_and_returns(busy, carrier, clock_)
    _on_a_list(busy, carrier, clock_)
    _waiting(busy)
    sweeps.settle_credits()
    busy.now = clock.utcnow()
    db.session.rollback()
    return busy


def _days_of_trouble(busy, people, carrier, clock_):
    """Texts that meet every answer of the carrier, and end; one is proven sent too late."""
    nobody = make_recipient(busy.account, number="+13125580001", method=None)
    make_campaign(busy.account, [*people.values(), nobody])
    recover(busy.account, clock_, news=lambda: None)
    carrier.call_back(busy.account.organization_id, reverse=True, twice=True)  # late, too
    carrier.callbacks.clear()
    sweep(busy.account)
    clock_.travel(by=timedelta(days=4))
    with unit_of_work():
        recovery.refund_failed(recovery.to_refund())
    for text in texts(busy.account):
        name = next((n for n, p in people.items() if p.number.e164 == text.e164), "blocked")
        busy.ids[name] = text.id


def _stops_and_returns(busy, carrier, clock_):
    """People answer, opt out and come back; a campaign is canceled, another has long texts."""
    maya, theo, rosa, lucy = (
        make_recipient(busy.account, number=f"+1312559000{place}") for place in range(4)
    )
    with unit_of_work():
        limits.allow_country(busy.account, 44, actor=ALICE_ACTS)
    imogen = make_recipient(busy.account, number="+442079460142")
    _send(busy, [maya, theo, rosa, imogen], carrier, bulk("Price drop on Alder Ct."))
    hear(busy.account, "Is it still available?", maya.number.e164)
    answer(busy.account, e164=maya.number.e164)
    _run(busy, carrier)
    make_campaign(busy.account, [maya, theo, lucy], bulk("Last call for Alder Ct."))
    hear(busy.account, "STOP", theo.number.e164)  # while it waits
    _run(busy, carrier)
    clock_.travel(by=timedelta(hours=2))
    hear(busy.account, "START", theo.number.e164)
    _send(busy, [theo], carrier, bulk("Welcome back."))
    hear(busy.account, "stop", rosa.number.e164)
    _run(busy, carrier)
    busy.ids["stopped"] = texts(busy.account, e164=rosa.number.e164)[0].id
    _send(busy, [maya, lucy], carrier, bulk(LONG))
    canceled = make_campaign(busy.account, [maya, lucy], bulk("Never mind."))
    with unit_of_work():
        campaigns.cancel(busy.account.tenant, canceled.id, actor=ALICE_ACTS)
    there = make_recipient(busy.other, number="+13125590100")
    _send(busy, [there], carrier, bulk("From Bob."), account=busy.other)
    hear(busy.other, "Stop", there.number.e164)  # binds the whole brokerage's campaigns
    clock_.travel(by=timedelta(hours=1))
    for reports in (0, 1):  # nothing heard yet, and only that it was sent
        make_campaign(busy.account, [maya], bulk(f"News {reports}."))
        sweep(busy.account)
        carrier.callbacks = carrier.callbacks[:reports]
    carrier.call_back(busy.account.organization_id)
    sweep(busy.account)


def _on_a_list(busy, carrier, clock_):
    """Two people stand on a do-not-call list; both are texted, for each has what exempts them."""
    relate(busy.account, busy.listed)
    load_list(busy.account, f"{busy.listed[2:]}\n{busy.signed[2:]}\n")
    clock_.travel(by=timedelta(hours=1))
    by_word = make_recipient(busy.account, number=busy.listed, method=Method.VERBAL)
    in_writing = make_recipient(busy.account, number=busy.signed)
    for person in (by_word, in_writing):
        make_campaign(busy.account, [person], one_to_one("Your papers are ready."))
    _run(busy, carrier)


def _waiting(busy):
    """Texts that have not ended: on their way, held, paused, and in doubt."""
    later = bulk("Next week.", send_at=clock.utcnow() + timedelta(days=7))
    some = [make_recipient(busy.account, number=f"+131256000{place:02d}") for place in range(6)]
    make_campaign(busy.account, some[:1], later)
    busy.ids["scheduled"] = texts(busy.account, e164=some[0].number.e164)[0].id
    paused = make_campaign(busy.account, some[1:2], bulk("On hold."))
    with unit_of_work():
        campaigns.pause(busy.account.tenant, paused.id, actor=ALICE_ACTS)
    busy.ids["paused"] = texts(busy.account, e164=some[1].number.e164)[0].id
    make_campaign(busy.account, some[2:5], bulk("On its way."))
    claimed, submitting, in_doubt = take(busy.account, limit=3)
    clear(submitting)
    leaving = clear(in_doubt)
    with unit_of_work():
        outcomes.record(leaving, Outcome(UNKNOWN, detail="ReadTimeoutError"))
    busy.ids |= {"claimed": claimed.id, "submitting": submitting.id, "in_doubt": in_doubt.id}
    make_campaign(busy.account, some[5:], bulk("In the queue."))
    busy.ids["queued"] = texts(busy.account, e164=some[5].number.e164)[0].id


def _send(busy, people, carrier, draft, account=None):
    make_campaign(account or busy.account, people, draft)
    _run(busy, carrier, account)


def _run(busy, carrier, account=None):
    for _ in range(2):  # notices follow the texts they are about
        sweep(account or busy.account)
        carrier.call_back(busy.account.organization_id)
        carrier.callbacks.clear()
    sweep(account or busy.account)


__all__ = ["BODY", "Busy", "live"]
