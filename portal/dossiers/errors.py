"""How dossiers say no."""

from portal.core.errors import DomainError


class DossierRefused(DomainError):
    """A dossier can't be asked for so, or isn't there."""

    code = "dossier_refused"
