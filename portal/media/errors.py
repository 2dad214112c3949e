"""Why a file can't go with a text."""

from portal.core.errors import BadInput, NotFound


class FileRefused(BadInput):
    """A file we don't take; the message says what it is and what would do."""

    status = 422
    code = "media_refused"


class FileGone(NotFound):
    """A file that is no longer here, or never was."""

    code = "media_gone"

    def __init__(self) -> None:
        super().__init__("This file is no longer here. Choose it again.")
