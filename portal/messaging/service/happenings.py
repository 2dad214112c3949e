"""What happens to texts and accounts that slices above want to hear of, as it happens."""

from typing import Final

from portal.core.audit import Actor
from portal.core.happenings import Happening
from portal.texting_accounts.values import AccountRef

CLOSED: Final[Happening[[AccountRef, Actor]]] = Happening()  # for good; nothing leaves any more
