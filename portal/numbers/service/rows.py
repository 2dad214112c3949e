"""Finding and locking the rows of numbers."""

from uuid import UUID

from portal.core.tenancy import Tenant, lock
from portal.numbers import queries
from portal.numbers.models import SenderNumber


def locked(tenant: Tenant, sender_id: UUID) -> SenderNumber:
    """Return a number of the tenant, locked. Raises NotFound."""
    queries.get_or_404(tenant, sender_id)
    return lock(tenant, SenderNumber, sender_id)
