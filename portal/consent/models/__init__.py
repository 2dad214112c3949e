"""Tables of consent; private to the slice. Records are added, never changed or removed (C-5)."""

from portal.consent.models.carrier import CarrierConsent, OldOptOutAnswer
from portal.consent.models.counts import ConsentDay, StandingCount
from portal.consent.models.holds import RevocationHold
from portal.consent.models.records import (
    ConsentRecord,
    ConsentStanding,
    ConsentWord,
    DoNotContact,
    OrganizationOptOut,
)

__all__ = [
    "CarrierConsent",
    "ConsentDay",
    "ConsentRecord",
    "ConsentStanding",
    "ConsentWord",
    "DoNotContact",
    "OldOptOutAnswer",
    "OrganizationOptOut",
    "RevocationHold",
    "StandingCount",
]
