"""One look at one scope. Call it inside core.db.snapshot(), or it may see two states at once."""

import logging
from datetime import datetime
from typing import Final

from portal.core import audit, checkpoints
from portal.core.audit import BEGINNING, INSTALLATION, Link
from portal.core.db import db
from portal.doctor.queries import (
    alerts,
    call_lists,
    counts,
    effects,
    letters,
    limits,
    months,
    opt_outs,
    pauses,
    plans,
    texts,
)
from portal.doctor.queries import credits as credit_checks
from portal.doctor.queries.looking import Check, Look
from portal.doctor.values import FAILED, Finding, Invariant, Scope

logger = logging.getLogger(__name__)

CHECKS: Final[tuple[Check, ...]] = (
    *texts.CHECKS,
    *opt_outs.CHECKS,
    *call_lists.CHECKS,
    *credit_checks.CHECKS,
    *months.CHECKS,
    *counts.CHECKS,
    *limits.CHECKS,
    *alerts.CHECKS,
    *effects.CHECKS,
    *plans.CHECKS,
    *pauses.CHECKS,
    *letters.CHECKS,
)
_UNREADABLE: Final = (
    "A row may say what no program wrote. The log has the whole error; call support with it. "
    "What this check would find stays unknown until then."
)
_BROKEN: Final = (
    "Keep a copy of the database as it is, compare it with the last backup, and call support."
)


def examine(scope: Scope, now: datetime, *, after: Link = BEGINNING) -> list[Finding]:
    """Return every contradiction in a scope; `after` is how far its chain was followed before."""
    if scope.account_id is None:
        return _of_chain(scope, after)
    assert scope.organization_id is not None  # an account is somebody's
    look = Look(scope.organization_id, scope.account_id, now)
    return [finding for check in CHECKS for finding in _on_its_own(check, look)]


def _on_its_own(check: Check, look: Look) -> list[Finding]:
    """Return what a check finds; what it stumbles over is a finding, and hides no other's.

    Raises where the connection itself is gone, for then nothing can be read.
    """
    try:
        with db.session.begin_nested():  # PostgreSQL reads nothing more after an error
            return check.findings(look)
    except Exception as error:
        logger.exception("check %s of account %s failed", check.name, look.account_id)
        return [
            Finding(
                check.invariant,
                check.name,
                look.organization_id,
                look.account_id,
                FAILED,
                f"The check {check.name} could not be done ({type(error).__name__}).",
                _UNREADABLE,
            )
        ]


def _of_chain(scope: Scope, after: Link) -> list[Finding]:
    """Follow the audit chain of an organization, or of the installation (C-5)."""
    chain = scope.organization_id or INSTALLATION
    try:
        with db.session.begin_nested():
            _, broken = audit.verify(chain, after=after)
            fault = broken or checkpoints.contradiction(chain)
    except Exception as error:
        logger.exception("the audit log %s could not be followed", chain)
        what = f"The audit log could not be followed ({type(error).__name__})."
        return [_broken_chain(scope, FAILED, what)]
    if fault is None:
        return []
    return [_broken_chain(scope, "", f"Entry {fault.position} of the audit log: {fault.reason}.")]


def _broken_chain(scope: Scope, subject: str, sentence: str) -> Finding:
    of = scope.organization_id
    return Finding(Invariant.I13, "chain_broken", of, None, subject, sentence, _BROKEN)
