"""What happens on forms that slices above want to hear of, as it happens."""

from typing import Final
from uuid import UUID

from portal.core.happenings import Happening
from portal.core.tenancy import Tenant

SIGNED_UP: Final[Happening[[Tenant, UUID, UUID]]] = (
    Happening()
)  # form, contact; confirmed, if asked
