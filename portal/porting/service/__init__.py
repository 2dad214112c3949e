"""What can be done with numbers of other carriers: check, draft, send in, carry on, call off."""

from portal.porting.service.advancing import claim, hear, remind, settle, try_now
from portal.porting.service.bills import check_bill, content_of, forget, forget_strays
from portal.porting.service.carrier import carry_out, check
from portal.porting.service.drafting import attach_bill, begin, save
from portal.porting.service.submitting import call_off, forget_drafts, problems_of, submit

__all__ = [
    "attach_bill",
    "begin",
    "call_off",
    "carry_out",
    "check",
    "check_bill",
    "claim",
    "content_of",
    "forget",
    "forget_drafts",
    "forget_strays",
    "hear",
    "problems_of",
    "remind",
    "save",
    "settle",
    "submit",
    "try_now",
]
