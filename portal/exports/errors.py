"""How files say no."""

from portal.core.errors import DomainError


class ExportRefused(DomainError):
    """A file can't be made so, or isn't there."""

    code = "export_refused"
