"""Verbs of do-not-call lists: taking lists in, exempting people, telling of lists that run out."""

from portal.dnc.service.applying import delete_some
from portal.dnc.service.exempting import confirm_check, end_relationship, record_relationship
from portal.dnc.service.receiving import (
    INLINE_BYTES,
    JOB_TIMEOUT_S,
    cancel,
    confirm,
    forget_strays,
    receive,
    remove_list,
)
from portal.dnc.service.telling import forget_unconfirmed, tell_of_old_lists

__all__ = [
    "INLINE_BYTES",
    "JOB_TIMEOUT_S",
    "cancel",
    "confirm",
    "confirm_check",
    "delete_some",
    "end_relationship",
    "forget_strays",
    "forget_unconfirmed",
    "receive",
    "record_relationship",
    "remove_list",
    "tell_of_old_lists",
]
