"""What can be done with transfers: begin, connect, pick, agree, carry on, and give up."""

from portal.transfers.service.advancing import claim, settle
from portal.transfers.service.carrier import carry_out, has_come, list_numbers
from portal.transfers.service.starting import (
    JOB_WITHIN_S,
    OldPlace,
    begin,
    check_needs_token,
    confirm,
    expire,
    forget_token,
    give_up,
    go_on_without,
    look_again,
    note_request,
    pick,
    reconnect,
    try_now,
)

__all__ = [
    "JOB_WITHIN_S",
    "OldPlace",
    "begin",
    "carry_out",
    "check_needs_token",
    "claim",
    "confirm",
    "expire",
    "forget_token",
    "give_up",
    "go_on_without",
    "has_come",
    "list_numbers",
    "look_again",
    "note_request",
    "pick",
    "reconnect",
    "settle",
    "try_now",
]
