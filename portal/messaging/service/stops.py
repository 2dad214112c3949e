"""Keeping back one list's, number's or person's bulk texts, or words, until somebody lifts it (H-8).

What waits is held at once, and so is what is sent later: the last look before the carrier asks
what is stopped. Texts to one person go on.
"""

from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from portal.compliance.rules.similar import Sketch, packed, sketch
from portal.consent import queries as consent
from portal.core import audit, jobs
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import db, is_sqlite
from portal.core.errors import NotFound
from portal.core.jobs import Job, Lane
from portal.core.reasons import reason_of
from portal.core.tenancy import Tenant, owned
from portal.messaging.models import MOVING, Campaign, Message, TrafficStop
from portal.messaging.queries import stops as queries
from portal.messaging.rules.gates import TRAFFIC_STOPPED
from portal.messaging.service import outbox
from portal.messaging.values import MARKETING, State
from portal.messaging.values.stops import StopKind

_NOT_HERE = "We can't find that stop. It may have been lifted."


def waiting(tenant: Tenant, kind: StopKind, value: str) -> int:
    """Return how many bulk and plan texts a stop would keep back now."""
    wanted = select(func.count()).select_from(Message).where(_waits(tenant, kind, value))
    return db.session.scalar(wanted) or 0


def stop(tenant: Tenant, kind: StopKind, value: str, *, label: str, why: str, actor: Actor) -> int:
    """Keep such texts back until somebody lifts it; return how many waited. Again is harmless.

    `value` is a source's key, a number, a user's id, the id of a send whose words are meant, or
    what stands for the words of a plan's step.
    """
    assert tenant.account_id is not None  # an account's traffic
    standing = queries.standing_stops(tenant)
    if any((one.kind, one.value) == (kind, value) for one in standing):
        return 0
    row = {
        "organization_id": tenant.organization_id,
        "account_id": tenant.account_id,
        "kind": kind,
        "value": value,
        "sketch": packed(_words(tenant, value)) if kind is StopKind.WORDING else b"",
        "label": label[:200],
        "why": why[:300],
        "placed_by_id": actor.id,
        "placed_by": actor.label[:200],
    }
    held = outbox.hold(
        and_(_waits(tenant, kind, value), Message.state.in_((State.QUEUED, State.CLAIMED))),
        TRAFFIC_STOPPED,
        queries.sentence(label[:200], actor.label[:200]),
        until=None,
        cause="person",
    )
    insert = (sqlite if is_sqlite() else postgresql).insert(TrafficStop).values(row)
    stop_id = db.session.scalar(insert.on_conflict_do_nothing().returning(TrafficStop.id))
    if stop_id is None:  # somebody stopped it in the very same moment
        return len(held)
    _record(
        "stop", tenant, stop_id, actor,
        kind=kind.value, label=label[:200], why=why[:300], held=len(held),
    )  # fmt: skip
    return len(held)


def lift(tenant: Tenant, stop_id: UUID, *, reason: str, actor: Actor) -> int:
    """Let such texts go on, through every gate; return how many waited.

    Raises BadInput without a reason, NotFound.
    """
    reason = reason_of(reason)
    assert tenant.account_id is not None  # an account's traffic
    freed = outbox.move(  # what is stopped for another reason, too, is held again as it leaves
        and_(
            MOVING,
            owned(tenant, Message),
            Message.state == State.HELD,
            Message.reason_code == TRAFFIC_STOPPED,
        ),
        State.QUEUED,
        cause="person",
        reason_code=None,
        reason=None,
    )
    lifted = db.session.scalar(
        update(TrafficStop)
        .where(
            owned(tenant, TrafficStop),
            TrafficStop.id == stop_id,
            TrafficStop.lifted_at.is_(None),
        )
        .values(
            lifted_at=utcnow(),
            lifted_by_id=actor.id,
            lifted_by=actor.label[:200],
            lift_reason=reason[:300],
        )
        .returning(TrafficStop.label)
        .execution_options(synchronize_session=False)
    )
    if lifted is None:
        raise NotFound(_NOT_HERE)
    _record("lift", tenant, stop_id, actor, label=lifted, reason=reason, freed=len(freed))
    jobs.request(Job.DRAIN, tenant.account_id, lane=Lane.TEXTS)
    return len(freed)


def _waits(tenant: Tenant, kind: StopKind, value: str) -> ColumnElement[bool]:
    """Return which texts that have not left a stop is about; by the index of what moves."""
    m = Message
    mine = and_(MOVING, owned(tenant, m), m.kind.in_(MARKETING))
    waits = m.state.in_((State.QUEUED, State.CLAIMED, State.HELD))
    if kind is StopKind.SOURCE:
        ids = consent.of_source(tenant, consent.source_of(value))
        return and_(mine, waits, m.consent_record_id.in_(ids))
    if kind is StopKind.NUMBER:
        return and_(mine, waits, m.from_e164 == value)
    if kind is StopKind.AGENT:
        return and_(mine, waits, m.created_by == UUID(value))
    leaving = db.session.scalars(select(m.campaign_id).where(mine, waits).distinct()).all()
    sends = [id_ for id_ in leaving if id_ is not None]
    if kind is StopKind.STEP:
        keys = queries.step_keys(tenant, sends)
        return and_(mine, waits, m.campaign_id.in_(id_ for id_ in keys if keys[id_] == value))
    said = queries.sketches(tenant, sends)
    return and_(mine, waits, m.campaign_id.in_(queries.alike(said, _words(tenant, value))))


def _words(tenant: Tenant, campaign_id: str) -> Sketch:
    """Return what stands for the words of a send. Raises NotFound."""
    body = db.session.scalar(
        select(Campaign.body).where(owned(tenant, Campaign), Campaign.id == UUID(campaign_id))
    )
    made = sketch(body or "")
    if not made:
        raise NotFound("We can't find that text.")
    return made


def _record(verb: str, tenant: Tenant, stop_id: UUID, actor: Actor, **said: object) -> None:
    audit.record(
        f"messaging:traffic:{verb}",
        actor=actor,
        organization_id=tenant.organization_id,
        account_id=tenant.account_id,
        subject_id=stop_id,
        **said,
    )
