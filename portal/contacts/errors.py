"""How the address book says no."""

from uuid import UUID

from portal.core.errors import BadInput, DomainError


class NumberTaken(DomainError):
    """Another contact of the account is texted at this number; `contact_id` says who."""

    code = "number_taken"

    def __init__(self, message: str, place: int, contact_id: UUID) -> None:
        """Name the entry it is about and the contact who has the number."""
        super().__init__(message)
        self.place = place
        self.contact_id = contact_id


class NumberRefused(DomainError):
    """What was entered is no phone number; `place` says which entry."""

    code = "number_refused"

    def __init__(self, message: str, place: int) -> None:
        """Name the entry it is about."""
        super().__init__(message)
        self.place = place


class NobodyNamed(DomainError):
    """A contact needs a name, an e-mail address or a number."""

    code = "nobody_named"


class FileRefused(BadInput):
    """An uploaded file cannot be read; the message names the line and the fix."""

    status = 422
    code = "file_refused"


class SourceRefused(DomainError):
    """The people come from where consent cannot come from (C-7, K-7)."""

    code = "source_refused"


class ImportBusy(DomainError):
    """The import is not in a state that allows this step."""

    code = "import_busy"
