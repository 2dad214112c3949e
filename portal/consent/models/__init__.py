"""Tables of consent; private to the slice. Records are added, never changed or removed (C-5)."""

from portal.consent.models.carrier import CarrierConsent, OldOptOutAnswer
from portal.consent.models.records import (
    ConsentRecord,
    ConsentStanding,
    ConsentWord,
    DoNotContact,
    OrganizationOptOut,
)

__all__ = [
    "CarrierConsent",
    "ConsentRecord",
    "ConsentStanding",
    "ConsentWord",
    "DoNotContact",
    "OldOptOutAnswer",
    "OrganizationOptOut",
]
