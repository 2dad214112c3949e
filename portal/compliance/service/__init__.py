"""Verbs of compliance: hours are tightened, accounts suspended and let go on."""

from portal.compliance.service.hours import set_hours
from portal.compliance.service.suspending import enter_suspension, lift_suspension, suspend

__all__ = ["enter_suspension", "lift_suspension", "set_hours", "suspend"]
