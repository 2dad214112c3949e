"""Nothing is kept too long, nothing held is taken, and a sweep may die anywhere (C-10, C-11, S14)."""

from datetime import timedelta
from uuid import uuid4

import pytest

from portal.consent import queries as consent_queries
from portal.consent.models import ConsentRecord, OrganizationOptOut
from portal.contacts.models import Import, ImportFinding
from portal.contacts.service import reading
from portal.core import audit
from portal.core.audit import Actor, AuditEntry
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.core.erasing import ERASED
from portal.core.settings import settings
from portal.messaging.models import (
    Campaign,
    Conversation,
    InboundText,
    Message,
    MessageEvent,
    TextDraft,
    WebhookEvent,
)
from portal.messaging.service import inbound
from portal.messaging.service.incoming import Incoming
from portal.notifications.models import Notice
from portal.retention import queries
from portal.retention.errors import TermRefused
from portal.retention.service import holds, sweeping
from portal.retention.values import TERMS, Keeping
from tests import cast
from tests.factories.billing import make_credits
from tests.factories.consent import CAROL, DAVE, ERIN, stop, written
from tests.factories.contacts import import_file
from tests.factories.messaging import make_campaign, make_ready, make_recipient, one_to_one
from workers.retention import sweep_retention

VERA = Actor(cast.VERA, "Vera Osei", "203.0.113.9")
YEAR = timedelta(days=365)


@pytest.fixture
def past(northside, juniper, clock):
    """A bit of each class, all of one day."""
    sender = make_ready(northside)
    import_file(northside, "First name,Mobile,E-mail\nZed,nothing,\nCarol,3125550142,c@x.example\n")
    written(northside, DAVE, name="Dave Kim", given_at=utcnow())
    stop(northside, ERIN, at=utcnow())
    make_campaign(northside, [make_recipient(northside, number="+13125550150")], one_to_one())
    with unit_of_work():
        inbound.receive(
            Incoming(
                northside.organization_id, "SM" + "1" * 32, CAROL, sender.e164, "My address: 9 Elm",
                1, (), None, {"From": CAROL},
            )
        )  # fmt: skip
    with unit_of_work():
        message = db.session.scalars(db.select(Message)).first()
        message.state = "delivered"
        db.session.add(
            MessageEvent(
                message_id=message.id, at=utcnow(), state="queued", cause="gate", facts={"age": 3}
            )
        )
        db.session.add(
            WebhookEvent(
                dedupe_key=uuid4().hex, organization_id=juniper.id, sid="SM" + "2" * 32,
                status="delivered", message_id=message.id, payload={"To": CAROL},
                applied_at=utcnow(),
            )
        )  # fmt: skip
        db.session.add(
            TextDraft(
                organization_id=juniper.id, account_id=northside.id, author_id=cast.ALICE,
                body="draft", contact_ids=[], numbers={}, options={}, nonce=uuid4().hex,
            )
        )  # fmt: skip
        audit.record("messaging:contact:view", actor=VERA, organization_id=juniper.id, phone=CAROL)


def left():
    """Return what still stands of each class."""
    db.session.rollback()
    e, m = AuditEntry, Message

    def count(query):
        return query.count()

    return {
        "consent": count(
            db.session.query(ConsentRecord).filter(
                ConsentRecord.redacted_at.is_(None), ConsentRecord.event != "opted_out"
            )
        ),
        "opt_outs": count(
            db.session.query(ConsentRecord).filter(
                ConsentRecord.redacted_at.is_(None), ConsentRecord.event == "opted_out"
            )
        ),
        "sent": count(db.session.query(m).filter(m.body != ERASED)),
        "received": count(db.session.query(InboundText).filter(InboundText.body != ERASED)),
        "campaigns": count(db.session.query(Campaign).filter(Campaign.body != ERASED)),
        "talks": count(db.session.query(Conversation).filter(Conversation.preview != ERASED)),
        "steps": count(
            db.session.query(MessageEvent).filter(
                db.cast(MessageEvent.facts, db.Text) != "null", MessageEvent.facts.is_not(None)
            )
        ),
        "callbacks": count(
            db.session.query(WebhookEvent).filter(db.cast(WebhookEvent.payload, db.Text) != "{}")
        ),
        "views": count(db.session.query(e).filter(e.event.like("%:view"), e.salt.is_not(None))),
        "uploads": count(db.session.query(Import).filter(Import.stored_name != "")),
        "findings": count(db.session.query(ImportFinding)),
        "drafts": count(db.session.query(TextDraft)),
        "notices": count(db.session.query(Notice)),
    }


def end_texts():
    with unit_of_work():
        db.session.execute(
            db.update(Message)
            .where(Message.state != "delivered")
            .values(state="canceled")
            .execution_options(synchronize_session=False)
        )


def test_each_class_goes_when_its_term_is_over_and_not_before(past, juniper, northside, clock):
    """S14: all classes, six years and more of time travel."""
    end_texts()
    begun = left()
    assert all(begun.values()), begun
    names = db.session.scalars(db.select(Import.stored_name)).all()
    files = [reading.path_of(name) for name in names]
    assert all(file.exists() for file in files)

    clock.travel(by=timedelta(days=89))
    assert sweep_retention() == 0
    assert left() == begun

    clock.travel(by=timedelta(days=2))
    assert sweep_retention() > 0
    gone = {name for name, count in left().items() if not count}
    assert gone == {"callbacks", "views", "uploads", "findings"}
    assert not any(file.exists() for file in files)

    clock.travel(by=YEAR)
    sweep_retention()
    gone = {name for name, count in left().items() if not count}
    assert gone == {"callbacks", "views", "uploads", "findings", "drafts", "notices"}

    clock.travel(by=3 * YEAR)
    before = left()
    sweep_retention()
    assert left() == before

    clock.travel(by=YEAR)
    sweep_retention()
    gone = {name for name, count in left().items() if count}
    assert gone == {"opt_outs"}, left()  # ten years

    clock.travel(by=5 * YEAR)
    sweep_retention()
    assert not any(left().values())
    assert db.session.query(OrganizationOptOut).count() == 1  # honored for good (C-11)
    standing = consent_queries.standing(northside.tenant, ERIN, utcnow())
    assert standing.org_opted_out_at or standing.stopped_at
    assert audit.verify(juniper.id)[1] is None


def test_consent_is_kept_while_the_number_is_texted(northside, juniper, clock):
    """PROMISES 4 row 14: five years after the last message, not after the consent."""
    make_ready(northside)
    written(northside, DAVE, name="Dave Kim", given_at=utcnow())
    clock.travel(by=4 * YEAR)
    who = make_recipient(northside, number=DAVE, method=None)
    make_credits(northside, 5)
    make_campaign(northside, [who], one_to_one())
    end_texts()
    clock.travel(by=2 * YEAR)
    sweep_retention()
    assert left()["consent"] == 1
    clock.travel(by=4 * YEAR)
    sweep_retention()
    assert left()["consent"] == 0


@pytest.mark.parametrize("number", ["", DAVE])
def test_what_is_held_stays(past, juniper, clock, number):
    end_texts()
    with unit_of_work():
        holds.set_hold(juniper.id, number, reason="dispute", actor=VERA)
    clock.travel(by=11 * YEAR)
    begun = left()
    sweep_retention()
    if number:
        names = db.session.scalars(
            db.select(ConsentRecord.e164).where(ConsentRecord.redacted_at.is_(None))
        ).all()
        assert names == [DAVE]
        assert left()["sent"] == 0
        assert left()["callbacks"] == begun["callbacks"]
    else:
        assert left() == begun


def test_a_sweep_that_died_is_gone_on_with_and_told_once(past, juniper, clock, monkeypatch):
    end_texts()
    clock.travel(by=11 * YEAR)
    real, calls = sweeping.step, []

    def dies(sweep_id):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return real(sweep_id)

    monkeypatch.setattr(sweeping, "step", dies)
    with pytest.raises(KeyboardInterrupt):
        sweep_retention()
    assert any(left().values())
    sweep_retention()

    assert not any(left().values())
    done = db.session.query(AuditEntry).filter_by(event="retention:sweep:finish").all()
    assert [entry.chain for entry in done] == [juniper.id]
    found = [row for row in queries.sweeps(juniper.id) if row.counts]
    assert len(found) == 1
    assert done[0].payload["counts"] == found[0].counts
    assert sweep_retention() == 0


def test_a_dry_run_counts_what_the_sweep_then_takes(past, juniper, clock):
    end_texts()
    clock.travel(by=11 * YEAR)
    begun = left()
    with unit_of_work():
        id_ = sweeping.dry_run(juniper.id, actor=VERA)
    assert left() == begun
    told = queries.sweep_or_404(juniper.id, id_).counts
    sweep_retention()
    done = next(row for row in queries.sweeps(juniper.id) if not row.is_dry).counts
    assert {kind: count for kind, count in told.items() if count} == done


class TestTerms:
    def test_terms_hold_from_their_day_and_never_below_law(self, juniper, clock):
        longer = {kind: term.default for kind, term in TERMS.items()} | {Keeping.CALLBACKS: 30}
        with unit_of_work():
            sweeping.set_terms(juniper.id, longer, actor=VERA)
        assert queries.policy(juniper.id, utcnow().date()).days[Keeping.CALLBACKS] == 30
        earlier = (utcnow() - timedelta(days=1)).date()
        assert queries.policy(juniper.id, earlier).days[Keeping.CALLBACKS] == 90

    @pytest.mark.parametrize("kind", list(Keeping))
    def test_a_shorter_term_than_law_allows_is_refused(self, juniper, kind):
        with pytest.raises(TermRefused, match="at least"), unit_of_work():
            sweeping.set_terms(juniper.id, {kind: TERMS[kind].least - 1}, actor=VERA)
        with pytest.raises(TermRefused), unit_of_work():
            sweeping.set_terms(juniper.id, {kind: TERMS[kind].most + 1}, actor=VERA)

    def test_the_minimums_are_those_of_the_specification(self):
        assert TERMS[Keeping.CONSENT].least >= 5 * 365 + 1
        assert TERMS[Keeping.OPT_OUTS].least >= 10 * 365 + 2
        assert TERMS[Keeping.TEXTS].default >= 5 * 365 + 1
        assert settings().erasure_pepper
