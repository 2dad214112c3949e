"""Tables of drips; private to the slice."""

from portal.drips.models.enrolments import (
    DripCount,
    DripEnrolment,
    DripMailRefusal,
    DripRun,
    DripSend,
)
from portal.drips.models.intakes import DripIntake
from portal.drips.models.library import Drip, DripStep, DripVersion
from portal.drips.models.triggers import DripTrigger

__all__ = [
    "Drip",
    "DripCount",
    "DripEnrolment",
    "DripIntake",
    "DripMailRefusal",
    "DripRun",
    "DripSend",
    "DripStep",
    "DripTrigger",
    "DripVersion",
]
