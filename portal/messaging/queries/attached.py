"""Files of an account as attachments of its texts (S-7)."""

from collections.abc import Sequence
from uuid import UUID

from portal.core.tenancy import Tenant
from portal.media import queries as media
from portal.messaging.values import MediaRef


def attachments(tenant: Tenant, ids: Sequence[UUID]) -> tuple[MediaRef, ...]:
    """Return these files as what goes with a text; one that is gone is left out."""
    return tuple(
        MediaRef("", file.media_type, file.name, str(file.id), media.page_url(file), size=file.size)
        for file in media.files(tenant, ids)
    )
