"""What happens to people of the book that slices above want to hear of, as it happens."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from portal.core.audit import Actor
from portal.core.happenings import Happening
from portal.core.tenancy import Tenant

TAGGED: Final[Happening[[Tenant, Mapping[UUID, Sequence[str]]]]] = Happening()  # those they had not
CAME: Final[Happening[[Tenant, UUID]]] = Happening()  # a new lead, by API or form
PLAN_WISHED: Final[Happening[[Tenant, UUID, UUID, Actor]]] = Happening()  # plan, contact
REMOVING: Final[Happening[[Tenant, Sequence[UUID]]]] = Happening()  # their numbers are locked
