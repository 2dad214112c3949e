"""Rules of consent: what a record carries, what stands, and what may be texted (SPEC 7, Q)."""

from portal.consent.rules.basis import HELD, HELD_SENTENCE, allows, is_held
from portal.consent.rules.completeness import Completeness, completeness
from portal.consent.rules.state import (
    Grant,
    State,
    ended,
    is_opted_out,
    restored_by_opt_in,
    with_consent,
    with_not_valid,
    with_opt_out,
    with_opt_out_now,
)
from portal.consent.rules.strength import INQUIRY_LASTS, is_own_act, kinds_of, strength_of

__all__ = [
    "HELD",
    "HELD_SENTENCE",
    "INQUIRY_LASTS",
    "Completeness",
    "Grant",
    "State",
    "allows",
    "completeness",
    "ended",
    "is_held",
    "is_opted_out",
    "is_own_act",
    "kinds_of",
    "restored_by_opt_in",
    "strength_of",
    "with_consent",
    "with_not_valid",
    "with_opt_out",
    "with_opt_out_now",
]
