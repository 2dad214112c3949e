"""Things people keep under a name: one name once in its place, no change lost under another."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from portal.core import clock
from portal.core.audit import Actor
from portal.core.db import Base
from portal.core.edits import change_as_seen
from portal.core.tenancy import Tenant
from portal.messaging.errors import ChangedMeanwhile, NameTaken


class Named(Protocol):
    """Something kept, as somebody saw it."""

    @property
    def id(self) -> UUID:
        """Say which."""

    @property
    def name(self) -> str:
        """Return its name."""

    @property
    def edits(self) -> int:
        """Return how often it was changed."""

    @property
    def changed_by(self) -> str:
        """Return who changed it last."""


@contextmanager
def named_once(name: str) -> Iterator[None]:
    """Let the index speak, for two who keep the same name at once. Raises NameTaken."""
    try:
        yield
    except IntegrityError as error:
        raise NameTaken(name) from error


def change(
    model: type[Base],
    organization_id: UUID,
    before: Named,
    values: Mapping[str, object],
    actor: Actor,
) -> None:
    """Change the row as it was read. Raises ChangedMeanwhile, or NameTaken by the index."""
    new = {**values, "changed_at": clock.utcnow(), "changed_by": actor.label[:200]}
    with named_once(str(values.get("name", before.name))):
        is_ours = change_as_seen(model, Tenant(organization_id), before.id, before.edits, new)
    if not is_ours:
        raise ChangedMeanwhile(before.changed_by)
