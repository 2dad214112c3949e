"""What can be done with registrations: begin, save, look, send in, and carry on."""

from portal.registrations.service.advancing import claim, settle, try_now
from portal.registrations.service.carrier import carry_out
from portal.registrations.service.drafting import begin, begin_toll_free, fill_from_form, save
from portal.registrations.service.looking import keep_seen, look, problems_of
from portal.registrations.service.submitting import submit

__all__ = [
    "begin",
    "begin_toll_free",
    "carry_out",
    "claim",
    "fill_from_form",
    "keep_seen",
    "look",
    "problems_of",
    "save",
    "settle",
    "submit",
    "try_now",
]
