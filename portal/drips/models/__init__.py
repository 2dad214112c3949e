"""Tables of drips; private to the slice."""

from portal.drips.models.enrolments import DripCount, DripEnrolment, DripRun, DripSend
from portal.drips.models.library import Drip, DripStep, DripVersion

__all__ = [
    "Drip",
    "DripCount",
    "DripEnrolment",
    "DripRun",
    "DripSend",
    "DripStep",
    "DripVersion",
]
