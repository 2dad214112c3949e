"""Tables of drips; private to the slice."""

from portal.drips.models.library import Drip, DripStep, DripVersion

__all__ = ["Drip", "DripStep", "DripVersion"]
