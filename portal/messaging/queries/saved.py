"""Saved replies and team templates: the library, one of them, and what a search finds (Q-5)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select

from portal.core.access import Me, Permission
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.tenancy import Tenant, owned
from portal.messaging.models import SavedReply
from portal.messaging.rules.saved import Place, Reader, Shelf, is_found
from portal.people import queries as people
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef

SHOWN: Final = 200
View = Literal["all", "own", "shared", "archived"]
_NOT_HERE: Final = "We can't find that saved reply. It may be somebody else's own."


@dataclass(frozen=True, slots=True)
class SavedRef:
    """One wording that is kept to be used again."""

    id: UUID
    organization_id: UUID
    user_id: UUID | None
    team_id: UUID | None
    name: str
    body: str
    edits: int
    changed_at: datetime
    changed_by: str
    archived_at: datetime | None

    @property
    def place(self) -> Place:
        """Return where it is kept."""
        return Place(self.user_id, self.team_id)

    @property
    def shelf(self) -> Shelf:
        """Return who keeps it: one person, a team, or everybody."""
        return self.place.shelf


_ROW: Final = tuple(getattr(SavedReply, name) for name in SavedRef.__dataclass_fields__)


def reader(account: AccountRef, person: Me) -> Reader:
    """Return what is this person's, and whose templates they use, in an account."""
    organization_id = account.organization_id
    shares = person.may(Permission.KEEP_TEMPLATES)
    led = people.team_ids(person.user_id, organization_id) if shares else []
    return Reader(organization_id, person.user_id, accounts.teams_of(account), tuple(led), shares)


def saved(by: Reader, words: str = "", view: View = "all") -> list[SavedRef]:
    """Return what this person may use, by name; of a search, what has all its words."""
    r = SavedReply
    wanted = select(*_ROW).where(
        _seen(by), r.archived_at.is_not(None) if view == "archived" else r.archived_at.is_(None)
    )
    if view in ("own", "shared"):
        wanted = wanted.where(r.user_id.is_not(None) if view == "own" else r.user_id.is_(None))
    rows = [SavedRef(*row) for row in db.session.execute(wanted.order_by(r.name_key, r.id))]
    return [row for row in rows if is_found(words, (row.name, row.body))][:SHOWN]


def saved_or_404(by: Reader, reply_id: UUID) -> SavedRef:
    """Return one that this person may read, archived ones included. Raises NotFound."""
    row = db.session.execute(
        select(*_ROW).where(_seen(by), SavedReply.id == reply_id)
    ).one_or_none()
    if row is None:
        raise NotFound(_NOT_HERE)
    return SavedRef(*row)


def kept_at(organization_id: UUID, place: Place) -> int:
    """Return how many are kept in one place, those archived left out."""
    wanted = select(func.count()).where(_at(organization_id, place))
    return db.session.scalar(wanted) or 0


def named(organization_id: UUID, place: Place, name_key: str) -> UUID | None:
    """Return the one that has a name there, those archived left out."""
    return db.session.scalar(
        select(SavedReply.id).where(_at(organization_id, place), SavedReply.name_key == name_key)
    )


def _seen(by: Reader) -> ColumnElement[bool]:
    r = SavedReply
    return and_(
        owned(Tenant(by.organization_id), r),
        or_(
            r.user_id == by.user_id,
            r.team_id.in_(by.seen_team_ids),
            and_(r.user_id.is_(None), r.team_id.is_(None)),
        ),
    )


def _at(organization_id: UUID, place: Place) -> ColumnElement[bool]:
    r = SavedReply
    return and_(
        owned(Tenant(organization_id), r),
        r.user_id == place.user_id if place.user_id else r.user_id.is_(None),
        r.team_id == place.team_id if place.team_id else r.team_id.is_(None),
        r.archived_at.is_(None),
    )
