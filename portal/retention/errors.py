"""How retention says no."""

from portal.core.errors import DomainError


class Held(DomainError):
    """A legal hold stops it."""

    code = "held"


class SamePerson(DomainError):
    """A hold is released by two persons."""

    code = "same_person"


class TermRefused(DomainError):
    """A period is shorter than law or longer than sense allows."""

    status = 422
    code = "term_refused"


class AnswerRefused(DomainError):
    """A file is not the answer to what was asked."""

    status = 422
    code = "answer_refused"
