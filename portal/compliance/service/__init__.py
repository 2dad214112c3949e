"""Verbs of compliance: hours are tightened, thresholds set, accounts suspended and let go on."""

from portal.compliance.service.hours import set_hours
from portal.compliance.service.marking import judge_anew, lock_mark
from portal.compliance.service.suspending import (
    STILL_PAUSED,
    enter_suspension,
    lift_suspension,
    suspend,
)
from portal.compliance.service.thresholds import set_thresholds

__all__ = [
    "STILL_PAUSED",
    "enter_suspension",
    "judge_anew",
    "lift_suspension",
    "lock_mark",
    "set_hours",
    "set_thresholds",
    "suspend",
]
