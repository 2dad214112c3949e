"""Verbs of compliance: hours are tightened, thresholds set, accounts suspended and let go on."""

from portal.compliance.service.hours import set_hours
from portal.compliance.service.suspending import enter_suspension, lift_suspension, suspend
from portal.compliance.service.thresholds import set_thresholds

__all__ = ["enter_suspension", "lift_suspension", "set_hours", "set_thresholds", "suspend"]
