"""How do-not-call lists say no."""

from portal.core.errors import BadInput


class ListRefused(BadInput):
    """A file can't be read as a do-not-call list; the message says where and what to do."""

    status = 422
    code = "list_refused"


class ListBusy(BadInput):
    """An import has moved on, or another one is being loaded."""

    status = 409
    code = "list_busy"


class NoExemption(BadInput):
    """What was entered exempts nobody: it is over, to come, or not said."""

    status = 422
    code = "no_exemption"
