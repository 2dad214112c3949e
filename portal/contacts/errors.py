"""How the address book says no."""

from portal.core.errors import BadInput, DomainError


class NumberTaken(DomainError):
    """Another contact of the account is texted at this number."""

    code = "number_taken"


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
