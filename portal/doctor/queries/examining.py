"""One look at one scope. Call it inside core.db.snapshot(), or it may see two states at once."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from portal.core import audit, checkpoints
from portal.core.audit import BEGINNING, INSTALLATION, Link
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
from portal.doctor.values import Finding, Invariant, Scope

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
_BROKEN: Final = (
    "Keep a copy of the database as it is, compare it with the last backup, and call support."
)


def examine(scope: Scope, now: datetime, *, after: Link = BEGINNING) -> list[Finding]:
    """Return every contradiction in a scope; `after` is how far its chain was followed before."""
    if scope.account_id is None:
        return list(_of_chain(scope, after))
    assert scope.organization_id is not None  # an account is somebody's
    look = Look(scope.organization_id, scope.account_id, now)
    return [finding for check in CHECKS for finding in check.findings(look)]


def _of_chain(scope: Scope, after: Link) -> Iterator[Finding]:
    """Follow the audit chain of an organization, or of the installation (C-5)."""
    chain = scope.organization_id or INSTALLATION
    _, broken = audit.verify(chain, after=after)
    fault = broken or checkpoints.contradiction(chain)
    if fault is not None:
        yield Finding(
            Invariant.I13,
            "chain_broken",
            scope.organization_id,
            None,
            "",
            f"Entry {fault.position} of the audit log: {fault.reason}.",
            _BROKEN,
        )
