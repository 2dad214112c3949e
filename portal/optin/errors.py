"""How opt-in forms say no."""

from portal.core.errors import DomainError, NotFound


class PointsMissing(DomainError):
    """A form can't be published yet; `points` are the keys of what is missing (C-3)."""

    status = 422
    code = "points_missing"

    def __init__(self, message: str, points: tuple[str, ...]) -> None:
        """Say what is missing in words, and by key."""
        super().__init__(message)
        self.points = points


class ContentRefused(DomainError):
    """A draft says something it can't; `field` names where."""

    status = 422
    code = "content_refused"

    def __init__(self, message: str, field: str) -> None:
        """Say what is wrong, and in which field."""
        super().__init__(message)
        self.field = field


class EditedMeanwhile(DomainError):
    """Somebody else saved the draft since this editor opened it."""

    code = "edited_meanwhile"


class NothingNew(DomainError):
    """The draft is what is published already."""

    code = "nothing_new"


class PictureRefused(DomainError):
    """An uploaded picture can't be used."""

    status = 422
    code = "picture_refused"


class NotServed(NotFound):
    """There is no form at this address, or it is not published."""


class OriginRefused(DomainError):
    """A site that is not on the form's list holds it in a frame."""

    status = 403
    code = "origin_refused"


class TokenRefused(DomainError):
    """The form's one-time token is missing, forged, too old, or of another form."""

    status = 422
    code = "token_refused"


class TooMany(DomainError):
    """A bucket is full (PROMISES 4 row 8); `full` says which, as the page's words name it."""

    status = 429
    code = "too_many"

    def __init__(self, full: str) -> None:
        """Say which bucket it is."""
        super().__init__("Too many sign-ups. Wait ten minutes, then try again.")
        self.full = full
