"""What the rules of compliance refuse."""

from portal.core.errors import BadInput


class LooserThanLaw(BadInput):
    """An edit of the policy would allow what the law does not (RULINGS 4)."""

    status = 422
    code = "looser_than_law"


class NeverOpen(BadInput):
    """The policy leaves no time at all for a person; `SPEC P-3` then holds the text."""

    status = 422
    code = "never_open"
