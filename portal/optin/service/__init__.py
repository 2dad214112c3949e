"""What is done with opt-in forms. Each function belongs inside a unit of work."""

from portal.optin.service.confirming import (
    ask_confirmation,
    confirm,
    expire_unanswered,
    mark_texted,
)

__all__ = ["ask_confirmation", "confirm", "expire_unanswered", "mark_texted"]
