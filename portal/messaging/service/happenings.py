"""What happens to texts and accounts that slices above want to hear of, as it happens."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from portal.core.audit import Actor
from portal.core.happenings import Happening
from portal.core.tenancy import Tenant
from portal.texting_accounts.values import AccountRef

OPTED_OUT: Final[Happening[[Tenant, Sequence[str], Actor]]] = Happening()  # numbers, all locked
OPTING_OUT: Final[Happening[[UUID, Sequence[str]]]] = Happening()  # lock what they will end
REPLIED: Final[Happening[[Tenant, str, Actor]]] = Happening()  # in their own words; it is locked
LEAD: Final[Happening[[Tenant, UUID]]] = Happening()  # somebody nobody knew texted (K-6)
CLOSED: Final[Happening[[AccountRef, Actor]]] = Happening()  # for good; nothing leaves any more
