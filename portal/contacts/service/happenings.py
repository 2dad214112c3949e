"""What happens to people of the book that slices above want to hear of, as it happens."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from portal.core.happenings import Happening
from portal.core.tenancy import Tenant

REMOVING: Final[Happening[[Tenant, Sequence[UUID]]]] = Happening()  # their numbers are locked
