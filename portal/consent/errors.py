"""How consent says no."""

from portal.core.errors import BadInput, DomainError


class ConsentRefused(DomainError):
    """A consent cannot be recorded like this; the message says what would do."""

    status = 422
    code = "consent_refused"


class MomentRefused(BadInput):
    """Nobody can have agreed at the moment a consent claims."""

    status = 422
    code = "given_when"


class GivenLater(MomentRefused):
    """A consent claims to have been given in the future."""

    code = "given_in_the_future"


class GivenEarlier(MomentRefused):
    """A consent claims a year before there were texts: an empty date of a program, mostly."""

    code = "given_too_early"


class OptedOut(DomainError):
    """The number opted out, and only the person can undo that (Q-2)."""

    code = "opted_out"


class EvidenceNeeded(DomainError):
    """Staff may open an opted-out number only with evidence, and only an officer (Q-2)."""

    status = 422
    code = "evidence_needed"


class EvidenceRefused(BadInput):
    """An uploaded scan is no picture and no PDF, or too large."""

    status = 422
    code = "evidence_refused"
