"""What is done to consent. Each function belongs inside a unit of work and locks the number first."""

from portal.consent.service.counting import recount
from portal.consent.service.doing_not_contact import add_do_not_contact, remove_do_not_contact
from portal.consent.service.holds import place_hold, settle_holds
from portal.consent.service.keeping import kept_keys
from portal.consent.service.old_tools import answer_old_opt_outs, opt_out_many
from portal.consent.service.opting import (
    end_consent,
    enter_consent,
    enter_opt_out,
    opt_in,
    opt_out,
)
from portal.consent.service.reaching import set_reach
from portal.consent.service.recording import (
    agent_stated,
    moment_checked,
    record_asked,
    record_consent,
    record_inquiry,
)

__all__ = [
    "add_do_not_contact",
    "agent_stated",
    "answer_old_opt_outs",
    "end_consent",
    "enter_consent",
    "enter_opt_out",
    "kept_keys",
    "moment_checked",
    "opt_in",
    "opt_out",
    "opt_out_many",
    "place_hold",
    "record_asked",
    "record_consent",
    "record_inquiry",
    "recount",
    "remove_do_not_contact",
    "set_reach",
    "settle_holds",
]
