"""What the appeals refuse."""

from collections.abc import Sequence

from portal.core.errors import BadInput, DomainError


class NothingToAppeal(DomainError):
    """The account is not suspended, or not any more."""

    code = "nothing_to_appeal"

    def __init__(self) -> None:
        super().__init__("This account is not suspended, so there is nothing to appeal.")


class NotThatWay(DomainError):
    """The case is in a state from which this can't be done, or it is not this person's to do."""

    code = "not_that_way"


class MovedMeanwhile(DomainError):
    """Somebody else moved the case since the page was shown; nothing was done."""

    code = "moved_meanwhile"

    def __init__(self, now: str) -> None:
        super().__init__(
            f"Somebody was faster: this appeal changed meanwhile and is now “{now}”. "
            "Read it as it is now, then do this again if it still fits."
        )


class PartChanged(DomainError):
    """Somebody else wrote in the part since the page was shown."""

    code = "part_changed"

    def __init__(self) -> None:
        super().__init__(
            "Somebody else saved this part meanwhile. Reload the page, then add your words."
        )


class BadPart(BadInput):
    """What was written in a part can't be kept; `field` names where."""

    status = 422
    code = "bad_part"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class BadReply(BadInput):
    """What was entered about a reply, an answer or a comment can't be kept; `field` names where."""

    status = 422
    code = "bad_reply"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class SentAlready(DomainError):
    """It went to the carrier, or goes by itself: nobody has to send it."""

    code = "sent_already"

    def __init__(self) -> None:
        super().__init__("This went to the carrier already, or goes by itself in a moment.")


class NotReady(DomainError):
    """A required part is missing, so the case can't go on (A-4); `missing` names each."""

    code = "not_ready"

    def __init__(self, missing: Sequence[str]) -> None:
        super().__init__(f"This appeal can't go on yet. Missing: {'; '.join(missing)}.")
        self.missing = tuple(missing)


class FileRefused(BadInput):
    """A file that is not taken; the message says what would do."""

    status = 422
    code = "file_refused"


class BadTemplate(BadInput):
    """The wording of a template can't be kept; `field` names where."""

    status = 422
    code = "bad_template"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class CantStop(DomainError):
    """What is named can't be stopped, or not by this person; the message says why."""

    code = "cant_stop"
