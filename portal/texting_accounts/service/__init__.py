"""Verbs of accounts: open, change, give, pause, suspend and close them; keep back their bulk texts."""

from portal.texting_accounts.service.bulk import pause_bulk, resume_bulk
from portal.texting_accounts.service.giving import give_account, lock_accounts, lock_rows
from portal.texting_accounts.service.keeping import (
    MAX_RECIPIENTS,
    MAX_SEGMENTS,
    ZONE_CHANGED,
    add_account_member,
    close,
    edit_account,
    explain_suspension,
    open_account,
    pause,
    reinstate,
    remove_account_member,
    resume,
    set_limits,
    suspend,
)
from portal.texting_accounts.service.ramps import begin_ramp, judge_ramp

__all__ = [
    "MAX_RECIPIENTS",
    "MAX_SEGMENTS",
    "ZONE_CHANGED",
    "add_account_member",
    "begin_ramp",
    "close",
    "edit_account",
    "explain_suspension",
    "give_account",
    "judge_ramp",
    "lock_accounts",
    "lock_rows",
    "open_account",
    "pause",
    "pause_bulk",
    "reinstate",
    "remove_account_member",
    "resume",
    "resume_bulk",
    "set_limits",
    "suspend",
]
