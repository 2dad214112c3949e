"""The send protocol killed at every step, with every answer of the carrier (R2, R6)."""

from contextlib import contextmanager
from datetime import timedelta

import pytest

from portal.billing import queries as billing
from portal.core.db import unit_of_work
from portal.doctor import queries as doctor
from portal.doctor.values import Scope
from portal.gateways import sms
from portal.messaging.service import claims, gate, outcomes, recovery, sending, statuses
from tests.factories.messaging import ALICE_ACTS, BODY, bulk, make_campaign, make_recipient, texts
from tests.messaging import protocol_table as table
from tests.messaging.world import BEHAVIOURS, Carrier, Killed, Steps, ends, recover
from workers import messaging as jobs
from workers.sending import drain

EVIDENCE = ("callbacks", "listed", "silence")


@contextmanager
def dying():
    """A unit of work whose process dies just before the commit."""
    with pytest.raises(Killed), unit_of_work():
        yield
        raise Killed


@pytest.fixture
def people(northside, sender):
    """One recipient for each answer of the carrier, by outcome."""
    found = {}
    for place, outcome in enumerate(table.OUTCOMES):
        found[outcome] = make_recipient(
            northside, number=f"+1312557{place:04d}", first_name=outcome
        )
    return found


@pytest.fixture(autouse=True)
def quick(monkeypatch, clock):
    """Let a worker's pauses pass at once: the clock moves instead."""
    monkeypatch.setattr("time.sleep", lambda s: clock.travel(by=timedelta(seconds=s)))


@pytest.fixture
def carrier(people):
    made = Carrier({person.number.e164: BEHAVIOURS[name] for name, person in people.items()})
    before = sms._in_use
    sms.use(made)
    yield made
    sms._in_use = before


@pytest.mark.parametrize("evidence", EVIDENCE)
@pytest.mark.parametrize("death", table.DEATHS)
def test_every_text_ends_where_the_table_says(death, evidence, northside, people, carrier, clock):
    """PROMISES 2.7: kill -9 anywhere doubles nothing, loses nothing, miscounts nothing."""
    carrier.is_listing = evidence != "silence"
    before = billing.balance(northside.id).available
    confirm_and_die(death, northside, list(people.values()), carrier, clock)

    if evidence == "callbacks" and death in {"callback_before_commit", "applier_before_commit"}:
        drain(str(northside.id))
        die_with_the_news(death, northside, carrier)

    def news():
        if evidence == "callbacks":
            carrier.call_back(northside.organization_id, reverse=True, twice=True)

    recover(northside, clock, news=news)

    expected = dict(zip(table.OUTCOMES, table.DEATHS[death][EVIDENCE.index(evidence)], strict=True))
    assert observed(northside, people, carrier) == expected
    assert max(carrier.accepts.values(), default=0) <= 1  # I1
    if evidence == "callbacks":
        assert doctor.examine(Scope(northside.organization_id, northside.id), clock.now) == []
    books = billing.balance(northside.id)
    charged = sum(cell.endswith("/c") for cell in expected.values())
    assert (books.spent, books.reserved, books.available) == (charged, 0, before - charged)


def confirm_and_die(death, account, people, carrier, clock):
    """Confirm a send to everybody and die at one place of the protocol."""
    if death == "t0_before_commit":
        with dying():
            sending.confirm(account, people, bulk(), nonce="n", shown_key=None, actor=ALICE_ACTS)
    make_campaign(account, people, nonce="n")
    steps = Steps(account, carrier)
    if death == "t1_before_commit":
        with dying():
            claims.claim(account.id, "doomed", limit=100)
    if death in {"t1_after_commit", "t2_before_commit"}:
        steps.claim()
    if death == "t2_before_commit":
        for claim in steps.claims:
            with dying():
                gate.clear(claim)
    if death in {"t2_after_commit", "post_before_t3", "t3_before_commit", "t3_after_commit"}:
        steps.claim()
        steps.gate()
    if death in {"post_before_t3", "t3_before_commit", "t3_after_commit"}:
        steps.post()
    if death == "t3_before_commit":
        for submission, outcome in steps.answers:
            with dying():
                outcomes.record(submission, outcome)
    if death == "t3_after_commit":
        steps.record()
    if death.startswith(("reaper", "reconciler")):
        steps.claim()
        steps.gate()
        steps.post()
        clock.travel(by=timedelta(seconds=70))
        die_recovering(death, carrier)


def die_recovering(death, carrier):
    if death == "reaper_before_commit":
        with dying():
            recovery.reap()
        return
    with unit_of_work():
        recovery.reap()
    if death == "reconciler_before_commit":
        for doubt in recovery.doubts_due():
            with dying():
                recovery.settle_doubt(doubt, carrier.find(None, doubt.e164, None))
    if death == "reconciler_after_commit":
        jobs.reconcile()


def die_with_the_news(death, account, carrier):
    """Die while a callback is stored, or while it is applied."""
    if death == "callback_before_commit":
        with pytest.raises(Killed), unit_of_work():
            assert carrier.callbacks
            raise Killed
    carrier.call_back(account.organization_id)
    if death == "applier_before_commit":
        with dying():
            assert statuses.apply_batch(statuses.waiting()) > 0


def observed(account, people, carrier):
    """Return each text's end in the table's words."""
    found = ends(account)
    spent = {
        line.message_id
        for page in [billing.statement(account.tenant, limit=200)]
        for line in page.lines
        if line.kind == "capture"
    }
    by_number = {text.e164: text.id for text in texts(account)}
    return {
        name: f"{found[e164][0]}/{carrier.accepts[e164, BODY]}/{'c' if by_number[e164] in spent else '-'}"
        for name, person in people.items()
        for e164 in [person.number.e164]
    }
