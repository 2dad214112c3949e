"""Signing the audit log, hour by hour (C-5)."""

import logging

from portal.core import audit, audit_tree, checkpoints
from portal.core.checkpoints import LogBroken
from portal.core.db import snapshot, unit_of_work
from portal.gateways import timestamps
from workers.runtime import job

logger = logging.getLogger(__name__)


@job
def make_checkpoints() -> int:
    """Sign every chain that grew since its last checkpoint; returns how many did."""
    made = 0
    for chain in audit.chains():
        before = checkpoints.newest(chain)
        with snapshot():
            measured = audit_tree.measure(chain)
        if measured.end.position == (before.note.size if before else 0):
            continue
        try:
            with unit_of_work():
                checkpoints.make(measured)
        except LogBroken as broken:
            logger.critical("chain %s is not signed: %s", chain, broken.message)
            continue
        made += 1
    timestamps.stamp_new()
    return made
