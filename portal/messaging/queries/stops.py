"""Reading what of an account's traffic is stopped, and what a text says to that (H-8)."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple, Protocol
from uuid import UUID

from sqlalchemy import or_, select

from portal.compliance.rules.similar import Sketch, are_alike, sketch, unpacked
from portal.consent import queries as consent
from portal.consent.values import Standing
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.tenancy import THAT_ONE, Tenant, owned
from portal.messaging.models import MOVING, Campaign, Message, TrafficStop
from portal.messaging.rules.gates import TRAFFIC_STOPPED
from portal.messaging.values import Fate, Gate, Kind
from portal.messaging.values.stops import StopKind


class Leaving(Protocol):
    """What a text that is about to leave says of itself."""

    @property
    def kind(self) -> Kind: ...  # noqa: D102 (as the columns of a text)
    @property
    def e164(self) -> str | None: ...  # noqa: D102
    @property
    def from_e164(self) -> str | None: ...  # noqa: D102
    @property
    def campaign_id(self) -> UUID | None: ...  # noqa: D102
    @property
    def created_by(self) -> UUID | None: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class StopRef:
    """Traffic that is stopped: what it is, who stopped it, and why."""

    id: UUID
    kind: StopKind
    value: str
    sketch: bytes
    label: str
    why: str
    placed_at: datetime
    placed_by: str
    lifted_at: datetime | None
    lifted_by: str
    lift_reason: str

    @property
    def sentence(self) -> str:
        """Return what a text that waits for it shows."""
        return sentence(self.label, self.placed_by)

    @property
    def gate(self) -> Gate:
        """Return what keeps such a text back."""
        return Gate(TRAFFIC_STOPPED, self.sentence, Fate.HELD)


class _Waiting(NamedTuple):
    """A text that waits, as the stops ask for it."""

    text_id: UUID
    kind: Kind
    e164: str | None
    from_e164: str | None
    campaign_id: UUID | None
    created_by: UUID | None


def sentence(label: str, placed_by: str) -> str:
    """Return what texts show that wait because such traffic was stopped."""
    return f"{label}: stopped by {placed_by}. Replies go; this waits until somebody lifts it."


_MOST: Final = 200  # an officer reads of; each account has a page of its own
_ROW: Final = tuple(getattr(TrafficStop, name) for name in StopRef.__dataclass_fields__)
# Made once: every batch of bulk texts asks it before it leaves.
_STANDING: Final = (
    select(*_ROW)
    .where(owned(THAT_ONE, TrafficStop), TrafficStop.lifted_at.is_(None))
    .order_by(TrafficStop.placed_at, TrafficStop.id)
)


def standing_stops(tenant: Tenant) -> list[StopRef]:
    """Return what of an account is stopped now, the first stop first."""
    return [StopRef(*row) for row in db.session.execute(_STANDING, tenant.named)]


def stopped_steps(tenant: Tenant, bodies: Iterable[str]) -> set[str]:
    """Return those of some steps of plans, by their words, whose texts are stopped in an account."""
    stops = {s.value for s in standing_stops(tenant) if s.kind is StopKind.STEP}
    return {body for body in bodies if step_key(body) in stops} if stops else set()


def stop_or_404(tenant: Tenant, stop_id: UUID) -> StopRef:
    """Return one stop of an account, lifted or not. Raises NotFound."""
    row = db.session.execute(
        select(*_ROW).where(owned(tenant, TrafficStop), TrafficStop.id == stop_id)
    ).one_or_none()
    if row is None:
        raise NotFound("We can't find that stop.")
    return StopRef(*row)


def sketches(tenant: Tenant, campaign_ids: Iterable[UUID]) -> dict[UUID, Sketch]:
    """Return what stands for the words of some sends."""
    c = Campaign
    rows = db.session.execute(
        select(c.id, c.body).where(owned(tenant, c), c.id.in_(list(campaign_ids)))
    )
    return {row.id: sketch(row.body) for row in rows}


def step_key(body: str) -> str:
    """Return what stands for just these words of a plan's step, whatever version has them."""
    return hashlib.sha256(body.encode()).hexdigest()


def step_keys(tenant: Tenant, campaign_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return what stands for the words of those of some sends that plans made."""
    c = Campaign
    rows = db.session.execute(
        select(c.id, c.body).where(
            owned(tenant, c), c.id.in_(list(campaign_ids)), c.kind == Kind.PLAN
        )
    )
    return {row.id: step_key(row.body) for row in rows}


def alike(sends: Mapping[UUID, Sketch], words: Sketch) -> set[UUID]:
    """Return which of some sends say nearly this."""
    return {id_ for id_, said in sends.items() if are_alike(said, words)}


class Stops:
    """What of an account is stopped, looked at for some texts together."""

    def __init__(
        self, tenant: Tenant, messages: Iterable[Leaving], standings: Mapping[str, Standing]
    ) -> None:
        """Read the stops that stand; what texts are held against only where there is one."""
        bulk = [m for m in messages if m.kind.is_marketing and m.e164]
        self._stops = standing_stops(tenant) if bulk else []
        kinds = {stop.kind for stop in self._stops}
        sends = {m.campaign_id for m in bulk if m.campaign_id}
        said = sketches(tenant, sends) if StopKind.WORDING in kinds else {}
        self._steps = step_keys(tenant, sends) if StopKind.STEP in kinds else {}
        self._alike = {
            stop.id: alike(said, unpacked(stop.sketch))
            for stop in self._stops
            if stop.kind is StopKind.WORDING
        }
        rests_on = (
            {m.e164: standings[m.e164].record_id for m in bulk if m.e164}
            if StopKind.SOURCE in kinds
            else {}
        )
        origins = consent.origins_of({id_ for id_ in rests_on.values() if id_})
        self._sources = {
            e164: origins[id_].source.key for e164, id_ in rests_on.items() if id_ in origins
        }

    def shut(self, message: Leaving) -> Gate | None:
        """Return the first stop that keeps a text back; only bulk and plan texts are."""
        if not self._stops or not message.kind.is_marketing:
            return None
        said: dict[StopKind, str | None] = {
            StopKind.SOURCE: self._sources.get(message.e164 or "", consent.NO_SOURCE.key),
            StopKind.NUMBER: message.from_e164,
            StopKind.AGENT: str(message.created_by) if message.created_by else None,
            StopKind.STEP: self._steps.get(message.campaign_id) if message.campaign_id else None,
        }
        return next(
            (
                stop.gate
                for stop in self._stops
                if said.get(stop.kind) == stop.value
                or message.campaign_id in self._alike.get(stop.id, ())
            ),
            None,
        )


def shut_words(tenant: Tenant, body: str) -> Gate | None:
    """Return the first stop of a plan's step with these words, before anybody has a text of it."""
    stops = standing_stops(tenant)
    if not stops:
        return None
    key, said = step_key(body), sketch(body)
    return next(
        (
            stop.gate
            for stop in stops
            if (stop.kind is StopKind.STEP and stop.value == key)
            or (stop.kind is StopKind.WORDING and are_alike(said, unpacked(stop.sketch)))
        ),
        None,
    )


def stopped_texts(tenant: Tenant, text_ids: Iterable[UUID], now: datetime) -> set[UUID]:
    """Return those of at most 500 texts that wait which any stop keeps back."""
    if not standing_stops(tenant):
        return set()
    m = Message
    columns = (getattr(m, name) for name in _Waiting._fields)
    wanted = select(*columns).where(
        MOVING, owned(tenant, m), m.text_id.in_(list(text_ids)), m.part <= 1
    )
    rows = [_Waiting(*row) for row in db.session.execute(wanted)]
    standings = consent.standings(tenant, [row.e164 for row in rows if row.e164], now)
    stops = Stops(tenant, rows, standings)
    return {row.text_id for row in rows if stops.shut(row) is not None}


def stops_in(organization_id: UUID, since: datetime) -> list[tuple[UUID, StopRef]]:
    """Return what stands stopped in an organization or was lifted since, each with its account."""
    t = TrafficStop
    rows = db.session.execute(
        select(t.account_id, *_ROW)
        .where(owned(Tenant(organization_id), t), or_(t.lifted_at.is_(None), t.lifted_at >= since))
        .order_by(t.placed_at.desc(), t.id)
        .limit(_MOST)
    )
    return [(row[0], StopRef(*row[1:])) for row in rows]


def past_stops(tenant: Tenant, limit: int = 50) -> list[StopRef]:
    """Return the newest stops of an account, those that stand first, lifted ones after them."""
    t = TrafficStop
    rows = db.session.execute(
        select(*_ROW)
        .where(owned(tenant, t))
        .order_by(t.lifted_at.is_not(None), t.placed_at.desc(), t.id)
        .limit(limit)
    )
    return [StopRef(*row) for row in rows]
