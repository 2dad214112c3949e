"""The library of plans: those one sees from an account, one of them, its versions (P-1)."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal, NoReturn, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from portal.core.access import Me, Permission
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.tenancy import Tenant, owned
from portal.drips.models import Drip, DripStep, DripVersion
from portal.drips.rules.library import Keeper
from portal.drips.values import DripRef, DripState, Place, Step, VersionRef
from portal.messaging.rules.saved import is_found
from portal.people import queries as people
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef

SHOWN: Final = 200
View = Literal["all", "account", "shared", "archived"]


def keeper(account: AccountRef, person: Me) -> Keeper:
    """Return what a person sees of the library from an account, and what of it they may change."""
    organization_id = account.organization_id
    shares = person.may(Permission.KEEP_TEMPLATES)
    led = people.team_ids(person.user_id, organization_id) if shares else []
    return Keeper(
        organization_id,
        account.id,
        accounts.teams_of(account),
        tuple(led),
        may_write=person.may(Permission.SEND_TEXTS),
        may_share=shares,
    )


def drips(by: Keeper, words: str = "", view: View = "all") -> list[DripRef]:
    """Return the plans seen here, by name, with their steps; of a search, what has all its words."""
    is_archived = Drip.state == DripState.ARCHIVED
    wanted = _drips(by.organization_id).where(
        _seen(by), is_archived if view == "archived" else ~is_archived
    )
    if view in ("account", "shared"):
        is_own = Drip.account_id.is_not(None)
        wanted = wanted.where(is_own if view == "account" else ~is_own)
    rows = db.session.execute(wanted.order_by(Drip.name_key, Drip.id)).all()
    found = [row for row in rows if is_found(words, (row.name,))][:SHOWN]
    return _whole(by.organization_id, found)


def drip_or_404(by: Keeper, drip_id: UUID) -> DripRef:
    """Return one plan that is seen here, archived ones included. Raises NotFound."""
    wanted = _drips(by.organization_id).where(_seen(by), Drip.id == drip_id)
    return _one(by.organization_id, wanted)


def drip_of(organization_id: UUID, drip_id: UUID) -> DripRef:
    """Return a plan of an organization, whoever keeps it. Raises NotFound."""
    return _one(organization_id, _drips(organization_id).where(Drip.id == drip_id))


def held_still(organization_id: UUID, drip_id: UUID) -> DripRef:
    """Return a plan that nobody archives, pauses or resumes before this unit of work ends.

    Raises NotFound.
    """
    d = Drip
    still = select(d.id).where(owned(Tenant(organization_id), d), d.id == drip_id)
    db.session.execute(still.with_for_update(read=True)).all()
    return drip_of(organization_id, drip_id)


def drip_of_step(organization_id: UUID, step_id: UUID) -> DripRef:
    """Return the plan that a step of any version is of. Raises NotFound."""
    of_step = (
        select(DripVersion.drip_id)
        .join(DripStep, DripStep.version_id == DripVersion.id)
        .where(owned(Tenant(organization_id), DripStep, DripVersion), DripStep.id == step_id)
    )
    return _one(organization_id, _drips(organization_id).where(Drip.id.in_(of_step)))


def step_of(organization_id: UUID, step_id: UUID) -> Step:
    """Return one step of any version. Raises NotFound."""
    s = DripStep
    of = select(s.version_id).where(owned(Tenant(organization_id), s), s.id == step_id)
    version_id = db.session.scalar(of)
    steps = steps_of(organization_id, [version_id])[version_id] if version_id else []
    found = next((step for step in steps if step.id == step_id), None)
    return found or not_here()


def versions(by: Keeper, drip_id: UUID) -> list[VersionRef]:
    """Return every version of a plan that is seen here, the newest first. Raises NotFound."""
    drip_or_404(by, drip_id)
    v = DripVersion
    rows = db.session.execute(
        select(v.id, v.drip_id, v.number, v.created_at, v.created_by)
        .where(owned(Tenant(by.organization_id), v), v.drip_id == drip_id)
        .order_by(v.number.desc())
    ).all()
    steps = steps_of(by.organization_id, [row.id for row in rows])
    return [VersionRef(*(*row, tuple(steps.get(row.id, ())))) for row in rows]


def steps_of(organization_id: UUID, version_ids: Iterable[UUID]) -> dict[UUID, list[Step]]:
    """Return the steps of versions, in order."""
    s = DripStep
    rows = db.session.execute(
        select(s.version_id, s.kind, s.day, s.at, s.title, s.body, s.missing, s.id, s.position)
        .where(owned(Tenant(organization_id), s), s.version_id.in_(list(version_ids)))
        .order_by(s.version_id, s.position)
    )
    found: dict[UUID, list[Step]] = {}
    for row in rows:
        found.setdefault(row.version_id, []).append(Step(*cast("tuple[Any, ...]", row[1:])))
    return found


def kept_at(organization_id: UUID, place: Place) -> int:
    """Return how many plans are kept in one place, those archived left out."""
    return db.session.scalar(select(func.count()).where(_at(organization_id, place))) or 0


def named(organization_id: UUID, place: Place, name_key: str) -> UUID | None:
    """Return the plan that has a name there, those archived left out."""
    return db.session.scalar(
        select(Drip.id).where(_at(organization_id, place), Drip.name_key == name_key)
    )


def _drips(organization_id: UUID) -> Select[*tuple[Any, ...]]:
    d = Drip
    return (
        select(
            d.id, d.organization_id, d.team_id, d.account_id, d.name, d.on_reply, d.state,
            d.state_reason, DripVersion.id.label("version_id"), d.version, d.edits, d.created_at,
            d.changed_at, d.changed_by,
        )
        .join(DripVersion, and_(DripVersion.drip_id == d.id, DripVersion.number == d.version))
        .where(owned(Tenant(organization_id), d, DripVersion))
    )  # fmt: skip


def _whole(organization_id: UUID, rows: Sequence[Any]) -> list[DripRef]:
    steps = steps_of(organization_id, [row.version_id for row in rows])
    return [DripRef(*(*row, tuple(steps.get(row.version_id, ())))) for row in rows]


def _one(organization_id: UUID, wanted: Select[*tuple[Any, ...]]) -> DripRef:
    found = _whole(organization_id, db.session.execute(wanted).all())
    if not found:
        not_here()
    return found[0]


def not_here() -> NoReturn:
    """Say that a plan is not there, or not for whoever asks. Raises NotFound."""
    raise NotFound("We can't find that plan. It may be another team's.")


def _seen(by: Keeper) -> ColumnElement[bool]:
    return or_(
        Drip.account_id == by.account_id,
        Drip.team_id.in_(by.seen_team_ids),
        and_(Drip.account_id.is_(None), Drip.team_id.is_(None)),
    )


def _at(organization_id: UUID, place: Place) -> ColumnElement[bool]:
    d = Drip
    return and_(
        owned(Tenant(organization_id), d),
        d.account_id == place.account_id if place.account_id else d.account_id.is_(None),
        d.team_id == place.team_id if place.team_id else d.team_id.is_(None),
        d.state != DripState.ARCHIVED,
    )
